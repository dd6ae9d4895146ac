package run

import (
	"context"
	"sync"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// targets are what queries can ask for: what the API took from the run, and what
// the observer saw in saved blocks. The newest of each kind are kept, as people
// look for what has just happened.
//
// With several endpoints, what is in the newest block is not asked for yet: the
// observer reads that of one node, and the others may save it a moment later.
type targets struct {
	mu      sync.Mutex
	lagging bool                 // there are other endpoints than the observer's
	taken   ring[factomd.Hash]   // own entries, answered with success
	chains  []factomd.Hash       // of the setup
	newest  uint32               // height of the newest block that was seen
	unsaved []func()             // what its successor makes known
	saved   ring[factomd.Hash]   // entries in saved blocks
	blocks  ring[entryBlock]     // in saved blocks
	heights ring[directoryBlock] // saved
}

// A named thing is an entry or a chain, and whether every node must know it.
type named struct {
	hash  factomd.Hash
	saved bool
}

// An entryBlock is a chain's part of the directory block of a height.
type entryBlock struct {
	factomd.BlockRef
	height uint32
}

// A directoryBlock is a saved one. Its key MR is zero if nobody has looked.
type directoryBlock struct {
	height uint32
	keyMR  factomd.Hash
}

// newTargets knows the block below the one that was saved last at the start.
func newTargets(saved uint32, lagging bool) *targets {
	t := &targets{lagging: lagging, newest: saved}
	t.heights.add(directoryBlock{height: max(saved, 1) - 1})
	return t
}

// took tells of an own entry that the API took.
func (t *targets) took(entry factomd.Hash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.taken.add(entry)
}

// made tells of the chains of the setup, when they are in a process list.
func (t *targets) made(chains []factomd.Hash) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.chains = chains
}

// sawBlock tells of a directory block that the observer read.
func (t *targets) sawBlock(b factomd.DirectoryBlock) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if b.Height <= t.newest {
		return // another node is asked, and was asked for it before
	}
	for _, known := range t.unsaved {
		known()
	}
	t.unsaved, t.newest = nil, b.Height
	t.know(func() {
		t.heights.add(directoryBlock{b.Height, b.KeyMR})
		for _, c := range b.Chains {
			if !factomd.IsSystemChain(c.ChainID) {
				t.blocks.add(entryBlock{c, b.Height})
			}
		}
	})
}

// sawEntries tells of entries in the newest block.
func (t *targets) sawEntries(entries []factomd.Hash) {
	entries = entries[max(0, len(entries)-ringSize):]
	t.mu.Lock()
	defer t.mu.Unlock()
	t.know(func() {
		for _, e := range entries {
			t.saved.add(e)
		}
	})
}

// know has f make something of the newest block known, now or with the next.
func (t *targets) know(f func()) {
	if t.lagging {
		t.unsaved = append(t.unsaved, f)
		return
	}
	f()
}

// entry draws a saved entry or one that was taken, by even chances where there
// are both.
func (t *targets) entry(d *generator.Draw) (named, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return either(d, t.saved.items, t.taken.items, func(e factomd.Hash) factomd.Hash { return e })
}

// chain draws a chain that has a saved block, or one of the setup's, likewise.
func (t *targets) chain(d *generator.Draw) (named, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return either(d, t.blocks.items, t.chains, func(b entryBlock) factomd.Hash { return b.ChainID })
}

func either[T any](d *generator.Draw, saved []T, others []factomd.Hash, hash func(T) factomd.Hash) (named, bool) {
	first := d.Below(2) == 0
	switch {
	case len(saved) > 0 && (first || len(others) == 0):
		return named{hash(saved[d.Below(len(saved))]), true}, true
	case len(others) > 0:
		return named{others[d.Below(len(others))], false}, true
	}
	return named{}, false
}

// entryBlock draws a saved entry block.
func (t *targets) entryBlock(d *generator.Draw) (entryBlock, bool) { return draw(t, d, &t.blocks) }

// directoryBlock draws a saved directory block.
func (t *targets) directoryBlock(d *generator.Draw) (directoryBlock, bool) {
	return draw(t, d, &t.heights)
}

func draw[T any](t *targets, d *generator.Draw, of *ring[T]) (one T, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(of.items) == 0 {
		return one, false
	}
	return of.items[d.Below(len(of.items))], true
}

// ringSize is how many targets of a kind are kept.
const ringSize = 512

// A ring keeps the newest of what is added to it.
type ring[T any] struct {
	items []T
	next  int // the oldest, once it is full
}

func (r *ring[T]) add(item T) {
	if len(r.items) < ringSize {
		r.items = append(r.items, item)
		return
	}
	r.items[r.next] = item
	r.next = (r.next + 1) % ringSize
}

// watched has the queries told of what the observer reads, if there are any.
func (r *run) watched(nodes []results.Node) []results.Node {
	if r.queries == nil {
		return nodes
	}
	for i, n := range nodes {
		nodes[i] = watchedNode{n, r.queries.targets}
	}
	return nodes
}

// A watchedNode is a node whose blocks become targets.
type watchedNode struct {
	results.Node
	targets *targets
}

func (n watchedNode) DirectoryBlock(ctx context.Context, height uint32) (factomd.DirectoryBlock, error) {
	b, err := n.Node.DirectoryBlock(ctx, height)
	if err == nil {
		n.targets.sawBlock(b)
	}
	return b, err
}

func (n watchedNode) EntryBlock(ctx context.Context, keyMR factomd.Hash) (factomd.EntryBlock, error) {
	b, err := n.Node.EntryBlock(ctx, keyMR)
	if err == nil {
		n.targets.sawEntries(b.Entries)
	}
	return b, err
}
