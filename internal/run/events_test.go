package run

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/results"
)

// A suspended machine shows as a pause, a set clock as a step, and neither as the
// other.
func TestClockEvents(t *testing.T) {
	for _, c := range []struct {
		pause, moved time.Duration
		want         []results.EventKind
	}{
		{900 * time.Millisecond, -900 * time.Millisecond, nil},
		{3 * time.Second, 0, []results.EventKind{results.Suspended}},
		{0, time.Hour, []results.EventKind{results.ClockStep}},
		{0, -2 * time.Second, []results.EventKind{results.ClockStep}},
		{3 * time.Second, 2 * time.Second, []results.EventKind{results.Suspended, results.ClockStep}},
	} {
		var got []results.EventKind
		for _, e := range clockEvents(5, c.pause, c.moved) {
			got = append(got, e.Kind)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s, %s: %s", c.pause, c.moved, diff)
		}
	}
}
