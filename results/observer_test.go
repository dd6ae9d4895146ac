package results

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// A watch is an observer at work, in virtual time.
type watch struct {
	*bench
	*Observer
	start time.Time
	stop  context.CancelFunc
	ended chan error
}

// observe starts an observer of nodes, which are at height 100. The caller must
// be in a bubble, and end the watch.
func observe(t *testing.T, nodes ...Node) *watch {
	w := &watch{bench: newBench(t), start: time.Now(), ended: make(chan error, 1)}
	w.Observer = NewObserver(w.Collector, ObserverOptions{Nodes: nodes, NetworkID: testNetwork, From: 100, Start: w.start})
	ctx, cancel := context.WithCancel(t.Context())
	w.stop = cancel
	go func() { w.ended <- w.Run(ctx) }()
	synctest.Wait()
	return w
}

// until sleeps until an instant of the run, and then until all is quiet.
func (w *watch) until(at time.Duration) {
	time.Sleep(at - time.Since(w.start))
	synctest.Wait()
}

// end stops the observer and returns the blocks that it told of.
func (w *watch) end() []Block {
	w.t.Helper()
	w.stop()
	if err := <-w.ended; err != nil {
		w.t.Errorf("stopped with %v", err)
	}
	_, blocks, _ := w.record()
	return blocks
}

const ms = int64(time.Millisecond)

// A jump of the saved height does not hide a block, and blocks come in order.
func TestObserverNeverSkipsAHeight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := newFakeNode(100)
		w := observe(t, node)
		w.until(650 * time.Millisecond)
		for range 3 {
			node.save(nil)
		}
		w.until(2 * time.Second)
		node.save(nil)
		w.until(3 * time.Second)
		want := []Block{{Height: 101, Seen: 900 * ms}, {Height: 102, Seen: 900 * ms}, {Height: 103, Seen: 900 * ms}, {Height: 104, Seen: 2100 * ms}}
		if diff := cmp.Diff(want, w.end()); diff != "" {
			t.Errorf("blocks (-want +got):\n%s", diff)
		}
		if s := w.State(); s.SavedHeight != 104 || s.Scanned != 104 {
			t.Errorf("state is %+v", s)
		}
	})
}

// A block that cannot be read is asked for again, and none after it comes
// first. It was seen saved when it was, not when it could be read.
func TestObserverRetriesTheSameHeight(t *testing.T) {
	for _, failing := range []string{"block", "entries"} {
		synctest.Test(t, func(t *testing.T) {
			node := newFakeNode(100)
			var mended atomic.Bool
			node.fail = func(method string) error {
				if method == failing && !mended.Load() {
					return errDown
				}
				return nil
			}
			w := observe(t, node)
			w.plan(0, SetupPhase, KindChain, 0)
			w.submit(0, 1, nil)
			w.until(500 * time.Millisecond)
			node.save(map[factomd.Hash][]factomd.Hash{chainHash(0): {entryHash(0)}})
			w.until(1300 * time.Millisecond)
			node.save(nil)
			w.until(3 * time.Second)
			if n := w.Counts().Confirmed; n != 0 {
				t.Fatalf("%d entries are confirmed by a block that was not read", n)
			}
			if s := w.State(); s.SavedHeight != 102 || s.Scanned != 100 {
				t.Errorf("%s fails: state is %+v", failing, s)
			}
			mended.Store(true)
			w.until(4 * time.Second)
			want := []Block{{Height: 101, Seen: 600 * ms, Entries: 1, Own: 1}, {Height: 102, Seen: 1500 * ms}}
			if diff := cmp.Diff(want, w.end()); diff != "" {
				t.Errorf("%s fails: blocks (-want +got):\n%s", failing, diff)
			}
			if r := w.Resolution(); r != pollInterval {
				t.Errorf("%s fails: resolution is %v", failing, r)
			}
		})
	}
}

// The first node that answers is asked until it fails, then the next.
func TestObserverRotatesOnErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nodes := [3]*fakeNode{newFakeNode(100), newFakeNode(100), newFakeNode(100)}
		down := func(which [3]bool) {
			for i, n := range nodes {
				n.setFail(func(string) error {
					if which[i] {
						return errDown
					}
					return nil
				})
			}
		}
		down([3]bool{true, false, false})
		asked := func() (n [3]int) {
			for i := range nodes {
				n[i] = len(nodes[i].called())
			}
			return n
		}
		w := observe(t, nodes[0], nodes[1], nodes[2])
		w.until(1000 * time.Millisecond)
		if got := asked(); got != [3]int{1, 3, 0} {
			t.Errorf("the first is down: asked %v times", got)
		}
		down([3]bool{false, true, false})
		w.until(2000 * time.Millisecond)
		if got := asked(); got != [3]int{0, 1, 2} {
			t.Errorf("the second is down: asked %v times", got)
		}
		down([3]bool{true, true, true})
		w.until(11 * time.Second)
		if got := asked(); got != [3]int{10, 10, 10} {
			t.Errorf("all are down: asked %v times", got)
		}
		down([3]bool{})
		for _, n := range nodes {
			n.save(nil)
		}
		w.until(12 * time.Second)
		if blocks := w.end(); len(blocks) != 1 || blocks[0].Height != 101 {
			t.Errorf("all are back: blocks are %+v", blocks)
		}
	})
}

// A node that answers but lacks what was read already is no node to rely on.
func TestObserverLeavesANodeBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		first, second := newFakeNode(100), newFakeNode(98)
		var failing atomic.Bool
		first.fail = func(string) error {
			if failing.Load() {
				return errDown
			}
			return nil
		}
		w := observe(t, first, second)
		w.until(500 * time.Millisecond)
		failing.Store(true)
		w.until(1100 * time.Millisecond) // the second is asked now
		failing.Store(false)
		first.save(nil)
		w.until(2 * time.Second)
		first.save(nil)
		w.until(3 * time.Second)
		blocks := w.end()
		if len(blocks) != 2 || blocks[1].Height != 102 {
			t.Errorf("blocks are %+v", blocks)
		}
		if calls := second.called(); len(calls) > 2 {
			t.Errorf("the node that is behind was asked %d times", len(calls))
		}
	})
}

// Going on with blocks of another network would be wrong.
func TestObserverNetworkChanged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := newFakeNode(100)
		w := observe(t, node)
		defer w.stop()
		node.save(nil)
		node.save(nil)
		node.change(102, func(b *factomd.DirectoryBlock) { b.NetworkID = 0xfa92e5a2 })
		err := <-w.ended
		if !errors.Is(err, ErrNetworkChanged) || !strings.Contains(err.Error(), "block 102 is of network fa92e5a2, not fa92e5a4") {
			t.Errorf("ended with %v", err)
		}
		if _, blocks, _ := w.record(); len(blocks) != 1 {
			t.Errorf("blocks are %+v", blocks)
		}
	})
}

// An entry block that is another's confirms nothing.
func TestObserverChecksEntryBlocks(t *testing.T) {
	for name, change := range map[string]func(*factomd.EntryBlock){
		"chain":  func(b *factomd.EntryBlock) { b.ChainID = testHash('x', 1) },
		"height": func(b *factomd.EntryBlock) { b.Height = 7 },
	} {
		synctest.Test(t, func(t *testing.T) {
			node := newFakeNode(100)
			w := observe(t, node)
			w.plan(0, SetupPhase, KindChain, 0)
			w.submit(0, 1, nil)
			node.save(map[factomd.Hash][]factomd.Hash{chainHash(0): {entryHash(0)}})
			node.changeEntries(change)
			w.until(5 * time.Second)
			if blocks := w.end(); len(blocks) != 0 || w.Counts().Confirmed != 0 {
				t.Errorf("another %s: blocks are %+v", name, blocks)
			}
		})
	}
}

// A hint has the observer look at once, and hints that come together count once.
func TestObserverWakes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := newFakeNode(100)
		w := observe(t, node)
		w.until(310 * time.Millisecond)
		node.save(nil)
		node.called()
		w.Wake()
		synctest.Wait()
		if diff := cmp.Diff([]string{"minute", "block"}, node.called()); diff != "" {
			t.Errorf("requests (-want +got):\n%s", diff)
		}
		node.setDelay(50 * time.Millisecond)
		w.Wake()
		synctest.Wait()
		for range 5 {
			w.Wake()
		}
		w.until(500 * time.Millisecond)
		if calls := node.called(); len(calls) != 2 {
			t.Errorf("hints made %v", calls)
		}
		if blocks := w.end(); len(blocks) != 1 || blocks[0].Seen != 310*ms {
			t.Errorf("blocks are %+v", blocks)
		}
		if r := w.Resolution(); r != 10*time.Millisecond {
			t.Errorf("resolution is %v", r)
		}
	})
}

// The resolution is the longest time from a poll that did not see a block to the
// answer of the one that did.
func TestObserverResolution(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := newFakeNode(100)
		node.delay = 40 * time.Millisecond
		w := observe(t, node)
		w.until(10 * time.Second)
		if r := w.Resolution(); r != 0 {
			t.Errorf("before any block it is %v", r)
		}
		node.save(nil)
		w.until(20 * time.Second)
		if r := w.Resolution(); r != pollInterval+40*time.Millisecond {
			t.Errorf("with a node that takes 40 ms to answer it is %v", r)
		}
		node.setDelay(2 * time.Second)
		w.until(30 * time.Second)
		node.save(nil)
		w.until(40 * time.Second)
		if r := w.Resolution(); r < 4*time.Second || r > 4*time.Second+pollInterval {
			t.Errorf("with a node that takes 2 s to answer it is %v", r)
		}
		w.end()
	})
}

// What an observer costs a node grows with blocks and own chains, not with
// entries: a call a poll, fewer than 4 a second, and for each block one and one
// for each own chain that it touches.
func TestObserverRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := newFakeNode(100)
		w := observe(t, node)
		const chains, blocks, entries = 5, 60, 1000
		for i := range uint64(chains) {
			w.plan(i, SetupPhase, KindChain, 0)
			w.submit(i, 1, nil)
		}
		w.plan(chains, 1, KindChain, 0) // its entry block need not be read
		w.submit(chains, 1, nil)
		touched := 0
		for b := range blocks {
			w.until(time.Duration(b+1) * 10 * time.Second)
			got := map[factomd.Hash][]factomd.Hash{testHash('x', 1): {testHash('x', 2)}}
			if b == 0 {
				got[chainHash(chains)] = []factomd.Hash{entryHash(chains)}
			}
			for c := range uint64(b % (chains + 1)) {
				list := make([]factomd.Hash, entries)
				for i := range list {
					list[i] = testHash('y', uint64(i))
				}
				got[chainHash(c)] = append(list, entryHash(c))
				touched++
			}
			node.save(got)
		}
		w.until((blocks + 1) * 10 * time.Second)
		w.end()
		if n := w.Counts().Confirmed; n != chains+1 {
			t.Errorf("%d entries are confirmed", n)
		}
		requests := map[string]int{}
		for _, c := range node.called() {
			requests[c]++
		}
		if requests["block"] != blocks || requests["entries"] != touched {
			t.Errorf("%d block requests for %d blocks, %d entry block requests for %d chains touched",
				requests["block"], blocks, requests["entries"], touched)
		}
		if perSecond := float64(requests["minute"]) / ((blocks + 1) * 10); perSecond >= 4 || perSecond < 3 {
			t.Errorf("%g polls a second", perSecond)
		}
	})
}

// A node that is slow to answer is not asked more often for it.
func TestObserverOfASlowNode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		node := newFakeNode(100)
		node.delay = 2 * time.Second
		w := observe(t, node)
		w.until(100 * time.Second)
		w.end()
		if n := len(node.called()); n > 51 {
			t.Errorf("%d polls in 100 s", n)
		}
		if !slices.Equal(w.opts.Nodes, []Node{node}) {
			t.Error("the nodes have changed")
		}
	})
}
