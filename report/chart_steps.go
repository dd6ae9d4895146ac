package report

import (
	"fmt"
	"html/template"
	"math"
)

// stepFigure draws the steps of an entry's way as a waterfall.
func stepFigure(r *Report) figure {
	f := figure{ID: "steps", Title: "Steps one after the other"}
	f.Wide, f.Narrow = drawSteps(r.Steps, wideFrame()), drawSteps(r.Steps, narrowFrame())
	if f.Wide == "" {
		f.Missing = "No latency was measured."
		return f
	}
	f.Caption = "Measured phases, on a logarithmic axis. A row begins at the median instant at which the step before had ended, and its strong bar goes to the median instant of its own end; the faint one goes on to the 95th percentile. The figures are what the step took by itself, of the entries that were seen at both of its ends. Medians of steps do not add up to the median of the whole."
	f.Summary = stepsDesc(r.Steps)
	f.Table.Head = []string{"step", "took, p50", "took, p95", "took, max", "ended at, p50", "ended at, p95"}
	for _, s := range r.Steps {
		took, at := s.TookMS, s.AtMS
		f.Table.Rows = append(f.Table.Rows, []string{shortText(s.Name),
			latText(took, took.P50), latText(took, took.P95), latText(took, took.Max), latText(at, at.P50), latText(at, at.P95)})
	}
	return f
}

// drawSteps draws a row a step: where it lies between the planned instant and the
// saved block, on a logarithmic axis.
func drawSteps(steps []Step, f frame) template.HTML {
	const row = 34.0
	left, top, over := 80.0, 4.0, 0.0
	right := f.width - 220
	if !f.direct { // the names and figures stand over the rows
		left, over, right = 10, 16, f.width-f.right
	}
	lo, hi, rows := math.Inf(1), 0.0, 0
	for _, s := range steps {
		if l := s.AtMS; l.Count > 0 {
			lo, hi, rows = min(lo, l.P50), max(hi, l.P95), rows+1
		}
	}
	if rows == 0 {
		return ""
	}
	axis := latencyAxis("time since the planned instant, logarithmic", lo, hi)
	x := axis.scale(left, right)
	bottom := top + (row+over)*float64(rows)

	var cv canvas
	cv.timeRow(axis, x, top, bottom, f.width)
	i, before := 0.0, axis.lo
	for _, s := range steps {
		if s.AtMS.Count == 0 {
			continue
		}
		y := top + (row+over)*i + over + row/2
		i++
		class := stepClass(s.Name)
		figures := "p50 " + latText(s.TookMS, s.TookMS.P50) + ", p95 " + latText(s.TookMS, s.TookMS.P95)
		if s.TookMS.Count == 0 {
			figures = "not known by itself"
		}
		if f.direct {
			cv.text(left-10, y+4, "label end", s.Name)
			cv.text(right+10, y+4, "label", figures)
		} else {
			cv.text(left, y-row/2+2, "label", s.Name+": "+figures)
		}
		from, mid, to := x.at(before), x.at(s.AtMS.P50), x.at(s.AtMS.P95)
		tip := fmt.Sprintf("%s: ended after %s (median), %s (p95)", s.Name, msText(s.AtMS.P50), msText(s.AtMS.P95))
		cv.rect("bar faint "+class, mid, y-5, max(to-mid, 1.5), 10, tip)
		cv.rect("bar "+class, min(from, mid-1.5), y-9, max(mid-from, 1.5), 18, tip)
		if i < float64(rows) {
			cv.path("leader", "M"+svgNum(mid)+" "+svgNum(y+9)+"v"+svgNum(row+over-18))
		}
		before = max(before, s.AtMS.P50)
	}
	return cv.svg("steps-"+f.suffix, "chart "+frameClass(f), f.width, bottom+2*lineHeight+8,
		"Steps of an entry one after the other", stepsDesc(steps))
}

// timeRow draws the grid and the axis of rows that share a horizontal axis.
func (cv *canvas) timeRow(a axis, x scale, top, bottom, width float64) {
	var labelled []tick
	for _, t := range a.ticks(int((x.to - x.from) / 50)) {
		class := "grid minor"
		if t.label != "" {
			class, labelled = "grid", append(labelled, t)
		}
		cv.path(class, "M"+svgNum(x.at(t.at))+" "+svgNum(top)+"V"+svgNum(bottom))
	}
	for _, t := range placeTicks(labelled, x) {
		half := textWidth(t.label)/2 + 2
		cv.text(min(max(x.at(t.at), half), width-half), bottom+lineHeight, "tick mid", t.label)
	}
	cv.path("axis", "M"+svgNum(x.from)+" "+svgNum(bottom)+"H"+svgNum(x.to))
	cv.text((x.from+x.to)/2, bottom+2*lineHeight+2, "axis-title mid", a.title)
}

func stepClass(step string) string {
	switch step {
	case "accept":
		return "c-accepted"
	case "confirm":
		return "c-confirmed"
	case "send":
		return "c-schedule"
	}
	return "c-sent"
}

func stepsDesc(steps []Step) string {
	desc := ""
	for _, s := range steps {
		if s.AtMS.Count > 0 {
			desc += fmt.Sprintf(" %s: took %s (median) and %s (95th percentile), and had ended %s after the planned instant (median).",
				s.Name, latText(s.TookMS, s.TookMS.P50), latText(s.TookMS, s.TookMS.P95), msText(s.AtMS.P50))
		}
	}
	return "What each step of an entry’s way took, in sequence." + desc
}
