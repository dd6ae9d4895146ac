package compare

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/infer"
	"github.com/FactomProject/factom-load/internal/syntheticrun"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// accepting are options with a list, on 30 November 2026.
func accepting(t *testing.T, list string) Options {
	t.Helper()
	items, err := scenarios.ParseAccepted([]byte("version: 1\naccept:\n"+list), "known.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return Options{Accept: items, AcceptFile: "known.yaml", Now: time.Date(2026, 11, 30, 23, 59, 0, 0, time.UTC)}
}

const (
	acceptP50 = "- {metric: accept.p50, until: 2026-12-31, reason: x}\n"
	acceptP95 = "- {metric: accept.p95, until: 2026-12-31, reason: x}\n"
	acceptP99 = "- {metric: accept.p99, until: 2026-12-31, reason: x}\n"
)

// judged is a comparison with a list, and not compared again for it.
func judged(c *Comparison, o Options) *Comparison {
	with := *c
	with.Metrics = slices.Clone(c.Metrics)
	with.accept(c.curves, o)
	with.Notes = with.acceptanceNotes()
	with.decide()
	return &with
}

// What a list covers does not fail, what it does not cover does, and the verdicts stay.
func TestAccept(t *testing.T) {
	slower := compareGroups(t, steady, group{n: 6, level: 1.2, spread: 0.02}, Options{})
	same := compareGroups(t, steady, steady, Options{})
	improved := compareGroups(t, steady, group{n: 6, level: 0.8, spread: 0.02}, Options{})
	few := compareGroups(t, group{n: 2, level: 1}, group{n: 2, level: 1.2}, Options{})
	lossy := compareGroups(t, steady, group{n: 6, level: 1, spread: 0.02, each: func(i int, r *syntheticrun.Run) { r.Lost = 300 + i }}, Options{})
	others := func(text string) string {
		return acceptP50 + acceptP99 + "- {metric: accept.p95, reason: x, " + text + "}\n"
	}
	for name, c := range map[string]struct {
		plain *Comparison
		list  string
		exit  int
		state State  // of the last item
		why   string // of it
	}{
		"all of it":              {slower, acceptP50 + acceptP99 + acceptP95, 0, Applied, "any difference is accepted"},
		"not all of it":          {slower, acceptP95, 3, Applied, "any"},
		"within the bound":       {slower, others("until: 2026-12-31, up_to: 25%"), 0, Applied, "% at most, and 25% is accepted"},
		"within milliseconds":    {slower, others("until: 2026-12-31, up_to: 90ms"), 0, Applied, "90ms is accepted"},
		"beyond the bound":       {slower, others("until: 2026-12-31, up_to: 10%"), 3, Beyond, "may have changed by as much as +"},
		"the estimate is within": {slower, others("until: 2026-12-31, up_to: 17.5%"), 3, Beyond, "17.5% is accepted"},
		"on its last day":        {slower, others("until: 2026-11-30"), 0, Applied, "any"},
		"the day after":          {slower, others("until: 2026-11-29"), 3, Expired, "decide anew"},
		"this version":           {slower, others("until: 2026-12-31, candidate: v6.12.0, scenario: steady"), 0, Applied, "any"},
		"another version":        {slower, others("until: 2026-12-31, candidate: 6.12.1"), 3, Elsewhere, "for factomd 6.12.1, and runs of the candidate are of 6.12.0"},
		"another scenario":       {slower, others("until: 2026-12-31, scenario: soak"), 3, Elsewhere, "for the scenario soak, and runs are of steady"},
		"nothing to accept":      {same, others("until: 2026-12-31"), 0, Unused, "accept.p95 has not regressed (unchanged): it can go"},
		"over, and nothing":      {same, others("until: 2026-01-01"), 0, Expired, "it can go"},
		"improved":               {improved, others("until: 2026-12-31"), 0, Unused, "(improved)"},
		"no answer":              {few, others("until: 2026-12-31"), 6, Unused, "no answer"},
		"not compared":           {slower, acceptP50 + acceptP95 + acceptP99 + "- {metric: submit.max, until: 2026-12-31, reason: x}", 0, Unused, "no such metric"},
		"twice":                  {slower, acceptP50 + acceptP99 + acceptP95 + "- {metric: accept.p95, scenario: steady, until: 2026-12-31, reason: x}", 0, Unused, "one above"},
		"a rate": {lossy,
			"- {metric: lost, until: 2026-12-31, reason: x}\n- {metric: rates.confirmed_per_s, up_to: 70%, until: 2026-12-31, reason: x}", 0, Applied, "at most, and 70% is accepted"},
	} {
		t.Run(name, func(t *testing.T) {
			plain, got := c.plain, judged(c.plain, accepting(t, c.list))
			if got.Verdict != plain.Verdict || got.ExitCode(true) != c.exit || got.Accepted != (got.Verdict == infer.Regressed && c.exit == 0) {
				t.Errorf("%s, accepted %t, exit code %d, want %d: %s", got.Verdict, got.Accepted, got.ExitCode(true), c.exit, got.Why)
			}
			for i, m := range got.Metrics {
				if m.Verdict != plain.Metrics[i].Verdict {
					t.Errorf("%s is %s, and %s without a list", m.Name, m.Verdict, plain.Metrics[i].Verdict)
				}
			}
			last := got.Acceptances[len(got.Acceptances)-1]
			if last.State != c.state || !strings.Contains(last.Why, c.why) {
				t.Errorf("%s: %s", last.State, last.Why)
			}
			noted := strings.Contains(strings.Join(got.Notes, "\n"), last.Why)
			if wanted := last.State != Applied && last.State != Elsewhere; noted != wanted {
				t.Errorf("it is in the notes: %t\n%q", noted, got.Notes)
			}
		})
	}
}

// A metric beside the primary one is accepted: that is no answer about the primary one.
func TestAcceptLeavesTheQuestionOpen(t *testing.T) {
	wide := group{n: 6, level: 1, spread: 0.4}
	lossy := group{n: 6, level: 1.05, spread: 0.4, each: func(i int, r *syntheticrun.Run) { r.Lost = 12 + i }}
	got := judged(compareGroups(t, wide, lossy, Options{}), accepting(t, "- {metric: lost, until: 2026-12-31, reason: x}"))
	if got.Verdict != infer.Regressed || !got.Accepted || got.ExitCode(false) != 0 || got.ExitCode(true) != ExitInconclusive {
		t.Errorf("%s, accepted %t, exit codes %d and %d: %s", got.Verdict, got.Accepted, got.ExitCode(false), got.ExitCode(true), got.Why)
	}
}

// The reason is a person's, and the rest is of runs: none of it is markup.
func TestAcceptShown(t *testing.T) {
	const reason = "<b>3 | `x`</b> [a](http://evil.example) @all"
	o := accepting(t, acceptP50+acceptP99+"- {metric: accept.p95, up_to: 25%, until: 2026-12-31, reason: '"+reason+"'}\n- {metric: lost, scenario: steady, candidate: 6.12.0, until: 2026-12-31, reason: y}")
	c := compareGroups(t, steady, group{n: 6, level: 1.2, spread: 0.02}, o)
	page := pageOf(t, c)
	for _, want := range []string{"regressed, accepted</h2>", "accepted until 2026-12-31", `id="accepted"`, "From known.yaml", "&lt;b&gt;3 | `x`", "scenario steady, factomd 6.12.0", `<span class="bad">unused</span>`} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	var b bytes.Buffer
	if err := WriteMarkdown(&b, c); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"## REGRESSED, accepted\n", "| regressed, accepted until 2026-12-31: \\<b\\>3 ¦ ", "| lost (line 6) | scenario steady, factomd 6.12.0 | any | 2026-12-31 | y | **unused**: "} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("Markdown has no %q:\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "<b>") || strings.Contains(b.String(), "@all |") {
		t.Errorf("a reason is markup in\n%s", b.String())
	}
}

// Without a date, it is today's.
func TestAcceptToday(t *testing.T) {
	o := accepting(t, acceptP95)
	o.Now = time.Time{}
	if c := compareGroups(t, group{n: 1, level: 1}, group{n: 1, level: 1}, o); len(c.AcceptedOn) != len("2026-11-30") || c.AcceptedOn < "2026" {
		t.Errorf("judged on %q", c.AcceptedOn)
	}
}

// A run without a version is of none that is named.
func TestAcceptUnknownVersion(t *testing.T) {
	nameless := group{n: 4, level: 1.2, each: func(_ int, r *syntheticrun.Run) {
		changed(r, func(m *results.Manifest) { m.Network.Endpoints[0].Version = "" })
	}}
	c := compareGroups(t, steady, nameless, accepting(t, "- {metric: accept.p95, candidate: 6.12.0, until: 2026-12-31, reason: x}"))
	if got := c.Acceptances[0]; got.State != Elsewhere || !strings.Contains(got.Why, "an unknown one") {
		t.Errorf("%+v", got)
	}
}

// The lists in the manual are some.
func TestManualAccept(t *testing.T) {
	manual, err := os.ReadFile("../../docs/statistics.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(string(manual), -1)
	if len(blocks) == 0 {
		t.Error("the manual has no list")
	}
	for _, b := range blocks {
		if list, err := scenarios.ParseAccepted([]byte(b[1]), "statistics.md"); err != nil || len(list) == 0 {
			t.Errorf("%d items, %v", len(list), err)
		}
	}
}
