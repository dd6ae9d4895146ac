package report

import (
	"fmt"
	"math"
	"strings"
)

// latencyChart draws the percentiles of every stage over time, a panel each.
func latencyChart(r *Report, _ int) (figure, chart) {
	c := overTime(r, "latency-time", "Latency over time, by stage")
	highest := WindowLatency{}
	for _, stage := range []string{"schedule", "submit", "accept", "confirm"} {
		p, slowest, ok := percentilePanel(r.Windows, stage)
		if !ok {
			continue
		}
		c.panels = append(c.panels, p)
		if slowest.Max > highest.Max {
			highest = slowest
		}
	}
	if len(c.panels) == 0 {
		return figure{Missing: "No entry has a latency."}, c
	}
	c.desc = fmt.Sprintf("The 50th, 95th and 99th percentile and the maximum of each stage’s latency, of the entries planned in each window of time. The highest value is %s. Over the measured phases the 99th percentiles are: submit %s, accept %s, confirm %s.",
		msText(highest.Max), latText(r.LatencyMS.Submit, r.LatencyMS.Submit.P99), latText(r.LatencyMS.Accept, r.LatencyMS.Accept.P99), latText(r.LatencyMS.Confirm, r.LatencyMS.Confirm.P99))
	return figure{Caption: fmt.Sprintf("Of the entries planned in each window of %s: the median, a strong band to the 95th percentile and a faint one to the 99th, and dots for the slowest entry. Windows are made of merged histograms, no percentile is an average, and no peak is left out. Confirm latency falls through each block: an entry waits for the next block to be saved.",
		spanText(r.Windows[0].ToS-r.Windows[0].FromS))}, c
}

// percentilePanel draws one stage. slowest is the window with the highest maximum.
func percentilePanel(windows []Window, stage string) (p panel, slowest WindowLatency, ok bool) {
	class, _, _ := strings.Cut(stageClass(stage), " ")
	to95 := mark{kind: markRibbon, class: "strong " + class}
	to99 := mark{kind: markRibbon, class: "faint " + class}
	p50 := mark{class: "thin " + class, label: "p50"}
	p95 := mark{class: class, label: "p95"}
	p99 := mark{class: "thin dash " + class, label: "p99"}
	highest := mark{kind: markDots, class: "fine " + class, label: "max"}
	lo, hi := math.Inf(1), 0.0
	for _, w := range windows {
		l, x := w.LatencyMS.stage(stage), (w.FromS+w.ToS)/2
		if l.Count == 0 {
			unknown := math.NaN()
			l.P50, l.P95, l.P99, l.Max = unknown, unknown, unknown, unknown
		} else {
			lo, hi, ok = min(lo, l.P50), max(hi, l.Max), true
			if l.Max > slowest.Max {
				slowest = l
			}
		}
		p50.at = append(p50.at, datum{x: x, y: l.P50})
		p95.at = append(p95.at, datum{x: x, y: l.P95})
		p99.at = append(p99.at, datum{x: x, y: l.P99})
		to95.at = append(to95.at, datum{x: x, y: l.P95, low: l.P50})
		to99.at = append(to99.at, datum{x: x, y: l.P99, low: l.P95})
		highest.at = append(highest.at, datum{x: x, y: l.Max})
	}
	if !ok {
		return panel{}, slowest, false
	}
	p.name, p.height = stage, 110
	p.y = latencyAxis(stage+" latency from the planned instant, logarithmic", lo, hi)
	p.marks = []mark{to99, to95, p50, p95, p99, highest}
	return p, slowest, true
}
