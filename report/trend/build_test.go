package trend_test

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/report/trend"
)

func build(tb testing.TB, root string, o trend.Options) *trend.Trend {
	tb.Helper()
	return trend.Build(index(tb, root), o)
}

func seriesOf(t *testing.T, g trend.Group, name string) trend.MetricSeries {
	t.Helper()
	for _, s := range g.Metrics {
		if s.Name == name {
			return s
		}
	}
	t.Fatalf("no %s", name)
	return trend.MetricSeries{}
}

// A release that makes all latencies 10 % longer is found at its run, and counts for as
// many runs as was asked for.
func TestAStepIsFound(t *testing.T) {
	root := t.TempDir()
	nights(t, root, 30, 25, 1.1)
	tr := build(t, root, trend.Options{})
	if len(tr.Groups) != 1 || !tr.Groups[0].Current || tr.Counts.Complete != 30 {
		t.Fatalf("%d groups, counts %+v", len(tr.Groups), tr.Counts)
	}
	s := seriesOf(t, tr.Groups[0], "confirm.p95")
	if len(s.Changes) != 1 {
		t.Fatalf("the changes are %+v", s.Changes)
	}
	c := s.Changes[0]
	if c.Path != "nightly/0025" || c.Run != 25 || c.RunsAgo != 5 || !c.Worse || !c.Matters || !c.Lasts || c.Percent < 8 || c.Percent > 12 {
		t.Errorf("the change is %+v", c)
	}
	rate := seriesOf(t, tr.Groups[0], "confirmed_per_s")
	if !rate.HigherIsBetter {
		t.Error("a lower rate of confirmations is better")
	}
	if tr.Verdict != trend.Worsens || !slices.ContainsFunc(tr.Worse, func(w trend.Worse) bool {
		return w.Metric == "confirm.p95" && w.Kind == trend.ByChange && w.Path == "nightly/0025" && strings.Contains(w.Why, "5 runs ago")
	}) {
		t.Errorf("%s: %+v", tr.Verdict, tr.Worse)
	}
	for _, w := range build(t, root, trend.Options{Since: 4}).Worse {
		if w.Kind == trend.ByChange {
			t.Errorf("a change of five runs ago counts with --since 4: %+v", w)
		}
	}
	if s := seriesOf(t, tr.Groups[0], "own_schedule.p99"); s.Judged {
		t.Error("the harness is judged")
	}
}

// What came back, and what is better, is no reason.
func TestAChangeThatCameBack(t *testing.T) {
	root := t.TempDir()
	for i := range 40 {
		slower := 1.0
		if i >= 20 && i < 30 {
			slower = 1.5
		}
		put(t, root, sample(i, 1).Run.ID, sample(i, slower))
	}
	tr := build(t, root, trend.Options{Since: 40})
	s := seriesOf(t, tr.Groups[0], "confirm.p50")
	if len(s.Changes) != 2 || s.Changes[0].Lasts || s.Changes[1].Worse {
		t.Errorf("the changes are %+v", s.Changes)
	}
	if tr.Verdict != trend.Steady {
		t.Errorf("it is %s: %+v", tr.Verdict, tr.Worse)
	}
}

// One bad night is outside the band at once.
func TestTheNewestRunAgainstTheBand(t *testing.T) {
	root := t.TempDir()
	nights(t, root, 20, 19, 1.6)
	tr := build(t, root, trend.Options{})
	s := seriesOf(t, tr.Groups[0], "accept.p95")
	if s.Newest.Place != trend.Above || s.Newest.Path != "nightly/0019" || len(s.Changes) != 0 {
		t.Errorf("the newest is %+v, changes are %+v", s.Newest, s.Changes)
	}
	if tr.Verdict != trend.Worsens || tr.Worse[0].Kind != trend.ByBand {
		t.Errorf("it is %s: %+v", tr.Verdict, tr.Worse)
	}
	faster := t.TempDir()
	nights(t, faster, 20, 19, 0.6)
	if tr := build(t, faster, trend.Options{}); tr.Verdict != trend.Steady || seriesOf(t, tr.Groups[0], "accept.p95").Newest.Place != trend.Below {
		t.Errorf("a faster night is %s: %+v", tr.Verdict, tr.Worse)
	}
}

// Invalid and interrupted runs are shown, and change nothing of the figures.
func TestRunsThatAreNotCounted(t *testing.T) {
	root := t.TempDir()
	nights(t, root, 20, 99, 1)
	want := build(t, root, trend.Options{})
	for i, v := range []report.Verdict{report.Invalid, report.Interrupted} {
		r := sample(30+i, 10)
		r.Verdict = v
		put(t, root, string(v), r)
	}
	got := build(t, root, trend.Options{})
	if got.Counts.Runs != 22 || got.Counts.Complete != 20 || got.Counts.Invalid != 1 || got.Counts.Interrupted != 1 {
		t.Errorf("the counts are %+v", got.Counts)
	}
	a, b := seriesOf(t, want.Groups[0], "accept.p95"), seriesOf(t, got.Groups[0], "accept.p95")
	if *a.Newest != *b.Newest || len(b.Changes) != 0 || len(b.Values) != 22 || got.Verdict != trend.Steady {
		t.Errorf("%+v and %+v, %s", a.Newest, b.Newest, got.Verdict)
	}
}

// Figures of other loads and networks are not put together, and what a scenario was
// before does not fail anything.
func TestGroups(t *testing.T) {
	root := t.TempDir()
	nights(t, root, 30, 25, 2) // then the scenario was changed
	for i := 30; i < 36; i++ {
		r := sample(i, 2)
		r.Run.Scenario.SHA256 = "00112233"
		r.Run.Tags["line"] = []string{"a", "b"}[i%2]
		r.Network.Endpoints[0].FactomdVersion = "7.0.0"
		put(t, root, r.Run.ID, r)
	}
	other := sample(40, 1)
	other.Network.Embedded, other.Network.Name = false, "TEST"
	put(t, root, "other", other)

	tr := build(t, root, trend.Options{})
	if len(tr.Groups) != 3 || !tr.Groups[0].Current || tr.Groups[1].Current || tr.Groups[1].Scenario.SHA256 != "9b1c47e2aabbccdd" || tr.Groups[2].Network != "TEST" {
		t.Fatalf("the groups are %+v", tr.Groups)
	}
	if tr.Verdict != trend.Steady {
		t.Errorf("it is %s: %+v", tr.Verdict, tr.Worse)
	}
	if changes := tr.Groups[0].Runs[1].Changes; !slices.Equal(changes, []string{"line a → b"}) {
		t.Errorf("new of the run is %v", changes)
	}
	if tr := build(t, root, trend.Options{GroupBy: "line"}); len(tr.Groups) != 4 || tr.Groups[1].Tag != "a" || tr.Groups[2].Tag != "b" {
		t.Errorf("by a tag there are %d groups", len(tr.Groups))
	}
	if tr := build(t, root, trend.Options{GroupBy: "tag.line"}); len(tr.Groups) != 4 {
		t.Errorf("by a tag that is called one there are %d groups", len(tr.Groups))
	}
}

// Within a load the figures are told apart by version of factomd; grouped by it they
// are not judged together.
func TestVersions(t *testing.T) {
	root := t.TempDir()
	for i := range 24 {
		slower, version := 1.0, "6.11.0"
		if i >= 16 {
			slower, version = 1.2, "6.12.0"
		}
		r := sample(i, slower)
		r.Run.Tags["factomd"] = []string{"a", "b"}[i%2]
		r.Network.Endpoints[0].FactomdVersion = version
		put(t, root, r.Run.ID, r)
	}
	bad := sample(30, 9)
	bad.Verdict, bad.Network.Endpoints[0].FactomdVersion = report.Invalid, "6.13.0"
	put(t, root, "invalid", bad)

	tr := build(t, root, trend.Options{})
	if tr.Verdict != trend.Worsens || len(tr.Groups) != 1 {
		t.Fatalf("%s, %d groups", tr.Verdict, len(tr.Groups))
	}
	versions := tr.Groups[0].Versions
	if len(versions) != 2 || versions[0].Factomd != "6.11.0" || versions[0].Runs != 16 || versions[1].Runs != 8 {
		t.Fatalf("the versions are %+v", versions)
	}
	if rise := versions[1].Medians["accept.p95"] / versions[0].Medians["accept.p95"]; rise < 1.15 || rise > 1.25 {
		t.Errorf("from version to version it rose by a factor of %g", rise)
	}
	if tr := build(t, root, trend.Options{GroupBy: "factomd"}); tr.Verdict != trend.Steady || len(tr.Groups) != 3 || tr.Groups[1].Tag != "6.12.0" {
		t.Errorf("by version it is %s, with %d groups", tr.Verdict, len(tr.Groups))
	}
	if tr := build(t, root, trend.Options{GroupBy: "tag.factomd"}); len(tr.Groups) != 3 || tr.Groups[1].Tag != "a" {
		t.Errorf("by a tag called factomd there are %d groups", len(tr.Groups))
	}
	if tr := build(t, root, trend.Options{GroupBy: "host"}); len(tr.Groups) != 1 || tr.Groups[0].Tag != "ci" {
		t.Errorf("by machine there are %d groups", len(tr.Groups))
	}
}

// In histories without a change, few newest runs fail: less than one in ten, of all
// metrics together. With change points, which are one in twenty at most, this is what
// a nightly job must expect.
func TestFalseAlarms(t *testing.T) {
	const histories = 100
	random, byBand, byChange := rand.New(rand.NewPCG(1, 9)), 0, 0
	for range histories {
		runs := &trend.Runs{}
		for i := range 40 {
			r := trend.Run{ID: string(rune('a' + i)), Scenario: "steady", Started: sample(i, 1).Run.Started, Verdict: report.Pass, Values: map[string]float64{}}
			for _, stage := range []string{"accept", "confirm", "submit"} {
				night := random.NormFloat64() // percentiles of a night go together
				for _, p := range []string{"p50", "p95", "p99"} {
					r.Values[stage+"."+p] = 5000 * (1 + 0.04*night + 0.02*random.NormFloat64())
				}
			}
			r.Values["confirmed_per_s"] = 100 * (1 + 0.04*random.NormFloat64())
			r.Values["node_cpu_ms_per_entry"] = 2 * (1 + 0.04*random.NormFloat64())
			r.Values["node_rss_peak_bytes"] = 1e9 * (1 + 0.04*random.NormFloat64())
			r.Values["lost_ratio"], r.Values["failed_ratio"], r.Values["rejected_ratio"] = 0, 0, 0
			runs.Reported = append(runs.Reported, r)
		}
		tr := trend.Build(runs, trend.Options{})
		kinds := map[trend.WorseKind]bool{}
		for _, w := range tr.Worse {
			kinds[w.Kind] = true
		}
		if kinds[trend.ByBand] {
			byBand++
		}
		if kinds[trend.ByChange] {
			byChange++
		}
	}
	t.Logf("of %d histories without a change %d fail by the band, %d by a change", histories, byBand, byChange)
	if byBand > histories/10 || byChange > histories/20 {
		t.Errorf("of %d histories without a change %d fail by the band, %d by a change", histories, byBand, byChange)
	}
}

func TestJSONIsOfItsSchema(t *testing.T) {
	root := t.TempDir()
	nights(t, root, 30, 25, 1.5)
	write(t, root+"/broken/report.json", "{")
	write(t, root+"/killed/run.json", begun)
	for _, tr := range []*trend.Trend{build(t, root, trend.Options{}), build(t, t.TempDir(), trend.Options{})} {
		var b bytes.Buffer
		if err := trend.WriteJSON(&b, tr); err != nil {
			t.Fatal(err)
		}
		validate(t, b.Bytes())
	}
}
