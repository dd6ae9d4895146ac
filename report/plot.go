package report

import (
	"html/template"
	"math"
)

// A Plot is a chart of one panel, for the other pages of this program: drawn as those
// of the report, with its style sheet's classes.
type Plot struct {
	ID, Title string
	Desc      string // what it shows, in words, for those who cannot see it
	X, Y      PlotAxis
	Height    float64 // of the wide drawing
	Bands     []PlotBand
	Events    []float64 // instants on the x axis
	Marks     []PlotMark
}

// A PlotAxis spans Lo to Hi, Lo < Hi.
type PlotAxis struct {
	Title  string
	Lo, Hi float64
	Log    bool                       // Lo > 0 then
	Whole  bool                       // it counts something: no grid line between whole numbers
	Label  func(value float64) string // of its grid lines
}

// A PlotBand is a stretch of the x axis with a name.
type PlotBand struct {
	Name     string
	From, To float64
}

// A PlotMark is one series.
type PlotMark struct {
	Kind  PlotKind
	Class string // its colour and dash, by the names of style.css
	Label string // empty: no entry in the legend
	At    []PlotPoint
}

// PlotKind is how a series is drawn.
type PlotKind int

// The kinds of marks.
const (
	PlotLine PlotKind = iota
	PlotRibbon
	PlotDots
	PlotCrosses
)

// A PlotPoint is one value, NaN where it is not known. Low is the lower end of a
// ribbon.
type PlotPoint struct{ X, Y, Low float64 }

// Draw draws a plot for wide and for narrow screens.
func (p Plot) Draw() (wide, narrow template.HTML) {
	c := chart{id: p.ID, title: p.Title, desc: p.Desc, x: p.X.axis(), events: p.Events}
	for _, b := range p.Bands {
		c.bands = append(c.bands, band{b.Name, b.From, b.To, true})
	}
	inner := panel{y: p.Y.axis(), height: p.Height}
	for _, m := range p.Marks {
		kind := map[PlotKind]markKind{PlotLine: markLine, PlotRibbon: markRibbon, PlotDots: markDots, PlotCrosses: markCrosses}[m.Kind]
		at := make([]datum, len(m.At))
		for i, d := range m.At {
			at[i] = datum{x: d.X, y: d.Y, low: d.Low}
		}
		inner.marks = append(inner.marks, mark{kind: kind, class: m.Class, label: m.Label, at: at})
	}
	c.panels = []panel{inner}
	return c.draw(wideFrame()), c.draw(narrowFrame())
}

func (a PlotAxis) axis() axis {
	if a.Log {
		lo, hi := logDomain(a.Lo, a.Hi)
		return axis{title: a.Title, lo: lo, hi: hi, warp: math.Log10, ticks: func(n int) []tick { return logTicks(lo, hi, n, a.Label) }}
	}
	return axis{title: a.Title, lo: a.Lo, hi: a.Hi, ticks: func(n int) []tick {
		step := niceStep(a.Hi-a.Lo, n)
		if a.Whole {
			step = max(step, 1)
		}
		return stepTicks(a.Lo, a.Hi, step, a.Label)
	}}
}

// RoundAxis widens lo to hi to round figures, and to some room between them.
func RoundAxis(lo, hi float64) (from, to float64) {
	if room := max(math.Abs(lo), math.Abs(hi)) / 20; !(hi-lo > room) {
		lo, hi = lo-room, hi+room
	}
	if !(hi > lo) {
		return 0, 1
	}
	step := niceStep(hi-lo, 6)
	return step * math.Floor(lo/step+1e-9), step * math.Ceil(hi/step-1e-9)
}
