package run_test

import (
	"net/http"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// searching is the scenario of a search instead of its phases.
func searching(p plan, search string, urls ...string) string {
	text := p.scenario(urls...)
	before, after, _ := strings.Cut(text, "\nload: {")
	_, after, _ = strings.Cut(after, "\n")
	return before + "\nload: {phases: [{name: warmup, for: 500ms, rate: 20/s}], search: {" + search + "}}\n" + after
}

// A whole run finds the capacity of a node that answers at once whatever it is
// asked. Its harness may be the limit where the machine is busy: that is then what
// the search must say.
func TestSearch(t *testing.T) {
	t.Parallel()
	const capacity = 130
	n := factomdtest.New(t, factomdtest.Options{BlockTime: 2 * time.Second, Capacity: capacity})
	p := plan{credits: "key: local-test-key, budget: 20000"}
	said := ""
	got := carryOut(t, searching(p, "from: 80/s, to: 200/s, step: 60/s, within: 30/s", n.URL()), func(o *run.Options) {
		say := o.Say
		o.Say = func(format string, args ...any) {
			say(format, args...)
			said += format
		}
	})
	got.in(t, n)
	s := got.Search
	if s == nil || s.FromPerS != 80 || s.ToPerS != 200 || s.HoldS != 6 || len(s.StopWhen) != 5 || len(s.Steps) == 0 || got.Phases[1].Measured {
		t.Fatalf("%+v", s)
	}
	if !strings.Contains(said, "search: ") || n.Bought() != 20000 {
		t.Errorf("said %q; bought %d", said, n.Bought())
	}
	count(t, "lost", got.Totals.Lost, 0)
	for i, step := range s.Steps {
		phase := got.Phases[2+i]
		if phase.Name != step.Phase || step.LatencyMS.Confirm.Count != phase.Totals.Confirmed || step.SentPerS != phase.Rates.SentPerS || len(step.Backlog) < 3 {
			t.Errorf("step %+v of phase %+v", step, phase)
		}
		if phase.Measured != (report.Number(step.RatePerS) == s.HeldPerS && step.Held) {
			t.Errorf("phase %s is measured: %v", phase.Name, phase.Measured)
		}
		if step.Outcome == results.StepHeld && step.RatePerS > 1.15*capacity || step.Outcome == results.StepFailed && step.RatePerS < 0.9*capacity {
			t.Errorf("%v/s of %v/s: %s, %s", step.RatePerS, capacity, step.Outcome, step.Why)
		}
	}
	switch s.Result {
	case results.SearchFound:
		if s.HeldPerS < 100 || s.HeldPerS > 140 || s.FailedPerS-s.HeldPerS > 30 {
			t.Errorf("held %v, failed %v", s.HeldPerS, s.FailedPerS)
		}
		if got.Harness.Valid {
			got.verdict(t, report.Pass, report.ExitOK)
		}
	case results.SearchHarness:
		t.Log("the machine is busy")
	default:
		t.Errorf("%s: %s", s.Result, s.Why)
	}
}

func TestSearchRefused(t *testing.T) {
	t.Parallel()
	key := factomd.LocalTestKey().EC().ECAddress()
	for name, test := range map[string]struct {
		options factomdtest.Options
		search  string
		credits string
		want    string
	}{
		"a short step": {factomdtest.Options{BlockTime: 2 * time.Second}, "from: 6/s, to: 9/s, hold: 5s", "", "load.search.hold: 5s is shorter than 3 blocks of 2s\n    hint: hold a step for 3blocks at least"},
		"a high end":   {factomdtest.Options{NetworkID: factomdtest.Test, BlockTime: halfSecond, BlockSeconds: 1, Credits: map[string]int64{key: 10000}}, "from: 11/s, to: 21/s", "", "the load goes up to 21 entries/s, and TEST is not a LOCAL network"},
		"a long one":   {factomdtest.Options{BlockTime: 2 * time.Second}, "from: 50000/s, to: 100000/s, hold: 1000blocks", "", "load.search: the search plans up to"},
		"hardly any":   {factomdtest.Options{BlockTime: 2 * time.Second}, "from: 1/s, to: 2/s", "", "load.search.from: 1/s for 6s are 6 entries, fewer than 30\n    hint: of so few"},
		"no budget":    {factomdtest.Options{BlockTime: halfSecond}, "from: 1/s, to: 2/s", "key: local-test-key, budget: 43", "before the search take 43 entry credits of the budget, which is 43, and one more entry can cost 1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := factomdtest.New(t, test.options)
			text := searching(plan{credits: test.credits}, test.search, n.URL())
			err := run.Do(t.Context(), t.Context(), run.Options{Scenario: parse(t, text), Text: text, ID: "id", Out: t.TempDir() + "/run"})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%v\nwant %s", err, test.want)
			}
		})
	}
}

// The budget ends a search, here in its first step: the run was carried out, and has
// found nothing.
func TestSearchWithASmallBudget(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, BlockSeconds: 1})
	p := plan{credits: "key: local-test-key, budget: 55"}
	got := carryOut(t, searching(p, "from: 10/s, to: 100/s, hold: 3s", n.URL()))
	got.in(t, n)
	got.verdict(t, report.Fail, report.ExitFail)
	if s := got.Search; s == nil || s.Result != results.SearchCutShort || s.Why != "no rate was seen to hold; the search was cut short: the budget is used up" ||
		got.Run.EndedEarly != "entries for the budget of 55 entry credits were sent" || got.Totals.CreditsSpent != 55 || got.Totals.Skipped != 0 {
		t.Errorf("%+v; ended early: %q; %+v", s, got.Run.EndedEarly, got.Totals)
	}
}

// A node that goes away in the middle of a search has not come to its limit. It is
// slow to say that it took a reveal, so that a harness that is late by some tens of
// milliseconds, on a busy machine, is not the limit of its own search, and no step
// is judged by how soon its blocks came.
func TestSearchOfANodeThatGoesAway(t *testing.T) {
	t.Parallel()
	var commits atomic.Int64
	out := filepath.Join(t.TempDir(), "run")
	n := factomdtest.New(t, factomdtest.Options{BlockTime: time.Second, BlockSeconds: 1, Fault: func(c factomdtest.Call) *factomdtest.Fault {
		if c.Method == "commit-chain" {
			// A run that is killed before its first step has a search all the same.
			if m, err := results.ReadManifest(out); err != nil || m.Search == nil || m.Search.To != 60 || len(m.Search.StopWhen) != 4 || m.Search.Steps == nil {
				t.Errorf("%+v, %v", m, err)
			}
		}
		if c.Method == "commit-entry" && commits.Add(1) > 150 || commits.Load() > 150 {
			return &factomdtest.Fault{Unheard: true, Answer: factomdtest.Says(http.StatusBadGateway, "")}
		}
		if c.Method == "reveal-entry" {
			return &factomdtest.Fault{Hold: 2 * time.Second}
		}
		return nil
	}})
	got := carryOut(t, searching(plan{}, "from: 20/s, to: 60/s, step: 20/s, stop_when: [confirm.p99 > 60blocks]", n.URL()), func(o *run.Options) { o.Out = out })
	if got.Search.Result == results.SearchHarness {
		t.Skip("the machine is busy: the search ended before the node went away")
	}
	got.verdict(t, report.Interrupted, report.ExitCannot)
	if s := got.Search; s.Result != results.SearchCutShort || !strings.HasPrefix(got.Run.Why, "the network did not come back after search-") {
		t.Errorf("%+v; %s", s, got.Run.Why)
	}
}
