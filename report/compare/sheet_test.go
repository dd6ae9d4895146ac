package compare

import (
	"bytes"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extensions "github.com/yuin/goldmark/extension/ast"
	"github.com/yuin/goldmark/text"

	"github.com/FactomProject/factom-load/internal/syntheticrun"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

func sheetOf(t *testing.T, c *Comparison) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteReleaseSheet(&b, c); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// onlyText fails if a sheet has anything but headings, text, lists, tables, code and
// boxes to tick, and if a row has not as many cells as its table has columns.
func onlyText(t *testing.T, sheet string) {
	t.Helper()
	src := []byte(sheet)
	boxes := 0
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(src))
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n.Kind() {
		case ast.KindDocument, ast.KindHeading, ast.KindParagraph, ast.KindText, ast.KindTextBlock, ast.KindList, ast.KindListItem, ast.KindEmphasis, ast.KindCodeSpan,
			extensions.KindTable, extensions.KindTableHeader, extensions.KindTableRow, extensions.KindTableCell:
		case extensions.KindTaskCheckBox:
			boxes++
		default:
			t.Errorf("there is %s in\n%.5000s", n.Kind(), sheet)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if boxes != 3 {
		t.Errorf("%d boxes to tick in\n%s", boxes, sheet)
	}
	columns := 0
	for line := range strings.Lines(sheet) {
		n := strings.Count(line, "|")
		if strings.HasPrefix(line, "|") && columns > 0 && n != columns {
			t.Errorf("%d columns, want %d: %q", n-1, columns-1, line)
		}
		columns = n
	}
}

// A sheet as it is signed: a metric that regressed and is accepted, and runs with faults.
func TestReleaseSheet(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	o := accepting(t, acceptP50+acceptP99+"- {metric: accept.p95, up_to: 30%, until: 2026-12-31, reason: 'every entry is signed twice | #12'}\n- {metric: failed, until: 2026-11-01, reason: the old queue}")
	c := compareGroups(t,
		group{n: 6, level: 1, spread: 0.02, each: func(i int, r *syntheticrun.Run) {
			changed(r, func(m *results.Manifest) { m.Scenario.Thresholds = []string{"accept.p95 < 190ms", "queries.p95 < 1s"} })
		}},
		group{n: 7, level: 1.2, spread: 0.02, each: func(i int, r *syntheticrun.Run) {
			changed(r, func(m *results.Manifest) {
				m.Environment.Host, m.Scenario.Thresholds = "other", []string{"accept.p95 < 190ms", "queries.p95 < 1s"}
				if i == 6 {
					m.Interrupted, m.Why = true, "stopped by the user"
				}
			})
			if i == 1 {
				r.Lost = 5
			}
		}}, o)
	faulty := c.all[1][2].r
	faulty.Events = []report.Event{{AtS: 10, Kind: string(results.StallBegin)}, {AtS: 14.5, Kind: string(results.StallEnd)}}
	faulty.Findings = []report.Finding{{Kind: "wrong-answer", Name: "entry", Detail: "another entry", Count: 2}}
	got := sheetOf(t, c)
	onlyText(t, got)
	for _, want := range []string{
		"# Release sheet: factomd `6.12.0` against `6.11.0`\n",
		"## Verdict: REGRESSED, accepted\n",
		"| **accept.p95** (primary) | 178 ms | 206 ms | +17.1 % |",
		"| **regressed**, accepted until 2026-12-31: every entry is signed twice ¦ ",
		"- **left out** is the run `candidate-7` of the candidate: it was interrupted: stopped by the user\n",
		"- the runs are not alike, host: base `bench` × 6; candidate `other` × 6\n",
		"- the threshold `queries.p95 < 1s` was not judged, or had no value, in 6 of 6 runs of the base and in 7 of 7 of the candidate\n",
		"- the threshold `accept.p95 < 190ms` was not judged, or had no value, in 0 of 6 runs of the base and in 1 of 7 of the candidate\n",
		"- the threshold `accept.p95 < 190ms` failed in 0 of 6 runs of the base and in 6 of 7 of the candidate\n",
		"- scenarios of the library that no run is of: `burst`, ",
		"| failed (line 6) | all | any | 2026-11-01 | the old queue | **expired**: ",
		"- `candidate-2`: 5 entries were lost",
		"- `candidate-3`: The network stood still at ",
		"- `candidate-3`: finding `wrong-answer`, `entry` × 2: `another entry`\n",
		"\n- [ ] ship\n- [ ] do not ship\n- [ ] more runs first: ____\n",
		"| released by | ____ | ____ | ____ | ____ |\n",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the sheet has no %q", want)
		}
	}
	if list := c.all[0][0]; strings.Contains(got, "`steady`,") || len(seen([]*measured{list})) > 0 {
		t.Error("a scenario that was used is told not to be, or a run without faults has some")
	}
	golden(t, filepath.Join(here, "testdata", "sheet.md"), []byte(got))
}

// Two runs that cannot be compared make a sheet, too: that there is no answer.
func TestReleaseSheetWithoutAnswer(t *testing.T) {
	other := func(_ int, r *syntheticrun.Run) {
		changed(r, func(m *results.Manifest) { m.Scenario.SHA256 = "0ddba11" })
	}
	got := sheetOf(t, compareGroups(t, group{n: 4, level: 1}, group{n: 4, level: 1.2, each: other}, Options{}))
	onlyText(t, got)
	for _, want := range []string{"## Verdict: INCONCLUSIVE\n", "**the runs are not comparable**, scenario", "- **no answer** about accept.p95: the runs are not comparable\n", "None were named (`--accept`).", "- no run has thresholds"} {
		if !strings.Contains(got, want) {
			t.Errorf("the sheet has no %q in\n%s", want, got)
		}
	}
	few := sheetOf(t, compareGroups(t, group{n: 2, level: 1}, group{n: 3, level: 1.2}, Options{}))
	if !strings.Contains(few, "- [ ] more runs first: ____ (some 2 more a side may give an answer)\n") {
		t.Errorf("the sheet does not say how many runs are missing:\n%s", few)
	}
}

// What runs and people say of themselves is text in its place, and the sheet is bounded.
func TestReleaseSheetOfHostileTexts(t *testing.T) {
	c := compareGroups(t, group{n: 2, level: 1}, group{n: 2, level: 1}, accepting(t, acceptP95))
	for _, bad := range []string{
		"</td><script>alert(1)</script>|`x` ``y`` [a](http://evil.example) ![b](c) @all #1 www.evil.example a@b.example\u202e\x00\n# top\n\n- [x] ship\n",
		strings.Repeat("`|<b>\\", 2000), "`", "\\", "|", "- [x] ship", "1. x", "---", "# x", "<!--", "http://evil.example", "``` x",
	} {
		c.ToolVersion, c.AcceptedFrom, c.Why, c.Notes = bad, bad, bad, []string{bad, bad}
		c.Acceptances[0].Reason, c.Acceptances[0].Scenario, c.Acceptances[0].Why = bad, bad, bad
		c.Metrics[0].Accepted, c.Metrics[0].AcceptedUntil, c.Metrics[0].Why = bad, "2026-12-31", bad
		for i := range c.Aspects {
			c.Aspects[i].Same, c.Aspects[i].Values = false, []AspectValue{{Value: bad, Base: 1, Candidate: 1}}
		}
		for _, side := range c.all {
			for _, run := range side {
				r := run.r
				run.dir, r.Verdict, r.VerdictWhy = bad, report.Verdict(bad), bad
				r.Run.ID, r.Run.Scenario.Name, r.Network.Name, r.Network.ID, r.Network.DB = bad, bad, bad, bad, bad
				r.Network.Endpoints = []report.NetworkEndpoint{{URL: bad, FactomdVersion: bad}}
				r.Totals.Lost, r.Audit.Total = math.MaxUint64, math.MaxUint64
				r.Thresholds = []report.ThresholdResult{{Expression: bad, Value: report.Number(math.NaN())}, {Expression: bad}}
				r.Events = []report.Event{{AtS: 1e300, Kind: string(results.StallBegin), Detail: bad}}
				r.Findings = slices.Repeat([]report.Finding{{Kind: bad, Name: bad, Detail: bad, Count: 1}}, 500)
				r.Integrity.Findings = r.Findings
				r.Audit.Lost = slices.Repeat([]report.LostEntry{{Hash: bad, ChainID: bad, Stage: bad}}, 500)
			}
		}
		for i := range c.Runs {
			c.Runs[i].Directory, c.Runs[i].ID, c.Runs[i].Excluded = bad, bad, bad
		}
		got := sheetOf(t, c)
		onlyText(t, got)
		if strings.ContainsAny(got, "\u202e\x00") || len(got) > 200_000 || strings.Contains(got, "\n"+SheetTicked) {
			t.Errorf("%.40q: %d bytes of\n%.2000s", bad, len(got), got)
		}
	}
}
