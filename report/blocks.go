package report

import (
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// openBlocks is of how many blocks the histograms are kept as they are. Entries come
// by block, but for a few whose calls ended late.
const openBlocks = 16

// blockLatencies keeps the confirm latencies of every block in a few kilobytes each:
// of the blocks that nothing was told of for long it has the figures alone, with which
// their histograms are encoded.
type blockLatencies struct {
	open   map[uint32]*distribution // by height
	recent []uint32                 // heights of the open ones, the newest last
	packed map[uint32]Latency
}

func (b *blockLatencies) record(height uint32, ns int64) error {
	d := b.open[height]
	if d == nil {
		if b.open == nil {
			b.open, b.packed = map[uint32]*distribution{}, map[uint32]Latency{}
		}
		if len(b.recent) >= openBlocks {
			if err := b.pack(b.recent[0]); err != nil {
				return err
			}
			b.recent = append(b.recent[:0], b.recent[1:]...)
		}
		var err error
		if d, err = b.unpack(height); err != nil {
			return err
		}
		b.open[height] = d
		b.recent = append(b.recent, height)
	}
	d.record(ns)
	return nil
}

func (b *blockLatencies) pack(height uint32) (err error) {
	b.packed[height], err = b.open[height].latency("", 0)
	delete(b.open, height)
	return err
}

// unpack returns the latencies of a block that is not open, to which more are added.
func (b *blockLatencies) unpack(height uint32) (*distribution, error) {
	l, ok := b.packed[height]
	if !ok {
		return &distribution{}, nil
	}
	delete(b.packed, height)
	h, err := hdrhistogram.Decode([]byte(l.Histogram))
	if err != nil {
		return nil, fmt.Errorf("decoding the histogram of a block: %w", err)
	}
	return &distribution{h}, nil
}

// latency returns the latencies of a block, of which there may be none.
func (b *blockLatencies) latency(height uint32, method string, resolutionMS float64) (Latency, error) {
	if l, ok := b.packed[height]; ok {
		l.Method, l.ResolutionMS = method, resolutionMS
		return l, nil
	}
	d := b.open[height]
	if d == nil {
		d = &distribution{}
	}
	return d.latency(method, resolutionMS)
}
