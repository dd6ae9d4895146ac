package report

import (
	"fmt"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// openBlocks is of how many blocks the histograms are kept as they are. Entries come
// by block, but for a few whose calls ended late.
const openBlocks = 16

// blockLatencies keeps the confirm latencies of every block in a few kilobytes each:
// those of the blocks that nothing was told of for long are encoded.
type blockLatencies struct {
	open   map[uint32]*distribution // by height
	recent []uint32                 // heights of the open ones, the newest last
	packed map[uint32][]byte
}

func (b *blockLatencies) record(height uint32, ns int64) error {
	d := b.open[height]
	if d == nil {
		if b.open == nil {
			b.open, b.packed = map[uint32]*distribution{}, map[uint32][]byte{}
		}
		if len(b.recent) >= openBlocks {
			if err := b.pack(b.recent[0]); err != nil {
				return err
			}
			b.recent = append(b.recent[:0], b.recent[1:]...)
		}
		var err error
		if d, err = b.of(height); err != nil {
			return err
		}
		delete(b.packed, height)
		b.open[height] = d
		b.recent = append(b.recent, height)
	}
	d.record(ns)
	return nil
}

func (b *blockLatencies) pack(height uint32) error {
	encoded, err := b.open[height].h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return fmt.Errorf("encoding the histogram of a block: %w", err)
	}
	b.packed[height] = encoded
	delete(b.open, height)
	return nil
}

// of returns the latencies of a block, of which there may be none.
func (b *blockLatencies) of(height uint32) (*distribution, error) {
	if d := b.open[height]; d != nil {
		return d, nil
	}
	encoded := b.packed[height]
	if encoded == nil {
		return &distribution{}, nil
	}
	h, err := hdrhistogram.Decode(encoded)
	if err != nil {
		return nil, fmt.Errorf("decoding the histogram of a block: %w", err)
	}
	return &distribution{h}, nil
}
