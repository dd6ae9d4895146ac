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
	// Phases are drawn above a time axis.
	Phases []Phase
	Panels []PlotPanel
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

// PlotNothing is an axis from 0 to 1 without a scale.
func PlotNothing(title string) PlotAxis {
	return PlotAxis{axis{title: title, hi: 1, ticks: func(int) []tick { return nil }}}
}

// A PlotSeries is a line, the area between Low and Y, or dots. Where Y is NaN there is
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
)

// A PlotPoint is one value.
type PlotPoint struct{ X, Y, Low float64 }

// Draw returns the drawings for wide and for narrow screens.
func (p Plot) Draw() (wide, narrow template.HTML) {
	c := chart{id: p.ID, title: p.Title, desc: p.Desc, x: p.X.axis}
	for _, phase := range p.Phases {
		c.bands = append(c.bands, band{shortText(phase.Name), phase.StartS, phase.EndS, phase.Measured})
	}
	for _, from := range p.Panels {
		to := panel{y: from.Y.axis, height: from.Height}
		for _, s := range from.Series {
			m := mark{kind: [...]markKind{markLine, markRibbon, markDots}[s.Kind], class: s.Class, label: s.Label}
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
