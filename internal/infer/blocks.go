package infer

import (
	"maps"
	"math"
	"math/rand/v2"
	"slices"
)

// The range of what is kept apart, in nanoseconds: what is below or above counts as
// the end of it.
const (
	leastKept = 1e3   // a microsecond
	mostKept  = 8e13  // a day
	mostDrawn = 1_000 // blocks that are drawn from; neighbours are put together beyond
)

// What [Blocks] keep apart are the parts of the same length of what is between two
// powers of 2. They are wide by resolution of their value at most, so that a quantile, in
// the middle of one, is right to half of that.
const (
	keptBits    = 8
	droppedBits = 52 - keptBits // of a float64's fraction
	resolution  = 1.0 / (1 << keptBits)
)

// Blocks are the latencies of a run's entries, by the directory block that confirmed
// them. Entries of one block share its fate, so it is blocks that are drawn anew to
// see how sure a quantile of the run is, and never entries. What is kept is bounded:
// of a long run neighbours count as one block, which is on the safe side.
type Blocks struct {
	width   uint32 // heights that count as one
	heights map[uint32]*counts
	at      uint32  // of the newest
	newest  *counts // as the entries of a block come together
}

// NewBlocks returns the latencies of no entries.
func NewBlocks() *Blocks { return &Blocks{width: 1, heights: map[uint32]*counts{}} }

// Add counts a latency in nanoseconds, of an entry in a block.
func (b *Blocks) Add(height uint32, nanoseconds int64) {
	if at := height / b.width; b.newest == nil || at != b.at {
		b.at, b.newest = at, b.heights[at]
		if b.newest == nil {
			b.newest = &counts{}
			b.heights[at] = b.newest
		}
	}
	b.newest.add(bucketOf(float64(nanoseconds)), 1)
	if len(b.heights) > mostDrawn {
		b.widen()
	}
}

// Len is how many blocks there are to draw from.
func (b *Blocks) Len() int { return len(b.heights) }

// widen puts every two neighbours together.
func (b *Blocks) widen() {
	joined := make(map[uint32]*counts, len(b.heights)/2+1)
	for at, c := range b.heights {
		to := joined[at/2]
		if to == nil {
			joined[at/2] = c
			continue
		}
		for i, n := range c.of {
			if n > 0 {
				to.add(c.first+i, n)
			}
		}
	}
	b.width, b.heights, b.newest = 2*b.width, joined, nil
}

// counts are by bucket, from the first one on that has any, or a few before it.
type counts struct {
	first int
	of    []uint32
}

func (c *counts) add(bucket int, n uint32) {
	const step = 128 // as latencies are told in no order
	if len(c.of) == 0 {
		c.first = bucket / step * step
	}
	if bucket < c.first {
		first := bucket / step * step
		c.of = append(make([]uint32, c.first-first), c.of...)
		c.first = first
	}
	if i := bucket - c.first; i >= len(c.of) {
		c.of = append(c.of, make([]uint32, i/step*step+step-len(c.of))...)
	}
	c.of[bucket-c.first] += n
}

// bucketOf takes no logarithm, which would be a tenth of the time of a comparison.
func bucketOf(nanoseconds float64) int {
	return int(math.Float64bits(min(max(nanoseconds, leastKept), mostKept))>>droppedBits) - int(math.Float64bits(leastKept)>>droppedBits)
}

// valueOf returns the middle of a bucket.
func valueOf(bucket int) float64 {
	return math.Float64frombits((uint64(bucket)+math.Float64bits(leastKept)>>droppedBits)<<droppedBits | 1<<(droppedBits-1))
}

// sparse is a block's latencies without the buckets that have none.
type sparse struct {
	buckets []uint16
	counts  []uint32
	total   uint64
}

// drawn returns what is drawn from, by height, and the range of its buckets.
func (b *Blocks) drawn() (list []sparse, first, end int) {
	first = math.MaxInt
	for _, at := range slices.Sorted(maps.Keys(b.heights)) {
		c := b.heights[at]
		used := 0
		for _, n := range c.of {
			if n > 0 {
				used++
			}
		}
		s := sparse{buckets: make([]uint16, 0, used), counts: make([]uint32, 0, used)}
		for i, n := range c.of {
			if n > 0 {
				s.buckets, s.counts = append(s.buckets, uint16(c.first+i)), append(s.counts, n)
				s.total += uint64(n)
			}
		}
		first, end = min(first, int(s.buckets[0])), max(end, int(s.buckets[len(s.buckets)-1])+1)
		list = append(list, s)
	}
	return list, first, end
}

// Resample draws the run's blocks anew, as many as it has, again and again, and
// returns for each of some quantiles (0 to 1) what it came to, in nanoseconds. The
// draws are the same for the same seed. With fewer than two blocks nothing can be
// drawn, and the lists are empty.
func (b *Blocks) Resample(quantiles []float64, times int, seed uint64) [][]float64 {
	out := make([][]float64, len(quantiles))
	blocks, first, end := b.drawn()
	if len(blocks) < 2 {
		return out
	}
	rng := rand.New(rand.NewPCG(seed, 'b'))
	sum := make([]uint64, end-first)
	for range times {
		clear(sum)
		var total uint64
		for range blocks {
			s := &blocks[rng.IntN(len(blocks))]
			total += s.total
			for k, bucket := range s.buckets {
				sum[int(bucket)-first] += uint64(s.counts[k])
			}
		}
		for q, at := range quantiles {
			out[q] = append(out[q], valueOf(first+quantile(sum, total, at)))
		}
	}
	return out
}

// Quantile returns the quantile of the run itself, in nanoseconds; NaN without
// entries.
func (b *Blocks) Quantile(q float64) float64 {
	var sum counts
	var total uint64
	for _, c := range b.heights {
		for i, n := range c.of {
			if n > 0 {
				sum.add(c.first+i, n)
				total += uint64(n)
			}
		}
	}
	if total == 0 {
		return math.NaN()
	}
	return valueOf(sum.first + quantile(sum.of, total, q))
}

// quantile returns the bucket that the share q of the values does not exceed.
func quantile[C uint32 | uint64](sum []C, total uint64, q float64) int {
	rank := max(1, uint64(math.Ceil(q*float64(total))))
	var below uint64
	for i, n := range sum {
		if below += uint64(n); below >= rank {
			return i
		}
	}
	return len(sum) - 1
}
