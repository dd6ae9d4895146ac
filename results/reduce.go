package results

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
)

// ErrReduced says that a record has a part of its entries alone: what a report would
// count of them is not the run.
var ErrReduced = errors.New("the record was reduced when the run had ended")

// A Reduction is what was left of a record.
type Reduction struct {
	Kept    uint64 `json:"kept"`    // planned entries that it still has
	Dropped uint64 `json:"dropped"` // and those that it has no longer
}

// ReduceOptions say what is left of a record: nothing, if it is the zero value.
type ReduceOptions struct {
	// Failures leaves every entry that is not plainly confirmed, at the first
	// attempt and without an error; the chains of the setup, to which others refer;
	// and the calls that were not right.
	Failures bool
	Sample   int    // with Failures: how many of the other entries are left as well
	Seed     uint64 // of the sample
}

// Reduce rewrites the whole record of a run that has ended, as one segment. Wherever
// it is killed, the record is what it was or what is left of it. It does nothing to a
// record that was reduced already.
func Reduce(path string, o ReduceOptions) (Reduction, error) {
	if r, err := ReadReduction(path); err != nil || r != nil {
		if r != nil {
			return *r, removeSegments(path)
		}
		return Reduction{}, err
	}
	choice, err := choose(path, o)
	if err != nil {
		return Reduction{}, fmt.Errorf("reducing the record: %w", err)
	}
	if err := choice.rewrite(path); err != nil {
		return Reduction{}, fmt.Errorf("reducing the record: %w", err)
	}
	return choice.Reduction, nil
}

// ReadReduction returns what was left of a record, or nil if that is all.
func ReadReduction(path string) (*Reduction, error) {
	f, err := os.Open(filepath.Join(path, EntriesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // a kill came in the middle of a rotation
	}
	if err != nil {
		return nil, fmt.Errorf("reading the run's record: %w", err)
	}
	defer f.Close()
	return reductionOf(f), nil
}

// reductionOf returns the reduction that a log begins with, or nil.
func reductionOf(f io.ReaderAt) *Reduction {
	begin := make([]byte, len(logMagic)+frameHeader+1+2*binary.MaxVarintLen64)
	n, _ := f.ReadAt(begin, 0) // what is cut off is for the reader of the log
	at := len(logMagic) + frameHeader
	if n <= at || string(begin[:len(logMagic)]) != logMagic || recordType(begin[at]) != recReduced {
		return nil
	}
	d := &decoder{b: begin[at+1 : n]}
	r := &Reduction{Kept: d.uint(), Dropped: d.uint()}
	if d.failed {
		return nil
	}
	return r
}

// maxIndex is above that of any entry: ten times what a scenario may plan.
const maxIndex = 10_000_000_000

// A choice is which of the entries are left.
type choice struct {
	Reduction
	calls bool // those that were not right
	bits  []uint64
}

func (c *choice) keep(index uint64) {
	for index/64 >= uint64(len(c.bits)) {
		c.bits = append(c.bits, 0)
	}
	c.bits[index/64] |= 1 << (index % 64)
}

func (c *choice) kept(index uint64) bool {
	return index/64 < uint64(len(c.bits)) && c.bits[index/64]&(1<<(index%64)) != 0
}

func choose(path string, o ReduceOptions) (*choice, error) {
	c := &choice{calls: o.Failures}
	var sample []uint64
	plain := 0
	random := rand.New(rand.NewPCG(o.Seed, 0))
	summary, err := ReadEntries(path, Reader{Entry: func(e *Entry) error {
		switch {
		case e.Index > maxIndex:
			return fmt.Errorf("entry %d is out of range", e.Index)
		case !o.Failures:
		case e.Outcome != Confirmed || e.Error != nil || e.Retried > 0 || e.Kind == KindChain && e.Phase == SetupPhase:
			c.keep(e.Index)
			c.Kept++
		case len(sample) < o.Sample:
			plain++
			sample = append(sample, e.Index)
		default: // each has the same chance
			plain++
			if at := random.IntN(plain); at < len(sample) {
				sample[at] = e.Index
			}
		}
		return nil
	}})
	if err != nil {
		return nil, err
	}
	if !summary.Complete || summary.Damage.Reason != "" {
		return nil, errors.New("it is not whole")
	}
	for _, index := range sample {
		c.keep(index)
	}
	c.Kept += uint64(len(sample))
	c.Dropped = summary.Planned - c.Kept
	return c, nil
}

// rewrite puts what is left in the place of the newest segment, and then removes the
// others: what begins as a reduced record does not go on from any.
func (c *choice) rewrite(path string) (err error) {
	name := filepath.Join(path, EntriesFile)
	temp := name + tempSuffix
	os.Remove(temp) // left by a kill
	f, err := os.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer os.Remove(temp) // it is gone when all went well
	err = cmp.Or(c.write(f, path), f.Sync())
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(temp, name); err != nil {
		return err
	}
	if err := syncDir(path); err != nil {
		return err
	}
	return removeSegments(path)
}

func (c *choice) write(f io.Writer, path string) error {
	s, err := openSegments(path)
	if err != nil {
		return err
	}
	defer s.close()
	r := &reducer{choice: c, to: f}
	if _, err := io.WriteString(f, logMagic); err != nil {
		return err
	}
	r.w.reduced(c.Reduction)
	d, err := s.read(r, reading{})
	if err == nil && d.Reason != "" {
		err = errors.New(d.Reason)
	}
	return cmp.Or(err, r.flush())
}

// removeSegments removes what a reduced record has left behind.
func removeSegments(path string) error {
	names, err := namesIn(path)
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, ok := segmentNumber(name); ok {
			err = cmp.Or(err, os.Remove(filepath.Join(path, name)))
		}
	}
	return err
}

// A reducer writes what is left of what it is told.
type reducer struct {
	*choice
	w   logWriter
	to  io.Writer
	out []byte
}

func (r *reducer) flush() error {
	if len(r.w.buf) == 0 {
		return nil
	}
	r.out = r.w.frame(r.out[:0])
	_, err := r.to.Write(r.out)
	return err
}

// more is called after each record.
func (r *reducer) more() error {
	if len(r.w.buf) < 1<<20 {
		return nil
	}
	return r.flush()
}

func (r *reducer) phase(i int, p Phase) error  { r.w.phase(i, p); return r.more() }
func (r *reducer) error(id int, e Error) error { r.w.error(id, e); return r.more() }

func (r *reducer) planned(p Planned) error {
	if r.kept(p.Index) {
		r.w.planned(&p)
	}
	return r.more()
}

func (r *reducer) submitted(index uint64, late, waited bool, retried int, sent, committed, revealed since, errID int) error {
	if r.kept(index) {
		// Instants are stored as distances from each other: an entry that was
		// planned for 0 has the same ones.
		s := Submission{Sent: sent.after(0), Late: late, Waited: waited, Retried: retried}
		s.Committed = committed.after(max(0, s.Sent))
		s.Revealed = revealed.after(max(0, s.Sent, s.Committed))
		r.w.submitted(index, 0, s, errID)
	}
	return r.more()
}

func (r *reducer) accepted(index uint64, at since) error {
	if r.kept(index) {
		r.w.accepted(index, 0, at.after(0))
	}
	return r.more()
}

func (r *reducer) block(b Block, own []uint64) error {
	left := own[:0]
	for _, index := range own {
		if r.kept(index) {
			left = append(left, index)
		}
	}
	r.w.block(b, left)
	return r.more()
}

func (r *reducer) outcome(index uint64, o Outcome, s Stage) error {
	if r.kept(index) {
		r.w.outcome(index, o, s)
	}
	return r.more()
}

func (r *reducer) givenUp(index uint64, at since, waited bool) error {
	if r.kept(index) {
		r.w.givenUp(index, 0, at.after(0), waited)
	}
	return r.more()
}

func (r *reducer) callName(id int, n callName) error {
	r.w.callName(id, n)
	return r.more()
}

func (r *reducer) call(name int, c Call, errID int) error {
	if r.calls && c.Outcome != CallRight {
		r.w.call(name, &c, errID)
	}
	return r.more()
}

func (r *reducer) finding(f Finding) error              { r.w.finding(f); return r.more() }
func (r *reducer) event(e Event) error                  { r.w.event(e); return r.more() }
func (r *reducer) resumed(at int64, saved uint32) error { r.w.resumed(at, saved); return r.more() }
func (r *reducer) segment(int, int64) error             { return nil }
func (r *reducer) reduced(Reduction) error              { return ErrReduced }
func (r *reducer) end(uint64) error                     { r.w.end(r.Kept); return r.more() }
