package results

import (
	"fmt"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// A Reader is told what a record holds. Every function may be nil.
type Reader struct {
	Phase func(i int, p Phase)
	Block func(b Block)
	// Planned is called for each entry when its first record was read, with its
	// planned instant.
	Planned func(at int64)
	// Entry is called once for each planned entry, when its last change was
	// read. The entry is of use until it returns: what is kept is a copy.
	Entry func(e *Entry) error
	// Call is called once for each call, in the order in which they ended.
	Call func(c Call)
	// Finding is called for each finding but the wrong answers.
	Finding func(f Finding)
	// Event is called for each event, in the order of the record.
	Event func(e Event)

	// Growing says that the record is being written: its end is no damage, and what
	// has no outcome is left [Pending].
	Growing bool
}

// Summary is what reading a record found beside its content.
type Summary struct {
	Planned  uint64
	Last     int64 // the newest instant at which something happened
	Complete bool  // every planned entry has its outcome
	Damage   Damage
	Reduced  *Reduction // what is left of a record that was reduced, else nil
}

// ReadEntries reads all segments of the entries.log of a run's directory. What is kept in
// memory grows with the entries that are outstanding at one time, not with the
// run.
//
// A record that ends early, as its run was killed, has entries without an
// outcome. They come last. Nobody has looked for them, so none is called lost:
// what was seen in a process list is accepted, what was planned for later than
// anything that happened is skipped, and the rest is failed, with an error that
// says so.
func ReadEntries(path string, r Reader) (Summary, error) {
	s, err := openSegments(path)
	if err != nil {
		return Summary{}, fmt.Errorf("reading the run's record: %w", err)
	}
	defer s.close()
	return join(r, func(v visitor) (Damage, error) { return s.read(v, reading{growing: r.Growing}) })
}

// join puts the entries together of whatever read tells.
func join(r Reader, read func(visitor) (Damage, error)) (Summary, error) {
	j := newJoiner(r)
	damage, err := read(j)
	if err != nil {
		return Summary{}, err
	}
	s := Summary{Planned: j.count, Last: j.last, Complete: j.ended && j.live.n == 0, Damage: damage, Reduced: j.left}
	for _, e := range j.live.sorted() {
		if !r.Growing {
			e.abandon(j.last)
		}
		if err := j.tell(e); err != nil {
			return s, err
		}
	}
	return s, nil
}

// joiner puts the records of each entry together.
type joiner struct {
	Reader
	live   liveEntries
	told   []*joined // to be used again
	errors map[int]*Error
	chains map[int]factomd.Hash // of the setup, by the index of their entry
	names  map[int]callName
	count  uint64
	ended  bool
	left   *Reduction
	last   int64  // the newest instant at which something happened
	unseen uint32 // blocks up to it, read from here on, were saved while nobody watched
}

func newJoiner(r Reader) *joiner {
	return &joiner{Reader: r, errors: map[int]*Error{}, chains: map[int]factomd.Hash{}, names: map[int]callName{}}
}

type joined struct {
	Entry
	submitted bool
	decided   bool
}

var errUnknownEntry = fmt.Errorf("%w: it names an entry that was not planned", errMalformed)

func (j *joiner) find(index uint64) (*joined, error) {
	e := j.live.get(index)
	if e == nil {
		return nil, errUnknownEntry
	}
	return e, nil
}

// What is said of entries whose calls succeeded and of which no more is known.
const (
	errNotAskedFor = "nobody could look for this entry to the end"
	errRecordEnds  = "the record ends before this entry was accounted for"
)

// abandon gives an entry an outcome whose record ends without one.
func (e *joined) abandon(last int64) {
	switch {
	case e.Outcome != Pending:
		// Its block was seen, the end of its calls was not.
	case e.Accepted != Never:
		e.Outcome = Accepted
	case e.Error != nil && e.Error.Rejected:
		e.Outcome = Rejected
	case !e.submitted && e.Planned > last:
		e.Outcome = Skipped
	default:
		e.Outcome = Failed
		if e.Error == nil {
			e.Error = &Error{Message: errRecordEnds}
		}
	}
}

// settle lets go of an entry when nothing more can come.
func (j *joiner) settle(e *joined) error {
	if !e.decided || !e.submitted && e.Outcome != Skipped {
		return nil
	}
	j.live.remove(e.Index)
	j.told = append(j.told, e)
	return j.tell(e)
}

// room returns where an entry can be put together.
func (j *joiner) room() *joined {
	n := len(j.told)
	if n == 0 {
		return &joined{}
	}
	e := j.told[n-1]
	j.told = j.told[:n-1]
	return e
}

func (j *joiner) tell(e *joined) error {
	if j.Entry == nil {
		return nil
	}
	e.Ambiguous = e.Outcome == Confirmed && e.Error != nil
	return j.Entry(&e.Entry)
}

func (j *joiner) phase(i int, p Phase) error {
	if j.Phase != nil {
		j.Phase(i, p)
	}
	return nil
}

func (j *joiner) error(id int, e Error) error {
	j.errors[id] = &e
	return nil
}

func (j *joiner) planned(p Planned) error {
	if j.live.get(p.Index) != nil {
		return fmt.Errorf("%w: entry %d is planned twice", errMalformed, p.Index)
	}
	j.count++
	if j.Planned != nil {
		j.Planned(p.At)
	}
	if p.Kind == KindChain && p.Phase == SetupPhase {
		j.chains[int(p.Index)] = p.Chain
	}
	if p.Kind == KindEntry && !p.Hash.IsZero() {
		p.Chain = j.chains[p.Parent]
	}
	e := j.room()
	*e = joined{Entry: Entry{
		Index: p.Index, Hash: p.Hash, Chain: p.Chain, Kind: p.Kind,
		Phase: p.Phase, Endpoint: p.Endpoint, Size: p.Size, Credits: p.Credits,
		Planned: p.At, Sent: Never, Committed: Never, Revealed: Never, Accepted: Never, Confirmed: Never, GivenUp: Never,
	}}
	j.live.add(e)
	return nil
}

func (j *joiner) submitted(index uint64, late, waited bool, retried int, sent, committed, revealed since, errID int) error {
	e, err := j.find(index)
	if err != nil {
		return err
	}
	if errID != 0 {
		if e.Error = j.errors[errID]; e.Error == nil {
			return fmt.Errorf("%w: it names an error that is not known", errMalformed)
		}
	}
	e.Late, e.Waited, e.Retried, e.submitted = late, waited, retried, true
	e.Sent = sent.after(e.Planned)
	ref := max(e.Planned, e.Sent)
	e.Committed = committed.after(ref)
	e.Revealed = revealed.after(max(ref, e.Committed))
	j.last = max(j.last, e.Sent, e.Committed, e.Revealed)
	return j.settle(e)
}

func (j *joiner) accepted(index uint64, at since) error {
	e, err := j.find(index)
	if err != nil {
		return err
	}
	e.Accepted = at.after(e.Planned)
	j.last = max(j.last, e.Accepted)
	return nil
}

func (j *joiner) block(b Block, own []uint64) error {
	if j.Block != nil {
		j.Block(b)
	}
	j.last = max(j.last, b.Seen)
	for _, index := range own {
		e, err := j.find(index)
		if err != nil {
			return err
		}
		if e.decided {
			return fmt.Errorf("%w: entry %d has two outcomes", errMalformed, index)
		}
		e.Confirmed, e.Height, e.Unwatched = b.Seen, b.Height, b.Height <= j.unseen
		e.Outcome, e.decided = Confirmed, true
		if err := j.settle(e); err != nil {
			return err
		}
	}
	return nil
}

func (j *joiner) outcome(index uint64, o Outcome, s Stage) error {
	e, err := j.find(index)
	if err != nil {
		return err
	}
	if e.decided {
		return fmt.Errorf("%w: entry %d has two outcomes", errMalformed, index)
	}
	e.Outcome, e.Stage, e.decided = o, s, true
	if o == Failed && e.Error == nil {
		e.Error = &Error{Message: errNotAskedFor}
	}
	return j.settle(e)
}

func (j *joiner) givenUp(index uint64, at since, waited bool) error {
	e, err := j.find(index)
	if err != nil {
		return err
	}
	e.GivenUp, e.Waited = at.after(e.Planned), waited
	j.last = max(j.last, e.GivenUp)
	return j.outcome(index, Skipped, NoStage)
}

func (j *joiner) finding(f Finding) error {
	if j.Finding != nil {
		j.Finding(f)
	}
	j.last = max(j.last, f.At)
	return nil
}

func (j *joiner) event(e Event) error {
	if j.Event != nil {
		j.Event(e)
	}
	j.last = max(j.last, e.At)
	return nil
}

func (j *joiner) resumed(at int64, saved uint32) error {
	j.last, j.unseen = max(j.last, at), saved
	return nil
}

func (j *joiner) segment(int, int64) error { return nil }

func (j *joiner) reduced(r Reduction) error {
	j.left = &r
	return nil
}

func (j *joiner) end(planned uint64) error {
	if planned != j.count {
		return fmt.Errorf("%w: it ends with %d planned entries, but holds %d", errMalformed, planned, j.count)
	}
	j.ended = true
	return nil
}
