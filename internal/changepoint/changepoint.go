// Package changepoint finds where a series of figures changed its level, by E-divisive
// means: the split of a series into two parts whose distributions differ most, in the
// energy statistic, is a change point if a permutation test says so; both parts are
// then split in the same way.
//
// The method is that of D. S. Matteson and N. A. James, "A Nonparametric Approach for
// Multiple Change Point Analysis of Multivariate Data" (JASA 109, 2014), as MongoDB
// uses it for its performance tests: D. Daly et al., "The Use of Change Point Detection
// to Identify Software Performance Regressions in a Continuous Integration System"
// (ICPE 2020). Apache Otava (M. Fleming et al., "Hunter", ICPE 2023) has a t-test in
// the place of the permutations, which is faster but, made at the best of all splits,
// has no level of its own; so that one is not used here.
//
// Unlike in the first paper a part is tested by itself, not together with all others,
// and a change that lasts to the end of its part is looked for first, as MongoDB does:
// with N figures that takes O(N log N) a permutation. Only where there is none is one
// looked for that came back, among the newest [MostBack] figures of the part. Parts
// without a change take few permutations.
//
// Nothing is assumed of the figures' distribution. They must be in order of time, and
// independent if nothing changes.
package changepoint

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Options say what counts as a change. The zero value is useful.
type Options struct {
	// Level is the share of series without a change in which one may be found, at
	// most: of 0 < Level < 1, 0.05 if 0. It cannot be kept below 2/([Permutations]+1):
	// nothing is found then.
	Level float64
	// Least is the least number of figures of a part, 2 or more: one alone is an
	// outlier, and no level.
	Least int
}

// Permutations is the most that a test draws.
const Permutations = 999

// A Point is a change.
type Point struct {
	Index int     // of the first figure of the new level
	P     float64 // of the permutation tests; 2/([Permutations]+1) at least
}

// Find returns the change points of a series, in order. The same series gives the
// same points, and so does one in another unit or from another zero. The figures
// must be finite.
func Find(series []float64, o Options) []Point {
	if o.Level == 0 {
		o.Level = 0.05
	}
	o.Least = max(o.Least, 2)
	var found []Point
	var divide func(from, to int)
	divide = func(from, to int) {
		at, p, ok := split(series[from:to], o)
		if !ok {
			return
		}
		found = append(found, Point{from + at, p})
		divide(from, from+at)
		divide(from+at, to)
	}
	divide(0, len(series))
	slices.SortFunc(found, func(a, b Point) int { return cmp.Compare(a.Index, b.Index) })
	return found
}

// MostBack is among how many figures, the newest of a part, a level that came back is
// looked for: that takes O(N²) a permutation.
const MostBack = 250

// split returns where a part divides best, and whether that is a change: by all of the
// part first, and if that shows nothing by less of it. Each test has half of the level.
func split(part []float64, o Options) (at int, p float64, ok bool) {
	n := len(part)
	// With P = (more+1)/(Permutations+1), this many permutations may come to the
	// same or more.
	most := int(math.Floor(o.Level/2*(Permutations+1)+1e-9)) - 1
	if n < 2*o.Least || most < 0 {
		return 0, 1, false
	}
	e := newEnergy(part)
	if e.total == 0 {
		return 0, 1, false // all are the same
	}
	if at, p, ok = test(n, o.Least, most, e.best); ok {
		return at, p, ok
	}
	from := max(0, n-MostBack)
	if from > 0 {
		if e = newEnergy(part[from:]); e.total == 0 {
			return 0, 1, false
		}
	}
	at, p, ok = test(n-from, o.Least, most, e.bestUntil)
	return from + at, p, ok
}

// test is the permutation test of the greatest statistic that a search finds.
func test(n, least, most int, search func(order []int, least int) (int, float64)) (at int, p float64, ok bool) {
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	at, observed := search(order, least)
	random := rand.New(rand.NewPCG(0xed1, uint64(n)))
	more := 0
	for range Permutations {
		for i := n - 1; i > 0; i-- { // as Shuffle does, without its call for each
			j := random.Uint64N(uint64(i + 1))
			order[i], order[j] = order[j], order[i]
		}
		// Ties must not depend on the order of additions.
		if _, q := search(order, least); q >= observed*(1-1e-9) {
			if more++; more > most {
				return 0, 1, false // whatever the others come to
			}
		}
	}
	// Of two tests, the one that says so counts twice.
	return at, 2 * float64(more+1) / (Permutations + 1), true
}
