package compare

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/internal/infer"
	"github.com/FactomProject/factom-load/scenarios"
)

// A list of accepted differences says which metrics may have become worse, why, and
// until when. It changes no verdict: a metric that has regressed has, and is marked.
// What changes is that the comparison does not fail for it.

// An Acceptance is one item of the list, and what it came to.
type Acceptance struct {
	Line      int    `json:"line"` // of the file
	Metric    string `json:"metric"`
	Scenario  string `json:"scenario"`  // that it is for; empty for all
	Candidate string `json:"candidate"` // version of factomd, likewise
	UpTo      string `json:"up_to"`     // as written; empty without a bound
	Reason    string `json:"reason"`
	Until     string `json:"until"` // the last day, UTC
	State     State  `json:"state"`
	// Why is the state in a sentence.
	Why string `json:"why"`
}

// A State is what an acceptance came to.
type State string

// The states. All but the first accept nothing.
const (
	Applied   State = "applied"   // the metric has regressed, and that is accepted
	Expired   State = "expired"   // its last day is over
	Beyond    State = "beyond"    // the metric may have regressed by more than is accepted
	Unused    State = "unused"    // there is nothing to accept
	Elsewhere State = "elsewhere" // it is for another scenario, or another version
)

// accept judges the list by the metrics, and marks those that it covers.
func (c *Comparison) accept(fit [2][]*measured, o Options) {
	c.AcceptedFrom = o.AcceptFile
	if o.AcceptFile == "" {
		return
	}
	now := o.Now
	if now.IsZero() {
		now = time.Now()
	}
	c.AcceptedOn = now.UTC().Format(time.DateOnly)
	for _, a := range o.Accept {
		row := Acceptance{
			Line: a.Line, Metric: string(a.Metric), Scenario: a.Scenario, Candidate: a.Candidate,
			UpTo: a.UpTo.Text, Reason: a.Reason, Until: a.Until.Format(time.DateOnly),
		}
		at := slices.IndexFunc(c.Metrics, func(m Metric) bool { return m.Name == row.Metric })
		if at < 0 {
			row.State, row.Why = Unused, "no such metric is compared here"
		} else {
			m := &c.Metrics[at]
			if row.State, row.Why = judgeAcceptance(a, *m, fit, c.AcceptedOn); row.State == Applied {
				m.Accepted, m.AcceptedUntil = row.Reason, row.Until
			}
		}
		c.Acceptances = append(c.Acceptances, row)
	}
}

// judgeAcceptance says what an acceptance is to a metric on some day.
//
// The bound of a difference is held against the far end of the interval, not the
// estimate: what was accepted is a difference of so much and no more, and an exception
// covers what is shown to be within it. The near end would let a large regression pass
// for being poorly measured, and the estimate one in two that are just beyond. So a
// bound takes some room beyond the difference that is known.
func judgeAcceptance(a scenarios.Acceptance, m Metric, fit [2][]*measured, today string) (State, string) {
	name := func(m *measured) string { return m.r.Run.Scenario.Name }
	if others := besides(a.Scenario, name, slices.Concat(fit[0], fit[1])); others != "" {
		return Elsewhere, "it is for the scenario " + a.Scenario + ", and runs are of " + others
	}
	if others := besides(plainVersion(a.Candidate), func(m *measured) string { return plainVersion(versionText(m)) }, fit[1]); others != "" {
		return Elsewhere, "it is for factomd " + a.Candidate + ", and runs of the candidate are of " + others
	}
	worst := m.High
	if m.HigherIsBetter {
		worst = m.Low
	}
	until := a.Until.Format(time.DateOnly)
	regressed := m.Verdict == infer.Regressed
	switch {
	case until < today && regressed:
		return Expired, fmt.Sprintf("it held until %s: decide anew, or mend %s", until, m.Name)
	case until < today:
		return Expired, fmt.Sprintf("it held until %s: it can go", until)
	case m.Verdict == infer.Inconclusive:
		return Unused, fmt.Sprintf("there is no answer about %s", m.Name)
	case !regressed:
		return Unused, fmt.Sprintf("%s has not regressed (%s): it can go, if that stays so", m.Name, m.Verdict)
	case m.Accepted != "":
		return Unused, "one above it accepts the same"
	case !a.UpTo.Within(float64(worst), float64(m.Base.Median)):
		return Beyond, fmt.Sprintf("%s may have changed by as much as %s, and %s is accepted", m.Name, change(m, worst), a.UpTo.Text)
	case a.UpTo.Text == "":
		return Applied, "any difference is accepted"
	}
	return Applied, fmt.Sprintf("it has changed by %s at most, and %s is accepted", change(m, worst), a.UpTo.Text)
}

// besides lists what runs are of if it is not all as wanted. Nothing wanted is anything.
func besides(want string, of func(*measured) string, runs []*measured) string {
	var others []string
	for _, run := range runs {
		if is := of(run); want != "" && is != want && !slices.Contains(others, is) {
			others = append(others, cmp.Or(is, "an unknown one"))
		}
	}
	return strings.Join(others, " and ")
}

// plainVersion is a version without the v that people write before it.
func plainVersion(v string) string { return strings.TrimPrefix(v, "v") }

// acceptedText says what is accepted of the metrics that regressed; all says that it is
// all of them.
func (c *Comparison) acceptedText() (text string, all bool) {
	var accepted, open []string
	for _, m := range c.Metrics {
		switch {
		case m.Verdict != infer.Regressed:
		case m.Accepted == "":
			open = append(open, m.Name)
		default:
			accepted = append(accepted, fmt.Sprintf("%s until %s (%s)", m.Name, m.AcceptedUntil, m.Accepted))
		}
	}
	switch {
	case len(accepted) == 0:
		return "", false
	case len(open) == 0:
		return " This was decided on and is accepted: " + strings.Join(accepted, "; ") + ".", true
	}
	return fmt.Sprintf(" Accepted is %s; not accepted: %s.", strings.Join(accepted, "; "), strings.Join(open, ", ")), false
}

// acceptanceNotes say what of the list accepts nothing and should be looked at.
func (c *Comparison) acceptanceNotes() (notes []string) {
	for _, a := range c.Acceptances {
		if a.State == Expired || a.State == Beyond || a.State == Unused {
			notes = append(notes, fmt.Sprintf("Line %d of the accepted differences (%s) accepts nothing: %s.", a.Line, a.Metric, a.Why))
		}
	}
	return notes
}

// isFor says in a few words for which runs an acceptance is.
func (a Acceptance) isFor() string {
	var list []string
	if a.Scenario != "" {
		list = append(list, "scenario "+a.Scenario)
	}
	if a.Candidate != "" {
		list = append(list, "factomd "+a.Candidate)
	}
	return cmp.Or(strings.Join(list, ", "), "all")
}

// heading is the verdict in capitals, with what takes the edge off it.
func (c *Comparison) heading() string {
	text := strings.ToUpper(string(c.Verdict))
	if c.Accepted {
		text += ", accepted"
	}
	return text
}
