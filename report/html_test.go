package report

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/net/html"

	"github.com/FactomProject/factom-load/results"
)

// hostile is a text that a node or an operator could send.
const hostile = `</style></title></svg><script>alert(1)</script><img src=http://evil.example/x onerror=alert(2)>"'` + "`{{.}}\x00\x1b[31m\u202Egnp.exe\xff"

// hostileRun has a hostile text wherever the report has one.
func hostileRun(tb testing.TB) *Report {
	r := troubledRun(tb)
	h := hostile + strings.Repeat("W", 400)
	r.Schema, r.VerdictWhy, r.Run.EndedEarly, r.Load.Model = h, h, h, h
	r.Run.ID, r.Run.ToolVersion, r.Run.Salt, r.Run.Why, r.Run.Interrupted = h, h, h, h, true
	r.Run.Tags = map[string]string{h: h}
	r.Run.Notes = []Note{{r.Run.Started, hostile}} // which are shown whole
	r.Run.Scenario = Scenario{h, h, h}
	r.Environment = Environment{Host: h, OS: h, Arch: h, Go: h}
	r.Network.ID, r.Network.Name = h, h
	r.Network.Feed = newFeed(&results.Feed{GivenUp: 1, Why: h})
	r.Network.Endpoints = []NetworkEndpoint{{URL: h, FactomdVersion: h, SubmitsBy: h}}
	for i := range r.Phases {
		r.Phases[i].Name = h
	}
	for i := range r.Endpoints {
		r.Endpoints[i].URL = h
	}
	r.Errors = []Error{{0, h, 1, 1, h}}
	r.Queries[0].Method, r.Queries[0].Errors = h, r.Errors
	r.Audit.Lost = []LostEntry{{h, h, h, 1}}
	r.Hostile = []HostileKind{{Kind: h, Expected: h, Answers: []HostileAnswer{{-1, h, 1}}}}
	r.Findings = []Finding{{1, h, h, h, 1}}
	r.Integrity.Findings = r.Findings
	r.Events = []Event{{1, h, h, h}}
	r.Reconciliation[0].What, r.Reconciliation[0].Note = h, h
	for i := range r.Thresholds {
		r.Thresholds[i].Expression = h
	}
	r.Harness.Why = h
	r.Search = searchRun(tb).Search
	r.Search.Result, r.Search.Why, r.Search.StopWhen = "?", h, []string{h, h}
	for i := range r.Search.Steps {
		r.Search.Steps[i].Phase, r.Search.Steps[i].Why = h, h
	}
	for _, l := range []*Latency{&r.LatencyMS.Schedule, &r.LatencyMS.Submit, &r.LatencyMS.Confirm} {
		l.Method, l.Histogram = h, h
	}
	return r
}

// pageOf writes a report and parses it again.
func pageOf(t *testing.T, r *Report) (string, *html.Node) {
	t.Helper()
	var b bytes.Buffer
	if err := WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	root, err := html.Parse(bytes.NewReader(b.Bytes()))
	if err != nil {
		t.Fatal(err)
	}
	return b.String(), root
}

func attr(n *html.Node, key string) string {
	for _, a := range n.Attr {
		if a.Key == key {
			return a.Val
		}
	}
	return ""
}

// textOf is the text of a node as it is read, white space joined.
func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode && d.Parent.Data != "style" && d.Parent.Data != "script" {
			b.WriteString(d.Data + " ")
		}
	}
	return strings.Join(strings.Fields(b.String()), " ")
}

func byID(root *html.Node, id string) *html.Node {
	for n := range root.Descendants() {
		if n.Type == html.ElementNode && attr(n, "id") == id {
			return n
		}
	}
	return nil
}

func samples(t *testing.T) map[string]*Report {
	invalid := shortRun(t)
	invalid.Verdict, invalid.ExitCode, invalid.Harness.Valid, invalid.Harness.Why = Invalid, 5, false, "schedule p99 was 31 ms"
	return map[string]*Report{
		"short": shortRun(t), "troubled": troubledRun(t), "empty": emptyRun(t), "zero": {},
		"long": longRun(t, 900), "hostile": hostileRun(t), "invalid": invalid, "search": searchRun(t),
	}
}

// Every tag that is opened is closed, in order: the page is well formed without
// the parser's repairs.
func TestPageIsWellFormed(t *testing.T) {
	void := []string{"meta", "link", "br"}
	for name, r := range samples(t) {
		page, root := pageOf(t, r)
		var open []string
		z := html.NewTokenizer(strings.NewReader(page))
		for z.Next() != html.ErrorToken {
			tag := z.Token()
			switch {
			case tag.Type == html.StartTagToken && !slices.Contains(void, tag.Data):
				open = append(open, tag.Data)
			case tag.Type == html.EndTagToken:
				if len(open) == 0 || open[len(open)-1] != tag.Data {
					t.Fatalf("%s: </%s> closes %v", name, tag.Data, open)
				}
				open = open[:len(open)-1]
			}
		}
		if len(open) > 0 {
			t.Errorf("%s: %v stay open", name, open)
		}
		ids := map[string]bool{}
		level := 0
		for n := range root.Descendants() {
			if id := attr(n, "id"); id != "" {
				if ids[id] {
					t.Errorf("%s: the id %s is there twice", name, id)
				}
				ids[id] = true
			}
			if n.Type == html.ElementNode && len(n.Data) == 2 && n.Data[0] == 'h' && n.Data[1] >= '1' && n.Data[1] <= '6' {
				if next := int(n.Data[1] - '0'); next > level+1 {
					t.Errorf("%s: a heading of level %d follows one of level %d", name, next, level)
				} else {
					level = next
				}
			}
		}
		for n := range root.Descendants() {
			for _, key := range []string{"aria-labelledby", "href"} {
				for _, ref := range strings.Fields(attr(n, key)) {
					id := strings.TrimPrefix(ref, "#")
					if (key != "href" || ref != id) && !ids[id] {
						t.Errorf("%s: %s refers to %s, which is not there", name, key, ref)
					}
				}
			}
		}
	}
}

func TestPageReachesForNothing(t *testing.T) {
	for name, r := range samples(t) {
		page, root := pageOf(t, r)
		for n := range root.Descendants() {
			if n.Type != html.ElementNode {
				continue
			}
			if n.Data == "script" {
				continue // TestPageRunsItsOwnScriptAlone
			}
			if slices.Contains([]string{"img", "iframe", "object", "embed", "form", "base", "image", "use", "foreignobject"}, n.Data) {
				t.Errorf("%s: the page has a <%s>", name, n.Data)
			}
			for _, a := range n.Attr {
				switch {
				case strings.HasPrefix(a.Key, "on"), a.Key == "src", a.Key == "style", a.Key == "srcset", a.Key == "action":
					t.Errorf("%s: <%s> has the attribute %s=%q", name, n.Data, a.Key, a.Val)
				case a.Key == "href" && a.Val != "data:," && !strings.HasPrefix(a.Val, "#"):
					t.Errorf("%s: <%s> refers to %q", name, n.Data, a.Val)
				}
			}
		}
		if style := regexp.MustCompile(`(?s)<style>.*</style>`).FindString(page); style == "" || regexp.MustCompile(`(?i)@import|url\(`).MatchString(style) {
			t.Errorf("%s: the style loads something", name)
		}
	}
}

func TestPageShowsHostileTextAsText(t *testing.T) {
	page, root := pageOf(t, hostileRun(t))
	for _, r := range page {
		if r < ' ' && r != '\n' && r != '\t' || r == '\u202E' {
			t.Fatalf("the page has the character %U", r)
		}
	}
	for _, id := range []string{"verdict", "setup", "phases", "endpoints", "errors", "lost", "thresholds", "environment", "queries", "integrity", "hostile", "findings", "events", "reconciliation"} {
		if text := textOf(byID(root, id)); !strings.Contains(text, `</style></title></svg><script>alert(1)</script>`) {
			t.Errorf("%s does not show the text as it is", id)
		}
	}
	if strings.Contains(page, strings.Repeat("W", 350)) {
		t.Error("a text of 400 characters is not cut")
	}
}

// Every section is there whatever the report lacks, and says so.
func TestPageSections(t *testing.T) {
	sections := []string{"verdict", "setup", "entries", "latency", "charts", "details", "environment", "glossary"}
	charts := []string{"rates", "latency-time", "distribution", "block-chart", "pressure", "harness-chart"}
	for name, r := range samples(t) {
		_, root := pageOf(t, r)
		var found []string
		for n := range root.Descendants() {
			if n.Data == "section" {
				found = append(found, attr(n, "id"))
			}
		}
		want := slices.Clone(sections)
		if len(r.Reconciliation) > 0 {
			want = slices.Insert(want, 5, "reconciliation")
		}
		if len(r.Hostile) > 0 {
			want = slices.Insert(want, 5, "hostile")
		}
		if len(r.Queries) > 0 {
			want = slices.Insert(want, 5, "queries")
		}
		if len(r.Events) > 0 {
			want = slices.Insert(want, 5, "events")
		}
		if r.Integrity.Any() {
			want = slices.Insert(want, 5, "integrity")
		}
		if r.Search != nil {
			want = slices.Insert(want, 1, "search")
		}
		if !slices.Equal(found, want) {
			t.Errorf("%s has the sections %v", name, found)
		}
		for _, id := range charts {
			figure := byID(root, id)
			if figure == nil {
				t.Errorf("%s: no figure %s", name, id)
				continue
			}
			drawings := 0
			for n := range figure.Descendants() {
				if n.Data == "svg" {
					drawings++
					if attr(n, "role") != "img" || n.FirstChild.Data != "title" || len(textOf(n.FirstChild.NextSibling)) < 40 {
						t.Errorf("%s: %s has no text alternative", name, id)
					}
				}
			}
			if empty := name == "empty" || name == "zero"; empty && drawings != 0 || !empty && name != "hostile" && drawings != 2 {
				t.Errorf("%s: %s has %d drawings", name, id, drawings)
			}
		}
	}
}

func TestPageSaysWhatTheRunDid(t *testing.T) {
	tests := []struct {
		report       *Report
		id           string
		says, mustnt []string
	}{
		{shortRun(t), "verdict", []string{"Verdict: Pass", "exit code 0", "4 of 4 thresholds met", "2026-11-24 22:41:07", "1 min 43 s", "purpose = release review", "live feed, resolution 4.00 ms"}, []string{"interrupted", "Do not use"}},
		{shortRun(t), "story", []string{"In short", "Nothing stood out"}, []string{"waited", "lost"}},
		{troubledRun(t), "story", []string{"3 entries were lost", "(31 s to", "9 failed"}, []string{"Nothing stood out"}},
		{shortRun(t), "steps", []string{"commit: took", "had ended"}, nil},
		{shortRun(t), "minutes", []string{"tenth of the time between two saved blocks"}, nil},
		{shortRun(t), "knee", []string{"p95 of accept is"}, []string{"one rate throughout"}},
		{shortRun(t), "setup", []string{"steady-mixed", "9b1c47e2", "Seed 42", "LOCAL fa92e5a3", "8.2 s", "embedded", "http://127.0.0.1:8088/v2 factomd 6.10.0"}, nil},
		{shortRun(t), "lost", []string{"No entry was lost"}, nil},
		{shortRun(t), "integrity", []string{"All that was checked is as it must be", "24 0", "12 0", "13 0", "byte for byte"}, []string{"No."}},
		{troubledRun(t), "integrity", []string{"No. 1 × wrong-content, 1 × wrong-merkle-root", "wrong-content entry http://", "24 3"}, []string{"All that"}},
		{shortRun(t), "errors", []string{"No error was met"}, nil},
		{troubledRun(t), "verdict", []string{"Entries lost", "exit code 4", "2 of 5 thresholds met"}, nil},
		{shortRun(t), "feed", []string{"12,345 frames", "1 connections", "told of 4,000 own entries", "missed 0"}, []string{"given up", "no room", "no sense", "not sent"}},
		{troubledRun(t), "feed", []string{"missed 40", "3 frames made no sense", "2 connections found no room", "1 times it told", "At 40 s it was given up: the live feed said nothing for 12s", "random sample"}, nil},
		{troubledRun(t), "latency", []string{"live feed, then ack sample"}, nil},
		{troubledRun(t), "glossary", []string{"before the live feed told of their acceptance"}, nil},
		{troubledRun(t), "errors", []string{"JSON-RPC −32011", "HTTP 502", "transport", "i/o timeout", "31.4 s"}, nil},
		{troubledRun(t), "entries", []string{"2 of the confirmed are ambiguous", "212 were sent late", "adds up"}, []string{"does not add up"}},
		{troubledRun(t), "lost", []string{"Listed 3 of 3", "the commit was never seen", "the commit was seen, the reveal was not", "acknowledged by a leader, then in no block"}, nil},
		{troubledRun(t), "events", []string{"31 s stall-begin minute 4", "44 s suspended"}, []string{"report.json has"}},
		{troubledRun(t), "findings", []string{"did what it must not do", "forbidden-entry unpaid-key entry", "1 48.2 s"}, []string{"No finding"}},
		{troubledRun(t), "hostile", []string{"repeated-commit refused with -32011", "90 × Repeated Commit (-32011)", "all 102 101 1 0 92"}, nil},
		{troubledRun(t), "reconciliation", []string{
			"2 counts do not add up.", "4,711 4,720 +9 ✗ does not add up 5000 before", "4,711 — — not known not known: more", "4,700 4,700 0 ✓ adds up", "10,000 9,996 −4 ✓ adds up", "of-tomorrow 1 0 −1 ✗",
		}, nil},
		{troubledRun(t), "verdict", []string{"2 counts do not add up"}, nil},
		{shortRun(t), "verdict", []string{"exit code 0"}, []string{"add up"}},
		{troubledRun(t), "thresholds", []string{"submit.p99 < 500ms", "✓ met", "lost == 0 3 ✗ not met", "commit_service.p99 < 200ms not enough samples ✗ not met", "blocks)"}, nil},
		{troubledRun(t), "queries", []string{
			"3 of 300 queries had no right answer", "entry 100 97 1 2", "all methods 300 297 1 2", "† Less than one query",
			"entry transport timeout 2 44 s", "entry transport reply for another entry 1 45 s",
		}, nil},
		{emptyRun(t), "verdict", []string{"Interrupted", "exit code 130", "stopped by the user", "no samples"}, nil},
		{emptyRun(t), "entries", []string{"No entry was planned", "adds up"}, nil},
		{emptyRun(t), "latency", []string{"schedule planned → sent 0 —"}, []string{"0 ms", "†"}},
		{emptyRun(t), "block-chart", []string{"No directory block was saved"}, nil},
		{longRun(t, 900), "lost", []string{"Listed 1,000 of 4,711", "Show the 1,000 lost entries"}, nil},
		{longRun(t, 900), "phases", []string{"All 240 phases", "step-239"}, nil},
		{longRun(t, 900), "rates", []string{"240 phases", "Each point stands for 48 s", "lowest to the highest interval"}, nil},
		{longRun(t, 900), "block-chart", []string{"Each bar stands for 11 blocks", "The first 250 of 1,920 blocks"}, nil},
		{samples(t)["invalid"], "verdict", []string{"Invalid", "Do not use these figures. schedule p99 was 31 ms"}, nil},
	}
	for _, test := range tests {
		_, root := pageOf(t, test.report)
		text := textOf(byID(root, test.id))
		for _, want := range test.says {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q:\n%s", test.id, want, text)
			}
		}
		for _, bad := range test.mustnt {
			if strings.Contains(text, bad) {
				t.Errorf("%s says %q", test.id, bad)
			}
		}
	}
}

func TestPageWarnsWhenOutcomesDoNotAddUp(t *testing.T) {
	r := shortRun(t)
	r.Totals.Confirmed--
	_, root := pageOf(t, r)
	text := textOf(byID(root, "entries"))
	want := fmt.Sprintf("The outcomes do not add up. %s entries were planned, the outcomes are %s.", countText(r.Totals.Planned), countText(r.Totals.Planned-1))
	if !strings.Contains(text, want) || !strings.Contains(text, "✗ does not add up") {
		t.Errorf("no warning in %s", text)
	}
}

func TestPageSize(t *testing.T) {
	night := runOf(t, 12*3600, 900)
	for i := range 500 {
		night.Events = append(night.Events, Event{float64(i) * 211, "long-minute", "minute 4 after block 7 lasted 2.5s, a minute of the network 1.5s", "http://127.0.0.1:8088/v2"})
	}
	for _, test := range []struct {
		name string
		run  *Report
		most int
	}{{"90 s", shortRun(t), 500_000}, {"12 h", night, 1_500_000}} {
		page, _ := pageOf(t, test.run)
		t.Logf("%s: %d bytes", test.name, len(page))
		if len(page) > test.most {
			t.Errorf("the page of a run of %s has %d bytes, more than %d", test.name, len(page), test.most)
		}
	}
}

type brokenWriter struct{}

var errBroken = errors.New("disk full")

func (brokenWriter) Write([]byte) (int, error) { return 0, errBroken }

func TestWriteHTMLReportsAWriteError(t *testing.T) {
	if err := WriteHTML(brokenWriter{}, emptyRun(t)); !errors.Is(err, errBroken) {
		t.Errorf("got the error %v", err)
	}
}

// Text has a contrast of 4.5 at least to what is behind it, graphics 3, in
// both colour schemes (WCAG 2.2, 1.4.3 and 1.4.11).
func TestColourContrast(t *testing.T) {
	blocks := regexp.MustCompile(`(?s):root \{([^}]*--page:.*?)\}`).FindAllStringSubmatch(pageStyle, -1)
	if len(blocks) != 2 {
		t.Fatalf("%d colour schemes", len(blocks))
	}
	for i, scheme := range []string{"light", "dark"} {
		colours := map[string]string{}
		for _, m := range regexp.MustCompile(`--([a-z-]+): (#[0-9a-f]{6});`).FindAllStringSubmatch(blocks[i][1], -1) {
			colours[m[1]] = m[2]
		}
		check := func(least float64, backs []string, fronts ...string) {
			for _, front := range fronts {
				for _, back := range backs {
					if c := contrast(colours[front], colours[back]); !(c >= least) {
						t.Errorf("%s: %s on %s has a contrast of %.2f, less than %.1f", scheme, front, back, c, least)
					}
				}
			}
		}
		check(4.5, []string{"page", "card", "soft"}, "ink", "muted", "link")
		check(4.5, []string{"card"}, "good", "bad", "warn", "stop")
		check(3, []string{"card", "soft"}, "blue", "orange", "green", "violet", "grey", "strong-rule")
	}
}

// contrast is the WCAG contrast ratio of two colours like #0f65ab.
func contrast(a, b string) float64 {
	luminance := func(c string) float64 {
		if len(c) != 7 {
			return math.NaN()
		}
		sum := 0.0
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			v, err := strconv.ParseUint(c[1+2*i:3+2*i], 16, 8)
			if err != nil {
				return math.NaN()
			}
			s := float64(v) / 255
			if s <= 0.04045 {
				s /= 12.92
			} else {
				s = math.Pow((s+0.055)/1.055, 2.4)
			}
			sum += weight * s
		}
		return sum
	}
	la, lb := luminance(a), luminance(b)
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

func TestFormats(t *testing.T) {
	for _, test := range []struct{ got, want string }{
		{countText(0), "0"}, {countText(999), "999"}, {countText(1234567), "1,234,567"},
		{msText(0), "0 ms"}, {msText(0.01234), "12.3 µs"}, {msText(0.1234), "0.123 ms"}, {msText(0.9996), "1.00 ms"}, {msText(8.456), "8.46 ms"}, {msText(99.96), "100 ms"}, {msText(9876.4), "9.88 s"},
		{msText(12345), "12.3 s"}, {msText(math.NaN()), "—"},
		{msAxis(0.02), "20 µs"}, {msAxis(5), "5 ms"}, {msAxis(2000), "2 s"},
		{percentText(0, 10), "0 %"}, {percentText(10, 10), "100 %"}, {percentText(1, 1e6), "<0.01 %"}, {percentText(999_999, 1e6), ">99.99 %"}, {percentText(1, 3), "33.3 %"}, {percentText(1, 0), "—"},
		{spanText(4.25), "4.3 s"}, {spanText(130), "2 min 10 s"}, {spanText(3600 * 8), "8 h 0 min"}, {spanText(59.97), "60 s"},
		{Bytes(900), "900 B"}, {Bytes(61 << 20), "61.0 MiB"},
		{measuredText("confirm.p99 < 2blocks", 21300, 15), "21.3 s (1.42 blocks)"},
		{measuredText("submit.p99 < 500ms", 12.5, 15), "12.5 ms"},
		{measuredText("sent_per_s >= 95", 98.7, 15), "98.7/s"},
		{measuredText("lost == 0", 3, 15), "3"},
		{measuredText("accept.count > 1000", 4321, 15), "4,321"},
		{measuredText("failed_ratio < 1%", 0.0025, 15), "0.250 %"},
	} {
		if test.got != test.want {
			t.Errorf("got %q, want %q", test.got, test.want)
		}
	}
}
