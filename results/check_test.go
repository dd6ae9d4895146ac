package results

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// errNoEntry is how a node says that it has no such thing.
var errNoEntry = &factomd.Failure{Rejected: true, Code: factomd.CodeNotFound, Message: "Entry not found"}

// A servant serves what a fakeNode has saved, as it was or not. Its fields are guarded
// by mu.
type servant struct {
	*fakeNode
	mu      sync.Mutex
	chains  map[factomd.Hash]factomd.Hash          // of entries
	errs    map[factomd.Hash]error                 // by what is asked for
	blocks  map[factomd.Hash]factomd.RawEntryBlock // that are served in place of the saved ones
	silent  bool                                   // it never answers
	asked   []time.Time
	heights func(saved uint32) factomd.Heights
}

func (s *servant) ask(ctx context.Context, hash factomd.Hash) error {
	s.mu.Lock()
	s.asked = append(s.asked, time.Now())
	err, silent := s.errs[hash], s.silent
	s.mu.Unlock()
	if silent {
		<-ctx.Done()
	}
	return errors.Join(ctx.Err(), err)
}

func (s *servant) Entry(ctx context.Context, hash factomd.Hash) (factomd.Entry, error) {
	if err := s.ask(ctx, hash); err != nil {
		return factomd.Entry{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return factomd.Entry{ChainID: s.chains[hash]}, nil
}

func (s *servant) RawEntryBlock(ctx context.Context, key factomd.Hash) (factomd.RawEntryBlock, error) {
	if err := s.ask(ctx, key); err != nil {
		return factomd.RawEntryBlock{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if b, forged := s.blocks[key]; forged {
		return b, nil
	}
	return s.raw(key), nil
}

// raw is the block that a key MR commits to.
func (s *servant) raw(key factomd.Hash) factomd.RawEntryBlock {
	s.fakeNode.mu.Lock()
	defer s.fakeNode.mu.Unlock()
	b := s.entries[key]
	return factomd.RawEntryBlock{ChainID: b.ChainID, Height: b.Height, Entries: b.Entries, Root: key}
}

func (s *servant) Heights(ctx context.Context) (factomd.Heights, error) {
	if err := s.ask(ctx, factomd.Hash{}); err != nil {
		return factomd.Heights{}, err
	}
	s.fakeNode.mu.Lock()
	saved := s.saved
	s.fakeNode.mu.Unlock()
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.heights(saved), nil
}

func (s *servant) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// A checking is an observer at work with a checker beside it, in virtual time.
type checking struct {
	*watch
	*servant
	checker *Checker
	next    uint64 // index of the next entry; that of the setup's chain is 0
	ended   chan struct{}
	cancel  context.CancelFunc
}

func check(t *testing.T, content, merkle int) *checking {
	c := &checking{next: 1, ended: make(chan struct{})}
	c.servant = &servant{
		fakeNode: newFakeNode(100), chains: map[factomd.Hash]factomd.Hash{}, errs: map[factomd.Hash]error{}, blocks: map[factomd.Hash]factomd.RawEntryBlock{},
		heights: func(saved uint32) factomd.Heights {
			return factomd.Heights{Saved: saved, EntryBlock: saved, Entry: saved}
		},
	}
	w := &watch{bench: newBench(t), start: time.Now(), ended: make(chan error, 1)}
	c.watch = w
	c.checker = NewChecker(w.Collector, CheckerOptions{
		Nodes: []CheckedNode{c.servant}, URLs: []string{"http://node/v2"}, Content: content, Merkle: merkle, Seed: 1, Height: 100, KeyMR: keyOf(100), Start: w.start,
	})
	w.Observer = NewObserver(w.Collector, ObserverOptions{Nodes: []Node{c.fakeNode}, NetworkID: testNetwork, From: 100, Start: w.start, Checker: c.checker})
	ctx, cancel := context.WithCancel(t.Context())
	checks, end := context.WithCancel(t.Context())
	w.stop, c.cancel = cancel, end
	go func() { w.ended <- w.Run(ctx) }()
	go func() {
		c.checker.Run(checks)
		close(c.ended)
	}()
	w.plan(0, SetupPhase, KindChain, 0)
	w.submit(0, 1, nil)
	synctest.Wait() // the observer has looked for the first time: what a test does comes before the next
	return c
}

// keyOf is the key MR of a directory block.
func keyOf(height uint32) factomd.Hash { return testHash('d', uint64(height)) }

// save saves a block with some new own entries in the setup's chain, and some of
// others behind them. It returns the own ones, and the key MR of their block.
func (c *checking) save(own, others int) (entries []factomd.Hash, key factomd.Hash) {
	c.t.Helper()
	for range own {
		c.plan(c.next, 1, KindEntry, 0)
		c.submit(c.next, 1, nil)
		entries = append(entries, entryHash(c.next))
		c.next++
	}
	list := slices.Clone(entries)
	for i := range others {
		list = append(list, testHash('o', c.next<<32+uint64(i)))
	}
	saved := map[factomd.Hash][]factomd.Hash{}
	if len(list) > 0 {
		saved[chainHash(0)] = list
		key = testHash('k', uint64(len(c.entries)))
	}
	c.set(func() {
		for _, e := range list {
			c.chains[e] = chainHash(0)
		}
	})
	c.fakeNode.save(saved)
	c.change(c.saved, func(b *factomd.DirectoryBlock) {
		b.KeyMR, b.Root, b.Previous = keyOf(b.Height), keyOf(b.Height), keyOf(b.Height-1)
	})
	return entries, key
}

// pass lets a block's time pass.
func (c *checking) pass() {
	time.Sleep(10 * time.Second)
	synctest.Wait()
}

// finish ends all, and returns what was counted and found.
func (c *checking) finish() (Integrity, []Finding) {
	c.t.Helper()
	c.watch.end()
	c.cancel()
	<-c.ended
	if all, doubts := c.checker.Left(); all != 0 || doubts != 0 {
		c.t.Errorf("%d checks are left, %d doubts", all, doubts)
	}
	return c.checker.Counts(), c.findings()
}

func wantFindings(t *testing.T, got []Finding, want ...Finding) {
	t.Helper()
	for i := range got {
		got[i].At = 0
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

// A node that serves what it must is found to, with so many requests for a block as
// were asked for, however many entries that has, and none for a block without own ones.
func TestChecks(t *testing.T) {
	for _, test := range []struct{ content, merkle int }{{2, 1}, {0, 3}, {7, 0}, {5, 5}} {
		synctest.Test(t, func(t *testing.T) {
			c := check(t, test.content, test.merkle)
			const blocks = 6
			for range blocks {
				for _, entries := range [][2]int{{300, 100}, {0, 50}, {0, 0}} {
					c.save(entries[0], entries[1])
					c.pass()
				}
			}
			got, found := c.finish()
			wantFindings(t, found)
			want := Integrity{EntriesChecked: uint64(blocks * test.content), EntryBlocksChecked: uint64(blocks * min(test.merkle, 1))}
			if test.merkle > 0 {
				want.BlocksChecked = 3 * blocks
			}
			if got != want || len(c.asked) != int(want.EntriesChecked+want.EntryBlocksChecked) {
				t.Errorf("%+v: %+v with %d requests, want %+v", test, got, len(c.asked), want)
			}
		})
	}
}

// Exactly what is not as it must be is found.
func TestChecksFind(t *testing.T) {
	const node = "http://node/v2: "
	wrongReply := func(detail string) error {
		c, err := factomd.New(factomd.Options{URL: "http://node/v2"})
		if err != nil {
			t.Fatal(err)
		}
		return c.Wrong("entry", "reply for another entry", detail)
	}
	for name, forge := range map[string]func(c *checking, e, key factomd.Hash, b *factomd.RawEntryBlock) []Finding{
		"nothing": func(*checking, factomd.Hash, factomd.Hash, *factomd.RawEntryBlock) []Finding { return nil },
		"content": func(c *checking, e, key factomd.Hash, b *factomd.RawEntryBlock) []Finding {
			c.errs[e] = wrongReply("\x1b[2Jx")
			return []Finding{{0, WrongContent, "entry", fmt.Sprintf(node+"entry %s of directory block 101: reply for another entry: ?[2Jx", e)}}
		},
		"chain": func(c *checking, e, key factomd.Hash, b *factomd.RawEntryBlock) []Finding {
			c.chains[e] = chainHash(7)
			return []Finding{{0, WrongContent, "entry", fmt.Sprintf(node+"entry %s of directory block 101: it is of the chain %s, and the block lists it in the chain %s", e, chainHash(7), chainHash(0))}}
		},
		"root": func(c *checking, e, key factomd.Hash, b *factomd.RawEntryBlock) []Finding {
			b.Root = testHash('x', 1)
			return []Finding{{0, WrongMerkleRoot, "raw-data", fmt.Sprintf(node+"entry block %s of directory block 101: its parts come to the key MR %s", key, b.Root)}}
		},
		"malformed block": func(c *checking, e, key factomd.Hash, b *factomd.RawEntryBlock) []Finding {
			c.errs[key] = wrongReply("odd")
			return []Finding{{0, WrongMerkleRoot, "raw-data", fmt.Sprintf(node+"entry block %s of directory block 101: reply for another entry: odd", key)}}
		},
		"list": func(c *checking, e, key factomd.Hash, b *factomd.RawEntryBlock) []Finding {
			b.Entries = append(slices.Clone(b.Entries), testHash('x', 1))
			return []Finding{{0, WrongMerkleRoot, "raw-data", fmt.Sprintf(node+"entry block %s of directory block 101: it has 3 entries, and they are not the 2 that entry-block lists", key)}}
		},
		"another block": func(c *checking, e, key factomd.Hash, b *factomd.RawEntryBlock) []Finding {
			b.Height = 7
			return []Finding{{0, WrongMerkleRoot, "raw-data", fmt.Sprintf(node+"entry block %s of directory block 101: it is of the chain %s and directory block 7, and is listed for the chain %[2]s", key, chainHash(0))}}
		},
		"hidden entry": func(c *checking, e, key factomd.Hash, b *factomd.RawEntryBlock) []Finding {
			c.errs[e] = errNoEntry
			return []Finding{{0, MissingEntry, "entry", fmt.Sprintf(node+"entry %s of directory block 101: the node says that there is none", e)}}
		},
		"hidden block": func(c *checking, e, key factomd.Hash, b *factomd.RawEntryBlock) []Finding {
			c.errs[key] = errNoEntry
			return []Finding{{0, MissingBlock, "raw-data", fmt.Sprintf(node+"entry block %s of directory block 101: the node says that there is none", key)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := check(t, 1, 1)
				entries, key := c.save(1, 1)
				var want []Finding
				forged := c.raw(key)
				c.set(func() { want = forge(c, entries[0], key, &forged) })
				c.set(func() { c.blocks[key] = forged })
				c.pass()
				c.save(0, 0) // what was missing is asked for again
				c.pass()
				got, found := c.finish()
				wantFindings(t, found, want...)
				if got.EntriesChecked != 1 || got.EntryBlocksChecked != 1 || got.BlocksChecked != 2 || got.EntriesUnchecked+got.EntryBlocksUnchecked != 0 {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

// What was missing is asked for again with a newer block, and found only if the node
// says that it has all up to its block: it may be about to have it.
func TestMissingIsAskedForAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := check(t, 1, 0)
		behind := true
		c.heights = func(saved uint32) factomd.Heights {
			if behind {
				return factomd.Heights{Saved: saved, EntryBlock: saved, Entry: 100}
			}
			return factomd.Heights{Saved: saved, EntryBlock: saved, Entry: saved}
		}
		late, _ := c.save(1, 0)
		c.set(func() { c.errs[late[0]] = errNoEntry })
		c.pass()
		if all, doubts := c.checker.Left(); all != 1 || doubts != 1 || len(c.asked) != 1 {
			t.Errorf("%d left, %d doubts after %d requests", all, doubts, len(c.asked))
		}
		c.pass()
		if len(c.asked) != 1 {
			t.Errorf("%d requests without a newer block", len(c.asked))
		}
		never, _ := c.save(1, 0)
		c.set(func() { c.errs[never[0]] = errNoEntry })
		c.pass() // both are missing, and the node is behind
		c.save(0, 0)
		c.set(func() { delete(c.errs, late[0]) })
		c.pass() // the first has come
		if got := c.checker.Counts(); got != (Integrity{EntriesChecked: 1}) {
			t.Errorf("%+v", got)
		}
		c.set(func() { behind = false })
		c.save(0, 0)
		c.pass()
		last, _ := c.save(1, 0)
		c.set(func() { c.errs[last[0]] = errNoEntry })
		c.pass() // the run ends before there is a newer block
		got, found := c.finish()
		wantFindings(t, found, Finding{0, MissingEntry, "entry", fmt.Sprintf("http://node/v2: entry %s of directory block 102: the node says that there is none", never[0])})
		if got != (Integrity{EntriesChecked: 2, EntriesUnchecked: 1}) {
			t.Errorf("%+v", got)
		}
	})
}

// A node that does not answer, or with an error of its own, or does not in time, has
// done nothing wrong: what it was asked for is unchecked.
func TestUnansweredChecks(t *testing.T) {
	for name, err := range map[string]error{"broken": errBroken, "refused": errRefused, "silent": nil} {
		synctest.Test(t, func(t *testing.T) {
			c := check(t, 2, 1)
			for range 4 {
				entries, key := c.save(2, 0)
				c.set(func() {
					c.errs[entries[0]], c.errs[entries[1]], c.errs[key] = err, err, err
					c.silent = err == nil
				})
				for range 4 {
					c.pass()
				}
			}
			got, found := c.finish()
			wantFindings(t, found)
			if got.EntriesChecked+got.EntryBlocksChecked != 0 || got.EntriesUnchecked != 8 || got.EntryBlocksUnchecked != 4 {
				t.Errorf("%s: %+v", name, got)
			}
		})
	}
}

// A node that takes its time delays no block's sight. The checks fall behind, and what
// finds no room is unchecked; those that are made keep to two requests a second.
func TestChecksFallBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := check(t, 100, 1)
		const blocks = 10
		for range blocks {
			c.save(200, 0)
			c.pass()
		}
		c.watch.stop()
		_, seen, _ := c.record()
		got, found := c.finish()
		wantFindings(t, found)
		if n := got.EntriesChecked + got.EntriesUnchecked; n != 100*blocks {
			t.Errorf("%d of %d drawn entries are accounted for", n, 100*blocks)
		}
		if got.EntryBlocksChecked != blocks || got.EntryBlocksUnchecked != 0 || got.BlocksChecked != blocks {
			t.Errorf("%+v", got)
		}
		for i := range c.asked {
			j := i
			for j < len(c.asked) && c.asked[j].Sub(c.asked[i]) < 10*time.Second {
				j++
			}
			if j-i > 20+checkBurst {
				t.Fatalf("%d requests within 10 s", j-i)
			}
		}
		if n := len(c.asked); n < 190 || n > 200+checkBurst {
			t.Errorf("%d requests in %d s", n, 10*blocks)
		}
		for i, b := range seen {
			if late := b.Seen - int64(i)*10_000*ms; late > int64(pollInterval) {
				t.Errorf("block %d was seen after %d ms", b.Height, late/ms)
			}
		}
	})
}

// A list of endless entries waits for no check, and neither do many that are long.
func TestWaitingChecksAreBounded(t *testing.T) {
	c := NewChecker(newBench(t).Collector, CheckerOptions{Content: 1, Merkle: 2})
	long := make([]factomd.Hash, factomd.MaxRawEntries)
	for range 5 {
		c.queue(claim{merkle: true, listed: long})
		c.queue(claim{merkle: true, listed: append(long, factomd.Hash{})})
	}
	for range 100 {
		c.queue(claim{})
	}
	if got := c.Counts(); len(c.waiting) != leastWaiting || c.hashes != 2*len(long) ||
		got.EntryBlocksUnchecked != 8 || got.EntriesUnchecked != 100-leastWaiting+2 {
		t.Errorf("%d wait, with %d hashes: %+v", len(c.waiting), c.hashes, got)
	}
	for ok := true; ok; {
		_, ok = c.next()
	}
	if c.hashes != 0 {
		t.Errorf("%d hashes of nothing that waits", c.hashes)
	}
}

// Directory blocks must come to their key MRs, and follow one another. One that does
// not is found once.
func TestChecksOfDirectoryBlocks(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*factomd.DirectoryBlock)
		want   string
		got    Integrity
	}{
		"right":    {func(b *factomd.DirectoryBlock) {}, "", Integrity{BlocksChecked: 3}},
		"key MR":   {func(b *factomd.DirectoryBlock) { b.KeyMR[0]++ }, "the parts of directory block 102 come to the key MR " + keyOf(102).String() + ", not to its own " + "65" + keyOf(102).String()[2:], Integrity{BlocksChecked: 3}},
		"parts":    {func(b *factomd.DirectoryBlock) { b.Root[0]++ }, "the parts of directory block 102 come to the key MR " + "65" + keyOf(102).String()[2:] + ", not to its own " + keyOf(102).String(), Integrity{BlocksChecked: 3}},
		"previous": {func(b *factomd.DirectoryBlock) { b.Previous[0]++ }, "directory block 102 follows a block with the key MR " + "65" + keyOf(101).String()[2:] + ", and block 101 has " + keyOf(101).String(), Integrity{BlocksChecked: 3}},
		"silent":   {func(b *factomd.DirectoryBlock) { b.Root = factomd.Hash{} }, "", Integrity{BlocksChecked: 2, BlocksUnchecked: 1}},
	} {
		synctest.Test(t, func(t *testing.T) {
			c := check(t, 0, 1)
			for i := range 3 {
				c.save(0, 0)
				if i == 1 {
					c.change(102, test.change)
				}
				c.pass()
			}
			got, found := c.finish()
			var want []Finding
			if test.want != "" {
				want = []Finding{{0, WrongMerkleRoot, "dblock-by-height", "http://node/v2: " + test.want}}
			}
			wantFindings(t, found, want...)
			if got != test.got {
				t.Errorf("%s: %+v", name, got)
			}
		})
	}
}

// The first block must follow the one that was there before the run.
func TestFirstBlockFollowsTheOneBefore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := check(t, 0, 1)
		c.checker.last.keyMR, c.checker.last.root = testHash('x', 1), testHash('x', 1)
		c.save(0, 0)
		c.pass()
		if _, found := c.finish(); len(found) != 1 || found[0].Kind != WrongMerkleRoot {
			t.Errorf("found %v", found)
		}
	})
}

// An entry that begins a chain is looked for in the chain's own block, whose list
// nobody asked for.
func TestChecksOfNewChains(t *testing.T) {
	for name, forge := range map[string]func(*factomd.RawEntryBlock){
		"": func(*factomd.RawEntryBlock) {}, "its chain begins with another entry than": func(b *factomd.RawEntryBlock) { b.Entries = []factomd.Hash{testHash('x', 1)} },
	} {
		synctest.Test(t, func(t *testing.T) {
			c := check(t, 1, 1)
			c.plan(1, 1, KindChain, 0)
			c.submit(1, 1, nil)
			key := testHash('k', uint64(len(c.entries)))
			c.fakeNode.save(map[factomd.Hash][]factomd.Hash{chainHash(1): {entryHash(1), testHash('o', 1)}})
			c.change(101, func(b *factomd.DirectoryBlock) { b.KeyMR, b.Root, b.Previous = keyOf(101), keyOf(101), keyOf(100) })
			b := c.raw(key)
			forge(&b)
			c.set(func() { c.chains[entryHash(1)], c.blocks[key] = chainHash(1), b })
			c.pass()
			got, found := c.finish()
			if (len(found) > 0) != (name != "") || len(found) > 0 && (found[0].Kind != MissingEntry || !strings.Contains(found[0].Detail, name)) {
				t.Errorf("found %v", found)
			}
			if got != (Integrity{EntriesChecked: 1, EntryBlocksChecked: 1, BlocksChecked: 1}) {
				t.Errorf("%+v", got)
			}
		})
	}
}

// Each own entry of a block is drawn with the same chance, in each place of the order,
// and others never.
func TestDrawing(t *testing.T) {
	const entries, drawnEach, rounds = 10, 4, 5000
	times := [2]map[factomd.Hash]int{{}, {}}
	b := newBench(t)
	b.DrawOwn(drawnEach, 7)
	var index uint64
	for round := range uint32(rounds) {
		var list []factomd.Hash
		own := map[factomd.Hash]factomd.Hash{}
		for i := range uint64(entries) {
			b.plan(index, 1, KindEntry, 0)
			b.submit(index, 1, nil)
			own[entryHash(index)] = testHash('p', i)
			list = append(list, entryHash(index), testHash('o', index))
			index++
		}
		b.block(round+1, 1, list...)
		drawn := b.drawnOwn()
		if len(drawn) != drawnEach {
			t.Fatalf("%d drawn", len(drawn))
		}
		for i, d := range drawn {
			place, ours := own[d.hash]
			if !ours || list[d.place] != d.hash {
				t.Fatalf("drawn %v", d)
			}
			times[1][place]++
			if i == 0 {
				times[0][place]++
			}
			delete(own, d.hash) // none twice
		}
		b.log.Reset()
	}
	for i, each := range []int{rounds / entries, rounds * drawnEach / entries} {
		for place, n := range times[i] {
			if n < each*8/10 || n > each*12/10 {
				t.Errorf("the entry in place %d was drawn %d times of %d", place[31], n, each)
			}
		}
	}
	b.block(rounds+1, 1)
	if n := len(b.drawnOwn()); n != 0 {
		t.Errorf("%d drawn of a block without own entries", n)
	}
}
