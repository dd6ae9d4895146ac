package run_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
)

// A run is reported on while it goes on, one report after the other; that one fails
// is told once. The last has ended before the run has.
func TestCheckpoints(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: 250 * time.Millisecond})
	var (
		said    atomic.Int64
		current atomic.Int64
		partial []*report.Report
	)
	done := carryOut(t, plan{}.scenario(n.URL()), func(o *run.Options) {
		o.Scenario.Record.Checkpoint, o.Scenario.Record.Segment = 20*time.Millisecond, 1000
		o.Checkpoint = func(ctx context.Context) error {
			if current.Add(1) > 1 {
				t.Error("two reports are made at once")
			}
			defer current.Add(-1)
			r, err := report.BuildPartial(o.Out)
			if err != nil {
				t.Error(err)
				return err
			}
			if partial = append(partial, r); len(partial) < 3 {
				return errors.New("no room")
			}
			return nil
		}
		o.Say = func(format string, args ...any) {
			if strings.Contains(fmt.Sprintf(format, args...), "goes on without a report so far: no room") {
				said.Add(1)
			}
		}
	})
	if current.Load() != 0 || said.Load() != 1 {
		t.Errorf("%d reports were being made at the end; the failure was told %d times", current.Load(), said.Load())
	}
	var last report.Totals
	pending := false
	for i, r := range partial {
		tt := r.Totals
		if sum := tt.Confirmed + tt.Accepted + tt.Lost + tt.Rejected + tt.Failed + tt.Skipped + tt.Pending; sum != tt.Planned || !r.Run.Partial {
			t.Errorf("report %d: %+v", i, tt)
		}
		if tt.Planned < last.Planned || tt.Confirmed < last.Confirmed || tt.Failed+tt.Lost > 0 {
			t.Errorf("report %d goes back, or makes something up: %+v after %+v", i, tt, last)
		}
		pending = pending || tt.Pending > 0
		last = tt
	}
	if len(partial) < 4 || !pending || last.Confirmed == 0 || done.Run.Partial || done.Totals.Pending > 0 {
		t.Errorf("%d reports, the last %+v; at the end %+v", len(partial), last, done.Totals)
	}
}
