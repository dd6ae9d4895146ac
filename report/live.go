package report

import (
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strconv"
)

// The drawings need no script. Where scripts run, uPlot draws the charts over time
// from the same values, to zoom into and to hover over. See NOTICE for its licence.

//go:embed uplot/uPlot.iife.min.js
var uplotScript string

//go:embed uplot/uPlot.min.css
var uplotStyle string

//go:embed live.js
var liveScript string

// A live page has scripts. The zero value has none.
type live struct {
	Policy string // a part of the content security policy, with a space before it
	Style  template.CSS
	// Scripts are the data and the page's one script.
	Scripts template.HTML
}

// A liveChart is a chart over time as live.js reads it.
type liveChart struct {
	ID     string      `json:"id"`
	From   liveInstant `json:"from"`
	To     liveInstant `json:"to"`
	Bands  []liveBand  `json:"bands"` // the phases
	Events []liveEvent `json:"events"`
	Panels []livePanel `json:"panels"`
}

// A liveBand is a stretch of time with its name.
type liveBand struct {
	From liveInstant `json:"from"`
	To   liveInstant `json:"to"`
	Name string      `json:"name"`
}

// A liveEvent is an instant with its name.
type liveEvent struct {
	At   liveInstant `json:"at"`
	Name string      `json:"name"`
}

type livePanel struct {
	Title  string      `json:"title"`
	Height float64     `json:"height"`
	MS     bool        `json:"ms"` // logarithmic, in milliseconds
	Low    liveNumber  `json:"low"`
	High   liveNumber  `json:"high"`
	Tables []liveTable `json:"tables"`
}

// A liveTable has series with common instants.
type liveTable struct {
	X      []liveInstant `json:"x"`
	Series []liveSeries  `json:"series"`
}

// A liveSeries has values, and for a band its lower ends.
type liveSeries struct {
	Label string       `json:"label"`
	Class string       `json:"class"`
	Dots  bool         `json:"dots"`
	Y     []liveNumber `json:"y"`
	Low   []liveNumber `json:"low,omitempty"`
}

// A liveNumber has five significant digits, and is null where it is not known.
type liveNumber float64

// MarshalJSON implements [json.Marshaler].
func (n liveNumber) MarshalJSON() ([]byte, error) {
	if math.IsNaN(float64(n)) || math.IsInf(float64(n), 0) {
		return []byte("null"), nil
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(float64(n), 'g', 5, 64), 64)
	if err != nil {
		return nil, err
	}
	return strconv.AppendFloat(nil, rounded, 'f', -1, 64), nil
}

// A liveInstant is in seconds since the start of the run, to a millisecond.
type liveInstant float64

// MarshalJSON implements [json.Marshaler].
func (n liveInstant) MarshalJSON() ([]byte, error) {
	return strconv.AppendFloat(nil, math.Round(float64(n)*1e3)/1e3, 'f', -1, 64), nil
}

// liveOf makes what the scripts need for charts.
func liveOf(charts []chart) (live, error) {
	all := []liveChart{}
	for _, c := range charts {
		all = append(all, c.live())
	}
	if len(all) == 0 {
		return live{}, nil
	}
	data, err := json.Marshal(all) // escapes <, > and &, so that nothing in it ends the element
	if err != nil {
		return live{}, fmt.Errorf("encoding the charts' values: %w", err)
	}
	script := uplotScript + liveScript
	sum := sha256.Sum256([]byte(script))
	return live{
		Policy: " script-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'",
		Style:  template.CSS(uplotStyle),
		Scripts: template.HTML(`<script type="application/json" id="chart-data">` + string(data) + "</script>\n" +
			"<script>" + script + "</script>"),
	}, nil
}

func (c chart) live() liveChart {
	l := liveChart{ID: c.id, From: liveInstant(c.x.lo), To: liveInstant(c.x.hi), Bands: []liveBand{}, Events: []liveEvent{}}
	for _, b := range c.bands {
		l.Bands = append(l.Bands, liveBand{liveInstant(b.from), liveInstant(b.to), b.name})
	}
	for _, e := range c.events {
		l.Events = append(l.Events, liveEvent{liveInstant(e.at), e.name})
	}
	for _, p := range c.panels {
		n := livePanel{Title: p.y.title, Height: p.height, MS: p.y.warp != nil, Low: liveNumber(p.y.lo), High: liveNumber(p.y.hi)}
		for _, m := range p.marks {
			n.add(m)
		}
		l.Panels = append(l.Panels, n)
	}
	return l
}

// add puts a mark to the marks that have the same instants.
func (p *livePanel) add(m mark) {
	s := liveSeries{Label: m.label, Class: m.class, Dots: m.kind == markDots}
	var x []liveInstant
	last := math.Inf(-1)
	for _, d := range m.at {
		// Steps have two values at an instant, which uPlot does not know.
		last = max(math.Round(d.x*1e3)/1e3, last+1e-3)
		x = append(x, liveInstant(last))
		s.Y = append(s.Y, liveNumber(d.y))
		if m.kind == markRibbon {
			s.Low = append(s.Low, liveNumber(d.low))
		}
	}
	for i := range p.Tables {
		if slices.Equal(p.Tables[i].X, x) {
			p.Tables[i].Series = append(p.Tables[i].Series, s)
			return
		}
	}
	p.Tables = append(p.Tables, liveTable{x, []liveSeries{s}})
}
