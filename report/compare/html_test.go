package compare

import (
	"bytes"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/FactomProject/factom-load/internal/infer"
	"github.com/FactomProject/factom-load/internal/syntheticrun"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

func pageOf(t *testing.T, c *Comparison) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, c); err != nil {
		t.Fatal(err)
	}
	if to := os.Getenv("FACTOM_LOAD_PAGE"); to != "" { // for a look at it
		if err := os.WriteFile(to, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

// The page has the verdict, its charts in two sizes with their texts, and nothing that
// needs a network or a script; its tags are well formed.
func TestPage(t *testing.T) {
	page := pageOf(t, compareGroups(t, steady, group{n: 6, level: 1.2, spread: 0.02}, Options{}))
	for _, want := range []string{`<h2 id="verdict-h">regressed</h2>`, "accept.p95 rose by 17.2 %", `id="interval"`, `id="time-accept"`, `id="time-confirm"`, `id="percentiles"`, `id="shares"`, `id="difference"`, "6.12.0"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %s", want)
		}
	}
	var open []string
	ids, charts := map[string]bool{}, 0
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		tag := z.Token()
		for _, a := range tag.Attr {
			switch {
			case a.Key == "id" && ids[a.Val]:
				t.Errorf("the id %s is there twice", a.Val)
			case a.Key == "id":
				ids[a.Val] = true
			case a.Key == "src", a.Key == "href" && !strings.HasPrefix(a.Val, "#") && a.Val != "data:,", strings.HasPrefix(a.Key, "on"):
				t.Errorf("<%s %s=%q>", tag.Data, a.Key, a.Val)
			case a.Key == "d" && (a.Val == "" || strings.Contains(a.Val, "NaN") || strings.Contains(a.Val, "Inf")):
				t.Errorf("a path is %q", a.Val)
			}
		}
		switch {
		case tag.Data == "script":
			t.Error("the page has a script")
		case tag.Type == html.StartTagToken && !slices.Contains([]string{"meta", "link"}, tag.Data):
			open = append(open, tag.Data)
		case tag.Type == html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != tag.Data {
				t.Fatalf("</%s> closes %v", tag.Data, open)
			}
			open = open[:len(open)-1]
		}
		if tag.Type == html.StartTagToken && tag.Data == "desc" {
			charts++
		}
	}
	if len(open) > 0 || charts != 12 {
		t.Errorf("%v stay open; %d charts", open, charts)
	}
}

// What runs say of themselves means nothing to a page or to Markdown.
func TestHostileTexts(t *testing.T) {
	const bad = "</td><script>alert(1)</script>|`x` [a](http://evil)\u202e\x00\n# top"
	hostile := func(i int, r *syntheticrun.Run) {
		changed(r, func(m *results.Manifest) {
			m.Tags = map[string]string{bad: bad}
			m.Notes = []results.Note{{Text: bad}}
			m.Network.Endpoints[0].Version, m.Environment.Host, m.ToolVersion, m.Scenario.Name = bad, bad, bad, bad
			if i == 0 {
				m.Interrupted, m.Why = true, bad
			}
		})
	}
	c := compareGroups(t, group{n: 2, level: 1, each: hostile}, group{n: 1, level: 1, each: hostile}, Options{})
	page := pageOf(t, c)
	if strings.Contains(page, "<script") || strings.ContainsAny(page, "\u202e\x00") {
		t.Error("the page takes a text for markup")
	}
	var b bytes.Buffer
	if err := WriteMarkdown(&b, c); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(b.String(), "\u202e\x00") {
		t.Error("Markdown has control characters")
	}
	columns := 0
	for line := range strings.Lines(b.String()) {
		outside := strings.Join(everyOther(strings.Split(line, "`")), "")
		if strings.Contains(outside, "<") || strings.Contains(outside, "http") || strings.HasPrefix(line, "# ") {
			t.Errorf("outside of code: %q", line)
		}
		n := strings.Count(strings.ReplaceAll(line, `\|`, ""), "|")
		if strings.HasPrefix(line, "|") && columns > 0 && n != columns {
			t.Errorf("%d columns, want %d: %q", n, columns, line)
		}
		columns = n
	}
}

func everyOther(list []string) (out []string) {
	for i := 0; i < len(list); i += 2 {
		out = append(out, list[i])
	}
	return out
}

// With the sides changed a clear verdict is the opposite one, and none is the same but
// unchanged and inconclusive.
func TestSidesChanged(t *testing.T) {
	opposite := map[infer.Verdict]infer.Verdict{
		infer.Regressed: infer.Improved, infer.Improved: infer.Regressed, infer.Unchanged: infer.Unchanged, infer.Inconclusive: infer.Inconclusive,
	}
	for _, level := range []float64{0.8, 1, 1.2} {
		c := compareGroups(t, steady, group{n: 6, level: level, spread: 0.02}, Options{})
		var o Options
		for _, r := range c.Runs {
			if r.Side == Base {
				o.Candidate = append(o.Candidate, r.Directory)
			} else {
				o.Base = append(o.Base, r.Directory)
			}
		}
		back, err := Runs(t.Context(), o)
		if err != nil {
			t.Fatal(err)
		}
		if back.Verdict != opposite[c.Verdict] || math.Abs(float64(back.Metrics[0].Change+c.Metrics[0].Change)) > 1e-9 {
			t.Errorf("level %v: %s, and %s with the sides changed", level, c.Verdict, back.Verdict)
		}
		for i, m := range c.Metrics {
			if m.Verdict != opposite[back.Metrics[i].Verdict] {
				t.Errorf("level %v: %s is %s, and %s with the sides changed", level, m.Name, m.Verdict, back.Metrics[i].Verdict)
			}
		}
	}
}

// A record that was reduced is compared by the report that was made of it before.
func TestReducedRecord(t *testing.T) {
	c := compareGroups(t, steady, group{n: 6, level: 1.2, spread: 0.02}, Options{})
	var o Options
	for _, r := range c.Runs {
		if r.Side == Base {
			o.Base = append(o.Base, r.Directory)
			continue
		}
		o.Candidate = append(o.Candidate, r.Directory)
		whole, err := report.Build(r.Directory)
		if err != nil {
			t.Fatal(err)
		}
		if err := report.WriteFiles(r.Directory, whole); err != nil {
			t.Fatal(err)
		}
		if _, err := results.Reduce(r.Directory, results.ReduceOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	again, err := Runs(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	if again.Verdict != infer.Regressed || again.Metrics[0].Change != c.Metrics[0].Change {
		t.Errorf("%s: %s", again.Verdict, again.Why)
	}
	if last := again.Runs[len(again.Runs)-1]; last.Blocks != 0 || len(again.Notes) != 1 || !strings.Contains(again.Notes[0], "The records of 6 runs") {
		t.Errorf("%+v; notes %q", last, again.Notes)
	}
}

func TestParseTolerance(t *testing.T) {
	for text, want := range map[string]Tolerance{
		"accept.p95=5%": {Metric: "accept.p95", Share: 0.05}, "confirm.max = 2.5 %": {Metric: "confirm.max", Share: 0.025},
		"accept.p95=20ms": {Metric: "accept.p95", Unit: 20}, "failed=0.5%": {Metric: "failed", Unit: 0.005}, "rates.confirmed_per_s=0%": {Metric: "rates.confirmed_per_s"},
	} {
		if got, err := ParseTolerance(text); err != nil || math.Abs(got.Share-want.Share) > 1e-12 || math.Abs(got.Unit-want.Unit) > 1e-12 || got.Metric != want.Metric {
			t.Errorf("%s: %+v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "accept.p95", "accept.p95=", "accept.p95=-1%", "accept.p95=NaN%", "accept.p95=-3ms", "accept.p96=5%", "=5%", "failed=3ms", "lost=x%", "accept=5%"} {
		if got, err := ParseTolerance(text); err == nil {
			t.Errorf("%q is taken for %+v", text, got)
		}
	}
}
