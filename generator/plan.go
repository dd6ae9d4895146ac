package generator

import (
	"fmt"
	"time"

	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// A Plan is what a scenario comes to, slot by slot: exact, whatever the run's
// salt will be. How many entries a closed loop writes is up to the node: of its
// load there are the phases alone, and the totals are the setup's. How far a search
// goes is up to it too: the totals leave it out.
type Plan struct {
	Phases []PhasePlan // the setup first, if there is one
	// Hostile is what the hostile calls come to, whose credits are in Total's.
	Hostile HostilePlan
	Total   PhasePlan // Length is the smallest duration of setup and load
	// Shares is what each of the scenario's keys has to pay for at most, in entry
	// credits: what its entries and hostile calls cost, or where that is not known its [Share] of the
	// budget.
	Shares []int64
	Closed bool
	Search *SearchPlan // or nil
}

// A SearchPlan is the most that a search comes to. Where it holds its steps for
// blocks, and how long one is nobody knows yet, Steps and Rates alone are above 0.
type SearchPlan struct {
	Rates   int // while all of them hold
	Steps   int
	Length  time.Duration // of the steps, without the wait after each
	Slots   uint64
	Credits int64
}

// Budgeted reports whether the plan does not know what the load costs: its budget
// is bought, and ends the sending.
func (p Plan) Budgeted() bool { return p.Closed || p.Search != nil }

// A PhasePlan is what one phase comes to.
type PhasePlan struct {
	Name     string
	Measured bool
	Length   time.Duration
	Rate     string // as a scenario writes it, or the number of users; of the total, the highest
	Slots    uint64
	Chains   uint64 // of the slots, those that begin a chain
	Credits  int64  // entry credits
	Bytes    int64  // payload
}

// Share is what key number k of n may spend of a budget: the same as any other,
// but for a credit.
func Share(budget int64, k, n int) int64 {
	share := budget / int64(n)
	if int64(k) < budget%int64(n) {
		share++
	}
	return share
}

// NewPlan walks through a scenario's slots.
func NewPlan(s *scenarios.Scenario) Plan {
	w := newWorkload(s, nil)
	p := Plan{Shares: make([]int64, len(s.Credits.Keys)), Closed: s.Load.Closed()}
	add := func(walk *walk, known bool) {
		first := len(p.Phases)
		for _, phase := range walk.phases {
			rate := phase.Rate()
			if !known {
				rate = usersText(s.Load.Users)
			}
			p.Phases = append(p.Phases, PhasePlan{Name: phase.Name, Measured: phase.Measured, Length: phase.For, Rate: rate})
			p.Total.Length += phase.For
		}
		var s slot
		for known && walk.next(&s) {
			p.Shares[s.index%uint64(len(p.Shares))] += int64(s.credits)
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
	add(newSetup(s, w), true)
	add(newLoad(s, w), !p.Closed)
	p.Hostile = newHostilePlan(s)
	p.Total.Credits += p.Hostile.Credits
	for i, credits := range p.Hostile.Shares {
		p.Shares[i] += credits
	}
	p.Total.Name = "total"
	if s.Load.Search != nil {
		p.Search = newSearchPlan(s, w, p.Total.Slots)
	}
	if p.Budgeted() {
		for i := range p.Shares {
			p.Shares[i] = Share(s.Credits.Budget, i, len(p.Shares))
		}
	}
	if p.Closed {
		p.Total.Rate = usersText(s.Load.Users)
		return p
	}
	highest := s.Load.MaxRate()
	p.Total.Rate = "up to " + scenarios.Phase{From: highest, To: highest}.Rate()
	return p
}

// newSearchPlan says what a search comes to after so many slots.
func newSearchPlan(s *scenarios.Scenario, w *workload, before uint64) *SearchPlan {
	q := s.Load.Search
	p := &SearchPlan{Rates: len(q.Rates())}
	steps, rates := q.Most()
	p.Steps = steps
	hold := q.Hold.Time
	if local := s.Network.Local; local != nil {
		hold = q.Hold.Of(local.BlockTime)
	}
	p.Length = time.Duration(steps) * hold
	p.Slots = uint64(rates * hold.Seconds())
	for i := range p.Slots {
		next := slot{index: before + i, phase: 1}
		w.shape(&next, nil)
		p.Credits += int64(next.credits)
	}
	return p
}

func usersText(users int) string {
	if users == 1 {
		return "1 user"
	}
	return fmt.Sprintf("%d users", users)
}
