package generator

import (
	"context"
	"errors"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// settleTime is how long a node gets to process what is about to be repeated,
// and settlePause the first pause between the questions whether it has; each
// further one is twice as long, up to a second.
const (
	settleTime  = 5 * time.Second
	settlePause = 50 * time.Millisecond
)

// make makes the steps in order. What goes wrong before the call proper ends it;
// an answer to that which is wrong does not, as the steps after it show what came
// of it.
func (c *hostileCall) make(ctx context.Context, node HostileNode) Answer {
	began := time.Now()
	a := Answer{Outcome: results.CallRight}
	for i := range c.steps {
		s := &c.steps[i]
		x := s.send(ctx, node)
		if x.err == nil && x.settled && s.twice() {
			x = s.send(ctx, node)
		}
		if i == c.proper {
			a.Sent, a.Ended, a.Prepared, a.Err = x.sent, x.answered, x.start.Sub(began), x.err
		}
		outcome := s.judge(x.err, x.settled)
		if a.Outcome == results.CallRight && outcome != results.CallRight {
			a.Outcome, a.Err = outcome, x.err
		}
		if outcome == results.CallFailed || i < c.proper && outcome != results.CallRight {
			break
		}
	}
	return a
}

// An exchange is a step that was sent.
type exchange struct {
	settled               bool // what it waited for is known to have come
	start, sent, answered time.Time
	err                   error
}

// send sends the step, after what it waits for.
func (s *hostileStep) send(ctx context.Context, node HostileNode) (x exchange) {
	x.settled = s.after == atOnce || s.after.wait(ctx, node, s.entry)
	x.start = time.Now()
	x.sent, x.answered, x.err = node.Submit(ctx, s.body, s.entry)
	return x
}

// twice reports whether one success does not count yet: a node that is no leader
// can know that something is in a process list a moment before it is ready to
// refuse its repetition.
func (s *hostileStep) twice() bool { return s.code != 0 && s.after != atOnce }

// judge compares an answer with what the step asks for. What repeats something
// that the node may not have processed may be taken, too.
func (s *hostileStep) judge(err error, settled bool) results.CallOutcome {
	rejected, code, _ := factomd.Classify(err)
	switch {
	case err == nil && (s.code == 0 || !settled), rejected && code == s.code:
		return results.CallRight
	case err == nil, rejected, errors.Is(err, factomd.ErrWrongReply):
		return results.CallWrong
	}
	return results.CallFailed
}

// wait waits until the node has processed an entry's commit or reveal, and
// reports whether it is known to have.
func (p processed) wait(ctx context.Context, node HostileNode, entry factomd.Hash) bool {
	ctx, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	for pause := settlePause; ; pause = min(2*pause, time.Second) {
		select {
		case <-ctx.Done():
			return false
		case <-time.After(pause):
		}
		ack, err := node.Ack(ctx, entry)
		if err != nil {
			continue
		}
		if p == commitProcessed && ack.Commit.Accepted() || p == revealProcessed && ack.Entry.Accepted() {
			return true
		}
	}
}
