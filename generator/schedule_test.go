package generator

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/scenarios"
)

// instants collects a phase's schedule.
func instants(p scenarios.Phase, poisson *stream) []time.Duration {
	var all []time.Duration
	for a := newArrivals(p, poisson); ; {
		at, ok := a.next()
		if !ok {
			return all
		}
		all = append(all, at)
	}
}

func phase(length time.Duration, from, to float64) scenarios.Phase {
	return scenarios.Phase{For: length, From: from, To: to}
}

func TestArrivalsConstant(t *testing.T) {
	got := instants(phase(time.Second, 4, 4), nil)
	want := []time.Duration{0, 250 * time.Millisecond, 500 * time.Millisecond, 750 * time.Millisecond}
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("arrival %d is at %v, want %v", i, got[i], want[i])
		}
	}
}

func shaped(length time.Duration, from, to float64, shape scenarios.Shape) scenarios.Phase {
	return scenarios.Phase{For: length, From: from, To: to, Shape: shape}
}

func steps(n int) scenarios.Shape { return scenarios.Shape{Kind: scenarios.Steps, Steps: n} }

func sine(period time.Duration) scenarios.Shape {
	return scenarios.Shape{Kind: scenarios.Sine, Period: period}
}

var spike = scenarios.Shape{Kind: scenarios.Spike}

func TestArrivalsCounts(t *testing.T) {
	for _, c := range []struct {
		name string
		p    scenarios.Phase
		want int
	}{
		{"constant", phase(time.Minute, 100, 100), 6000},
		{"a ramp up", phase(30*time.Second, 5, 100), 1575},
		{"a ramp down", phase(30*time.Second, 100, 5), 1575},
		{"a ramp from nothing", phase(10*time.Second, 0, 10), 50},
		{"a ramp to nothing", phase(10*time.Second, 10, 0), 50},
		{"a pause", phase(time.Hour, 0, 0), 0},
		{"a rate that is no binary fraction", phase(100*time.Second, 0.1, 0.1), 10},
		{"thirds", phase(3*time.Second, 1.0/3, 1.0/3), 1},
		{"one an hour", phase(time.Hour, 1.0/3600, 1.0/3600), 1},
		{"fast", phase(10*time.Second, 99_999, 99_999), 999_990},
		{"steps", shaped(time.Minute, 20, 200, steps(6)), 6600},
		{"steps down to nothing", shaped(time.Second, 90, 0, steps(10)), 45},
		{"steps that end in fractions", shaped(10*time.Second, 0.1, 0.2, steps(2)), 2}, // 0.5 + 1
		{"a spike", shaped(time.Minute, 20, 200, spike), 6600},
		{"a dip", shaped(time.Minute, 20, 0, spike), 600},
		{"a sine of whole periods", shaped(time.Minute, 20, 100, sine(30*time.Second)), 3600},
		{"half a sine", shaped(time.Second, 0, 100, sine(2*time.Second)), 82}, // 50 + 100/π
		{"short periods", shaped(time.Minute, 0, 10, sine(100*time.Millisecond)), 300},
	} {
		if got := len(instants(c.p, nil)); got != c.want {
			t.Errorf("%s: %d arrivals, want %d", c.name, got, c.want)
		}
	}
}

// Steps are constant rates one after another: the instants say so themselves.
func TestArrivalsOfSteps(t *testing.T) {
	got := instants(shaped(6*time.Second, 0, 2, steps(3)), nil)
	want := []time.Duration{2000, 3000, 4000, 4500, 5000, 5500} // 2 s of 0/s, 1/s and 2/s
	if len(got) != len(want) {
		t.Fatalf("got %v, want %v ms", got, want)
	}
	for i := range want {
		if got[i] != want[i]*time.Millisecond {
			t.Errorf("arrival %d is at %v, want %v", i, got[i], want[i]*time.Millisecond)
		}
	}
}

// drawPhase draws a phase of any shape, with rates of up to 500/s.
func drawPhase(t *rapid.T) scenarios.Phase {
	// Drawn from their whole range, lengths and rates would mostly be tiny.
	duration := rapid.Custom(func(t *rapid.T) time.Duration {
		some := rapid.SampledFrom([]time.Duration{0, 100 * time.Millisecond, time.Second, 3333 * time.Millisecond, 20 * time.Second})
		return some.Draw(t, "about") + time.Duration(rapid.Int64Range(1, int64(time.Second)).Draw(t, "more"))
	})
	rate := rapid.Custom(func(t *rapid.T) float64 {
		return rapid.SampledFrom([]float64{0, 0.1, 7, 100, 499}).Draw(t, "about") + rapid.SampledFrom([]float64{0, 1.0 / 3, rapid.Float64Range(0, 1).Draw(t, "some")}).Draw(t, "more")
	})
	p := phase(duration.Draw(t, "length"), rate.Draw(t, "from"), rate.Draw(t, "to"))
	switch p.Shape.Kind = rapid.SampledFrom([]scenarios.ShapeKind{scenarios.Linear, scenarios.Steps, scenarios.Spike, scenarios.Sine}).Draw(t, "shape"); p.Shape.Kind {
	case scenarios.Steps:
		p.Shape.Steps = rapid.IntRange(2, 1000).Draw(t, "steps")
	case scenarios.Sine:
		p.Shape.Period = 100*time.Millisecond + duration.Draw(t, "period")
		p.From, p.To = min(p.From, p.To), max(p.From, p.To)
		if p.To == 0 {
			p.To = 1
		}
	}
	return p
}

// integral is how many arrivals a phase expects by an instant: the area under
// its rate, trapezium by trapezium, and under a wave in closed form.
func integral(p scenarios.Phase, at time.Duration) float64 {
	t, length := at.Seconds(), p.For.Seconds()
	slopes := func(t, length, from, to float64) float64 { return from*t + (to-from)/(2*length)*t*t }
	switch p.Shape.Kind {
	case scenarios.Steps:
		n := p.Shape.Steps
		var sum float64
		for i := range n {
			begin, end := length*float64(i)/float64(n), length*float64(i+1)/float64(n)
			sum += max(0, min(t, end)-begin) * (p.From + (p.To-p.From)*float64(i)/float64(n-1))
		}
		return sum
	case scenarios.Spike:
		half := length / 2
		return slopes(min(t, half), half, p.From, p.To) + slopes(max(0, t-half), half, p.To, p.From)
	case scenarios.Sine:
		w := 2 * math.Pi / p.Shape.Period.Seconds()
		return (p.From+p.To)/2*t + (p.To-p.From)/2/w*(1-math.Cos(w*t))
	}
	return slopes(t, length, p.From, p.To)
}

// The number of arrivals by any instant is the integral of the rate, rounded up:
// never ahead of the schedule by an entry or more, never behind.
func TestArrivalsFollowTheIntegral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPhase(t)
		a := newArrivals(p, nil)
		var last time.Duration
		n := 0
		for {
			at, ok := a.next()
			if !ok {
				break
			}
			if at < last || at > p.For {
				t.Fatalf("arrival %d at %v is not between %v and the end %v", n, at, last, p.For)
			}
			// An instant is rounded down to a nanosecond, in which the integral
			// moves by the rate: that much and the float's own error may be off.
			if off := math.Abs(integral(p, at) - float64(n)); off > 1e-6+1e-9*500 {
				t.Fatalf("arrival %d at %v: the integral is %v", n, at, integral(p, at))
			}
			last = at
			n++
		}
		// A part in 10^9 of an arrival more is the float's error, not an arrival.
		if total := integral(p, p.For); float64(n) != math.Ceil(total) && math.Abs(total-math.Round(total)) > 2e-9*max(1, total) {
			t.Fatalf("%d arrivals, and the integral is %v", n, total)
		}
	})
}

// Waves are as exact after a month, and when they take one.
func TestArrivalsOfLongWaves(t *testing.T) {
	for _, p := range []scenarios.Phase{
		shaped(30*24*time.Hour, 0, 0.1, sine(30*24*time.Hour)),
		shaped(30*24*time.Hour, 0.05, 0.1, sine(10*time.Second)),
		shaped(24*time.Hour, 0, 2, sine(time.Hour)),
	} {
		n := 0
		var last time.Duration
		for a := newArrivals(p, nil); ; n++ {
			at, ok := a.next()
			if !ok {
				break
			}
			if off := math.Abs(integral(p, at) - float64(n)); at < last || off > 1e-6 {
				t.Fatalf("%s: arrival %d at %v is off by %v", p.Rate(), n, at, off)
			}
			last = at
		}
		if want := int(math.Round(p.Expected())); n != want {
			t.Errorf("%s: %d arrivals, want %d", p.Rate(), n, want)
		}
	}
}

func TestArrivalsPoisson(t *testing.T) {
	gaps := func(seed uint64) *stream {
		r := new(stream)
		r.at(newSource("test"), seed)
		return r
	}
	rapid.Check(t, func(t *rapid.T) {
		p := drawPhase(t)
		seed := rapid.Uint64().Draw(t, "seed")
		first, second := instants(p, gaps(seed)), instants(p, gaps(seed))
		if len(first) != len(second) {
			t.Fatal("the same seed gives another schedule")
		}
		for i, at := range first {
			if at != second[i] {
				t.Fatal("the same seed gives another schedule")
			}
			if at < 0 || at > p.For || i > 0 && at < first[i-1] {
				t.Fatalf("arrival %d at %v is out of order or out of the phase", i, at)
			}
		}
	})

	// Over many phases the counts have the mean and the variance of a Poisson
	// process, within four standard errors, and the instants lie as the rate
	// says: by the integral they are uniform, which chi-square doubts for less
	// than one seed in 10,000.
	const runs, bins, doubtful = 2000, 20, 50.8
	for _, p := range []scenarios.Phase{
		phase(time.Second, 10, 90),
		shaped(time.Second, 0, 100, steps(6)),
		shaped(time.Second, 10, 90, spike),
		shaped(time.Second, 20, 80, sine(250*time.Millisecond)),
	} { // 50 expected
		var sum, squares float64
		var counts [bins]float64
		for i := range uint64(runs) {
			all := instants(p, gaps(i))
			n := float64(len(all))
			sum += n
			squares += n * n
			for _, at := range all {
				counts[min(bins-1, int(integral(p, at)/50*bins))]++
			}
		}
		mean := sum / runs
		variance := squares/runs - mean*mean
		if math.Abs(mean-50) > 4*math.Sqrt(50.0/runs) {
			t.Errorf("%s: mean count %v, want 50", p.Rate(), mean)
		}
		if math.Abs(variance-50) > 4*50*math.Sqrt(2.0/runs) {
			t.Errorf("%s: variance of the count %v, want 50", p.Rate(), variance)
		}
		if got := chiSquare(counts[:], func(int) float64 { return 1.0 / bins }); got > doubtful {
			t.Errorf("%s: chi-square is %v, with counts %v", p.Rate(), got, counts)
		}
	}
}

// chiSquare is the statistic of counts whose shares are expected.
func chiSquare(counts []float64, share func(int) float64) (sum float64) {
	var n float64
	for _, c := range counts {
		n += c
	}
	for i, c := range counts {
		sum += (c - n*share(i)) * (c - n*share(i)) / (n * share(i))
	}
	return sum
}

func BenchmarkArrivals(b *testing.B) {
	for _, c := range []struct {
		name string
		p    scenarios.Phase
	}{
		{"constant", phase(1<<40*time.Nanosecond, 1e9, 1e9)},
		{"ramp", phase(1<<40*time.Nanosecond, 1e9, 2e9)},
		{"steps", shaped(1<<40*time.Nanosecond, 1e9, 2e9, steps(1000))},
		{"spike", shaped(1<<40*time.Nanosecond, 1e9, 2e9, spike)},
		{"sine", shaped(1<<40*time.Nanosecond, 1e9, 2e9, sine(time.Second))},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			a := newArrivals(c.p, nil)
			for b.Loop() {
				a.next()
			}
		})
	}
}
