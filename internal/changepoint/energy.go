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

	count, sum []float64 // Fenwick trees by rank, of the figures that came so far
}

func newEnergy(figures []float64) *energy {
	n := len(figures)
	e := &energy{
		value: make([]float64, n), rank: make([]int, n), row: make([]float64, n),
		count: make([]float64, n+1), sum: make([]float64, n+1),
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
func (e *energy) best(order []int, least int) (at int, q float64) {
	clear(e.count)
	clear(e.sum)
	n := len(order)
	left, right, came := 0.0, e.total, 0.0 // left, right: sums of the distances within
	at, q = 0, -1
	for i, f := range order[:n-least] {
		before := e.toBefore(f, float64(i), came)
		left += before
		right -= e.row[f] - before
		came += e.value[f]
		e.add(f)
		a, b := float64(i+1), float64(n-i-1)
		if i+1 < least {
			continue
		}
		across := e.total - left - right
		here := a * b / (a + b) * (2/(a*b)*across - 2/(a*(a-1))*left - 2/(b*(b-1))*right)
		if at == 0 || here > q*(1+1e-12) {
			at, q = i+1, here
		}
	}
	return at, q
}

// bestUntil is as best, but the second part may end before the last figure: a level
// that went and came back shows only so. It takes O(N²).
func (e *energy) bestUntil(order []int, least int) (at int, q float64) {
	clear(e.count)
	clear(e.sum)
	n := len(order)
	x := make([]float64, n)
	left := make([]float64, n+1) // by the number of figures, the sum of distances within
	came := 0.0
	for i, f := range order {
		x[i] = e.value[f]
		left[i+1] = left[i] + e.toBefore(f, float64(i), came)
		came += x[i]
		e.add(f)
	}
	right := make([]float64, n+1) // by its end, of the part that begins at from
	at, q = 0, -1
	for from := n - 1; from >= least; from-- {
		sum, a := 0.0, float64(from)
		for to := from + 1; to <= n; to++ {
			sum += math.Abs(x[to-1] - x[from])
			right[to] += sum
			b := float64(to - from)
			if to-from < least {
				continue
			}
			across := left[to] - left[from] - right[to]
			here := a * b / (a + b) * (2/(a*b)*across - 2/(a*(a-1))*left[from] - 2/(b*(b-1))*right[to])
			if at == 0 || here > q*(1+1e-12) {
				at, q = from, here
			}
		}
	}
	return at, q
}

// toBefore sums the distances of a figure to those that came before it: their number
// and their sum are given.
func (e *energy) toBefore(f int, came, sum float64) float64 {
	below, belowSum := 0.0, 0.0
	for r := e.rank[f]; r > 0; r &= r - 1 {
		below += e.count[r]
		belowSum += e.sum[r]
	}
	v := e.value[f]
	return v*below - belowSum + (sum - belowSum) - v*(came-below)
}

func (e *energy) add(f int) {
	for r := e.rank[f]; r < len(e.count); r += r & -r {
		e.count[r]++
		e.sum[r] += e.value[f]
	}
}
