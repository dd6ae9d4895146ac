package report

import (
	"math"
	"strconv"
)

// A scale maps values to positions in a drawing. Values outside lo..hi go to
// the nearer end, so that nothing is drawn outside its panel; NaN stays NaN.
type scale struct {
	lo, hi   float64 // the domain, lo < hi
	from, to float64 // the positions of lo and hi
	warp     warp
}

// A warp bends a scale. It grows strictly over the scale's domain; nil is linear.
type warp func(float64) float64

// nines spaces percentiles, as fractions below 1, by their number of nines:
// 0.9, 0.99 and 0.999 are equally far apart.
func nines(p float64) float64 { return -math.Log10(1 - p) }

func (s scale) at(v float64) float64 {
	lo, hi, v := s.lo, s.hi, min(max(v, s.lo), s.hi)
	if s.warp != nil {
		lo, hi, v = s.warp(lo), s.warp(hi), s.warp(v)
	}
	return s.from + (v-lo)/(hi-lo)*(s.to-s.from)
}

// A tick is one grid line of an axis. Without a label it is a minor one.
type tick struct {
	at    float64
	label string
}

// niceStep returns the 1-2-5 step that divides span into n parts at most.
func niceStep(span float64, n int) float64 {
	raw := span / float64(max(n, 1))
	unit := math.Pow(10, math.Floor(math.Log10(raw)))
	for _, m := range []float64{1, 2, 5} {
		if m*unit >= raw*(1-1e-9) {
			return m * unit
		}
	}
	return 10 * unit
}

// timeStep is niceStep in the steps of clocks, in seconds.
func timeStep(span float64, n int) float64 {
	raw := span / float64(max(n, 1))
	if raw <= 1 {
		return niceStep(span, n)
	}
	for _, s := range []float64{1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400} {
		if s >= raw {
			return s
		}
	}
	return 86400 * math.Ceil(raw/86400)
}

// stepTicks puts a tick on every multiple of step in lo..hi.
func stepTicks(lo, hi, step float64, label func(float64) string) []tick {
	var ticks []tick
	first, last := math.Ceil(lo/step-1e-9), math.Floor(hi/step+1e-9)
	for i := first; i <= last && len(ticks) < 100; i++ {
		at := i*step + 0 // + 0: no minus zero
		ticks = append(ticks, tick{at, label(at)})
	}
	return ticks
}

// ceilTo returns the least multiple of a nice step that covers hi, so that the
// axis from 0 ends on a grid line.
func ceilTo(hi float64, n int) float64 {
	if !(hi > 0) {
		return 1
	}
	step := niceStep(hi, n)
	return step * math.Ceil(hi/step-1e-9)
}

// logDomain widens lo..hi, both above 0, to 1-2-5 values a factor of 2 apart
// at least.
func logDomain(lo, hi float64) (float64, float64) {
	lo, hi = floor125(lo), -floor125(-hi)
	if hi <= lo*1.5 {
		hi = -floor125(-hi * 1.5)
	}
	return lo, hi
}

// floor125 returns the largest of 1, 2, 5 times a power of ten that is not
// above v; for a negative v, minus the smallest that is not below -v.
func floor125(v float64) float64 {
	up := v < 0
	v = math.Abs(v)
	unit := math.Pow(10, math.Floor(math.Log10(v)))
	steps := []float64{1, 2, 5, 10}
	if up {
		for _, m := range steps {
			if m*unit >= v*(1-1e-9) {
				return -m * unit
			}
		}
	}
	best := unit
	for _, m := range steps {
		if m*unit <= v*(1+1e-9) {
			best = m * unit
		}
	}
	return best
}

// logTicks puts ticks on 1, 2, 5 times the powers of ten in lo..hi. As many of
// them are labelled as n allows: all, the powers of ten, or every few of those.
func logTicks(lo, hi float64, n int, label func(float64) string) []tick {
	first, last := int(math.Floor(math.Log10(lo)+1e-9)), int(math.Ceil(math.Log10(hi)-1e-9))
	every := 1 + (last-first-1)/max(n, 1)
	all := 3*(last-first) <= n
	var ticks []tick
	for e := first; e <= last; e++ {
		for _, m := range []float64{1, 2, 5} {
			v := m * math.Pow(10, float64(e))
			if v < lo*(1-1e-9) || v > hi*(1+1e-9) {
				continue
			}
			t := tick{at: v}
			if all || m == 1 && (e-first)%every == 0 {
				t.label = label(v)
			}
			ticks = append(ticks, t)
		}
	}
	return ticks
}

// ninesTicks returns the percentiles 0, 50, 90, 99, 99.9 … up to hi.
func ninesTicks(hi float64) []tick {
	ticks := []tick{{0, "0 %"}, {0.5, "50 %"}}
	for k := 1; k <= 9; k++ {
		p := 1 - math.Pow(10, -float64(k))
		if p > hi+1e-12 {
			break
		}
		ticks = append(ticks, tick{p, strconv.FormatFloat(p*100, 'f', max(0, k-2), 64) + " %"})
	}
	return ticks
}
