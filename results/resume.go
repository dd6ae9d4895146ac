package results

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
)

// errKilled is what is said of entries whose calls had no answer on record when
// the harness was killed.
const errKilled = "the harness was killed before this entry's answer was on record: it may have been sent"

// ErrNoRecord says that a run's entries.log does not begin like one: nothing of it
// can be used, and it is left as it is.
var ErrNoRecord = errors.New("it does not begin like an entries.log")

// A Past is the record of a run that was killed, read back to be continued.
type Past struct {
	Planned uint64        // entries, from index 0
	Phases  map[int]Phase // that were announced, by number
	Last    int64         // the newest instant on record, nanoseconds since the run's start
	Scanned uint32        // the newest block on record, or 0
	Whole   bool          // it is complete: there is nothing to continue
	Damage  Damage        // at its end

	dir    string
	closed int   // segments
	before int64 // bytes of the last of them
	joiner *joiner
	counts Counts
	own    int64 // when the newest own confirmation was seen
}

// ReadPast reads the entries.log of a run's directory, which it does not change.
// In memory it keeps what [ReadEntries] does.
func ReadPast(path string) (*Past, error) {
	s, err := openSegments(path)
	if err != nil {
		return nil, fmt.Errorf("reading the run's record: %w", err)
	}
	defer s.close()
	p, err := readPast(s, reading{})
	if err != nil {
		return nil, err
	}
	if damage := p.Damage; damage.Reason != "" {
		if n := damage.number(); damage.Offset == 0 && (n == 1 || n == 0 && s.closed == 0) {
			return nil, fmt.Errorf("reading %s: %w", filepath.Join(path, damage.Segment), ErrNoRecord)
		}
		// A malformed record may follow others in its frame, which will be cut off
		// with it: they count for nothing.
		if err := s.rewind(); err != nil {
			return nil, err
		}
		if p, err = readPast(s, reading{until: &damage}); err != nil {
			return nil, err
		}
		p.Damage = damage
	}
	p.dir, p.closed, p.before = path, s.closed, s.before
	return p, nil
}

func readPast(s *segments, how reading) (*Past, error) {
	p := &Past{Phases: map[int]Phase{}, own: Never}
	p.joiner = newJoiner(Reader{
		Phase: func(i int, phase Phase) { p.Phases[i] = phase },
		Block: func(b Block) {
			p.Scanned = b.Height
			if b.Own > 0 {
				p.own = b.Seen
			}
		},
		Entry: func(e *Entry) error { p.counts.decided(e); return nil },
	})
	damage, err := s.read(p.joiner, how)
	p.Planned, p.Last, p.Damage = p.joiner.count, p.joiner.last, damage
	p.Whole = p.joiner.ended && p.joiner.live.n == 0
	return p, err
}

// decided counts an entry whose outcome is on record.
func (c *Counts) decided(e *Entry) {
	if e.Outcome == Skipped {
		c.Skipped++
		return
	}
	c.answered(e)
	if e.Accepted != Never {
		c.Accepted++
	}
	if e.Outcome == Confirmed {
		c.Confirmed++
	}
}

// answered counts an entry whose calls are over.
func (c *Counts) answered(e *Entry) {
	c.Submitted++
	switch {
	case e.Error == nil:
	case e.Error.Rejected:
		c.Rejected++
	default:
		c.Failed++
	}
}

// Resume returns a collector that continues the record from an instant on, and the
// log that it appends to, which is the caller's to close. The damage at its end is
// cut off; that of a closed segment is set aside, with all that follows. Blocks up to the saved height, which was told at that instant, were saved
// while nobody watched.
//
// The calls of an entry that have no answer on record are over: they failed, and
// the entry may have been sent at any time before the instant.
func (p *Past) Resume(at int64, saved uint32, o LogOptions) (_ *Collector, _ *Log, err error) {
	l, err := p.reopen(o)
	if err != nil {
		return nil, nil, fmt.Errorf("continuing the run's record: %w", err)
	}
	c := newCollector(l)
	p.restore(c, at, saved)
	if err := c.Flush(); err != nil {
		l.Close()
		return nil, nil, err
	}
	return c, l, nil
}

// restore brings a new collector to where the record ends.
func (p *Past) restore(c *Collector, at int64, saved uint32) {
	j := p.joiner
	c.counts, c.scanned, c.lastOwn = p.counts, p.Scanned, p.own
	c.counts.Planned = p.Planned
	for _, chain := range j.chains {
		c.setup[chain] = struct{}{}
	}
	for id, e := range j.errors {
		c.errs[*e] = id
	}
	for id, n := range j.names {
		c.callNames[n] = id
	}
	for i, phase := range p.Phases {
		c.phases = append(c.phases, phaseStart{number: i, at: phase.Start})
	}
	slices.SortFunc(c.phases, func(a, b phaseStart) int { return cmp.Compare(a.number, b.number) })

	c.w.resumed(at, saved)
	for _, e := range j.live.sorted() {
		c.takeUp(e, at)
		if len(c.w.buf) >= maxFrame/2 {
			c.flush() // its error sticks
		}
	}
}

// takeUp goes on following an entry that had no outcome on record, or no answer.
func (c *Collector) takeUp(e *joined, at int64) {
	ref := c.add(&Planned{
		Index: e.Index, Hash: e.Hash, Chain: e.Chain, Kind: e.Kind, Phase: e.Phase, Endpoint: e.Endpoint, At: e.Planned,
	})
	l := &c.lives[ref]
	if e.Hash.IsZero() {
		c.counts.Skipped++
		c.w.outcome(l.index, Skipped, NoStage)
		c.release(ref)
		return
	}
	if !e.submitted {
		e.Error = &Error{Message: errKilled}
		c.w.submitted(l.index, l.planned, Submission{Sent: Never, Committed: Never, Revealed: Never}, c.errorID(*e.Error))
	}
	c.counts.answered(&e.Entry)
	l.accepted, l.commit = e.Accepted, e.Accepted != Never
	if e.Accepted != Never {
		c.counts.Accepted++
	}
	if e.Outcome == Confirmed {
		c.counts.Confirmed++
		c.release(ref)
		return
	}
	if l.sent = e.Sent; l.sent == Never {
		l.sent = at
	}
	switch {
	case e.Error == nil:
		l.result = success
		c.counts.Outstanding++
	case e.Error.Rejected:
		// Whether its reveal was tried is not on record: it may have been taken.
		l.result, l.doubtful = rejection, true
		c.doubted = max(c.doubted, e.Sent, e.Committed, e.Revealed)
	default:
		l.result = failure
	}
}
