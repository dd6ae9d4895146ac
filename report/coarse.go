package report

import (
	"maps"
	"math"
	"math/bits"
	"slices"
)

// A coarse distribution has percentiles to 1 %, and the exact maximum. It takes memory
// by the values that there are, so that there can be a thousand of them: most hold few,
// and an HdrHistogram takes 32 KB even so.
type coarse struct {
	buckets map[uint16]uint32 // of latencies in nanoseconds
	count   uint64
	max     int64
}

// bucketOf divides the values between two powers of 2 into 128 of the same length.
func bucketOf(ns int64) uint16 {
	shift := max(bits.Len64(uint64(ns))-8, 0)
	return uint16(shift<<7 + int(ns>>shift))
}

// highestOf is the highest value of a bucket.
func highestOf(bucket uint16) int64 {
	shift := max(int(bucket)>>7-1, 0)
	return (int64(bucket)-int64(shift)<<7+1)<<shift - 1
}

func (c *coarse) record(ns int64) {
	if c.buckets == nil {
		c.buckets = map[uint16]uint32{}
	}
	ns = max(ns, histogramMin)
	c.buckets[bucketOf(ns)]++
	c.count++
	c.max = max(c.max, ns)
}

func (c *coarse) merge(other coarse) {
	if c.buckets == nil {
		*c = other
		return
	}
	for bucket, n := range other.buckets {
		c.buckets[bucket] += n
	}
	c.count += other.count
	c.max = max(c.max, other.max)
}

// latency returns the percentiles by nearest rank.
func (c *coarse) latency() WindowLatency {
	l := WindowLatency{Count: c.count, Max: float64(c.max) / 1e6}
	if c.count == 0 {
		return l
	}
	buckets := slices.Sorted(maps.Keys(c.buckets))
	below, i := uint64(c.buckets[buckets[0]]), 0
	for _, p := range []struct {
		percent float64
		to      *float64
	}{{50, &l.P50}, {90, &l.P90}, {95, &l.P95}, {99, &l.P99}} {
		for rank := uint64(math.Ceil(p.percent / 100 * float64(c.count))); below < rank; {
			i++
			below += uint64(c.buckets[buckets[i]])
		}
		*p.to = float64(min(highestOf(buckets[i]), c.max)) / 1e6
	}
	return l
}
