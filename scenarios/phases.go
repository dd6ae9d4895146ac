package scenarios

import (
	"fmt"
	"strings"
	"time"
)

const (
	maxInFlight = 100_000
	maxUsers    = maxInFlight
	// maxThink keeps the time stamps of commits fresh: an entry is composed up
	// to one think time ahead.
	maxThink  = 10 * time.Minute
	maxPhases = 1000
	// leastLoad is the least that a load's measured phases must come to, in
	// entries: less is rounded away.
	leastLoad = 1e-6
)

// SetupPhase is the phase that makes the workload's chains. It comes before the
// load's phases, none of which may have its name.
const SetupPhase = "setup"

const revealHint = "after: the reveal waits for the answer to the commit, and a rejection ends it; together: both are sent at once"

const phasesHint = "a load is a list of phases: phases: [{for: 60s, rate: 50/s}]"

func (d *decoder) load(n *node, l *Load) bool {
	return d.sound(func() {
		closed := n.get("users") != nil
		kind := kindOfLoad(closed, n.get("search") != nil)
		d.fields(n,
			field{"users", into(whole[int](d, 1, maxUsers), &l.Users)},
			field{"think", func(n *node) { value(d, n, parseThink, &l.Think) }},
			field{"arrival", into(oneOf(d, Constant, Poisson), &l.Arrival)},
			field{"in_flight", into(whole[int](d, 1, maxInFlight), &l.InFlight)},
			field{"late", into(oneOf(d, LateSend, LateSkip), &l.Late)},
			field{"late_by", into(d.duration, &l.LateBy)},
			field{"submit_timeout", into(d.duration, &l.SubmitTimeout)},
			field{"reveal", into(explained(d, revealHint, RevealAfter, RevealTogether), &l.Reveal)},
			field{"phases", func(n *node) { d.phases(n, kind, &l.Phases) }},
			field{"search", func(n *node) { d.search(n, &l.Search) }},
		)
		if kind != searching {
			d.require(n, "phases", phasesHint)
		}
		if closed && n.get("search") != nil {
			d.report(n.get("search"), "a search has rates, and the load has users", "keep one of them")
		}
		if closed {
			d.closedLoop(n, l)
		} else if think := n.get("think"); think != nil {
			d.report(think, "goes with users", "say how many there are: users: 50; a load with rates does not wait for answers")
		}
	})
}

// closedLoop judges what users make of a load's other keys.
func (d *decoder) closedLoop(n *node, l *Load) {
	for _, key := range []string{"arrival", "late", "late_by"} {
		if at := n.get(key); at != nil {
			d.report(at, "goes with phases that have rates, not with users",
				"leave it out: a user's next entry is due when the last one is answered and the think time is over")
		}
	}
	switch inFlight := n.get("in_flight"); {
	case inFlight == nil:
		l.InFlight = l.Users
	case l.InFlight < l.Users:
		d.report(inFlight, fmt.Sprintf("%d places in flight are too few for %d users", l.InFlight, l.Users),
			"leave in_flight out: each user has one entry in flight at most")
	}
}

func parseThink(text string) (time.Duration, *Problem) {
	if d, err := time.ParseDuration(text); err == nil && d == 0 {
		return 0, nil
	}
	d, p := parseDuration(text)
	if p == nil && d > maxThink {
		p = complain("is more than 10 minutes", "for so little load use a rate, such as 1/min")
	}
	return d, p
}

// A loadKind is what a load's phases are for.
type loadKind int

const (
	scheduled loadKind = iota // they are the load
	ofUsers                   // they are the load, of users
	searching                 // they come before a search
)

func kindOfLoad(closed, search bool) loadKind {
	switch {
	case closed:
		return ofUsers
	case search:
		return searching
	}
	return scheduled
}

func (d *decoder) phases(n *node, kind loadKind, dst *[]Phase) bool {
	return d.sound(func() {
		used := map[string]bool{SetupPhase: true}
		ok := d.sound(func() {
			for i, item := range d.list(n, 1, maxPhases) {
				p := Phase{Name: fmt.Sprintf("phase-%d", i+1), Measured: DefaultMeasured && kind != searching}
				d.phase(item, kind == ofUsers, &p)
				if kind == searching {
					d.beforeSearch(item, p)
				}
				if used[p.Name] {
					d.takenName(item, p.Name)
				}
				used[p.Name] = true
				*dst = append(*dst, p)
			}
		})
		if !ok {
			return
		}
		if p := scheduleProblem(*dst, kind); p != nil {
			d.report(n, p.Message, p.Hint)
		}
	})
}

func (d *decoder) phase(n *node, closed bool, p *Phase) {
	d.fields(n,
		field{"name", into(d.name, &p.Name)},
		field{"for", into(d.duration, &p.For)},
		field{"rate", func(n *node) { d.rate(n, p) }},
		field{"replay", func(n *node) { d.replay(n, p) }},
		field{"measured", into(d.boolean, &p.Measured)},
	)
	switch replay := n.get("replay"); {
	case closed:
		d.require(n, "for", "say how long the phase lasts: for: 60s")
		for _, key := range []string{"rate", "replay"} {
			if at := n.get(key); at != nil {
				d.report(at, "the load has users, who write as fast as they are answered", "leave "+key+" out, or load.users")
			}
		}
	case replay == nil:
		d.require(n, "for", "say how long the phase lasts: for: 60s")
		d.require(n, "rate", "say how many entries a second: rate: 50/s; a pause is rate: 0/s")
	case n.get("rate") != nil:
		d.report(replay, "the phase has a rate too", "keep one of them: a recording has its own instants")
	case p.Replay != nil && n.get("for") == nil:
		d.lastInstant(replay, p)
	}
}

func (d *decoder) rate(n *node, p *Phase) {
	var r Phase
	if value(d, n, parsePhaseRate, &r) {
		p.From, p.To, p.Shape = r.From, r.To, r.Shape
	}
}

func (d *decoder) takenName(n *node, name string) {
	at := n.get("name")
	if at == nil {
		at = n
	}
	if name == SetupPhase {
		d.report(at, show(name)+" is the phase that makes the chains", "choose another name")
		return
	}
	d.report(at, "a phase before it is called "+show(name)+" too", "give each phase a name of its own")
}

// beforeSearch judges a phase that a search follows.
func (d *decoder) beforeSearch(n *node, p Phase) {
	if p.Measured {
		d.report(n.get("measured"), "the load has a search, and what is measured is the highest step of it that holds", "leave it out: phases before a search are for warming up")
	}
	if strings.HasPrefix(p.Name, searchPrefix) {
		d.report(n.get("name"), show(p.Name)+" begins like the steps of the search", "choose another name")
	}
}

// scheduleProblem judges the phases as a whole.
func scheduleProblem(phases []Phase, kind loadKind) *Problem {
	var slots float64
	measured := false
	for _, p := range phases {
		expected := p.Expected()
		slots += expected
		measured = measured || p.Measured && (kind == ofUsers || expected > leastLoad) || kind == searching
	}
	switch {
	case slots == 0 && kind == scheduled:
		return complain("all phases are pauses", "give at least one of them a rate above 0/s")
	case !measured:
		return complain("no phase that sends is measured", "leave measured: false to warm-up phases")
	case slots > MaxSlots:
		return complain(fmt.Sprintf("the load plans %.3g entries, more than %.0e", slots, float64(MaxSlots)), "lower the rates or shorten the phases")
	}
	return nil
}

// Closed reports whether the load is a closed loop.
func (l Load) Closed() bool { return l.Users > 0 }

// MaxRate returns the highest rate of the load's phases and its search, in entries
// a second. A closed loop has none that is known: it is 0.
func (l Load) MaxRate() float64 {
	var highest float64
	for _, p := range l.Phases {
		highest = max(highest, p.highest())
	}
	if l.Search != nil {
		highest = max(highest, l.Search.To)
	}
	return highest
}
