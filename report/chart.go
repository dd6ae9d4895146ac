package report

import (
	"html"
	"html/template"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// A chart is a static SVG drawing: panels one above the other that share the x
// axis. It is drawn once for wide and once for narrow screens; style.css shows
// the one that fits. Colours, dashes and fonts are style.css's too.
type chart struct {
	id     string // unique in the page
	title  string
	desc   string // what it shows, in words, for those who cannot see it
	x      axis
	bands  []band
	events []occurrence
	panels []panel
	// overTime says that x is the time of the run, in seconds.
	overTime bool
}

// An occurrence is a place on the x axis where something happened.
type occurrence struct {
	at   float64
	name string
}

// A panel is one plot with its own y axis.
type panel struct {
	name   string // what its marks are of, where several panels have the same ones
	y      axis
	height float64 // of the plot, in the wide drawing
	marks  []mark  // later ones are drawn over earlier ones
}

// An axis has a domain, its title with the unit, and its grid lines.
type axis struct {
	title  string
	lo, hi float64
	warp   warp
	ticks  func(n int) []tick   // n at most, or about so many
	format func(float64) string // of values in the chart's table; nil: a figure
}

func (a axis) scale(from, to float64) scale { return scale{a.lo, a.hi, from, to, a.warp} }

// A band is a stretch of the x axis: a phase.
type band struct {
	name     string
	from, to float64
	measured bool
}

// A mark is one series in a panel.
type mark struct {
	kind  markKind
	class string // its colour and dash, by the names of style.css
	label string // empty: no entry in the legend
	at    []datum
	width float64 // of bars, in units of x
	steps bool    // a value holds until the next
}

type markKind int

const (
	markLine    markKind = iota // y joined by a line, broken where y is NaN
	markRibbon                  // the area between low and y
	markBars                    // bars from low to y
	markDots                    // a dot at y
	markCrosses                 // a cross at y
	markTicks                   // a short stroke at y
	markStems                   // a thin line from low to y
)

// A datum is one value of a series, in units of the axes. low is used by the
// kinds that have an extent, tip is shown on hover.
type datum struct {
	x, y, low float64
	tip       string
}

// A frame is the room that a drawing has.
type frame struct {
	suffix string // of ids
	width  float64
	left   float64 // margin with the y axis' labels
	right  float64 // margin with the direct labels of series, if direct
	direct bool    // otherwise there is a legend above each panel
	squash float64 // of the panels' height
}

func wideFrame() frame {
	return frame{suffix: "w", width: 960, left: 62, right: 148, direct: true, squash: 1}
}

func narrowFrame() frame {
	return frame{suffix: "n", width: 360, left: 56, right: 10, squash: 0.8}
}

// The sizes of the drawings' text, in SVG units. charWidth is that of a wide
// font, since the reader's one is not known.
const (
	lineHeight = 16.0
	charWidth  = 6.7
)

func textWidth(s string) float64 { return charWidth * float64(utf8.RuneCountInString(s)) }

// draw returns the chart in one frame.
func (c chart) draw(f frame) template.HTML {
	var cv canvas
	x := c.x.scale(f.left, f.width-f.right)
	bands := joinBands(c.bands, int((f.width-f.left-f.right)/12))
	top := 2.0
	if len(bands) > 0 {
		top += 24
	}
	bottom := top
	type placed struct {
		panel
		legend      []legendItem
		head        float64 // top of the title line
		top, bottom float64
	}
	var rows []placed
	for _, p := range c.panels {
		r := placed{panel: p, head: bottom}
		r.top = bottom + lineHeight + 10
		if !f.direct {
			var lines int
			r.legend, lines = flowLegend(p.marks, f.width-12)
			r.top += float64(lines) * lineHeight
		}
		r.bottom = r.top + math.Round(p.height*f.squash)
		bottom = r.bottom + 12
		rows = append(rows, r)
	}
	height := bottom - 12 + 2*lineHeight + 8

	for _, r := range rows {
		cv.shade(bands, x, r.top, r.bottom)
	}
	cv.strip(bands, x, 2)
	xTicks := placeTicks(c.x.ticks(int((f.width-f.left-f.right)/90)+1), x)
	for i, r := range rows {
		y := r.y.scale(r.bottom, r.top)
		cv.text(2, r.head+lineHeight-2, "axis-title", r.y.title)
		for _, l := range r.legend {
			cv.swatch(l.x+6, r.head+lineHeight*float64(l.row+1)+8, l.mark)
			cv.text(l.x+30, r.head+lineHeight*float64(l.row+1)+12, "label", l.label)
		}
		cv.grid(r.y.ticks(min(int((r.bottom-r.top)/21), 7)), y, f.left, f.width-f.right)
		for _, t := range xTicks {
			cv.path("grid", "M"+svgNum(x.at(t.at))+" "+svgNum(r.top)+"V"+svgNum(r.bottom))
		}
		cv.events(c.events, x, r.top, r.bottom)
		cv.path("axis", "M"+svgNum(f.left)+" "+svgNum(r.bottom)+"H"+svgNum(f.width-f.right))
		for _, m := range r.marks {
			cv.mark(m, x, y)
		}
		if f.direct {
			cv.directLabels(r.marks, x, y, f.width-f.right)
		}
		if i == 0 {
			cv.eventHeads(c.events, x, r.top)
		}
		if i == len(rows)-1 {
			for _, t := range xTicks {
				at := min(x.at(t.at), f.width-textWidth(t.label)/2-2)
				cv.text(at, r.bottom+lineHeight, "tick mid", t.label)
			}
			cv.text((f.left+f.width-f.right)/2, r.bottom+2*lineHeight+2, "axis-title mid", c.x.title)
		}
	}
	return cv.svg(c.id+"-"+f.suffix, "chart "+frameClass(f), f.width, height, c.title, c.desc)
}

func frameClass(f frame) string {
	if f.direct {
		return "wide"
	}
	return "narrow"
}

// joinBands makes one band of more than most.
func joinBands(bands []band, most int) []band {
	if len(bands) <= most {
		return bands
	}
	all := band{name: countText(uint64(len(bands))) + " phases", from: bands[0].from, measured: true}
	for _, b := range bands {
		all.from, all.to = min(all.from, b.from), max(all.to, b.to)
	}
	return []band{all}
}

// shade marks every other band of a panel.
func (cv *canvas) shade(bands []band, x scale, top, bottom float64) {
	for i, b := range bands {
		from, to := x.at(b.from), x.at(b.to)
		if i%2 == 1 && to-from >= 1 {
			cv.rect("band", from, top, to-from, bottom-top, "")
		}
	}
}

// events marks instants through a panel.
func (cv *canvas) events(all []occurrence, x scale, top, bottom float64) {
	var d strings.Builder
	before := ""
	for _, e := range all {
		if at := svgNum(x.at(e.at)); at != before {
			d.WriteString("M" + at + " " + svgNum(top) + "V" + svgNum(bottom))
			before = at
		}
	}
	cv.path("event", d.String())
}

// eventHeads puts a triangle with their names over instants, one for those that are
// too near one another.
func (cv *canvas) eventHeads(all []occurrence, x scale, top float64) {
	for i := 0; i < len(all); {
		at, names, n := x.at(all[i].at), []string{}, 0
		for ; i < len(all) && x.at(all[i].at)-at < 8; i++ {
			n++
			if !slices.Contains(names, all[i].name) && len(names) < 5 {
				names = append(names, all[i].name)
			}
		}
		tip := strings.Join(names, ", ")
		if n > 1 {
			tip = countText(uint64(n)) + " events: " + tip
		}
		cv.b.WriteString(`<path class="event-head" d="M` + svgNum(at-4) + " " + svgNum(top-7) + `h8l-4 7Z"><title>` + html.EscapeString(tip) + `</title></path>`)
	}
}

// strip draws the bands in a row, with the names that have room.
func (cv *canvas) strip(bands []band, x scale, top float64) {
	for _, b := range bands {
		from, to := x.at(b.from), x.at(b.to)
		if to-from < 3 {
			continue
		}
		class := "phase"
		if !b.measured {
			class = "phase unmeasured"
		}
		cv.rect(class, from+.5, top+.5, to-from-1, 19, b.name)
		if name := fitText(b.name, to-from-8); name != "" {
			cv.text((from+to)/2, top+14, "label mid", name)
		}
	}
}

// fitText shortens a text to a width, or drops it where too little would be left.
func fitText(s string, width float64) string {
	if textWidth(s) <= width {
		return s
	}
	n := int(width/charWidth) - 1
	if n < 3 {
		return ""
	}
	return string([]rune(s)[:n]) + "…"
}

// placeTicks drops ticks whose labels would touch.
func placeTicks(all []tick, x scale) []tick {
	var placed []tick
	end := math.Inf(-1)
	for _, t := range all {
		half := textWidth(t.label) / 2
		if at := x.at(t.at); at-half > end {
			placed = append(placed, t)
			end = at + half + 8
		}
	}
	return placed
}

// spreadLabels moves labels apart to at least gap, keeping their order and staying
// in lo..hi as long as there is room for all.
func spreadLabels(at []float64, gap, lo, hi float64) []float64 {
	order := make([]int, len(at))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case at[a] < at[b]:
			return -1
		case at[a] > at[b]:
			return 1
		}
		return 0
	})
	out := slices.Clone(at)
	floor := lo
	for _, i := range order {
		out[i] = max(out[i], floor)
		floor = out[i] + gap
	}
	ceiling := hi
	for _, i := range slices.Backward(order) {
		out[i] = min(out[i], ceiling)
		ceiling = out[i] - gap
	}
	return out
}

// A legendItem is the place of one mark's swatch and label, by row.
type legendItem struct {
	mark
	x   float64
	row int
}

// flowLegend lays out a legend in lines of the given width. A series alone is
// named by its axis.
func flowLegend(marks []mark, width float64) (items []legendItem, lines int) {
	x := 0.0
	for _, m := range marks {
		if m.label == "" {
			continue
		}
		w := 34 + textWidth(m.label)
		if x > 0 && x+w > width {
			x, lines = 0, lines+1
		}
		items = append(items, legendItem{m, x, lines})
		x += w + 10
	}
	if len(items) < 2 {
		return nil, 0
	}
	return items, lines + 1
}

// A canvas collects the elements of one SVG. Positions have one decimal.
// Classes are the package's own; all other text is escaped here.
type canvas struct{ b strings.Builder }

func svgNum(v float64) string {
	return strconv.FormatFloat(math.Round(v*10)/10+0, 'f', -1, 64)
}

func (cv *canvas) path(class, d string) {
	if d != "" {
		cv.b.WriteString(`<path class="` + class + `" d="` + d + `"/>`)
	}
}

func (cv *canvas) rect(class string, x, y, w, h float64, tip string) {
	cv.b.WriteString(`<rect class="` + class + `" x="` + svgNum(x) + `" y="` + svgNum(y) + `" width="` + svgNum(max(w, 0)) + `" height="` + svgNum(max(h, 0)) + `"`)
	if tip == "" {
		cv.b.WriteString("/>")
		return
	}
	cv.b.WriteString("><title>" + html.EscapeString(tip) + "</title></rect>")
}

// text writes at x: from there, or as the classes mid and end say.
func (cv *canvas) text(x, y float64, class, s string) {
	cv.b.WriteString(`<text class="` + class + `" x="` + svgNum(x) + `" y="` + svgNum(y) + `">` + html.EscapeString(s) + `</text>`)
}

// grid draws the y axis: its lines and labels.
func (cv *canvas) grid(all []tick, y scale, left, right float64) {
	var major, minor strings.Builder
	for _, t := range all {
		at := y.at(t.at)
		d := "M" + svgNum(left) + " " + svgNum(at) + "H" + svgNum(right)
		if t.label == "" {
			minor.WriteString(d)
			continue
		}
		major.WriteString(d)
		cv.text(left-7, at+4, "tick end", t.label)
	}
	cv.path("grid minor", minor.String())
	cv.path("grid", major.String())
}

// mark draws one series.
func (cv *canvas) mark(m mark, x, y scale) {
	switch m.kind {
	case markLine:
		cv.path("line "+m.class, linePath(m.at, x, y))
	case markRibbon:
		cv.path("ribbon "+m.class, ribbonPath(m.at, x, y))
	case markBars:
		for _, d := range m.at {
			if !(d.y > d.low) {
				continue
			}
			from, to := x.at(d.x-m.width/2), x.at(d.x+m.width/2)
			top, bottom := y.at(d.y), y.at(d.low)
			top = min(top, bottom-1.5) // a single entry is still to be seen
			cv.rect("bar "+m.class, from, top, to-from, bottom-top, d.tip)
		}
	case markDots, markCrosses, markTicks, markStems:
		cv.path(map[markKind]string{markDots: "dot ", markCrosses: "cross ", markTicks: "line ", markStems: "stem "}[m.kind]+m.class, strokesPath(m, x, y))
	}
}

// linePath joins the points by straight lines; a NaN breaks the line, and a
// point alone becomes a dot. Points in the middle of a horizontal run are left
// out.
func linePath(at []datum, x, y scale) string {
	var b strings.Builder
	for known := range stretches(at) {
		b.WriteString("M" + svgNum(x.at(known[0].x)) + " " + svgNum(y.at(known[0].y)))
		if len(known) == 1 {
			b.WriteString("h0")
		}
		for j := 1; j < len(known); j++ {
			py := svgNum(y.at(known[j].y))
			if j < len(known)-1 && py == svgNum(y.at(known[j-1].y)) && py == svgNum(y.at(known[j+1].y)) {
				continue
			}
			b.WriteString("L" + svgNum(x.at(known[j].x)) + " " + py)
		}
	}
	return b.String()
}

// stretches yields the runs of points whose values are known.
func stretches(at []datum) iter.Seq[[]datum] {
	return func(yield func([]datum) bool) {
		for i := 0; i < len(at); i++ {
			if math.IsNaN(at[i].y) {
				continue
			}
			begin := i
			for i+1 < len(at) && !math.IsNaN(at[i+1].y) {
				i++
			}
			if !yield(at[begin : i+1]) {
				return
			}
		}
	}
}

// ribbonPath encloses the area between low and y, in one piece for each stretch
// of known values.
func ribbonPath(at []datum, x, y scale) string {
	var b strings.Builder
	for known := range stretches(at) {
		op := "M"
		for _, d := range known {
			b.WriteString(op + svgNum(x.at(d.x)) + " " + svgNum(y.at(d.y)))
			op = "L"
		}
		for _, d := range slices.Backward(known) {
			b.WriteString("L" + svgNum(x.at(d.x)) + " " + svgNum(y.at(d.low)))
		}
		b.WriteString("Z")
	}
	return b.String()
}

// strokesPath draws what stands at single points.
func strokesPath(m mark, x, y scale) string {
	var b strings.Builder
	for _, d := range m.at {
		if math.IsNaN(d.y) {
			continue
		}
		px, py := x.at(d.x), y.at(d.y)
		switch m.kind {
		case markDots:
			b.WriteString("M" + svgNum(px) + " " + svgNum(py) + "h0")
		case markCrosses:
			b.WriteString(crossPath(px, py))
		case markTicks:
			half := min(max((x.at(d.x+m.width/2)-x.at(d.x-m.width/2))/2, 2), 14)
			b.WriteString("M" + svgNum(px-half) + " " + svgNum(py) + "h" + svgNum(2*half))
		case markStems:
			b.WriteString("M" + svgNum(px) + " " + svgNum(py) + "V" + svgNum(y.at(d.low)))
		}
	}
	return b.String()
}

func crossPath(x, y float64) string {
	return "M" + svgNum(x-4) + " " + svgNum(y-4) + "l8 8m0 -8l-8 8"
}

// swatch draws a mark's sample, 18 wide, with its left end at x.
func (cv *canvas) swatch(x, y float64, m mark) {
	at := "M" + svgNum(x) + " " + svgNum(y)
	switch m.kind {
	case markRibbon:
		cv.rect("ribbon "+m.class, x, y-5, 18, 10, "")
	case markBars:
		cv.rect("bar "+m.class, x+4, y-5, 10, 10, "")
	case markDots:
		cv.path("dot "+m.class, "M"+svgNum(x+9)+" "+svgNum(y)+"h0")
	case markCrosses:
		cv.path("cross "+m.class, crossPath(x+9, y))
	default:
		cv.path("line "+m.class, at+"h18")
	}
}

// directLabels names each series at the right, at the height of its last known
// value, with a thin leader from there.
func (cv *canvas) directLabels(marks []mark, x, y scale, right float64) {
	var named []mark
	var ends []datum
	var at []float64
	for _, m := range marks {
		if m.label == "" {
			continue
		}
		for _, d := range slices.Backward(m.at) {
			if !math.IsNaN(d.y) {
				named, ends, at = append(named, m), append(ends, d), append(at, y.at(d.y))
				break
			}
		}
	}
	for i, to := range spreadLabels(at, lineHeight, y.to+4, y.from) {
		m := named[i]
		if m.kind == markLine {
			if px := x.at(ends[i].x); right-px > 3 || math.Abs(to-at[i]) > 3 {
				cv.path("leader", "M"+svgNum(px+2)+" "+svgNum(at[i])+"L"+svgNum(max(px+2, right))+" "+svgNum(at[i])+"L"+svgNum(right+9)+" "+svgNum(to))
			}
		}
		cv.swatch(right+12, to, m)
		cv.text(right+35, to+4, "label", m.label)
	}
}

// svg closes the drawing: an image with a title and a description.
func (cv *canvas) svg(id, class string, w, h float64, title, desc string) template.HTML {
	esc := html.EscapeString
	return template.HTML(`<svg class="` + class + `" role="img" aria-labelledby="` + id + `-t ` + id + `-d" viewBox="0 0 ` + svgNum(w) + ` ` + svgNum(h) + `">` +
		`<title id="` + id + `-t">` + esc(title) + `</title><desc id="` + id + `-d">` + esc(desc) + `</desc>` +
		cv.b.String() + `</svg>`)
}
