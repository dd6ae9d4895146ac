package compare

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/internal/infer"
	"github.com/FactomProject/factom-load/internal/markdown"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/scenarios"
)

// SheetTicked begins a line of a sheet on which somebody has decided.
const SheetTicked = "- [x] "

const (
	mostFaults = 100 // lines on the faults of one side
	mostNamed  = 3   // lost entries and findings of a run that are named
)

// WriteReleaseSheet writes the sign-off sheet of a release, in Markdown: what was
// compared, what it came to, what was not tested, which faults are known, and blanks for
// what people decide. Texts of runs are quoted, in tables and out of them.
func WriteReleaseSheet(w io.Writer, c *Comparison) error {
	s := &sheet{c: c}
	s.head()
	s.verdict()
	s.runs()
	s.untested()
	s.faults()
	s.decision()
	if _, err := io.WriteString(w, s.b.String()); err != nil {
		return fmt.Errorf("writing the release sheet: %w", err)
	}
	return nil
}

type sheet struct {
	c *Comparison
	b strings.Builder
}

func (s *sheet) line(format string, args ...any) {
	fmt.Fprintf(&s.b, format, args...)
	s.b.WriteByte('\n')
}

func (s *sheet) title(text string) { s.line("\n## %s\n", text) }

// sideNames are the sides in the order of [Comparison.all].
func sideNames() [2]Side { return [2]Side{Base, Candidate} }

// each lists what the runs of a side are, each value once.
func each(runs []*measured, of func(*measured) string) string {
	var list []string
	for _, run := range runs {
		if v := markdown.Code(of(run), 100); !slices.Contains(list, v) {
			list = append(list, v)
		}
	}
	return cmp.Or(strings.Join(list, ", "), markdown.None)
}

// head says what is to be signed off, and what was compared.
func (s *sheet) head() {
	c := s.c
	s.line("# Release sheet: factomd %s against %s\n", each(c.all[1], versionText), each(c.all[0], versionText))
	s.line("Drafted from the records of the runs by factom-load %s. Whatever is `%s` is for people to fill in.\n", markdown.Code(c.ToolVersion, 100), markdown.Blank)
	s.line("| | factomd | runs | left out | entries planned | first run (UTC) | last run (UTC) |")
	s.line("|---|---|---:|---:|---:|---|---|")
	for i, side := range sideNames() {
		var planned uint64
		var first, last time.Time
		for _, run := range c.all[i] {
			at := run.r.Run.Started.UTC()
			planned += run.r.Totals.Planned
			if first.IsZero() || at.Before(first) {
				first = at
			}
			if at.After(last) {
				last = at
			}
		}
		s.line("| %s | %s | %d | %d | %s | %s | %s |", side, each(c.all[i], versionText), len(c.all[i]), len(c.all[i])-len(c.curves[i]),
			report.CountText(planned), first.Format(time.DateTime), last.Format(time.DateTime))
	}
	both := slices.Concat(c.all[0], c.all[1])
	s.line("\n- scenarios: %s", each(both, func(m *measured) string { return m.r.Run.Scenario.Name }))
	s.line("- networks: %s", each(both, func(m *measured) string {
		return fmt.Sprintf("%s %s, blocks of %s s, endpoints: %d, node %s", m.r.Network.Name, m.r.Network.ID, report.Figure(m.r.Network.BlockSeconds), len(m.r.Network.Endpoints), nodeText(m))
	}))
	s.line("- builds of factomd, by hash or download: base %[1]s, candidate %[1]s", markdown.Blank)
}

// verdict says what the comparison came to, as a whole and by metric.
func (s *sheet) verdict() {
	c := s.c
	s.title("Verdict: " + c.heading())
	s.line("%s\n", words(c.Why))
	s.line("| metric | base | candidate | change | 95 %% bounds | tolerance | verdict |")
	s.line("|---|---:|---:|---:|---:|---:|---|")
	for _, m := range c.Metrics {
		name, verdict := words(m.Name), verdictCell(m)
		if m.Primary {
			name = "**" + name + "** (primary)"
		}
		if m.Verdict == infer.Regressed {
			verdict = "**" + string(m.Verdict) + "**" + strings.TrimPrefix(verdict, string(m.Verdict))
		}
		s.line("| %s | %s | %s | %s | %s | ±%s | %s |", name, value(m.Unit, m.Base.Median), value(m.Unit, m.Candidate.Median), change(m, m.Change), boundsText(m), value(m.Unit, m.Tolerance), verdict)
	}
	s.line("\nHow runs are compared, and how often that is wrong, is in docs/statistics.md of factom-load.")
}

func (s *sheet) runs() {
	s.title("Runs")
	s.line("| run | id | side | factomd | scenario | started (UTC) | %s | lost | verdict of the run |", words(s.c.Primary))
	s.line("|---|---|---|---|---|---|---:|---:|---|")
	row := 0
	for _, side := range s.c.all {
		for _, run := range side {
			r, at := run.r, s.c.Runs[row]
			row++
			verdict := markdown.Code(string(r.Verdict), 32)
			if at.Excluded != "" {
				verdict += ", **left out**: " + words(at.Excluded)
			} else if r.VerdictWhy != "" && r.Verdict != report.Pass {
				verdict += ": " + markdown.Text(r.VerdictWhy, 500)
			}
			s.line("| %s | %s | %s | %s | %s | %s | %s | %s | %s |", markdown.Code(at.Directory, 200), markdown.Code(at.ID, 100), at.Side, markdown.Code(versionText(run), 100),
				markdown.Code(r.Run.Scenario.Name, 100), at.Started.Format(time.DateTime), value(unitOf(s.c.Primary), at.Figures[s.c.Primary]), report.CountText(r.Totals.Lost), verdict)
		}
	}
}

// list writes items, or a sentence where there are none.
func (s *sheet) list(items []string, none string) {
	if len(items) == 0 {
		s.line("%s", none)
	}
	for _, item := range items {
		s.line("- %s", item)
	}
}

// untested says what nothing is known of.
func (s *sheet) untested() {
	s.title("What was not tested")
	list := s.openMetrics()
	for _, r := range s.c.Runs {
		if r.Excluded != "" {
			list = append(list, fmt.Sprintf("**left out** is the run %s of the %s: %s", markdown.Code(r.Directory, 200), r.Side, words(r.Excluded)))
		}
	}
	for _, a := range s.c.Aspects {
		if !a.Same && a.Weight != Expected {
			list = append(list, s.aspect(a))
		}
	}
	for _, note := range s.c.Notes[:len(s.c.Notes)-len(s.c.acceptanceNotes())] {
		list = append(list, words(note))
	}
	list = append(list, s.thresholds(func(t report.ThresholdResult, judged bool) bool { return !judged || math.IsNaN(float64(t.Value)) }, "was not judged, or had no value,")...)
	if !slices.ContainsFunc(slices.Concat(s.c.all[0], s.c.all[1]), func(m *measured) bool { return len(m.r.Thresholds) > 0 }) {
		list = append(list, "no run has thresholds: only the versions were held against each other, and neither against what is wanted")
	}
	list = append(list, s.unchecked()...)
	if unused := s.unusedScenarios(); len(unused) > 0 {
		list = append(list, "scenarios of the library that no run is of: "+strings.Join(unused, ", "))
	}
	s.list(append(list,
		"networks, machines and loads unlike those above; an upgrade with the database of the version before; wallets, explorers and what else uses the API",
		"beside that: "+markdown.Blank), "")
}

// openMetrics are those without an answer.
func (s *sheet) openMetrics() (list []string) {
	for _, m := range s.c.Metrics {
		if m.Verdict != infer.Inconclusive {
			continue
		}
		text := fmt.Sprintf("**no answer** about %s: %s", words(m.Name), words(m.Why))
		if m.MoreRuns > 0 {
			text += fmt.Sprintf("; some %d more runs a side may give one", m.MoreRuns)
		}
		list = append(list, text)
	}
	return list
}

func (s *sheet) aspect(a Aspect) string {
	of := func(count func(AspectValue) int) string {
		var list []string
		for _, v := range a.Values {
			if n := count(v); n > 0 {
				list = append(list, fmt.Sprintf("%s × %d", markdown.Code(v.Value, 200), n))
			}
		}
		return cmp.Or(strings.Join(list, ", "), markdown.None)
	}
	text := "the runs are not alike"
	if a.Weight == Required {
		text = "**the runs are not comparable**"
	}
	return fmt.Sprintf("%s, %s: base %s; candidate %s", text, a.Name, of(func(v AspectValue) int { return v.Base }), of(func(v AspectValue) int { return v.Candidate }))
}

// thresholds counts by side the runs of which a threshold is what is asked for.
func (s *sheet) thresholds(is func(t report.ThresholdResult, judged bool) bool, what string) (list []string) {
	type count struct{ runs, of int }
	var order []string
	counts := map[string]*[2]count{}
	for side, runs := range s.c.all {
		for _, run := range runs {
			judged := run.r.Verdict != report.Interrupted && run.r.Verdict != report.Invalid
			for _, t := range run.r.Thresholds {
				if counts[t.Expression] == nil {
					counts[t.Expression] = &[2]count{}
					order = append(order, t.Expression)
				}
				n := &counts[t.Expression][side]
				n.of++
				if is(t, judged) {
					n.runs++
				}
			}
		}
	}
	for _, expression := range order {
		if n := counts[expression]; n[0].runs+n[1].runs > 0 {
			list = append(list, fmt.Sprintf("the threshold %s %s in %d of %d runs of the base and in %d of %d of the candidate",
				markdown.Code(expression, 200), what, n[0].runs, n[0].of, n[1].runs, n[1].of))
		}
	}
	return list
}

// unchecked says how much of what the nodes served was held against their blocks.
func (s *sheet) unchecked() []string {
	var sum report.Integrity
	var confirmed uint64
	for _, run := range slices.Concat(s.c.all[0], s.c.all[1]) {
		i := run.r.Integrity
		sum.EntriesChecked += i.EntriesChecked
		sum.EntriesUnchecked += i.EntriesUnchecked
		sum.BlocksChecked += i.BlocksChecked
		confirmed += run.r.Totals.Confirmed
	}
	if sum.EntriesChecked+sum.BlocksChecked == 0 {
		return []string{"whether what the nodes served is what their blocks commit to: nothing was read back"}
	}
	return []string{fmt.Sprintf("the content of entries, but for a sample: %s of %s confirmed ones were read back, %s were to be and were not",
		report.CountText(sum.EntriesChecked), report.CountText(confirmed), report.CountText(sum.EntriesUnchecked))}
}

// unusedScenarios are those of the library, by their names.
func (s *sheet) unusedScenarios() (list []string) {
	for _, name := range scenarios.Library() {
		if !slices.ContainsFunc(slices.Concat(s.c.all[0], s.c.all[1]), func(m *measured) bool { return m.r.Run.Scenario.Name == name }) {
			list = append(list, "`"+name+"`")
		}
	}
	return list
}

// faults says what is known to be wrong: of the candidate, of the base, and by decision.
func (s *sheet) faults() {
	s.title("Known faults")
	s.line("### Accepted differences\n")
	if len(s.c.Acceptances) == 0 {
		s.line("None were named (`--accept`).")
	} else {
		s.line("From %s, judged on %s.", markdown.Code(s.c.AcceptedFrom, 200), s.c.AcceptedOn)
		markdownAcceptances(&s.b, s.c)
	}
	for i, of := range []string{"Failed thresholds", "Seen in runs of the candidate", "Seen in runs of the base"} {
		s.line("\n### %s\n", of)
		if i == 0 {
			s.list(s.thresholds(func(t report.ThresholdResult, judged bool) bool {
				return judged && !t.OK && !math.IsNaN(float64(t.Value))
			}, "failed"), "None.")
			continue
		}
		s.list(seen(s.c.all[2-i]), "No stall, election, change of servers or late block; no endpoint that did not answer; no lost, rejected or failed entry, and no finding.")
	}
	s.line("\nKnown beside that, with links: %s", markdown.Blank)
}

// seen is what went wrong in runs, a line each.
func seen(runs []*measured) (list []string) {
	for _, run := range runs {
		of := markdown.Code(run.dir, 200) + ": "
		for _, fault := range report.Faults(run.r) {
			list = append(list, of+fault)
		}
		findings := slices.Concat(run.r.Integrity.Findings, run.r.Findings)
		for _, f := range findings[:min(len(findings), mostNamed)] {
			list = append(list, fmt.Sprintf("%sfinding %s, %s × %s: %s", of, markdown.Code(f.Kind, 64), markdown.Code(f.Name, 64), report.CountText(f.Count), markdown.Code(f.Detail, 300)))
		}
		for _, e := range run.r.Audit.Lost[:min(len(run.r.Audit.Lost), mostNamed)] {
			list = append(list, fmt.Sprintf("%slost entry %s in chain %s", of, markdown.Code(e.Hash, 64), markdown.Code(e.ChainID, 64)))
		}
		if len(findings) > mostNamed || len(run.r.Audit.Lost) > mostNamed {
			list = append(list, fmt.Sprintf("%smore findings and lost entries are in its %s", of, report.JSONFile))
		}
	}
	if more := len(list) - mostFaults; more > 0 {
		list = append(list[:mostFaults], fmt.Sprintf("and %d more, in the reports of the runs", more))
	}
	return list
}

// decision is what people fill in.
func (s *sheet) decision() {
	s.title("Decision")
	more := "- [ ] more runs first: " + markdown.Blank
	if n := s.c.MoreRuns; n > 0 {
		more = fmt.Sprintf("- [ ] more runs first: %s (some %d more a side may give an answer)", markdown.Blank, n)
	}
	s.line("- [ ] ship\n- [ ] do not ship\n%s", more)
	s.line("\nReasons: %s", markdown.Blank)
	s.line("\nConditions, and what must follow: %s\n", markdown.Blank)
	s.line("| | name | ship? | date | signature |")
	s.line("|---|---|---|---|---|")
	for _, role := range []string{"tested by", "reviewed by", "released by"} {
		s.line("| %s | %[2]s | %[2]s | %[2]s | %[2]s |", role, markdown.Blank)
	}
}
