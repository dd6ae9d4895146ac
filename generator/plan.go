package generator

import (
	"fmt"
	"math"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
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
	// Total has as Length the duration of setup and load: the smallest of an open
	// loop, the largest of a closed one, which its budget can end.
	Total PhasePlan
	// Shares is what each of the scenario's keys has to pay for at most, in entry
	// credits: what its entries and hostile calls cost, or where that is not known
	// its hostile calls and its [Share] of the rest of the budget. Known is what is
	// known of it, and Setup what the chains of the setup cost, which come first.
	Shares, Known, Setup []int64
	Dearest              int64 // the most entry credits that an entry of the load can cost
	Closed               bool
	Search               *SearchPlan // or nil
}

// lookedAt is of how many entries a search's plan takes the mean cost: the number of
// its entries is an upper bound already.
const lookedAt = 10_000

// A SearchPlan is the most that a search comes to. Where it holds its steps for
// blocks, and how long one is nobody knows yet, Steps and Rates alone are above 0.
type SearchPlan struct {
	Rates   int // while all of them hold
	Steps   int
	Length  time.Duration // of the steps, without the wait after each
	Slots   uint64
	Credits int64 // about
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
	keys := len(s.Credits.Keys)
	p := Plan{Shares: make([]int64, keys), Known: make([]int64, keys), Dearest: dearest(s), Closed: s.Load.Closed()}
	add := func(walk *walk, known bool) (byKey []int64) {
		byKey = make([]int64, keys)
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
			byKey[s.index%uint64(keys)] += int64(s.credits)
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
		return byKey
	}
	p.Setup = add(newSetup(s, w), true)
	load := add(newLoad(s, w), !p.Closed)
	if s.Load.Search != nil {
		p.Search = newSearchPlan(s, w, p.Total.Slots)
	}
	p.Hostile = newHostilePlan(s)
	p.Total.Credits += p.Hostile.Credits
	for k := range keys {
		p.Known[k] = p.Setup[k] + load[k] + p.Hostile.Shares[k]
		p.Shares[k] = p.Known[k]
		if p.Budgeted() {
			p.Shares[k] = p.Hostile.Shares[k] + Share(s.Credits.Budget-p.Hostile.Credits, k, keys)
		}
	}
	p.Total.Name = "total"
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
	var credits uint64
	looked := min(p.Slots, lookedAt)
	for i := range looked {
		next := slot{index: before + i, phase: 1}
		w.shape(&next, nil)
		credits += uint64(next.credits)
	}
	if looked > 0 {
		p.Credits = int64(math.Round(float64(credits) / float64(looked) * float64(p.Slots)))
	}
	return p
}

// dearest returns the most entry credits that an entry of a load can cost.
func dearest(s *scenarios.Scenario) (credits int64) {
	for _, item := range s.Workload.Mix {
		credits = max(credits, int64(factomd.Cost(item.Size.Max, item.Kind == scenarios.KindChain)))
	}
	for _, phase := range s.Load.Phases {
		if phase.Replay == nil {
			continue
		}
		for _, row := range phase.Replay.Rows {
			credits = max(credits, int64(factomd.Cost(int(row.Size), false)))
		}
	}
	return credits
}

// Refuse returns why a run of the plan must not begin, with a hint, or nil: the
// budget is too small, as a whole or, where it ends the sending, in what it leaves
// a key for more entries than are known.
func (p Plan) Refuse(c scenarios.Credits) error {
	if !p.Budgeted() {
		if p.Total.Credits > c.Budget {
			return fmt.Errorf("the load costs %d entry credits, and the budget is %d\n"+
				"    hint: raise credits.budget, or shorten the load; see what it costs with the plan command", p.Total.Credits, c.Budget)
		}
		return nil
	}
	before, hint := "the chains that are made before the load", "raise credits.budget, or make fewer chains"
	if p.Search != nil {
		before = "the chains and phases before the search"
	}
	if p.Hostile.Credits > 0 {
		before, hint = before+", and the hostile calls,", hint+" or hostile calls"
	}
	whose := "the budget"
	for k, share := range p.Shares {
		if len(p.Shares) > 1 {
			whose = c.Keys[k] + "'s share of the budget"
		}
		if p.Known[k]+p.Dearest > share {
			if len(p.Shares) > 1 {
				hint = "give fewer credits.keys, " + hint
			}
			return fmt.Errorf("%s take %d entry credits of %s, which is %d, and one more entry can cost %d\n"+
				"    hint: %s", before, p.Known[k], whose, share, p.Dearest, hint)
		}
	}
	return nil
}

func usersText(users int) string {
	if users == 1 {
		return "1 user"
	}
	return fmt.Sprintf("%d users", users)
}
