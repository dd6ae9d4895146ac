package scenarios

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Findings is the metric that counts what a node did and must not do.
const Findings Metric = "findings"

const maxThresholds = 100

// A dimension is what a metric is measured in.
type dimension int

const (
	unknown     dimension = iota
	latency               // milliseconds or directory blocks
	perSecond             // entries a second
	outcome               // a count of entries, or a share of the planned ones
	plainNumber           // a count
)

// The metrics are the names of fields in report.json.
var (
	stages   = []string{"schedule", "submit", "accept", "confirm", "commit_service", "reveal_service"}
	figures  = []string{"min", "mean", "stddev", "p50", "p90", "p95", "p99", "p999", "max"}
	outcomes = []string{"sent", "late", "confirmed", "accepted", "lost", "rejected", "failed", "skipped", "ambiguous"}
	rates    = []string{"planned_per_s", "sent_per_s", "confirmed_per_s"}
	numbers  = []string{
		"planned", "chains", "entries", "credits_spent", "bytes",
		"hostile.count", "hostile.right", "hostile.wrong", "hostile.failed", string(Findings),
	}
	// Over all methods together, with queriesPrefix, besides the figures.
	queryOutcomes = []string{"right", "wrong", "failed"}
	queryNumbers  = []string{"count"}
)

const (
	ratePrefix    = "rates."
	queriesPrefix = "queries."
)

// heldRate is the highest rate that held in the scenario's search.
const heldRate Metric = "search.held_per_s"

// metricOf finds a metric by its name. Rates may leave out their prefix, which
// the metric always has.
func metricOf(name string) (Metric, dimension) {
	stage, figure, dotted := strings.Cut(name, ".")
	if dotted && stage+"." == queriesPrefix {
		return queryMetric(figure)
	}
	switch {
	case dotted && slices.Contains(stages, stage) && slices.Contains(figures, figure):
		return Metric(name), latency
	case slices.Contains(rates, strings.TrimPrefix(name, ratePrefix)):
		return Metric(ratePrefix + strings.TrimPrefix(name, ratePrefix)), perSecond
	case name == string(heldRate):
		return heldRate, perSecond
	case slices.Contains(outcomes, name):
		return Metric(name), outcome
	case slices.Contains(numbers, name):
		return Metric(name), plainNumber
	}
	return "", unknown
}

func queryMetric(figure string) (Metric, dimension) {
	name := Metric(queriesPrefix + figure)
	switch {
	case slices.Contains(figures, figure):
		return name, latency
	case slices.Contains(queryOutcomes, figure):
		return name, outcome
	case slices.Contains(queryNumbers, figure):
		return name, plainNumber
	}
	return "", unknown
}

// ofHostile reports whether a metric is one of hostile calls.
func (m Metric) ofHostile() bool { return strings.HasPrefix(string(m), "hostile.") }

// OfQueries reports whether a metric is one of queries. Shares are of the queries
// then, not of the planned entries.
func (m Metric) OfQueries() bool { return strings.HasPrefix(string(m), queriesPrefix) }

// latencyHint and metricHint list what exists, after a guess what was meant.
func latencyHint(name string) string {
	var all []string
	for _, s := range stages {
		for _, f := range figures {
			all = append(all, s+"."+f)
		}
	}
	return guess(name, all) + "latencies are one of " + strings.Join(stages, ", ") + ", a dot, and one of " + strings.Join(figures, ", ")
}

func metricHint(name string) string {
	if figure, ok := strings.CutPrefix(name, queriesPrefix); ok {
		all := slices.Concat(queryNumbers, queryOutcomes, figures)
		return guess(figure, all) + "after " + queriesPrefix + " comes one of " + strings.Join(all, ", ")
	}
	others := slices.Concat(outcomes, numbers, []string{string(heldRate)})
	for _, r := range rates {
		others = append(others, ratePrefix+r)
	}
	if near := nearest(name, others); near != "" {
		return guess(name, others) + "besides latencies such as accept.p95 there are " + strings.Join(others, ", ")
	}
	return latencyHint(name) + "; others are " + strings.Join(others, ", ")
}

func guess(name string, words []string) string {
	if hint := didYouMean(name, words); hint != "" {
		return hint + " "
	}
	return ""
}

func (d *decoder) latencyMetric(n *node, dst *Metric) bool {
	return value(d, n, func(text string) (Metric, *Problem) {
		metric, dim := metricOf(text)
		switch {
		case metric.OfQueries():
			return "", complain("is not of entries, which a comparison is about", latencyHint(text))
		case dim == latency:
			return metric, nil
		case dim == unknown:
			return "", complain("is not a metric", latencyHint(text))
		}
		return "", complain("is not a latency", latencyHint(text))
	}, dst)
}

func (d *decoder) thresholds(n *node, dst *[]Threshold) bool {
	return d.sound(func() {
		for _, item := range d.list(n, 0, maxThresholds) {
			var t Threshold
			if value(d, item, parseThreshold, &t) {
				*dst = append(*dst, t)
			}
		}
	})
}

const thresholdHint = "a threshold is written accept.p95 < 500ms, confirm.p99 < 2blocks, failed < 1% or rejected == 0"

func parseThreshold(text string) (Threshold, *Problem) {
	start := strings.IndexAny(text, "<>=!")
	if start < 0 {
		return Threshold{}, complain("has no comparison", thresholdHint)
	}
	end := start + 1
	for end < len(text) && strings.IndexByte("<>=!", text[end]) >= 0 {
		end++
	}
	name, op, limit := strings.TrimSpace(text[:start]), text[start:end], strings.Join(strings.Fields(text[end:]), "")
	t := Threshold{Op: op, Expression: name + " " + op + " " + limit}
	switch op {
	case "<", "<=", ">", ">=", "==", "!=":
	case "=":
		return t, complain("has a single =", "write ==")
	default:
		return t, complain("has an operator that is none", "the operators are <, <=, >, >=, == and !=")
	}
	if limit == "" {
		return t, complain("has no limit", thresholdHint)
	}
	metric, dim := metricOf(name)
	t.Metric = metric
	var p *Problem
	switch dim {
	case unknown:
		return t, complain(fmt.Sprintf("names %s, which is not a metric", show(name)), metricHint(name))
	case latency:
		p = t.latency(limit)
	case perSecond:
		p = t.rate(limit)
	default:
		p = t.count(limit, dim)
	}
	if p == nil && t.Op == "<" && t.Value == 0 && t.Blocks == 0 {
		p = complain("can never hold: nothing is below 0", "write "+name+" == 0")
	}
	return t, p
}

func (t *Threshold) latency(limit string) *Problem {
	span, p := parseSpan(limit)
	if p != nil {
		return complain("has the limit "+show(limit)+", which "+p.Message, p.Hint)
	}
	t.Value, t.Blocks = float64(span.Time)/float64(time.Millisecond), span.Blocks
	return nil
}

func (t *Threshold) rate(limit string) *Problem {
	from, to, p := parseRate(limit)
	switch {
	case p != nil:
		return complain("has the limit "+show(limit)+", which "+p.Message, p.Hint)
	case strings.Contains(limit, ".."):
		return complain("has a ramp as its limit", "write one rate, for example 50/s")
	}
	t.Value = max(from, to)
	return nil
}

func (t *Threshold) count(limit string, dim dimension) *Problem {
	n, sign, ok := number(limit)
	switch {
	case !ok || sign != "" && sign != "%":
		return complain("has the limit "+show(limit)+", which is not a number", "a limit of "+string(t.Metric)+" is written 0"+pick(" or 1%", "", dim == outcome))
	case sign == "%" && dim != outcome:
		return complain("has a percentage, which "+string(t.Metric)+" cannot have", "percentages are of the planned entries and go with "+strings.Join(outcomes, ", "))
	case sign == "%" && n > 100:
		return complain("has a limit above 100%", "percentages are of the planned entries")
	case sign == "%":
		t.Value, t.Fraction = n/100, true
		return nil
	}
	whole, p := parseWhole(limit, 0, 1<<53)
	if p != nil {
		return complain("has the limit "+show(limit)+", which "+p.Message, p.Hint)
	}
	t.Value = float64(whole)
	return nil
}

// ParseThreshold reads one threshold, in the form that it has in a scenario. The
// error is a [Problem].
func ParseThreshold(text string) (Threshold, error) {
	t, p := parseThreshold(text)
	if p != nil {
		return t, *p
	}
	return t, nil
}
