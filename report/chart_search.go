package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// searchFigures draws the charts of a search: what each rate came to.
func searchFigures(r *Report) []figure {
	if r.Search == nil {
		return nil
	}
	return draw(r, searchLatencyChart, searchRateChart)
}

// byRate returns the steps that tell something of the network, by their rates.
func (s *Search) byRate() []SearchStep {
	steps := slices.DeleteFunc(slices.Clone(s.Steps), func(t SearchStep) bool { return t.Outcome == results.StepHarness })
	slices.SortFunc(steps, func(a, b SearchStep) int { return cmp.Compare(a.RatePerS, b.RatePerS) })
	return steps
}

// offeredAxis spans the rates of a search, from 0.
func (s *Search) offeredAxis() axis {
	highest := 0.0
	for _, t := range s.Steps {
		highest = max(highest, t.RatePerS)
	}
	return axis{title: "offered rate, entries per second", hi: max(highest*1.04, 1e-3), ticks: func(n int) []tick {
		return stepTicks(0, highest*1.04, niceStep(highest, n), trimText)
	}}
}

// kneeMark is a line at the highest rate that held.
func (s *Search) kneeMark(y axis) []mark {
	rate, held := s.knee()
	if !held {
		return nil
	}
	return []mark{{kind: markLine, class: "c-knee dot-dash", label: "held: " + offeredText(rate), at: []datum{{x: rate, y: y.lo}, {x: rate, y: y.hi}}}}
}

// points are the steps' marks: a dot for each that held, a cross for each that did
// not.
func points(steps []SearchStep, class string, y func(SearchStep) (float64, bool)) (held, failed mark) {
	held, failed = mark{kind: markDots, class: class}, mark{kind: markCrosses, class: class}
	for _, t := range steps {
		v, known := y(t)
		if !known {
			continue
		}
		if d := (datum{x: t.RatePerS, y: v}); t.Held {
			held.at = append(held.at, d)
		} else {
			failed.at = append(failed.at, d)
		}
	}
	return held, failed
}

func searchLatencyChart(r *Report, _ int) (figure, chart) {
	s := r.Search
	c := chart{id: "search-latency", title: "Latency by offered rate", x: s.offeredAxis()}
	p := panel{height: 270}
	steps := s.byRate()
	lo, hi := math.Inf(1), 0.0
	for _, stage := range []string{"submit", "accept", "confirm"} {
		p99 := func(t SearchStep) (float64, bool) {
			l, _ := t.LatencyMS.stage(stage)
			return l.P99, l.Count > 0
		}
		line := mark{class: stageClass(stage), label: stage + " p99"}
		for _, t := range steps {
			v, known := p99(t)
			if !known {
				v = math.NaN()
			} else {
				lo, hi = min(lo, v), max(hi, v)
			}
			line.at = append(line.at, datum{x: t.RatePerS, y: v})
		}
		color, _, _ := strings.Cut(stageClass(stage), " ") // a dash would take the dots away
		held, failed := points(steps, color, p99)
		p.marks = append(p.marks, line, held, failed)
	}
	if hi == 0 {
		return figure{Missing: "No step of the search has a latency."}, c
	}
	for _, text := range s.StopWhen {
		t, err := scenarios.ParseThreshold(text)
		stage, figure, _ := strings.Cut(string(t.Metric), ".")
		if err != nil || stageClass(stage) == "" || stage == "schedule" || figure != "p99" {
			continue
		}
		limit := t.Value
		if t.Blocks > 0 {
			limit = t.Blocks * r.Network.BlockSeconds * 1000
		}
		if !(limit > 0) {
			continue
		}
		lo, hi = min(lo, limit), max(hi, limit)
		color, _, _ := strings.Cut(stageClass(stage), " ")
		p.marks = append(p.marks, mark{class: "thin dot-dash " + color, label: "limit of " + stage, at: []datum{{x: 0, y: limit}, {x: c.x.hi, y: limit}}})
	}
	p.y = latencyAxis("p99 of latency from the planned instant, logarithmic", lo, hi)
	p.marks = append(s.kneeMark(p.y), p.marks...)
	c.panels = []panel{p}
	c.desc = "The 99th percentiles of submit, accept and confirm latency of each step, by the rate that it offered."
	for _, t := range steps {
		c.desc += fmt.Sprintf(" At %s, which %s: submit %s, accept %s, confirm %s.", offeredText(t.RatePerS), heldText(t.Held),
			latText(t.LatencyMS.Submit, t.LatencyMS.Submit.P99), latText(t.LatencyMS.Accept, t.LatencyMS.Accept.P99), latText(t.LatencyMS.Confirm, t.LatencyMS.Confirm.P99))
	}
	return figure{Caption: "A dot is a rate that held, a cross one that did not. Submit latency says little: a node past its capacity goes on answering at once, while entries wait inside it." + withoutHarness(s)}, c
}

func searchRateChart(r *Report, _ int) (figure, chart) {
	s := r.Search
	c := chart{id: "search-rate", title: "Confirmed by offered rate", x: s.offeredAxis()}
	steps := slices.DeleteFunc(s.byRate(), func(t SearchStep) bool { return t.ConfirmedPerS == 0 })
	if len(steps) == 0 {
		return figure{Missing: "In no step of the search two blocks closed while its rate was offered."}, c
	}
	hi := c.x.hi
	line := mark{class: "c-confirmed", label: "confirmed"}
	for _, t := range steps {
		line.at = append(line.at, datum{x: t.RatePerS, y: t.ConfirmedPerS})
		hi = max(hi, t.ConfirmedPerS)
		c.desc += fmt.Sprintf(" Of %s, which %s, %s were confirmed.", offeredText(t.RatePerS), heldText(t.Held), rateText(t.ConfirmedPerS))
	}
	c.desc = "The rate at which blocks took entries, by the rate that was offered." + c.desc
	held, failed := points(steps, "c-confirmed", func(t SearchStep) (float64, bool) { return t.ConfirmedPerS, true })
	p := panel{height: 220, y: linearAxis("confirmed, entries per second", hi, 0)}
	p.marks = append(s.kneeMark(p.y),
		mark{class: "c-target broad", label: "all of the offered", at: []datum{{}, {x: c.x.hi, y: c.x.hi}}},
		line, held, failed)
	c.panels = []panel{p}
	return figure{Caption: "Where the network keeps up, all that is offered is confirmed and the line follows the diagonal; where it levels off is what the network works off. A dot is a rate that held, a cross one that did not. Counted are the blocks, but the first, that closed while the rate was offered, over the time between the first and the last." + withoutHarness(s)}, c
}

func heldText(held bool) string {
	if held {
		return "held"
	}
	return "did not hold"
}

// withoutHarness says which steps a chart leaves out.
func withoutHarness(s *Search) string {
	n := 0
	for _, t := range s.Steps {
		if t.Outcome == results.StepHarness {
			n++
		}
	}
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" Left out: %s that the harness could not offer.", stepsText(n))
}

func stepsText(n int) string {
	if n == 1 {
		return "1 step"
	}
	return fmt.Sprintf("%d steps", n)
}
