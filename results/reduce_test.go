package results

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// manyLives writes a record in segments: a chain of the setup, and 200 entries, of
// which every tenth is skipped, refused, broken, broken and confirmed, or sent twice.
func manyLives(t *testing.T) (dir string) {
	t.Helper()
	log := openLog(t, LogOptions{Segment: 2000, Say: t.Errorf})
	c := NewCollector(log)
	plan := func(p Planned) Ref {
		refs, err := c.Plan([]Planned{p}, nil)
		if err != nil {
			t.Fatal(err)
		}
		return refs[0]
	}
	c.Phase(0, Phase{Name: "setup", End: 100})
	c.Phase(1, Phase{Name: "load", Measured: true, Start: 100, End: 1e9})
	setup := plan(Planned{Hash: entryHash(0), Chain: chainHash(0), Kind: KindChain, Credits: 11})
	c.Submitted(setup, Submission{Sent: 10, Committed: 20, Revealed: 30})
	for i := uint64(1); i <= 200; i++ {
		at := int64(100 * i)
		ref := plan(Planned{Index: i, Hash: entryHash(i), Phase: 1, Size: 100, Credits: 1, At: at})
		s := Submission{Sent: at + 5, Committed: at + 10, Revealed: at + 20}
		own := entryHash(i)
		switch i % 10 {
		case 1:
			c.Skip(ref)
			continue
		case 2:
			s.Err, own = errRefused, factomd.Hash{}
		case 3:
			s.Err, own = errBroken, factomd.Hash{}
		case 4:
			s.Err = errBroken
		case 5:
			s.Retried = 2
		}
		c.Submitted(ref, s)
		c.Accept(own, at+30)
		c.Called(Call{Name: "heights", Planned: at, Sent: at, Ended: at + 1, Outcome: CallOutcome(i % 3)})
		c.Block(Sighting{Height: uint32(i), Seen: at + 40, Entries: []factomd.Hash{own, entryHash(0)}})
	}
	askForAll(c)
	if _, err := c.Finish(); err != nil {
		t.Fatal(err)
	}
	if err := log.Close(); err != nil {
		t.Fatal(err)
	}
	return log.dir
}

// content is what a record holds of entries and calls.
func content(t *testing.T, dir string) (entries map[uint64]Entry, calls []Call, s Summary) {
	t.Helper()
	entries = map[uint64]Entry{}
	s, err := ReadEntries(dir, Reader{
		Entry: func(e *Entry) error { entries[e.Index] = *e; return nil },
		Call:  func(c Call) { calls = append(calls, c) },
	})
	if err != nil || !s.Complete || s.Damage != (Damage{}) {
		t.Fatalf("%+v, %v", s, err)
	}
	return entries, calls, s
}

func TestReduce(t *testing.T) {
	whole := manyLives(t)
	all, allCalls, _ := content(t, whole)
	failures := map[uint64]Entry{}
	for i, e := range all {
		if i == 0 || i%10 >= 1 && i%10 <= 5 {
			failures[i] = e
		}
	}
	notRight := slices.DeleteFunc(slices.Clone(allCalls), func(c Call) bool { return c.Outcome == CallRight })
	for _, test := range []struct {
		name    string
		options ReduceOptions
		kept    int
		must    map[uint64]Entry
		calls   []Call
	}{
		{"failures", ReduceOptions{Failures: true}, 101, failures, notRight},
		{"a sample", ReduceOptions{Failures: true, Sample: 7, Seed: 1}, 108, failures, notRight},
		{"a sample of all", ReduceOptions{Failures: true, Sample: 1000}, 201, all, notRight},
		{"none", ReduceOptions{}, 0, nil, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := copyDir(t, whole)
			want := Reduction{uint64(test.kept), uint64(201 - test.kept)}
			for range 2 { // again changes nothing
				if got, err := Reduce(dir, test.options); err != nil || got != want {
					t.Fatalf("left are %+v, %v, not %+v", got, err, want)
				}
				if r, err := ReadReduction(dir); err != nil || r == nil || *r != want {
					t.Fatalf("read back: %+v, %v", r, err)
				}
				entries, calls, s := content(t, dir)
				if len(entries) != test.kept || s.Reduced == nil || *s.Reduced != want {
					t.Errorf("%d entries, %+v", len(entries), s)
				}
				for i, e := range entries {
					if diff := cmp.Diff(all[i], e); diff != "" {
						t.Errorf("entry %d has changed:\n%s", i, diff)
					}
				}
				for i := range test.must {
					if _, ok := entries[i]; !ok {
						t.Errorf("entry %d is gone: %+v", i, all[i])
					}
				}
				if diff := cmp.Diff(test.calls, calls); diff != "" {
					t.Error(diff)
				}
				if got := names(t, dir); !slices.Equal(got, []string{EntriesFile, lockFile}) {
					t.Errorf("there are %v", got)
				}
			}
		})
	}
}

// A kill leaves the whole record, or what is left of it; never a mixture.
func TestKilledReduce(t *testing.T) {
	whole := manyLives(t)
	all, _, _ := content(t, whole)
	dir := copyDir(t, whole)
	if err := os.WriteFile(filepath.Join(dir, EntriesFile+tempSuffix), []byte(logMagic+"half"), 0o644); err != nil {
		t.Fatal(err)
	}
	if entries, _, s := content(t, dir); len(entries) != len(all) || s.Reduced != nil {
		t.Errorf("before the rename there are %d entries, %+v", len(entries), s)
	}
	if _, err := Reduce(dir, ReduceOptions{Failures: true}); err != nil {
		t.Fatal(err)
	}
	if err := os.CopyFS(dir, segmentsOf(t, whole)); err != nil { // as if they had not been removed
		t.Fatal(err)
	}
	if entries, _, s := content(t, dir); len(entries) != 101 || s.Reduced == nil {
		t.Errorf("after the rename there are %d entries, %+v", len(entries), s)
	}
	cleanUp(t, dir)
	if got := names(t, dir); !slices.Equal(got, []string{EntriesFile}) {
		t.Errorf("cleaning up left %v", got)
	}
}

func segmentsOf(t *testing.T, dir string) (closed fs.FS) {
	t.Helper()
	to := copyDir(t, dir)
	removeIf(to, func(name string) bool { _, ok := segmentNumber(name); return !ok })
	if len(names(t, to)) < 3 {
		t.Fatalf("there are %v", names(t, to))
	}
	return os.DirFS(to)
}

// A record that is not whole is not reduced.
func TestReduceRefuses(t *testing.T) {
	dir := manyLives(t)
	f, err := os.OpenFile(filepath.Join(dir, EntriesFile), os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteString("torn")
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
	before := names(t, dir)
	if _, err := Reduce(dir, ReduceOptions{}); err == nil || !strings.Contains(err.Error(), "it is not whole") {
		t.Errorf("reduced: %v", err)
	}
	if after := names(t, dir); !slices.Equal(before, after) {
		t.Errorf("there are %v, and were %v", after, before)
	}
}
