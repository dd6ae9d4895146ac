package results

import (
	"fmt"
	"sort"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// Setup says how many entries of the setup phase are in no process list and no
// block yet, and how many of those were refused or broke.
func (c *Collector) Setup() (pending, broken int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.lives {
		l := &c.lives[i]
		if !l.inUse || !l.setup || l.accepted != Never || l.confirmed != Never {
			continue
		}
		pending++
		if l.result == rejection || l.result == failure {
			broken++
		}
	}
	return pending, broken
}

// Awaited returns how many entries can still move: those that the API took, or
// that may have reached it, and that are not in a block, as long as a block to
// come could hold them. Entries that are accepted already do not count with
// untilAccepted. It also returns when the newest own confirmation was seen, or
// [Never].
//
// It passes over everything outstanding; call it once a block or once a second.
func (c *Collector) Awaited(untilAccepted bool) (n int, lastOwn int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.lives {
		l := &c.lives[i]
		if !l.inUse || l.sent == Never || l.confirmed != Never || l.result == rejection {
			continue
		}
		if l.accepted != Never && (untilAccepted || c.missed(l)) {
			continue
		}
		n++
	}
	return n, c.lastOwn
}

// missed reports whether the two saved blocks that could hold an accepted entry
// were read, and lack it. A message in a process list belongs to the block that
// is being built, or to the next one while a block is being saved
// (factom-protocol.md, section 4), so these are the two that follow the saved
// height at the acceptance.
func (c *Collector) missed(l *life) bool {
	base, known := c.heightAt(l.accepted)
	return known && c.scanned >= base+2
}

// heightAt returns a saved height that the node had reached after an instant,
// but not long after: that of the first poll sent later. An entry that was in a
// process list at the instant is in no block above it by more than two.
func (c *Collector) heightAt(at int64) (height uint32, known bool) {
	i := sort.Search(len(c.heights), func(i int) bool { return c.heights[i].last > at })
	if i == len(c.heights) {
		return 0, false
	}
	return c.heights[i].height, true
}

// A Missing entry was taken by the API and is in no block that was read.
type Missing struct {
	Ref      Ref
	Hash     factomd.Hash
	Commit   bool // its commit was seen
	Accepted bool
}

// Missing lists the entries that the API took and that no block has, in planned
// order.
func (c *Collector) Missing() []Missing {
	c.mu.Lock()
	defer c.mu.Unlock()
	var missing []Missing
	for i := range c.lives {
		l := &c.lives[i]
		if l.inUse && l.result == success && l.confirmed == Never {
			missing = append(missing, Missing{Ref: Ref(i), Hash: l.hash, Commit: l.commit, Accepted: l.accepted != Never})
		}
	}
	sort.Slice(missing, func(a, b int) bool {
		return c.lives[missing[a].Ref].index < c.lives[missing[b].Ref].index
	})
	return missing
}

// Audited tells what the audit found out about a missing entry.
func (c *Collector) Audited(m Missing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := &c.lives[m.Ref]
	l.commit = l.commit || m.Commit
	l.listed = l.listed || m.Accepted && l.accepted == Never
}

// Finish gives every entry that has no outcome yet the one that it earned,
// completes the record and returns how many entries were planned. All
// submissions must be over.
func (c *Collector) Finish() (planned uint64, err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.lives {
		l := &c.lives[i]
		if !l.inUse {
			continue
		}
		if l.result == unanswered {
			return c.counts.Planned, fmt.Errorf("entry %d was never told to be over", l.index)
		}
		o, stage := c.verdict(l)
		c.w.outcome(l.index, o, stage)
		c.release(Ref(i))
	}
	c.w.end(c.counts.Planned)
	return c.counts.Planned, c.flush()
}

// verdict returns the outcome of an entry that is in no block.
func (c *Collector) verdict(l *life) (Outcome, Stage) {
	switch {
	case l.result == rejection:
		return Rejected, NoStage
	case l.result == failure:
		return Failed, NoStage
	case l.accepted != Never && c.missed(l):
		return Lost, StageAccepted
	case l.accepted != Never || l.listed:
		return Accepted, NoStage
	case l.commit:
		return Lost, StageReveal
	default:
		return Lost, StageCommit
	}
}
