package run_test

import (
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
)

// commits adds up the commits of the blocks of a run, its own and others', and says
// whether those of all blocks are known: on a machine that is busy they may not be.
func (o outcome) commits(t *testing.T) (own, others uint64, all bool) {
	t.Helper()
	all = true
	for _, b := range o.Blocks {
		if b.OthersCommits == nil {
			all = false
			continue
		}
		own += *b.Commits - *b.OthersCommits
		others += *b.OthersCommits
	}
	if !all {
		t.Log("some blocks were not counted")
	}
	return own, others, all
}

// What others write in the blocks of a run is counted block by block, whoever pays and
// into whatever chain: with one more request a block.
func TestOthersInBlocks(t *testing.T) {
	t.Parallel()
	const theirs = 5
	n := afterOf(t, factomdtest.Options{BlockTime: 2 * halfSecond, Credits: rich()}, 20, func(n *factomdtest.Node) {
		chain := n.Chains()[0]
		for i := range theirs {
			another(t, n, chain, string(rune('a'+i)), i > 0)
		}
	})
	got := carryOut(t, plan{}.scenario(n.URL()))
	got.verdict(t, report.Pass, report.ExitOK)
	own, others, all := got.commits(t)
	if others > theirs || own > got.Totals.Planned || all && (others != theirs || own != got.Totals.Planned) {
		t.Errorf("%d own commits and %d of others, want %d and %d", own, others, got.Totals.Planned, theirs)
	}
	// The reconciliation reads each once more.
	if calls := n.Calls("ecblock-by-height"); calls > 2*len(got.Blocks) {
		t.Errorf("%d calls for the commits of %d blocks", calls, len(got.Blocks))
	}
}

// Two runs at once on one network, which pay with the same key, each see the other one
// as others.
func TestRunsBesideEachOther(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: 2 * halfSecond, Credits: rich()})
	var got [2]outcome
	var both sync.WaitGroup
	for i := range got {
		both.Go(func() {
			got[i] = carryOut(t, plan{phase: "for: 3s, rate: 20/s"}.scenario(n.URL()), func(o *run.Options) { o.ID += string(rune('a' + i)) })
		})
	}
	both.Wait()
	for i := range got {
		own, others, all := got[i].commits(t)
		if most := got[1-i].Totals.Planned; own > got[i].Totals.Planned || others > most || all && (own != got[i].Totals.Planned || others == 0) {
			t.Errorf("run %d: %d own commits and %d of others, want %d and up to %d", i, own, others, got[i].Totals.Planned, most)
		}
		told := slices.ContainsFunc(got[i].Story, func(s report.Sentence) bool { return s.Kind == "others" })
		if all && !told && others > own {
			t.Errorf("run %d: the story does not tell of others: %+v", i, got[i].Story)
		}
	}
}

// A node that hangs when it is asked for the commits of a block leaves them unknown,
// and holds nothing up.
func TestCommitsNotTold(t *testing.T) {
	t.Parallel()
	var asked atomic.Bool
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Fault: func(c factomdtest.Call) *factomdtest.Fault {
		if c.Method == "ecblock-by-height" && asked.CompareAndSwap(false, true) {
			return &factomdtest.Fault{Delay: time.Minute}
		}
		return nil
	}})
	got := carryOut(t, plan{}.scenario(n.URL()))
	count(t, "confirmed", got.Totals.Confirmed, int(got.Totals.Planned))
	if b := got.Blocks[0]; b.Commits != nil || b.OthersCommits != nil {
		t.Errorf("the block that was asked for is %+v", b)
	}
}

// The double says nothing of its queues, and the report says so.
func TestQueuesNotShown(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Credits: map[string]int64{factomd.LocalTestKey().ECAddress(): 1000}})
	got := carryOut(t, plan{}.scenario(n.URL()))
	if known := got.known("node_api_queue"); len(known) > 0 {
		t.Errorf("the queues of the double are %v", known)
	}
}
