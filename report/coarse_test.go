package report

import (
	"testing"

	"pgregory.net/rapid"
)

// The buckets are in order, without gaps, and none is wider than 1 % of its values.
func TestCoarseBuckets(t *testing.T) {
	for b := range uint16(7000) {
		last := highestOf(b)
		if bucketOf(last) != b || bucketOf(last+1) != b+1 {
			t.Fatalf("bucket %d ends at %d, of %d; the next value is of %d", b, last, bucketOf(last), bucketOf(last+1))
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		v := rapid.Int64Range(0, 1<<61).Draw(t, "v")
		if highest := highestOf(bucketOf(v)); highest < v || float64(highest-v) > float64(v)*0.01 {
			t.Fatalf("%d counts as %d", v, highest)
		}
	})
}

func BenchmarkCoarse(b *testing.B) {
	var c coarse
	for i := range b.N {
		c.record(int64(i%1000) * 1e6)
	}
}
