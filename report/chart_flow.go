package report

import (
	"fmt"
	"html/template"
	"math"
)

// A flowNode is one bar of the flow chart, of so many entries.
type flowNode struct {
	name  string
	class string
	count uint64
}

// A flowLink is a ribbon of entries from one bar to another.
type flowLink struct {
	from, to int
	count    uint64
}

// The bars of the flow chart, by column.
const (
	flowPlanned = iota
	flowSent
	flowConfirmed
	flowAccepted
	flowLost
	flowRejected
	flowFailed
	flowSkipped
	flowNodes
)

// entryFlow says how the planned entries came to their outcomes. Entries that
// failed before a byte of them was sent go to failed directly.
func entryFlow(t Totals) ([flowNodes]flowNode, []flowLink) {
	nodes := [flowNodes]flowNode{
		flowPlanned:   {"planned", "c-planned", t.Planned},
		flowSent:      {"sent", "c-sent", t.Sent},
		flowConfirmed: {"confirmed", "c-confirmed", t.Confirmed},
		flowAccepted:  {"accepted", "c-accepted", t.Accepted},
		flowLost:      {"lost", "c-bad", t.Lost},
		flowRejected:  {"rejected", "c-bad", t.Rejected},
		flowFailed:    {"failed", "c-bad", t.Failed},
		flowSkipped:   {"skipped", "c-planned", t.Skipped},
	}
	unsent := uint64(0)
	if known := t.Sent + t.Skipped + t.Pending; t.Planned > known {
		unsent = min(t.Planned-known, t.Failed)
	}
	links := []flowLink{
		{flowPlanned, flowSent, t.Sent},
		{flowSent, flowConfirmed, t.Confirmed},
		{flowSent, flowAccepted, t.Accepted},
		{flowSent, flowLost, t.Lost},
		{flowSent, flowRejected, t.Rejected},
		{flowSent, flowFailed, t.Failed - unsent},
		{flowPlanned, flowFailed, unsent},
		{flowPlanned, flowSkipped, t.Skipped},
	}
	return nodes, links
}

// flowWidth is the height of a bar or ribbon of count entries: in proportion,
// but never too thin to be seen.
func flowWidth(count, planned uint64, full float64) float64 {
	if count == 0 || planned == 0 {
		return 0
	}
	return max(full*min(float64(count)/float64(planned), 1), 2.5)
}

// drawFlow draws the flow from planned to the outcomes.
func drawFlow(t Totals, f frame) template.HTML {
	const (
		bar  = 12.0
		row  = 42.0 // least height of an outcome with its two-line label
		none = 24.0 // height of one that no entry has, with its line
		top  = 46.0
	)
	nodes, links := entryFlow(t)
	full := 170 * f.squash
	labels := 236.0
	if !f.direct {
		labels = 122
	}
	columns := [3]float64{8, (f.width - labels) / 2, f.width - labels - bar}

	// Outcomes stand below one another, each with room for its two-line label.
	var at [flowNodes]struct{ x, y, h float64 }
	y := top
	for i := flowConfirmed; i < flowNodes; i++ {
		h := flowWidth(nodes[i].count, t.Planned, full)
		at[i].x, at[i].h = columns[2], h
		if h == 0 {
			at[i].y = y + none/2
			y += none
			continue
		}
		at[i].y = y + max(0, (row-8-h)/2)
		y += max(h+10, row)
	}
	height := y + 4
	for i, x := range columns[:2] {
		h := 0.0
		for _, l := range links {
			if l.from == i {
				h += flowWidth(l.count, t.Planned, full)
			}
		}
		at[i].x, at[i].y, at[i].h = x, top, h
	}
	at[flowSent].h = max(at[flowSent].h, flowWidth(t.Sent, t.Planned, full))
	at[flowPlanned].h = max(at[flowPlanned].h, at[flowSent].h)

	var cv canvas
	var out, in [flowNodes]float64 // how much of each bar's sides is used
	for _, l := range links {
		w := flowWidth(l.count, t.Planned, full)
		if w == 0 {
			continue
		}
		a, b := at[l.from], at[l.to]
		x0, y0, x1, y1 := a.x+bar, a.y+out[l.from], b.x, b.y+in[l.to]
		out[l.from] += w
		in[l.to] += w
		class := "flow "
		if w < 8 {
			class = "flow slight "
		}
		cv.path(class+nodes[l.to].class, flowRibbon(x0, y0, x1, y1, w))
	}
	for i, n := range nodes {
		p := at[i]
		p.h = max(p.h, in[i])
		if n.count > 0 {
			cv.rect("bar "+n.class, p.x, p.y, bar, p.h, "")
		} else {
			cv.path("axis", "M"+svgNum(p.x)+" "+svgNum(p.y+p.h/2)+"h"+svgNum(bar))
		}
		share := percentText(n.count, t.Planned)
		if i <= flowSent {
			cv.text(max(p.x-4, 2), top-26, "flow-name", n.name)
			figure := countText(n.count)
			if i == flowSent {
				figure += " · " + share
			}
			cv.text(max(p.x-4, 2), top-10, "flow-figure", figure)
			continue
		}
		mid := p.y + p.h/2
		if n.count == 0 {
			cv.text(p.x+bar+8, mid+4, "flow-figure", "0 "+n.name)
			continue
		}
		cv.text(p.x+bar+8, mid-3, "flow-name", n.name)
		cv.text(p.x+bar+8, mid+13, "flow-figure", countText(n.count)+" · "+share)
	}
	return cv.svg("flow-"+f.suffix, "chart "+frameClass(f), f.width, height, "Entries from planned to outcome", flowText(t))
}

// flowRibbon is an S-shaped ribbon of constant height w.
func flowRibbon(x0, y0, x1, y1, w float64) string {
	mid := math.Round((x0 + x1) / 2)
	curve := func(toX, fromY, toY float64) string {
		return "C" + svgNum(mid) + " " + svgNum(fromY) + " " + svgNum(mid) + " " + svgNum(toY) + " " + svgNum(toX) + " " + svgNum(toY)
	}
	return "M" + svgNum(x0) + " " + svgNum(y0) + curve(x1, y0, y1) +
		"V" + svgNum(y1+w) + curve(x0, y1+w, y0+w) + "Z"
}

func flowText(t Totals) string {
	text := fmt.Sprintf("Of %s planned entries %s were sent and %s skipped. Outcomes: %s confirmed, %s accepted, %s lost, %s rejected, %s failed.",
		countText(t.Planned), countText(t.Sent), countText(t.Skipped),
		countText(t.Confirmed), countText(t.Accepted), countText(t.Lost), countText(t.Rejected), countText(t.Failed))
	if t.Pending > 0 {
		text += fmt.Sprintf(" %s have none yet.", countText(t.Pending))
	}
	return text
}
