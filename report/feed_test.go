package report

import (
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/results"
)

// The terminal is told of a feed that missed entries or was given up, and of no
// other.
func TestSummaryOfFeed(t *testing.T) {
	for want, f := range map[string]*results.Feed{
		"":                               nil,
		"feed ":                          {Frames: 9, Told: 4},
		"feed      3 entries have no":    {Missed: 3},
		"given up at 12.3 s: silent; fr": {Missed: 3, GivenUp: 12_300 * ms, Why: "silent"},
	} {
		r := shortRun(t)
		r.Network.Feed = newFeed(f)
		var b strings.Builder
		if err := WriteSummary(&b, r, "runs/x"); err != nil {
			t.Fatal(err)
		}
		quiet := f == nil || f.Missed == 0
		if got := b.String(); quiet == strings.Contains(got, "\nfeed ") || !quiet && !strings.Contains(got, want) {
			t.Errorf("%+v: want %q in\n%s", f, want, got)
		}
	}
}
