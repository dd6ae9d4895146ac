package report

import (
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/results"
)

// However long a run is, every entry is in one window of few, the percentiles are
// those of the entries of a window, and the maximum is exact.
func TestWindowsMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var f windowFold
		type entry struct{ at, took int64 }
		var all []entry
		span := rapid.Int64Range(1e9, 50_000e9).Draw(t, "span")
		for range rapid.IntRange(1, 300).Draw(t, "entries") {
			e := entry{rapid.Int64Range(0, span).Draw(t, "at"), rapid.Int64Range(1e3, 1e12).Draw(t, "took")}
			all = append(all, e)
			f.entry(&results.Entry{Planned: e.at, Sent: e.at, Committed: e.at, Revealed: e.at + e.took, Accepted: results.Never, Confirmed: results.Never})
		}
		rows := f.rows()
		if len(rows) > mostWindows {
			t.Fatalf("%d windows", len(rows))
		}
		for i, w := range rows {
			if i > 0 && w.FromS != rows[i-1].ToS {
				t.Fatalf("a window begins at %v, the one before ends at %v", w.FromS, rows[i-1].ToS)
			}
			var took []int64
			for _, e := range all {
				if at := seconds(e.at); at >= w.FromS && at < w.ToS {
					took = append(took, e.took)
				}
			}
			l := w.LatencyMS.Submit
			if w.Planned != uint64(len(took)) || l.Count != w.Planned || w.LatencyMS.Confirm.Count != 0 {
				t.Fatalf("window %d has %d planned and %d submits of %d", i, w.Planned, l.Count, len(took))
			}
			if len(took) == 0 {
				continue
			}
			slices.Sort(took)
			if l.Max != float64(took[len(took)-1])/1e6 {
				t.Fatalf("the maximum is %v of %v", l.Max, took)
			}
			for percent, got := range map[float64]float64{50: l.P50, 90: l.P90, 95: l.P95, 99: l.P99} {
				rank := max(int(math.Ceil(percent/100*float64(len(took))-0.5)), 1) // the histogram rounds the rank
				lo, hi := float64(took[rank-1])/1e6, float64(took[min(rank, len(took)-1)])/1e6
				if got < lo*0.98-0.001 || got > hi*1.02+0.001 {
					t.Fatalf("p%v of %v is %v ms", percent, took, got)
				}
			}
		}
	})
}

// Twelve hours with entries every second come to few windows, and one slow entry
// among them is the maximum of its own.
func TestWindowsOfANight(t *testing.T) {
	var f windowFold
	const slow = 30_017
	for i := range int64(12 * 3600) {
		took := int64(1e7)
		if i == slow {
			took = 123e9
		}
		f.entry(&results.Entry{Planned: i * 1e9, Sent: i * 1e9, Committed: i * 1e9, Revealed: i*1e9 + took, Accepted: results.Never, Confirmed: results.Never})
	}
	rows := f.rows()
	if n := len(rows); n < mostWindows/2 || n > mostWindows {
		t.Errorf("%d windows", n)
	}
	for _, w := range rows {
		has := w.FromS <= slow && slow < w.ToS
		if l := w.LatencyMS.Submit; has != (l.Max == 123e3) || l.P50 > 11 {
			t.Errorf("from %v s to %v s: p50 %v ms, maximum %v ms", w.FromS, w.ToS, l.P50, l.Max)
		}
	}
}

func TestWindowsAreNotTooSparse(t *testing.T) {
	var f windowFold
	for i := range int64(200) {
		f.entry(&results.Entry{Planned: i * 1e9, Sent: results.Never, Committed: results.Never, Revealed: results.Never, Accepted: results.Never, Confirmed: results.Never})
	}
	if rows := f.rows(); len(rows) != 25 || rows[3].Planned != 8 || rows[3].LatencyMS.Schedule.Count != 0 {
		t.Errorf("%d windows: %+v", len(rows), rows)
	}
}
