package run_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// long is a load that has to be stopped: nobody waits for its end.
var long = plan{phase: "for: 30s, rate: 40/s"}

// after starts a node that calls f once, when it gets that commit of an entry.
func after(t *testing.T, commit int64, f func(*factomdtest.Node)) *factomdtest.Node {
	return afterOf(t, factomdtest.Options{BlockTime: halfSecond}, commit, f)
}

// afterOf is after, of a node with options.
func afterOf(t *testing.T, o factomdtest.Options, commit int64, f func(*factomdtest.Node)) *factomdtest.Node {
	var n *factomdtest.Node
	var commits atomic.Int64
	ready := make(chan struct{})
	o.Fault = func(c factomdtest.Call) *factomdtest.Fault {
		<-ready
		if c.Method == "commit-entry" && commits.Add(1) == commit {
			f(n)
		}
		return nil
	}
	n = factomdtest.New(t, o)
	close(ready)
	return n
}

// stopped checks a run that was stopped in the middle: everything that was sent
// is confirmed, everything else is skipped.
func stopped(t *testing.T, n *factomdtest.Node, got outcome, code int, why string) {
	t.Helper()
	got.in(t, n)
	got.verdict(t, report.Interrupted, code)
	if !got.Run.Interrupted || !strings.Contains(got.Run.Why, why) {
		t.Errorf("interrupted: %v, %q; want %q", got.Run.Interrupted, got.Run.Why, why)
	}
	count(t, "planned", got.Totals.Planned, 3+30*40)
	count(t, "confirmed", got.Totals.Confirmed, int(got.Totals.Sent))
	count(t, "skipped", got.Totals.Skipped, int(got.Totals.Planned-got.Totals.Sent))
	if got.Totals.Sent < 3+20 || got.Totals.Skipped < 100 {
		t.Errorf("totals %+v", got.Totals)
	}
	for _, e := range got.entries {
		if (e.Outcome == results.Skipped) != (e.Sent == results.Never) {
			t.Errorf("entry %d: %s, sent at %d", e.Index, e.Outcome, e.Sent)
		}
	}
}

func TestStoppedByTheUser(t *testing.T) {
	t.Parallel()
	stop, stopping := context.WithCancelCause(context.Background())
	defer stopping(nil)
	n := after(t, 20, func(*factomdtest.Node) { stopping(&run.Interruption{Why: "stopped by the user (interrupt)"}) })
	got := carryOutUntil(t, stop, context.Background(), long.scenario(n.URL()))
	stopped(t, n, got, report.ExitInterrupted, "stopped by the user")
}

func TestStopFile(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "stop")
	n := after(t, 20, func(*factomdtest.Node) {
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Error(err)
		}
	})
	got := carryOut(t, long.scenario(n.URL()), func(o *run.Options) { o.StopFile = file })
	stopped(t, n, got, report.ExitInterrupted, "the stop file "+file+" appeared")
}

// TestSecondInterrupt has the user give up waiting too, on a node that answers
// nothing any more.
func TestSecondInterrupt(t *testing.T) {
	t.Parallel()
	abort, aborting := context.WithCancel(context.Background())
	defer aborting()
	stop, stopping := context.WithCancelCause(abort)
	defer stopping(nil)
	var thaw func()
	n := after(t, 20, func(n *factomdtest.Node) {
		thaw = n.Freeze()
		time.AfterFunc(300*time.Millisecond, func() {
			stopping(&run.Interruption{Why: "stopped by the user (interrupt)"})
			time.AfterFunc(300*time.Millisecond, aborting)
		})
	})
	got := carryOutUntil(t, stop, abort, long.scenario(n.URL()))
	thaw()
	got.verdict(t, report.Interrupted, report.ExitInterrupted)
	if got.Totals.Failed == 0 || got.Totals.Skipped < 100 {
		t.Errorf("totals %+v", got.Totals)
	}
	for _, e := range got.Errors {
		// None was given up by itself, after 30 s; and what was answered before
		// is not called lost by a run that could not look for it.
		if e.Message != "canceled" && !strings.HasPrefix(e.Message, "nobody could look") {
			t.Errorf("error %+v", e)
		}
	}
}

// A node with nothing wrong and long blocks loses nothing because its user would
// not wait: all that is out is asked for, which may take some seconds in all. Beside
// other tests not much would come of that.
func TestCutOffIsNoLoss(t *testing.T) {
	n := factomdtest.New(t, factomdtest.Options{BlockTime: 30 * time.Second})
	got := carryOut(t, plan{phase: "for: 5s, rate: 100/s"}.scenario(n.URL()), func(o *run.Options) {
		o.AboveCeiling, o.Deadline = true, 4*time.Second
	})
	got.verdict(t, report.Interrupted, report.ExitCannot)
	if got.Totals.Lost != 0 || got.Totals.Accepted < 50 || got.Totals.Accepted+got.Totals.Failed < got.Totals.Sent {
		t.Errorf("totals %+v", got.Totals)
	}
}

func TestDeadline(t *testing.T) {
	t.Parallel()
	n := after(t, 20, func(*factomdtest.Node) {})
	got := carryOut(t, long.scenario(n.URL()), func(o *run.Options) { o.Deadline = 3 * time.Second })
	got.verdict(t, report.Interrupted, report.ExitCannot)
	if got.Run.Why != "the deadline of 3s has passed" || got.Totals.Skipped < 100 || got.Totals.Sent < 3 {
		t.Errorf("why: %q, totals %+v", got.Run.Why, got.Totals)
	}
}

// TestNetworkChanges has blocks turn into MAIN's in the middle of the load.
func TestNetworkChanges(t *testing.T) {
	t.Parallel()
	n := after(t, 20, func(n *factomdtest.Node) { n.ChangeNetwork(factomdtest.Main) })
	got := carryOut(t, long.scenario(n.URL()))
	got.verdict(t, report.Interrupted, report.ExitCannot)
	if !strings.Contains(got.Run.Why, "the node changed its network") || !strings.Contains(got.Run.Why, "fa92e5a2") {
		t.Errorf("why: %q", got.Run.Why)
	}
	if got.Totals.Skipped < 100 {
		t.Errorf("totals %+v", got.Totals)
	}
	if sent := n.Calls("commit-entry"); sent > 200 {
		t.Errorf("%d entries were sent before it stopped", sent)
	}
}

// TestStopBeforeTheRun stops while the network is being reached: no run, nothing
// left behind.
func TestStopBeforeTheRun(t *testing.T) {
	t.Parallel()
	stop, stopping := context.WithCancelCause(context.Background())
	defer stopping(nil)
	n := factomdtest.New(t, factomdtest.Options{Fault: func(factomdtest.Call) *factomdtest.Fault {
		stopping(&run.Interruption{Why: "stopped by the user (interrupt)"})
		return &factomdtest.Fault{Answer: factomdtest.Silence(), Unheard: true}
	}})
	text := long.scenario(n.URL())
	out := filepath.Join(t.TempDir(), "runs", "run")
	err := run.Do(stop, context.Background(), run.Options{Scenario: parse(t, text), Text: text, ID: "id", Out: out})
	if err == nil || !strings.Contains(err.Error(), "nothing was run: stopped by the user") {
		t.Errorf("%v", err)
	}
	if _, err := os.Stat(filepath.Dir(out)); err == nil {
		t.Error("a directory is left behind")
	}
}
