package scenarios

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"
)

// An Acceptance is a difference between versions of factomd that was decided on: the
// metric may have become worse, and for how long that is no news.
type Acceptance struct {
	Line   int // in its file, from 1
	Metric Metric
	// Scenario is the name of the only one that it is for, and Candidate the only
	// version of factomd; empty for all.
	Scenario  string
	Candidate string
	UpTo      Bound
	Reason    string    // why it was decided so; never empty
	Until     time.Time // the last day on which it holds, its beginning in UTC
}

// A Bound is the largest change that is accepted. The zero value is none.
type Bound struct {
	Text  string  // as it was written
	Share float64 // of the base
	Value float64 // or in the metric's unit: milliseconds, or a share of what was planned
}

const (
	maxAcceptances = 1000
	acceptedHint   = "a list is written version: 1, and accept: [{metric: accept.p95, up_to: 15%, until: 2026-12-31, reason: what was decided}]"
	boundHint      = "a bound is written 15%, or 20ms for a latency"
	untilHint      = "write the last day on which it is accepted, as in 2026-12-31 (UTC)"
)

// ParseAccepted reads a list of accepted differences, as strictly as [Parse] does a
// scenario: the error is of type [Errors], and has every problem of the file, the name
// of which is for messages.
func ParseAccepted(data []byte, file string) ([]Acceptance, error) {
	src := source{file: file, what: "list"}
	root := src.read(data, "", "")
	d := &decoder{problems: src.problems, alien: true}
	switch {
	case root == nil:
		return nil, d.problems.err(file)
	case root.kind == null:
		d.report(root, "the list is empty", acceptedHint)
		return nil, d.problems.err(file)
	}
	var list []Acceptance
	d.fields(root,
		field{"version", d.version},
		field{"accept", into(d.acceptances, &list)},
	)
	d.require(root, "version", "begin the file with version: 1")
	d.require(root, "accept", acceptedHint)
	if err := d.problems.err(file); err != nil {
		return nil, err
	}
	return list, nil
}

func (d *decoder) acceptances(n *node, dst *[]Acceptance) bool {
	return d.sound(func() {
		for _, item := range d.list(n, 0, maxAcceptances) {
			a := Acceptance{Line: item.at.line}
			if !d.acceptance(item, &a) {
				continue
			}
			same := slices.IndexFunc(*dst, func(b Acceptance) bool {
				return a.Metric == b.Metric && a.Scenario == b.Scenario && a.Candidate == b.Candidate
			})
			if same >= 0 {
				d.report(item, fmt.Sprintf("accepts what line %d does", (*dst)[same].Line), "keep one of them")
				continue
			}
			*dst = append(*dst, a)
		}
	})
}

func (d *decoder) acceptance(n *node, a *Acceptance) bool {
	return d.sound(func() {
		d.fields(n,
			field{"metric", into(d.comparedMetric, &a.Metric)},
			field{"scenario", into(d.name, &a.Scenario)},
			field{"candidate", into(d.words("a version of factomd"), &a.Candidate)},
			field{"up_to", func(*node) {}}, // when the metric is known
			field{"reason", into(d.words("why it is accepted"), &a.Reason)},
			field{"until", into(d.day, &a.Until)},
		)
		d.require(n, "metric", "name what became worse, as in metric: accept.p95")
		d.require(n, "reason", "say why it is accepted, for those who read it later")
		d.require(n, "until", untilHint)
		if bound := n.get("up_to"); bound != nil && bound.kind != null && a.Metric != "" {
			value(d, bound, func(text string) (Bound, *Problem) { return parseBound(text, a.Metric) }, &a.UpTo)
		}
	})
}

// comparedMetric reads a metric that runs can be compared by.
func (d *decoder) comparedMetric(n *node, dst *Metric) bool {
	return value(d, n, func(text string) (Metric, *Problem) {
		metric, dim := metricOf(text)
		switch {
		case dim == unknown:
			return "", complain("is not a metric", metricHint(text))
		case dim == latency && !metric.OfQueries(), metric == "rates.confirmed_per_s", metric == "lost", metric == "rejected", metric == "failed":
			return metric, nil
		}
		return "", complain("is not compared", "compared are latencies, such as accept.p95, and rates.confirmed_per_s, lost, rejected and failed")
	}, dst)
}

// words reads a line of text that must not be empty.
func (d *decoder) words(what string) func(*node, *string) bool {
	return func(n *node, dst *string) bool {
		if !d.line(n, dst) {
			return false
		}
		if *dst == "" {
			d.report(n, "is empty", "write "+what)
			return false
		}
		return true
	}
}

// day reads a date.
func (d *decoder) day(n *node, dst *time.Time) bool {
	return value(d, n, func(text string) (time.Time, *Problem) {
		at, err := time.Parse(time.DateOnly, text)
		if err != nil {
			return at, complain("is not a date", untilHint)
		}
		return at, nil
	}, dst)
}

// parseBound reads a bound of a metric's change.
func parseBound(text string, metric Metric) (Bound, *Problem) {
	_, dim := metricOf(string(metric))
	b := Bound{Text: strings.TrimSpace(text)}
	if v, sign, ok := number(text); ok && sign == "%" {
		switch {
		case v <= 0:
			return b, complain("is not above 0%", boundHint)
		case v > 1000:
			return b, complain("is more than 1000%", "leave up_to out where any difference is accepted")
		case dim == outcome:
			b.Value = v / 100
		default:
			b.Share = v / 100
		}
		return b, nil
	} else if ok && sign == "" {
		return b, complain("has no unit", boundHint)
	}
	if dim != latency {
		return b, complain("is not a share", "a bound of "+string(metric)+" is written 15%")
	}
	length, p := parseDuration(text)
	if p != nil {
		p.Hint = boundHint
		return b, p
	}
	b.Value = float64(length) / float64(time.Millisecond)
	return b, nil
}

// Within reports whether a change is no larger than the bound, where base is the
// median of the base. Both are in the metric's unit. What is not known is not within.
func (b Bound) Within(change, base float64) bool {
	switch {
	case b == Bound{}:
		return true
	case b.Share > 0:
		return base != 0 && math.Abs(change) <= b.Share*math.Abs(base)
	}
	return math.Abs(change) <= b.Value
}
