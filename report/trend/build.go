package trend

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/internal/changepoint"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/report"
)

// Options say how runs are grouped and judged.
type Options struct {
	// Since is how many runs a change may be old to count, [DefaultSince] if 0.
	Since int
	// GroupBy is a tag, "factomd" for the version, or "host": runs with different
	// values of it are not put together. A tag of one of those names is "tag.host".
	GroupBy string
}

// Group returns the run's value of what runs are grouped by, or an empty string.
func (o Options) Group(r Run) string {
	switch tag, _ := strings.CutPrefix(o.GroupBy, "tag."); o.GroupBy {
	case "":
		return ""
	case "factomd":
		return r.Factomd
	case "host":
		return r.Host
	default:
		return r.Tags[tag]
	}
}

// DefaultSince is two weeks of nightly runs, without their weekends.
const DefaultSince = 10

// level is the share of groups without a change in which one may be found. The metrics
// that are judged share it.
const level = 0.05

// Build makes the trend of runs.
func Build(runs *Runs, o Options) *Trend {
	if o.Since == 0 {
		o.Since = DefaultSince
	}
	t := &Trend{
		Schema: Schema, Verdict: Steady, Worse: []Worse{}, Groups: []Group{},
		Method:   Method{Window, BandWidth, level, Tolerance, o.Since, o.GroupBy, changepoint.MostBack},
		Killed:   append([]string{}, runs.Killed...),
		Problems: append([]Problem{}, runs.Problems...),
		Counts:   Counts{Runs: len(runs.Reported), InProgress: runs.Partial, Killed: len(runs.Killed), Problems: len(runs.Problems)},
	}
	type key struct{ scenario, sha256, network, tag string }
	groups := map[key][]Run{}
	newest := map[key]string{} // without the hash: the hash of the newest run
	for _, r := range runs.Reported {
		switch {
		case r.complete():
			t.Counts.Complete++
		case r.Verdict == report.Invalid:
			t.Counts.Invalid++
		default:
			t.Counts.Interrupted++
		}
		k := key{r.Scenario, r.SHA256, r.Network, o.Group(r)}
		groups[k] = append(groups[k], r)
		newest[key{k.scenario, "", k.network, k.tag}] = k.sha256
	}
	for _, k := range slices.SortedFunc(maps.Keys(groups), func(a, b key) int {
		started := func(k key) time.Time { return groups[k][len(groups[k])-1].Started }
		return cmp.Or(cmp.Compare(a.scenario, b.scenario), cmp.Compare(a.network, b.network), cmp.Compare(a.tag, b.tag),
			started(b).Compare(started(a)), cmp.Compare(a.sha256, b.sha256))
	}) {
		g := newGroup(groups[k])
		g.Scenario, g.Network, g.Tag = report.Scenario{Name: k.scenario, SHA256: k.sha256}, k.network, k.tag
		g.Current = newest[key{k.scenario, "", k.network, k.tag}] == k.sha256
		t.Groups = append(t.Groups, g)
		if g.Current {
			t.Worse = append(t.Worse, g.worse(o.Since)...)
		}
	}
	if len(t.Worse) > 0 {
		t.Verdict = Worsens
	}
	return t
}

func newGroup(runs []Run) Group {
	g := Group{Versions: versions(runs)}
	var before *Run
	for i, r := range runs {
		g.Runs = append(g.Runs, GroupRun{
			Path: factomd.Printable(r.Path, 300), ID: r.ID, Started: r.Started, Verdict: r.Verdict, Complete: r.complete(),
			Factomd: r.Factomd, Host: r.Host, Tags: maps.Clone(r.Tags), Notes: append([]report.Note{}, r.Notes...), FromRecord: r.Record, Changes: changesOf(before, &r), page: r.page, raw: r.Path,
		})
		before = &runs[i]
	}
	var series []MetricSeries
	judged := 0
	for _, m := range metrics() {
		s := newSeries(m, runs)
		if s.known() == 0 {
			continue
		}
		series = append(series, s)
		if !m.Informs {
			judged++
		}
	}
	atOnce(len(series), func(i int) { series[i].judge(g.Runs, level/float64(max(judged, 1))) })
	g.Metrics = append([]MetricSeries{}, series...)
	return g
}

// versions lists the versions of factomd that complete runs were on.
func versions(runs []Run) []Version {
	all := []Version{}
	for _, r := range runs {
		if !r.complete() {
			continue
		}
		i := slices.IndexFunc(all, func(v Version) bool { return v.Factomd == r.Factomd })
		if i < 0 {
			i = len(all)
			all = append(all, Version{Factomd: r.Factomd, First: r.Started, Medians: map[string]float64{}})
		}
		all[i].Runs++
		all[i].Last = r.Started
	}
	for _, v := range all {
		for _, m := range metrics() {
			var values []float64
			for _, r := range runs {
				if x, ok := r.Values[m.Name]; ok && r.complete() && r.Factomd == v.Factomd {
					values = append(values, x)
				}
			}
			if len(values) > 0 {
				v.Medians[m.Name] = median(values)
			}
		}
	}
	return all
}

// changesOf says in words what is new since the run before.
func changesOf(before, r *Run) []string {
	changes := []string{}
	if before == nil {
		return changes
	}
	add := func(what, from, to string) {
		if from != to {
			changes = append(changes, fmt.Sprintf("%s %s → %s", what, cmp.Or(from, "none"), cmp.Or(to, "none")))
		}
	}
	add("factomd", before.Factomd, r.Factomd)
	add("host", before.Host, r.Host)
	keys := maps.Clone(before.Tags)
	if keys == nil {
		keys = map[string]string{}
	}
	maps.Copy(keys, r.Tags)
	for _, k := range slices.Sorted(maps.Keys(keys)) {
		add(k, before.Tags[k], r.Tags[k])
	}
	return changes
}

// newSeries has the values of a metric, and no judgement yet.
func newSeries(m Metric, runs []Run) MetricSeries {
	s := MetricSeries{Name: m.Name, Unit: m.Unit, HigherIsBetter: m.HigherIsBetter, Judged: !m.Informs, Changes: []Change{}, metric: m}
	for _, r := range runs {
		s.Values = append(s.Values, report.Number(r.value(m.Name)))
	}
	return s
}

func (s *MetricSeries) known() int {
	n := 0
	for _, v := range s.Values {
		if !math.IsNaN(float64(v)) {
			n++
		}
	}
	return n
}

// judge finds the bands and the change points, of complete runs alone.
func (s *MetricSeries) judge(runs []GroupRun, level float64) {
	values := make([]float64, len(runs))
	var at []int // of the values that count
	var counted []float64
	for i, r := range runs {
		values[i] = math.NaN()
		if v := float64(s.Values[i]); r.Complete && !math.IsNaN(v) {
			values[i] = v
			at, counted = append(at, i), append(counted, v)
		}
	}
	bands := s.metric.bands(values)
	for _, b := range bands {
		s.Median, s.Low, s.High = append(s.Median, report.Number(b.median)), append(s.Low, report.Number(b.low)), append(s.High, report.Number(b.high))
	}
	if len(at) == 0 {
		return
	}

	points := changepoint.Find(counted, changepoint.Options{Level: level})
	from := 0
	for i, p := range points {
		to := len(counted)
		if i+1 < len(points) {
			to = points[i+1].Index
		}
		first := at[p.Index]
		c := Change{
			Run: first, Path: runs[first].Path, Started: runs[first].Started, RunsAgo: len(counted) - p.Index,
			Before: median(counted[from:p.Index]), After: median(counted[p.Index:to]), P: p.P,
		}
		c.Percent = report.Number(math.NaN())
		if c.Before != 0 {
			c.Percent = report.Number(100 * (c.After - c.Before) / c.Before)
		}
		c.Worse, c.Matters = s.metric.worse(c.Before, c.After), s.metric.matters(c.Before, c.After)
		s.Changes = append(s.Changes, c)
		from = p.Index
	}
	if len(points) > 0 {
		now := s.Changes[len(points)-1].After
		for i := range s.Changes {
			c := &s.Changes[i]
			c.Lasts = s.metric.worse(c.Before, now) == c.Worse && s.metric.matters(c.Before, now)
		}
	}

	last := at[len(at)-1]
	b, v := bands[last], values[last]
	s.Newest = &Newest{Run: last, Path: runs[last].Path, Value: v, Median: report.Number(b.median), Low: report.Number(b.low), High: report.Number(b.high)}
	switch {
	case math.IsNaN(b.median):
		s.Newest.Place = Unknown
	case v > b.high:
		s.Newest.Place = Above
	case v < b.low:
		s.Newest.Place = Below
	default:
		s.Newest.Place = Inside
	}
}

// worse returns why a group is worse than it was.
func (g *Group) worse(since int) []Worse {
	var all []Worse
	for _, s := range g.Metrics {
		if !s.Judged {
			continue
		}
		add := func(kind WorseKind, path, why string) {
			all = append(all, Worse{g.Scenario, g.Network, g.Tag, s.Name, kind, path, why})
		}
		for _, c := range s.Changes {
			if c.Worse && c.Matters && c.Lasts && c.RunsAgo <= since {
				add(ByChange, c.Path, fmt.Sprintf("%s went from %s to %s%s %s ago, and has not come back",
					s.Name, s.metric.text(c.Before), s.metric.text(c.After), percentText(c.Percent), runsText(c.RunsAgo)))
			}
		}
		if n := s.Newest; n != nil && n.bad(s.HigherIsBetter) {
			add(ByBand, n.Path, fmt.Sprintf("%s of the newest run is %s, %s the band of %s to %s",
				s.Name, s.metric.text(n.Value), n.Place, s.metric.text(float64(n.Low)), s.metric.text(float64(n.High))))
		}
	}
	return all
}

// bad says whether the newest run is on the wrong side of the band.
func (n *Newest) bad(higherIsBetter bool) bool {
	return n.Place == Above && !higherIsBetter || n.Place == Below && higherIsBetter
}

// percentText writes a change in brackets, with its sign.
func percentText(p report.Number) string {
	if v := float64(p); !math.IsNaN(v) {
		return fmt.Sprintf(" (%s)", signedPercent(v))
	}
	return ""
}

func signedPercent(v float64) string {
	sign := ""
	if v > 0 {
		sign = "+"
	}
	return sign + report.Figure(v) + " %"
}

func runsText(n int) string {
	if n == 1 {
		return "1 run"
	}
	return fmt.Sprintf("%d runs", n)
}
