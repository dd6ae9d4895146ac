package run_test

import (
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/report"
)

// A run that its own rules end is as complete as one that its user stops.
func TestAbortRules(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		rule, why string
		options   factomdtest.Options
	}{
		"failures": {rule: "failed > 20%", why: "entries have failed", options: factomdtest.Options{
			Fault: func(c factomdtest.Call) *factomdtest.Fault {
				if c.Method == "commit-entry" && pick(c.Entry, 0, 2) {
					return &factomdtest.Fault{Unheard: true, Answer: factomdtest.HTML(500)}
				}
				return nil
			},
		}},
		"loss": {rule: "lost > 0", why: "are in neither of the blocks that could hold them", options: factomdtest.Options{
			Drop: func(s factomdtest.Stage, h factomd.Hash, first bool) bool { return s == factomdtest.Accepted && !first },
		}},
		"credits": {rule: "credits < 4990", why: "entry credits are left"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test.options.BlockTime = halfSecond
			n := factomdtest.New(t, test.options)
			got := carryOut(t, plan{phase: "for: 60s, rate: 20/s", more: "abort_on: [" + test.rule + "]\nabort_grace: 1ms"}.scenario(n.URL()))
			got.in(t, n)
			got.verdict(t, report.Interrupted, report.ExitCannot)
			if !strings.HasPrefix(got.Run.Why, "abort_on: "+test.rule+": ") || !strings.Contains(got.Run.Why, test.why) {
				t.Errorf("why: %s", got.Run.Why)
			}
			count(t, "planned", got.Totals.Planned, 3+60*20)
			if got.Totals.Skipped < 100 {
				t.Errorf("totals %+v", got.Totals)
			}
		})
	}
}
