// Package generator makes the load: it fixes the schedule before the start,
// composes and signs the entries ahead of their slots, and submits them when
// their instants come, whatever the node does (an open loop).
//
// What a run sends is a function of the scenario, its seed and a salt. The
// schedule and the shape of each entry (its kind, size and chain) follow from
// the seed alone, so that a plan is exact; the bytes follow from the salt too,
// so that no two runs write the same entries.
package generator

import (
	"math"
	"time"

	"github.com/FactomProject/factom-load/scenarios"
)

// arrivals yields the planned instants of one phase with a rate.
//
// The rate r(t) has the integral Λ(t) = ∫r, the number of arrivals expected by
// t. The n-th arrival of an evenly spaced process is where Λ(t) = n, from n = 0;
// that of a Poisson process with the same rate is where Λ(t) = the sum of n+1
// exponential gaps of mean 1 (the time change theorem). So one inversion of Λ
// serves every shape. It goes piece by piece, as every shape is a sequence of
// lines or of waves.
type arrivals struct {
	piece
	phase   scenarios.Phase
	length  float64 // seconds
	total   float64 // Λ(length), less what rounding may add
	number  int     // of the piece
	poisson *stream // the source of the gaps, nil for constant arrivals
	n       uint64
	lambda  float64       // of the last Poisson arrival
	last    time.Duration // instant
}

func newArrivals(p scenarios.Phase, poisson *stream) *arrivals {
	total := p.Expected()
	a := &arrivals{phase: p, length: p.For.Seconds(), poisson: poisson}
	// What is not a whole arrival because 0.1 is no binary number must not
	// become one more.
	a.total = total - 1e-9*math.Max(1, total)
	a.enter(0)
	return a
}

// next returns the next instant after the phase's start, or false after the
// last. Instants never decrease and lie within the phase.
func (a *arrivals) next() (time.Duration, bool) {
	lambda := float64(a.n)
	if a.poisson != nil {
		a.lambda += a.poisson.exp()
		lambda = a.lambda
	}
	for lambda >= a.above {
		if lambda >= a.total {
			return 0, false
		}
		a.enter(a.number + 1)
	}
	a.n++
	lambda -= a.below
	var t float64
	if a.wave == 0 {
		t = a.invertLine(lambda)
	} else {
		t = a.invertWave(lambda)
	}
	at := time.Duration(min(a.begin+min(t, a.piece.length), a.length) * 1e9)
	// A piece ends where the next one begins, but for the rounding of both.
	a.last = max(a.last, at)
	return a.last, true
}

// enter goes on with a piece of the phase.
func (a *arrivals) enter(number int) {
	a.number, a.piece = number, pieceOf(a.phase, number)
	if number == pieces(a.phase)-1 {
		a.above = a.total
	}
}

// A piece is a part of a phase where the rate is a line, or one wave.
type piece struct {
	begin    float64 // seconds since the phase's start
	length   float64 // seconds
	from, to float64 // entries a second; a wave has them as its limits
	wave     float64 // its period in seconds, 0 for a line
	curve    float64 // twice the slope of a line
	// below and above are Λ at the piece's begin and end.
	below, above float64
}

func line(begin, length, from, to, below float64) piece {
	return piece{
		begin: begin, length: length, from: from, to: to, curve: 2 * ((to - from) / length),
		below: below, above: below + (from+to)/2*length,
	}
}

// pieces is how many a phase has.
func pieces(p scenarios.Phase) int {
	switch p.Shape.Kind {
	case scenarios.Steps:
		return p.Shape.Steps
	case scenarios.Spike:
		return 2
	case scenarios.Sine:
		return int((p.For-1)/p.Shape.Period) + 1
	}
	return 1
}

// pieceOf returns piece k of a phase, from 0.
func pieceOf(p scenarios.Phase, k int) piece {
	length, mean := p.For.Seconds(), (p.From+p.To)/2
	switch p.Shape.Kind {
	case scenarios.Steps:
		n, i := float64(p.Shape.Steps), float64(k)
		each, climb := length/n, (p.To-p.From)/(n-1)
		rate := p.From + i*climb
		return line(i*each, each, rate, rate, each*i*(p.From+climb*(i-1)/2))
	case scenarios.Spike:
		if half := length / 2; k > 0 {
			return line(half, half, p.To, p.From, mean*half)
		} else {
			return line(0, half, p.From, p.To, 0)
		}
	case scenarios.Sine:
		begin, period := time.Duration(k)*p.Shape.Period, p.Shape.Period.Seconds()
		below := mean * begin.Seconds()
		return piece{
			begin: begin.Seconds(), length: min(p.Shape.Period, p.For-begin).Seconds(), from: p.From, to: p.To, wave: period,
			below: below, above: below + mean*period,
		}
	}
	return line(0, length, p.From, p.To, 0)
}

// invertLine inverts from·t + (to−from)/(2·length)·t². The form of the root that
// has no difference of like numbers in it is exact for constant rates and for
// ramps that start or end at 0.
func (p *piece) invertLine(lambda float64) float64 {
	root := math.Sqrt(max(0, p.from*p.from+p.curve*lambda))
	if p.from+root == 0 {
		return 0
	}
	return 2 * lambda / (p.from + root)
}

// invertWave inverts mean·t + swing·sin²(π·t/wave), the integral of the rate
// mean + (to−from)/2·sin(2π·t/wave): by Newton's method, and by halving where
// that leaves the bounds, to a tenth of a nanosecond or as near as a float comes.
func (p *piece) invertWave(lambda float64) float64 {
	mean, half := (p.from+p.to)/2, (p.to-p.from)/2
	swing := half * p.wave / math.Pi
	near := max(1e-10, 1e-15*p.wave)
	low, high := max(0, (lambda-swing)/mean), min(p.wave, lambda/mean)
	t := (low + high) / 2
	for range 200 { // it takes 5 but where the rate comes close to 0
		sin, cos := math.Sincos(math.Pi * t / p.wave)
		over := mean*t + swing*sin*sin - lambda
		if over > 0 {
			high = t
		} else {
			low = t
		}
		next := t - over/(mean+2*half*sin*cos)
		if !(next >= low && next <= high) {
			next = (low + high) / 2
		}
		if math.Abs(next-t) < near {
			return next
		}
		t = next
	}
	return t
}
