package report

import (
	"cmp"
	"slices"

	"github.com/FactomProject/factom-load/results"
)

// BlockMinute has the confirm latencies of the entries sent in one tenth of their
// block, of the measured phases. A block goes from when the one before was seen saved
// until it was seen saved itself, by the harness's clock; entries sent before the
// first block of the run was seen are left out.
type BlockMinute struct {
	Minute    int     `json:"minute"` // 0 to 9
	LatencyMS Latency `json:"latency_ms"`
}

// minuteFold collects the latencies by the tenth of the block.
type minuteFold [10]distribution

// entry takes in an entry, and the blocks so far by the time at which they were seen.
func (f *minuteFold) entry(e *results.Entry, blocks []results.Block) {
	if !e.Watched() || e.Sent == results.Never {
		return
	}
	// The first block that was seen after the sending is the one it was sent in.
	i, _ := slices.BinarySearchFunc(blocks, e.Sent+1, func(b results.Block, at int64) int { return cmp.Compare(b.Seen, at) })
	if i == 0 || i == len(blocks) || blocks[i].Height != blocks[i-1].Height+1 {
		return
	}
	from, length := blocks[i-1].Seen, blocks[i].Seen-blocks[i-1].Seen
	f[min((e.Sent-from)*10/length, 9)].record(e.Confirmed - e.Planned)
}

// rows returns the tenths, or none where no entry is in one.
func (f *minuteFold) rows(o results.Observed) ([]BlockMinute, error) {
	rows, any := []BlockMinute{}, false
	for i := range f {
		l, err := f[i].latency(methodBlockScan, o.ConfirmResolutionMS)
		if err != nil {
			return nil, err
		}
		any = any || l.Count > 0
		rows = append(rows, BlockMinute{i, l})
	}
	if !any {
		return []BlockMinute{}, nil
	}
	return rows, nil
}
