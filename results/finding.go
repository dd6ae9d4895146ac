package results

import (
	"fmt"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// A Finding is something that a node did and must not do.
type Finding struct {
	At     int64 // when it was seen, nanoseconds since the run's start
	Kind   FindingKind
	Name   string // of the calls that brought it to light, or the method
	Detail string // printable and bounded
}

// FindingKind says what sort of thing a node did.
type FindingKind string

// The kinds of findings. That of a wrong answer follows from the call itself,
// and is no record of its own.
const (
	WrongAnswer    FindingKind = "wrong-answer"    // it answered a call as it must not
	ForbiddenEntry FindingKind = "forbidden-entry" // it wrote an entry that nobody paid for, or that is not valid
	RepeatedEntry  FindingKind = "repeated-entry"  // it wrote an entry twice that it was given twice

	// Those of checks: what it serves is not what its saved blocks commit to.
	WrongContent    FindingKind = "wrong-content"     // it served other bytes for an entry, or lists one of another chain
	MissingEntry    FindingKind = "missing-entry"     // it has not an entry that a saved block lists
	MissingBlock    FindingKind = "missing-block"     // it has not an entry block that a directory block lists
	WrongMerkleRoot FindingKind = "wrong-merkle-root" // a block's parts do not come to its key MR, or it does not follow the one before
)

// OfIntegrity reports whether nothing that the node serves can be relied on.
func (k FindingKind) OfIntegrity() bool {
	switch k {
	case WrongContent, MissingEntry, MissingBlock, WrongMerkleRoot:
		return true
	}
	return false
}

// Found puts a finding on record.
func (c *Collector) Found(f Finding) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.w.finding(f)
}

// maxWatched is how many entries that are not of the load are watched for at
// most, about 30 MB; the oldest are forgotten first. A node drops what it holds
// after an hour (factom-protocol.md, section 2), in which 70 calls a second
// bring so many.
const maxWatched = 1 << 18

// watchlist has the entries of hostile calls: what must not be in a block, or not
// twice, and what is in none of the counts.
type watchlist struct {
	entries map[factomd.Hash]watched
	order   []factomd.Hash // of the entries, the oldest at next once it is full
	next    int
	limit   int
}

type watched struct {
	name    string
	allowed bool // in one block, once
	seen    bool
}

func (l *watchlist) add(hash factomd.Hash, w watched) {
	if len(l.order) < l.limit {
		l.order = append(l.order, hash)
	} else {
		delete(l.entries, l.order[l.next])
		l.order[l.next] = hash
		l.next = (l.next + 1) % l.limit
	}
	l.entries[hash] = w
}

// Forbid tells of an entry that is not of the load, of calls with a name, and
// must never be in a block. Of the most that are watched for the oldest is
// forgotten. The entry's chain must be one of the setup's.
func (c *Collector) Forbid(hash factomd.Hash, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch.add(hash, watched{name: name})
}

// Allow tells of an entry that is not of the load, as [Collector.Forbid] does,
// and may be in a block, once.
func (c *Collector) Allow(hash factomd.Hash, name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.watch.add(hash, watched{name: name, allowed: true})
}

// Watched reports whether an entry is of a hostile call, and not forgotten.
func (c *Collector) Watched(hash factomd.Hash) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.watch.entries[hash]
	return ok
}

// watches reports whether an entry of a block is watched for, and puts on record
// what is wrong with its being there.
func (c *Collector) watches(hash factomd.Hash, s *Sighting) bool {
	w, ok := c.watch.entries[hash]
	if !ok {
		return false
	}
	f := Finding{At: s.Seen, Name: w.name, Detail: fmt.Sprintf("entry %s is in block %d", hash, s.Height)}
	switch {
	case !w.allowed:
		f.Kind = ForbiddenEntry
		c.w.finding(f)
	case w.seen:
		f.Kind = RepeatedEntry
		f.Detail += " again"
		c.w.finding(f)
	default:
		w.seen = true
		c.watch.entries[hash] = w
	}
	return true
}

// Passed reports whether the two saved blocks were read that could hold what was
// in a process list at an instant.
func (c *Collector) Passed(at int64) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.passed(at)
}
