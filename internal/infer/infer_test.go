package infer

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func runs(values ...float64) []Run {
	list := make([]Run, len(values))
	for i, v := range values {
		list[i].Value = v
	}
	return list
}

var usual = Rule{Tolerance: 0.05, Least: 5}

func TestVerdicts(t *testing.T) {
	base := runs(100, 102, 98, 101, 99, 100)
	for name, c := range map[string]struct {
		base, candidate []Run
		rule            Rule
		want            Verdict
		more            bool
	}{
		"worse":                  {base, runs(120, 122, 118, 121, 119, 120), usual, Regressed, false},
		"better":                 {base, runs(80, 82, 78, 81, 79, 80), usual, Improved, false},
		"a rate that fell":       {base, runs(80, 82, 78, 81, 79, 80), Rule{Tolerance: 0.05, HigherIsBetter: true}, Regressed, false},
		"a rate that rose":       {base, runs(120, 122, 118, 121, 119, 120), Rule{Tolerance: 0.05, HigherIsBetter: true}, Improved, false},
		"the same":               {base, runs(100.5, 101, 99.5, 102, 98.5, 100), usual, Unchanged, false},
		"within 5 ms":            {runs(10, 10.2, 9.8, 10.1), runs(12, 12.1, 11.9, 12.2), usual, Unchanged, false},
		"astride":                {base, runs(90, 115, 92, 112, 99, 94), usual, Inconclusive, true},
		"too few":                {runs(100, 101, 99), runs(150, 151, 149), usual, Inconclusive, true},
		"one each":               {runs(100), runs(200), usual, Inconclusive, true},
		"none":                   {nil, base, usual, Inconclusive, false},
		"counts of nothing":      {runs(0, 0, 0, 0), runs(0, 0, 0, 0), Rule{}, Unchanged, false},
		"counts that are there":  {runs(0, 0, 0, 0), runs(7, 8, 9, 7), Rule{}, Regressed, false},
		"all the same to a hair": {runs(100, 100, 100, 100), runs(200, 200, 200, 200), usual, Regressed, false},
	} {
		r := Compare(c.base, c.candidate, c.rule)
		if r.Verdict != c.want || (r.More > 0) != c.more {
			t.Errorf("%s: %s (%s), %d more; want %s\n%+v", name, r.Verdict, r.Why, r.More, c.want, r)
		}
	}
}

func TestFigures(t *testing.T) {
	r := Compare(runs(10, 20, 30, 40), runs(15, 25, 35, 45), usual)
	if r.Shift != 5 || r.Base.Median != 25 || r.Candidate.Median != 30 || r.Delta != 4./16 || r.Base.N != 4 || r.Tolerance != 5 {
		t.Errorf("%+v", r)
	}
	// Complete separation of four and four: 2 of the 70 ways.
	if r := Compare(runs(1, 2, 3, 4), runs(5, 6, 7, 8), usual); math.Abs(r.P-2./70) > 1e-12 || r.Delta != 1 {
		t.Errorf("p %v, delta %v", r.P, r.Delta)
	}
}

// The runs' own uncertainty is the least that they are taken to differ by.
func TestWithin(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	unsure := func(list []Run) []Run {
		for i := range list {
			for range 200 {
				list[i].Resampled = append(list[i].Resampled, list[i].Value*math.Exp(0.2*rng.NormFloat64()))
			}
		}
		return list
	}
	base, candidate := []float64{100, 100.1, 99.9, 100}, []float64{120, 120.1, 119.9, 120}
	if r := Compare(runs(base...), runs(candidate...), usual); r.Verdict != Regressed {
		t.Errorf("%+v", r)
	}
	if r := Compare(unsure(runs(base...)), unsure(runs(candidate...)), usual); r.Verdict != Inconclusive || r.Low > r.Tolerance {
		t.Errorf("runs that are close by chance: %+v", r)
	}
}

// A change of sides changes the signs alone, and a change of units the units alone.
func TestSymmetry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		draw := func(name string) []Run {
			return runs(rapid.SliceOfN(rapid.Float64Range(1, 1000), 1, 8).Draw(t, name)...)
		}
		a, b := draw("a"), draw("b")
		r, back := Compare(a, b, Rule{}), Compare(b, a, Rule{})
		if r.Shift != -back.Shift || r.Delta != -back.Delta || math.Abs(r.P-back.P) > 1e-9 {
			t.Fatalf("%+v\n%+v", r, back)
		}
		if !(r.Low <= r.High) && !math.IsNaN(r.Low) {
			t.Fatalf("from %v to %v", r.Low, r.High)
		}
		scaled := func(list []Run) []Run {
			out := runs(values(list)...)
			for i := range out {
				out[i].Value *= 8
			}
			return out
		}
		if s := Compare(scaled(a), scaled(b), Rule{}); s.Verdict != r.Verdict || !near(s.Low, 8*r.Low) || !near(s.Shift, 8*r.Shift) {
			t.Fatalf("%+v\n%+v", r, s)
		}
	})
}

func near(a, b float64) bool {
	return math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) <= 1e-9*(1+math.Abs(a)+math.Abs(b))
}

func TestHolm(t *testing.T) {
	got := Holm([]float64{0.04, 0.01, math.NaN(), 0.03, 0.5})
	for i, want := range []float64{0.09, 0.04, math.NaN(), 0.09, 0.5} {
		if !near(got[i], want) {
			t.Errorf("number %d: %v, want %v", i, got[i], want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		p := rapid.SliceOf(rapid.Float64Range(0, 1)).Draw(t, "p")
		for i, c := range Holm(p) {
			if c < p[i] || c > 1 || c > p[i]*float64(len(p)) && !slicesHas(p, func(x float64) bool { return x < p[i] }) {
				t.Fatalf("%v became %v", p[i], c)
			}
		}
	})
}

func slicesHas(list []float64, f func(float64) bool) bool {
	for _, x := range list {
		if f(x) {
			return true
		}
	}
	return false
}

func TestBlocks(t *testing.T) {
	b := NewBlocks()
	if !math.IsNaN(b.Quantile(0.5)) {
		t.Error("a quantile of nothing")
	}
	for i := range 1000 {
		b.Add(uint32(i/100), int64(i+1)*1e6)
	}
	for q, want := range map[float64]float64{0: 1e6, 0.5: 500e6, 0.95: 950e6, 1: 1000e6} {
		if got := b.Quantile(q); math.Abs(got/want-1) > resolution {
			t.Errorf("%v: %v, want %v", q, got, want)
		}
	}
	once, twice := b.Resample([]float64{0.5, 0.95}, 100, 3), b.Resample([]float64{0.5, 0.95}, 100, 3)
	if diff := cmp.Diff(once, twice); diff != "" || len(once[1]) != 100 {
		t.Error(diff)
	}
	one := NewBlocks()
	one.Add(1, 5e6)
	if got := one.Resample([]float64{0.5}, 10, 1); len(got) != 1 || len(got[0]) != 0 {
		t.Errorf("one block drawn from: %v", got)
	}
	// Out of range, and more blocks than are drawn from.
	for i := range uint32(3 * mostDrawn) {
		one.Add(i, -1)
		one.Add(i, math.MaxInt64)
	}
	if n := one.Len(); n > mostDrawn || n < mostDrawn/2 {
		t.Errorf("%d are drawn from", n)
	}
	if lo, hi := one.Quantile(0), one.Quantile(1); math.Abs(lo/leastKept-1) > resolution || math.Abs(hi/mostKept-1) > resolution {
		t.Errorf("from %v to %v", lo, hi)
	}
}
