package compare

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/FactomProject/factom-load/internal/infer"
	"github.com/FactomProject/factom-load/report"
)

//go:embed page.tmpl.html
var pageTemplate string

// A page is what the template needs beside the comparison.
type page struct {
	C       *Comparison
	Style   template.CSS
	Class   string // of the verdict's colour
	Icon    string
	Title   string // the scenario's name
	Primary Metric
	Figures []figureView
	Notes   []noteView
}

// A noteView is what a person said of a run.
type noteView struct{ Directory, At, Text string }

func (c *Comparison) noteViews() (all []noteView) {
	for _, r := range c.Runs {
		for _, n := range report.Shown(r.Notes) {
			all = append(all, noteView{short(r.Directory), n.At.UTC().Format("2006-01-02 15:04:05"), short(n.Text)})
		}
	}
	return all
}

// WriteHTML writes the comparison as one HTML page that needs nothing else, as that of
// a run. Every text of a run may be hostile: it is escaped for its place, and characters
// that could mislead are replaced.
func WriteHTML(w io.Writer, c *Comparison) error {
	t, err := template.New("page").Funcs(template.FuncMap{
		"value":    func(u Unit, v report.Number) string { return value(u, v) },
		"change":   change,
		"absolute": absolute,
		"p":        pText,
		"delta":    func(v report.Number) string { return report.Figure(float64(v)) },
		"bounds":   boundsText,
		"mark":     verdictMark,
		"short":    short,
		"join":     func(list []string) string { return short(strings.Join(list, ", ")) },
		"tags":     tagList,
		"isFor":    Acceptance.isFor,
		"unit":     unitOf,
		"figure":   func(r Run, name string) report.Number { return r.Figures[name] },
	}).Parse(pageTemplate)
	if err != nil {
		return fmt.Errorf("parsing the page's template: %w", err)
	}
	p := page{C: c, Style: template.CSS(report.Style() + pageStyle), Primary: c.Metrics[0], Title: c.title(), Figures: c.figures(), Notes: c.noteViews()}
	p.Class, p.Icon = verdictClass(c.Verdict)
	if c.Accepted {
		p.Class = "invalid" // the colour of a warning
	}
	var b bytes.Buffer
	if err := t.Execute(&b, p); err != nil {
		return fmt.Errorf("making the page: %w", err)
	}
	if _, err := io.WriteString(w, report.Legible(b.String())); err != nil {
		return fmt.Errorf("writing the page: %w", err)
	}
	return nil
}

// pageStyle is what the page has beside the style sheet of a run's.
const pageStyle = `
.c-base { color: var(--grey); }
.c-candidate { color: var(--blue); }
.c-zero { color: var(--strong-rule); }
.v { white-space: nowrap; font-weight: 600; }
`

// verdictClass is the colour of a verdict and its icon, by the names of a run's page.
func verdictClass(v infer.Verdict) (class, icon string) {
	switch v {
	case infer.Regressed:
		return "fail", "fail"
	case infer.Improved, infer.Unchanged:
		return "pass", "pass"
	}
	return "interrupted", "unknown"
}

// verdictMark stands before a verdict, so that colour is not all that tells it.
func verdictMark(v infer.Verdict) string {
	switch v {
	case infer.Regressed:
		return "✗"
	case infer.Improved:
		return "✓"
	case infer.Unchanged:
		return "="
	}
	return "?"
}

func (c *Comparison) title() string {
	for _, side := range c.curves {
		for _, run := range side {
			return short(run.r.Run.Scenario.Name)
		}
	}
	return "nothing to compare"
}

func boundsText(m Metric) string {
	low := change(m, m.Low)
	if low == noFigure {
		return noFigure
	}
	return low + " … " + change(m, m.High)
}

func tagList(tags map[string]string) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, key+" = "+tags[key])
	}
	return short(strings.Join(list, ", "))
}

// short cuts a text of unknown length.
func short(s string) string {
	const most = 300
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return s
}
