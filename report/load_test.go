package report

import (
	"bytes"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/results"
)

// closedRun is a short run of users who paid as they went.
func closedRun(tb testing.TB) *Report {
	r := shortRun(tb)
	r.Load = Load{Model: "closed", Users: 50, ThinkMS: 100}
	r.Run.EndedEarly = "entries for the budget of 5000 entry credits were sent"
	for i, row := range r.Series.Rows {
		for len(row) < slices.Index(r.Series.Columns, "ec_balance") {
			row = append(row, unknown)
		}
		r.Series.Rows[i] = append(row, Number(900-i*50%800))
	}
	return r
}

// Whoever reads the report of a closed loop is told what it hides, before the
// figures.
func TestClosedLoopIsLabelled(t *testing.T) {
	_, root := pageOf(t, closedRun(t))
	text := textOf(root)
	for _, want := range []string{
		"This load was a closed loop: 50 users, 100 ms to think. Each user waits",
		"what would have been due meanwhile is in no latency (coordinated omission)",
		"Sending ended early: entries for the budget of 5000 entry credits were sent. What was sent",
		"Model closed loop: 50 users, 100 ms to think",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	if strings.Index(text, "This load was a closed loop") > strings.Index(text, "Submit p99") {
		t.Error("the figures come before what they hide")
	}
	if strings.Contains(text, "never moved by a slow node") {
		t.Error("the page says that a closed loop keeps its schedule")
	}
	var b bytes.Buffer
	if err := WriteSummary(&b, closedRun(t), "dir"); err != nil || !strings.Contains(b.String(), "load      a closed loop (50 users, 100 ms to think), which hides") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestOpenLoopIsNotLabelled(t *testing.T) {
	_, root := pageOf(t, shortRun(t))
	if text := textOf(root); strings.Contains(text, "This load was a closed loop") || !strings.Contains(text, "never moved by a slow node") || !strings.Contains(text, "Model open loop") {
		t.Error("an open loop reads as a closed one")
	}
}

func TestLoopText(t *testing.T) {
	for want, l := range map[string]Load{
		"1 user, no time to think":     {Users: 1},
		"2,500 users, 1.50 s to think": {Users: 2500, ThinkMS: 1500},
		"20 users, 200 ms to think":    {Users: 20, ThinkMS: 200},
		"0 users, no time to think":    {Users: -1},
	} {
		if got := loopText(l); got != want {
			t.Errorf("%+v: %s, want %s", l, got, want)
		}
	}
}

func TestCreditsChart(t *testing.T) {
	f, c := creditsChart(closedRun(t), 600)
	if f.Missing != "" || !strings.Contains(c.desc, "Highest entry credits: 900.") {
		t.Errorf("%q, %q", f.Missing, c.desc)
	}
	if f, _ := creditsChart(shortRun(t), 600); f.Missing != "The record has no balances." {
		t.Errorf("a record without balances: %q", f.Missing)
	}
}

// Where the budget ended the load after half of its second, the rates are over
// that half: nothing more was planned.
func TestEndedEarly(t *testing.T) {
	r := record(t)
	r.manifest.EndedEarly, r.manifest.SendEnded = "entries for the budget of 10 entry credits were sent", 2500*ms
	for i := range int64(5) {
		at := (2000 + 100*i) * ms
		r.submit(r.plan(2, results.KindEntry, at), at, nil)
	}
	r.block(5, 9000*ms, 0, 1, 2, 3, 4)
	// Queries go on until the last entry is answered, and are no part of it then.
	for _, at := range []int64{2400 * ms, 2600 * ms} {
		r.collector.Called(results.Call{Kind: results.Query, Name: "heights", Phase: 2, Planned: at, Sent: at, Ended: at + ms})
	}
	got := r.build()
	if len(got.Queries) != 1 || got.Queries[0].Count != 1 || got.Queries[0].RatePerS != 2 {
		t.Errorf("queries %+v", got.Queries)
	}
	if got.Run.EndedEarly != r.manifest.EndedEarly || got.Run.Interrupted || got.Verdict != Pass {
		t.Errorf("run %+v, %s", got.Run, got.Verdict)
	}
	if want := "Sending ended early: entries for the budget of 10 entry credits were sent."; !strings.HasSuffix(got.VerdictWhy, want) {
		t.Errorf("%s\nwant at its end: %s", got.VerdictWhy, want)
	}
	if got.Rates.PlannedPerS != 10 || got.Rates.SentPerS != 10 {
		t.Errorf("rates %+v, want 10 a second", got.Rates)
	}
	if got.Load.Model != "open" {
		t.Errorf("a record without a model: %q", got.Load.Model)
	}
}

// A run without thresholds passes whatever became of its entries: its verdict says
// what did.
func TestVerdictCountsWhatWasNotTaken(t *testing.T) {
	r := record(t)
	for i, err := range []error{nil, errRejected, errRejected, errors.New("broken")} {
		at := (2000 + 100*int64(i)) * ms
		r.submit(r.plan(2, results.KindEntry, at), at, err)
	}
	r.block(5, 9000*ms, 0)
	if got, want := r.build(), "1 of 4 planned entries are confirmed, 0 lost, 2 rejected, 1 failed."; got.Verdict != Pass || got.VerdictWhy != want {
		t.Errorf("%s: %s\nwant %s", got.Verdict, got.VerdictWhy, want)
	}
}

// The balance is what the harness was told last, as long as that is fresh.
func TestBalanceInTheSeries(t *testing.T) {
	left := int64(70)
	s := new(seriesFold).table([]results.Sample{{At: 1000 * ms, ECBalance: &left}, {At: 2000 * ms}})
	balances := s.column("ec_balance")
	if len(balances) != 2 || balances[0] != 70 || balances[1] == balances[1] {
		t.Errorf("balances %v", balances)
	}
}
