// Package infer says whether a figure of repeated runs has changed, and how sure
// that is.
//
// A run is one measurement, however many entries it has: the entries of a directory
// block confirm together, and those of a run share a machine, a node and a day. What
// a comparison rests on is how much the runs of each side differ among themselves.
// Within a run, blocks can be drawn anew to say how sure its own figure is
// ([Resample]); that is the least by which runs must be taken to differ.
package infer

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/montanaflynn/stats"
	"golang.org/x/perf/benchmath"
	"gonum.org/v1/gonum/stat/distuv"
)

// A Run is one run's figure.
type Run struct {
	Value float64
	// Resampled are values that the figure would have had with other blocks of the
	// same run; nil where there are none.
	Resampled []float64
}

// A Rule says what counts as a change.
type Rule struct {
	// Tolerance is the change that does not matter, as a share of the base, and Least
	// the same in the figure's unit: the larger one counts.
	Tolerance, Least float64
	// HigherIsBetter is for rates; lower is better for latencies and counts.
	HigherIsBetter bool
}

// Alpha is the level of all tests, and 1-Alpha that of each bound of an interval: as
// in tests of equivalence, each bound is a test of its own, of whether the change
// is beyond the tolerance on that side.
const Alpha = 0.05

// MinRuns is the least number of runs a side with which a two-sided Mann-Whitney U
// test can come below [Alpha]: four against four give 0.029 at best.
const MinRuns = 4

// mostRuns is up to how many runs a side it is worked out how many it would take.
const mostRuns = 200

// A Verdict is what a comparison came to.
type Verdict string

// The verdicts.
const (
	Regressed    Verdict = "regressed"    // worse, by more than the tolerance
	Improved     Verdict = "improved"     // better, by more than the tolerance
	Unchanged    Verdict = "unchanged"    // any change is within the tolerance
	Inconclusive Verdict = "inconclusive" // none of these can be said
)

// A Result is a comparison of two sides. Changes are of the candidate against the
// base, in the figure's unit; divided by Base they are shares.
type Result struct {
	Base, Candidate Side
	// Shift is the Hodges-Lehmann estimate: the median of all differences between a
	// run of the one side and a run of the other.
	Shift float64
	// Low and High bound the change: each of them with a confidence of 95 %. NaN
	// where a side has too little to tell.
	Low, High float64
	// Tolerance is in the figure's unit.
	Tolerance float64
	// P is of the two-sided Mann-Whitney U test, exact for few runs; NaN with a side
	// that has none.
	P float64
	// Corrected is P, or what [Result.Correct] made of it: the verdict goes by it.
	Corrected float64
	// Delta is Cliff's: the share of pairs in which the candidate's run is above the
	// base's, less the share in which it is below; -1 to 1.
	Delta   float64
	Verdict Verdict
	Why     string
	// More is how many more runs a side a verdict would probably take, if what was
	// seen so far goes on; 0 where there is one, or where no number is in sight.
	More int

	rule  Rule
	scale scale
}

// A Side describes the runs of one side, in the figure's unit.
type Side struct {
	N              int
	Median         float64
	Mean           float64
	Deviation      float64 // standard deviation between the runs; NaN with one
	Within         float64 // root mean square of the runs' own standard errors, by drawing their blocks anew; NaN where unknown
	Least, Largest float64
}

// Compare compares the runs of two sides by a rule.
func Compare(base, candidate []Run, rule Rule) Result {
	r := Result{Base: describe(base), Candidate: describe(candidate), P: math.NaN(), Corrected: math.NaN(), Low: math.NaN(), High: math.NaN(), Shift: math.NaN(), Delta: math.NaN()}
	if len(base) == 0 || len(candidate) == 0 {
		r.Verdict, r.Why = Inconclusive, "a side has no runs with this figure"
		return r
	}
	b, c := values(base), values(candidate)
	r.Shift, r.Delta = pairs(b, c)
	r.Tolerance = max(rule.Tolerance*math.Abs(r.Base.Median), rule.Least)
	r.P = test(b, c)
	r.rule, r.scale = rule, newScale(base, candidate)
	r.Low, r.High = r.scale.bounds()
	r.Correct(r.P)
	return r
}

// Correct gives the verdict by a p-value that is corrected for the tests that are
// made beside this one, as by [Holm].
func (r *Result) Correct(p float64) {
	r.Corrected = p
	if r.Base.N > 0 && r.Candidate.N > 0 {
		r.judge()
	}
}

func values(runs []Run) []float64 {
	v := make([]float64, len(runs))
	for i, r := range runs {
		v[i] = r.Value
	}
	return v
}

// test returns the p-value of the two-sided Mann-Whitney U test. Where values are
// equal, what the library makes of the one order of sides and of the other is not the
// same, and can be above 1: the larger one counts, as far as it is a probability.
func test(a, b []float64) float64 {
	p := max(benchmath.AssumeNothing.Compare(sample(a), sample(b)).P, benchmath.AssumeNothing.Compare(sample(b), sample(a)).P)
	return min(p, 1)
}

func sample(v []float64) *benchmath.Sample {
	return benchmath.NewSample(slices.Clone(v), &benchmath.Thresholds{CompareAlpha: Alpha})
}

func describe(runs []Run) Side {
	v := values(runs)
	s := Side{N: len(v), Median: math.NaN(), Mean: math.NaN(), Deviation: math.NaN(), Within: math.NaN(), Least: math.NaN(), Largest: math.NaN()}
	if len(v) == 0 {
		return s
	}
	// None of these fails for what is not empty.
	s.Median, _ = stats.Median(v)
	s.Mean, _ = stats.Mean(v)
	s.Least, s.Largest = slices.Min(v), slices.Max(v)
	if len(v) > 1 {
		s.Deviation, _ = stats.StandardDeviationSample(v)
	}
	s.Within = math.Sqrt(within(runs, func(x float64) float64 { return x }))
	return s
}

// within is the mean variance of the runs' own figures, or NaN.
func within(runs []Run, scale func(float64) float64) float64 {
	var sum float64
	for _, r := range runs {
		if len(r.Resampled) < 2 {
			return math.NaN()
		}
		scaled := make([]float64, len(r.Resampled))
		for i, x := range r.Resampled {
			scaled[i] = scale(x)
		}
		v, _ := stats.SampleVariance(scaled)
		sum += v
	}
	return sum / float64(len(runs))
}

// pairs returns the median of the differences of all pairs, and Cliff's delta.
func pairs(base, candidate []float64) (shift, delta float64) {
	differences := make([]float64, 0, len(base)*len(candidate))
	for _, b := range base {
		for _, c := range candidate {
			differences = append(differences, c-b)
			switch {
			case c > b:
				delta++
			case c < b:
				delta--
			}
		}
	}
	shift, _ = stats.Median(differences)
	return shift, delta / float64(len(differences))
}

// A scale is where the spread of the runs is measured: that of logarithms where all
// figures are above 0, as what disturbs a run makes it slower by a share, and else
// their own.
type scale struct {
	logarithmic bool
	base        float64 // the mean of the base's runs on the scale
	difference  float64 // of the means, on the scale
	variances   [2]float64
	n           [2]int
}

func newScale(base, candidate []Run) scale {
	s := scale{logarithmic: true, n: [2]int{len(base), len(candidate)}}
	for _, r := range slices.Concat(base, candidate) {
		s.logarithmic = s.logarithmic && r.Value > 0 && (len(r.Resampled) == 0 || slices.Min(r.Resampled) > 0)
	}
	to := func(x float64) float64 { return x }
	if s.logarithmic {
		to = math.Log
	}
	var means [2]float64
	for i, runs := range [2][]Run{base, candidate} {
		v := values(runs)
		for k := range v {
			v[k] = to(v[k])
		}
		means[i], _ = stats.Mean(v)
		s.variances[i] = math.NaN()
		if len(v) > 1 {
			s.variances[i], _ = stats.SampleVariance(v)
		}
		// Few runs can be close together by chance: closer than their own figures
		// are sure.
		if w := within(runs, to); !math.IsNaN(w) && len(v) > 1 {
			s.variances[i] = max(s.variances[i], w)
		}
	}
	s.base, s.difference = means[0], means[1]-means[0]
	return s
}

// change returns a difference on the scale as a change in the figure's unit.
func (s scale) change(d float64) float64 {
	if s.logarithmic {
		return math.Exp(s.base) * math.Expm1(d)
	}
	return d
}

// bounds are those of Welch's t intervals, one for each side of the change.
func (s scale) bounds() (low, high float64) {
	margin := s.margin(s.n)
	return s.change(s.difference - margin), s.change(s.difference + margin)
}

// margin is the distance of the bounds from the difference on the scale, with so many
// runs of the same spread.
func (s scale) margin(n [2]int) float64 {
	a, b := s.variances[0]/float64(n[0]), s.variances[1]/float64(n[1])
	if a+b == 0 {
		return 0
	}
	freedom := (a + b) * (a + b) / (a*a/float64(n[0]-1) + b*b/float64(n[1]-1))
	if math.IsNaN(freedom) || freedom <= 0 {
		return math.NaN()
	}
	return distuv.StudentsT{Sigma: 1, Nu: freedom}.Quantile(1-Alpha) * math.Sqrt(a+b)
}

// judge gives the verdict. It takes an interval that is wholly on one side of the
// tolerance, or within it, and for a change the test between the runs too.
func (r *Result) judge() {
	up, down := Regressed, Improved
	if r.rule.HigherIsBetter {
		up, down = Improved, Regressed
	}
	least := min(r.Base.N, r.Candidate.N)
	t := r.Tolerance
	r.More = 0
	switch {
	case least < MinRuns:
		r.Verdict, r.More = Inconclusive, MinRuns-least
		r.Why = fmt.Sprintf("with %d and %d runs nothing can be told from chance: it takes %d a side, and 6 are advised", r.Base.N, r.Candidate.N, MinRuns)
	case r.Low > t && r.Corrected < Alpha:
		r.Verdict, r.Why = up, "all of the interval is above the tolerance"
	case r.High < -t && r.Corrected < Alpha:
		r.Verdict, r.Why = down, "all of the interval is below the tolerance"
	case r.Low >= -t && r.High <= t:
		r.Verdict, r.Why = Unchanged, "all of the interval is within the tolerance"
	default:
		r.Verdict, r.Why, r.More = Inconclusive, "the interval reaches across the tolerance", r.more()
		if r.Low > t || r.High < -t {
			r.Why = "the interval is beyond the tolerance, but so few runs can come in this order by chance"
		}
	}
}

// more works out how many more runs a side a verdict takes, if the difference, the
// spread and the order of the runs stay what they are.
func (r *Result) more() int {
	s, t := r.scale, r.Tolerance
	tests := 1.0
	if r.P > 0 {
		tests = max(1, r.Corrected/r.P)
	}
	for n := max(s.n[0], s.n[1]) + 1; n <= mostRuns; n++ {
		margin := s.margin([2]int{n, n})
		low, high := s.change(s.difference-margin), s.change(s.difference+margin)
		if low >= -t && high <= t || (low > t || high < -t) && tests*likelyP(n, r.Delta) < Alpha {
			return n - min(s.n[0], s.n[1])
		}
	}
	return 0
}

// likelyP is about the p-value of a Mann-Whitney U test of n runs a side with some
// Cliff's delta: that of the normal distribution, and not below what n runs can give.
func likelyP(n int, delta float64) float64 {
	z := math.Abs(delta) * float64(n) * math.Sqrt(3/float64(2*n+1))
	ways := 1.0 // 2n choose n
	for i := range n {
		ways *= float64(2*n-i) / float64(n-i)
	}
	return max(2*distuv.UnitNormal.Survival(z), 2/ways)
}

// Holm returns the p-values of several tests corrected for their number, in the same
// order: whichever is below a level then, no more than that share of all such
// families has any false alarm. NaN stays, and is not counted.
func Holm(p []float64) []float64 {
	order := make([]int, 0, len(p))
	corrected := slices.Repeat([]float64{math.NaN()}, len(p))
	for i, x := range p {
		if !math.IsNaN(x) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(p[a], p[b]) })
	largest := 0.0
	for rank, i := range order {
		largest = max(largest, min(1, p[i]*float64(len(order)-rank)))
		corrected[i] = largest
	}
	return corrected
}
