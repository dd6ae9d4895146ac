package compare

import (
	"cmp"
	"fmt"
	"io"
	"strings"

	"github.com/FactomProject/factom-load/internal/markdown"
	"github.com/FactomProject/factom-load/report"
)

// WriteMarkdown writes the comparison for people, the verdict first. What runs say of
// themselves is put in code spans, in which Markdown means nothing.
func WriteMarkdown(w io.Writer, c *Comparison) error {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n\n%s\n", c.heading(), words(c.Why))
	for _, note := range c.Notes {
		fmt.Fprintf(&b, "\n- %s", words(note))
	}
	if len(c.Notes) > 0 {
		b.WriteByte('\n')
	}
	markdownMetrics(&b, c)
	markdownAcceptances(&b, c)
	markdownAspects(&b, c)
	markdownRuns(&b, c)
	markdownNotes(&b, c)
	if _, err := io.WriteString(w, report.Legible(b.String())); err != nil {
		return fmt.Errorf("writing the comparison: %w", err)
	}
	return nil
}

func markdownMetrics(b *strings.Builder, c *Comparison) {
	b.WriteString("\n| metric | base | candidate | change | in % | 95 % bounds | p | n | tolerance | verdict |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|---|\n")
	for _, m := range c.Metrics {
		name := m.Name
		if m.Primary {
			name = "**" + name + "** (primary)"
		}
		bounds := change(m, m.Low) + " … " + change(m, m.High)
		if change(m, m.Low) == noFigure {
			bounds = noFigure
		}
		share := noFigure
		if m.Unit != Share {
			share = change(m, m.Change)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %s | %d, %d | ±%s | %s |\n",
			name, value(m.Unit, m.Base.Median), value(m.Unit, m.Candidate.Median), absolute(m, m.Change), share, bounds,
			pText(m.PCorrected), m.Base.N, m.Candidate.N, value(m.Unit, m.Tolerance), verdictCell(m))
	}
	b.WriteString("\nBase and candidate are the medians of their runs, the change is the median over all pairs of runs. Each bound has a confidence of 95 %. p is that of Mann-Whitney's U, corrected after Holm but for the primary metric.\n")
}

// verdictCell is a metric's verdict, with what was decided about it.
func verdictCell(m Metric) string {
	if m.Accepted == "" {
		return string(m.Verdict)
	}
	return fmt.Sprintf("%s, accepted until %s: %s", m.Verdict, m.AcceptedUntil, markdown.Text(m.Accepted, mostReason))
}

// mostReason is how many characters of a reason are told.
const mostReason = 500

func markdownAcceptances(b *strings.Builder, c *Comparison) {
	if len(c.Acceptances) == 0 {
		return
	}
	b.WriteString("\n| accepted difference | for | up to | until | reason | on " + c.AcceptedOn + " |\n|---|---|---|---|---|---|\n")
	for _, a := range c.Acceptances {
		fmt.Fprintf(b, "| %s (line %d) | %s | %s | %s | %s | %s |\n", a.Metric, a.Line, markdown.Text(a.isFor(), mostReason),
			cmp.Or(a.UpTo, "any"), a.Until, markdown.Text(a.Reason, mostReason), a.text())
	}
}

// text says what an acceptance came to, for a cell.
func (a Acceptance) text() string {
	state := "**" + string(a.State) + "**"
	if a.State == Applied || a.State == Elsewhere {
		state = string(a.State)
	}
	return state + ": " + markdown.Text(a.Why, mostReason)
}

func markdownAspects(b *strings.Builder, c *Comparison) {
	b.WriteString("\n| compared | base | candidate | |\n|---|---|---|---|\n")
	for _, a := range c.Aspects {
		of := func(count func(AspectValue) int) string {
			var list []string
			for _, v := range a.Values {
				if n := count(v); n > 0 {
					list = append(list, fmt.Sprintf("%s × %d", code(v.Value), n))
				}
			}
			return cmp.Or(strings.Join(list, ", "), noFigure)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s |\n", a.Name,
			of(func(v AspectValue) int { return v.Base }), of(func(v AspectValue) int { return v.Candidate }), a.text())
	}
}

// text says what it means that runs differ, or do not.
func (a Aspect) text() string {
	switch {
	case a.Same:
		return "same"
	case a.Weight == Required:
		return "**not comparable**"
	case a.Weight == Expected:
		return "differs, as expected"
	}
	return "**differs**"
}

func markdownRuns(b *strings.Builder, c *Comparison) {
	fmt.Fprintf(b, "\n| run | side | started (UTC) | factomd | verdict | %s | blocks | |\n|---|---|---|---|---|---:|---:|---|\n", c.Primary)
	for _, r := range c.Runs {
		left := ""
		if r.Excluded != "" {
			left = "**left out**: " + code(r.Excluded)
		}
		fmt.Fprintf(b, "| %s | %s | %s | %s | %s | %s | %d | %s |\n", code(r.Directory), r.Side, r.Started.Format("2006-01-02 15:04:05"),
			code(strings.Join(r.FactomdVersions, ", ")), r.Verdict, value(unitOf(c.Primary), r.Figures[c.Primary]), r.Blocks, left)
	}
}

// markdownNotes has what people said of the runs.
func markdownNotes(b *strings.Builder, c *Comparison) {
	before := "\nNotes:\n\n"
	for _, r := range c.Runs {
		for _, n := range report.Shown(r.Notes) {
			fmt.Fprintf(b, "%s- %s, %s UTC: %s\n", before, code(r.Directory), n.At.UTC().Format("2006-01-02 15:04:05"), code(n.Text))
			before = ""
		}
	}
}

// code puts a text of unknown content into a code span, words a sentence of ours that may
// quote others into text; both may stand in a cell.
func code(s string) string  { return markdown.Code(s, 200) }
func words(s string) string { return markdown.Text(s, 4000) }
