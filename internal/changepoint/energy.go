package changepoint

import (
	"math"
	"slices"
)

// energy has what the statistic needs of a set of figures, in whatever order.
type energy struct {
	value []float64 // divided by the range, from 0: 0..1
	rank  []int     // 1..n, ties in any order
	row   []float64 // sum of a figure's distances to all
	total float64   // sum of the distances of all pairs

	came []came    // a Fenwick tree by rank, of the figures that came so far
	part []float64 // 1/k by k: divisions are most of the time otherwise
}

// came are how many figures came, and their sum.
type came struct{ count, sum float64 }

func newEnergy(figures []float64) *energy {
	n := len(figures)
	e := &energy{
		value: make([]float64, n), rank: make([]int, n), row: make([]float64, n),
		came: make([]came, n+1), part: make([]float64, n+1),
	}
	for k := range e.part[1:] {
		e.part[k+1] = 1 / float64(k+1)
	}
	lo, hi := slices.Min(figures), slices.Max(figures)
	if !(hi > lo) {
		return e
	}
	for i, v := range figures {
		// Halves first: the range itself may be more than a float holds.
		e.value[i] = (v/2 - lo/2) / (hi/2 - lo/2)
	}
	sorted := make([]int, n)
	for i := range sorted {
		sorted[i] = i
	}
	slices.SortStableFunc(sorted, func(a, b int) int {
		switch {
		case e.value[a] < e.value[b]:
			return -1
		case e.value[a] > e.value[b]:
			return 1
		}
		return 0
	})
	all := 0.0
	for _, v := range e.value {
		all += v
	}
	below := 0.0
	for k, i := range sorted {
		v := e.value[i]
		e.rank[i] = k + 1
		e.row[i] = float64(k)*v - below + (all - below - v) - float64(n-k-1)*v
		below += v
		e.total += e.row[i] / 2
	}
	return e
}

// best returns the split of the figures in the given order that has the greatest
// statistic, both parts of least figures or more:
//
//	Q = mn/(m+n) · (2/(mn)·ΣΣ|x−y| − 1/C(m,2)·Σ|x−x′| − 1/C(n,2)·Σ|y−y′|)
//	  = 2/(m+n) · (ΣΣ|x−y| − n/(m−1)·Σ|x−x′| − m/(n−1)·Σ|y−y′|)
func (e *energy) best(order []int, least int) (at int, q float64) {
	clear(e.came)
	n := len(order)
	left, right, sum := 0.0, e.total, 0.0 // left, right: sums of the distances within
	at, q = 0, -1
	for i, f := range order[:n-least] {
		before := e.toBefore(f, float64(i), sum)
		left += before
		right -= e.row[f] - before
		sum += e.value[f]
		e.add(f)
		if i+1 < least {
			continue
		}
		across := e.total - left - right
		here := 2 * e.part[n] * (across - float64(n-i-1)*e.part[i]*left - float64(i+1)*e.part[n-i-2]*right)
		if at == 0 || here > q*(1+1e-12) {
			at, q = i+1, here
		}
	}
	return at, q
}

// bestUntil is as best, but the second part may end before the last figure: a level
// that went and came back shows only so. It takes O(N²).
func (e *energy) bestUntil(order []int, least int) (at int, q float64) {
	clear(e.came)
	n := len(order)
	x := make([]float64, n)
	left := make([]float64, n+1) // by the number of figures, the sum of distances within
	before := 0.0
	for i, f := range order {
		x[i] = e.value[f]
		left[i+1] = left[i] + e.toBefore(f, float64(i), before)
		before += x[i]
		e.add(f)
	}
	right := make([]float64, n+1) // by its end, of the part that begins at from
	at, q = 0, -1
	for from := n - 1; from >= least; from-- {
		sum, within := 0.0, left[from]
		ofWithin := within * e.part[from-1]
		for to := from + 1; to <= n; to++ {
			sum += math.Abs(x[to-1] - x[from])
			right[to] += sum
			if to-from < least {
				continue
			}
			across := left[to] - within - right[to]
			here := 2 * e.part[to] * (across - float64(to-from)*ofWithin - float64(from)*e.part[to-from-1]*right[to])
			if at == 0 || here > q*(1+1e-12) {
				at, q = from, here
			}
		}
	}
	return at, q
}

// toBefore sums the distances of a figure to those that came before it: their number
// and their sum are given.
func (e *energy) toBefore(f int, count, sum float64) float64 {
	var below came
	for r := e.rank[f]; r > 0; r &= r - 1 {
		below.count += e.came[r].count
		below.sum += e.came[r].sum
	}
	v := e.value[f]
	return v*below.count - below.sum + (sum - below.sum) - v*(count-below.count)
}

func (e *energy) add(f int) {
	for r := e.rank[f]; r < len(e.came); r += r & -r {
		e.came[r].count++
		e.came[r].sum += e.value[f]
	}
}
