package results

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// ledger has the commits of blocks by their height.
type ledger map[uint32][]factomd.Payment

func (l ledger) Payments(_ context.Context, height uint32) ([]factomd.Payment, error) {
	paid, ok := l[height]
	if !ok {
		return nil, errors.New("no such block")
	}
	return paid, nil
}

// What the keys of a run paid for is told apart: its own entries, those that were
// paid for twice, hostile calls, and what others made with the keys.
func TestPaidApart(t *testing.T) {
	b := newBench(t)
	b.plan(0, SetupPhase, KindChain, 0)
	b.plan(1, 1, KindEntry, 1)
	b.plan(2, 1, KindEntry, 2)
	for i := range uint64(3) {
		b.submit(i, int64(i), nil)
	}
	b.block(7, 10, entryHash(0), entryHash(1), entryHash(2))
	b.finish()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, EntriesFile), b.log.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}

	key, second, other := testHash('k', 1), testHash('k', 2), testHash('k', 3)
	foreign, later, hostile := testHash('f', 9), testHash('f', 1), testHash('h', 1)
	node := ledger{
		5: {{Entry: testHash('f', 5), Payer: key, Credits: 1}}, // before the run
		6: {{Entry: entryHash(0), Payer: key, Credits: 11}, {Entry: foreign, Payer: second, Credits: 2}, {Entry: testHash('f', 6), Payer: other, Credits: 1}},
		7: {{Entry: entryHash(1), Payer: second, Credits: 1}, {Entry: hostile, Payer: key, Credits: 1}},
		8: {{Entry: later, Payer: key, Credits: 1}, {Entry: entryHash(1), Payer: second, Credits: 2}},
	}
	paid, err := ReadPaid(t.Context(), node, []factomd.Hash{key, second}, 6, 8, 3)
	if err != nil {
		t.Fatal(err)
	}
	got, err := paid.Apart(dir, func(h factomd.Hash) bool { return h == hostile })
	if err != nil {
		t.Fatal(err)
	}
	want := ChainCommits{
		From: 6, To: 8, Own: 3, OwnCredits: 14, Repeated: 1, Others: 2, OthersCredits: 3,
		Examples: []string{foreign.String(), later.String()},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
}

// A busy network, or a node without end, is not read.
func TestPaidRefuses(t *testing.T) {
	key := testHash('k', 1)
	many := make([]factomd.Payment, maxCommits/2+1)
	for i := range many {
		many[i] = factomd.Payment{Entry: entryHash(1), Payer: key, Credits: 1}
	}
	for name, test := range map[string]struct {
		node     ledger
		from, to uint32
		expected uint64
		want     string
	}{
		"too many blocks":             {nil, 1, maxCommitBlocks + 1, 3, "more than 2000 blocks"},
		"too many commits":            {ledger{1: many, 2: many}, 1, 2, 3, "more than 200000 commits"},
		"more than that are expected": {nil, 1, 2, maxCommits + 1, "more than 200000 commits"},
		"a block is missing":          {ledger{1: nil}, 1, 2, 3, "reading the commits: no such block"},
	} {
		if _, err := ReadPaid(t.Context(), test.node, []factomd.Hash{key}, test.from, test.to, test.expected); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if p, err := ReadPaid(t.Context(), nil, nil, 9, 8, 0); err != nil || p.sum != 0 { // no block was saved
		t.Errorf("%+v, %v", p, err)
	}
}
