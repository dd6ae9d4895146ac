package results

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/internal/factomd"
)

func (b *bench) counts(want FeedCounts) {
	b.t.Helper()
	if got := b.FeedCounts(); got != want {
		b.t.Errorf("feed: %+v, want %+v", got, want)
	}
}

// What a feed says of an entry that was not sent by then counts for nothing, and
// nothing that it says is a confirmation.
func TestFeedIsNotBelieved(t *testing.T) {
	b := newBench(t)
	b.Feed(FeedTrusted)
	for i := range uint64(6) {
		b.plan(i, 1, KindEntry, 10)
	}
	for i := range uint64(6) {
		b.Heard(entryHash(i), 20)
		b.Heard(entryHash(i), 21)
	}
	b.Heard(testHash('x', 1), 20) // of others
	b.GiveUp(b.refs[0], 30, false)
	b.Skip(b.refs[1])
	b.Submitted(b.refs[2], Submission{Sent: Never, Committed: Never, Revealed: Never, Err: errDown})
	b.submit(3, 30, nil)
	b.Heard(entryHash(3), 29)
	b.submit(4, 30, nil)
	b.Heard(entryHash(4), 40)
	b.submit(5, 20, nil) // sent just then
	if n := b.Counts(); n.Accepted != 2 || n.Confirmed != 0 {
		t.Errorf("%+v", n)
	}
	b.counts(FeedCounts{Use: FeedTrusted, Told: 2, Untrue: 6})
	for i, e := range b.finish() {
		want := map[uint64]int64{4: 40, 5: 20}[i]
		if want == 0 {
			want = Never
		}
		if e.Accepted != want || e.Outcome == Confirmed {
			t.Errorf("entry %d is %s, accepted at %d, want %d", i, e.Outcome, e.Accepted, want)
		}
	}
}

// A feed can be quicker than the answers, and so can a block be.
func TestFeedBeforeTheAnswer(t *testing.T) {
	b := newBench(t)
	b.Feed(FeedTrusted)
	for i := range uint64(5) {
		b.plan(i, 1, KindEntry, 10)
	}
	b.Heard(entryHash(4), 51) // the block was seen by then, and is read now
	b.Heard(entryHash(0), 20)
	b.submit(0, 15, nil)

	b.Heard(entryHash(1), 20)
	b.block(101, 50, entryHash(1), entryHash(2), entryHash(3), entryHash(4))
	b.submit(4, 15, nil)
	b.submit(1, 15, nil)
	b.Heard(entryHash(2), 60) // too late
	b.submit(2, 15, nil)
	b.submit(3, 15, errBroken)
	b.counts(FeedCounts{Use: FeedTrusted, Told: 2, Missed: 3})
	e := b.finish()
	for i, want := range []int64{20, 20, Never, Never, Never} {
		if got := e[uint64(i)].Accepted; got != want {
			t.Errorf("entry %d was accepted at %d, want %d", i, got, want)
		}
	}
	if n := inUse(b.Collector); n != 0 {
		t.Errorf("%d entries are left in memory", n)
	}
}

// A feed that drops events misses as many entries, and gives no time to them.
func TestFeedMisses(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		b := newBench(t)
		b.Feed(FeedTrusted)
		var dropped uint64
		var hashes []factomd.Hash
		n := rapid.Uint64Range(1, 50).Draw(rt, "entries")
		heard := map[uint64]bool{}
		for i := range n {
			b.plan(i, 1, KindEntry, 0)
			hashes = append(hashes, entryHash(i))
			heard[i] = rapid.IntRange(0, 9).Draw(rt, "drops") > 0
			if !heard[i] {
				dropped++
			}
			early := rapid.Bool().Draw(rt, "before the answer")
			if heard[i] && early {
				b.Heard(entryHash(i), int64(10+i))
			}
			b.submit(i, 5, nil)
			if heard[i] && !early {
				b.Heard(entryHash(i), int64(10+i))
			}
		}
		b.block(101, 1000, hashes...)
		if got := b.FeedCounts(); got.Missed != dropped || got.Told != n-dropped {
			rt.Errorf("%+v, %d of %d were dropped", got, dropped, n)
		}
		for i, e := range b.finish() {
			if want := int64(10 + i); heard[i] && e.Accepted != want || !heard[i] && e.Accepted != Never {
				rt.Errorf("entry %d was accepted at %d", i, e.Accepted)
			}
		}
	})
}

// Changes of an entry's state are told apart by the order of each sender's.
func TestFeedChanges(t *testing.T) {
	b := newBench(t)
	b.Feed(FeedTrusted)
	b.plan(0, SetupPhase, KindChain, 0)
	b.plan(1, 1, KindChain, 0)
	b.plan(2, 1, KindEntry, 0)
	b.plan(3, 1, KindEntry, 0)
	for i := range uint64(4) {
		b.submit(i, 5, nil)
	}
	b.Changed(entryHash(0), 0, 10) // of a chain: its commit has another hash
	b.Changed(entryHash(1), 0, 11)
	b.Changed(entryHash(2), 0, 12)
	b.Changed(entryHash(2), 15, 13) // another node's word on the commit
	if n := b.Counts().Accepted; n != 2 {
		t.Errorf("%d are accepted after the changes of commits", n)
	}
	b.Changed(entryHash(2), 15, 14)
	b.Changed(entryHash(2), 0, 15)
	b.Changed(entryHash(3), 0, 16) // one of its two is lost
	b.Changed(testHash('x', 1), 0, 17)
	b.Block(Sighting{Height: 101, Seen: 100, Chains: []factomd.Hash{chainHash(1)}, Entries: []factomd.Hash{entryHash(0), entryHash(2), entryHash(3)}})
	b.counts(FeedCounts{Use: FeedTrusted, Told: 3, Missed: 1})
	e := b.finish()
	for i, want := range []int64{10, 11, 14, Never} {
		if got := e[uint64(i)].Accepted; got != want {
			t.Errorf("entry %d was accepted at %d, want %d", i, got, want)
		}
	}
}

// A feed is trusted from the first own entry on, and no more once it is lost: then
// only those in the acceptance sample count.
func TestFeedComesAndGoes(t *testing.T) {
	b := newBench(t)
	sampled := map[factomd.Hash]bool{entryHash(4): true, entryHash(5): true}
	b.Offer(func(h factomd.Hash) bool { return sampled[h] })
	b.Feed(FeedAwaited)
	for i := range uint64(7) {
		b.plan(i, 1, KindEntry, 0)
	}
	b.submit(0, 5, nil)
	b.Heard(entryHash(6), 6) // not sent: no reason to trust it
	b.submit(6, 7, nil)
	b.counts(FeedCounts{Use: FeedAwaited, Untrue: 1})
	b.submit(1, 5, nil)
	b.Heard(entryHash(1), 8)
	b.submit(2, 8, nil)
	b.submit(3, 8, nil)
	b.counts(FeedCounts{Use: FeedTrusted, Told: 1, Untrue: 1})

	b.Feed(FeedUnused)
	b.submit(4, 20, nil)
	b.submit(5, 20, nil)
	b.Heard(entryHash(2), 30) // kept back for long
	b.Heard(entryHash(4), 31)
	b.Accept(entryHash(4), 33)
	b.Accept(entryHash(5), 33)
	b.Heard(entryHash(5), 34)
	b.block(101, 100, entryHash(0), entryHash(1), entryHash(2), entryHash(3), entryHash(4), entryHash(5), entryHash(6))
	b.counts(FeedCounts{Use: FeedUnused, Told: 3, Missed: 2, Untrue: 1})
	e := b.finish()
	for i, want := range []int64{Never, 8, Never, Never, 31, 33, Never} {
		if got := e[uint64(i)].Accepted; got != want {
			t.Errorf("entry %d was accepted at %d, want %d", i, got, want)
		}
	}
}
