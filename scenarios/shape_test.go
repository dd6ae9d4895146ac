package scenarios

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// What a rate says is what it is read as, and reads the same again.
func TestPhaseRates(t *testing.T) {
	for _, test := range []struct {
		text string
		want Phase
		says string
	}{
		{"50/s", Phase{From: 50, To: 50}, "50/s"},
		{"3000/min", Phase{From: 50, To: 50}, "50/s"},
		{"5..100/s", Phase{From: 5, To: 100}, "5/s..100/s"},
		{"1/min .. 0 /s", Phase{From: 1. / 60, To: 0}, "0.016666666666666666/s..0/s"},
		{"20/s..200/s in 6 steps", Phase{From: 20, To: 200, Shape: Shape{Kind: Steps, Steps: 6}}, "20/s..200/s in 6 steps"},
		{"200..20/s  in 1000  steps", Phase{From: 200, To: 20, Shape: Shape{Kind: Steps, Steps: 1000}}, "200/s..20/s in 1000 steps"},
		{"20/s..200/s spike", Phase{From: 20, To: 200, Shape: Shape{Kind: Spike}}, "20/s..200/s spike"},
		{"20/s..0.5/s spike", Phase{From: 20, To: 0.5, Shape: Shape{Kind: Spike}}, "20/s..0.5/s spike"},
		{"20/s..100/s sine 30s", Phase{From: 20, To: 100, Shape: Shape{Kind: Sine, Period: 30 * time.Second}}, "20/s..100/s sine 30s"},
		{"0..1/s sine 60m", Phase{From: 0, To: 1, Shape: Shape{Kind: Sine, Period: time.Hour}}, "0/s..1/s sine 1h"},
		{"0..1/s sine 90s", Phase{From: 0, To: 1, Shape: Shape{Kind: Sine, Period: 90 * time.Second}}, "0/s..1/s sine 1m30s"},
		{"0..1/s sine 10m", Phase{From: 0, To: 1, Shape: Shape{Kind: Sine, Period: 10 * time.Minute}}, "0/s..1/s sine 10m"},
	} {
		got := mustParse(t, "version: 1\nload: {phases: [{for: 1m, rate: "+test.text+"}]}").Load.Phases[0]
		test.want.Name, test.want.For, test.want.Measured = "phase-1", time.Minute, true
		if got != test.want {
			t.Errorf("%s is %+v, want %+v", test.text, got, test.want)
		}
		if got.Rate() != test.says {
			t.Errorf("%s reads %s, want %s", test.text, got.Rate(), test.says)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		rate := rapid.Float64Range(0, MaxRate)
		want := Phase{From: rate.Draw(t, "from"), To: rate.Draw(t, "to")}
		switch want.Shape.Kind = rapid.SampledFrom([]ShapeKind{Linear, Steps, Spike, Sine}).Draw(t, "shape"); want.Shape.Kind {
		case Steps:
			want.Shape.Steps = rapid.IntRange(2, maxRateSteps).Draw(t, "steps")
		case Sine:
			want.Shape.Period = time.Duration(rapid.Int64Range(int64(minPeriod), int64(MaxDuration)).Draw(t, "period"))
			want.From, want.To = min(want.From, want.To), max(want.From, want.To)
		}
		if want.From == want.To {
			t.Skip("no shape")
		}
		if got, p := parsePhaseRate(want.Rate()); p != nil || got != want {
			t.Fatalf("%s reads as %+v, %v", want.Rate(), got, p)
		}
	})
}

// Expected is the sum of the rate over many short stretches.
func TestExpected(t *testing.T) {
	at := func(p Phase, x float64) float64 { // the rate at x of the phase
		switch p.Shape.Kind {
		case Steps:
			return p.From + (p.To-p.From)*math.Floor(x*float64(p.Shape.Steps))/float64(p.Shape.Steps-1)
		case Spike:
			return p.From + (p.To-p.From)*(1-math.Abs(2*x-1))
		case Sine:
			return (p.From+p.To)/2 + (p.To-p.From)/2*math.Sin(2*math.Pi*x*p.For.Seconds()/p.Shape.Period.Seconds())
		}
		return p.From + (p.To-p.From)*x
	}
	for _, p := range []Phase{
		{From: 7, To: 7}, {From: 0, To: 10},
		{From: 20, To: 200, Shape: Shape{Kind: Steps, Steps: 6}}, {From: 9, To: 0, Shape: Shape{Kind: Steps, Steps: 2}},
		{From: 20, To: 200, Shape: Shape{Kind: Spike}}, {From: 20, To: 2, Shape: Shape{Kind: Spike}},
		{From: 20, To: 100, Shape: Shape{Kind: Sine, Period: time.Second}}, {From: 0, To: 100, Shape: Shape{Kind: Sine, Period: 7 * time.Second}},
		{From: 0, To: 100, Shape: Shape{Kind: Sine, Period: time.Minute}},
	} {
		p.For = 10 * time.Second
		const n = 600_000 // whole stretches in each step
		var sum float64
		for i := range n {
			sum += at(p, (float64(i)+0.5)/n) * p.For.Seconds() / n
		}
		if got := p.Expected(); math.Abs(got-sum) > 1e-6 {
			t.Errorf("%s: %v entries are expected, the sum of the rate is %v", p.Rate(), got, sum)
		}
	}
}
