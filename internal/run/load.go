package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/FactomProject/factom-load/generator"
)

// newGenerator returns what makes the load, paid by the run's keys.
func (r *run) newGenerator() *generator.Generator {
	o := generator.Options{
		Scenario: r.Scenario, Salt: r.Salt, ID: r.ID,
		Endpoints: r.network.submitters(), Tracker: r.collector, Start: r.start,
	}
	for _, p := range r.payers {
		o.Keys = append(o.Keys, p.ec)
	}
	if r.plan.Budgeted() {
		o.Budget = r.Scenario.Credits.Budget - r.plan.Hostile.Credits
	}
	return generator.New(o)
}

// load sends the load, with what comes beside it, and returns when the last call
// was over, in nanoseconds since the run's start. The error is why it could not go
// on; that the budget ended it is none.
func (r *run) load(stop, abort context.Context) (ended int64, err error) {
	endReads, endHostile := r.read(stop, abort), r.startHostile(stop, abort)
	err = r.generator.Load(stop, abort)
	if err == nil && r.Scenario.Load.Search != nil {
		err = r.findKnee(stop, abort)
	}
	r.outlast(stop)
	endReads()
	endHostile()
	ended = int64(time.Since(r.start))
	spent := errors.Is(err, generator.ErrBudget)
	if err != nil && !spent {
		return ended, err
	}
	return ended, r.sendingEnded(spent)
}

// outlast waits for the end of the last phase, which may be long after its last
// entry, unless sending ended before: calls beside the entries go on until then.
func (r *run) outlast(stop context.Context) {
	end := time.NewTimer(time.Until(r.start.Add(time.Duration(r.generator.Ended()))))
	defer end.Stop()
	select {
	case <-end.C:
	case <-stop.Done():
	}
}

// sendingEnded puts on record when sending ended, and whether the budget was the
// reason: a run that is killed while it waits has it already.
func (r *run) sendingEnded(spent bool) error {
	r.manifest.SendEnded = r.generator.Ended()
	if at := r.stopped.Load(); at > 0 {
		r.manifest.SendEnded = min(r.manifest.SendEnded, at)
	}
	if spent {
		r.manifest.EndedEarly = r.spent()
	}
	if err := r.dir.WriteManifest(r.manifest); err != nil {
		return err
	}
	if spent {
		r.Say("%s: no more is; waiting for what is out", r.manifest.EndedEarly)
	}
	return nil
}

// spent says which share of the budget entries were sent for, and where that does
// not say it, what was charged.
func (r *run) spent() string {
	k := r.generator.Spent()
	share, kept := r.plan.Shares[k], r.plan.Hostile.Shares[k]
	what := fmt.Sprintf("the budget of %d entry credits", share)
	if len(r.payers) > 1 {
		what = fmt.Sprintf("the share of %s in the budget, %d of %d entry credits,", r.payers[k].address(), share, r.Scenario.Credits.Budget)
	}
	why := "entries for " + what + " were sent"
	if len(r.payers) > 1 || kept > 0 {
		why += fmt.Sprintf("; %d were charged", r.generator.Charged(k))
	}
	if kept > 0 {
		why += fmt.Sprintf(", and %d kept for the hostile calls of a whole load", kept)
	}
	return why
}
