package report

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/FactomProject/factom-load/internal/markdown"
)

// maxMarkdown is the most bytes that the summary has. GitHub takes comments of 65,536
// characters, and 1 MiB of summaries from one step.
const maxMarkdown = 60_000

// The most lines that the summary has of a kind.
const (
	mostMarkdownItems  = 20
	mostMarkdownErrors = 10
)

// WriteMarkdown writes what one must know of a run, for a pull request or a job's
// summary. Texts from elsewhere cannot break out of their places: see package markdown.
func WriteMarkdown(w io.Writer, r *Report) error {
	m := &digest{most: maxMarkdown}
	m.verdict(r)
	m.figures(r)
	m.latencies(r)
	m.thresholds(r)
	m.lost(r)
	m.findings(r)
	m.errors(r)
	m.line("")
	m.line("All of it is in %s and %s of the run's directory.", code(HTMLFile), code(JSONFile))
	if _, err := io.WriteString(w, m.text()); err != nil {
		return fmt.Errorf("writing the Markdown summary: %w", err)
	}
	return nil
}

// digest is a text of whole lines that ends before it gets too long.
type digest struct {
	strings.Builder
	most int
	full bool
}

const markdownCut = "\n(cut: it would be too long)\n"

func (m *digest) line(format string, args ...any) {
	line := fmt.Sprintf(format, args...) + "\n"
	if m.full = m.full || m.Len()+len(line)+len(markdownCut) > m.most; !m.full {
		m.WriteString(line)
	}
}

func (m *digest) text() string {
	if m.full {
		return m.String() + markdownCut
	}
	return m.String()
}

func (m *digest) verdict(r *Report) {
	verdict := strings.ToUpper(string(r.Verdict))
	if r.Run.Partial {
		verdict = "in progress"
	}
	m.line("### factom-load: %s, %s", prose(verdict), code(r.Run.Scenario.Name))
	m.line("")
	m.line("%s", prose(r.VerdictWhy))
	m.line("")
}

// some has the first of n items written, and says how many more of them there are.
func (m *digest) some(n int, what string, write func(i int)) {
	for i := range min(n, mostMarkdownItems) {
		write(i)
	}
	if n > mostMarkdownItems {
		m.line("- and %d more %s", n-mostMarkdownItems, what)
	}
}

func (m *digest) figures(r *Report) {
	t := r.Totals
	m.line("- run %s, %s UTC, %s", code(r.Run.ID), utcText(r.Run.Started), spanText(max(0, r.Run.Ended.Sub(r.Run.Started).Seconds())))
	m.line("- network %s, %s s blocks, factomd %s", code(r.Network.Name), figureText(r.Network.BlockSeconds), code(versions(r.Network.Endpoints)))
	keys := slices.Sorted(maps.Keys(r.Run.Tags))
	m.some(len(keys), "tags", func(i int) { m.line("- tag %s: %s", code(keys[i]), code(r.Run.Tags[keys[i]])) })
	m.some(len(r.Run.Notes), "notes", func(i int) {
		n := r.Run.Notes[i]
		m.line("- note of %s UTC: %s", utcText(n.At), code(n.Text))
	})
	if r.Load.Closed() {
		m.line("- a closed loop (%s), which hides how long others would have waited", prose(loopText(r.Load)))
	}
	sum := fmt.Sprintf("%s planned = %s confirmed + %s accepted + %s lost + %s rejected + %s failed + %s skipped",
		countText(t.Planned), countText(t.Confirmed), countText(t.Accepted), countText(t.Lost), countText(t.Rejected), countText(t.Failed), countText(t.Skipped))
	if t.Pending > 0 {
		sum += " + " + countText(t.Pending) + " pending"
	}
	m.line("- entries: %s", sum)
	m.line("- rates: %s planned, %s sent, %s confirmed", rateText(r.Rates.PlannedPerS), rateText(r.Rates.SentPerS), rateText(r.Rates.ConfirmedPerS))
	if r.Search != nil {
		if rate, ok := r.Search.knee(); ok {
			m.line("- the highest rate that held: %s", offeredText(rate))
		}
	}
	if q := r.QueriesTotal; q.Count > 0 {
		m.line("- queries: %s = %s right + %s wrong + %s failed", countText(q.Count), countText(q.Right), countText(q.Wrong), countText(q.Failed))
	}
}

func (m *digest) latencies(r *Report) {
	m.line("")
	m.line("| latency from the planned instant | count | p50 | p95 | p99 | max |")
	m.line("|---|--:|--:|--:|--:|--:|")
	for _, row := range plannedStages(r.LatencyMS) {
		l := row.Latency
		m.line("| %s: %s | %s | %s | %s | %s | %s |", row.Name, row.Until, countText(l.Count), latText(l, l.P50), latText(l, l.P95), latText(l, l.P99), latText(l, l.Max))
	}
}

func (m *digest) thresholds(r *Report) {
	if len(r.Thresholds) == 0 {
		return
	}
	failed, met := "**FAILED**", "ok"
	m.line("")
	if r.judged() {
		m.line("**Thresholds**")
	} else {
		m.line("**Thresholds**, which are not judged")
		failed, met = "does not hold:", "holds:"
	}
	m.line("")
	// What failed comes first: it is never what gets cut.
	for _, ok := range []bool{false, true} {
		for _, t := range r.Thresholds {
			if t.OK == ok {
				word := met
				if !ok {
					word = failed
				}
				m.line("- %s %s: %s", word, code(t.Expression), measuredText(t.Expression, t.Value, r.Network.BlockSeconds))
			}
		}
	}
}

func (m *digest) lost(r *Report) {
	if r.Totals.Lost == 0 {
		return
	}
	m.line("")
	m.line("**Lost**: %s", countText(r.Totals.Lost))
	m.line("")
	shown := r.Audit.Lost[:min(len(r.Audit.Lost), mostMarkdownItems)]
	for _, e := range shown {
		m.line("- %s in chain %s, planned at %s: %s", code(e.Hash), code(e.ChainID), secondsText(e.PlannedS), stageText(e.Stage))
	}
	if n := r.Totals.Lost - min(r.Totals.Lost, uint64(len(shown))); n > 0 {
		m.line("- and %s more", countText(n))
	}
}

func (m *digest) findings(r *Report) {
	all := slices.Concat(r.Integrity.Findings, r.Findings)
	if len(all) == 0 {
		return
	}
	m.line("")
	m.line("**Findings**: what a node did and must not do")
	m.line("")
	for _, f := range all[:min(len(all), mostMarkdownErrors)] {
		m.line("- %s × %s, %s: %s", countText(f.Count), code(f.Kind), code(f.Name), code(f.Detail))
	}
	if n := len(all) - mostMarkdownErrors; n > 0 {
		m.line("- and %d more kinds", n)
	}
}

func (m *digest) errors(r *Report) {
	if len(r.Errors) == 0 {
		return
	}
	m.line("")
	m.line("**Errors**")
	m.line("")
	for _, e := range r.Errors[:min(len(r.Errors), mostMarkdownErrors)] {
		m.line("- %s × %s (%s)", countText(e.Count), code(e.Message), codeText(e.Code))
	}
	if n := len(r.Errors) - mostMarkdownErrors; n > 0 {
		m.line("- and %d more kinds", n)
	}
}

// longText cuts a text that is sentences.
func longText(s string) string {
	const most = 4000
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

// The most characters of a text from elsewhere, and of sentences.
const (
	mostCode  = 300
	mostProse = 4000
)

// code writes a text from elsewhere, prose a sentence that may quote one.
func code(s string) string  { return markdown.Code(s, mostCode) }
func prose(s string) string { return markdown.Text(s, mostProse) }
