package compare

import (
	"fmt"
	"math"
	"strings"

	"github.com/FactomProject/factom-load/internal/infer"
	"github.com/FactomProject/factom-load/report"
)

// advised is how many runs a side find a change of 10 % in nine of ten cases, where
// runs differ by 2.5 % (docs/statistics.md).
const advised = 6

// compare compares all metrics.
func (c *Comparison) compare(fit [2][]*measured, o Options) {
	c.Primary = defaultPrimary
	for _, side := range fit {
		if len(side) > 0 {
			c.Primary = side[0].primary
			break
		}
	}
	list := names(c.Primary)
	all := make([]infer.Result, len(list))
	others := make([]float64, 0, len(list))
	for i, name := range list {
		all[i] = infer.Compare(figures(fit[0], name), figures(fit[1], name), rule(name, o.Tolerances))
		if i > 0 {
			others = append(others, all[i].P)
		}
	}
	for i, p := range infer.Holm(others) {
		all[i+1].Correct(p)
	}
	different := c.different()
	c.Comparable = different == ""
	for i, name := range list {
		m := newMetric(name, i == 0, all[i])
		if different != "" && !c.Forced {
			m.Verdict, m.MoreRuns = infer.Inconclusive, 0
			m.Why = "the runs are not comparable"
		}
		c.Metrics = append(c.Metrics, m)
	}
}

// figures are those of the runs that have one.
func figures(runs []*measured, metric string) []infer.Run {
	var list []infer.Run
	for _, run := range runs {
		if v, known := figure(run.r, metric); known {
			list = append(list, infer.Run{Value: v, Resampled: run.resampled[metric]})
		}
	}
	return list
}

// different says in what runs differ that must not, or nothing.
func (c *Comparison) different() string {
	var list []string
	for _, a := range c.Aspects {
		if a.Weight == Required && !a.Same {
			list = append(list, a.Name)
		}
	}
	return strings.Join(list, " and ")
}

func newMetric(name string, primary bool, r infer.Result) Metric {
	n := func(v float64) report.Number { return report.Number(v) }
	share := func(v float64) report.Number {
		if r.Base.Median == 0 {
			return n(math.NaN())
		}
		return n(v / math.Abs(r.Base.Median))
	}
	side := func(s infer.Side) Figures {
		return Figures{N: s.N, Median: n(s.Median), Mean: n(s.Mean), Deviation: n(s.Deviation), Within: n(s.Within), Least: n(s.Least), Most: n(s.Largest)}
	}
	unit := unitOf(name)
	return Metric{
		Name: name, Unit: unit, Primary: primary, HigherIsBetter: unit == PerSecond,
		Base: side(r.Base), Candidate: side(r.Candidate),
		Change: n(r.Shift), ChangeShare: share(r.Shift),
		Low: n(r.Low), High: n(r.High), LowShare: share(r.Low), HighShare: share(r.High),
		Tolerance: n(r.Tolerance), P: n(r.P), PCorrected: n(r.Corrected), Delta: n(r.Delta),
		Verdict: r.Verdict, Why: r.Why, MoreRuns: r.More,
	}
}

// decide gives the verdict of the whole: that of the primary metric, unless another
// one has regressed.
func (c *Comparison) decide() {
	primary := c.Metrics[0]
	c.Verdict, c.MoreRuns = primary.Verdict, primary.MoreRuns
	if different := c.different(); different != "" && !c.Forced {
		c.Verdict, c.MoreRuns = infer.Inconclusive, 0
		c.Why = fmt.Sprintf("The runs are not comparable: they differ in %s. --force compares them all the same.", different)
		return
	}
	var regressed []string
	for _, m := range c.Metrics[1:] {
		if m.Verdict == infer.Regressed {
			regressed = append(regressed, m.Name)
		}
	}
	c.Why = sentence(primary)
	if len(regressed) > 0 {
		c.Verdict, c.MoreRuns = infer.Regressed, 0
		also := "Regressed"
		if primary.Verdict == infer.Regressed {
			also = "Regressed as well"
		}
		c.Why += fmt.Sprintf(" %s: %s.", also, strings.Join(regressed, ", "))
	}
	text, all := c.acceptedText()
	c.Why += text
	c.Accepted = all
	if different := c.different(); different != "" {
		c.Why += fmt.Sprintf(" But the runs differ in %s, and were compared by force.", different)
	}
}

// sentence says what a metric came to.
func sentence(m Metric) string {
	if m.Base.N == 0 || m.Candidate.N == 0 {
		return fmt.Sprintf("%s cannot be compared: %s.", m.Name, m.Why)
	}
	verb := "is the same"
	switch {
	case m.Change > 0:
		verb = "rose by " + amount(m, float64(m.Change))
	case m.Change < 0:
		verb = "fell by " + amount(m, -float64(m.Change))
	}
	text := fmt.Sprintf("%s %s, from %s to %s", m.Name, verb, value(m.Unit, m.Base.Median), value(m.Unit, m.Candidate.Median))
	if !math.IsNaN(float64(m.Low)) {
		text += fmt.Sprintf(" (by %s at least, by %s at most; tolerance ±%s)", change(m, m.Low), change(m, m.High), value(m.Unit, m.Tolerance))
	}
	text += ". "
	switch m.Verdict {
	case infer.Inconclusive:
		text += fmt.Sprintf("No answer: %s.", m.Why)
		if m.MoreRuns > 0 {
			text += fmt.Sprintf(" Some %d more runs a side may give one.", m.MoreRuns)
		} else if m.Base.N >= infer.MinRuns && m.Candidate.N >= infer.MinRuns {
			text += " No number of runs is in sight that would give one."
		}
	default:
		text += fmt.Sprintf("%s, in %d and %d runs, p = %s.", capital(m.Why), m.Base.N, m.Candidate.N, pText(m.PCorrected))
	}
	return text
}

// note adds what a reader must know beside the figures.
func (c *Comparison) note(fit [2][]*measured) {
	add := func(format string, a ...any) { c.Notes = append(c.Notes, fmt.Sprintf(format, a...)) }
	excluded := 0
	for _, r := range c.Runs {
		if r.Excluded != "" {
			excluded++
		}
	}
	if excluded > 0 {
		add("%d of the %d runs are left out; the table of runs says why.", excluded, len(c.Runs))
	}
	reduced := 0
	for _, side := range fit {
		for _, run := range side {
			if run.reduced {
				reduced++
			}
		}
	}
	if reduced > 0 {
		add("The records of %d runs have not all of their entries any more (record.keep): there are no blocks to draw anew, and the spread between the runs of a side is all that its figures' uncertainty is known by.", reduced)
	}
	if len(fit[0]) > 0 && len(fit[1]) > 0 {
		if apart(fit[0], fit[1]) {
			add("All runs of one side were made before the first of the other: what changed with time on the machine or the network would look like a change of version. Runs that take turns would not.")
		}
		if n := min(len(fit[0]), len(fit[1])); n >= infer.MinRuns && n < advised {
			add("%d runs a side are few: %d are advised, and with fewer no metric but the primary one can be found to have changed.", n, advised)
		}
	}
	for _, m := range c.Metrics {
		if m.Base.N < len(fit[0]) || m.Candidate.N < len(fit[1]) {
			add("%s is known of %d of %d runs of the base and of %d of %d of the candidate.", m.Name, m.Base.N, len(fit[0]), m.Candidate.N, len(fit[1]))
		}
	}
}

// apart reports whether all runs of one side began before all of the other.
func apart(a, b []*measured) bool {
	span := func(runs []*measured) (first, last int64) {
		first, last = math.MaxInt64, math.MinInt64
		for _, run := range runs {
			at := run.r.Run.Started.UnixNano()
			first, last = min(first, at), max(last, at)
		}
		return first, last
	}
	firstA, lastA := span(a)
	firstB, lastB := span(b)
	return lastA < firstB || lastB < firstA
}
