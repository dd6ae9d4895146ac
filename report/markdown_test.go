package report

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	extensions "github.com/yuin/goldmark/extension/ast"
	gmtext "github.com/yuin/goldmark/text"
	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/internal/markdown"
	"github.com/FactomProject/factom-load/results"
)

func markdownOf(t rapid.TB, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteMarkdown(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// A parsed summary: what kinds of nodes it has, its code spans, and all other text.
type parsedMarkdown struct {
	kinds map[ast.NodeKind]int
	code  []string
	prose string
}

// parseMarkdown reads Markdown as GitHub does.
func parseMarkdown(t rapid.TB, source string) parsedMarkdown {
	t.Helper()
	src := []byte(source)
	p := parsedMarkdown{kinds: map[ast.NodeKind]int{}}
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(gmtext.NewReader(src))
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		p.kinds[n.Kind()]++
		switch n := n.(type) {
		case *ast.CodeSpan:
			var b strings.Builder
			for c := n.FirstChild(); c != nil; c = c.NextSibling() {
				b.Write(c.(*ast.Text).Segment.Value(src))
			}
			p.code = append(p.code, b.String())
			return ast.WalkSkipChildren, nil
		case *ast.Text:
			p.prose += string(n.Segment.Value(src)) + "\n"
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// harmless fails if there is anything but text, headings, lists, tables and code.
func (p parsedMarkdown) harmless(t rapid.TB, source string) {
	t.Helper()
	for kind := range p.kinds {
		if !slices.Contains([]ast.NodeKind{
			ast.KindDocument, ast.KindHeading, ast.KindParagraph, ast.KindText, ast.KindTextBlock, ast.KindList, ast.KindListItem,
			ast.KindEmphasis, ast.KindCodeSpan,
			extensions.KindTable, extensions.KindTableHeader, extensions.KindTableRow, extensions.KindTableCell,
		}, kind) {
			t.Errorf("there is %s in\n%s", kind, source)
		}
	}
	if p.kinds[ast.KindHeading] != 1 || p.kinds[extensions.KindTable] != 1 || p.kinds[extensions.KindTableRow] != 4 || p.kinds[extensions.KindTableCell] != 30 {
		t.Errorf("the headings and tables are %v in\n%s", p.kinds, source)
	}
	for _, c := range "@#`" {
		if strings.ContainsRune(p.prose, c) {
			t.Errorf("the text has %q: it could be made a reference:\n%s", c, p.prose)
		}
	}
}

func TestMarkdown(t *testing.T) {
	rec := record(t, "lost == 0", "commit_service.p50 < 1s")
	rec.manifest.Tags = map[string]string{"version": "v6.12.0"}
	rec.manifest.Notes = []results.Note{{At: rec.manifest.Started, Text: "on *the* new machine"}}
	every(rec)
	got := markdownOf(t, rec.build())
	for _, want := range []string{
		"### factom-load: LOST, `test`\n",
		"\n3 entries were lost: the API took them, and no block has them.\n",
		"\n- tag `version`: `v6.12.0`\n",
		"\n- note of 2026-11-24 12:00:00 UTC: `on *the* new machine`\n",
		"\n- entries: 12 planned = 5 confirmed + 1 accepted + 3 lost + 1 rejected + 1 failed + 1 skipped\n",
		"\n| submit: both calls answered | 6 | 20.0 ms | 20.0 ms | 20.0 ms | 20.0 ms |\n",
		"\n- **FAILED** `lost == 0`: 3\n- ok `commit_service.p50 < 1s`: 9.00 ms\n",
		"\n- `" + rec.hashes[8].String() + "` in chain ",
		"planned at 2.6 s: the commit was seen, the reveal was not\n",
		"\n- 1 × `Invalid params` (JSON-RPC −32602)\n",
		"`report.html`",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the summary has no %q:\n%s", want, got)
		}
	}
	parseMarkdown(t, got).harmless(t, got)
}

func TestMarkdownOfAnInvalidRun(t *testing.T) {
	r := shortRun(t)
	r.Verdict, r.Thresholds[0].OK = Invalid, false
	got := markdownOf(t, r)
	if strings.Contains(got, "FAILED") || !strings.Contains(got, "not judged\n\n- does not hold: `"+r.Thresholds[0].Expression) {
		t.Errorf("the summary says\n%s", got)
	}
}

func TestMarkdownOfAllSamples(t *testing.T) {
	for name, r := range samples(t) {
		got := markdownOf(t, r)
		parseMarkdown(t, got).harmless(t, got)
		if len(got) > 20_000 {
			t.Errorf("%s has %d bytes", name, len(got))
		}
	}
}

// Whatever strings are in a report, they are text in their places.
func TestMarkdownOfAnyStrings(t *testing.T) {
	parts := []string{
		"`", "``", "|", "\\", "<b>", "<!--", "-->", "@admin", "#1", "http://evil.example", "www.evil.example", "![x](http://evil.example)",
		"\n", "\r", "\n\n", "---", "***", "[a]: http://evil.example", "&lt;", "~~~", "```", "    ", "|-|", "a@b.example", "\u202e", "$x$", ":tada:", hostile,
	}
	part := rapid.OneOf(rapid.SampledFrom(parts), rapid.String())
	anyText := rapid.Map(rapid.SliceOfN(part, 0, 6), func(p []string) string { return strings.Join(p, "") })
	rapid.Check(t, func(rt *rapid.T) {
		draw := func(name string) string { return anyText.Draw(rt, name) }
		r := &Report{
			Verdict: Verdict(draw("verdict")), VerdictWhy: draw("why"), Run: Run{ID: draw("id"), Tags: map[string]string{draw("key"): draw("value")}, Notes: []Note{{Text: draw("note")}}, Scenario: Scenario{Name: draw("scenario")}},
			Network:    Network{Name: draw("network"), Endpoints: []NetworkEndpoint{{FactomdVersion: draw("version")}}},
			Thresholds: []ThresholdResult{{Expression: draw("expression")}},
			Totals:     Totals{Lost: 1},
			Audit:      Audit{Lost: []LostEntry{{Hash: draw("hash"), ChainID: draw("chain"), Stage: draw("stage")}}},
			Findings:   []Finding{{Kind: draw("kind"), Name: draw("name"), Detail: draw("detail")}},
			Errors:     []Error{{Message: draw("message")}},
		}
		source := markdownOf(rt, r)
		p := parseMarkdown(rt, source)
		p.harmless(rt, source)
		for _, s := range []string{
			r.Run.Scenario.Name, r.Run.ID, r.Thresholds[0].Expression, r.Audit.Lost[0].Hash, r.Findings[0].Kind, r.Findings[0].Name, r.Findings[0].Detail, r.Errors[0].Message,
		} {
			want := strings.Trim(markdown.Code(s, mostCode), "`")
			if want != markdown.None && !slices.Contains(p.code, want) {
				rt.Errorf("%q is not in %q of\n%s", want, p.code, source)
			}
		}
	})
}

// However much there is to tell, a comment has room for it.
func TestMarkdownIsBounded(t *testing.T) {
	r := hostileRun(t)
	long := strings.Repeat("\U0001F4A5`", 10_000)
	r.VerdictWhy = long
	r.Run.Tags = map[string]string{}
	for i := range 1000 {
		r.Run.Tags[fmt.Sprintf("%d%s", i, long)] = long
		r.Thresholds = append(r.Thresholds, ThresholdResult{Expression: long})
		r.Audit.Lost = append(r.Audit.Lost, LostEntry{Hash: long, ChainID: long, Stage: long})
		r.Errors = append(r.Errors, Error{Message: long})
		r.Findings = append(r.Findings, Finding{Kind: long, Name: long, Detail: long})
	}
	got := markdownOf(t, r)
	if len(got) > maxMarkdown || !strings.HasSuffix(got, markdownCut) {
		t.Errorf("%d bytes, ending in %q", len(got), got[max(0, len(got)-100):])
	}
}
