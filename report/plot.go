package report

import (
	"fmt"
	"html/template"
	"math"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A Plot is a chart of another page than a run's, drawn as those of a run are: static,
// for wide and for narrow screens.
type Plot struct {
	ID    string // unique in the page
	Title string
	Desc  string // what it shows, in words
	X     PlotAxis
	// Bands are drawn above the x axis, and Events are marked on it.
	Bands  []PlotBand
	Events []PlotEvent
	Panels []PlotPanel
}

// A PlotBand is a stretch of the x axis with a name.
type PlotBand struct {
	Name     string
	From, To float64
	Quiet    bool // as a phase that is not measured
}

// A PlotEvent is a mark on the x axis.
type PlotEvent struct {
	At   float64
	Name string
}

// PhaseBands are phases over a time axis.
func PhaseBands(phases []Phase) (bands []PlotBand) {
	for _, p := range phases {
		bands = append(bands, PlotBand{shortText(p.Name), p.StartS, p.EndS, !p.Measured})
	}
	return bands
}

// A PlotPanel is one of the plots of a chart, one above the other.
type PlotPanel struct {
	Y      PlotAxis
	Height float64
	Series []PlotSeries // later ones are drawn over earlier ones
}

// A PlotAxis is made by one of the functions below.
type PlotAxis struct{ axis axis }

// PlotTime is an axis of seconds.
func PlotTime(title string, lo, hi float64) PlotAxis {
	return PlotAxis{axis{title: title, lo: lo, hi: max(hi, lo+1), ticks: func(n int) []tick {
		step := timeStep(max(hi, lo+1)-lo, n)
		return stepTicks(lo, max(hi, lo+1), step, clockText(step))
	}}}
}

// PlotNines is an axis of percentiles as fractions, evenly spaced by their nines, up to
// one below 1.
func PlotNines(title string, end float64) PlotAxis {
	return PlotAxis{axis{title: title, hi: end, warp: nines, ticks: func(int) []tick { return ninesTicks(end) }}}
}

// PlotLatency is a logarithmic axis of milliseconds.
func PlotLatency(title string, lo, hi float64) PlotAxis { return PlotAxis{latencyAxis(title, lo, hi)} }

// PlotPercent is an axis of shares, written in percent; sign writes a plus, too.
func PlotPercent(title string, lo, hi float64, sign bool) PlotAxis {
	if !(hi > lo) {
		lo, hi = lo-0.01, lo+0.01
	}
	label := func(v float64) string {
		text := trimText(100*v) + " %"
		if sign && v > 0 {
			text = "+" + text
		}
		return text
	}
	return PlotAxis{axis{title: title, lo: lo, hi: hi, ticks: func(n int) []tick {
		return stepTicks(lo, hi, niceStep(hi-lo, n), label)
	}}}
}

// PlotLinear is an axis of plain figures.
func PlotLinear(title string, lo, hi float64) PlotAxis {
	if !(hi > lo) {
		lo, hi = lo-1, lo+1
	}
	return PlotAxis{axis{title: title, lo: lo, hi: hi, ticks: func(n int) []tick {
		return stepTicks(lo, hi, niceStep(hi-lo, n), trimText)
	}}}
}

// PlotLabelled is an axis whose grid lines are named by label: logarithmic, which wants lo
// above 0, or linear; whole has none between whole numbers.
func PlotLabelled(title string, lo, hi float64, logarithmic, whole bool, label func(float64) string) PlotAxis {
	if logarithmic {
		lo, hi := logDomain(lo, hi)
		return PlotAxis{axis{title: title, lo: lo, hi: hi, warp: math.Log10, ticks: func(n int) []tick { return logTicks(lo, hi, n, label) }}}
	}
	return PlotAxis{axis{title: title, lo: lo, hi: hi, ticks: func(n int) []tick {
		step := niceStep(hi-lo, n)
		if whole {
			step = max(step, 1)
		}
		return stepTicks(lo, hi, step, label)
	}}}
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

// PlotNothing is an axis from 0 to 1 without a scale.
func PlotNothing(title string) PlotAxis {
	return PlotAxis{axis{title: title, hi: 1, ticks: func(int) []tick { return nil }}}
}

// A PlotSeries is a line, the area between Low and Y, or dots or crosses. Where Y is NaN there is
// a gap.
type PlotSeries struct {
	Kind  PlotKind
	Class string // of the style sheet: colour, dash
	Label string // empty: it is not named
	At    []PlotPoint
}

// A PlotKind is how a series is drawn.
type PlotKind int

// The kinds of series.
const (
	PlotLine PlotKind = iota
	PlotRibbon
	PlotDots
	PlotCrosses
)

// A PlotPoint is one value.
type PlotPoint struct{ X, Y, Low float64 }

// Draw returns the drawings for wide and for narrow screens.
func (p Plot) Draw() (wide, narrow template.HTML) {
	c := chart{id: p.ID, title: p.Title, desc: p.Desc, x: p.X.axis}
	for _, e := range p.Events {
		c.events = append(c.events, occurrence{e.At, e.Name})
	}
	for _, b := range p.Bands {
		c.bands = append(c.bands, band{b.Name, b.From, b.To, !b.Quiet})
	}
	for _, from := range p.Panels {
		to := panel{y: from.Y.axis, height: from.Height}
		for _, s := range from.Series {
			m := mark{kind: [...]markKind{markLine, markRibbon, markDots, markCrosses}[s.Kind], class: s.Class, label: s.Label}
			for _, at := range s.At {
				m.at = append(m.at, datum{x: at.X, y: at.Y, low: at.Low})
			}
			to.marks = append(to.marks, m)
		}
		c.panels = append(c.panels, to)
	}
	return c.draw(wideFrame()), c.draw(narrowFrame())
}

// Merged are the latencies of several runs together.
type Merged struct{ h *hdrhistogram.Histogram }

// Merge merges histograms of a report, and leaves those out that have nothing.
func Merge(encoded []string) (Merged, error) {
	m := Merged{hdrhistogram.New(histogramMin, histogramMax, histogramDigits)}
	for _, text := range encoded {
		if text == "" {
			continue
		}
		h, err := decodeHistogram(text)
		if err != nil {
			return m, err
		}
		if dropped := m.h.Merge(h); dropped > 0 {
			return m, fmt.Errorf("merging a histogram: %d values are out of range", dropped)
		}
	}
	return m, nil
}

// Count is how many latencies there are.
func (m Merged) Count() int64 { return m.h.TotalCount() }

// At returns the latency in milliseconds that a share of them, 0 to 1, does not exceed.
func (m Merged) At(share float64) float64 {
	return max(float64(m.h.ValueAtQuantile(100*share))/1e6, 1e-3)
}

// Nines returns n percentiles, as fractions, evenly spaced by their nines from 0 to the
// last one that so many values tell.
func Nines(n int, values int64) []float64 {
	end := nines(1 - 1/float64(max(values, 10)))
	list := make([]float64, n)
	for i := range list {
		list[i] = 1 - math.Pow(10, -end*float64(i)/float64(n-1))
	}
	return list
}
