package results

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/internal/factomd"
)

func (n *fakeNode) pay(height uint32, entries ...factomd.Hash) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.commits[height] = entries
}

// A counting is a commit watch at work, in virtual time.
type counting struct {
	*bench
	*CommitWatch
	counted []BlockCommits
}

// countCommits starts a watch. The caller must be in a bubble.
func countCommits(t *testing.T, nodes ...CommitsNode) *counting {
	c := &counting{bench: newBench(t)}
	c.CommitWatch = NewCommitWatch(c.Collector, nodes, func(b BlockCommits) { c.counted = append(c.counted, b) })
	go c.Run(t.Context())
	return c
}

// saved tells of a block and of its entries, and lets a second pass.
func (c *counting) saved(height uint32, entries ...factomd.Hash) {
	c.block(height, int64(height), entries...)
	c.Saved()
	time.Sleep(time.Second)
	synctest.Wait()
}

func (c *counting) is(want ...BlockCommits) {
	c.t.Helper()
	synctest.Wait()
	if diff := cmp.Diff(want, c.counted); diff != "" {
		c.t.Errorf("-want +got:\n%s", diff)
	}
}

// Own commits are own whether their entries are in the same block, in a later one or
// in none, and were refused or not; hostile calls are nobody else's.
func TestCommitsOfOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := newFakeNode(0)
		foreign, hostile := testHash('f', 1), testHash('h', 1)
		node.pay(1, entryHash(0), entryHash(1), entryHash(2), foreign, foreign, hostile)
		node.pay(2, testHash('f', 2), entryHash(3))
		node.pay(3)
		c := countCommits(t, node)
		c.Allow(hostile, "hostile")
		c.plan(0, SetupPhase, KindChain, 0)
		c.plan(4, 1, KindChain, 4)
		for i := uint64(1); i < 4; i++ {
			c.plan(i, 1, KindEntry, int64(i))
		}
		c.submit(0, 1, nil)
		c.submit(1, 1, nil)
		c.submit(2, 1, errRefused)
		c.saved(1, entryHash(0), entryHash(9))
		c.saved(2, entryHash(1), entryHash(3))
		c.submit(3, 1, nil) // answered after its block
		c.saved(3)
		c.Settle(t.Context())
		c.is(BlockCommits{1, 6, 2}, BlockCommits{2, 2, 1}, BlockCommits{3, 0, 0})
	})
}

// Of a block that is read late, own entries are still known: those that it confirmed,
// and those that later ones did.
func TestCommitsReadLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := newFakeNode(0)
		node.delay = 2500 * time.Millisecond
		node.pay(1, entryHash(0), entryHash(1), testHash('f', 1))
		node.pay(2, entryHash(2))
		c := countCommits(t, node)
		for i := range uint64(3) {
			c.plan(i, SetupPhase, KindChain, 0)
			c.submit(i, 1, nil)
		}
		c.saved(1, entryHash(0))
		c.saved(2, entryHash(1), entryHash(2))
		time.Sleep(time.Second)
		c.is(BlockCommits{1, 3, 1})

		// What took so long is not asked for again for ten times as long.
		c.saved(3)
		if calls := node.called(); len(calls) != 1 {
			t.Errorf("asked while it rests: %v", calls)
		}
		time.Sleep(25 * time.Second)
		node.pay(4, entryHash(0), testHash('f', 4), testHash('f', 5))
		c.saved(4)
		time.Sleep(2 * time.Second)
		// An entry whose block is past counts for another's if it is paid for again.
		c.is(BlockCommits{1, 3, 1}, BlockCommits{4, 3, 3})
		c.Settle(t.Context())
	})
}

// A block that is overtaken by more than are kept is not counted wrongly: it is not
// counted.
func TestCommitsOvertaken(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := newFakeNode(0)
		node.delay = 4500 * time.Millisecond
		c := countCommits(t, node)
		c.plan(0, SetupPhase, KindChain, 0)
		c.submit(0, 1, nil)
		node.pay(1, entryHash(0))
		c.saved(1, entryHash(0))
		for height := uint32(2); height < 6; height++ {
			c.saved(height)
		}
		if n := len(c.uncounted.blocks); n > mostUncounted {
			t.Errorf("%d blocks are kept", n)
		}
		c.Settle(t.Context())
		c.is()
		if n := len(c.uncounted.spare); n > mostUncounted+1 {
			t.Errorf("%d lists are spare", n)
		}
	})
}

// The node that is asked first may lack a block, or be down; one that hangs has only so
// long, and none is asked then.
func TestCommitsOfAnotherNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		down, hangs, well := newFakeNode(0), newFakeNode(0), newFakeNode(0)
		down.fail = func(string) error { return errDown }
		well.pay(1, testHash('f', 1))
		well.pay(2)
		c := countCommits(t, down, well, hangs)
		c.saved(1)
		c.saved(2)
		c.is(BlockCommits{1, 1, 1}, BlockCommits{2, 0, 0})
		if calls := down.called(); len(calls) != 1 {
			t.Errorf("asked of the one that is down: %v", calls)
		}
		well.fail = down.fail
		hangs.delay = time.Hour
		began := time.Now()
		c.block(3, 3)
		c.Saved()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		c.Settle(ctx)
		if took := time.Since(began); took < commitsPatience || took > 2*commitsPatience {
			t.Errorf("it took %v", took)
		}
		c.is(BlockCommits{1, 1, 1}, BlockCommits{2, 0, 0})
	})
}

// A run that ends does not wait for it for long.
func TestCommitsCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := newFakeNode(0)
		node.delay = time.Hour
		c := countCommits(t, node)
		c.block(1, 1)
		c.Saved()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		c.Settle(ctx)
		if !errors.Is(ctx.Err(), context.DeadlineExceeded) {
			t.Error("it did not wait")
		}
		c.is()
	})
}
