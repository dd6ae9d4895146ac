package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/FactomProject/factom-load/results"
)

// Integrity says whether the node served what its saved blocks commit to. Unchecked
// is what was drawn and got no answer, or had no time for its turn: nothing is known
// of that.
type Integrity struct {
	EntriesChecked       uint64 `json:"entries_checked"` // own entries of saved blocks, read back and compared byte for byte
	EntriesUnchecked     uint64 `json:"entries_unchecked"`
	EntryBlocksChecked   uint64 `json:"entry_blocks_checked"` // that hold own entries: key MRs computed from their parts
	EntryBlocksUnchecked uint64 `json:"entry_blocks_unchecked"`
	BlocksChecked        uint64 `json:"blocks_checked"` // directory blocks, likewise
	BlocksUnchecked      uint64 `json:"blocks_unchecked"`
	// Findings are those of checks alone, of the kinds wrong-content, missing-entry,
	// missing-block and wrong-merkle-root; their names are the methods of the API
	// that showed it.
	Findings []Finding `json:"findings"`
}

func newIntegrity(counts results.Integrity, findings []Finding) Integrity {
	return Integrity{
		EntriesChecked: counts.EntriesChecked, EntriesUnchecked: counts.EntriesUnchecked,
		EntryBlocksChecked: counts.EntryBlocksChecked, EntryBlocksUnchecked: counts.EntryBlocksUnchecked,
		BlocksChecked: counts.BlocksChecked, BlocksUnchecked: counts.BlocksUnchecked,
		Findings: findings,
	}
}

// Any reports whether there was anything to check.
func (i Integrity) Any() bool {
	return i.EntriesChecked+i.EntriesUnchecked+i.EntryBlocksChecked+i.EntryBlocksUnchecked+i.BlocksChecked+i.BlocksUnchecked > 0 || len(i.Findings) > 0
}

// Broken says in a few words what was found, or nothing.
func (i Integrity) Broken() string {
	counts := map[string]uint64{}
	var kinds []string
	for _, f := range i.Findings {
		if counts[f.Kind] == 0 {
			kinds = append(kinds, f.Kind)
		}
		counts[f.Kind] += f.Count
	}
	slices.Sort(kinds)
	for at, k := range kinds {
		kinds[at] = fmt.Sprintf("%d × %s", counts[k], k)
	}
	return strings.Join(kinds, ", ")
}

// brokenText is the sentence that comes before all others.
func (i Integrity) brokenText() string {
	return "The node served something else than its saved blocks commit to: " + i.Broken() + "."
}

// checkedText says how much was checked.
func (i Integrity) checkedText() string {
	text := fmt.Sprintf("%d entries, %d entry blocks and %d directory blocks", i.EntriesChecked, i.EntryBlocksChecked, i.BlocksChecked)
	if n := i.EntriesUnchecked + i.EntryBlocksUnchecked + i.BlocksUnchecked; n > 0 {
		text += fmt.Sprintf("; %d unchecked for want of an answer or of time", n)
	}
	return text
}
