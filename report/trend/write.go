package trend

import (
	"fmt"
	"io"
	"math"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/FactomProject/factom-load/report"
)

// The files of a trend.
const (
	JSONFile = "trend.json"
	HTMLFile = "trend.html"
)

// WriteJSON writes trend.json.
func WriteJSON(w io.Writer, t *Trend) error { return report.EncodeJSON(w, JSONFile, t) }

// WriteFiles writes both files into a directory, each whole or not at all. The page
// links to the reports of the runs below root.
func WriteFiles(dir, root string, t *Trend) error {
	return report.WriteAll(dir,
		report.File{Name: JSONFile, Write: func(w io.Writer) error { return WriteJSON(w, t) }},
		report.File{Name: HTMLFile, Write: func(w io.Writer) error { return WriteHTML(w, t, linkTo(dir, root)) }})
}

// WriteTable writes what there is to know at once, for a terminal.
func WriteTable(out io.Writer, t *Trend) error {
	var b strings.Builder
	c := t.Counts
	loads := "1 load"
	if n := len(t.Groups); n != 1 {
		loads = fmt.Sprintf("%d loads", n)
	}
	fmt.Fprintf(&b, "%s  %s of %s", strings.ToUpper(string(t.Verdict)), runsText(c.Runs), loads)
	for _, part := range []struct {
		n    int
		text string
	}{{c.Invalid, "invalid"}, {c.Interrupted, "interrupted"}, {c.InProgress, "in progress"}, {c.Killed, "killed"}, {c.Problems, "left out with a problem"}} {
		if part.n > 0 {
			fmt.Fprintf(&b, ", %d %s", part.n, part.text)
		}
	}
	b.WriteString("\n")
	for _, w := range t.Worse {
		fmt.Fprintf(&b, "worse     %s\n          since %s\n", w, w.Path)
	}
	for _, g := range t.Groups {
		g.table(&b)
	}
	_, err := io.WriteString(out, b.String())
	return err
}

// String is the reason with what it is of.
func (w Worse) String() string {
	return loadText(w.Scenario.Name, w.Network, w.Tag) + ": " + w.Why
}

func loadText(scenario, network, tag string) string {
	text := scenario + " on " + network
	if tag != "" {
		text += ", " + tag
	}
	return text
}

func (g Group) table(b *strings.Builder) {
	fmt.Fprintf(b, "\n%s, scenario %.8s, %s", loadText(g.Scenario.Name, g.Network, g.Tag), g.Scenario.SHA256, runsText(len(g.Runs)))
	newest := g.Runs[len(g.Runs)-1]
	fmt.Fprintf(b, ", the newest of %s", newest.Started.Format(time.DateOnly))
	if newest.Factomd != "" {
		fmt.Fprintf(b, " with factomd %s", newest.Factomd)
	}
	if !g.Current {
		b.WriteString("; the scenario has changed since\n")
		return
	}
	b.WriteString("\n")
	if n := g.complete(); n <= minWindow {
		fmt.Fprintf(b, "no band yet: that takes %d complete runs before the newest one, and there are %d in all\n", minWindow, n)
	}
	w := tabwriter.NewWriter(b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "metric\tnewest\tmedian before\tband\t\tchanges\t")
	for _, s := range g.Metrics {
		n := s.Newest
		if n == nil {
			continue
		}
		m := s.metric
		expected := ""
		if n.Place != Unknown {
			expected = m.text(float64(n.Low)) + " – " + m.text(float64(n.High))
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t\n", s.Name, m.text(n.Value), m.text(float64(n.Median)), expected, s.placeText(), s.changesText())
	}
	w.Flush() // to a strings.Builder: cannot fail
}

// complete counts the runs of the statistics.
func (g Group) complete() (n int) {
	for _, v := range g.Versions {
		n += v.Runs
	}
	return n
}

// placeText says where the newest value is, if it is not where it was expected.
func (s MetricSeries) placeText() string {
	switch n := s.Newest; {
	case n == nil || n.Place == Unknown:
		return "too few runs"
	case n.Place == Inside:
		return "inside"
	case n.bad(s.HigherIsBetter):
		return string(n.Place) + ": worse"
	default:
		return string(n.Place) + ": better"
	}
}

// changesText names the newest changes that matter.
func (s MetricSeries) changesText() string {
	const most = 2
	var list []string
	for _, c := range s.Changes {
		if c.Matters {
			list = append(list, fmt.Sprintf("%s %s ago", s.changeText(c), runsText(c.RunsAgo)))
		}
	}
	if more := len(list) - most; more > 0 {
		list = append([]string{fmt.Sprintf("%d older", more)}, list[more:]...)
	}
	return strings.Join(list, ", ")
}

// changeText writes the size of a change.
func (s MetricSeries) changeText(c Change) string {
	if p := float64(c.Percent); !math.IsNaN(p) {
		return signedPercent(p)
	}
	return s.metric.text(c.Before) + " → " + s.metric.text(c.After)
}
