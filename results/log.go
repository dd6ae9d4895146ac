package results

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"strings"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// The format of entries.log, and of each of its older segments (see segment.go).
//
// The file is a magic number and then frames, each
//
//	length   4 bytes, little endian, of the payload
//	checksum 4 bytes, little endian, CRC-32C of the payload
//	payload  records, one after the other
//
// A frame is what one write brought to the disk, so a crash leaves whole frames
// and at most one torn one at the end. Records begin with a byte for their type;
// numbers are varints. An entry's instants are written as distances from its
// planned instant or from each other, which keeps an entry's whole life within
// about 100 bytes.

const (
	logMagic     = "FLENTRY1"
	frameHeader  = 8
	maxFrame     = 16 << 20
	noInstant    = 0       // instants are stored as distance + 1
	maxInstant   = 1 << 58 // nine years: sums of a few of them do not overflow
	maxErrorText = 512
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

type recordType byte

const (
	recPhase     recordType = 1 + iota // a phase's name, kind and bounds
	recError                           // text of an error that submits refer to by number
	recPlanned                         // an entry that may be sent from now on
	recSubmitted                       // what became of its two calls
	recAccepted                        // it was seen in a process list
	recBlock                           // a saved directory block and the entries found in it
	recOutcome                         // an outcome other than confirmed
	recEnd                             // every planned entry has its outcome
	recGivenUp                         // it was skipped because it was too late
	recCallName                        // what is called, that calls refer to by number
	recCall                            // a call that is not an entry's
	recFinding                         // something that the node must not do
	recEvent                           // something that happened meanwhile
	recResumed                         // nobody watched: what was killed is accounted for from here on
	recSegment                         // the log goes on from another, see segment.go
	recReduced                         // what follows is a part of the record, see reduce.go
)

// Flags of a recSubmitted and, of them, flagWaited of a recGivenUp. What is above
// the flags of a recSubmitted is how often its calls were made again.
const (
	flagLate = 1 << iota
	flagWaited
	retriedShift = iota
)

// logWriter encodes records into a buffer. Nothing reaches a file until the
// owner takes the buffer as a frame.
type logWriter struct {
	buf []byte
}

// frame closes the buffered records into a frame appended to dst, and empties
// the buffer.
func (w *logWriter) frame(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(w.buf)))
	dst = binary.LittleEndian.AppendUint32(dst, crc32.Checksum(w.buf, castagnoli))
	dst = append(dst, w.buf...)
	w.buf = w.buf[:0]
	return dst
}

func (w *logWriter) uint(v uint64) { w.buf = binary.AppendUvarint(w.buf, v) }

// since stores how long after ref an instant came, or that it never did. Clocks
// only go forward, so a distance below 0 can only be rounding: it is stored as 0.
func (w *logWriter) since(ref, at int64) {
	switch {
	case at == Never:
		w.uint(noInstant)
	case at < ref:
		w.uint(1)
	default:
		w.uint(uint64(at-ref) + 1)
	}
}

func (w *logWriter) text(s string) {
	if len(s) > maxErrorText {
		s = strings.ToValidUTF8(s[:maxErrorText], "") // no rune cut in two
	}
	w.uint(uint64(len(s)))
	w.buf = append(w.buf, s...)
}

func (w *logWriter) phase(i int, p Phase) {
	w.buf = append(w.buf, byte(recPhase))
	w.uint(uint64(i))
	w.uint(boolBit(p.Measured, 1))
	w.since(0, p.Start)
	w.since(p.Start, p.End)
	w.text(p.Name)
}

func (w *logWriter) error(id int, e Error) {
	w.buf = append(w.buf, byte(recError))
	w.uint(uint64(id))
	w.uint(boolBit(e.Rejected, 1))
	w.buf = binary.AppendVarint(w.buf, int64(e.Code))
	w.text(e.Message)
}

// planned writes what is known of an entry before it is sent. parent is the
// index of the setup entry that made the entry's chain.
func (w *logWriter) planned(p *Planned) {
	w.buf = append(w.buf, byte(recPlanned))
	w.uint(p.Index)
	w.uint(uint64(p.Kind) | boolBit(!p.Hash.IsZero(), 2))
	w.uint(uint64(p.Phase))
	w.uint(uint64(p.Endpoint))
	w.uint(uint64(p.Size))
	w.uint(uint64(p.Credits))
	w.uint(uint64(p.At))
	if !p.Hash.IsZero() {
		w.buf = append(w.buf, p.Hash[:]...)
		if p.Kind == KindChain {
			w.buf = append(w.buf, p.Chain[:]...)
			return
		}
	}
	if p.Kind == KindEntry {
		w.uint(uint64(p.Parent))
	}
}

func (w *logWriter) submitted(index uint64, planned int64, s Submission, errID int) {
	w.buf = append(w.buf, byte(recSubmitted))
	w.uint(index)
	w.uint(boolBit(s.Late, flagLate) | boolBit(s.Waited, flagWaited) | uint64(s.Retried)<<retriedShift)
	w.since(planned, s.Sent)
	ref := max(planned, s.Sent)
	w.since(ref, s.Committed)
	w.since(max(ref, s.Committed), s.Revealed)
	w.uint(uint64(errID))
}

func (w *logWriter) accepted(index uint64, planned, at int64) {
	w.buf = append(w.buf, byte(recAccepted))
	w.uint(index)
	w.since(planned, at)
}

// block writes a saved block and the entries that it confirms, in the order in
// which they are given.
func (w *logWriter) block(b Block, own []uint64) {
	w.buf = append(w.buf, byte(recBlock))
	w.uint(uint64(b.Height))
	w.since(0, b.Seen)
	w.uint(b.Entries)
	w.uint(uint64(len(own)))
	var prev uint64
	for _, index := range own {
		w.buf = binary.AppendVarint(w.buf, int64(index-prev))
		prev = index
	}
}

func (w *logWriter) outcome(index uint64, o Outcome, s Stage) {
	w.buf = append(w.buf, byte(recOutcome))
	w.uint(index)
	w.buf = append(w.buf, byte(o), byte(s))
}

func (w *logWriter) givenUp(index uint64, planned, at int64, waited bool) {
	w.buf = append(w.buf, byte(recGivenUp))
	w.uint(index)
	w.uint(boolBit(waited, flagWaited))
	w.since(planned, at)
}

func (w *logWriter) finding(f Finding) {
	w.buf = append(w.buf, byte(recFinding))
	w.since(0, f.At)
	w.text(string(f.Kind))
	w.text(f.Name)
	w.text(f.Detail)
}

func (w *logWriter) event(e Event) {
	w.buf = append(w.buf, byte(recEvent))
	w.since(0, e.At)
	w.text(string(e.Kind))
	w.text(e.Detail)
	w.text(e.Endpoint)
}

// resumed writes that the record goes on at an instant, and the height up to which
// blocks were saved before, with nobody there to see when.
func (w *logWriter) resumed(at int64, saved uint32) {
	w.buf = append(w.buf, byte(recResumed))
	w.since(0, at)
	w.uint(uint64(saved))
}

// segment writes that a log is that with a number, and goes on from one of so many
// bytes.
func (w *logWriter) segment(number int, before int64) {
	w.buf = append(w.buf, byte(recSegment))
	w.uint(uint64(number))
	w.uint(uint64(before))
}

func (w *logWriter) reduced(r Reduction) {
	w.buf = append(w.buf, byte(recReduced))
	w.uint(r.Kept)
	w.uint(r.Dropped)
}

func (w *logWriter) end(planned uint64) {
	w.buf = append(w.buf, byte(recEnd))
	w.uint(planned)
}

func boolBit(b bool, bit uint64) uint64 {
	if b {
		return bit
	}
	return 0
}

// A visitor is told of each record of a log, in the order of writing.
type visitor interface {
	phase(i int, p Phase) error
	error(id int, e Error) error
	planned(p Planned) error
	submitted(index uint64, late, waited bool, retried int, sent, committed, revealed since, errID int) error
	accepted(index uint64, at since) error
	block(b Block, own []uint64) error
	outcome(index uint64, o Outcome, s Stage) error
	end(planned uint64) error
	givenUp(index uint64, at since, waited bool) error
	callName(id int, n callName) error
	call(name int, c Call, errID int) error
	finding(f Finding) error
	event(e Event) error
	resumed(at int64, saved uint32) error
	segment(number int, before int64) error
	reduced(r Reduction) error
}

// since is a distance read from a log: [Never], or nanoseconds.
type since int64

// after returns the instant that lies d after ref.
func (d since) after(ref int64) int64 {
	if int64(d) == Never {
		return Never
	}
	return ref + int64(d)
}

// Damage says where a record stopped being readable. The zero value is no damage.
type Damage struct {
	Segment string // name of the file
	Offset  int64  // in it, decompressed, of the first byte that could not be used
	// Lost is how many bytes there are from there to the end of the record, those
	// that cannot be decompressed as they are on the disk.
	Lost   int64
	Reason string // why, or "" for no damage
}

// number is that of the segment, or 0 for the newest.
func (d *Damage) number() int {
	n, _ := segmentNumber(d.Segment)
	return n
}

// Reasons of damage that depend on more than the log.
const (
	frameCutOff = "a frame is cut off"
	noMagic     = "it does not begin like an entries.log"
)

// readLog tells v of every record in the whole frames of r, up to the first
// damage. It fails only when reading or v fails.
func readLog(r io.Reader, v visitor) (Damage, error) {
	br := bufio.NewReaderSize(r, 1<<18)
	var offset int64
	damaged := func(reason string) (Damage, error) {
		rest, err := io.Copy(io.Discard, br)
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) { // that is damage, too
			return Damage{}, fmt.Errorf("reading entries.log: %w", err)
		}
		return Damage{Offset: offset, Lost: rest, Reason: reason}, nil
	}

	magic := make([]byte, len(logMagic))
	if n, err := io.ReadFull(br, magic); err != nil || string(magic) != logMagic {
		d, err := damaged(noMagic)
		d.Lost += int64(n)
		return d, err
	}
	offset = int64(len(logMagic))

	var header [frameHeader]byte
	var payload []byte
	for {
		n, err := io.ReadFull(br, header[:])
		if errors.Is(err, io.EOF) {
			return Damage{}, nil
		}
		if err != nil {
			d, err2 := damaged(frameCutOff)
			d.Lost += int64(n)
			return d, err2
		}
		length := binary.LittleEndian.Uint32(header[:4])
		if length == 0 || length > maxFrame { // zeros are what a lost page leaves
			d, err := damaged("a frame's length is impossible")
			d.Lost += frameHeader
			return d, err
		}
		if cap(payload) < int(length) {
			payload = make([]byte, length)
		}
		payload = payload[:length]
		if n, err := io.ReadFull(br, payload); err != nil {
			d, err := damaged(frameCutOff)
			d.Lost += frameHeader + int64(n)
			return d, err
		}
		if crc32.Checksum(payload, castagnoli) != binary.LittleEndian.Uint32(header[4:]) {
			d, err := damaged("a frame's checksum is wrong")
			d.Lost += frameHeader + int64(length)
			return d, err
		}
		if err := readRecords(payload, v); err != nil {
			if !errors.Is(err, errMalformed) {
				return Damage{}, err
			}
			d, err2 := damaged(err.Error())
			d.Lost += frameHeader + int64(length)
			return d, err2
		}
		offset += frameHeader + int64(length)
	}
}

var errMalformed = errors.New("a record is malformed")

// decoder takes fields off a frame's payload; the first fault sticks.
type decoder struct {
	b      []byte
	at     int // where the next field begins
	failed bool
}

// left is what was not read yet.
func (d *decoder) left() []byte { return d.b[d.at:] }

func (d *decoder) fail() { d.failed, d.at = true, len(d.b) }

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.left())
	if n <= 0 {
		d.fail()
		return 0
	}
	d.at += n
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.left())
	if n <= 0 {
		d.fail()
		return 0
	}
	d.at += n
	return v
}

// small reads a number that indexes or sizes something.
func (d *decoder) small() int {
	v := d.uint()
	if v > math.MaxInt32 {
		d.failed = true
		return 0
	}
	return int(v)
}

func (d *decoder) since() since {
	v := d.uint()
	if v == noInstant {
		return since(Never)
	}
	if v > maxInstant {
		d.failed = true
		return 0
	}
	return since(v - 1)
}

func (d *decoder) bytes(n int) []byte {
	if n > len(d.left()) {
		d.fail()
		return nil
	}
	b := d.left()[:n]
	d.at += n
	return b
}

func (d *decoder) byte() byte {
	if b := d.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (d *decoder) text() string {
	n := d.small()
	if n > maxErrorText {
		d.failed = true
		return ""
	}
	return string(d.bytes(n))
}

func (d *decoder) hash() (h factomd.Hash) {
	copy(h[:], d.bytes(len(h)))
	return h
}

// readRecords tells v of every record of one frame.
func readRecords(payload []byte, v visitor) error {
	d := &decoder{b: payload}
	for len(d.left()) > 0 {
		if err := d.record(v); err != nil {
			return err
		}
	}
	return nil
}

// record decodes one record and, if it is whole, tells v of it.
func (d *decoder) record(v visitor) error {
	var tell func(visitor) error
	switch t := recordType(d.byte()); t {
	case recPhase:
		i, p := d.phase()
		tell = func(v visitor) error { return v.phase(i, p) }
	case recError:
		id := d.small()
		e := Error{Rejected: d.uint() != 0, Code: int(d.int()), Message: d.text()}
		tell = func(v visitor) error { return v.error(id, e) }
	case recPlanned:
		// The records that come once an entry or a call are told without a closure.
		if p := d.planned(); !d.failed {
			return v.planned(p)
		}
	case recSubmitted:
		index, flags := d.uint(), d.small()
		sent, committed, revealed, id := d.since(), d.since(), d.since(), d.small()
		if !d.failed {
			return v.submitted(index, flags&flagLate != 0, flags&flagWaited != 0, flags>>retriedShift, sent, committed, revealed, id)
		}
	case recAccepted:
		if index, at := d.uint(), d.since(); !d.failed {
			return v.accepted(index, at)
		}
	case recBlock:
		b, own := d.block()
		tell = func(v visitor) error { return v.block(b, own) }
	case recOutcome:
		index, o, s := d.uint(), Outcome(d.byte()), Stage(d.byte())
		d.failed = d.failed || o < Accepted || o > Skipped || s > StageAccepted
		tell = func(v visitor) error { return v.outcome(index, o, s) }
	case recEnd:
		n := d.uint()
		tell = func(v visitor) error { return v.end(n) }
	case recGivenUp:
		index, flags, at := d.uint(), d.uint(), d.since()
		tell = func(v visitor) error { return v.givenUp(index, at, flags&flagWaited != 0) }
	case recCallName:
		id, n := d.callName()
		tell = func(v visitor) error { return v.callName(id, n) }
	case recCall:
		if name, c, errID := d.call(); !d.failed {
			return v.call(name, c, errID)
		}
	case recFinding:
		f := Finding{At: d.since().after(0), Kind: FindingKind(d.text()), Name: d.text(), Detail: d.text()}
		tell = func(v visitor) error { return v.finding(f) }
	case recEvent:
		e := Event{At: d.since().after(0), Kind: EventKind(d.text()), Detail: d.text(), Endpoint: d.text()}
		tell = func(v visitor) error { return v.event(e) }
	case recResumed:
		at, saved := d.since().after(0), uint32(d.small())
		tell = func(v visitor) error { return v.resumed(at, saved) }
	case recSegment:
		number, before := d.small(), int64(d.small())
		tell = func(v visitor) error { return v.segment(number, before) }
	case recReduced:
		r := Reduction{Kept: d.uint(), Dropped: d.uint()}
		tell = func(v visitor) error { return v.reduced(r) }
	default:
		return fmt.Errorf("%w: unknown type %d", errMalformed, t)
	}
	if d.failed {
		return errMalformed
	}
	return tell(v)
}

func (d *decoder) phase() (int, Phase) {
	i, measured := d.small(), d.uint() != 0
	start := d.since().after(0)
	return i, Phase{Measured: measured, Start: start, End: d.since().after(start), Name: d.text()}
}

func (d *decoder) planned() Planned {
	p := Planned{Index: d.uint()}
	flags := d.uint()
	p.Kind = Kind(flags & 1)
	composed := flags&2 != 0
	p.Phase, p.Endpoint = d.small(), d.small()
	p.Size, p.Credits = d.small(), d.small()
	at := d.uint()
	if at > maxInstant {
		d.failed = true
	}
	p.At = int64(at)
	if composed {
		p.Hash = d.hash()
		if p.Kind == KindChain {
			p.Chain = d.hash()
		}
	}
	if p.Kind == KindEntry {
		p.Parent = d.small()
	}
	return p
}

func (d *decoder) block() (Block, []uint64) {
	height := d.small()
	b := Block{Height: uint32(height), Seen: d.since().after(0), Entries: d.uint()}
	n := d.small()
	if n > len(d.left()) { // each takes a byte at least
		d.failed = true
		return b, nil
	}
	own := make([]uint64, n)
	var prev uint64
	for i := range own {
		prev += uint64(d.int())
		own[i] = prev
	}
	b.Own = uint64(n)
	return b, own
}
