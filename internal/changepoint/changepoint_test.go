package changepoint

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// noise draws n figures of a mean and a relative deviation.
func noise(random *rand.Rand, n int, mean, deviation float64) []float64 {
	all := make([]float64, n)
	for i := range all {
		all[i] = mean * (1 + deviation*random.NormFloat64())
	}
	return all
}

// In series without a change one is found no more often than the level allows,
// whatever their distribution.
func TestLevel(t *testing.T) {
	for name, draw := range map[string]func(*rand.Rand) float64{
		"normal":     func(r *rand.Rand) float64 { return r.NormFloat64() },
		"log-normal": func(r *rand.Rand) float64 { return math.Exp(r.NormFloat64()) },
		"mostly 0": func(r *rand.Rand) float64 {
			if r.Float64() < 0.9 {
				return 0
			}
			return r.Float64()
		},
	} {
		for _, level := range []float64{0.05, 0.004} {
			const series = 1000
			random, alarms := rand.New(rand.NewPCG(1, 2)), 0
			for range series {
				s := make([]float64, 40)
				for i := range s {
					s[i] = draw(random)
				}
				if len(Find(s, Options{Level: level})) > 0 {
					alarms++
				}
			}
			// Three standard deviations of a binomial above what the level allows.
			most := series*level + 3*math.Sqrt(series*level*(1-level))
			if float64(alarms) > most {
				t.Errorf("%s: changes in %d of %d series without one, at the level %g", name, alarms, series, level)
			}
			t.Logf("%s, level %g: %d of %d", name, level, alarms, series)
		}
	}
}

// A step of 10 % in noise of 2.5 % is found, at the run where it is or within two of
// it, as soon as a few runs are past it.
func TestStep(t *testing.T) {
	for _, test := range []struct {
		before, after int
		level, least  float64 // least share found
	}{
		{30, 30, 0.004, 0.99}, {30, 10, 0.004, 0.99}, {30, 4, 0.004, 0.95}, {30, 2, 0.05, 0.9}, {10, 10, 0.004, 0.99},
	} {
		t.Run(fmt.Sprint(test.before, "+", test.after), func(t *testing.T) {
			const series = 150
			random, found := rand.New(rand.NewPCG(3, 4)), 0
			for range series {
				s := slices.Concat(noise(random, test.before, 100, 0.025), noise(random, test.after, 110, 0.025))
				if slices.ContainsFunc(Find(s, Options{Level: test.level}), func(p Point) bool {
					return p.Index >= test.before-2 && p.Index <= test.before+2
				}) {
					found++
				}
			}
			if float64(found) < test.least*series {
				t.Errorf("found in %d of %d", found, series)
			}
			t.Logf("found in %d of %d", found, series)
		})
	}
}

func TestSeveralSteps(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 6))
	s := slices.Concat(noise(random, 40, 100, 0.02), noise(random, 30, 130, 0.02), noise(random, 50, 90, 0.02))
	points := Find(s, Options{Level: 0.01})
	if len(points) != 2 || points[0].Index != 40 || points[1].Index != 70 {
		t.Errorf("found %v", points)
	}
	for _, p := range points {
		if p.P > 0.01 || p.P < 2.0/(Permutations+1) {
			t.Errorf("p is %g", p.P)
		}
	}
}

// A level that went and came back is found, too.
func TestAStepBack(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 7))
	for _, n := range []int{20, 200} {
		s := slices.Concat(noise(random, n, 100, 0.025), noise(random, 10, 115, 0.025), noise(random, n, 100, 0.025))
		if points := Find(s, Options{Level: 0.004}); len(points) != 2 || math.Abs(float64(points[0].Index-n)) > 1 || math.Abs(float64(points[1].Index-n-10)) > 1 {
			t.Errorf("of %d found %v", n, points)
		}
	}
}

// In a long series it is found among the newest figures.
func TestAStepBackOfLate(t *testing.T) {
	random := rand.New(rand.NewPCG(5, 8))
	const before = 2 * MostBack
	s := slices.Concat(noise(random, before, 100, 0.025), noise(random, 10, 115, 0.025), noise(random, 60, 100, 0.025))
	if points := Find(s, Options{Level: 0.004}); len(points) != 2 || math.Abs(float64(points[0].Index-before)) > 1 || math.Abs(float64(points[1].Index-before-10)) > 1 {
		t.Errorf("found %v", points)
	}
	if points := Find(append(noise(random, before, 100, 0.025), make([]float64, MostBack)...), Options{Level: 0.004}); len(points) != 1 || points[0].Index != before {
		t.Errorf("found %v where the newest figures are all the same", points)
	}
}

func TestNothingToFind(t *testing.T) {
	for _, s := range [][]float64{nil, {1}, {1, 2}, {1, 9, 9}, {7, 7, 7, 7, 7, 7, 7, 7}, append(make([]float64, 30), 1)} {
		if points := Find(s, Options{}); len(points) > 0 {
			t.Errorf("in %v there is %v", s, points)
		}
	}
	step := []float64{1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2}
	if points := Find(step, Options{Level: 1e-4}); len(points) > 0 {
		t.Errorf("a level below that of the permutations finds %v", points)
	}
	if points := Find(step, Options{}); len(points) != 1 || points[0].Index != 6 {
		t.Errorf("in %v there is %v", step, points)
	}
}

// The units of the figures, their zero and their direction do not matter.
func TestInvariance(t *testing.T) {
	found := 0
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SliceOfN(rapid.Map(rapid.IntRange(0, 40), func(i int) float64 { return float64(i) }), 0, 40).Draw(t, "series")
		step := float64(rapid.IntRange(0, 60).Draw(t, "step"))
		for i := range s[len(s)/2:] {
			s[len(s)/2+i] += step
		}
		scale := math.Ldexp(1, rapid.IntRange(-300, 300).Draw(t, "scale"))
		if rapid.Bool().Draw(t, "turned") {
			scale = -scale
		}
		shift := rapid.IntRange(-1000, 1000).Draw(t, "shift")
		moved := make([]float64, len(s))
		for i, v := range s {
			moved[i] = (v + float64(shift)) * scale
		}
		a, b := Find(s, Options{}), Find(moved, Options{})
		if !slices.Equal(a, b) {
			t.Fatalf("%v becomes %v", a, b)
		}
		if !slices.Equal(a, Find(s, Options{})) {
			t.Fatal("the same series again gives something else")
		}
		found += len(a)
		for i, p := range a {
			if p.Index < 2 || p.Index > len(s)-2 || i > 0 && p.Index < a[i-1].Index+2 {
				t.Fatalf("parts of fewer than two figures: %v of %d", a, len(s))
			}
		}
	})
	if found == 0 {
		t.Error("none of the series has a change point")
	}
}

// The statistic is that of its definition.
func TestStatistic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 4, 30).Draw(t, "series")
		e := newEnergy(s)
		if e.total == 0 {
			return
		}
		order := make([]int, len(s))
		for i := range order {
			order[i] = i
		}
		_, got := e.best(order, 2)
		_, gotUntil := e.bestUntil(order, 2)
		want, wantUntil := math.Inf(-1), math.Inf(-1)
		for at := 2; at <= len(s)-2; at++ {
			want = max(want, defined(e.value[:at], e.value[at:]))
			for to := at + 2; to <= len(s); to++ {
				wantUntil = max(wantUntil, defined(e.value[:at], e.value[at:to]))
			}
		}
		if math.Abs(got-want) > 1e-9*max(1, math.Abs(want)) || math.Abs(gotUntil-wantUntil) > 1e-9*max(1, math.Abs(wantUntil)) {
			t.Fatalf("the greatest is %g, not %g; with an end before the last %g, not %g", want, got, wantUntil, gotUntil)
		}
	})
}

func defined(x, y []float64) float64 {
	within := func(s []float64) (sum float64) {
		for i, a := range s {
			for _, b := range s[:i] {
				sum += math.Abs(a - b)
			}
		}
		return sum / (float64(len(s)*(len(s)-1)) / 2)
	}
	across := 0.0
	for _, a := range x {
		for _, b := range y {
			across += math.Abs(a - b)
		}
	}
	m, n := float64(len(x)), float64(len(y))
	return m * n / (m + n) * (2/(m*n)*across - within(x) - within(y))
}

func BenchmarkFind(b *testing.B) {
	random := rand.New(rand.NewPCG(7, 8))
	s := slices.Concat(noise(random, 400, 100, 0.02), noise(random, 300, 130, 0.02), noise(random, 300, 90, 0.02))
	for b.Loop() {
		Find(s, Options{Level: 0.004})
	}
}
