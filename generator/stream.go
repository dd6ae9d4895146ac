package generator

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"math/rand/v2"
)

// A source is where the random streams of one kind come from: one for each
// index, all independent of each other.
type source struct{ a, b uint64 }

// newSource derives a source from a label and the values that it depends on.
func newSource(label string, values ...string) source {
	h := sha256.New()
	h.Write([]byte("factom-load/" + label))
	for _, v := range values {
		var n [8]byte
		binary.BigEndian.PutUint64(n[:], uint64(len(v)))
		h.Write(n[:])
		h.Write([]byte(v))
	}
	sum := h.Sum(nil)
	return source{binary.BigEndian.Uint64(sum), binary.BigEndian.Uint64(sum[8:])}
}

// A stream is a sequence of random numbers. PCG's sequence is part of Go's
// compatibility promise, the helpers of math/rand/v2 are not: the few that are
// needed stand here, so that a seed means the same load for good.
type stream struct{ pcg rand.PCG }

// at resets the stream to the one with an index.
func (s *stream) at(src source, index uint64) {
	s.pcg.Seed(src.a^mix(index), src.b+mix(^index))
}

// mix spreads the bits of an index over a word (the finalizer of SplitMix64).
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// below returns a number in [0, n), n above 0. The bias of the multiplication
// is below n/2^64.
func (s *stream) below(n uint64) uint64 {
	hi, _ := bits.Mul64(s.pcg.Uint64(), n)
	return hi
}

// between returns a number in [lo, hi].
func (s *stream) between(lo, hi int) int {
	return lo + int(s.below(uint64(hi-lo)+1))
}

// float returns a number in [0, 1).
func (s *stream) float() float64 {
	return float64(s.pcg.Uint64()>>11) / (1 << 53)
}

// exp returns an exponentially distributed number of mean 1.
func (s *stream) exp() float64 {
	return -math.Log1p(-s.float())
}

// fill overwrites b with random bytes.
func (s *stream) fill(b []byte) {
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, s.pcg.Uint64())
		b = b[8:]
	}
	if len(b) > 0 {
		var last [8]byte
		binary.LittleEndian.PutUint64(last[:], s.pcg.Uint64())
		copy(b, last[:])
	}
}
