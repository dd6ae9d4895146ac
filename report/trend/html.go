package trend

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/report"
)

//go:embed *.tmpl.html
var pageTemplates embed.FS

// mostRuns is how many runs the page shows, of all groups together: of each group the
// newest. trend.json has all of them.
const mostRuns = 1000

// mostVersions is how many versions of factomd the page names of a load.
const mostVersions = 40

// WriteHTML writes the trend as one HTML page that needs no network, no script and no
// file. link returns where the report of a run is, or an empty string. Every text may
// be hostile: it is escaped for its place.
func WriteHTML(w io.Writer, t *Trend, link func(GroupRun) string) error {
	templates, err := template.New("page.tmpl.html").Funcs(template.FuncMap{
		"count":   func(n int) string { return report.CountText(uint64(max(n, 0))) },
		"date":    dateText,
		"day":     func(t time.Time) string { return t.UTC().Format(time.DateOnly) },
		"runs":    runsText,
		"percent": func(share float64) string { return report.Figure(100*share) + " %" },
	}).ParseFS(pageTemplates, "*.tmpl.html")
	if err != nil {
		return fmt.Errorf("parsing the page's templates: %w", err)
	}
	var page bytes.Buffer
	if err := templates.Execute(&page, newPage(t, link)); err != nil {
		return fmt.Errorf("making the page: %w", err)
	}
	if _, err := io.WriteString(w, report.Legible(page.String())); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// linkTo links to the reports of the runs below root from a page in dir.
func linkTo(dir, root string) func(GroupRun) string {
	way := root
	if from, err := filepath.Abs(dir); err == nil {
		if to, err := filepath.Abs(root); err == nil {
			if rel, err := filepath.Rel(from, to); err == nil {
				way = rel
			}
		}
	}
	return func(r GroupRun) string {
		if !r.page {
			return ""
		}
		return (&url.URL{Path: filepath.ToSlash(filepath.Join(way, filepath.FromSlash(r.raw), report.HTMLFile))}).String()
	}
}

func dateText(t time.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// A page is what the template needs.
type page struct {
	T      *Trend
	Style  template.CSS
	Groups []groupView
}

// A groupView is how a group is shown. Cut is how many of its runs are not.
type groupView struct {
	G       Group
	ID      string
	Name    string
	Cut     int
	Metrics []metricView
	// Constant are of those metrics that had one value in all runs: there is nothing to
	// draw.
	Constant []constantView
	// Versions are of factomd, the newest first, if there are several.
	Versions []versionView
	Rows     []rowView // the newest first
	Odd      int       // runs that are not complete
}

type metricView struct {
	S            MetricSeries
	Newest       string
	Median       string
	Band         string
	Place        string
	Class        string
	Wide, Narrow template.HTML
	Changes      []changeView
	Better       string
}

type changeView struct {
	Change
	Size, Before, After, Judgement, Class string
}

type constantView struct{ Name, Value string }

type versionView struct {
	Version
	Cells []string // by metric
}

type rowView struct {
	GroupRun
	Link  string
	Cells []cellView
}

type cellView struct{ Text, Class string }

func newPage(t *Trend, link func(GroupRun) string) page {
	p := page{T: t, Style: template.CSS(report.Style())}
	for i, g := range t.Groups {
		shown := len(g.Runs)
		if t.Counts.Runs > mostRuns {
			shown = max(1, len(g.Runs)*mostRuns/t.Counts.Runs)
		}
		p.Groups = append(p.Groups, viewGroup(g, fmt.Sprintf("load-%d", i+1), len(g.Runs)-shown, link))
	}
	return p
}

func viewGroup(g Group, id string, cut int, link func(GroupRun) string) groupView {
	v := groupView{G: g, ID: id, Name: loadText(g.Scenario.Name, g.Network, g.Tag), Cut: cut}
	for i, s := range g.Metrics {
		if value, ok := s.constant(); ok {
			v.Constant = append(v.Constant, constantView{s.Name, s.metric.text(value)})
		}
		v.Metrics = append(v.Metrics, viewMetric(g, s, fmt.Sprintf("%s-%d", id, i+1), cut))
	}
	if len(g.Versions) > 1 {
		for _, version := range slices.Backward(g.Versions[max(0, len(g.Versions)-mostVersions):]) {
			row := versionView{Version: version}
			for _, s := range g.Metrics {
				text := report.Figure(math.NaN())
				if x, ok := version.Medians[s.Name]; ok {
					text = s.metric.text(x)
				}
				row.Cells = append(row.Cells, text)
			}
			v.Versions = append(v.Versions, row)
		}
	}
	for i := len(g.Runs) - 1; i >= cut; i-- {
		r := g.Runs[i]
		row := rowView{GroupRun: r, Link: link(r)}
		if !r.Complete {
			v.Odd++
		}
		for _, s := range g.Metrics {
			row.Cells = append(row.Cells, s.cell(i, r.Complete))
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// constant returns the value that all of several runs had.
func (s MetricSeries) constant() (value float64, ok bool) {
	value = float64(s.Values[0])
	for _, v := range s.Values {
		ok = float64(v) == value
		if !ok {
			return 0, false
		}
	}
	return value, len(s.Values) > 1
}

// cell is a value in the table of runs, marked where it is outside the band.
func (s MetricSeries) cell(i int, complete bool) cellView {
	v := float64(s.Values[i])
	c := cellView{Text: s.metric.text(v)}
	above, below := v > float64(s.High[i]), v < float64(s.Low[i]) // false of NaN
	switch {
	case !complete || !above && !below:
	case above:
		c.Text += " ▲"
	case below:
		c.Text += " ▼"
	}
	if complete && s.Judged && (above && !s.HigherIsBetter || below && s.HigherIsBetter) {
		c.Class = "bad"
	}
	return c
}

func viewMetric(g Group, s MetricSeries, id string, cut int) metricView {
	m := s.metric
	v := metricView{S: s, Newest: report.Figure(math.NaN()), Median: report.Figure(math.NaN()), Band: report.Figure(math.NaN()), Place: s.placeText(), Better: "lower is better"}
	if s.HigherIsBetter {
		v.Better = "higher is better"
	}
	if n := s.Newest; n != nil {
		v.Newest = m.text(n.Value)
		if n.Place != Unknown {
			v.Median, v.Band = m.text(float64(n.Median)), m.text(float64(n.Low))+" – "+m.text(float64(n.High))
		}
		if s.Judged && n.bad(s.HigherIsBetter) {
			v.Class = "bad"
		}
	}
	for _, c := range s.Changes {
		view := changeView{Change: c, Size: s.changeText(c), Before: m.text(c.Before), After: m.text(c.After)}
		switch {
		case !c.Matters:
			view.Judgement = "within the tolerance"
		case c.Worse && c.Lasts:
			view.Judgement, view.Class = "✗ worse, and lasts", "bad"
		case c.Worse:
			view.Judgement = "worse, and came back"
		case c.Lasts:
			view.Judgement, view.Class = "✓ better", "ok"
		default:
			view.Judgement = "better, and went back"
		}
		v.Changes = append(v.Changes, view)
	}
	if _, constant := s.constant(); !constant {
		v.Wide, v.Narrow = plotOf(g, s, id, v, cut).Draw()
	}
	return v
}

// mostBandPoints is how many points the band is drawn with: it moves slowly.
const mostBandPoints = 200

// plotOf draws a metric over the runs, from the first that is shown.
func plotOf(g Group, s MetricSeries, id string, v metricView, cut int) report.Plot {
	m := s.metric
	last := len(g.Runs) - 1
	days := "Jan 2"
	if g.Runs[last].Started.Sub(g.Runs[cut].Started) > 300*24*time.Hour {
		days = "2006-01"
	}
	p := report.Plot{
		ID: id, Title: s.Name + ", " + loadText(g.Scenario.Name, g.Network, g.Tag),
		X: report.PlotLabelled("runs in the order of their starts (UTC)", float64(cut)-0.5, float64(last)+0.5, false, true, func(x float64) string {
			i := min(max(int(math.Round(x)), 0), last)
			return g.Runs[i].Started.Format(days)
		}),
		Bands: versionBands(g, cut),
	}
	values := report.PlotSeries{Kind: report.PlotDots, Class: "fine c-sent", Label: "run"}
	odd := report.PlotSeries{Kind: report.PlotCrosses, Class: "thin c-planned"}
	usual := report.PlotSeries{Kind: report.PlotLine, Class: "thin dash c-accepted", Label: "median before"}
	ribbon := report.PlotSeries{Kind: report.PlotRibbon, Class: "faint c-accepted", Label: "band"}
	lo, hi := math.Inf(1), math.Inf(-1)
	see := func(v float64) {
		if !math.IsNaN(v) {
			lo, hi = min(lo, v), max(hi, v)
		}
	}
	every := (last-cut)/mostBandPoints + 1
	for i := cut; i <= last; i++ {
		x, y := float64(i), float64(s.Values[i])
		if !math.IsNaN(y) {
			see(y)
			if g.Runs[i].Complete {
				values.At = append(values.At, report.PlotPoint{X: x, Y: y})
			} else {
				odd.At = append(odd.At, report.PlotPoint{X: x, Y: y})
			}
		}
		if (i-cut)%every == 0 || i == last {
			high, low, middle := float64(s.High[i]), float64(s.Low[i]), float64(s.Median[i])
			see(high)
			see(low)
			usual.At = append(usual.At, report.PlotPoint{X: x, Y: middle})
			if math.IsNaN(middle) {
				high = math.NaN()
			}
			ribbon.At = append(ribbon.At, report.PlotPoint{X: x, Y: high, Low: low})
		}
	}
	if len(odd.At) > 0 {
		odd.Label = "not counted"
	}
	if math.IsInf(lo, 0) {
		lo, hi = 0, 1
	}
	// One night that took a hundred times as long must not flatten all others.
	log := lo > 0 && hi > 20*lo
	if !log {
		nonNegative := lo >= 0
		if lo, hi = report.RoundAxis(lo, hi); nonNegative {
			lo = max(lo, 0)
		}
	}
	p.Panels = []report.PlotPanel{{
		Y: report.PlotLabelled(s.Name+", "+v.Better, lo, hi, log, false, m.axisText()), Height: 190,
		Series: []report.PlotSeries{ribbon, usual, values, odd},
	}}
	p.Desc = fmt.Sprintf("A dot for each of %s: the newest is %s; the runs before it let expect %s, within %s.", runsText(last-cut+1), v.Newest, v.Median, v.Band)
	for _, c := range s.Changes {
		if c.Run >= cut {
			p.Events = append(p.Events, report.PlotEvent{At: float64(c.Run) - 0.5, Name: "change"})
			p.Desc += fmt.Sprintf(" Change point at %s: from %s to %s.", dateText(c.Started), m.text(c.Before), m.text(c.After))
		}
	}
	return p
}

// axisText writes values at an axis.
func (m Metric) axisText() func(float64) string {
	return func(v float64) string { return strings.ReplaceAll(m.text(v), " ", "\u00a0") }
}

// versionBands are the stretches of runs on the same versions of factomd. The names of
// very many would not be read.
func versionBands(g Group, cut int) []report.PlotBand {
	var bands []report.PlotBand
	for i := cut; i < len(g.Runs); i++ {
		name := g.Runs[i].Factomd
		if n := len(bands); n > 0 && bands[n-1].Name == name {
			bands[n-1].To = float64(i) + 0.5
			continue
		}
		bands = append(bands, report.PlotBand{Name: name, From: float64(i) - 0.5, To: float64(i) + 0.5})
	}
	if len(bands) > mostVersions {
		return nil
	}
	return bands
}
