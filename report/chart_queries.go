package report

import (
	"fmt"
	"html/template"
	"math"
)

// drawQueries draws a row a method: a bar from the median to the 99th percentile
// of its latency, with a stroke at the 95th, on a logarithmic axis.
func drawQueries(queries []Query, f frame) template.HTML {
	const row = 34.0
	left, top, over := 150.0, 4.0, 0.0
	if !f.direct { // there is no room beside a row: its name stands over it
		left, over = 10, 16
	}
	right := f.width - f.right
	lo, hi, desc := math.Inf(1), 0.0, ""
	for _, q := range queries {
		if l := q.LatencyMS; l.Count > 0 {
			lo, hi = min(lo, l.P50), max(hi, l.P99)
			desc += fmt.Sprintf(" %s: median %s, 95th percentile %s, 99th %s.", shortText(q.Method), msText(l.P50), msText(l.P95), msText(l.P99))
		}
	}
	if hi == 0 {
		return ""
	}
	axis := latencyAxis("latency from the planned instant, logarithmic", lo, hi)
	x := axis.scale(left, right)
	bottom := top + (row+over)*float64(len(queries))

	var cv canvas
	cv.timeRow(axis, x, top, bottom, f.width)
	for i, q := range queries {
		y := top + (row+over)*float64(i) + over + row/2
		name := shortText(q.Method)
		if f.direct {
			cv.text(left-10, y+4, "label end", fitText(name, left-12))
		} else {
			cv.text(left, y-row/2+2, "label", fitText(name, right-left))
		}
		l := q.LatencyMS
		if l.Count == 0 {
			cv.text(left+8, y+4, "tick", "no right answer")
			continue
		}
		from, to := x.at(l.P50), x.at(l.P99)
		cv.rect("bar c-others", from, y-6, max(to-from, 1.5), 12,
			fmt.Sprintf("%s: p50 %s, p95 %s, p99 %s", name, msText(l.P50), msText(l.P95), msText(l.P99)))
		cv.path("dot c-sent", "M"+svgNum(from)+" "+svgNum(y)+"h0")
		cv.path("line c-accepted", "M"+svgNum(x.at(l.P95))+" "+svgNum(y-9)+"v18")
		if f.direct {
			cv.text(right+10, y+4, "label", msText(l.P50)+" – "+msText(l.P99))
		}
	}
	return cv.svg("queries-"+f.suffix, "chart "+frameClass(f), f.width, bottom+2*lineHeight+8,
		"Latency of queries by method", "A bar from the median to the 99th percentile of each method."+desc)
}
