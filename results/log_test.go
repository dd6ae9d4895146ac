package results

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// A transcript writes down what a log says, a line a record.
type transcript []string

func (t *transcript) add(format string, args ...any) error {
	*t = append(*t, fmt.Sprintf(format, args...))
	return nil
}

func (t *transcript) phase(i int, p Phase) error  { return t.add("phase %d %+v", i, p) }
func (t *transcript) error(id int, e Error) error { return t.add("error %d %+v", id, e) }
func (t *transcript) planned(p Planned) error     { return t.add("planned %+v", p) }
func (t *transcript) submitted(index uint64, late, waited bool, retried int, sent, committed, revealed since, errID int) error {
	return t.add("submitted %d %v %v %d %d %d %d %d", index, late, waited, retried, sent, committed, revealed, errID)
}
func (t *transcript) accepted(index uint64, at since) error {
	return t.add("accepted %d %d", index, at)
}
func (t *transcript) block(b Block, own []uint64) error { return t.add("block %+v %v", b, own) }
func (t *transcript) outcome(index uint64, o Outcome, s Stage) error {
	return t.add("outcome %d %v %v", index, o, s)
}
func (t *transcript) end(planned uint64) error { return t.add("end %d", planned) }
func (t *transcript) givenUp(index uint64, at since, waited bool) error {
	return t.add("givenUp %d %d %v", index, at, waited)
}
func (t *transcript) callName(id int, n callName) error { return t.add("callName %d %+v", id, n) }
func (t *transcript) call(name int, c Call, errID int) error {
	return t.add("call %d %+v %d", name, c, errID)
}

func (t *transcript) finding(f Finding) error { return t.add("finding %+v", f) }
func (t *transcript) event(e Event) error     { return t.add("event %+v", e) }
func (t *transcript) resumed(at int64, saved uint32) error {
	return t.add("resumed %d %d", at, saved)
}

func (t *transcript) segment(number int, before int64) error {
	return t.add("segment %d %d", number, before)
}

func (t *transcript) reduced(r Reduction) error { return t.add("reduced %+v", r) }

// later draws an instant from ref on, or Never.
func later(t *rapid.T, ref int64, label string) int64 {
	if rapid.Bool().Draw(t, label+" never") {
		return Never
	}
	return ref + rapid.Int64Range(0, 1<<56).Draw(t, label)
}

// distance is how a log stores an instant after another.
func distance(ref, at int64) int64 {
	if at == Never {
		return Never
	}
	return at - ref
}

func drawHash(t *rapid.T, label string) (h factomd.Hash) {
	copy(h[:], rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, label))
	h[0] |= 1 // never zero
	return h
}

// writeRandom writes a record of random type and content, and tells the
// transcript what a reader must be told.
func writeRandom(t *rapid.T, w *logWriter, want *transcript) {
	index := rapid.Uint64().Draw(t, "index")
	small := rapid.IntRange(0, math.MaxInt32)
	text := rapid.StringN(0, 100, maxErrorText)
	switch typ := rapid.SampledFrom([]recordType{
		recPhase, recError, recPlanned, recSubmitted, recAccepted, recBlock, recOutcome, recEnd, recGivenUp, recCallName, recCall, recFinding, recEvent, recResumed, recSegment, recReduced,
	}).Draw(t, "type"); typ {
	case recPhase:
		start := rapid.Int64Range(0, 1<<56).Draw(t, "start")
		p := Phase{Name: text.Draw(t, "name"), Measured: rapid.Bool().Draw(t, "measured"),
			Start: start, End: start + rapid.Int64Range(0, 1<<56).Draw(t, "length")}
		i := small.Draw(t, "phase")
		w.phase(i, p)
		want.phase(i, p)
	case recError:
		e := Error{Rejected: rapid.Bool().Draw(t, "rejected"), Code: rapid.Int().Draw(t, "code"), Message: text.Draw(t, "message")}
		id := small.Draw(t, "id")
		w.error(id, e)
		want.error(id, e)
	case recPlanned:
		p := Planned{
			Index: index, Kind: Kind(rapid.IntRange(0, 1).Draw(t, "kind")),
			Phase: small.Draw(t, "phase"), Endpoint: small.Draw(t, "endpoint"),
			Size: small.Draw(t, "size"), Credits: small.Draw(t, "credits"), At: rapid.Int64Range(0, maxInstant).Draw(t, "at"),
		}
		if rapid.Bool().Draw(t, "composed") {
			p.Hash = drawHash(t, "hash")
			if p.Kind == KindChain {
				p.Chain = drawHash(t, "chain")
			}
		}
		if p.Kind == KindEntry {
			p.Parent = small.Draw(t, "parent")
		}
		w.planned(&p)
		want.planned(p)
	case recSubmitted:
		planned := rapid.Int64Range(0, 1<<56).Draw(t, "planned")
		s := Submission{Late: rapid.Bool().Draw(t, "late"), Waited: rapid.Bool().Draw(t, "waited")}
		s.Sent = later(t, planned, "sent")
		s.Committed = later(t, max(planned, s.Sent), "committed")
		s.Revealed = later(t, max(planned, s.Sent, s.Committed), "revealed")
		s.Retried = rapid.IntRange(0, 10).Draw(t, "retried")
		id := small.Draw(t, "error")
		w.submitted(index, planned, s, id)
		want.submitted(index, s.Late, s.Waited, s.Retried, since(distance(planned, s.Sent)),
			since(distance(max(planned, s.Sent), s.Committed)),
			since(distance(max(planned, s.Sent, s.Committed), s.Revealed)), id)
	case recAccepted:
		planned := rapid.Int64Range(0, 1<<56).Draw(t, "planned")
		at := later(t, planned, "accepted")
		w.accepted(index, planned, at)
		want.accepted(index, since(distance(planned, at)))
	case recBlock:
		own := rapid.SliceOf(rapid.Uint64()).Draw(t, "own")
		b := Block{Height: uint32(small.Draw(t, "height")), Seen: later(t, 0, "seen"),
			Entries: rapid.Uint64().Draw(t, "entries"), Own: uint64(len(own))}
		w.block(b, own)
		want.block(b, own)
	case recOutcome:
		o := Outcome(rapid.IntRange(int(Accepted), int(Skipped)).Draw(t, "outcome"))
		s := Stage(rapid.IntRange(int(NoStage), int(StageAccepted)).Draw(t, "stage"))
		w.outcome(index, o, s)
		want.outcome(index, o, s)
	case recEnd:
		w.end(index)
		want.end(index)
	case recGivenUp:
		planned := rapid.Int64Range(0, 1<<56).Draw(t, "planned")
		at, waited := later(t, planned, "given up"), rapid.Bool().Draw(t, "waited")
		w.givenUp(index, planned, at, waited)
		want.givenUp(index, since(distance(planned, at)), waited)
	case recCallName:
		id, n := small.Draw(t, "id"), callName{CallKind(rapid.IntRange(0, int(Hostile)).Draw(t, "kind")), text.Draw(t, "name")}
		w.callName(id, n)
		want.callName(id, n)
	case recCall:
		c := Call{
			Phase: small.Draw(t, "phase"), Endpoint: small.Draw(t, "endpoint"),
			Outcome: CallOutcome(rapid.IntRange(0, int(CallFailed)).Draw(t, "outcome")),
			Planned: rapid.Int64Range(0, 1<<56).Draw(t, "planned"),
		}
		c.Sent = later(t, c.Planned, "sent")
		c.Ended = later(t, max(c.Planned, c.Sent), "ended")
		name, id := small.Draw(t, "name"), small.Draw(t, "error")
		w.call(name, &c, id)
		want.call(name, c, id)
	case recFinding:
		f := Finding{At: later(t, 0, "found"), Kind: FindingKind(text.Draw(t, "kind")), Name: text.Draw(t, "name"), Detail: text.Draw(t, "detail")}
		w.finding(f)
		want.finding(f)
	case recEvent:
		e := Event{At: later(t, 0, "happened"), Kind: EventKind(text.Draw(t, "kind")), Detail: text.Draw(t, "detail"), Endpoint: text.Draw(t, "endpoint")}
		w.event(e)
		want.event(e)
	case recResumed:
		at, saved := rapid.Int64Range(0, 1<<56).Draw(t, "at"), uint32(small.Draw(t, "saved"))
		w.resumed(at, saved)
		want.resumed(at, saved)
	case recSegment:
		number, before := small.Draw(t, "number"), int64(small.Draw(t, "before"))
		w.segment(number, before)
		want.segment(number, before)
	case recReduced:
		r := Reduction{rapid.Uint64().Draw(t, "kept"), rapid.Uint64().Draw(t, "dropped")}
		w.reduced(r)
		want.reduced(r)
	}
}

// Whatever is written is read back, record by record, in its order.
func TestLogRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w logWriter
		var want, got transcript
		log := []byte(logMagic)
		for range rapid.IntRange(0, 8).Draw(t, "frames") {
			for range rapid.IntRange(1, 8).Draw(t, "records") {
				writeRandom(t, &w, &want)
			}
			log = w.frame(log)
		}
		damage, err := readLog(bytes.NewReader(log), &got)
		if err != nil || damage != (Damage{}) {
			t.Fatalf("an undamaged log was read with %+v, %v", damage, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("what was written (-) is not what was read (+):\n%s", diff)
		}
	})
}

// An instant before its reference, which can only be rounding, is stored as the
// reference itself.
func TestLogInstantsNeverGoBack(t *testing.T) {
	var w logWriter
	w.submitted(1, 1000, Submission{Sent: 999, Committed: 900, Revealed: 800}, 0)
	w.accepted(1, 1000, 10)
	var got transcript
	if d, err := readLog(bytes.NewReader(w.frame([]byte(logMagic))), &got); err != nil || d != (Damage{}) {
		t.Fatal(d, err)
	}
	want := transcript{"submitted 1 false false 0 0 0 0 0", "accepted 1 0"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Fatal(diff)
	}
}

// A text that is too long is cut, but not within a character.
func TestLogTextIsCut(t *testing.T) {
	var w logWriter
	w.error(1, Error{Message: "x" + strings.Repeat("é", maxErrorText)})
	var got transcript
	if d, err := readLog(bytes.NewReader(w.frame([]byte(logMagic))), &got); err != nil || d != (Damage{}) {
		t.Fatal(d, err)
	}
	want := "error 1 " + fmt.Sprintf("%+v", Error{Message: "x" + strings.Repeat("é", (maxErrorText-1)/2)})
	if got[0] != want {
		t.Errorf("got %q", got[0])
	}
}

// A brokenLog is a log of real lives and where its frames end.
type brokenLog struct {
	bytes []byte
	ends  []int64 // of the magic number, and of each frame
}

// realLog tells a collector the lives of some entries, a frame each few records.
func realLog(tb testing.TB) brokenLog {
	b := newBench(&testing.T{})
	var l brokenLog
	mark := func() {
		if err := b.Flush(); err != nil {
			tb.Fatal(err)
		}
		l.ends = append(l.ends, int64(b.log.Len()))
	}
	mark()
	b.Phase(0, Phase{Name: "setup", End: 100})
	b.Phase(1, Phase{Name: "load", Measured: true, Start: 100, End: 1e9})
	mark()
	b.plan(0, SetupPhase, KindChain, 0)
	mark()
	b.submit(0, 50, nil)
	mark()
	b.Block(Sighting{Height: 7, Seen: 90, Chains: []factomd.Hash{chainHash(0)}, Entries: []factomd.Hash{entryHash(0)}})
	mark()
	for i := uint64(1); i <= 6; i++ {
		b.plan(i, 1, KindEntry, int64(100*i))
		mark()
	}
	b.submit(1, 150, nil)
	b.submit(2, 250, errRefused)
	b.submit(3, 350, errBroken)
	b.Skip(b.refs[4])
	mark()
	b.Called(Call{Name: "heights", Planned: 300, Sent: 310, Ended: 320})
	b.Called(Call{Kind: Hostile, Name: "huge-body", Planned: 300, Sent: Never, Ended: Never, Outcome: CallFailed, Err: NewError(errBroken)})
	mark()
	b.Accept(entryHash(1), 180)
	b.submit(5, 550, nil)
	b.submit(6, 650, nil)
	mark()
	b.block(8, 800, entryHash(1), entryHash(5))
	mark()
	if _, err := b.Finish(); err != nil {
		tb.Fatal(err)
	}
	mark()
	l.bytes = b.log.Bytes()
	return l
}

// wholeFrames is how a log that is good up to an offset must be read.
func (l brokenLog) wholeFrames(tb testing.TB, good int64) (told transcript, end int64) {
	for _, e := range l.ends {
		if e <= good {
			end = e
		}
	}
	if end > 0 {
		if d, err := readLog(bytes.NewReader(l.bytes[:end]), &told); err != nil || d != (Damage{}) {
			tb.Fatalf("the undamaged log was read with %+v, %v", d, err)
		}
	}
	return told, end
}

// check reads a damaged log, of which the bytes before good are sound.
func (l brokenLog) check(t *testing.T, damaged []byte, good int64) {
	t.Helper()
	want, end := l.wholeFrames(t, good)
	var got transcript
	damage, err := readLog(bytes.NewReader(damaged), &got)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("good up to %d: what was told is not the whole frames before:\n%s", good, cmp.Diff(want, got))
	}
	if damage.Offset != end || damage.Lost != int64(len(damaged))-end || damage.Reason == "" {
		t.Errorf("good up to %d of %d, frame ends at %d: damage is %+v", good, len(damaged), end, damage)
	}
}

// A run that is killed leaves a log that is cut off anywhere: all whole frames
// are read, and the reader says what is lost.
func TestLogTornAtEveryByte(t *testing.T) {
	l := realLog(t)
	for cut := range int64(len(l.bytes)) {
		if slices.Contains(l.ends, cut) { // nobody can tell
			if d, err := readLog(bytes.NewReader(l.bytes[:cut]), new(transcript)); err != nil || d != (Damage{}) {
				t.Errorf("cut between two frames: %+v, %v", d, err)
			}
			continue
		}
		l.check(t, l.bytes[:cut], cut)
	}
}

// A power failure can leave zeros where the end should be.
func TestLogEndsInZeros(t *testing.T) {
	l := realLog(t)
	for _, end := range l.ends {
		for _, zeros := range []int{1, 7, 8, 16, 4096} {
			l.check(t, append(bytes.Clone(l.bytes[:end]), make([]byte, zeros)...), end)
		}
	}
}

// A flipped bit anywhere costs its frame and what comes after, no more.
func TestLogFlippedBits(t *testing.T) {
	l := realLog(t)
	for i := range l.bytes {
		damaged := bytes.Clone(l.bytes)
		damaged[i] ^= 1 << (i % 8)
		l.check(t, damaged, int64(i))
	}
}

// A damaged log gives the entries as far as they are known.
func TestReadTornLog(t *testing.T) {
	l := realLog(t)
	cut := l.ends[len(l.ends)-2] + 3 // the outcomes are lost
	entries := map[uint64]Outcome{}
	s, err := read(bytes.NewReader(l.bytes[:cut]), Reader{Growing: true, Entry: func(e *Entry) error {
		entries[e.Index] = e.Outcome
		return nil
	}})
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint64]Outcome{0: Confirmed, 1: Confirmed, 2: Pending, 3: Pending, 4: Skipped, 5: Confirmed, 6: Pending}
	if diff := cmp.Diff(want, entries); diff != "" {
		t.Error(diff)
	}
	if s.Complete || s.Planned != 7 || s.Damage.Lost != 3 {
		t.Errorf("summary is %+v", s)
	}
}

// A length is not believed before the bytes are there, nor at all if no writer
// makes such frames.
func TestLogHostileLength(t *testing.T) {
	for _, length := range []uint32{0, maxFrame, maxFrame + 1, math.MaxInt32, math.MaxUint32} {
		log := binary.LittleEndian.AppendUint32([]byte(logMagic), length)
		log = append(log, make([]byte, 100)...)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		d, err := readLog(bytes.NewReader(log), new(transcript))
		runtime.ReadMemStats(&after)
		if err != nil || d.Reason == "" || d.Offset != int64(len(logMagic)) || d.Lost != 104 {
			t.Errorf("length %d: %+v, %v", length, d, err)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > maxFrame+4<<20 {
			t.Errorf("length %d: %d bytes were allocated", length, used)
		}
	}
}

// Records that no collector writes are damage, even where their frame is whole.
func TestReadRefusesNonsense(t *testing.T) {
	plan := func(w *logWriter, index uint64) { w.planned(&Planned{Index: index, Hash: entryHash(index), Phase: 1}) }
	for name, write := range map[string]func(*logWriter){
		"unknown type":              func(w *logWriter) { w.buf = append(w.buf, 99) },
		"cut record":                func(w *logWriter) { w.buf = append(w.buf, byte(recAccepted), 0x80) },
		"huge varint":               func(w *logWriter) { w.buf = append(append(w.buf, byte(recEnd)), bytes.Repeat([]byte{0xff}, 11)...) },
		"instant out of range":      func(w *logWriter) { plan(w, 1); w.accepted(1, 0, math.MaxInt64-1) },
		"acceptance out of range":   func(w *logWriter) { plan(w, 1); w.accepted(1, 0, maxInstant+1) },
		"planned out of range":      func(w *logWriter) { w.planned(&Planned{Index: 1, At: maxInstant + 1}) },
		"long text":                 func(w *logWriter) { w.buf = append(w.buf, byte(recError), 1, 0, 0, 0xff, 0x7f) },
		"more own than bytes":       func(w *logWriter) { w.buf = append(w.buf, byte(recBlock), 1, 1, 1, 0xff, 0xff, 0x7f) },
		"outcome out of range":      func(w *logWriter) { plan(w, 1); w.outcome(1, Skipped+1, NoStage) },
		"stage out of range":        func(w *logWriter) { plan(w, 1); w.outcome(1, Lost, StageAccepted+1) },
		"confirmed as an outcome":   func(w *logWriter) { plan(w, 1); w.outcome(1, Confirmed, NoStage) },
		"planned twice":             func(w *logWriter) { plan(w, 1); plan(w, 1) },
		"unplanned entry submitted": func(w *logWriter) { w.submitted(1, 0, Submission{}, 0) },
		"unplanned entry accepted":  func(w *logWriter) { w.accepted(1, 0, 1) },
		"unplanned entry in block":  func(w *logWriter) { w.block(Block{}, []uint64{1}) },
		"outcome of an unplanned":   func(w *logWriter) { w.outcome(1, Lost, StageCommit) },
		"unknown error":             func(w *logWriter) { plan(w, 1); w.submitted(1, 0, Submission{}, 7) },
		"two outcomes":              func(w *logWriter) { plan(w, 1); w.outcome(1, Lost, StageCommit); w.outcome(1, Failed, NoStage) },
		"outcome and block":         func(w *logWriter) { plan(w, 1); w.outcome(1, Failed, NoStage); w.block(Block{}, []uint64{1}) },
		"in two blocks":             func(w *logWriter) { plan(w, 1); w.block(Block{}, []uint64{1}); w.block(Block{}, []uint64{1}) },
		"call without a name":       func(w *logWriter) { w.call(7, &Call{}, 0) },
		"call with unknown error":   func(w *logWriter) { w.callName(7, callName{}); w.call(7, &Call{}, 7) },
		"wrong end":                 func(w *logWriter) { plan(w, 1); w.end(3) },
	} {
		t.Run(name, func(t *testing.T) {
			var w logWriter
			plan(&w, 0)
			log := w.frame([]byte(logMagic))
			good := int64(len(log))
			write(&w)
			log = w.frame(log)
			told := map[uint64]bool{}
			s, err := read(bytes.NewReader(log), Reader{Entry: func(e *Entry) error { told[e.Index] = true; return nil }})
			if err != nil {
				t.Fatal(err)
			}
			if d := s.Damage; d.Offset != good || d.Lost != int64(len(log))-good || !strings.Contains(d.Reason, "malformed") {
				t.Errorf("damage is %+v", d)
			}
			if s.Complete || !told[0] {
				t.Errorf("summary is %+v, entries %v", s, told)
			}
		})
	}
}

// The reader's own failures are errors, not damage.
func TestReadPassesErrorsOn(t *testing.T) {
	l := realLog(t)
	_, err := read(bytes.NewReader(l.bytes), Reader{Entry: func(*Entry) error { return errDown }})
	if err != errDown {
		t.Errorf("got %v", err)
	}
	if _, err := ReadEntries(t.TempDir(), Reader{}); err == nil || !strings.Contains(err.Error(), "reading the run's record") {
		t.Errorf("without a record: %v", err)
	}
}

// goldenEntries are the lives in testdata/entries-v1.log, which was written by
// the first version of the format and must stay readable.
func goldenEntries() []Entry {
	e := func(index uint64, outcome Outcome, change func(*Entry)) Entry {
		e := Entry{
			Index: index, Hash: entryHash(index), Chain: chainHash(0), Phase: 1, Endpoint: int(index % 2),
			Size: 100 + int(index), Credits: 1, Planned: int64(index) * 1e9,
			Sent: Never, Committed: Never, Revealed: Never, Accepted: Never, Confirmed: Never, GivenUp: Never, Outcome: outcome,
		}
		change(&e)
		return e
	}
	answered := func(e *Entry) {
		e.Sent, e.Committed, e.Revealed = e.Planned+1e6, e.Planned+5e6, e.Planned+9e6
	}
	return []Entry{
		e(0, Confirmed, func(e *Entry) { // a chain of the setup
			answered(e)
			e.Kind, e.Phase, e.Credits = KindChain, 0, 11
			e.Accepted, e.Confirmed, e.Height = e.Planned+50e6, 10e9, 101
		}),
		e(1, Confirmed, func(e *Entry) {
			answered(e)
			e.Accepted, e.Confirmed, e.Height = e.Planned+60e6, 10e9, 101
		}),
		e(2, Confirmed, func(e *Entry) { // a new chain, held back by the in-flight limit
			answered(e)
			e.Kind, e.Chain, e.Credits = KindChain, chainHash(2), 12
			e.Sent, e.Late, e.Waited = e.Planned+4e6, true, true
			e.Confirmed, e.Height = 10e9, 101
		}),
		e(3, Confirmed, func(e *Entry) { // a submit that timed out, and arrived
			e.Sent, e.Committed = e.Planned+1e6, e.Planned+5e6
			e.Confirmed, e.Height, e.Ambiguous = 10e9, 101, true
			e.Error = &Error{Message: "timeout"}
		}),
		e(4, Accepted, func(e *Entry) { answered(e); e.Accepted = 21e9 }),
		e(5, Lost, func(e *Entry) { answered(e); e.Stage = StageCommit }),
		e(6, Lost, func(e *Entry) { answered(e); e.Stage = StageReveal }),
		e(7, Lost, func(e *Entry) { answered(e); e.Stage, e.Accepted = StageAccepted, e.Planned+70e6 }),
		e(8, Rejected, func(e *Entry) {
			e.Sent, e.Committed = e.Planned+1e6, e.Planned+5e6
			e.Error = &Error{Rejected: true, Code: -32602, Message: "Invalid params: Invalid Commit Entry"}
		}),
		e(9, Failed, func(e *Entry) { e.Error = &Error{Message: "connection refused"} }),
		e(10, Skipped, func(e *Entry) {}),
		e(11, Skipped, func(e *Entry) { e.Hash, e.Chain = factomd.Hash{}, factomd.Hash{} }), // never composed
	}
}

func TestReadVersion1(t *testing.T) {
	dir := t.TempDir()
	golden, err := os.ReadFile("testdata/entries-v1.log")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, EntriesFile), golden, 0o644); err != nil {
		t.Fatal(err)
	}
	var (
		phases  []Phase
		blocks  []Block
		entries []Entry
	)
	s, err := ReadEntries(dir, Reader{
		Phase: func(i int, p Phase) {
			if i != len(phases) {
				t.Errorf("phase %d came as number %d", i, len(phases))
			}
			phases = append(phases, p)
		},
		Block: func(b Block) { blocks = append(blocks, b) },
		Entry: func(e *Entry) error { entries = append(entries, *e); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := (Summary{Planned: 12, Last: 30 * int64(time.Second), Complete: true}); s != want {
		t.Errorf("summary is %+v, not %+v", s, want)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return int(a.Index) - int(b.Index) })
	if diff := cmp.Diff(goldenEntries(), entries); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Phase{{Name: "setup", End: 1e9}, {Name: "load", Measured: true, Start: 1e9, End: 12e9}}, phases); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]Block{
		{Height: 101, Seen: 10e9, Entries: 5, Own: 4}, {Height: 102, Seen: 20e9}, {Height: 103, Seen: 30e9},
	}, blocks); diff != "" {
		t.Errorf("blocks (-want +got):\n%s", diff)
	}
}

// FuzzReadLog reads anything, as a whole file and as the content of a frame
// whose checksum is right.
func FuzzReadLog(f *testing.F) {
	l := realLog(f)
	f.Add(l.bytes)
	f.Add(l.bytes[:len(l.bytes)-5])
	for i, end := range l.ends[1:] {
		f.Add(l.bytes[l.ends[i]+frameHeader : end])
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		framed := binary.LittleEndian.AppendUint32([]byte(logMagic), uint32(len(data)))
		framed = binary.LittleEndian.AppendUint32(framed, crc32.Checksum(data, castagnoli))
		framed = append(framed, data...)
		for _, log := range [][]byte{data, framed} {
			var told, pending uint64
			s, err := read(bytes.NewReader(log), Reader{
				Growing: true,
				Phase:   func(int, Phase) {},
				Block:   func(Block) {},
				Call: func(c Call) {
					for _, at := range []int64{c.Planned, c.Sent, c.Ended} {
						if at < Never {
							t.Errorf("an instant of a call has run over: %+v", c)
						}
					}
				},
				Entry: func(e *Entry) error {
					told++
					if e.Outcome == Pending {
						pending++
					}
					for _, at := range []int64{e.Planned, e.Sent, e.Committed, e.Revealed, e.Accepted, e.Confirmed} {
						if at < Never {
							t.Errorf("an instant of entry %d has run over: %+v", e.Index, e)
						}
					}
					return nil
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			if told != s.Planned {
				t.Errorf("%d entries told of %d", told, s.Planned)
			}
			if s.Complete && pending > 0 {
				t.Errorf("a complete record has %d entries without an outcome", pending)
			}
			if d := s.Damage; (d.Reason == "") != (d == Damage{}) || d.Offset < 0 || d.Lost < 0 || d.Offset+d.Lost > int64(len(log)) {
				t.Errorf("of %d bytes: %+v", len(log), d)
			}
		}
	})
}
