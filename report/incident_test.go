package report

import (
	"bytes"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/FactomProject/factom-load/results"
)

func incidentOf(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteIncident(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestIncident(t *testing.T) {
	r := troubledRun(t)
	at := func(s float64, kind results.EventKind, endpoint string) {
		r.Events = append(r.Events, Event{s, string(kind), "detail of " + string(kind), endpoint})
	}
	at(33, results.StallEnd, "")
	at(35, results.ElectionBegin, r.Endpoints[0].URL)
	at(37.5, results.NodeDown, r.Endpoints[0].URL)
	at(38, results.NodeDown, r.Endpoints[1].URL)
	at(39, results.NodeUp, r.Endpoints[1].URL)
	at(41, results.ElectionEnd, r.Endpoints[1].URL)
	at(42, results.LeaderChange, "")
	paper := incidentOf(t, r)
	for _, want := range []string{
		"# Incident on the network `LOCAL` during a load test (draft)\n",
		"- **careful:** the harness stood still",
		"\n- The network stood still at 2026-11-24 22:41:38.0 UTC, for 2 s.\n",
		"\n- An election went on at 2026-11-24 22:41:42.0 UTC, for 6 s.\n",
		"\n- An endpoint did not answer 2 times, first at 2026-11-24 22:41:44.5 UTC, for 1 min 6 s at most; it had not ended when the run did.\n",
		"\n- The set of leaders changed at 2026-11-24 22:41:49.0 UTC.\n",
		"\n- 3 entries were lost: the API took them, and no block has them.\n",
		"\n- Counts do not add up, entry credits spent: 4,711 by the harness, 4,720 by the network.\n",
		"| 2026-11-24 22:41:38.0 | 31 s | `stall-begin` | `minute 4 after block 7 has lasted 4.2 s so far, a minute of the network 1.5s` at `http://127.0.0.1:8088/v2` |\n",
		"| 2026-11-24 22:41:51.0 | 44 s | first error `Bad Gateway` | HTTP 502, 7 × in all; first entry `a1a1",
		"| lost | 3 (0.04 %) |\n",
		"## What was tried\n", "## Open questions\n",
		"Who else used the keys, the chains or the node? ____",
	} {
		if !strings.Contains(paper, want) {
			t.Errorf("it does not say %q", want)
		}
	}
	times := regexp.MustCompile(`(?m)^\| (2026-\S+ \S+) \|`).FindAllStringSubmatch(under(paper, "Time line"), -1)
	if len(times) < 10 || !slices.IsSortedFunc(times, func(a, b []string) int { return strings.Compare(a[1], b[1]) }) {
		t.Errorf("the time line has %d rows, or is in no order", len(times))
	}
	if t.Failed() {
		t.Log(paper)
	}
}

// under is what stands under a title.
func under(paper, title string) string {
	_, after, _ := strings.Cut(paper, "\n## "+title+"\n")
	part, _, _ := strings.Cut(after, "\n## ")
	return part
}

// The latencies of before, during and after are of the blocks of that time.
func TestIncidentCompares(t *testing.T) {
	r := shortRun(t)
	r.Events = []Event{{40, string(results.StallBegin), "", ""}, {50, string(results.StallEnd), "", ""}}
	r.Network.BlockSeconds = 5
	var before, during, after uint64
	for _, b := range r.Blocks {
		switch {
		case b.ClosedS < 40:
			before += b.OwnEntries
		case b.ClosedS < 60:
			during += b.OwnEntries
		default:
			after += b.OwnEntries
		}
	}
	want := "| own entries in blocks saved then | " + countText(before) + " | " + countText(during) + " | " + countText(after) + " |\n"
	paper := incidentOf(t, r)
	if !strings.Contains(paper, want) || before*during*after == 0 {
		t.Errorf("not %q in\n%s", want, under(paper, "Impact"))
	}
	h := mergedConfirm(r.Blocks, 40, 60)
	if uint64(h.TotalCount()) != during || h.ValueAtQuantile(100) > int64(10.1e9) {
		t.Errorf("%d entries, and at most %d ns", h.TotalCount(), h.ValueAtQuantile(100))
	}
	if got := worst(r.Series, "submit_p99_ms", 95, 200); !math.IsNaN(got) {
		t.Errorf("nothing was sent, and the worst was %g", got)
	}
}

func TestQuietIncident(t *testing.T) {
	r := shortRun(t)
	r.Events = []Event{{12, string(results.LongMinute), "minute 3 lasted 2s", ""}}
	paper := incidentOf(t, r)
	if !strings.HasPrefix(paper, "# Nothing to report of the network `LOCAL`") || strings.Contains(paper, "## ") || strings.Count(paper, "\n") > 20 {
		t.Errorf("a quiet run makes\n%s", paper)
	}
	if paper := incidentOf(t, emptyRun(t)); strings.Contains(paper, "None") || !strings.Contains(paper, "Stopped before the first entry was due") {
		t.Errorf("an empty run makes\n%s", paper)
	}
}

// A night of flicker leaves room for what matters.
func TestIncidentBounded(t *testing.T) {
	r := troubledRun(t)
	for i := range 3000 {
		r.Events = append(r.Events, Event{float64(i) / 100, string(results.LongMinute), strings.Repeat("x", 500), ""})
	}
	r.Events = append(r.Events, Event{80, string(results.ElectionBegin), "", ""})
	paper := incidentOf(t, r)
	if rows := strings.Count(under(paper, "Time line"), "\n| 2026"); rows > mostMoments || !strings.Contains(paper, "`election-begin`") || len(paper) > 1<<20 {
		t.Errorf("%d rows, %d bytes", rows, len(paper))
	}
}

// Whatever a node wrote, the paper has the lines, the cells and the words that it has
// without.
func TestIncidentHostile(t *testing.T) {
	hostile := []string{
		"a\n# b\n\n<script>alert(1)</script>", "`` ` ``` \\`", "| --- | x |", "[x](javascript:y) ![z](http://evil.example)", "\u202e\x1b[31m@all #1 &lt;",
		"-->\r\n~~~\n- [ ] done", strings.Repeat("`|\n", 2000),
	}
	shape := func(paper string) (lines []string) {
		for _, line := range strings.Split(paper, "\n") {
			begin, _, _ := strings.Cut(line, " ")
			lines = append(lines, begin+strings.Repeat("|", strings.Count(line, "|")))
		}
		return lines
	}
	var want []string
	for _, text := range append([]string{"plain"}, hostile...) {
		r := troubledRun(t)
		r.Network.Name, r.Run.ID, r.Run.Scenario.Name, r.VerdictWhy, r.Harness.Why = text, text, text, text, text
		r.Harness.Valid = false
		r.Integrity.Findings[0].Kind = text
		for i := range r.Events {
			r.Events[i].Detail, r.Events[i].Endpoint = text, text
		}
		for i := range r.Errors {
			r.Errors[i].Message, r.Errors[i].Example = text, text
		}
		for i := range r.Network.Endpoints {
			r.Network.Endpoints[i].URL, r.Network.Endpoints[i].FactomdVersion = text, text
		}
		for i := range r.Phases {
			r.Phases[i].Name = text
		}
		for i := range r.Reconciliation {
			r.Reconciliation[i].Note = text
		}
		for i := range r.Audit.Lost {
			r.Audit.Lost[i].Hash, r.Audit.Lost[i].ChainID = text, text
		}
		for i := range r.Findings {
			r.Findings[i].Kind, r.Findings[i].Detail = text, text
		}
		paper := incidentOf(t, r)
		if want == nil {
			want = shape(paper)
			continue
		}
		if got := shape(paper); !slices.Equal(got, want) {
			t.Errorf("%.40q changes the paper's shape:\n%s", text, paper)
		}
		if i := strings.IndexFunc(paper, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }); i >= 0 || strings.Contains(paper, "\u202e") {
			t.Errorf("%.40q brings what does not print", text)
		}
		if plain := regexp.MustCompile("`[^`\n]*`").ReplaceAllString(paper, ""); regexp.MustCompile(`(^|[^\\])[<\[]`).MatchString(plain) {
			t.Errorf("%.40q brings a tag or a link:\n%s", text, plain)
		}
	}
}
