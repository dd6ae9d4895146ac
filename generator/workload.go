package generator

import (
	"math"
	"sort"
	"strconv"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// A slot is one planned entry before it has bytes.
type slot struct {
	index    uint64
	phase    int           // 0 is the setup
	at       time.Duration // since the start of the setup, or of the load
	kind     results.Kind
	chain    int // which of the setup's chains an entry goes to
	size     int // payload in bytes
	extIDs   int
	payload  scenarios.PayloadKind
	file     *scenarios.File // for files
	credits  int
	endpoint int
}

// setupMostRate is how fast the setup makes chains at most, and setupClosedRate
// how fast for a closed loop, which does not say what the network takes: chains
// a second.
const (
	setupMostRate   = 100
	setupClosedRate = 20
)

// workload draws the shapes of slots.
type workload struct {
	w         scenarios.Workload
	setup     scenarios.Item // the first entry of the setup's chains
	shapes    source
	weights   []float64   // of the mix, cumulative, the last is 1
	entries   []float64   // likewise, of its items of kind entry alone
	sizes     [][]float64 // likewise, of each item's list of sizes, if it has one
	chains    []float64   // of the choice of a chain, likewise; nil for uniform
	endpoints []float64   // likewise
	random    stream
}

func newWorkload(s *scenarios.Scenario, endpointWeights []int) *workload {
	w := &workload{
		w:         s.Workload,
		setup:     scenarios.Item{Kind: scenarios.KindChain, ExtIDs: scenarios.Range{Min: 2, Max: 2}},
		shapes:    newSource("shape", strconv.FormatUint(s.Seed, 10)),
		endpoints: cumulative(len(endpointWeights), func(i int) float64 { return float64(endpointWeights[i]) }),
	}
	mix := s.Workload.Mix
	w.weights = cumulative(len(mix), func(i int) float64 { return float64(mix[i].Weight) })
	w.entries = cumulative(len(mix), func(i int) float64 {
		if mix[i].Kind != scenarios.KindEntry {
			return 0
		}
		return float64(mix[i].Weight)
	})
	for _, item := range mix {
		w.sizes = append(w.sizes, cumulative(len(item.Sizes), func(i int) float64 { return float64(item.Sizes[i].Weight) }))
	}
	if c := s.Workload.Choose; c.Kind == scenarios.Zipf {
		w.chains = cumulative(s.Workload.Chains, func(i int) float64 { return math.Pow(float64(i+1), -c.Zipf) })
	}
	return w
}

// cumulative returns the distribution function of n weights.
func cumulative(n int, weight func(int) float64) []float64 {
	sums := make([]float64, n)
	var sum float64
	for i := range sums {
		sum += weight(i)
		sums[i] = sum
	}
	for i := range sums {
		sums[i] /= sum
	}
	return sums
}

// pick returns the index that a uniform number in [0, 1) falls on.
func pick(sums []float64, u float64) int {
	i := sort.Search(len(sums), func(i int) bool { return sums[i] > u })
	return min(i, len(sums)-1)
}

// shape fills in what slot number s.index writes and where it goes; recorded is
// what a recording says of it, or nil. The order of the draws is part of what a
// seed means.
func (w *workload) shape(s *slot, recorded *scenarios.Recorded) {
	r := &w.random
	r.at(w.shapes, s.index)
	s.endpoint = 0
	if u := r.float(); len(w.endpoints) > 1 {
		s.endpoint = pick(w.endpoints, u)
	}
	switch {
	case s.phase == results.SetupPhase:
		s.kind, s.chain, s.extIDs = results.KindChain, int(s.index), w.setup.ExtIDs.Min
		s.size = w.setup.MinSize(w.w.Marker)
	case recorded != nil:
		w.draw(s, pick(w.entries, r.float()))
		if recorded.Size > 0 {
			s.size, s.extIDs = int(recorded.Size), 1
		}
		if recorded.Chain >= 0 {
			s.chain = int(recorded.Chain)
		}
	default:
		w.draw(s, pick(w.weights, r.float()))
	}
	s.credits = factomd.Cost(s.size, s.kind == results.KindChain)
}

// draw fills in a slot by an item of the mix.
func (w *workload) draw(s *slot, i int) {
	r, item := &w.random, &w.w.Mix[i]
	s.payload = item.Payload.Kind
	if s.payload == scenarios.FromFiles {
		list := item.Payload.Files.List
		s.file = &list[r.below(uint64(len(list)))]
	} else {
		s.size = w.size(item, w.sizes[i])
	}
	s.extIDs = r.between(item.ExtIDs.Min, item.ExtIDs.Max)
	if s.file != nil {
		s.size = item.FileSize(w.w.Marker, *s.file, s.extIDs)
	}
	s.kind, s.chain = results.KindChain, 0
	if item.Kind == scenarios.KindEntry {
		s.kind, s.chain = results.KindEntry, w.choose(r)
	}
}

// size draws the payload of an entry, in bytes.
func (w *workload) size(item *scenarios.Item, list []float64) int {
	r := &w.random
	switch {
	case len(list) > 0:
		return item.Sizes[pick(list, r.float())].Bytes
	case item.Lognormal != nil:
		// The normal distribution's quantile; at u = 0 it is -Inf, the least.
		z := math.Sqrt2 * math.Erfinv(2*r.float()-1)
		size := float64(item.Lognormal.Median) * math.Exp(item.Lognormal.Sigma*z)
		return int(math.Round(min(max(size, float64(item.Size.Min)), float64(item.Size.Max))))
	}
	return r.between(item.Size.Min, item.Size.Max)
}

func (w *workload) choose(r *stream) int {
	u := r.float()
	switch w.w.Choose.Kind {
	case scenarios.Single:
		return 0
	case scenarios.Zipf:
		return pick(w.chains, u)
	default:
		return int(u * float64(w.w.Chains))
	}
}

// A walk yields the slots of the setup, or of the load, in planned order.
type walk struct {
	workload *workload
	phases   []scenarios.Phase
	first    int    // number of the first phase
	index    uint64 // of the next slot
	poisson  func(phase int) *stream

	phase   int // of phases
	begin   time.Duration
	current *arrivals // nil before the phase's first slot
	row     int       // of the phase's recording
}

// setupPhase is the phase that makes the workload's chains, at the load's own
// highest rate, or the lowest of its search, but no faster than 100 chains a
// second; for a closed loop, at 20 chains a second.
func setupPhase(s *scenarios.Scenario) scenarios.Phase {
	rate := math.Min(s.Load.MaxRate(), setupMostRate)
	switch {
	case s.Load.Closed():
		rate = setupClosedRate
	case s.Load.Search != nil:
		rate = math.Min(s.Load.Search.From, setupMostRate)
	}
	// Rounded down to a nanosecond, it holds the last chain's slot and no more.
	length := time.Duration(float64(s.Workload.Chains) / rate * 1e9)
	return scenarios.Phase{Name: scenarios.SetupPhase, For: length, From: rate, To: rate}
}

func newSetup(s *scenarios.Scenario, w *workload) *walk {
	phases := []scenarios.Phase{setupPhase(s)}
	if s.Workload.Chains == 0 {
		phases = nil
	}
	return &walk{workload: w, phases: phases, poisson: func(int) *stream { return nil }}
}

func newLoad(s *scenarios.Scenario, w *workload) *walk {
	return newWalk(s, w, s.Load.Phases, 1, uint64(s.Workload.Chains))
}

// newWalk begins with a phase and a slot of the load that have these numbers.
func newWalk(s *scenarios.Scenario, w *workload, phases []scenarios.Phase, first int, index uint64) *walk {
	gaps := newSource("arrivals", strconv.FormatUint(s.Seed, 10))
	return &walk{
		workload: w, phases: phases, first: first, index: index,
		poisson: func(phase int) *stream {
			if s.Load.Arrival != scenarios.Poisson {
				return nil
			}
			r := new(stream)
			r.at(gaps, uint64(first-1+phase))
			return r
		},
	}
}

// next fills in the next slot, or returns false after the last.
func (w *walk) next(s *slot) bool {
	for w.phase < len(w.phases) {
		p := &w.phases[w.phase]
		if at, recorded, ok := w.arrival(p); ok {
			*s = slot{index: w.index, phase: w.first + w.phase, at: w.begin + at}
			w.index++
			w.workload.shape(s, recorded)
			return true
		}
		w.begin += p.For
		w.phase++
		w.current, w.row = nil, 0
	}
	return false
}

// arrival returns the next instant of the phase, and what its recording says of
// it, if it has one.
func (w *walk) arrival(p *scenarios.Phase) (at time.Duration, recorded *scenarios.Recorded, ok bool) {
	if p.Replay != nil {
		if w.row == len(p.Replay.Rows) || p.Replay.Rows[w.row].At > p.For {
			return 0, nil, false
		}
		recorded = &p.Replay.Rows[w.row]
		w.row++
		return recorded.At, recorded, true
	}
	if w.current == nil {
		w.current = newArrivals(*p, w.poisson(w.phase))
	}
	at, ok = w.current.next()
	return at, nil, ok
}
