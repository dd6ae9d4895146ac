package report

import "math"

// A seriesPoint is one point of a series: the lowest, mean and highest of the
// intervals that it stands for, all NaN where none of them is known.
type seriesPoint struct{ x, lo, mean, hi float64 }

// thin reduces a series to n points at most. Each stands for the same number
// of consecutive intervals, so that a peak of a single one is still its highest.
func thin(xs, vs []float64, n int) []seriesPoint {
	size := perPoint(len(xs), n)
	points := make([]seriesPoint, 0, n)
	for i := 0; i < len(xs); i += size {
		end := min(i+size, len(xs))
		s := seriesPoint{x: (xs[i] + xs[end-1]) / 2, lo: math.NaN(), mean: math.NaN(), hi: math.NaN()}
		sum, known := 0.0, 0
		for _, v := range vs[i:end] {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				continue
			}
			if known == 0 {
				s.lo, s.hi = v, v
			}
			s.lo, s.hi = min(s.lo, v), max(s.hi, v)
			sum += v
			known++
		}
		if known > 0 {
			s.mean = sum / float64(known)
		}
		points = append(points, s)
	}
	return points
}

// perPoint says how many of count intervals one of n points stands for.
func perPoint(count, n int) int { return max(1, (count+n-1)/n) }

// column returns the values of a column by name, NaN where a row lacks them, or
// nil where the series has no such column.
func (s Series) column(name string) []float64 {
	for i, c := range s.Columns {
		if c != name {
			continue
		}
		values := make([]float64, len(s.Rows))
		for j, row := range s.Rows {
			values[j] = math.NaN()
			if i < len(row) {
				values[j] = float64(row[i])
			}
		}
		return values
	}
	return nil
}

// middles returns the middle of every interval, in seconds since the start.
func (s Series) middles() []float64 {
	t := s.column("t_s")
	for i := range t {
		if math.IsNaN(t[i]) {
			t[i] = float64(i) * s.IntervalS
		}
		t[i] += s.IntervalS / 2
	}
	return t
}

// perSecond turns counts per interval into rates.
func (s Series) perSecond(name string) []float64 {
	values := s.column(name)
	for i := range values {
		values[i] /= s.IntervalS // 0 gives no finite rate, and none is drawn
	}
	return values
}
