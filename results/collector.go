package results

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// LateAfter is how long after its planned instant an entry may go out before it
// counts as late.
const LateAfter = 10 * time.Millisecond

// maxErrors is how many kinds of errors a record keeps apart, besides one for
// all other rejections and one for all other failures.
const maxErrors = 1000

// SetupPhase is the number of the phase that makes the chains for the load.
const SetupPhase = 0

// Planned is what is known of an entry before it is sent.
type Planned struct {
	Index    uint64
	Hash     factomd.Hash // zero for a slot that is skipped before it was composed
	Chain    factomd.Hash // of a new chain; an entry has its Parent's
	Kind     Kind
	Parent   int // index of the setup entry that made the entry's chain
	Phase    int
	Endpoint int
	Size     int
	Credits  int
	At       int64 // planned instant, nanoseconds since the run's start
}

// A Ref names a planned entry to the collector until its submission is told.
type Ref int32

// Submission is what became of an entry's commit and reveal calls. Instants are
// nanoseconds since the run's start, or [Never].
type Submission struct {
	Sent      int64
	Committed int64
	Revealed  int64
	Tried     bool // the reveal call was made, whatever became of it
	Retried   int  // times that what was not answered was sent again
	Late      bool
	Waited    bool
	Err       error // nil when both calls said success
}

// A Collector follows the entries of one run. Its methods may be called by
// several goroutines at once; each costs one short lock and no allocation once
// the run is under way.
type Collector struct {
	mu  sync.Mutex
	log io.Writer
	w   logWriter
	out []byte // scratch of flush
	err error  // the first failure to write the record; it sticks

	lives  []life
	free   []Ref
	byHash map[factomd.Hash]Ref
	setup  map[factomd.Hash]struct{} // chains made in the setup: their entry blocks are read
	begun  map[factomd.Hash]Ref      // of other chains: the entry that begins each, until it is confirmed
	begins map[Ref]factomd.Hash      // begun, the other way round
	errs   map[Error]int             // number of an error in the log
	watch  watchlist

	phases    []phaseStart
	callNames map[callName]int // number of a name in the log

	counts  Counts
	heights []heightSpan
	scanned uint32 // the newest block that was read, with all before it
	overdue bool   // what the audit found in a process list had its time
	lastOwn int64  // when the newest own confirmation was seen
	own     []uint64
	offer   func(factomd.Hash) bool
	doubted int64    // when the newest doubtful entry was answered
	cutOff  bool     // the wait was
	gauge   *gauge   // of one phase, or nil
	drawing *drawing // or nil
	feed    FeedCounts

	uncounted uncounted
}

// life is what is kept of an entry until it has both an outcome and a finished
// submission. There can be a million at once: keep it small.
type life struct {
	hash      factomd.Hash
	index     uint64
	planned   int64
	sent      int64
	accepted  int64
	confirmed int64
	heard     int64 // when a live feed said that it was accepted, until the instant of its sending is told
	endpoint  uint16
	phase     uint16
	changed   uint16 // senders of a live feed, a bit each, that told of one change of its state
	result    result
	inUse     bool
	setup     bool
	begins    bool // it begins a chain whose entry block is not read
	commit    bool // its commit was seen in a process list or in a block
	asked     bool // the audit asked for it
	listed    bool // the audit saw it in a process list
	followed  bool // it is in the acceptance sample
	doubtful  bool // it was refused, and its reveal may have been taken all the same
	expected  bool // a live feed is to tell of its acceptance
	told      bool // and did
}

// result is what the two calls of an entry said.
type result uint8

const (
	unanswered result = iota
	success
	rejection
	failure
)

// heightSpan is a stretch of polls that all saw the same saved height.
type heightSpan struct {
	height      uint32
	first, last int64 // when the first and the last of those polls was sent
}

// Counts says how far a run is, setup and unmeasured phases included. Errors
// that turn out on the chain later stay in Rejected and Failed here.
type Counts struct {
	Planned     uint64 // registered so far
	Submitted   uint64 // both calls ended, one way or the other
	Accepted    uint64
	Confirmed   uint64
	Rejected    uint64
	Failed      uint64
	Skipped     uint64
	Outstanding uint64 // answered with success, not in a saved block yet
}

// NewCollector returns a collector that writes its frames to log, one Write
// each.
func NewCollector(log io.Writer) *Collector {
	c := newCollector(log)
	_, c.err = io.WriteString(log, logMagic)
	return c
}

func newCollector(log io.Writer) *Collector {
	return &Collector{
		log:       log,
		byHash:    map[factomd.Hash]Ref{},
		setup:     map[factomd.Hash]struct{}{},
		begun:     map[factomd.Hash]Ref{},
		begins:    map[Ref]factomd.Hash{},
		errs:      map[Error]int{},
		callNames: map[callName]int{},
		watch:     watchlist{entries: map[factomd.Hash]watched{}, limit: maxWatched},
		lastOwn:   Never,
		doubted:   Never,
	}
}

// Offer has f told of every entry that the API took. It says whether the entry
// is in the acceptance sample: if a block has one of those before a call saw it
// accepted, the block is the first sight of that too. f must not call the
// collector. Call Offer before the first entry is sent.
func (c *Collector) Offer(f func(factomd.Hash) (followed bool)) { c.offer = f }

// Phase records phase number i.
func (c *Collector) Phase(i int, p Phase) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phases = append(c.phases, phaseStart{number: i, at: p.Start})
	c.w.phase(i, p)
	c.gauge.announced(i, p)
}

// Plan registers entries that may be sent from now on. They are on record
// before it returns: an entry that the record does not know was never sent. It
// appends a Ref for each to refs.
func (c *Collector) Plan(batch []Planned, refs []Ref) ([]Ref, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := range batch {
		p := &batch[i]
		if _, twice := c.byHash[p.Hash]; twice {
			return refs, fmt.Errorf("entry %d has the same bytes as another: the workload does not make distinct entries", p.Index)
		}
		refs = append(refs, c.add(p))
		c.counts.Planned++
		c.gaugeOf(uint16(p.Phase)).planned()
		c.w.planned(p)
	}
	return refs, c.flush()
}

// add begins to follow an entry.
func (c *Collector) add(p *Planned) Ref {
	ref := c.alloc()
	c.lives[ref] = life{
		hash: p.Hash, index: p.Index, planned: p.At,
		sent: Never, accepted: Never, confirmed: Never, heard: Never,
		endpoint: uint16(p.Endpoint), phase: uint16(p.Phase),
		inUse: true, setup: p.Phase == SetupPhase,
	}
	if p.Hash.IsZero() {
		return ref
	}
	c.byHash[p.Hash] = ref
	switch {
	case p.Kind == KindChain && p.Phase == SetupPhase:
		c.setup[p.Chain] = struct{}{}
	case p.Kind == KindChain:
		c.lives[ref].begins = true
		c.begun[p.Chain], c.begins[ref] = ref, p.Chain
	}
	return ref
}

func (c *Collector) alloc() Ref {
	if n := len(c.free); n > 0 {
		ref := c.free[n-1]
		c.free = c.free[:n-1]
		return ref
	}
	c.lives = append(c.lives, life{})
	return Ref(len(c.lives) - 1)
}

// release forgets an entry that has its outcome and whose submission is over.
func (c *Collector) release(ref Ref) {
	l := &c.lives[ref]
	delete(c.byHash, l.hash)
	if l.begins {
		delete(c.begun, c.begins[ref])
		delete(c.begins, ref)
	}
	*l = life{}
	c.free = append(c.free, ref)
}

// Submitted tells what became of an entry's calls. The Ref must not be used
// again.
func (c *Collector) Submitted(ref Ref, s Submission) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := &c.lives[ref]
	l.sent = s.Sent
	c.counts.Submitted++
	errID := 0
	if s.Err == nil {
		l.result = success
		if l.confirmed == Never {
			c.counts.Outstanding++
			l.followed = c.offer != nil && c.offer(l.hash)
		}
	} else {
		e := newError(s.Err)
		if e.Rejected {
			l.result = rejection
			c.counts.Rejected++
			if l.doubtful = s.Tried; s.Tried {
				c.doubted = max(c.doubted, s.Sent, s.Committed, s.Revealed)
			}
		} else {
			l.result = failure
			c.counts.Failed++
		}
		errID = c.errorID(e)
	}
	c.over(l)
	c.gaugeOf(l.phase).submitted(l, s)
	c.w.submitted(l.index, l.planned, s, errID)
	switch {
	case l.confirmed != Never:
		c.release(ref)
	case s.Sent == Never && l.result == failure && !l.setup:
		// Nothing of it can turn up. It is let go of at once: a node that is
		// down for hours must not fill the memory. The setup's are counted.
		c.w.outcome(l.index, Failed, NoStage)
		c.release(ref)
	}
}

func newError(err error) Error {
	rejected, code, message := factomd.Classify(err)
	return Error{Rejected: rejected, Code: code, Message: message}
}

// errorID returns the error's number in the log, from 1. A hostile node can
// make up a new text or code each time, so the number of kinds is bounded.
func (c *Collector) errorID(e Error) int {
	id, known := c.errs[e]
	if !known && len(c.errs) >= maxErrors {
		e = Error{Rejected: e.Rejected, Message: "(more kinds of errors than are kept apart)"}
		id, known = c.errs[e]
	}
	if !known {
		id = len(c.errs) + 1
		c.errs[e] = id
		c.w.error(id, e)
	}
	return id
}

// GiveUp tells that an entry was not sent because at an instant it was too late
// for it, and whether the in-flight limit had held it back. The Ref must not be
// used again.
func (c *Collector) GiveUp(ref Ref, at int64, waited bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l := &c.lives[ref]
	c.counts.Skipped++
	c.unsent(l)
	c.gaugeOf(l.phase).skipped(l, at, waited)
	c.w.givenUp(l.index, l.planned, at, waited)
	c.release(ref)
}

// Skip tells that an entry will not be sent because the run was stopped. The Ref
// must not be used again.
func (c *Collector) Skip(ref Ref) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.counts.Skipped++
	l := &c.lives[ref]
	c.unsent(l)
	c.gaugeOf(l.phase).skipped(l, Never, false)
	c.w.outcome(l.index, Skipped, NoStage)
	c.release(ref)
}

// Commit tells that a process list took the entry's commit.
func (c *Collector) Commit(entry factomd.Hash) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ref, ours := c.byHash[entry]; ours {
		c.lives[ref].commit = true
	}
}

// Accept tells that the entry was seen in a process list at an instant. Only
// the first sight counts.
func (c *Collector) Accept(entry factomd.Hash, at int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ref, ours := c.byHash[entry]
	if !ours {
		return
	}
	c.accept(&c.lives[ref], at)
}

func (c *Collector) accept(l *life, at int64) {
	if l.accepted == Never && l.confirmed == Never {
		c.acceptAt(l, at)
	}
}

func (c *Collector) acceptAt(l *life, at int64) {
	l.accepted, l.commit = at, true
	c.counts.Accepted++
	c.gaugeOf(l.phase).accepted(l)
	c.w.accepted(l.index, l.planned, at)
}

// Polled tells that a poll sent at an instant saw the node's saved height.
func (c *Collector) Polled(sent int64, saved uint32) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if n := len(c.heights); n > 0 && c.heights[n-1].height >= saved {
		c.heights[n-1].last = sent
		return
	}
	c.heights = append(c.heights, heightSpan{height: saved, first: sent, last: sent})
}

// Tracks reports whether the entry block of a chain must be read to find own
// entries. The first entry of any other own chain is found by the chain's id.
func (c *Collector) Tracks(chain factomd.Hash) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, ok := c.setup[chain]
	return ok
}

// Chains returns the chains that the setup was to make, in a fixed order.
func (c *Collector) Chains() []factomd.Hash {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.SortedFunc(maps.Keys(c.setup), func(a, b factomd.Hash) int { return bytes.Compare(a[:], b[:]) })
}

// A Sighting is what one saved directory block holds of the run's chains.
type Sighting struct {
	Height  uint32
	Seen    int64          // when the block was first seen saved
	Chains  []factomd.Hash // every chain that has an entry block in it
	Entries []factomd.Hash // of the entry blocks of the chains that the collector tracks
}

// Block tells of a saved directory block, and returns what the record has of it.
// Blocks come in order, without gaps.
func (c *Collector) Block(s Sighting) Block {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.own = c.own[:0]
	c.drawing.begin()
	c.uncounted.begin(s.Height)
	entries := uint64(len(s.Entries))
	for _, chain := range s.Chains {
		ref, ours := c.begun[chain]
		if !ours {
			continue
		}
		delete(c.begun, chain)
		entries++
		c.found(ref, s.Seen, drawn{c.lives[ref].hash, chain, -1})
	}
	for i, hash := range s.Entries {
		if ref, ours := c.byHash[hash]; ours {
			c.found(ref, s.Seen, drawn{hash: hash, place: i})
		} else if c.watches(hash, &s) {
			entries--
		}
	}
	b := Block{Height: s.Height, Seen: s.Seen, Entries: entries, Own: uint64(len(c.own))}
	c.w.block(b, c.own)
	c.gauge.saved(b, c.lives)
	c.scanned = s.Height
	if len(c.own) > 0 {
		c.lastOwn = s.Seen
	}
	return b
}

// found confirms an entry in the block that is being told of.
func (c *Collector) found(ref Ref, seen int64, where drawn) {
	l := &c.lives[ref]
	if l.confirmed != Never {
		return
	}
	c.drawing.offer(where)
	if l.followed {
		c.accept(l, seen)
	}
	l.confirmed = max(seen, l.planned) // a node can serve blocks of the future
	c.counts.Confirmed++
	c.gaugeOf(l.phase).confirmed(l)
	c.own = append(c.own, l.index)
	c.uncounted.add(l.hash)
	switch l.result {
	case unanswered: // its calls are still under way
		return
	case success:
		c.counts.Outstanding--
	}
	c.miss(l)
	c.release(ref)
}

// Counts returns how far the run is.
func (c *Collector) Counts() Counts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts
}

// Err returns the first failure to write the record.
func (c *Collector) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// Flush writes what is not on record yet.
func (c *Collector) Flush() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.flush()
}

func (c *Collector) flush() error {
	if c.err != nil {
		c.w.buf = c.w.buf[:0]
		return c.err
	}
	if len(c.w.buf) == 0 {
		return nil
	}
	c.out = c.w.frame(c.out[:0])
	if _, err := c.log.Write(c.out); err != nil {
		c.err = fmt.Errorf("writing the record of the run: %w", err)
	}
	return c.err
}
