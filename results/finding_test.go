package results

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// findings reads the findings of a record.
func (b *bench) findings() (list []Finding) {
	b.t.Helper()
	if err := b.Flush(); err != nil {
		b.t.Fatal(err)
	}
	if _, err := read(&b.log, Reader{Finding: func(f Finding) { list = append(list, f) }}); err != nil {
		b.t.Fatal(err)
	}
	return list
}

// What hostile calls bring into a block is found where it must not be, and is
// neither the run's own nor others'.
func TestFindings(t *testing.T) {
	b := newBench(t)
	b.plan(0, SetupPhase, KindChain, 0)
	b.submit(0, 10, nil)
	b.plan(1, 1, KindEntry, 0)
	b.submit(1, 10, nil)
	forbidden, allowed, others := testHash('f', 1), testHash('a', 1), testHash('o', 1)
	b.Forbid(forbidden, "unpaid-key")
	b.Forbid(testHash('f', 2), "unpaid-key")
	b.Allow(allowed, "repeated-reveal")

	first := b.Block(Sighting{Height: 7, Seen: 100, Entries: []factomd.Hash{entryHash(1), allowed, others}})
	second := b.Block(Sighting{Height: 8, Seen: 200, Entries: []factomd.Hash{allowed, forbidden}})
	want := []Block{{Height: 7, Seen: 100, Entries: 2, Own: 1}, {Height: 8, Seen: 200}}
	if diff := cmp.Diff(want, []Block{first, second}); diff != "" {
		t.Error(diff)
	}
	if got := b.Counts(); got.Confirmed != 1 {
		t.Errorf("%d confirmed", got.Confirmed)
	}
	if diff := cmp.Diff([]Finding{
		{200, RepeatedEntry, "repeated-reveal", "entry " + allowed.String() + " is in block 8 again"},
		{200, ForbiddenEntry, "unpaid-key", "entry " + forbidden.String() + " is in block 8"},
	}, b.findings()); diff != "" {
		t.Error(diff)
	}
}

// However many hostile calls there are, the newest are watched for, in bounded
// memory.
func TestWatchlistIsBounded(t *testing.T) {
	b := newBench(t)
	b.watch.limit = 3
	var all []factomd.Hash
	for i := range uint64(8) {
		all = append(all, testHash('f', i))
		b.Forbid(all[i], "unpaid-key")
		if n := len(b.watch.entries); n > 3 || len(b.watch.order) != n {
			t.Fatalf("after %d: %d are watched for", i+1, n)
		}
	}
	if got := b.Block(Sighting{Height: 7, Seen: 1, Entries: all}); got.Entries != 5 {
		t.Errorf("%d of 8 entries are taken for others', 5 were forgotten", got.Entries)
	}
	if got := b.findings(); len(got) != 3 || got[2].Detail != "entry "+all[7].String()+" is in block 7" {
		t.Errorf("found %v", got)
	}
}
