package results

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// What checks may cost a node, and the harness.
const (
	checkRate    = 2.0 // requests a second
	checkBurst   = 4.0 // of them at once, after a pause
	checkTimeout = 10 * time.Second

	leastWaiting = 16      // checks that may wait for their turn at least; others are twice a block's
	maxHashes    = 1 << 18 // hashes of what waits, 8 MiB
	maxDoubts    = 100
)

// A CheckedNode is what a [Checker] asks of a node's API; [factomd.Client] has it.
type CheckedNode interface {
	Entry(context.Context, factomd.Hash) (factomd.Entry, error)
	RawEntryBlock(context.Context, factomd.Hash) (factomd.RawEntryBlock, error)
	Heights(context.Context) (factomd.Heights, error)
}

// CheckerOptions configures a [Checker].
type CheckerOptions struct {
	// Nodes are the observer's, and URLs theirs, in the same order: what a node's
	// block says is asked of the same node.
	Nodes []CheckedNode
	URLs  []string
	// Content is how many own entries of a block are read back, and Merkle how many
	// entry blocks that hold such entries are.
	Content, Merkle int
	// Seed is of what is drawn.
	Seed uint64
	// Height and KeyMR are the newest block's before the run.
	Height uint32
	KeyMR  factomd.Hash
	// Start is the run's start, from which instants are counted.
	Start time.Time
}

// A Checker finds out whether a node serves what its saved blocks commit to: entries
// byte for byte, and blocks by their key MRs. An [Observer] tells it of each block;
// the requests are made beside the observer's, a few for each block, however many
// entries it has. The nil Checker checks nothing.
type Checker struct {
	opts      CheckerOptions
	collector *Collector
	wake      chan struct{}
	allowed   allowance
	last      chainLink // the newest directory block, of the observer's goroutine alone

	mu      sync.Mutex
	counts  Integrity
	newest  uint32  // height that the observer has read
	waiting []claim // to be checked, the first next
	hashes  int     // that waiting lists
	doubts  []claim // of what was missing, to be checked again with a newer block
	busy    bool
	ended   bool
}

// A chainLink is what the next directory block has to name.
type chainLink struct {
	height      uint32
	keyMR, root factomd.Hash
}

// NewChecker returns a checker that tells c.
func NewChecker(c *Collector, o CheckerOptions) *Checker {
	c.DrawOwn(max(o.Content, o.Merkle), o.Seed)
	return &Checker{
		opts: o, collector: c, wake: make(chan struct{}, 1), newest: o.Height,
		last: chainLink{o.Height, o.KeyMR, o.KeyMR},
	}
}

// Counts returns what was checked so far.
func (c *Checker) Counts() Integrity {
	if c == nil {
		return Integrity{}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// Left returns how many checks are still to be made, and how many of them wait for a
// newer block.
func (c *Checker) Left() (all, doubts int) {
	if c == nil {
		return 0, 0
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	all, doubts = len(c.waiting)+len(c.doubts), len(c.doubts)
	if c.busy {
		all++
	}
	return all, doubts
}

// saved tells of a directory block that was read from a node. It never waits.
func (c *Checker) saved(node int, s *scan) {
	if c == nil {
		return
	}
	own := c.collector.drawnOwn()
	if c.opts.Merkle > 0 {
		c.directory(node, &s.block)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.newest = s.Height
	var blocks []factomd.Hash
	for _, d := range own[:min(len(own), c.opts.Merkle)] {
		ref := s.holder(d)
		if !slices.Contains(blocks, ref.KeyMR) {
			blocks = append(blocks, ref.KeyMR)
			c.queue(claim{node: node, height: s.Height, hash: d.hash, chain: ref.ChainID, merkle: true, block: ref.KeyMR, listed: s.listed(d)})
		}
	}
	for _, d := range own[:min(len(own), c.opts.Content)] {
		c.queue(claim{node: node, height: s.Height, hash: d.hash, chain: s.holder(d).ChainID})
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// queue has a claim wait for its turn, if there is room. Entry blocks, which are few,
// go before entries: where there is no time for all, it is entries that are left out.
func (c *Checker) queue(a claim) {
	room := max(leastWaiting, 2*(c.opts.Content+c.opts.Merkle))
	if c.ended || len(c.waiting) >= room || len(a.listed) > factomd.MaxRawEntries || c.hashes+len(a.listed) > maxHashes {
		c.counts.add(&a, false)
		return
	}
	a.listed = slices.Clone(a.listed) // it is a part of all that the block lists
	c.hashes += len(a.listed)
	if a.merkle {
		c.waiting = slices.Insert(c.waiting, 0, a)
	} else {
		c.waiting = append(c.waiting, a)
	}
}

// directory checks a directory block, which takes no request.
func (c *Checker) directory(node int, b *factomd.DirectoryBlock) {
	before := c.last
	c.last = chainLink{b.Height, b.KeyMR, b.Root}
	detail := ""
	switch {
	case b.Root.IsZero():
	case b.Root != b.KeyMR:
		detail = fmt.Sprintf("the parts of directory block %d come to the key MR %s, not to its own %s", b.Height, b.Root, b.KeyMR)
	case before.height+1 == b.Height && b.Previous != before.keyMR && b.Previous != before.root:
		// A key MR that was wrong is a finding already.
		detail = fmt.Sprintf("directory block %d follows a block with the key MR %s, and block %d has %s", b.Height, b.Previous, before.height, before.keyMR)
	}
	if detail != "" {
		c.found(WrongMerkleRoot, "dblock-by-height", c.opts.URLs[node]+": "+detail)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if b.Root.IsZero() {
		c.counts.BlocksUnchecked++
	} else {
		c.counts.BlocksChecked++
	}
}

func (c *Checker) found(kind FindingKind, method, detail string) {
	c.collector.Found(Finding{At: int64(time.Since(c.opts.Start)), Kind: kind, Name: method, Detail: factomd.Printable(detail, maxErrorText)})
}

// Run makes the requests until ctx ends. What is left then is unchecked.
func (c *Checker) Run(ctx context.Context) {
	for {
		a, ok := c.next()
		if ok {
			c.check(ctx, a)
			continue
		}
		select {
		case <-ctx.Done():
			c.end()
			return
		case <-c.wake:
		}
	}
}

// end gives up what is left.
func (c *Checker) end() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ended = true
	for _, a := range slices.Concat(c.waiting, c.doubts) {
		c.counts.add(&a, false)
	}
	c.waiting, c.doubts, c.hashes = nil, nil, 0
}

// next takes what is to be checked now: first of all what was missing a block ago.
func (c *Checker) next() (a claim, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if i := slices.IndexFunc(c.doubts, func(d claim) bool { return d.missed < c.newest }); i >= 0 {
		a, ok = c.doubts[i], true
		c.doubts = slices.Delete(c.doubts, i, i+1)
	} else if len(c.waiting) > 0 {
		a, ok = c.waiting[0], true
		c.waiting = slices.Delete(c.waiting, 0, 1)
		c.hashes -= len(a.listed)
	}
	c.busy = ok
	return a, ok
}

// check makes one check, and puts on record what it finds.
func (c *Checker) check(ctx context.Context, a claim) {
	verdict := c.ask(ctx, &a)
	if verdict.kind != "" && !verdict.doubtful {
		c.found(verdict.kind, a.method(), fmt.Sprintf("%s: %s: %s", c.opts.URLs[a.node], a.String(), verdict.detail))
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.busy = false
	if verdict.doubtful && len(c.doubts) < maxDoubts {
		a.missed = max(c.newest, a.height)
		c.doubts = append(c.doubts, a)
		return
	}
	c.counts.add(&a, verdict.known && !verdict.doubtful)
}

// ask asks the node for what is claimed, and judges the answer.
func (c *Checker) ask(ctx context.Context, a *claim) verdict {
	node, missing, other := c.opts.Nodes[a.node], MissingEntry, WrongContent
	if a.merkle {
		missing, other = MissingBlock, WrongMerkleRoot
	}
	var entry factomd.Entry
	var block factomd.RawEntryBlock
	err := c.request(ctx, func(ctx context.Context) (err error) {
		if a.merkle {
			block, err = node.RawEntryBlock(ctx, a.block)
		} else {
			entry, err = node.Entry(ctx, a.hash)
		}
		return err
	})
	var failure *factomd.Failure
	switch rejected, code, _ := factomd.Classify(err); {
	case err == nil && a.merkle:
		return a.judgeBlock(&block)
	case err == nil:
		return a.judgeEntry(&entry)
	case errors.Is(err, factomd.ErrWrongReply) && errors.As(err, &failure):
		return wrong(other, "%v", failure)
	case !rejected || code != factomd.CodeNotFound:
		return verdict{} // it did not answer, or with an error of its own
	}
	v := wrong(missing, "the node says that there is none")
	v.doubtful = a.missed == 0 || !c.hasAll(ctx, a)
	return v
}

// hasAll reports whether the node says that it has the entries up to a claim's block.
// It may still be in its second pass, which fetches them.
func (c *Checker) hasAll(ctx context.Context, a *claim) bool {
	var have factomd.Heights
	err := c.request(ctx, func(ctx context.Context) (err error) {
		have, err = c.opts.Nodes[a.node].Heights(ctx)
		return err
	})
	return err == nil && min(have.Saved, have.EntryBlock, have.Entry) >= a.height
}

// request makes a request once it may be made.
func (c *Checker) request(ctx context.Context, f func(context.Context) error) error {
	if !c.allowed.take(ctx) {
		return ctx.Err()
	}
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	return f(ctx)
}
