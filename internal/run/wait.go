package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// wait waits, after the calls had ended at an instant, until every entry is
// accounted for, or the time for it is over.
func (r *run) wait(abort context.Context, ended int64) {
	confirm := r.Scenario.Confirm
	timeout := confirm.Timeout.Of(r.network.blockTime)
	err := r.poll(abort, blockLook, func() (done bool) {
		awaited, lastOwn := r.collector.Awaited(confirm.Until == scenarios.UntilAccepted)
		return awaited == 0 && !r.watching(ended) || time.Since(r.start)-time.Duration(max(ended, lastOwn)) > timeout
	})
	if err != nil {
		r.collector.CutOff()
	}
	if errors.Is(err, errNodeEnded) {
		r.unsettled = err.Error()
	}
}

// blockLook is the time between two looks at what a block may have brought.
const blockLook = 250 * time.Millisecond

// errNodeEnded says that the node that the run had started is there no more.
var errNodeEnded = errors.New("the local node ended")

// poll looks at once and then once in an interval, until it is done. Where it would
// wait in vain it is an error: that of ctx, or [errNodeEnded].
func (r *run) poll(ctx context.Context, interval time.Duration, done func() bool) error {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for !done() {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-r.network.gone():
			return errNodeEnded
		case <-tick.C:
		}
	}
	return nil
}

// watching reports whether what hostile calls brought about until an instant may
// still show in a block.
func (r *run) watching(ended int64) bool {
	return r.Scenario.Hostile != nil && !r.collector.Passed(ended)
}

// hasty is how long the audit may take when nobody wants to wait any more: what
// is out must be asked for all the same, or it would be called lost.
const hasty = 5 * time.Second

// audit finds out where missing entries stopped. A node that does not answer
// leaves that open, which is no reason to fail.
func (r *run) audit(abort context.Context) {
	if abort.Err() != nil {
		r.unsettled = "the wait was cut off"
		ctx, cancel := context.WithTimeout(context.WithoutCancel(abort), hasty)
		defer cancel()
		r.inquire(ctx)
		return
	}
	r.inquire(abort)
	if r.Scenario.Confirm.Until == scenarios.UntilBlock {
		r.outwait(abort)
	}
}

// inquire asks the nodes for what is missing: the first may be gone.
func (r *run) inquire(ctx context.Context) {
	if n := len(r.collector.Missing()); n > 0 {
		r.Say("%d entries are in no block: looking for where they stopped", n)
	}
	to := r.network.saved
	if s := r.observer.State(); s != nil {
		to = s.Scanned
	}
	var err error
	for _, node := range r.network.nodes() {
		if err = results.Audit(ctx, r.collector, node, r.network.saved+1, to); err == nil || ctx.Err() != nil {
			break
		}
	}
	if err != nil {
		r.Say("the audit is not complete: %v", err)
		r.unsettled = cmp.Or(r.unsettled, "the audit is not complete")
	}
	if n := r.collector.Unasked(); n > 0 {
		why := fmt.Sprintf("%d entries could not be looked for in the end", n)
		if err != nil {
			why += ": " + err.Error()
		}
		r.interrupt(why) // unless it is interrupted already
	}
}

// outwait gives what the audit found in a process list the two blocks that could
// hold it: only then is it known to be lost.
func (r *run) outwait(abort context.Context) {
	n := r.collector.Listed()
	if n == 0 {
		return
	}
	r.Say("%d of them are in a process list: waiting for the blocks that could hold them", n)
	audited := time.Since(r.start)
	timeout := audited + 3*r.network.blockTime
	r.poll(abort, blockLook, func() (done bool) {
		return r.collector.Listed() == 0 || r.collector.Overdue(int64(audited)) || time.Since(r.start) > timeout
	})
}

// finishCommits has the commits of the last blocks counted.
func (r *run) finishCommits(abort context.Context) {
	ctx, cancel := context.WithTimeout(abort, hasty)
	defer cancel()
	r.commits.Settle(ctx)
}

// checkTurn is how long a check has for its turn, two requests at the checker's rate;
// mostChecking bounds what all of them have, and checkSlack is how much later than that,
// or than two block times a second answer may come.
const (
	checkTurn    = time.Second
	mostChecking = 30 * time.Second
	checkSlack   = 5 * time.Second
)

// finishChecks has the checks of the last blocks made. What was missing is asked for
// again with a newer block, which is waited for.
func (r *run) finishChecks(abort context.Context) {
	began, said := time.Now(), false
	left, _ := r.checker.Left()
	turns := min(time.Duration(left)*checkTurn+checkSlack, mostChecking)
	r.poll(abort, 50*time.Millisecond, func() (done bool) {
		left, doubts := r.checker.Left()
		patience := turns
		if doubts > 0 {
			patience += 2 * r.network.blockTime
			if !said {
				r.Say("%d checks found nothing where a block says that there is something: they are made again with a newer block", doubts)
			}
			said = true
		}
		return left == 0 || time.Since(began) > patience
	})
}
