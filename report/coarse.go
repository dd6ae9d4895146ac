package report

import (
	"math"
	"math/bits"
)

// A coarse distribution has percentiles to 1 %, and the exact maximum. It takes memory
// by the powers of 2 that there are values between, half a kilobyte each, so that there
// can be a thousand of them: an HdrHistogram of the same range takes 200 KB.
type coarse struct {
	rows  [57]*[bucketsOfRow]uint32 // counts by bucket, of latencies in nanoseconds
	count uint64
	max   int64
}

// bucketsOfRow is into how many buckets the values between two powers of 2 are divided.
const bucketsOfRow = 128

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
	ns = max(ns, histogramMin)
	c.add(bucketOf(ns), 1)
	c.count++
	c.max = max(c.max, ns)
}

func (c *coarse) add(bucket uint16, n uint32) {
	row := &c.rows[bucket/bucketsOfRow]
	if *row == nil {
		*row = new([bucketsOfRow]uint32)
	}
	(*row)[bucket%bucketsOfRow] += n
}

func (c *coarse) merge(other *coarse) {
	for bucket, n := range other.buckets {
		c.add(bucket, n)
	}
	c.count += other.count
	c.max = max(c.max, other.max)
}

// buckets are those that have values, and how many, the lowest first.
func (c *coarse) buckets(yield func(bucket uint16, n uint32) bool) {
	for i, row := range c.rows {
		if row == nil {
			continue
		}
		for k, n := range row {
			if n > 0 && !yield(uint16(i*bucketsOfRow+k), n) {
				return
			}
		}
	}
}

// latency returns the percentiles by nearest rank.
func (c *coarse) latency() WindowLatency {
	l := WindowLatency{Count: c.count, Max: float64(c.max) / 1e6}
	if c.count == 0 {
		return l
	}
	wanted := []struct {
		percent float64
		to      *float64
	}{{50, &l.P50}, {90, &l.P90}, {95, &l.P95}, {99, &l.P99}}
	below := uint64(0)
	for bucket, n := range c.buckets {
		below += uint64(n)
		for len(wanted) > 0 && below >= uint64(math.Ceil(wanted[0].percent/100*float64(c.count))) {
			*wanted[0].to = float64(min(highestOf(bucket), c.max)) / 1e6
			wanted = wanted[1:]
		}
	}
	return l
}
