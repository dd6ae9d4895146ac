package trend_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/report/trend"
)

// hostile is a text that a node or an operator could send.
const hostile = `</style></title></svg><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>"'` + "`{{.}}\x00\x1b[31m\u202Egnp.exe"

// pageOf writes the files of a trend and parses the page.
func pageOf(t *testing.T, dir, root string, o trend.Options) (string, *html.Node) {
	t.Helper()
	if err := trend.WriteFiles(dir, root, build(t, root, o)); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(filepath.Join(dir, trend.HTMLFile))
	if err != nil {
		t.Fatal(err)
	}
	tree, err := html.Parse(strings.NewReader(string(page)))
	if err != nil {
		t.Fatal(err)
	}
	return string(page), tree
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "style" {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

// checkPage holds what is true of every page: it is well formed, reaches for nothing but
// reports, refers to what is there, and each drawing has words.
func checkPage(t *testing.T, page string, tree *html.Node) {
	t.Helper()
	var open []string
	z := html.NewTokenizer(strings.NewReader(page))
	for z.Next() != html.ErrorToken {
		tag := z.Token()
		switch {
		case tag.Type == html.StartTagToken && !slices.Contains([]string{"meta", "link", "br"}, tag.Data):
			open = append(open, tag.Data)
		case tag.Type == html.EndTagToken:
			if len(open) == 0 || open[len(open)-1] != tag.Data {
				t.Fatalf("</%s> closes %v", tag.Data, open)
			}
			open = open[:len(open)-1]
		}
	}
	if len(open) > 0 {
		t.Errorf("%v stay open", open)
	}
	ids := map[string]bool{}
	for n := range tree.Descendants() {
		if id := attr(n, "id"); id != "" {
			if ids[id] {
				t.Errorf("the id %s is there twice", id)
			}
			ids[id] = true
		}
	}
	for n := range tree.Descendants() {
		if n.Type != html.ElementNode {
			continue
		}
		if slices.Contains([]string{"script", "img", "iframe", "object", "embed", "form", "base", "image", "use"}, n.Data) {
			t.Errorf("the page has a <%s>", n.Data)
		}
		if n.Data == "svg" && attr(n, "role") == "img" && (n.FirstChild.Data != "title" || len(textOf(n.FirstChild.NextSibling)) < 40) {
			t.Error("a drawing has no text alternative")
		}
		for _, a := range n.Attr {
			switch {
			case strings.HasPrefix(a.Key, "on"), a.Key == "src", a.Key == "style", a.Key == "srcset", a.Key == "action":
				t.Errorf("<%s> has the attribute %s=%q", n.Data, a.Key, a.Val)
			case a.Key == "href" && strings.HasPrefix(a.Val, "#") && !ids[a.Val[1:]]:
				t.Errorf("%s is not there", a.Val)
			case a.Key == "href" && a.Val != "data:," && a.Val[0] != '#' && (strings.Contains(a.Val, "://") || !strings.HasSuffix(a.Val, "/report.html")):
				t.Errorf("<%s> refers to %q", n.Data, a.Val)
			case a.Key == "aria-labelledby":
				for _, id := range strings.Fields(a.Val) {
					if !ids[id] {
						t.Errorf("%s is not there", id)
					}
				}
			}
		}
	}
	if !strings.Contains(page, `content="default-src 'none'; style-src 'unsafe-inline'; img-src data:"`) {
		t.Error("no content security policy")
	}
}

func TestPage(t *testing.T) {
	root := t.TempDir()
	nights(t, root, 30, 25, 1.5)
	for i := range 15 {
		r := sample(i, 1)
		r.Network.Endpoints[0].FactomdVersion = "6.11.0"
		put(t, root, fmt.Sprintf("nightly/%04d", i), r)
	}
	bad := sample(40, 3)
	bad.Verdict = report.Invalid
	put(t, root, "invalid run", bad)
	write(t, filepath.Join(root, "killed/run.json"), begun)
	page, tree := pageOf(t, root, root, trend.Options{})
	checkPage(t, page, tree)
	text := textOf(tree)
	for _, want := range []string{
		"Verdict: Worse", "30 complete", "1 invalid", "1 killed", "steady on LOCAL, embedded", "accept.p95", "✗ worse, and lasts", "invalid – not counted", "6.12.0",
		"killed before it had a report", "Change point at 2026-01-26 03:00", "The same in all runs lost_ratio 0 %, failed_ratio 0 %",
		"median of 6.12.0 15 runs 2026-01-16 to 2026-01-30 6.11.0 15 runs 2026-01-01 to 2026-01-15 accept.p50",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	// The links lead to the reports, from wherever the page is.
	elsewhere := filepath.Join(t.TempDir(), "pages", "of trends")
	if err := os.MkdirAll(elsewhere, 0o777); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{root, elsewhere} {
		_, tree := pageOf(t, dir, root, trend.Options{})
		links := 0
		for n := range tree.Descendants() {
			if href := attr(n, "href"); strings.HasSuffix(href, "report.html") {
				links++
				if _, err := os.Stat(filepath.Join(dir, strings.ReplaceAll(href, "%20", " "))); err != nil {
					t.Errorf("a link leads nowhere: %v", err)
				}
			}
		}
		if links != 31 {
			t.Errorf("%d links", links)
		}
	}
}

func TestPageOfNothing(t *testing.T) {
	root := t.TempDir()
	page, tree := pageOf(t, root, root, trend.Options{})
	checkPage(t, page, tree)
	one := t.TempDir()
	nights(t, one, 1, 99, 1)
	page, tree = pageOf(t, one, one, trend.Options{GroupBy: "none"})
	checkPage(t, page, tree)
	if !strings.Contains(textOf(tree), "too few runs") {
		t.Error("one run is enough")
	}
}

// Texts of reports and names of directories are shown as they are, and do nothing.
func TestPageShowsHostileTextAsText(t *testing.T) {
	root := t.TempDir()
	for i := range 8 {
		r := sample(i, 1+float64(i/7))
		r.Run.ID = fmt.Sprint(hostile, i)
		r.Run.Scenario = report.Scenario{Name: hostile, SHA256: hostile}
		r.Run.Tags = map[string]string{hostile: fmt.Sprint(i, hostile)}
		r.Environment.Host = fmt.Sprint(i, hostile)
		r.Network.ID, r.Network.Name = hostile, hostile
		r.Network.Endpoints[0].FactomdVersion = fmt.Sprint(i, hostile)
		put(t, root, fmt.Sprintf(`javascript:%d"><script>alert(3)<`, i), r)
	}
	write(t, filepath.Join(root, "<script>alert(4)<", "report.json"), `{"schema": "`+"<script>alert(5)"+`"}`)
	write(t, filepath.Join(root, "<script>alert(6)<", "run.json"), begun)
	page, tree := pageOf(t, root, root, trend.Options{GroupBy: hostile})
	checkPage(t, page, tree)
	for _, r := range page {
		if r < ' ' && r != '\n' && r != '\t' || r == '\u202E' {
			t.Fatalf("the page has the character %U", r)
		}
	}
	for i := range 6 {
		if want := fmt.Sprintf("<script>alert(%d)", i+1); i != 1 && !strings.Contains(textOf(tree), want) {
			t.Errorf("the page does not show %s as it is", want)
		}
	}
	var table strings.Builder
	if err := trend.WriteTable(&table, build(t, root, trend.Options{})); err != nil {
		t.Fatal(err)
	}
	if strings.ContainsAny(table.String(), "\x00\x1b\u202E") {
		t.Errorf("the table is not printable: %q", table.String())
	}
}

// A page of many runs is of a size that can be mailed.
func TestPageSize(t *testing.T) {
	root := t.TempDir()
	nights(t, root, 1, 99, 1)
	usual := index(t, root).Reported[0]
	for _, n := range []int{1000, 2500} {
		runs := &trend.Runs{}
		for i := range n {
			r := trend.Run{ID: fmt.Sprint(i), Path: fmt.Sprintf("runs/20260101T000000Z-steady-%d", i), Scenario: "steady", SHA256: "9b1c47e2", Started: sample(i, 1).Run.Started, Verdict: report.Pass, Factomd: "6.12.0", Values: map[string]float64{}}
			for name, v := range usual.Values {
				r.Values[name] = v * (1 + float64(i*7919%1000)/1e4)
			}
			runs.Reported = append(runs.Reported, r)
		}
		var size counter
		if err := trend.WriteHTML(&size, trend.Build(runs, trend.Options{}), func(r trend.GroupRun) string { return r.Path + "/report.html" }); err != nil {
			t.Fatal(err)
		}
		if size > 2_000_000 {
			t.Errorf("the page of %d runs has %d bytes", n, size)
		}
		t.Logf("the page of %d runs has %d bytes", n, size)
	}
}

type counter int

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}
