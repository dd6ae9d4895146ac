package results

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// frames are the magic number and the frames of a log, as they were written.
func (l brokenLog) frames() (list [][]byte) {
	var from int64
	for _, end := range l.ends {
		list = append(list, l.bytes[from:end])
		from = end
	}
	return list
}

// openLog begins a record in a directory of its own.
func openLog(t *testing.T, o LogOptions) *Log {
	t.Helper()
	d := create(t, t.TempDir())
	t.Cleanup(func() { d.Close() })
	l, err := d.OpenLog(o)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// told is what a record tells, but for where its segments begin.
func told(t *testing.T, dir string, how reading) (transcript, Damage) {
	t.Helper()
	s, err := openSegments(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	var all transcript
	d, err := s.read(&all, how)
	if err != nil {
		t.Fatal(err)
	}
	return slices.DeleteFunc(all, func(line string) bool { return strings.HasPrefix(line, "segment ") }), d
}

// divided writes a real log so that there is a segment to each size, and waits until
// what is closed is compressed.
func divided(t *testing.T, l brokenLog, size int64) (dir string) {
	t.Helper()
	log := openLog(t, LogOptions{Segment: size, Say: t.Errorf})
	for _, frame := range l.frames() {
		if _, err := log.Write(frame); err != nil {
			t.Fatal(err)
		}
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return log.dir
}

// A record in segments says what an undivided one says. Closed segments are
// compressed, and anyone may read them.
func TestSegments(t *testing.T) {
	l := realLog(t)
	want, _ := l.wholeFrames(t, int64(len(l.bytes)))
	for _, size := range []int64{1, 100, 500, 1 << 20} {
		dir := divided(t, l, size)
		if got, damage := told(t, dir, reading{}); damage != (Damage{}) || !slices.Equal(got, want) {
			t.Errorf("%d bytes a segment: %+v\n%s", size, damage, cmp.Diff(want, got))
		}
		closed, err := highestSegment(dir)
		if err != nil || size == 1 && closed != len(l.ends)-1 || size == 1<<20 && closed > 0 {
			t.Errorf("%d bytes a segment: %d are closed, %v", size, closed, err)
		}
		list := []string{EntriesFile, lockFile}
		for n := 1; n <= closed; n++ {
			list = append(list, segmentName(n)+packedSuffix)
		}
		slices.Sort(list)
		if got := names(t, dir); !slices.Equal(got, list) {
			t.Errorf("%d bytes a segment: there are %v", size, got)
		}
		for _, name := range list {
			if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode() != 0o644 {
				t.Errorf("%s: %v, %v", name, info.Mode(), err)
			}
		}
	}
}

var errKill = errors.New("killed")

// killed writes a log until a step of its rotations, the first being 0, at which it
// is killed. It returns what was written by then, and whether there was such a step.
func killed(t *testing.T, l brokenLog, size int64, at int) (dir string, written int, was string) {
	t.Helper()
	log := openLog(t, LogOptions{Segment: size})
	steps := 0
	log.step = func(what string) error {
		if steps++; steps > at {
			if steps == at+1 {
				was = what
			}
			return errKill
		}
		return nil
	}
	for _, frame := range l.frames() {
		_, err := log.Write(frame)
		log.packer.Wait() // the steps come in a fixed order
		if err == nil {
			written++
		}
		if err != nil || was != "" {
			break
		}
	}
	for _, f := range append(log.toSync, log.newest) {
		f.Close()
	}
	return log.dir, written, was
}

// Whenever a rotation is killed, all that was written is read, and the record can be
// continued.
func TestKilledRotation(t *testing.T) {
	l := realLog(t)
	seen := map[string]int{}
	for at := 0; ; at++ {
		dir, written, step := killed(t, l, 150, at)
		if step == "" {
			break
		}
		seen[step]++
		want, _ := l.wholeFrames(t, l.ends[written-1])
		if got, damage := told(t, dir, reading{}); damage != (Damage{}) || !slices.Equal(got, want) {
			t.Errorf("killed at step %d, before it could %s: %+v\n%s", at, step, damage, cmp.Diff(want, got))
		}
		resumeAll(t, dir, want)
		for _, name := range names(t, dir) {
			if isTemp(name) || strings.HasSuffix(name, damagedSuffix) {
				t.Errorf("killed at step %d: there is %s", at, name)
			}
			if _, closed := segmentNumber(name); closed && !strings.HasSuffix(name, packedSuffix) {
				t.Errorf("killed at step %d: %s is not compressed", at, name)
			}
		}
	}
	for _, step := range []string{"rename the newest", "create the next", "begin the next", "compress", "rename the compressed", "remove the plain"} {
		if seen[step] < 2 {
			t.Errorf("killed %d times before it could %s", seen[step], step)
		}
	}
}

// resumeAll continues a record to its end, and checks that what it told before is
// there still, followed by an outcome for each entry.
func resumeAll(t *testing.T, dir string, before transcript) {
	t.Helper()
	past, err := ReadPast(dir)
	if err != nil {
		if errors.Is(err, ErrNoRecord) && len(before) == 0 {
			return
		}
		t.Fatal(err)
	}
	if past.Whole {
		return
	}
	c, log, err := past.Resume(max(past.Last, 1000), 8, LogOptions{Segment: 150, Say: t.Errorf})
	if err != nil {
		t.Fatal(err)
	}
	askForAll(c)
	if _, err := c.Finish(); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	now, damage := told(t, dir, reading{})
	if damage != (Damage{}) || len(now) < len(before) || !slices.Equal(now[:len(before)], before) {
		t.Errorf("after it was resumed: %+v\n%s", damage, cmp.Diff(before, now))
	}
	outcomes := map[uint64]Outcome{}
	s, err := ReadEntries(dir, Reader{Growing: true, Entry: func(e *Entry) error { outcomes[e.Index] = e.Outcome; return nil }})
	if err != nil || !s.Complete || s.Damage != (Damage{}) || s.Planned != past.Planned || uint64(len(outcomes)) != s.Planned {
		t.Errorf("after it was resumed: %+v, %v, outcomes %v", s, err, outcomes)
	}
}

// copyDir copies a record, to be damaged.
func copyDir(t *testing.T, from string) (to string) {
	t.Helper()
	to = t.TempDir()
	if err := os.CopyFS(to, os.DirFS(from)); err != nil {
		t.Fatal(err)
	}
	return to
}

// Damage anywhere in any segment, plain or compressed, costs what comes after and no
// more; the reader says what is lost, and the record can be continued.
func TestDamagedSegments(t *testing.T) {
	l := realLog(t)
	whole := divided(t, l, 180)
	unpackSegment(t, whole, 2)
	damageAll(t, l, whole, segmentName(1)+packedSuffix, segmentName(2), segmentName(3)+packedSuffix, EntriesFile)
	damageAll(t, l, divided(t, l, 1<<20), EntriesFile) // undivided
}

// damageAll damages each segment of a record at every byte.
func damageAll(t *testing.T, l brokenLog, whole string, segments ...string) {
	t.Helper()
	all, _ := l.wholeFrames(t, int64(len(l.bytes)))
	starts, cases := segmentStarts(t, whole), 0
	for i, name := range segments {
		data, err := os.ReadFile(filepath.Join(whole, name))
		if err != nil {
			t.Fatal(err)
		}
		least, most := starts[i], len(all)
		if i+1 < len(starts) {
			most = starts[i+1]
		}
		dir := copyDir(t, whole)
		check := func(what string, damaged []byte) {
			t.Helper()
			if err := os.WriteFile(filepath.Join(dir, name), damaged, 0o644); err != nil {
				t.Fatal(err)
			}
			got, damage := told(t, dir, reading{})
			if !slices.Equal(got, all[:min(len(got), len(all))]) || len(got) < least {
				t.Fatalf("%s, %s: of %d to %d records of the record this was told:\n%s", name, what, least, most, cmp.Diff(all, got))
			}
			if len(got) < len(all) && name != EntriesFile && (damage.Reason == "" || damage.Lost <= 0) {
				t.Fatalf("%s, %s: %d of %d records were told, and %+v", name, what, len(got), len(all), damage)
			}
			if damage.Reason != "" {
				n, _ := segmentNumber(damage.Segment)
				if here, _ := segmentNumber(name); n != here && n != here+1 && !(damage.Segment == EntriesFile && here == 3) {
					t.Fatalf("%s, %s: the damage is said to be in %s", name, what, damage.Segment)
				}
			}
			past, err := ReadPast(dir)
			if err != nil && (len(got) > 0 || !errors.Is(err, ErrNoRecord)) || err == nil && past.Damage != damage {
				t.Fatalf("%s, %s: to be resumed it is %+v, %v; else %+v", name, what, past, err, damage)
			}
			if cases++; cases%7 == 0 { // it waits for the disk
				resumeAll(t, copyDir(t, dir), got)
			}
		}
		for at := range data {
			check(fmt.Sprintf("cut at %d", at), data[:at])
			flipped := bytes.Clone(data)
			flipped[at] ^= 1 << (at % 8)
			check(fmt.Sprintf("a bit flipped at %d", at), flipped)
		}
	}
}

// FuzzResume continues anything that begins like a record, alone or as the segment
// after another, to its end.
func FuzzResume(f *testing.F) {
	l := realLog(f)
	for i := range l.ends {
		f.Add(l.bytes[:l.ends[i]], i%2 == 0)
		f.Add(l.bytes[:max(l.ends[i]-3, 0)], i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, data []byte, alone bool) {
		dir := t.TempDir()
		if !alone {
			first := l.bytes[:l.ends[4]]
			if err := os.WriteFile(filepath.Join(dir, segmentName(1)), first, 0o644); err != nil {
				t.Fatal(err)
			}
			var begin bytes.Buffer
			if _, err := beginSegment(&begin, 2, int64(len(first))); err != nil {
				t.Fatal(err)
			}
			data = append(begin.Bytes(), data...)
		}
		if err := os.WriteFile(filepath.Join(dir, EntriesFile), data, 0o644); err != nil {
			t.Fatal(err)
		}
		before, _ := told(t, dir, reading{until: nil})
		if past, err := ReadPast(dir); err == nil && past.Damage.Reason != "" {
			before, _ = told(t, dir, reading{until: &past.Damage})
		}
		resumeAll(t, dir, before)
	})
}

// unpackSegment undoes the compression of a segment.
func unpackSegment(t *testing.T, dir string, n int) {
	t.Helper()
	path := filepath.Join(dir, segmentName(n))
	packed, err := os.ReadFile(path + packedSuffix)
	if err != nil {
		t.Fatal(err)
	}
	z, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	plain, err := z.DecodeAll(packed, nil)
	if err := errors.Join(err, os.WriteFile(path, plain, 0o644), os.Remove(path+packedSuffix)); err != nil {
		t.Fatal(err)
	}
}

// segmentStarts says how many records are told before each segment.
func segmentStarts(t *testing.T, dir string) (starts []int) {
	t.Helper()
	s, err := openSegments(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	var all transcript
	if _, err := s.read(&all, reading{}); err != nil {
		t.Fatal(err)
	}
	starts = []int{0}
	for i, line := range all {
		if strings.HasPrefix(line, "segment ") {
			starts = append(starts, i-len(starts)+1)
		}
	}
	return starts
}

// A segment that is gone, or not in its place, is damage.
func TestMissingSegment(t *testing.T) {
	l := realLog(t)
	all, _ := l.wholeFrames(t, int64(len(l.bytes)))
	whole := divided(t, l, 180)
	starts := segmentStarts(t, whole)
	second := filepath.Join(whole, segmentName(2)+packedSuffix)
	if err := os.Rename(second, filepath.Join(t.TempDir(), "gone")); err != nil {
		t.Fatal(err)
	}
	dir := copyDir(t, whole)
	got, damage := told(t, dir, reading{})
	if damage.Segment != segmentName(2) || damage.Reason != "it is missing" || damage.Lost < 100 || !slices.Equal(got, all[:starts[1]]) {
		t.Errorf("%+v, and %d records of %d", damage, len(got), starts[1])
	}
	resumeAll(t, dir, got)
	if aside := names(t, dir); !slices.Contains(aside, EntriesFile+damagedSuffix) || !slices.Contains(aside, segmentName(3)+packedSuffix+damagedSuffix) {
		t.Errorf("what comes after the missing one was not set aside: %v", aside)
	}

	third, err := os.ReadFile(filepath.Join(whole, segmentName(3)+packedSuffix))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(second, third, 0o644); err != nil {
		t.Fatal(err)
	}
	if got, damage := told(t, whole, reading{}); damage.Segment != segmentName(2)+packedSuffix || !strings.Contains(damage.Reason, "it goes on from") || len(got) != starts[1] {
		t.Errorf("the third in the place of the second: %+v", damage)
	}
}

// A compressed segment from elsewhere cannot make the reader fill its memory, or read
// without end.
func TestSegmentBomb(t *testing.T) {
	dir := divided(t, realLog(t), 180)
	var bomb bytes.Buffer
	z, err := zstd.NewWriter(&bomb, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		t.Fatal(err)
	}
	zeros := make([]byte, 1<<20)
	for n := 0; n <= maxUnpacked; n += len(zeros) {
		if _, err := z.Write(zeros); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(z.Close(), os.WriteFile(filepath.Join(dir, segmentName(1)+packedSuffix), bomb.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
	_, damage := told(t, dir, reading{})
	if !strings.Contains(damage.Reason, "more than any segment has") && damage.Reason != noMagic {
		t.Errorf("a bomb of %d bytes: %+v", bomb.Len(), damage)
	}

	// A window of 1 GiB, and a block in it.
	wide := []byte{0x28, 0xb5, 0x2f, 0xfd, 0x00, 20 << 3, 0x03, 0, 0x10, 'x'}
	if err := os.WriteFile(filepath.Join(dir, segmentName(1)+packedSuffix), wide, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, damage := told(t, dir, reading{}); !strings.Contains(damage.Reason, "its compression is damaged: window size exceeded") {
		t.Errorf("a wide window: %+v", damage)
	}
}

// While a record grows its end is no damage, and a rotation under the reader's feet
// loses nothing.
func TestReadGrowing(t *testing.T) {
	l := realLog(t)
	dir := divided(t, l, 180)
	newest, err := os.ReadFile(filepath.Join(dir, EntriesFile))
	if err != nil {
		t.Fatal(err)
	}
	for cut := range newest {
		if err := os.WriteFile(filepath.Join(dir, EntriesFile), newest[:cut], 0o644); err != nil {
			t.Fatal(err)
		}
		if _, damage := told(t, dir, reading{growing: true}); damage != (Damage{}) {
			t.Errorf("cut at %d: %+v", cut, damage)
		}
	}

	log := openLog(t, LogOptions{Segment: 200, Say: t.Errorf})
	done := make(chan error)
	go func() {
		c := NewCollector(log)
		for i := range uint64(500) {
			refs, err := c.Plan([]Planned{{Index: i, Hash: entryHash(i), Phase: 1}}, nil)
			if err != nil {
				done <- err
				return
			}
			c.Submitted(refs[0], Submission{Sent: 1, Committed: 2, Revealed: 3})
			c.Block(Sighting{Height: uint32(i), Seen: 10, Entries: []factomd.Hash{entryHash(i)}})
		}
		_, err := c.Finish()
		done <- errors.Join(err, log.Close())
	}()
	last, reads := uint64(0), 0
	for running := true; running; reads++ {
		select {
		case err := <-done:
			if err != nil {
				t.Fatal(err)
			}
			running = false
		default:
		}
		s, err := ReadEntries(log.dir, Reader{Growing: true})
		if err != nil && !errors.Is(err, fs.ErrNotExist) || s.Damage != (Damage{}) || s.Planned < last {
			t.Fatalf("read number %d: %+v after %d entries, %v", reads, s, last, err)
		}
		last = s.Planned
	}
	if last != 500 {
		t.Errorf("after %d reads there are %d entries", reads, last)
	}
}

// A rotation leaves no file open and no goroutine.
func TestRotationsHoldNothing(t *testing.T) {
	log := openLog(t, LogOptions{Segment: 100, Say: t.Errorf})
	holding := func() (goroutines, files int) {
		list, err := os.ReadDir("/dev/fd")
		if err != nil {
			t.Skip("open files cannot be counted here")
		}
		return runtime.NumGoroutine(), len(list)
	}
	var w logWriter
	var goroutines, files int
	for closed := 1; closed <= 40; closed++ {
		for log.closed < closed {
			w.event(Event{At: 1, Kind: Suspended, Detail: strings.Repeat("x", 60)})
			if _, err := log.Write(w.frame(nil)); err != nil {
				t.Fatal(err)
			}
		}
		log.packer.Wait()
		if err := log.Sync(); err != nil {
			t.Fatal(err)
		}
		if closed == 2 {
			goroutines, files = holding()
		}
	}
	if g, f := holding(); g > goroutines || f > files {
		t.Errorf("after 2 rotations there were %d goroutines and %d files, after 40 there are %d and %d", goroutines, files, g, f)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
}

// What was not written to its end is no part of the record, and is cleaned up; what
// was set aside stays.
func TestCleanUpSegments(t *testing.T) {
	l := realLog(t)
	dir := divided(t, l, 180)
	want, _ := told(t, dir, reading{})
	before := names(t, dir)
	half := []string{segmentName(4) + packedSuffix + tempSuffix, EntriesFile + tempSuffix, "report.json.tmp123", ManifestFile + tempSuffix + "9"}
	other := []string{segmentName(9) + damagedSuffix, "entries-9.log", "notes.tmp", segmentName(2) + ".bak"}
	for _, name := range slices.Concat(half, other) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte("half"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if got, damage := told(t, dir, reading{}); damage != (Damage{}) || !slices.Equal(got, want) {
		t.Errorf("with what a kill has left: %+v\n%s", damage, cmp.Diff(want, got))
	}
	unlocked := copyDir(t, dir)
	cleanUp(t, unlocked)
	left := slices.Sorted(slices.Values(append(slices.DeleteFunc(before, func(name string) bool { return name == lockFile }), other...)))
	if got := names(t, unlocked); !slices.Equal(got, left) {
		t.Errorf("there are %v, not %v", got, left)
	}
}

// cleanUp cleans up under the lock, and leaves nothing of that either.
func cleanUp(t *testing.T, dir string) {
	t.Helper()
	d, err := Reopen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(d.CleanUp(), d.Close()); err != nil {
		t.Fatal(err)
	}
}
