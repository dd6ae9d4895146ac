package compare

import (
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/FactomProject/factom-load/report"
)

// A figureView is a chart and what the page says of it.
type figureView struct {
	ID, Title, Caption string
	Wide, Narrow       template.HTML
}

func view(p report.Plot, caption string) figureView {
	f := figureView{ID: p.ID, Title: p.Title, Caption: caption}
	f.Wide, f.Narrow = p.Draw()
	return f
}

// The looks of the sides: a solid line and a dashed one, so that it is not colour alone
// that tells them apart.
var (
	looks    = [2]string{"c-base", "c-candidate dash"}
	areas    = [2]string{"c-base", "c-candidate"}
	sideName = [2]string{string(Base), string(Candidate)}
)

// figures draws the charts, as far as there are data.
func (c *Comparison) figures() []figureView {
	var all []figureView
	if f, ok := c.intervalChart(); ok {
		all = append(all, f)
	}
	stage, _, _ := strings.Cut(c.Primary, ".")
	for _, s := range slices.Compact([]string{stage, "accept", "confirm"}) {
		if f, ok := c.timeChart(s); ok && !slices.ContainsFunc(all, func(have figureView) bool { return have.ID == f.ID }) {
			all = append(all, f)
		}
	}
	return append(all, c.distributionCharts(stage)...)
}

// intervalChart draws the primary metric's change with its bounds against the tolerance.
func (c *Comparison) intervalChart() (figureView, bool) {
	m := c.Metrics[0]
	if math.IsNaN(float64(m.Low)) || math.IsNaN(float64(m.High)) {
		return figureView{}, false
	}
	low, high, at, tolerance := float64(m.Low), float64(m.High), float64(m.Change), float64(m.Tolerance)
	base := math.Abs(float64(m.Base.Median))
	axis := report.PlotLinear
	if base > 0 {
		low, high, at, tolerance = low/base, high/base, at/base, tolerance/base
		axis = func(title string, lo, hi float64) report.PlotAxis { return report.PlotPercent(title, lo, hi, true) }
	}
	reach := 1.25 * max(math.Abs(low), math.Abs(high), math.Abs(at), tolerance, 1e-6)
	p := report.Plot{
		ID: "interval", Title: "Change of " + m.Name,
		Desc: fmt.Sprintf("The change of %s is %s, with bounds at %s; the tolerance reaches from −%s to +%s of the base. The verdict is %s.",
			m.Name, change(m, m.Change), boundsText(m), value(m.Unit, m.Tolerance), value(m.Unit, m.Tolerance), m.Verdict),
		X: axis("change of the candidate against the base", -reach, reach),
		Panels: []report.PlotPanel{{Y: report.PlotNothing(""), Height: 84, Series: []report.PlotSeries{
			{Kind: report.PlotRibbon, Class: "c-others", Label: "tolerance", At: []report.PlotPoint{{X: -tolerance, Y: 1}, {X: tolerance, Y: 1}}},
			{Class: "c-zero thin", At: []report.PlotPoint{{X: 0, Y: 0}, {X: 0, Y: 1}}},
			{Class: "c-candidate broad", Label: "95 % bounds", At: []report.PlotPoint{{X: low, Y: .5}, {X: high, Y: .5}}},
			{Kind: report.PlotDots, Class: "c-schedule", Label: "change", At: []report.PlotPoint{{X: at, Y: .5}}},
		}}},
	}
	return view(p, "It has changed where the whole bar is outside of the band, and is unchanged where the whole bar is within it. Each end of the bar has a confidence of 95 %."), true
}

// timeChart lays the runs of each side over each other, phase by phase: the middle one,
// and from the lowest to the highest.
func (c *Comparison) timeChart(stage string) (figureView, bool) {
	phases := c.phases()
	if len(phases) == 0 {
		return figureView{}, false
	}
	end := phases[len(phases)-1].EndS
	p := report.Plot{
		ID: "time-" + stage, Title: stage + " over time", Bands: report.PhaseBands(phases),
		X: report.PlotTime("time since the start of the load", 0, end),
	}
	for _, percentile := range []string{"p50", "p99"} {
		panel := report.PlotPanel{Height: 170}
		lo, hi := math.Inf(1), 0.0
		for side, runs := range c.curves {
			points := overlay(runs, phases, stage+"_"+percentile+"_ms", end)
			for _, at := range points {
				if !math.IsNaN(at.middle) {
					lo, hi = min(lo, at.low), max(hi, at.high)
				}
			}
			area := report.PlotSeries{Kind: report.PlotRibbon, Class: areas[side]}
			line := report.PlotSeries{Class: looks[side], Label: sideName[side]}
			for _, at := range points {
				area.At = append(area.At, report.PlotPoint{X: at.x, Y: at.high, Low: at.low})
				line.At = append(line.At, report.PlotPoint{X: at.x, Y: at.middle})
			}
			panel.Series = append(panel.Series, area, line)
		}
		if hi == 0 {
			continue
		}
		panel.Y = report.PlotLatency(percentile+" of "+stage+" latency, logarithmic", lo, hi)
		p.Panels = append(p.Panels, panel)
	}
	if len(p.Panels) == 0 {
		return figureView{}, false
	}
	p.Desc = fmt.Sprintf("The median and the 99th percentile of %s latency over the time of the load, of the base's and of the candidate's runs.", stage)
	return view(p, "Percentiles of the entries planned in each second, the runs aligned at the start of each phase. The line is the run in the middle of its side, the area reaches from the lowest run to the highest. Where a point stands for several seconds, the highest of each run counts."), true
}

// phases are those of the load, as the first run has them, from 0 on.
func (c *Comparison) phases() []report.Phase {
	for _, side := range c.curves {
		if len(side) == 0 {
			continue
		}
		load := loadPhases(side[0].r)
		out := slices.Clone(load)
		for i := range out {
			out[i].StartS, out[i].EndS = out[i].StartS-load[0].StartS, out[i].EndS-load[0].StartS
		}
		return out
	}
	return nil
}

// loadPhases are a run's phases without the setup.
func loadPhases(r *report.Report) []report.Phase {
	return slices.DeleteFunc(slices.Clone(r.Phases), func(p report.Phase) bool { return p.Name == "setup" })
}

// A spread is what the runs of a side had at a time.
type spread struct{ x, low, middle, high float64 }

// mostPoints is how many a line has at most.
const mostPoints = 300

// overlay lays a column of the runs' series over each other, phase by phase.
func overlay(runs []*measured, phases []report.Phase, column string, end float64) []spread {
	width := max(1, math.Ceil(end/mostPoints))
	buckets := make([][]float64, int(end/width)+1)
	for _, run := range runs {
		highest := make([]float64, len(buckets))
		at := slices.Index(run.r.Series.Columns, column)
		load := loadPhases(run.r)
		for _, row := range run.r.Series.Rows {
			if at < 0 || at >= len(row) || math.IsNaN(float64(row[at])) {
				continue
			}
			middle := float64(row[0]) + run.r.Series.IntervalS/2
			for i, p := range load[:min(len(load), len(phases))] {
				if middle < p.StartS || middle >= p.EndS {
					continue
				}
				if b := int((phases[i].StartS + middle - p.StartS) / width); b < len(highest) {
					highest[b] = max(highest[b], float64(row[at]))
				}
			}
		}
		for b, v := range highest {
			if v > 0 {
				buckets[b] = append(buckets[b], v)
			}
		}
	}
	points := make([]spread, len(buckets))
	for b, values := range buckets {
		points[b] = spread{x: min((float64(b)+.5)*width, end), low: math.NaN(), middle: math.NaN(), high: math.NaN()}
		if len(values) > 0 {
			slices.Sort(values)
			points[b].low, points[b].middle, points[b].high = values[0], values[len(values)/2], values[len(values)-1]
		}
	}
	return points
}

// distributionCharts draw a stage's latencies of all runs of a side together: by
// percentile, as shares of entries, and the difference of the sides by percentile.
func (c *Comparison) distributionCharts(stage string) []figureView {
	var sides [2]report.Merged
	least := int64(math.MaxInt64)
	for i, runs := range c.curves {
		var encoded []string
		for _, run := range runs {
			l, _ := latencyOf(run.r, stage)
			encoded = append(encoded, l.Histogram)
		}
		var err error
		if sides[i], err = report.Merge(encoded); err != nil || sides[i].Count() == 0 {
			return nil
		}
		least = min(least, sides[i].Count())
	}
	curve := report.Plot{ID: "percentiles", Title: stage + " by percentile"}
	share := report.Plot{ID: "shares", Title: stage + ": share of the entries below a latency"}
	at := report.Nines(200, least)
	end := at[len(at)-1]
	lo, hi := math.Inf(1), 0.0
	var lines, shares []report.PlotSeries
	difference := report.PlotSeries{Class: looks[1], Label: "difference"}
	for side, m := range sides {
		line := report.PlotSeries{Class: looks[side], Label: sideName[side]}
		below := line
		for _, q := range at {
			v := m.At(q)
			lo, hi = min(lo, v), max(hi, v)
			line.At = append(line.At, report.PlotPoint{X: q, Y: v})
			below.At = append(below.At, report.PlotPoint{X: v, Y: q})
		}
		lines, shares = append(lines, line), append(shares, below)
	}
	reach := usualTolerance
	for _, q := range at {
		d := sides[1].At(q)/sides[0].At(q) - 1
		reach = max(reach, math.Abs(d))
		difference.At = append(difference.At, report.PlotPoint{X: q, Y: d})
	}
	reach = min(1.1*reach, 10)

	words := fmt.Sprintf("The median is %s in the base and %s in the candidate, the 99th percentile %s and %s.",
		report.Milliseconds(sides[0].At(.5)), report.Milliseconds(sides[1].At(.5)), report.Milliseconds(sides[0].At(.99)), report.Milliseconds(sides[1].At(.99)))
	curve.Desc, share.Desc = "Latency by percentile, a curve a side. "+words, "The share of entries that took a time or less, a curve a side. "+words
	curve.X = report.PlotNines("percentile of the entries", end)
	curve.Panels = []report.PlotPanel{{Y: report.PlotLatency("latency, logarithmic", lo, hi), Height: 250, Series: lines}}
	share.X = report.PlotLatency("latency, logarithmic", lo, hi)
	share.Panels = []report.PlotPanel{{Y: report.PlotPercent("share of the entries", 0, 1, false), Height: 220, Series: shares}}
	by := report.Plot{
		ID: "difference", Title: stage + ": difference by percentile",
		Desc: "The candidate's latency against the base's at each percentile, in percent. " + words,
		X:    report.PlotNines("percentile of the entries", end),
		Panels: []report.PlotPanel{{Y: report.PlotPercent("candidate against base", -reach, reach, true), Height: 200, Series: []report.PlotSeries{
			{Class: "c-zero thin", At: []report.PlotPoint{{X: 0, Y: 0}, {X: end, Y: 0}}}, difference,
		}}},
	}
	const merged = "The entries of all runs of a side together, measured phases. "
	return []figureView{
		view(curve, merged+"Every step to the right has ten times fewer entries. The verdict does not go by these curves, but by the runs."),
		view(share, merged+"The empirical distribution of the latencies."),
		view(by, merged+"Above zero the candidate is slower. How far the runs of a side differ among themselves is not in this chart: the table has it."),
	}
}
