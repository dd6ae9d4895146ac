package run_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
)

// held is what this process holds of what can leak.
type held struct{ goroutines, files int }

func holding(t *testing.T) held {
	t.Helper()
	files, err := os.ReadDir("/dev/fd")
	if err != nil {
		t.Skip("open files cannot be counted here")
	}
	return held{runtime.NumGoroutine(), len(files)}
}

// A run of many rotations leaves no goroutine and no file open, and needs no more of
// them at its last rotation than at its second. It has the process to itself: it is
// not parallel.
func TestNothingGrows(t *testing.T) {
	const inFlight = 4
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	before := holding(t)
	var second, last held
	rotations := 0
	got := carryOut(t, plan{
		load:    "in_flight: 4",
		phase:   "for: 2s, rate: 1500/s",
		credits: "key: local-test-key, budget: 9000",
	}.scenario(n.URL()), func(o *run.Options) {
		o.Scenario.Record.Segment = 10_000
		o.Watch = func(s run.Status) {
			closed, _ := filepath.Glob(filepath.Join(o.Out, "entries-*.log*"))
			if len(closed) <= rotations {
				return
			}
			if rotations = len(closed); second == (held{}) && rotations >= 2 {
				second = holding(t)
			}
			last = holding(t)
		}
	})
	if got.Totals.Confirmed < 3000 || rotations < 15 {
		t.Errorf("%d entries were confirmed, and there were %d rotations", got.Totals.Confirmed, rotations)
	}
	// What is in flight comes and goes: a connection has a file and up to two
	// goroutines here, and the same at the double.
	if last.files > second.files+2*inFlight || last.goroutines > second.goroutines+4*inFlight {
		t.Errorf("at the second rotation %+v, at the last, number %d, %+v", second, rotations, last)
	}
	var after held
	for range 100 {
		// The double sees its connections closed a little later.
		if after = holding(t); after.goroutines <= before.goroutines && after.files <= before.files {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Errorf("before the run %+v, and after it %+v", before, after)
}
