package run

import (
	"testing"
	"time"

	"github.com/FactomProject/factom-load/scenarios"
)

// A rule of abort_on ends a run when it has been met for the grace without a break,
// and not because the harness stood still.
func TestWatchdog(t *testing.T) {
	rules := []scenarios.AbortRule{
		{Expression: "failed > 10%", On: scenarios.OnFailed, Limit: 0.1, Fraction: true},
		{Expression: "lost > 0", On: scenarios.OnLost},
		{Expression: "rejected > 2", On: scenarios.OnRejected, Limit: 2},
		{Expression: "stalled for 3blocks", On: scenarios.OnStall, For: scenarios.Span{Blocks: 3}},
		{Expression: "credits < 100", On: scenarios.OnCredits, Limit: 100},
	}
	well := seen{submitted: 100, failed: 10, rejected: 2, credits: 100, creditsKnown: true}
	but := func(change func(*seen)) seen { s := well; change(&s); return s }
	saved := func(s seen, height uint32) seen { s.saved = height; return s }
	const block = 10 * time.Second
	for name, test := range map[string]struct {
		at   func(second int) (s seen, awake bool)
		ends int // second, or 0
		why  string
	}{
		"all is well": {at: func(s int) (seen, bool) { return saved(well, uint32(1+s/10)), true }},
		"failures": {
			at:   func(s int) (seen, bool) { return saved(but(func(x *seen) { x.failed = 11 }), uint32(1+s/10)), true },
			ends: 6, why: "abort_on: failed > 10%: 11 of 100 entries have failed",
		},
		"failures with breaks": {at: func(s int) (seen, bool) {
			return saved(but(func(x *seen) { x.failed += uint64(min(s%5, 1)) }), uint32(1+s/10)), true
		}},
		"a loss": {
			at:   func(s int) (seen, bool) { return saved(but(func(x *seen) { x.gone = 1 }), uint32(1+s/10)), true },
			ends: 6, why: "abort_on: lost > 0: 1 entries were in a process list and are in neither of the blocks that could hold them",
		},
		"rejections": {
			at:   func(s int) (seen, bool) { return saved(but(func(x *seen) { x.rejected = 3 }), uint32(1+s/10)), true },
			ends: 6, why: "abort_on: rejected > 2: 3 of 100 entries were rejected",
		},
		"few credits": {
			at:   func(s int) (seen, bool) { return saved(but(func(x *seen) { x.credits = 99 }), uint32(1+s/10)), true },
			ends: 6, why: "abort_on: credits < 100: 99 entry credits are left",
		},
		"a balance that is not known": {at: func(s int) (seen, bool) {
			return saved(but(func(x *seen) { x.credits, x.creditsKnown = 0, false }), uint32(1+s/10)), true
		}},
		"a stall": {
			at:   func(s int) (seen, bool) { return saved(well, uint32(min(1+s/10, 3))), true },
			ends: 50, why: "abort_on: stalled for 3blocks: no block was saved for 30s, since that at height 3",
		},
		"no answer from the beginning": {
			at:   func(s int) (seen, bool) { return well, true },
			ends: 31, why: "abort_on: stalled for 3blocks: no block was saved for 30s, since that at height 0",
		},
		"a harness that stands still for half a minute": {
			at: func(s int) (seen, bool) { return saved(well, uint32(1+s/10)), s <= 29 || s > 59 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWatchdog(scenarios.Abort{Rules: rules, Grace: 5 * time.Second}, block)
			start := time.Now()
			for second := 1; second <= 100; second++ {
				s, awake := test.at(second)
				if !awake {
					continue
				}
				why := w.look(start.Add(time.Duration(second)*time.Second), s)
				if why == "" {
					continue
				}
				if second != test.ends || why != test.why {
					t.Errorf("ended after %d s: %s", second, why)
				}
				return
			}
			if test.ends > 0 {
				t.Errorf("it did not end after %d s", test.ends)
			}
		})
	}
}
