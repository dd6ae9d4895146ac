package scenarios

import "fmt"

const (
	maxInFlight = 100_000
	maxPhases   = 1000
	// leastLoad is the least that a load's measured phases must come to, in
	// entries: less is rounded away.
	leastLoad = 1e-6
)

// SetupPhase is the phase that makes the workload's chains. It comes before the
// load's phases, none of which may have its name.
const SetupPhase = "setup"

const phasesHint = "a load is a list of phases: phases: [{for: 60s, rate: 50/s}]"

func (d *decoder) load(n *node, l *Load) bool {
	return d.sound(func() {
		d.fields(n,
			field{"arrival", into(oneOf(d, Constant, Poisson), &l.Arrival)},
			field{"in_flight", into(whole[int](d, 1, maxInFlight), &l.InFlight)},
			field{"late", into(oneOf(d, LateSend, LateSkip), &l.Late)},
			field{"late_by", into(d.duration, &l.LateBy)},
			field{"submit_timeout", into(d.duration, &l.SubmitTimeout)},
			field{"reveal", into(oneOf(d, RevealAfter, RevealTogether), &l.Reveal)},
			field{"phases", into(d.phases, &l.Phases)},
		)
		d.require(n, "phases", phasesHint)
	})
}

func (d *decoder) phases(n *node, dst *[]Phase) bool {
	return d.sound(func() {
		used := map[string]bool{SetupPhase: true}
		ok := d.sound(func() {
			for i, item := range d.list(n, 1, maxPhases) {
				p := Phase{Name: fmt.Sprintf("phase-%d", i+1), Measured: DefaultMeasured}
				d.phase(item, &p)
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
		if p := scheduleProblem(*dst); p != nil {
			d.report(n, p.Message, p.Hint)
		}
	})
}

func (d *decoder) phase(n *node, p *Phase) {
	d.fields(n,
		field{"name", into(d.name, &p.Name)},
		field{"for", into(d.duration, &p.For)},
		field{"rate", func(n *node) { d.rate(n, p) }},
		field{"replay", func(n *node) { d.replay(n, p) }},
		field{"measured", into(d.boolean, &p.Measured)},
	)
	switch replay := n.get("replay"); {
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

// scheduleProblem judges the phases as a whole.
func scheduleProblem(phases []Phase) *Problem {
	var slots float64
	measured := false
	for _, p := range phases {
		expected := p.Expected()
		slots += expected
		measured = measured || p.Measured && expected > leastLoad
	}
	switch {
	case slots == 0:
		return complain("all phases are pauses", "give at least one of them a rate above 0/s")
	case !measured:
		return complain("no phase that sends is measured", "leave measured: false to warm-up phases")
	case slots > MaxSlots:
		return complain(fmt.Sprintf("the load plans %.3g entries, more than %.0e", slots, float64(MaxSlots)), "lower the rates or shorten the phases")
	}
	return nil
}

// MaxRate returns the highest rate of the load's phases, in entries a second.
func (l Load) MaxRate() float64 {
	var highest float64
	for _, p := range l.Phases {
		highest = max(highest, p.highest())
	}
	return highest
}
