package report

import (
	"fmt"
	"math"
)

// kneeChart draws latency by the rate that was offered: each window is a point.
func kneeChart(r *Report, _ int) (figure, chart) {
	c := chart{id: "knee", title: "Latency by offered rate"}
	windows := r.offeredWindows()
	least, most := math.Inf(1), 0.0
	for _, w := range windows {
		least, most = min(least, w.offered()), max(most, w.offered())
	}
	if len(windows) < 3 || most < 1.2*least {
		return figure{Missing: "The run offered one rate throughout: there is no other to hold its latency against."}, c
	}
	c.x = axis{title: "offered rate, entries per second", hi: most * 1.04, ticks: func(n int) []tick {
		return stepTicks(0, most*1.04, niceStep(most, n), trimText)
	}}
	lo, hi := math.Inf(1), 0.0
	var marks []mark
	for _, m := range []struct {
		stage string
		mark
	}{
		{"submit", mark{kind: markTicks, class: "c-sent", label: "submit p95"}},
		{"accept", mark{kind: markDots, class: "fine c-accepted", label: "accept p95"}},
		{"confirm", mark{kind: markCrosses, class: "fine c-confirmed", label: "confirm p95"}},
	} {
		below, above := WindowLatency{}, WindowLatency{} // the highest in the lower and the upper half of the rates
		for _, w := range windows {
			l := w.LatencyMS.stage(m.stage)
			if l.Count == 0 {
				continue
			}
			lo, hi = min(lo, l.P95), max(hi, l.P95)
			m.at = append(m.at, datum{x: w.offered(), y: l.P95})
			if half := &below; true {
				if w.offered() > (least+most)/2 {
					half = &above
				}
				half.P95 = max(half.P95, l.P95)
			}
		}
		if len(m.at) > 0 {
			marks = append(marks, m.mark)
			c.desc += fmt.Sprintf(" The highest p95 of %s is %s in the lower half of the rates and %s in the upper half.", m.stage, msText(below.P95), msText(above.P95))
		}
	}
	if len(marks) == 0 {
		return figure{Missing: "No entry has a latency."}, c
	}
	c.panels = []panel{{height: 250, marks: marks, y: latencyAxis("p95 of latency from the planned instant, logarithmic", lo, hi)}}
	c.desc = fmt.Sprintf("The 95th percentiles of submit, accept and confirm latency by offered rate, from %s to %s.", rateText(least), rateText(most)) + c.desc
	return figure{Caption: fmt.Sprintf("Each mark is a window of %s. Where accept bends upwards is the knee: past it, entries wait inside the node, although submits are answered as fast as before. After an overload a window can be slow at a low rate, as the node still works off what waits.",
		spanText(windows[0].ToS-windows[0].FromS))}, c
}

func (w Window) offered() float64 { return float64(w.Planned) / (w.ToS - w.FromS) }

// offeredWindows are those with entries, but for the first and the last one: in these
// nothing was offered for a part of the time.
func (r *Report) offeredWindows() []Window {
	var all []Window
	for _, w := range r.Windows {
		if w.Planned > 0 && w.ToS > w.FromS {
			all = append(all, w)
		}
	}
	if len(all) < 3 {
		return nil
	}
	return all[1 : len(all)-1]
}
