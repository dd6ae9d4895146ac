package run_test

import (
	"context"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/internal/testnet"
	"github.com/FactomProject/factom-load/internal/testnet/testnode"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// Whatever befalls a real node in the middle of a run, the report says what is on its
// chain, and names what is not.
func TestRealNodeFaults(t *testing.T) {
	if testing.Short() {
		t.Skip("starts real nodes")
	}
	restart := func(t *testing.T, o testnet.UpOptions) {
		time.Sleep(5 * time.Second) // until then nobody is there
		if _, started, err := testnet.Up(context.Background(), o); err != nil || !started {
			t.Errorf("the node was started again: %t, %v", started, err)
		}
	}
	for name, c := range map[string]struct {
		befalls func(t *testing.T, o testnet.UpOptions, pid int)
		// keeps says that the node forgets nothing that it has taken.
		keeps bool
	}{
		"paused": {func(t *testing.T, _ testnet.UpOptions, pid int) {
			syscall.Kill(pid, syscall.SIGSTOP)
			time.Sleep(30 * time.Second)
			syscall.Kill(pid, syscall.SIGCONT)
		}, true},
		"killed": {func(t *testing.T, o testnet.UpOptions, pid int) {
			syscall.Kill(pid, syscall.SIGKILL)
			for {
				if s, err := testnet.Look(context.Background(), o.Dir); err != nil || !s.Running {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
			restart(t, o)
		}, false},
		"restarted": {func(t *testing.T, o testnet.UpOptions, pid int) {
			if stopped, err := testnet.Down(context.Background(), o.Dir, false); err != nil || !stopped {
				t.Errorf("the node was ended: %t, %v", stopped, err)
			}
			restart(t, o)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			o := testnet.UpOptions{
				Options: testnet.Options{Command: testnode.Command(t), BlockTime: testnet.MinBlockTime, DB: testnet.DBLDB},
				Dir:     t.TempDir(),
			}
			node, _, err := testnet.Up(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { testnet.Down(context.Background(), o.Dir, true) })
			var once sync.Once
			var fault sync.WaitGroup
			defer fault.Wait()
			r := carryOut(t, plan{phase: "for: 30s, rate: 20/s"}.scenario(node.Endpoint), func(ro *run.Options) {
				ro.Watch = func(s run.Status) {
					if s.Stage == run.StageLoad && s.Counts.Confirmed > 20 {
						once.Do(func() { fault.Go(func() { c.befalls(t, o, node.PID) }) })
					}
				}
			})

			chain := walk(t, node.Endpoint)
			for _, e := range r.entries {
				height, saved := chain[e.Hash.String()]
				if saved != (e.Outcome == results.Confirmed) || saved && height != e.Height {
					t.Errorf("entry %s: %s at height %d; on the chain: %v, %d", e.Hash, e.Outcome, e.Height, saved, height)
				}
				if e.Outcome == results.Lost && e.Stage == results.NoStage {
					t.Errorf("entry %s is lost, and no stage says where", e.Hash)
				}
				delete(chain, e.Hash.String())
			}
			if len(chain) > 0 {
				t.Errorf("%d entries are on the chain and were not planned", len(chain))
			}
			var kinds []string
			for _, e := range r.Events {
				kinds = append(kinds, e.Kind)
			}
			down := slices.Index(kinds, string(results.NodeDown))
			if down < 0 || !slices.Contains(kinds[down:], string(results.NodeUp)) {
				t.Errorf("events %v: want node-down and then node-up", kinds)
			}
			switch {
			case c.keeps:
				count(t, "confirmed", r.Totals.Confirmed, int(r.Totals.Planned))
				r.verdict(t, report.Pass, report.ExitOK)
			case r.Totals.Lost > 0:
				// The block that was being built was in memory alone.
				r.verdict(t, report.Lost, report.ExitLost)
				count(t, "lost entries named", uint64(len(r.Audit.Lost)), int(r.Totals.Lost))
			default:
				r.verdict(t, report.Pass, report.ExitOK)
			}
		})
	}
}
