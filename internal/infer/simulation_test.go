package infer

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"sync"
	"testing"

	"golang.org/x/perf/benchmath"
)

// A world is how simulated runs differ. All deviations are of logarithms, so that
// 0.025 is 2.5 %.
type world struct {
	between float64 // of the p95 between runs, what their blocks bring about included
	block   float64 // between the blocks of a run: their entries share it
	entry   float64 // between the entries of a block
	blocks  int     // of a run
	entries int     // of a block
}

// typical is like accept latencies of ten minutes on a node that keeps up: blocks that
// differ by a twentieth, entries by a third.
func typical(between float64) world {
	return world{between: between, block: 0.05, entry: 0.3, blocks: 60, entries: 40}
}

// fromBlocks is the deviation of a run's p95 that its blocks and entries bring about
// in a typical world, as TestWorld finds it. What is left makes up the rest of between.
const fromBlocks = 0.015

// run simulates a run whose p95 is some 160 ms times level.
func (w world) run(rng *rand.Rand, level float64) *Blocks {
	own := math.Sqrt(max(0, w.between*w.between-fromBlocks*fromBlocks)) * rng.NormFloat64()
	b := NewBlocks()
	for h := range w.blocks {
		mean := math.Log(100e6*level) + own + w.block*rng.NormFloat64()
		for range w.entries {
			b.Add(uint32(h), int64(math.Exp(mean+w.entry*rng.NormFloat64())))
		}
	}
	return b
}

// side simulates the runs of one side, and what a comparison takes of them.
func (w world) side(rng *rand.Rand, n int, level float64) []Run {
	list := make([]Run, n)
	for i := range list {
		b := w.run(rng, level)
		list[i] = Run{Value: b.Quantile(0.95) / 1e6, Resampled: b.Resample([]float64{0.95}, 25, rng.Uint64())[0]}
		for k := range list[i].Resampled {
			list[i].Resampled[k] /= 1e6
		}
	}
	return list
}

// simulate counts the verdicts of comparisons in which the candidate is slower by a
// factor. It is the same for the same world, however many processors there are.
func simulate(w world, comparisons, runs int, factor float64) map[Verdict]int {
	verdicts := make([]Verdict, comparisons)
	var group sync.WaitGroup
	workers := runtime.GOMAXPROCS(0)
	for k := range workers {
		group.Go(func() {
			for i := k; i < comparisons; i += workers {
				rng := rand.New(rand.NewPCG(uint64(i), math.Float64bits(w.between*factor)+uint64(runs)))
				verdicts[i] = Compare(w.side(rng, runs, 1), w.side(rng, runs, factor), usual).Verdict
			}
		})
	}
	group.Wait()
	counts := map[Verdict]int{}
	for _, v := range verdicts {
		counts[v]++
	}
	return counts
}

// standardError is that of a share which was counted.
func standardError(share float64, n int) float64 { return math.Sqrt(share * (1 - share) / float64(n)) }

// The deviation between simulated runs is what the world says.
func TestWorld(t *testing.T) {
	for _, between := range []float64{fromBlocks, 0.025, 0.05, 0.1} {
		rng := rand.New(rand.NewPCG(4, 4))
		s := describe(typical(between).side(rng, 300, 1))
		t.Logf("%.4f: %.4f between, %.4f within", between, s.Deviation/s.Mean, s.Within/s.Mean)
		if got := s.Deviation / s.Mean; math.Abs(got/between-1) > 0.15 {
			t.Errorf("a deviation of %.4f between runs, want %.4f; within them %.4f", got, between, s.Within/s.Mean)
		}
	}
}

// Without a change at most 5 % of comparisons say that there is one.
func TestFalseAlarms(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates thousands of runs")
	}
	const comparisons, runs = 1000, 6
	for _, between := range []float64{0.025, 0.05, 0.1} {
		got := simulate(typical(between), comparisons, runs, 1)
		share := float64(got[Regressed]+got[Improved]) / comparisons
		t.Logf("deviation %.1f %%: %.1f %% false alarms, %v", 100*between, 100*share, got)
		if share > 0.05+2*standardError(0.05, comparisons) {
			t.Errorf("deviation %.3f: %.3f false alarms", between, share)
		}
	}
}

// A change of 10 % is found in 9 of 10 comparisons of 6 runs a side that differ by
// 2.5 %, and never taken for none.
func TestPower(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates thousands of runs")
	}
	const comparisons, runs = 1000, 6
	got := simulate(typical(0.025), comparisons, runs, 1.1)
	t.Logf("%v", got)
	if found := float64(got[Regressed]) / comparisons; found < 0.9 || got[Improved]+got[Unchanged] > 0 {
		t.Errorf("found in %.3f: %v", found, got)
	}
}

// The table of docs/statistics.md. More runs find more.
func TestPowerTable(t *testing.T) {
	if os.Getenv("FACTOM_LOAD_STATISTICS") == "" {
		t.Skip("takes minutes; FACTOM_LOAD_STATISTICS=1 has it made")
	}
	const comparisons = 1000
	for _, between := range []float64{0.025, 0.05, 0.1} {
		line := fmt.Sprintf("deviation %.1f %%:", 100*between)
		before := 0.0
		for _, runs := range []int{4, 6, 8, 12, 20, 30} {
			found := float64(simulate(typical(between), comparisons, runs, 1.1)[Regressed]) / comparisons
			line += fmt.Sprintf("  %d runs %.1f %%", runs, 100*found)
			if found < before-3*standardError(0.5, comparisons) {
				t.Errorf("deviation %.3f: %d runs find %.3f, fewer found %.3f", between, runs, found, before)
			}
			before = found
		}
		t.Log(line)
	}
}

// Tests that take entries for independent find a change between runs of the same
// system nearly always: blocks and runs differ, and thousands of entries are sure of
// it.
func TestNaive(t *testing.T) {
	if testing.Short() {
		t.Skip("simulates thousands of runs")
	}
	const comparisons = 200
	w, alarms := typical(0.025), 0
	for i := range comparisons {
		rng := rand.New(rand.NewPCG(uint64(i), 9))
		if benchmath.AssumeNothing.Compare(sample(w.values(rng)), sample(w.values(rng))).P < Alpha {
			alarms++
		}
	}
	t.Logf("%d of %d comparisons of a run with its like", alarms, comparisons)
	if alarms < comparisons/4 {
		t.Errorf("%d of %d: this world does not show it", alarms, comparisons)
	}
}

// values are the entries of a run by themselves.
func (w world) values(rng *rand.Rand) (list []float64) {
	own := w.between * rng.NormFloat64()
	for range w.blocks {
		mean := own + w.block*rng.NormFloat64()
		for range w.entries {
			list = append(list, math.Exp(mean+w.entry*rng.NormFloat64()))
		}
	}
	return list
}
