package results

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/FactomProject/factom-load/internal/factomd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testHash returns a hash that depends on a kind and a number, and is not zero.
func testHash(kind byte, n uint64) (h factomd.Hash) {
	h[0] = kind
	binary.BigEndian.PutUint64(h[24:], n)
	return h
}

// entryHash and chainHash name the entry with an index, and the chain that it
// begins.
func entryHash(index uint64) factomd.Hash { return testHash('e', index) }
func chainHash(index uint64) factomd.Hash { return testHash('c', index) }

var (
	errRefused = &factomd.Failure{Rejected: true, Code: -32602, Message: "Invalid params: Invalid Commit Entry"}
	errBroken  = &factomd.Failure{Code: 502, Message: "http 502"}
)

// A bench is a collector with its record in memory, told by index.
type bench struct {
	t *testing.T
	*Collector
	log  bytes.Buffer
	refs map[uint64]Ref
}

func newBench(t *testing.T) *bench {
	b := &bench{t: t, refs: map[uint64]Ref{}}
	b.Collector = NewCollector(&b.log)
	return b
}

// plan plans an entry of 100 bytes in the chain of setup entry 0, or a chain.
func (b *bench) plan(index uint64, phase int, kind Kind, at int64) {
	b.t.Helper()
	p := Planned{Index: index, Hash: entryHash(index), Kind: kind, Phase: phase, Size: 100, Credits: 1, At: at}
	if kind == KindChain {
		p.Chain, p.Credits = chainHash(index), 11
	}
	refs, err := b.Plan([]Planned{p}, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	b.refs[index] = refs[0]
}

// submit tells that both calls were answered at an instant.
func (b *bench) submit(index uint64, at int64, err error) {
	b.Submitted(b.refs[index], Submission{Sent: at, Committed: at, Revealed: at, Err: err})
}

// refuse tells of an entry whose two calls were made and that was refused.
func (b *bench) refuse(index uint64, at int64) {
	b.Submitted(b.refs[index], Submission{Sent: at, Committed: at, Revealed: at, Tried: true, Err: errRefused})
}

func (b *bench) block(height uint32, seen int64, entries ...factomd.Hash) {
	b.Block(Sighting{Height: height, Seen: seen, Entries: entries})
}

// record reads the record as far as it was told.
func (b *bench) record() (map[uint64]Entry, []Block, Summary) {
	b.t.Helper()
	if err := b.Flush(); err != nil {
		b.t.Fatal(err)
	}
	return readAll(b.t, b.log.Bytes())
}

// finish ends the record and reads it.
func (b *bench) finish() map[uint64]Entry {
	b.t.Helper()
	askForAll(b.Collector)
	planned, err := b.Finish()
	if err != nil {
		b.t.Fatal(err)
	}
	entries, _, s := readAll(b.t, b.log.Bytes())
	if !s.Complete || s.Planned != planned {
		b.t.Fatalf("record of %d planned entries reads back as %+v", planned, s)
	}
	return entries
}

type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// read reads a record of one segment.
func read(log io.Reader, r Reader) (Summary, error) {
	return join(r, func(v visitor) (Damage, error) { return readLog(log, v) })
}

// readAll reads an undamaged log, in which each entry must come once.
func readAll(t fataler, log []byte) (map[uint64]Entry, []Block, Summary) {
	t.Helper()
	entries := map[uint64]Entry{}
	var blocks []Block
	s, err := read(bytes.NewReader(log), Reader{
		Growing: true,
		Block:   func(b Block) { blocks = append(blocks, b) },
		Entry: func(e *Entry) error {
			if _, twice := entries[e.Index]; twice {
				t.Fatalf("entry %d was read twice", e.Index)
			}
			entries[e.Index] = *e
			return nil
		},
	})
	if err != nil {
		t.Fatalf("reading the record: %v", err)
	}
	if s.Damage != (Damage{}) {
		t.Fatalf("the record is damaged: %+v", s.Damage)
	}
	if uint64(len(entries)) != s.Planned {
		t.Fatalf("%d of %d planned entries were read", len(entries), s.Planned)
	}
	return entries, blocks, s
}

// inUse counts the entries that a collector holds in memory.
func inUse(c *Collector) (n int) {
	for i := range c.lives {
		if c.lives[i].inUse {
			n++
		}
	}
	return n
}

const testNetwork = 0xfa92e5a4

var errDown = errors.New("connection refused")

// A fakeNode is a chain of blocks, and what an ack says. Its fields are guarded
// by mu; the functions are called without it.
type fakeNode struct {
	mu      sync.Mutex
	saved   uint32
	blocks  map[uint32]factomd.DirectoryBlock
	entries map[factomd.Hash]factomd.EntryBlock // by key MR
	commits map[uint32][]factomd.Hash
	calls   []string      // every request in order, by method
	delay   time.Duration // of every answer

	fail func(method string) error // nil: all is well
	ack  func(factomd.Hash) factomd.Ack
}

func newFakeNode(saved uint32) *fakeNode {
	return &fakeNode{
		saved:   saved,
		blocks:  map[uint32]factomd.DirectoryBlock{},
		entries: map[factomd.Hash]factomd.EntryBlock{},
		commits: map[uint32][]factomd.Hash{},
	}
}

// save adds the next block with some entries by chain.
func (n *fakeNode) save(chains map[factomd.Hash][]factomd.Hash) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.saved++
	block := factomd.DirectoryBlock{Height: n.saved, NetworkID: testNetwork, Chains: []factomd.BlockRef{
		{ChainID: factomd.Hash{31: 0x0a}}, {ChainID: factomd.Hash{31: 0x0c}}, {ChainID: factomd.Hash{31: 0x0f}},
	}}
	for chain, entries := range chains {
		key := testHash('k', uint64(len(n.entries)))
		block.Chains = append(block.Chains, factomd.BlockRef{ChainID: chain, KeyMR: key})
		n.entries[key] = factomd.EntryBlock{ChainID: chain, Height: n.saved, Entries: entries}
	}
	n.blocks[n.saved] = block
}

// change changes a saved block.
func (n *fakeNode) change(height uint32, f func(*factomd.DirectoryBlock)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	b := n.blocks[height]
	f(&b)
	n.blocks[height] = b
}

// changeEntries changes all entry blocks.
func (n *fakeNode) changeEntries(f func(*factomd.EntryBlock)) {
	n.mu.Lock()
	defer n.mu.Unlock()
	for key, b := range n.entries {
		f(&b)
		n.entries[key] = b
	}
}

// called returns how many requests were made since the last time.
func (n *fakeNode) called() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	calls := n.calls
	n.calls = nil
	return calls
}

func (n *fakeNode) setDelay(d time.Duration) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.delay = d
}

func (n *fakeNode) setFail(fail func(method string) error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.fail = fail
}

// request counts a request and takes its time.
func (n *fakeNode) request(ctx context.Context, method string) error {
	n.mu.Lock()
	n.calls = append(n.calls, method)
	delay, fail := n.delay, n.fail
	n.mu.Unlock()
	if delay > 0 {
		select {
		case <-time.After(delay):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	if fail != nil {
		return fail(method)
	}
	return ctx.Err()
}

func (n *fakeNode) Minute(ctx context.Context) (factomd.Minute, error) {
	n.mu.Lock()
	saved := n.saved // as the request comes in
	n.mu.Unlock()
	if err := n.request(ctx, "minute"); err != nil {
		return factomd.Minute{}, err
	}
	return factomd.Minute{SavedHeight: saved, LeaderHeight: saved, BlockSeconds: 10}, nil
}

var errNoBlock = &factomd.Failure{Rejected: true, Code: factomd.CodeNotFound, Message: "Block not found"}

func (n *fakeNode) DirectoryBlock(ctx context.Context, height uint32) (factomd.DirectoryBlock, error) {
	if err := n.request(ctx, "block"); err != nil {
		return factomd.DirectoryBlock{}, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	b, ok := n.blocks[height]
	if !ok {
		return b, errNoBlock
	}
	return b, nil
}

func (n *fakeNode) EntryBlock(ctx context.Context, key factomd.Hash) (factomd.EntryBlock, error) {
	if err := n.request(ctx, "entries"); err != nil {
		return factomd.EntryBlock{}, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.entries[key], nil
}

func (n *fakeNode) Commits(ctx context.Context, height uint32) ([]factomd.Hash, error) {
	if err := n.request(ctx, "commits"); err != nil {
		return nil, err
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.commits[height], nil
}

func (n *fakeNode) Ack(ctx context.Context, entry factomd.Hash) (factomd.Ack, error) {
	if err := n.request(ctx, "ack"); err != nil {
		return factomd.Ack{}, err
	}
	return n.ack(entry), nil
}

// askForAll is an audit that finds nothing.
func askForAll(c *Collector) {
	for _, m := range c.Missing() {
		c.Audited(m)
	}
}
