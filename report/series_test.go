package report

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/FactomProject/factom-load/results"
)

// The percentiles of a second are those of all its entries, whenever they were told
// of; and those of seconds long past are in memory no longer.
func TestSeriesSettles(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	const lasts, perSecond = 200, 20
	var f seriesFold
	want := make([][]float64, lasts)
	var waiting []*results.Entry
	tell := func(all bool) {
		random.Shuffle(len(waiting), func(i, j int) { waiting[i], waiting[j] = waiting[j], waiting[i] })
		keep := len(waiting) / 3
		if all {
			keep = 0
		}
		for _, e := range waiting[keep:] {
			f.entry(e)
		}
		waiting = waiting[:keep]
	}
	for second := range int64(lasts) {
		for i := range int64(perSecond) {
			at := second*1e9 + i*1e7
			took := random.Int64N(5e9)/1000*1000 + 1000
			f.planned(at)
			waiting = append(waiting, &results.Entry{
				Planned: at, Sent: at, Committed: at, Revealed: at + took, Accepted: results.Never, Confirmed: results.Never, GivenUp: results.Never,
			})
			want[second] = append(want[second], float64(took)/1e6)
		}
		if second%7 == 0 {
			tell(false)
		}
	}
	open := 0
	for i := range f.rows {
		if len(f.rows[i].submit.ms) > 0 {
			open++
		}
	}
	if open > 60 {
		t.Errorf("of %d seconds %d are open", lasts, open)
	}
	tell(true)
	p50, p99 := slices.Index(seriesColumns, "submit_p50_ms"), slices.Index(seriesColumns, "submit_p99_ms")
	for i, row := range f.table(nil).Rows[:lasts] {
		slices.Sort(want[i])
		// Nearest rank, of single precision.
		if near(row[p50], want[i][perSecond/2-1]) && near(row[p99], want[i][perSecond-1]) {
			continue
		}
		t.Errorf("second %d has %v and %v ms, not %v and %v", i, row[p50], row[p99], want[i][perSecond/2-1], want[i][perSecond-1])
	}
}

func near(got Number, want float64) bool {
	return float64(got)-want < 0.001+want*1e-6 && want-float64(got) < 0.001+want*1e-6
}
