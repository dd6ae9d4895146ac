package generator

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"
)

// With the budget a load ends as at its own end: what fits is sent and awaited,
// and what does not is neither planned nor skipped.
func TestBudgetEndsTheLoad(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, time.Duration) (time.Duration, error) { return 100 * time.Millisecond, nil }}
		g, l, plan := begin(t, mixed, s)
		budget := plan.Total.Credits / 2
		g.opts.Budget = budget
		if err := g.Setup(t.Context(), t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := g.Load(t.Context(), t.Context()); !errors.Is(err, ErrBudget) {
			t.Errorf("the load ended with %v, want %v", err, ErrBudget)
		}
		submitted, skipped := l.check(t, uint64(len(l.entries)))
		if last := l.entries[len(l.entries)-1].At; g.Ended() <= last || g.Ended() > last+int64(time.Second) {
			t.Errorf("ended at %v, and the last entry was due at %v", time.Duration(g.Ended()), time.Duration(last))
		}
		var cost int64
		for _, e := range l.entries {
			cost += int64(e.Credits)
			if e.Err != nil {
				t.Errorf("entry %d was given up: %v", e.Index, e.Err)
			}
		}
		if skipped != 0 || cost > budget || cost <= budget-20 {
			t.Errorf("%d submitted and %d skipped for %d of %d entry credits", submitted, skipped, cost, budget)
		}
		if plan := plan.Total.Slots; uint64(submitted) >= plan {
			t.Errorf("%d of %d slots were submitted", submitted, plan)
		}
	})
}

// A budget that the load just fits does not end it.
func TestBudgetThatFits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, l, plan := begin(t, mixed, &server{})
		g.opts.Budget = plan.Total.Credits
		runAll(t, g, t.Context())
		if submitted, _ := l.check(t, plan.Total.Slots); uint64(submitted) != plan.Total.Slots {
			t.Errorf("%d of %d slots were submitted", submitted, plan.Total.Slots)
		}
	})
}
