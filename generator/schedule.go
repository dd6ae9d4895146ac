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

// arrivals yields the planned instants of one phase.
//
// The phase's rate r(t), which is constant or linear, has the integral Λ(t) =
// ∫r, the number of arrivals expected by t. The n-th arrival of an evenly spaced
// process is where Λ(t) = n, from n = 0; that of a Poisson process with the
// same rate is where Λ(t) = the sum of n+1 exponential gaps of mean 1 (the time
// change theorem). So one inversion of Λ serves every shape.
type arrivals struct {
	from, to float64 // entries a second
	length   float64 // seconds
	total    float64 // Λ(length)
	poisson  *stream // the source of the gaps, nil for constant arrivals
	n        uint64
	lambda   float64 // of the last Poisson arrival
}

func newArrivals(p scenarios.Phase, poisson *stream) *arrivals {
	length := p.For.Seconds()
	return &arrivals{from: p.From, to: p.To, length: length, total: (p.From + p.To) / 2 * length, poisson: poisson}
}

// next returns the next instant after the phase's start, or false after the
// last. Instants never decrease and lie within the phase.
func (a *arrivals) next() (time.Duration, bool) {
	lambda := float64(a.n)
	if a.poisson != nil {
		a.lambda += a.poisson.exp()
		lambda = a.lambda
	}
	// What is not a whole arrival because 0.1 is no binary number must not
	// become one more.
	if lambda >= a.total-1e-9*math.Max(1, a.total) {
		return 0, false
	}
	a.n++
	return time.Duration(math.Min(a.instant(lambda), a.length) * 1e9), true
}

// instant inverts Λ(t) = from·t + (to−from)/(2·length)·t², in seconds. The form
// of the root that has no difference of like numbers in it is exact for
// constant rates and for ramps that start or end at 0.
func (a *arrivals) instant(lambda float64) float64 {
	slope := (a.to - a.from) / a.length
	root := math.Sqrt(math.Max(0, a.from*a.from+2*slope*lambda))
	if a.from+root == 0 {
		return 0
	}
	return 2 * lambda / (a.from + root)
}
