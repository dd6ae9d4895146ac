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
// that may have reached it, or that were seen in a process list, and that are
// not in a block, as long as a block to come could hold them. What a node refused
// it may have taken all the same, but not when its commit was refused and no reveal
// was sent; that is awaited for the two blocks after its answer. Entries that are
// accepted already do not count with untilAccepted. It also returns when the
// newest own confirmation was seen, or [Never].
//
// It passes over everything outstanding; call it a few times a second at most.
func (c *Collector) Awaited(untilAccepted bool) (n int, lastOwn int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.awaited(untilAccepted, func(*life) bool { return true }), c.lastOwn
}

// Owed returns how many of the entries that are awaited the API took, or a process
// list held. The others failed and left no trace: they may never have come to a
// node.
func (c *Collector) Owed() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.awaited(false, func(l *life) bool { return l.result == success || l.accepted != Never })
}

// Gone returns how many entries are lost for sure by now: a process list held
// them, and the two saved blocks that could hold them lack them. Those that left no
// trace are not among them, as only the audit can tell.
//
// It passes over everything outstanding; call it a few times a second at most.
func (c *Collector) Gone() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.lives {
		if l := &c.lives[i]; l.inUse && l.result == success && l.accepted != Never && l.confirmed == Never && c.missed(l) {
			n++
		}
	}
	return n
}

// SavedSince reports whether a block was read that was saved after an instant.
func (c *Collector) SavedSince(at int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	base, known := c.heightAt(at)
	return known && c.scanned > base
}

func (c *Collector) awaited(untilAccepted bool, counts func(*life) bool) (n int) {
	for i := range c.lives {
		l := &c.lives[i]
		if !l.inUse || l.sent == Never || l.confirmed != Never || !counts(l) {
			continue
		}
		if l.accepted == Never && l.result == rejection && (!l.doubtful || c.passed(c.doubted)) {
			continue
		}
		if l.accepted != Never && (untilAccepted || c.missed(l)) {
			continue
		}
		n++
	}
	return n
}

// missed reports whether the two saved blocks that could hold an accepted entry
// were read, and lack it. A message in a process list belongs to the block that
// is being built, or to the next one while a block is being saved
// (factom-protocol.md, section 4; factomd state/stateConsensus.go, ProcessEOM,
// does not let a process list get past its first minute before the block below
// it is saved), so these are the two that follow the saved height at the
// acceptance.
func (c *Collector) missed(l *life) bool { return c.passed(l.accepted) }

// passed reports whether the two saved blocks that could hold an entry which was
// in a process list at an instant were read.
func (c *Collector) passed(at int64) bool {
	base, known := c.heightAt(at)
	return known && uint64(c.scanned) >= uint64(base)+2
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
	Endpoint int  // that took it
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
			missing = append(missing, Missing{Ref: Ref(i), Hash: l.hash, Endpoint: int(l.endpoint), Commit: l.commit, Accepted: l.accepted != Never})
		}
	}
	sort.Slice(missing, func(a, b int) bool {
		return c.lives[missing[a].Ref].index < c.lives[missing[b].Ref].index
	})
	return missing
}

// Unpaid returns the entries that are in no block and whose commits were not
// seen, whatever the API said of them: it can refuse, or not answer, and take
// the payment.
func (c *Collector) Unpaid() map[factomd.Hash]struct{} {
	c.mu.Lock()
	defer c.mu.Unlock()
	unpaid := map[factomd.Hash]struct{}{}
	for i := range c.lives {
		l := &c.lives[i]
		if l.inUse && l.result != unanswered && l.sent != Never && l.confirmed == Never && !l.commit {
			unpaid[l.hash] = struct{}{}
		}
	}
	return unpaid
}

// Audited tells what the audit found out about a missing entry.
func (c *Collector) Audited(m Missing) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := &c.lives[m.Ref]
	l.asked = true
	l.commit = l.commit || m.Commit
	l.listed = l.listed || m.Accepted && l.accepted == Never
}

// Listed returns how many entries the audit found in a process list that are in
// no block yet.
func (c *Collector) Listed() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.lives {
		if l := &c.lives[i]; l.inUse && l.listed && l.confirmed == Never {
			n++
		}
	}
	return n
}

// Unasked returns how many missing entries the audit did not get to ask for.
func (c *Collector) Unasked() (n int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range c.lives {
		l := &c.lives[i]
		if l.inUse && l.result == success && l.confirmed == Never && l.accepted == Never && !l.asked {
			n++
		}
	}
	return n
}

// Overdue reports whether the blocks were read that could hold what the audit,
// which ended at an instant, found in a process list. If so, what is in none of
// them is lost.
func (c *Collector) Overdue(audited int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.overdue = c.passed(audited)
	return c.overdue
}

// CutOff tells that the wait ended before its time: an entry without a trace is
// then lost only if the two blocks after its sending were read.
func (c *Collector) CutOff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cutOff = true
}

// Finish gives every entry that has no outcome yet the one that it earned,
// completes the record and returns how many entries were planned. All
// submissions must be over, and nothing more may be told.
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
		if len(c.w.buf) >= maxFrame/2 {
			c.flush() // its error sticks
		}
	}
	c.w.end(c.counts.Planned)
	return c.counts.Planned, c.flush()
}

// verdict returns the outcome of an entry that is in no block. The stage of one
// that was refused or failed says whether it is paid for all the same.
//
// What the audit could not ask for, because the node did not answer or time ran
// out, may well be on the chain, and what was sent just before the wait was cut
// off may not have come to the node's attention: that is not called lost.
func (c *Collector) verdict(l *life) (Outcome, Stage) {
	unseen := NoStage
	if l.commit {
		unseen = StageReveal
	}
	switch {
	case l.listed && !c.overdue, l.accepted != Never && !c.missed(l):
		return Accepted, NoStage
	case l.result == rejection:
		return Rejected, unseen
	case l.result == failure:
		return Failed, unseen
	case l.listed, l.accepted != Never:
		return Lost, StageAccepted
	case !l.asked, c.cutOff && !c.passed(l.sent):
		return Failed, unseen
	case l.commit:
		return Lost, StageReveal
	default:
		return Lost, StageCommit
	}
}
