package generator

import (
	"time"

	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// A Plan is what a scenario comes to, slot by slot: exact, whatever the run's
// salt will be.
type Plan struct {
	Phases []PhasePlan // the setup first, if there is one
	Total  PhasePlan   // Length is the smallest duration of setup and load
}

// A PhasePlan is what one phase comes to.
type PhasePlan struct {
	Name     string
	Measured bool
	Length   time.Duration
	Rate     string // as a scenario writes it; of the total, the highest
	Slots    uint64
	Chains   uint64 // of the slots, those that begin a chain
	Credits  int64  // entry credits
	Bytes    int64  // payload
}

// NewPlan walks through a scenario's slots.
func NewPlan(s *scenarios.Scenario) Plan {
	w := newWorkload(s, nil)
	var p Plan
	add := func(walk *walk) {
		first := len(p.Phases)
		for _, phase := range walk.phases {
			p.Phases = append(p.Phases, PhasePlan{
				Name: phase.Name, Measured: phase.Measured, Length: phase.For, Rate: phase.Rate(),
			})
			p.Total.Length += phase.For
		}
		var s slot
		for walk.next(&s) {
			phase := &p.Phases[first+s.phase-walk.first]
			for _, sum := range []*PhasePlan{phase, &p.Total} {
				sum.Slots++
				sum.Credits += int64(s.credits)
				sum.Bytes += int64(s.size)
				if s.kind == results.KindChain {
					sum.Chains++
				}
			}
		}
	}
	add(newSetup(s, w))
	add(newLoad(s, w))
	p.Total.Name = "total"
	highest := s.Load.MaxRate()
	p.Total.Rate = "up to " + scenarios.Phase{From: highest, To: highest}.Rate()
	return p
}
