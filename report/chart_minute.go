package report

import (
	"fmt"
	"math"
)

// minuteChart draws how long an entry waited by when in its block it was sent.
func minuteChart(r *Report, _ int) (figure, chart) {
	c := chart{id: "minutes", title: "Minutes in the block"}
	p50 := mark{kind: markDots, class: "c-confirmed", label: "confirm p50"}
	p95 := mark{kind: markTicks, class: "c-confirmed", label: "confirm p95", width: .6}
	highest := mark{kind: markCrosses, class: "fine c-confirmed", label: "max"}
	spans := mark{kind: markStems, class: "c-confirmed"}
	slowest, at, hi := 0.0, 0, 0.0
	for _, m := range r.BlockMinutes {
		l, x := m.LatencyMS, float64(m.Minute)
		if l.Count == 0 {
			continue
		}
		if l.P50 > slowest {
			slowest, at = l.P50, m.Minute
		}
		hi = max(hi, l.Max)
		p50.at = append(p50.at, datum{x: x, y: l.P50 / 1e3})
		p95.at = append(p95.at, datum{x: x, y: l.P95 / 1e3})
		highest.at = append(highest.at, datum{x: x, y: l.Max / 1e3})
		spans.at = append(spans.at, datum{x: x, y: l.P95 / 1e3, low: l.P50 / 1e3})
	}
	if len(p50.at) == 0 {
		return figure{Missing: "No block was seen from its beginning to its end with entries sent in it."}, c
	}
	c.x = axis{title: "minute of the block in which the entry was sent", lo: -.6, hi: 9.6, ticks: func(int) []tick {
		var all []tick
		for i := range 10 {
			all = append(all, tick{float64(i), trimText(float64(i))})
		}
		return all
	}}
	c.panels = []panel{{height: 170, y: linearAxis("confirm latency, seconds", math.Max(hi, 1e-3)/1e3, 0), marks: []mark{spans, highest, p95, p50}}}
	c.desc = fmt.Sprintf("Confirm latency by the minute of the block in which an entry was sent. The median is longest, %s, for those sent in minute %d.", msText(slowest), at)
	return figure{Caption: "Measured phases. A minute is a tenth of the time between two saved blocks, as the harness saw them. An entry sent late in a block waits least, if it still gets into it: those of the last minutes that miss it wait for a whole block more."}, c
}
