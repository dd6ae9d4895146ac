package results

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// Counters is what the network and its nodes counted while a run went on, read when
// it was over, to be held against what the harness did. A part that could not be
// read says why.
type Counters struct {
	Balances Balances     `json:"balances"`
	Commits  ChainCommits `json:"commits"`
	Node     *NodeCalls   `json:"node,omitempty"` // of a local node; others do not show their metrics
	Rate     *NodeRate    `json:"rate,omitempty"` // nil where the load was short, and in older records
}

// NodeRate is how many transactions a second there were by a node's own moving
// average, and by what was sent between the first and the last time that it was asked:
// entries once, the first ones of chains twice, as the node counts.
type NodeRate struct {
	Counted float64 `json:"counted"` // the mean of what it said
	Sent    float64 `json:"sent"`
	Polls   int     `json:"polls"`
}

// Balances is of all keys that pay for a run together, in entry credits.
type Balances struct {
	Before int64  `json:"before"`
	Bought int64  `json:"bought"` // by the run, and come through
	After  int64  `json:"after"`
	Why    string `json:"why,omitempty"` // it is not known
}

// ChainCommits is what the keys of a run paid for in the entry-credit blocks from
// From to To, which were saved during the run.
type ChainCommits struct {
	From uint32 `json:"from"`
	To   uint32 `json:"to"`
	// Own are commits for entries of the load, Repeated those of them for an entry
	// that a commit before had paid for, and Others those for entries that are
	// neither the load's nor of hostile calls.
	Own           uint64   `json:"own"`
	OwnCredits    uint64   `json:"own_credits"`
	Repeated      uint64   `json:"repeated"`
	Others        uint64   `json:"others"`
	OthersCredits uint64   `json:"others_credits"`
	Examples      []string `json:"examples,omitempty"` // entries of Others
	Why           string   `json:"why,omitempty"`      // it is not known
}

// Submits counts commit and reveal calls.
type Submits struct {
	CommitEntry uint64 `json:"commit_entry"`
	CommitChain uint64 `json:"commit_chain"`
	Reveal      uint64 `json:"reveal"` // of entries and of chains: a node takes them for the same
}

// NodeCalls is what one node counted, by its metrics, and what the harness sent to
// it in the same time.
type NodeCalls struct {
	Counted Calls  `json:"counted"`
	Sent    Calls  `json:"sent"`
	Why     string `json:"why,omitempty"` // it is not known
}

// Calls counts the calls of a node's API.
type Calls struct {
	Submits
	All uint64 `json:"all"`
	// Repeats are messages that the node tossed, as it had them already or they were
	// not of its time; of the harness, what it sent again, hostile calls left out.
	Repeats uint64 `json:"repeats"`
}

// The most that is read of the chain's commits: with more it is not worth the
// requests, nor the time.
const (
	maxCommitBlocks = 2000
	maxCommits      = 200_000
)

var errManyCommits = fmt.Errorf("more than %d commits are not read", maxCommits)

// maxForeign is how many entries of others are named.
const maxForeign = 10

// A PaymentsNode is asked for the commits of blocks; [factomd.Client] is one.
type PaymentsNode interface {
	Payments(context.Context, uint32) ([]factomd.Payment, error)
}

// A Paid has the commits of some keys in some blocks, to be told apart.
type Paid struct {
	from, to uint32
	commits  map[factomd.Hash]payment // by entry
	sum      uint64
}

type payment struct {
	commits, credits uint64
	first            uint32 // height
}

// ReadPaid reads the commits of the keys, which are EC public keys, in the blocks
// from a height to another, with one request a block. It refuses where that is too
// much, at once if as many commits as expected are.
func ReadPaid(ctx context.Context, node PaymentsNode, keys []factomd.Hash, from, to uint32, expected uint64) (*Paid, error) {
	switch {
	case to >= from && to-from >= maxCommitBlocks:
		return nil, fmt.Errorf("the commits of more than %d blocks are not read", maxCommitBlocks)
	case expected > maxCommits:
		return nil, errManyCommits
	}
	p := &Paid{from: from, to: to, commits: map[factomd.Hash]payment{}}
	for height := from; height <= to; height++ {
		payments, err := node.Payments(ctx, height)
		if err != nil {
			return nil, fmt.Errorf("reading the commits: %w", err)
		}
		for _, paid := range payments {
			if !slices.Contains(keys, paid.Payer) {
				continue
			}
			if p.sum++; p.sum > maxCommits {
				return nil, errManyCommits
			}
			of := p.commits[paid.Entry]
			of.commits++
			of.credits += uint64(paid.Credits)
			of.first = cmp.Or(of.first, height)
			p.commits[paid.Entry] = of
		}
	}
	return p, nil
}

// Apart tells the commits for entries on record in a run's directory from those of
// others. What hostile says yes to is left out.
func (p *Paid) Apart(path string, hostile func(factomd.Hash) bool) (c ChainCommits, err error) {
	c.From, c.To = p.from, p.to
	if p.sum == 0 {
		return c, nil
	}
	rest := p.commits
	_, err = ReadEntries(path, Reader{Entry: func(e *Entry) error {
		if of, ok := rest[e.Hash]; ok {
			c.Own += of.commits
			c.OwnCredits += of.credits
			c.Repeated += of.commits - 1
			delete(rest, e.Hash)
		}
		return nil
	}})
	if err != nil {
		return c, err
	}
	var others []factomd.Hash
	for hash, of := range rest {
		if hostile(hash) {
			continue
		}
		c.Others += of.commits
		c.OthersCredits += of.credits
		others = append(others, hash)
	}
	slices.SortFunc(others, func(a, b factomd.Hash) int {
		return cmp.Or(cmp.Compare(rest[a].first, rest[b].first), slices.Compare(a[:], b[:]))
	})
	for _, hash := range others[:min(len(others), maxForeign)] {
		c.Examples = append(c.Examples, hash.String())
	}
	return c, nil
}
