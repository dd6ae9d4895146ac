package results

import (
	"fmt"
	"slices"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// Integrity counts the checks of what a node serves. What was drawn and got no
// answer, and that for which there was no time, is unchecked.
type Integrity struct {
	EntriesChecked       uint64 `json:"entries_checked"`
	EntriesUnchecked     uint64 `json:"entries_unchecked"`
	EntryBlocksChecked   uint64 `json:"entry_blocks_checked"`
	EntryBlocksUnchecked uint64 `json:"entry_blocks_unchecked"`
	BlocksChecked        uint64 `json:"blocks_checked"` // directory blocks
	BlocksUnchecked      uint64 `json:"blocks_unchecked"`
}

func (i *Integrity) add(a *claim, checked bool) {
	switch {
	case a.merkle && checked:
		i.EntryBlocksChecked++
	case a.merkle:
		i.EntryBlocksUnchecked++
	case checked:
		i.EntriesChecked++
	default:
		i.EntriesUnchecked++
	}
}

// A claim is what a saved directory block says by naming an entry, or the entry block
// that holds it: that the node has it.
type claim struct {
	node   int
	height uint32
	hash   factomd.Hash // of the entry
	chain  factomd.Hash
	merkle bool           // the entry block is claimed, and else the entry itself
	block  factomd.Hash   // its key MR
	listed []factomd.Hash // by entry-block; nil where nobody asked
	missed uint32         // newest height when the node said that it is missing, or 0
}

func (c *claim) method() string {
	if c.merkle {
		return "raw-data"
	}
	return "entry"
}

// String says what is claimed, for people.
func (c *claim) String() string {
	if c.merkle {
		return fmt.Sprintf("entry block %s of directory block %d", c.block, c.height)
	}
	return fmt.Sprintf("entry %s of directory block %d", c.hash, c.height)
}

// A verdict is what is made of an answer. Without a kind all is well, if it is known.
type verdict struct {
	known    bool
	doubtful bool // the node may come to have it
	kind     FindingKind
	detail   string
}

func wrong(kind FindingKind, format string, args ...any) verdict {
	return verdict{known: true, kind: kind, detail: fmt.Sprintf(format, args...)}
}

// judgeEntry judges an entry whose hash was found to be right. The hash is over all
// bytes of the entry, and is the one by which the run planned it: this compares byte
// for byte.
func (c *claim) judgeEntry(e *factomd.Entry) verdict {
	if e.ChainID != c.chain {
		return wrong(WrongContent, "it is of the chain %s, and the block lists it in the chain %s", e.ChainID, c.chain)
	}
	return verdict{known: true}
}

func (c *claim) judgeBlock(b *factomd.RawEntryBlock) verdict {
	switch {
	case b.Root != c.block:
		return wrong(WrongMerkleRoot, "its parts come to the key MR %s", b.Root)
	case b.ChainID != c.chain || b.Height != c.height:
		return wrong(WrongMerkleRoot, "it is of the chain %s and directory block %d, and is listed for the chain %s", b.ChainID, b.Height, c.chain)
	case c.listed != nil && !slices.Equal(b.Entries, c.listed):
		return wrong(WrongMerkleRoot, "it has %d entries, and they are not the %d that entry-block lists", len(b.Entries), len(c.listed))
	case !slices.Contains(b.Entries, c.hash):
		return wrong(MissingEntry, "its chain begins with another entry than %s", c.hash)
	}
	return verdict{known: true}
}
