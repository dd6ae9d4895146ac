package results

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// BlockCommits says whose the commits are that the entry-credit block of a height
// lists: those for entries of the run, hostile calls' included, and of others.
type BlockCommits struct {
	Height  uint32 `json:"height"`
	Commits uint64 `json:"commits"`
	Others  uint64 `json:"others"`
}

// What a CommitWatch may cost. A node takes some 20 ms for a thousand commits.
const (
	commitsPatience = 5 * time.Second
	commitsShare    = 10 // of the time, the part in which it has a node work
	mostUncounted   = 3  // blocks
)

// A CommitsNode is asked for the commits of blocks; [factomd.Client] is one.
type CommitsNode interface {
	Commits(context.Context, uint32) ([]factomd.Hash, error)
}

// A CommitWatch finds out how much others write beside a run: it reads the
// entry-credit block of each saved directory block, with one request a block. It does
// so beside the [Observer], which waits for none of it. A block whose commits a node is
// slow to tell is left uncounted, and so are those that are saved while it rests after
// that.
type CommitWatch struct {
	nodes     []CommitsNode
	collector *Collector
	told      func(BlockCommits)
	wake      chan struct{}
	end       chan struct{} // closed by Settle

	current int // of nodes
	rested  time.Time
}

// NewCommitWatch has the collector keep what each block confirms until that is
// counted. Call it before the first block; told is called from Run.
func NewCommitWatch(c *Collector, nodes []CommitsNode, told func(BlockCommits)) *CommitWatch {
	c.uncounted.on = true
	return &CommitWatch{nodes: nodes, collector: c, told: told, wake: make(chan struct{}, 1), end: make(chan struct{})}
}

// Saved tells that the collector was told of a block.
func (w *CommitWatch) Saved() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run counts until ctx ends, or all is settled.
func (w *CommitWatch) Run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-w.end:
			return
		case <-w.wake:
		}
		for ctx.Err() == nil {
			height, due := w.collector.uncounted.first()
			if !due {
				break
			}
			if commits, ok := w.read(ctx, height); ok {
				if counted, ok := w.collector.countCommits(height, commits); ok {
					w.told(counted)
				}
			}
			w.collector.uncounted.forget(height)
		}
	}
}

// Settle waits until every block is counted or given up, or ctx ends. Nothing is
// counted after it: call it once.
func (w *CommitWatch) Settle(ctx context.Context) {
	defer close(w.end)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		if _, due := w.collector.uncounted.first(); !due {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// read asks for the commits of a block: one node, and others only where that one is
// quick to say that it does not have them.
func (w *CommitWatch) read(ctx context.Context, height uint32) (commits []factomd.Hash, ok bool) {
	began := time.Now()
	if began.Before(w.rested) {
		return nil, false
	}
	ctx, cancel := context.WithTimeout(ctx, commitsPatience)
	defer cancel()
	for range w.nodes {
		var err error
		if commits, err = w.nodes[w.current].Commits(ctx, height); err == nil {
			ok = true
			break
		}
		w.current = (w.current + 1) % len(w.nodes)
		if time.Since(began) > commitsPatience/10 {
			break
		}
	}
	took := time.Since(began)
	w.rested = began.Add(commitsShare * took)
	return commits, ok
}

// countCommits tells the commits of a block for own entries, those of hostile calls
// included, from others. It does so for the oldest uncounted block alone.
func (c *Collector) countCommits(height uint32, commits []factomd.Hash) (b BlockCommits, ok bool) {
	const atOnce = 1000
	rest := map[factomd.Hash]uint64{}
	for some := range slices.Chunk(commits, atOnce) {
		c.mu.Lock()
		for _, entry := range some {
			_, ours := c.byHash[entry]
			if _, watched := c.watch.entries[entry]; !ours && !watched {
				rest[entry]++
			}
		}
		c.mu.Unlock()
	}
	// What was found in a block since is kept by now.
	if !c.uncounted.subtract(height, rest) {
		return b, false
	}
	b = BlockCommits{Height: height, Commits: uint64(len(commits))}
	for _, n := range rest {
		b.Others += n
	}
	return b, true
}

// An uncounted has the entries that blocks confirmed whose commits are still to be
// counted: the collector itself forgets them. The zero one keeps nothing.
type uncounted struct {
	mu     sync.Mutex
	on     bool
	blocks []confirmedBlock // by height, the newest last
	spare  [][]factomd.Hash
}

type confirmedBlock struct {
	height  uint32
	entries []factomd.Hash
}

// begin opens a block, and gives up the oldest if there are too many.
func (u *uncounted) begin(height uint32) {
	if !u.on {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.blocks) >= mostUncounted {
		u.drop(1)
	}
	b := confirmedBlock{height: height}
	if n := len(u.spare); n > 0 {
		b.entries, u.spare = u.spare[n-1][:0], u.spare[:n-1]
	}
	u.blocks = append(u.blocks, b)
}

// add is told of an entry that the newest block confirms.
func (u *uncounted) add(entry factomd.Hash) {
	if !u.on {
		return
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	b := &u.blocks[len(u.blocks)-1]
	b.entries = append(b.entries, entry)
}

// first returns the height that is to be counted next.
func (u *uncounted) first() (height uint32, due bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.blocks) == 0 {
		return 0, false
	}
	return u.blocks[0].height, true
}

// forget lets go of the blocks up to a height. An entry's commit is in no later block
// than the entry.
func (u *uncounted) forget(height uint32) {
	u.mu.Lock()
	defer u.mu.Unlock()
	n := 0
	for n < len(u.blocks) && u.blocks[n].height <= height {
		n++
	}
	u.drop(n)
}

func (u *uncounted) drop(n int) {
	for _, b := range u.blocks[:n] {
		u.spare = append(u.spare, b.entries)
	}
	u.blocks = append(u.blocks[:0], u.blocks[n:]...)
}

// subtract takes the kept entries off a count by entry, unless those of the block at a
// height are no longer kept.
func (u *uncounted) subtract(height uint32, from map[factomd.Hash]uint64) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.blocks) == 0 || u.blocks[0].height != height {
		return false
	}
	for _, b := range u.blocks {
		for _, entry := range b.entries {
			delete(from, entry)
		}
	}
	return true
}
