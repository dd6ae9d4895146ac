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
		settled := s.after == atOnce || s.after.wait(ctx, node, c.entry)
		start := time.Now()
		sent, answered, err := node.Submit(ctx, s.body, s.entry)
		if i == c.proper {
			a.Sent, a.Ended, a.Prepared, a.Err = sent, answered, start.Sub(began), err
		}
		outcome := s.judge(err, settled)
		if a.Outcome == results.CallRight && outcome != results.CallRight {
			a.Outcome, a.Err = outcome, err
		}
		if outcome == results.CallFailed || i < c.proper && outcome != results.CallRight {
			break
		}
	}
	return a
}

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
