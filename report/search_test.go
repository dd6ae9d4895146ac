package report

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// searchRun is a search on a node that works off 180 entries a second, in which the
// harness was once the limit.
func searchRun(tb testing.TB) *Report {
	r := shortRun(tb)
	s := &Search{
		FromPerS: 50, ToPerS: 400, StepPerS: 50, WithinPerS: 12.5, HoldS: 18,
		StopWhen: []string{"confirm.p99 > 2blocks", "accept.p99 > 3s", "backlog grows", "lost > 0"},
		Result:   results.SearchFound, HeldPerS: 175, FailedPerS: 187.5,
		Why: "175/s held, and 187.5/s did not: backlog grows: from 90 entries to 310 in 2 blocks",
	}
	const capacity = 180
	start := 20.0
	latency := func(base Latency, p99 float64) Latency { base.P99 = p99; return base }
	for _, rate := range []float64{50, 100, 150, 150, 200, 175, 187.5} {
		step := SearchStep{Phase: fmt.Sprintf("search-%g", rate), RatePerS: rate, SentPerS: rate, ConfirmedPerS: min(rate, capacity), LatencyMS: r.LatencyMS, Backlog: []BacklogRow{}}
		over := max(0, rate-capacity) / rate
		step.LatencyMS.Accept = latency(r.LatencyMS.Accept, 120+30000*over)
		step.LatencyMS.Confirm = latency(r.LatencyMS.Confirm, 6600+20000*over)
		step.Outcome, step.Held = results.StepHeld, true
		if rate > capacity {
			step.Outcome, step.Held, step.Why = results.StepFailed, false, "backlog grows: from 90 entries to 310 in 2 blocks"
		}
		if len(s.Steps) == 2 {
			step.Outcome, step.Held, step.Why = results.StepHarness, false, "the harness sent its entries late on its own account"
		}
		if len(s.Steps) == 3 {
			step.Phase += "-again"
		}
		for i := range 5 {
			left := uint64(over * rate * 6 * float64(min(i+1, 3)))
			if i > 3 {
				left = 0
			}
			step.Backlog = append(step.Backlog, BacklogRow{Height: uint32(len(s.Steps)*5 + i), ClosedS: start + 5.5 + 6*float64(i), Entries: left})
		}
		r.Phases = append(r.Phases, Phase{Name: step.Phase, Measured: rate == 175, StartS: start, EndS: start + 18, LatencyMS: step.LatencyMS})
		start += 26
		s.Steps = append(s.Steps, step)
	}
	r.Search = s
	return r
}

func TestSearchOnThePage(t *testing.T) {
	_, root := pageOf(t, searchRun(t))
	text := textOf(byID(root, "search"))
	for _, want := range []string{
		"The highest rate that held 175/s is the highest rate that held. 187.5/s did not.",
		"confirm.p99 > 2blocks , accept.p99 > 3s , backlog grows , lost > 0",
		"All figures of measured phases on this page are those of the rate that held.",
		"50/s ● held 50.0/s 50.0/s", "150/s ○ not offered", "200/s ✗ did not hold 200/s 180/s",
		"120 240 360 | 360 0", // the backlog of 200/s
		"The backlog grows if the last block that closed while the rate was offered left over more than",
		"Left out: 1 step that the harness could not offer.",
		"Submit latency says little",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q:\n%s", want, text)
		}
	}
	for _, id := range []string{"search-latency", "search-rate"} {
		drawing := textOf(byID(root, id))
		for _, want := range []string{"held: 175/s", "did not hold"} {
			if !strings.Contains(drawing, want) {
				t.Errorf("%s does not show %q", id, want)
			}
		}
	}
	if latencies := textOf(byID(root, "search-latency")); !strings.Contains(latencies, "limit of confirm") || !strings.Contains(latencies, "limit of accept") {
		t.Errorf("no limits in %s", latencies)
	}
	if _, root := pageOf(t, shortRun(t)); byID(root, "search") != nil {
		t.Error("a run without a search has its section")
	}
}

// Each result is said in words, and drawn from whatever there is.
func TestSearchResultsOnThePage(t *testing.T) {
	unknown := Number(math.NaN())
	for _, test := range []struct {
		result       results.SearchResult
		held, failed Number
		steps        int
		want         string
	}{
		{results.SearchAllHeld, 400, unknown, 2, "At least 400/s hold: it is the highest rate that was offered, and the limit lies above it."},
		{results.SearchNoneHeld, unknown, 50, 1, "Less than 50/s Not even the lowest rate held."},
		{results.SearchHarness, 100, unknown, 3, "At least 100/s hold. The harness could not offer more, so that the limit of the network is not known."},
		{results.SearchHarness, unknown, unknown, 0, "Not known. Why."},
		{results.SearchCutShort, 150, 200, 5, "At least 150/s held. Why."},
		{results.SearchCutShort, unknown, unknown, 0, "Not known. Why."},
	} {
		r := searchRun(t)
		s := r.Search
		s.Result, s.HeldPerS, s.FailedPerS, s.Steps, s.Why = test.result, test.held, test.failed, s.Steps[:test.steps], "why"
		for i := range s.Steps {
			s.Steps[i].ConfirmedPerS = 0
		}
		_, root := pageOf(t, r)
		text := textOf(byID(root, "search"))
		if !strings.Contains(text, test.want) || !strings.Contains(text, "In no step of the search two blocks closed") || test.steps == 0 && !strings.Contains(text, "No step was carried through.") {
			t.Errorf("%s: the page does not say %q:\n%s", test.result, test.want, text)
		}
		if strings.Contains(text, "NaN") {
			t.Errorf("%s: %s", test.result, text)
		}
	}
}

// A search of which no step is on record yet, as its run was killed, has a report.
func TestSearchOfAKilledRun(t *testing.T) {
	f := newFold(&results.Manifest{Search: &results.Search{From: 1, To: 2, Steps: []results.SearchStep{}}})
	f.phase(1, results.Phase{Name: "search-1", Measured: true})
	r := new(Report)
	if f.search(r); r.Search.Result != results.SearchCutShort || r.Search.Why != cutShort || r.Search.StopWhen == nil || f.phases[1].Measured {
		t.Errorf("%+v, %+v", r.Search, f.phases)
	}
}

// Where no rate held the search has failed, whatever ended it, and the verdict says
// all that is wrong.
func TestSearchThatHeldNothing(t *testing.T) {
	none := Number(math.NaN())
	for _, test := range []struct {
		search     Search
		thresholds []string
		interrupt  bool
		verdict    Verdict
		code       int
		why        string
	}{
		{Search{Result: results.SearchNoneHeld, Why: "not even 10/s held: x", HeldPerS: none}, nil, false, Fail, ExitFail,
			"Search: not even 10/s held: x. No rate held; 3 findings."},
		{Search{Result: results.SearchCutShort, Why: "y", HeldPerS: none}, []string{"lost == 0", "sent > 1", "search.held_per_s > 5/s"}, false, Fail, ExitFail,
			"Search: y. No rate held; 2 of 3 thresholds failed: sent > 1, search.held_per_s > 5/s; 3 findings."},
		{Search{Result: results.SearchCutShort, Why: "y", HeldPerS: none}, nil, true, Interrupted, ExitInterrupted,
			"Search: y. The run did not come to its end: stopped; 3 findings."},
		{Search{Result: results.SearchHarness, Why: "y", HeldPerS: none}, nil, false, Invalid, ExitInvalid,
			"Search: y. The figures must not be used: y; 3 findings."},
		{Search{Result: results.SearchCutShort, Why: "y", HeldPerS: 10}, nil, false, Pass, ExitOK,
			"Search: y. 0 of 0 planned entries are confirmed, 0 lost; 3 findings."},
	} {
		f := newFold(&results.Manifest{Search: &results.Search{}, Interrupted: test.interrupt, Why: "stopped"})
		f.m.Scenario.Thresholds = test.thresholds
		r := &Report{Search: &test.search, Findings: []Finding{{Count: 3}}}
		if err := f.judge(r); err != nil || r.Verdict != test.verdict || r.ExitCode != test.code || r.VerdictWhy != test.why {
			t.Errorf("%s, %d: %s (%v); want %s, %d: %s", r.Verdict, r.ExitCode, r.VerdictWhy, err, test.verdict, test.code, test.why)
		}
	}
}

// A threshold can ask for a rate, and fails where none held.
func TestThresholdOnTheHeldRate(t *testing.T) {
	for _, test := range []struct {
		held Number
		ok   bool
	}{{175, true}, {99, false}, {Number(math.NaN()), false}} {
		threshold, err := scenarios.ParseThreshold("search.held_per_s >= 100/s")
		if err != nil {
			t.Fatal(err)
		}
		got := newFold(&results.Manifest{}).check(&Report{Search: &Search{HeldPerS: test.held}}, threshold)
		if got.OK != test.ok || math.IsNaN(float64(got.Value)) != math.IsNaN(float64(test.held)) {
			t.Errorf("held %v: %+v", test.held, got)
		}
	}
}
