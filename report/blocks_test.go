package report

import (
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// However many blocks there are, and in whatever order their entries come, each has
// the same figures as by itself.
func TestBlockLatencies(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	alone := map[uint32]*distribution{}
	var b blockLatencies
	for i := range 5000 {
		height := uint32(i/50 - random.IntN(min(i/50+1, 30)))
		ns := random.Int64N(1e11)
		if alone[height] == nil {
			alone[height] = &distribution{}
		}
		alone[height].record(ns)
		if err := b.record(height, ns); err != nil {
			t.Fatal(err)
		}
		if len(b.open) > openBlocks || len(b.recent) != len(b.open) {
			t.Fatalf("%d blocks are open, %d recent", len(b.open), len(b.recent))
		}
	}
	for height, want := range alone {
		w, err := want.latency("", 0)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := b.latency(height, "", 0); err != nil || !cmp.Equal(w, got) {
			t.Errorf("block %d: %v\n%s", height, err, cmp.Diff(w, got))
		}
	}
}
