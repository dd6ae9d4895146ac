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
	} {
		if got := len(instants(c.p, nil)); got != c.want {
			t.Errorf("%s: %d arrivals, want %d", c.name, got, c.want)
		}
	}
}

// The number of arrivals by any instant is the integral of the rate, rounded up:
// never ahead of the schedule by an entry or more, never behind.
func TestArrivalsFollowTheIntegral(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0, 500)
		p := phase(
			time.Duration(rapid.Int64Range(1, int64(20*time.Second)).Draw(t, "length")),
			rate.Draw(t, "from"), rate.Draw(t, "to"))
		a := newArrivals(p, nil)
		integral := func(at time.Duration) float64 {
			s := at.Seconds()
			return p.From*s + (p.To-p.From)/(2*p.For.Seconds())*s*s
		}
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
			if off := math.Abs(integral(at) - float64(n)); off > 1e-6+1e-9*500 {
				t.Fatalf("arrival %d at %v: the integral is %v", n, at, integral(at))
			}
			last = at
			n++
		}
		if total := integral(p.For); math.Abs(float64(n)-math.Ceil(total)) > 0 && math.Abs(total-math.Round(total)) > 1e-6 {
			t.Fatalf("%d arrivals, and the integral is %v", n, total)
		}
	})
}

func TestArrivalsPoisson(t *testing.T) {
	gaps := func(seed uint64) *stream {
		r := new(stream)
		r.at(newSource("test"), seed)
		return r
	}
	rapid.Check(t, func(t *rapid.T) {
		p := phase(5*time.Second, rapid.Float64Range(0, 200).Draw(t, "from"), rapid.Float64Range(0, 200).Draw(t, "to"))
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
	// process, within four standard errors.
	const runs = 2000
	p := phase(time.Second, 10, 90) // 50 expected
	var sum, squares float64
	for i := range uint64(runs) {
		n := float64(len(instants(p, gaps(i))))
		sum += n
		squares += n * n
	}
	mean := sum / runs
	variance := squares/runs - mean*mean
	if math.Abs(mean-50) > 4*math.Sqrt(50.0/runs) {
		t.Errorf("mean count %v, want 50", mean)
	}
	if math.Abs(variance-50) > 4*50*math.Sqrt(2.0/runs) {
		t.Errorf("variance of the count %v, want 50", variance)
	}
}

func BenchmarkArrivals(b *testing.B) {
	a := newArrivals(phase(1<<40*time.Nanosecond, 1e9, 2e9), nil)
	for b.Loop() {
		a.next()
	}
}
