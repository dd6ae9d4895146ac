package infer

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Resolution is the ratio of a value to the next one that [Blocks] keep apart: a
// quantile is right to half a percent.
const Resolution = 1.005

// The range of what is kept apart, in nanoseconds: what is below or above counts as
// the end of it.
const (
	leastKept = 1e3   // a microsecond
	mostKept  = 8e13  // a day
	mostDrawn = 2_000 // blocks that are drawn from; neighbours are put together beyond
)

var (
	logResolution = math.Log(Resolution)
	kept          = bucketOf(mostKept) + 1
)

// Blocks are the latencies of a run's entries, by the directory block that confirmed
// them. Entries of one block share its fate, so it is blocks that are drawn anew to
// see how sure a quantile of the run is, and never entries. What is kept grows with
// blocks and not with entries.
type Blocks struct {
	heights map[uint32]*block
}

type block struct {
	counts []uint32 // by bucket, as far as there are any
}

// NewBlocks returns the latencies of no entries.
func NewBlocks() *Blocks { return &Blocks{heights: map[uint32]*block{}} }

// Add counts a latency in nanoseconds, of an entry in a block.
func (b *Blocks) Add(height uint32, nanoseconds int64) {
	at := b.heights[height]
	if at == nil {
		at = &block{}
		b.heights[height] = at
	}
	i := bucketOf(float64(nanoseconds))
	if i >= len(at.counts) {
		// Some more, as latencies are rarely told in rising order.
		at.counts = append(at.counts, make([]uint32, min(i+64, kept)-len(at.counts))...)
	}
	at.counts[i]++
}

func bucketOf(nanoseconds float64) int {
	return int(math.Round(math.Log(min(max(nanoseconds, leastKept), mostKept)/leastKept) / logResolution))
}

func valueOf(bucket int) float64 { return leastKept * math.Exp(float64(bucket)*logResolution) }

// sparse is a block's latencies without the buckets that have none.
type sparse struct {
	buckets []uint16
	counts  []uint32
	total   uint64
}

// drawn returns what is drawn from: blocks, or so many neighbours at a time that
// there are not too many.
func (b *Blocks) drawn() []sparse {
	heights := make([]uint32, 0, len(b.heights))
	for h := range b.heights {
		heights = append(heights, h)
	}
	slices.Sort(heights)
	together := max(1, (len(heights)+mostDrawn-1)/mostDrawn)
	list := make([]sparse, 0, min(len(heights), mostDrawn))
	for group := range slices.Chunk(heights, together) {
		sum := b.heights[group[0]].counts
		if len(group) > 1 {
			sum = make([]uint32, kept)
			for _, h := range group {
				for i, n := range b.heights[h].counts {
					sum[i] += n
				}
			}
		}
		var s sparse
		for i, n := range sum {
			if n > 0 {
				s.buckets, s.counts = append(s.buckets, uint16(i)), append(s.counts, n)
				s.total += uint64(n)
			}
		}
		list = append(list, s)
	}
	return list
}

// Resample draws the run's blocks anew, as many as it has, again and again, and
// returns for each of some quantiles (0 to 1) what it came to, in nanoseconds. The
// draws are the same for the same seed. With fewer than two blocks nothing can be
// drawn, and the lists are empty.
func (b *Blocks) Resample(quantiles []float64, times int, seed uint64) [][]float64 {
	blocks := b.drawn()
	out := make([][]float64, len(quantiles))
	if len(blocks) < 2 {
		return out
	}
	rng := rand.New(rand.NewPCG(seed, 'b'))
	sum := make([]uint64, kept)
	for range times {
		clear(sum)
		var total uint64
		for range blocks {
			s := &blocks[rng.IntN(len(blocks))]
			total += s.total
			for k, bucket := range s.buckets {
				sum[bucket] += uint64(s.counts[k])
			}
		}
		for q, at := range quantiles {
			out[q] = append(out[q], quantile(sum, total, at))
		}
	}
	return out
}

// Quantile returns the quantile of the run itself, in nanoseconds; NaN without
// entries.
func (b *Blocks) Quantile(q float64) float64 {
	sum := make([]uint64, kept)
	var total uint64
	for _, at := range b.heights {
		for i, n := range at.counts {
			sum[i] += uint64(n)
			total += uint64(n)
		}
	}
	if total == 0 {
		return math.NaN()
	}
	return quantile(sum, total, q)
}

// quantile returns the value that the share q of the values does not exceed.
func quantile(sum []uint64, total uint64, q float64) float64 {
	rank := max(1, uint64(math.Ceil(q*float64(total))))
	var below uint64
	for i, n := range sum {
		if below += n; below >= rank {
			return valueOf(i)
		}
	}
	return valueOf(len(sum) - 1)
}
