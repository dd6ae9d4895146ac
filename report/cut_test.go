package report

import (
	"math"
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/results"
)

// The charts of a run that was stopped end where it did.
func TestChartsEndWithTheRun(t *testing.T) {
	whole := shortRun(t)
	if shown, planned := happened(whole); shown != whole || planned != 0 {
		t.Errorf("a whole run is cut at its end, %g", planned)
	}
	rec := record(t)
	rec.manifest.Interrupted, rec.manifest.Why = true, "stopped by the user"
	rec.collector.Phase(3, results.Phase{Name: "night", Measured: true, Start: 3000 * ms, End: 3_600_000 * ms})
	rec.collector.Phase(4, results.Phase{Name: "morning", Start: 3_600_000 * ms, End: 7_200_000 * ms})
	every(rec)
	for at := 40_000 * ms; at < 3_600_000*ms; at += 60_000 * ms {
		rec.collector.Skip(rec.refs[rec.plan(3, results.KindEntry, at)])
	}
	r := rec.build()
	shown, planned := happened(r)
	if planned != 7200 || len(r.Phases) != 5 || len(r.Series.Rows) < 3000 || len(r.Phases[3].Name) == 0 {
		t.Fatalf("planned to %g s, %d phases, %d rows", planned, len(r.Phases), len(r.Series.Rows))
	}
	// The last that happened is an acceptance, 30.1 s after the start.
	if x := timeAxis(shown); x.hi < 31 || x.hi > 32 {
		t.Errorf("the time axis goes on to %g s", x.hi)
	}
	if n := len(shown.Phases); n != 4 || shown.Phases[3].EndS != timeAxis(shown).hi {
		t.Errorf("%d phases are shown, the last to %g s", n, shown.Phases[n-1].EndS)
	}
	if n := len(shown.Series.Rows); n != 31 || shown.Series.Rows[30][0] != 30 {
		t.Errorf("%d rows of the series are shown", n)
	}
	_, root := pageOf(t, r)
	if got := textOf(byID(root, "charts")); !strings.Contains(got, "The charts over time end where the run did; the load was planned for 2 h 0 min.") {
		t.Errorf("the page says %.300s", got)
	}
	if got := textOf(byID(root, "details")); !strings.Contains(got, "morning") {
		t.Error("the table of the phases is cut, too")
	}

	// What tells nothing of its end is shown as it is.
	r.Series.Rows, r.Blocks, r.Events = [][]Number{{0, 5, Number(math.NaN())}}, nil, nil
	if shown, _ := happened(r); shown != r {
		t.Error("a run in which nothing happened is cut")
	}
}
