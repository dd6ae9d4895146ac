package scenarios

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Search looks for the knee: the highest rate that the network takes. Its steps
// are constant rates, from the lowest up, each held for some blocks and awaited to
// the end of its entries. From the first that does not hold on, the rates between
// it and the highest that did are halved.
type Search struct {
	From, To float64 // entries a second, the lowest and the highest rate
	Step     float64 // how much the rate is raised while the steps hold
	// Within is how near the rate that holds and the one that does not are to come.
	Within float64
	Hold   Span // the length of a step
	// StopWhen is what tells that a step does not hold: any of these will do. There
	// is always one on each of lost, failed and rejected.
	StopWhen []Stop
}

// A Stop is a condition on the figures of one step: a threshold on what is too
// much, or that the backlog grows, for which Backlog is set and the threshold has
// its Expression alone.
type Stop struct {
	Threshold
	Backlog bool
}

// BacklogGrows is the stop condition on the entries that are waiting for a block
// (package results, Backlog).
const BacklogGrows = "backlog grows"

const (
	// leastHoldBlocks is the shortest step in directory blocks: the first that closes
	// can come too soon to show a backlog, and two others tell what becomes of it.
	leastHoldBlocks = 3
	// leastTimeoutBlocks is the shortest wait for the entries of a step.
	leastTimeoutBlocks = 2
	// leastStepEntries is how many entries the lowest rate has at least.
	leastStepEntries = 30
	// maxRaises is how often a search may raise its rate.
	maxRaises = 200
	// maxNarrowing is the most that Step may be of Within.
	maxNarrowing = 1000
	maxStops     = 20
	// searchPrefix begins the names of a search's steps, which are phases.
	searchPrefix = "search-"
)

const (
	searchHint = "a search is written search: {from: 20/s, to: 500/s, step: 20/s, hold: 3blocks, within: 5/s}"
	stopHint   = "a condition is written confirm.p99 > 2blocks, failed > 1% or " + BacklogGrows
)

// Of returns the span's length where a directory block lasts so long.
func (s Span) Of(block time.Duration) time.Duration {
	if s.Blocks > 0 {
		return time.Duration(s.Blocks * float64(block))
	}
	return s.Time
}

// under says how a span falls short of so many directory blocks, or nothing. Where
// nobody knows how long a block lasts it is 0, and no time falls short.
func (s Span) under(blocks float64, block time.Duration) string {
	switch {
	case s.Blocks > 0 && s.Blocks < blocks:
		return fmt.Sprintf("%g blocks are fewer than %g", s.Blocks, blocks)
	case s.Blocks == 0 && s.Time < time.Duration(blocks*float64(block)):
		return fmt.Sprintf("%s is shorter than %g blocks of %s", s.Time, blocks, block)
	}
	return ""
}

// CheckSearch reports why the scenario's search, if it has one, cannot be made on a
// network whose directory blocks last so long. The error is a [Problem].
func (s *Scenario) CheckSearch(block time.Duration) error {
	if path, p := s.unsearchable(block); p != nil {
		p.Message = path + ": " + p.Message
		return *p
	}
	return nil
}

// unsearchable is a problem of a search with the length of the network's blocks, or 0
// where that is not known, and the key that it is of.
func (s *Scenario) unsearchable(block time.Duration) (path string, p *Problem) {
	q := s.Load.Search
	if q == nil {
		return "", nil
	}
	if short := q.Hold.under(leastHoldBlocks, block); short != "" {
		return "load.search.hold", complain(short, fmt.Sprintf("hold a step for %dblocks at least: what becomes of a backlog shows from block to block", leastHoldBlocks))
	}
	if short := s.Confirm.Timeout.under(leastTimeoutBlocks, block); short != "" {
		return "confirm.timeout", complain(short, "an entry that comes just too late for a block is in the next: leave it out for 3blocks, or no step will hold")
	}
	_, rates := q.Most()
	hold := q.Hold.Of(block)
	if most := rates * hold.Seconds(); most > MaxSlots {
		return "load.search", complain(fmt.Sprintf("the search plans up to %.3g entries, more than %.0e", most, float64(MaxSlots)), "lower its rates or hold them for a shorter time")
	}
	if least := q.From * hold.Seconds(); hold > 0 && least < leastStepEntries {
		return "load.search.from", complain(fmt.Sprintf("%g/s for %s are %.3g entries, fewer than %d", q.From, hold, least, leastStepEntries), "of so few no percentile says much: raise the lowest rate, or hold a step for longer")
	}
	return "", nil
}

// StepPhase is the phase that a step of the search is.
func (s *Search) StepPhase(rate float64, block time.Duration) Phase {
	return Phase{
		Name: searchPrefix + strconv.FormatFloat(rate, 'f', -1, 64), For: s.Hold.Of(block),
		From: rate, To: rate, Measured: true,
	}
}

// Rates lists the rates that a search tries which never fails, in order.
func (s *Search) Rates() (rates []float64) {
	for i := 0; ; i++ {
		rate := tidy(s.From + float64(i)*s.Step)
		if rate >= s.To {
			return append(rates, s.To)
		}
		rates = append(rates, rate)
	}
}

// Between returns the next rate to try between one that held and one that did not,
// or false if they are near enough. It is a whole number of Within above the one
// that held.
func (s *Search) Between(held, failed float64) (rate float64, ok bool) {
	// All three are whole millionths, and one of them left over is no difference: half
	// a millionth more keeps what floating point adds from making it one.
	parts := math.Ceil((failed - held - 1.5*millionth) / s.Within)
	if parts < 2 {
		return 0, false
	}
	return tidy(held + s.Within*math.Floor(parts/2)), true
}

// Most returns the most steps that the search can take, and the sum of their
// rates: where the last rate fails and all below it hold, and one step is
// repeated.
func (s *Search) Most() (steps int, rates float64) {
	all := s.Rates()
	for _, r := range all {
		rates += r
	}
	more := 1 + bits.Len(uint(math.Ceil(s.Step/s.Within))) // halving an odd number leaves the larger half
	return len(all) + more, rates + float64(more)*s.To
}

// millionth of an entry a second: rates are not told apart any finer.
const millionth = 1e-6

// tidy takes out what adding decimal fractions leaves behind.
func tidy(rate float64) float64 { return math.Round(rate*1e6) / 1e6 }

func (d *decoder) search(n *node, dst **Search) bool {
	return d.sound(func() {
		s := &Search{Hold: Span{Blocks: DefaultHoldBlocks}}
		ok := d.sound(func() {
			d.fields(n,
				field{"from", func(n *node) { value(d, n, parseStepRate, &s.From) }},
				field{"to", func(n *node) { value(d, n, parseStepRate, &s.To) }},
				field{"step", func(n *node) { value(d, n, parseStepRate, &s.Step) }},
				field{"hold", into(d.span, &s.Hold)},
				field{"within", func(n *node) { value(d, n, parseStepRate, &s.Within) }},
				field{"stop_when", func(n *node) { d.stops(n, &s.StopWhen) }},
			)
			d.require(n, "from", searchHint)
			d.require(n, "to", searchHint)
		})
		if !ok {
			return
		}
		s.complete()
		if key, p := s.bounds(); p != nil {
			at := n.get(key)
			if at == nil {
				at = n
			}
			d.report(at, p.Message, p.Hint)
			return
		}
		*dst = s
	})
}

// complete fills in what a search does not say.
func (s *Search) complete() {
	if s.Step == 0 {
		s.Step = defaultStep(s.From, s.To)
	}
	if s.Within == 0 {
		s.Within = tidy(s.Step / DefaultNarrowing)
	}
	if s.StopWhen == nil {
		s.StopWhen = defaultStops()
	}
	for _, stop := range errorStops() {
		if !slices.ContainsFunc(s.StopWhen, func(own Stop) bool { return own.Metric == stop.Metric }) {
			s.StopWhen = append(s.StopWhen, stop)
		}
	}
}

// bounds is a problem of a search's rates, and the key that it is of.
func (s *Search) bounds() (key string, p *Problem) {
	switch way := s.To - s.From; {
	case way <= 0:
		return "to", complain(fmt.Sprintf("%g/s is not above the %g/s that the search begins with", s.To, s.From), "for one rate use a phase: phases: [{for: 60s, rate: 50/s}]")
	case s.Step > way:
		return "step", complain(fmt.Sprintf("%g/s is more than lies between %g/s and %g/s", s.Step, s.From, s.To), "leave step out for about ten of them")
	case way/s.Step > maxRaises:
		return "step", complain(fmt.Sprintf("there are more than %d steps of %g/s between %g/s and %g/s", maxRaises, s.Step, s.From, s.To), "make them larger: what lies between two of them is searched too")
	case s.Within > s.Step:
		return "within", complain(fmt.Sprintf("%g/s is more than a step of %g/s", s.Within, s.Step), "leave within out for a quarter of a step")
	case s.Step > maxNarrowing*s.Within:
		return "within", complain(fmt.Sprintf("%g/s is less than a thousandth of a step of %g/s", s.Within, s.Step), "no node is that steady")
	}
	return "", nil
}

func parseStepRate(text string) (float64, *Problem) {
	from, to, p := parseRate(text)
	switch {
	case p != nil:
		return 0, p
	case strings.Contains(text, ".."):
		return 0, complain("is a ramp", "a step of a search has one rate, for example 20/s")
	case tidy(to) <= 0:
		return 0, complain("is not above 0/s", searchHint)
	}
	return tidy(from), nil
}

func (d *decoder) stops(n *node, dst *[]Stop) {
	for _, item := range d.list(n, 1, maxStops) {
		var s Stop
		switch {
		case !value(d, item, parseStop, &s):
		case slices.Contains(*dst, s):
			d.report(item, s.Expression+" is here twice", "once will do")
		default:
			*dst = append(*dst, s)
		}
	}
}

func parseStop(text string) (Stop, *Problem) {
	if words := strings.Fields(text); len(words) > 0 && words[0] == "backlog" {
		if strings.Join(words, " ") != BacklogGrows {
			return Stop{}, complain("is not what can be said of a backlog", "write "+BacklogGrows)
		}
		return Stop{Threshold: Threshold{Expression: BacklogGrows}, Backlog: true}, nil
	}
	t, p := parseThreshold(text)
	if p != nil {
		if p.Hint == thresholdHint {
			p.Hint = stopHint
		}
		return Stop{}, p
	}
	stage, figure, _ := strings.Cut(string(t.Metric), ".")
	switch {
	case !stoppable(stage, figure):
		return Stop{}, complain("names "+string(t.Metric)+", by which a step is not judged",
			"it is judged by p50, p90, p95, p99, p999 or max of schedule, submit, accept or confirm, by failed, rejected and lost, or by "+BacklogGrows)
	case t.Op != ">" && t.Op != ">=":
		return Stop{}, complain("is what a step may come to, and here stands what is too much",
			"turn it round: "+string(t.Metric)+" > "+strings.TrimLeft(t.Expression[len(t.Metric)+1:], "<=>! "))
	case t.Op == ">=" && t.Value == 0 && t.Blocks == 0:
		return Stop{}, complain("always holds: nothing is below 0", "write "+string(t.Metric)+" > 0")
	}
	return Stop{Threshold: t}, nil
}

// stoppable reports whether a metric, in two parts, is known of each step.
func stoppable(stage, figure string) bool {
	switch stage {
	case "schedule", "submit", "accept", "confirm":
		return figure == "max" || strings.HasPrefix(figure, "p")
	case "failed", "rejected", "lost":
		return true
	}
	return false
}

// defaultStep is a tenth of the way, rounded up to 1, 2 or 5 times a power of ten,
// but not more than the way.
func defaultStep(from, to float64) float64 {
	way := to - from
	if way <= 0 {
		return 0
	}
	unit := math.Pow(10, math.Floor(math.Log10(way/10)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*unit >= way/10*(1-1e-9) {
			return min(tidy(m*unit), tidy(way))
		}
	}
	return tidy(way)
}

// searchable reports what a search cannot go with in the rest of the scenario, and
// what cannot go without one.
func (d *decoder) searchable(root *node, s *Scenario) {
	if s.Load.Search == nil {
		list := root.get("thresholds")
		for i, t := range s.Thresholds {
			// Where some were refused, which is which is not known.
			if t.Metric == heldRate && len(list.items) == len(s.Thresholds) && root.get("load").get("search") == nil {
				d.report(list.items[i], show(string(t.Metric))+" is never measured: the load has no search", searchHint)
			}
		}
		return
	}
	if until := root.get("confirm").get("until"); until != nil && s.Confirm.Until == UntilAccepted {
		d.report(until, "a search waits for the blocks of each step", "leave it out, or write until: block")
	}
	if hostile := root.get("hostile"); hostile != nil {
		d.report(hostile, "what hostile calls may cost during a search is not known", "leave hostile out, or the search")
	}
	block := time.Duration(0)
	if local := s.Network.Local; local != nil {
		block = local.BlockTime
	}
	if path, p := s.unsearchable(block); p != nil {
		at := root
		for _, key := range strings.Split(path, ".") {
			if next := at.get(key); next != nil {
				at = next
			}
		}
		d.report(at, p.Message, p.Hint)
	}
}
