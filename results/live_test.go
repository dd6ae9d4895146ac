package results

import (
	"maps"
	"math"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// Whatever indexes a record has, in whatever order: what was added and not removed is
// there, and there is no page for anything else.
func TestLiveEntries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		index := rapid.OneOf(
			rapid.Uint64Range(0, 300),
			rapid.Uint64Range(math.MaxUint64-130, math.MaxUint64),
			rapid.Uint64(),
		)
		var l liveEntries
		want := map[uint64]*joined{}
		for _, i := range rapid.SliceOf(index).Draw(t, "indexes") {
			if l.get(i) != want[i] {
				t.Fatalf("entry %d is %v, want %v", i, l.get(i), want[i])
			}
			if want[i] == nil {
				want[i] = &joined{Entry: Entry{Index: i}}
				l.add(want[i])
			} else {
				l.remove(i)
				delete(want, i)
			}
		}
		pages := map[uint64]bool{}
		for i, e := range want {
			pages[i/pageSize] = true
			if l.get(i) != e {
				t.Errorf("entry %d is %v", i, l.get(i))
			}
		}
		if len(l.pages) != len(pages) || l.n != len(want) {
			t.Errorf("%d pages for %d entries, want %d for %d", len(l.pages), l.n, len(pages), len(want))
		}
		var sorted []uint64
		for _, e := range l.sorted() {
			sorted = append(sorted, e.Index)
		}
		if !slices.Equal(sorted, slices.Sorted(maps.Keys(want))) {
			t.Errorf("sorted: %d", sorted)
		}
	})
}

// A record that was made to have every entry in a page of its own takes up to three
// times the memory of one whose entries follow on each other.
func TestMemoryOfSparseIndexes(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory")
	}
	const n = 20_000
	of := func(step uint64) int {
		before := heap()
		j := newJoiner(Reader{})
		for i := range uint64(n) {
			if err := j.planned(Planned{Index: i * step, Kind: KindEntry}); err != nil {
				t.Fatal(err)
			}
		}
		defer runtime.KeepAlive(j)
		return int(heap() - before)
	}
	dense, sparse := of(1), of(1_000_003)
	t.Logf("an entry takes %d bytes among others, %d alone", dense/n, sparse/n)
	if sparse > 3*dense {
		t.Errorf("an entry takes %d bytes among others, %d alone", dense/n, sparse/n)
	}
}
