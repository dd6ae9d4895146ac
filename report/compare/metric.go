package compare

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/internal/infer"
	"github.com/FactomProject/factom-load/report"
)

// defaultPrimary decides for scenarios that name none.
const defaultPrimary = "accept.p95"

// The tolerances where none is given: of latencies and rates a share of the base, of
// latencies some milliseconds at least; of what is refused or fails, a share of what
// was planned. No loss is tolerated.
const (
	usualTolerance = 0.05
	leastMS        = 5
	usualShare     = 0.001
)

// percentiles are those that blocks are drawn anew for, with their quantile.
var percentiles = map[string]float64{"p50": 0.5, "p90": 0.9, "p95": 0.95, "p99": 0.99, "p999": 0.999}

const rateMetric = "rates.confirmed_per_s"

// Names are the metrics that every comparison has.
func Names() []string {
	return []string{
		"accept.p50", "accept.p95", "accept.p99",
		"confirm.p50", "confirm.p95", "confirm.p99",
		"submit.p50", "submit.p95", "submit.p99",
		rateMetric, "lost", "rejected", "failed",
	}
}

// names are the metrics of a comparison, the primary one first.
func names(primary string) []string {
	list := []string{primary}
	for _, name := range Names() {
		if name != primary {
			list = append(list, name)
		}
	}
	return list
}

func unitOf(metric string) Unit {
	switch metric {
	case rateMetric:
		return PerSecond
	case "lost", "rejected", "failed":
		return Share
	}
	return Milliseconds
}

// figure looks a metric up in a report. Shares are of all planned entries; latencies
// are of the measured ones that came to the stage, as the report has them.
func figure(r *report.Report, metric string) (v float64, known bool) {
	of := func(n uint64) (float64, bool) {
		return float64(n) / float64(max(r.Totals.Planned, 1)), r.Totals.Planned > 0
	}
	switch metric {
	case rateMetric:
		return r.Rates.ConfirmedPerS, r.Rates.ConfirmedPerS > 0
	case "lost":
		return of(r.Totals.Lost)
	case "rejected":
		return of(r.Totals.Rejected)
	case "failed":
		return of(r.Totals.Failed)
	}
	stage, name, _ := strings.Cut(metric, ".")
	l, ok := latencyOf(r, stage)
	if !ok || l.Count == 0 {
		return 0, false
	}
	v, known = map[string]float64{
		"min": l.Min, "mean": l.Mean, "stddev": l.StdDev, "max": l.Max,
		"p50": l.P50, "p90": l.P90, "p95": l.P95, "p99": l.P99, "p999": l.P999,
	}[name]
	return v, known
}

func latencyOf(r *report.Report, stage string) (l report.Latency, ok bool) {
	all := r.LatencyMS
	l, ok = map[string]report.Latency{
		"schedule": all.Schedule, "submit": all.Submit, "accept": all.Accept, "confirm": all.Confirm,
		"commit_service": all.CommitService, "reveal_service": all.RevealService,
	}[stage]
	return l, ok
}

// A Tolerance is the change of a metric that does not matter.
type Tolerance struct {
	Metric string
	Share  float64 // of the base
	Unit   float64 // or in the metric's unit
}

// ParseTolerance reads a tolerance: accept.p95=5%, accept.p95=20ms, or failed=0.1%,
// which is a share of what was planned.
func ParseTolerance(text string) (Tolerance, error) {
	metric, value, ok := strings.Cut(text, "=")
	if !ok {
		return Tolerance{}, fmt.Errorf("%q is no tolerance\n    hint: metric=5%%, as in accept.p95=5%%", text)
	}
	t := Tolerance{Metric: strings.TrimSpace(metric)}
	if !known(t.Metric) {
		return t, fmt.Errorf("tolerance for %q, which is not compared\n    hint: one of %s, or another latency that is the scenario's primary", t.Metric, strings.Join(Names(), ", "))
	}
	value = strings.TrimSpace(value)
	if number, percent := strings.CutSuffix(value, "%"); percent {
		v, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
		if err != nil || math.IsNaN(v) || v < 0 || v > 1000 {
			return t, fmt.Errorf("tolerance %q is no share from 0%% to 1000%%", text)
		}
		if unitOf(t.Metric) == Share {
			t.Unit = v / 100
		} else {
			t.Share = v / 100
		}
		return t, nil
	}
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || unitOf(t.Metric) != Milliseconds {
		return t, fmt.Errorf("tolerance %q is no share, nor a length of time for a latency\n    hint: accept.p95=5%%, or accept.p95=20ms", text)
	}
	t.Unit = float64(d) / float64(time.Millisecond)
	return t, nil
}

// known reports whether there can be such a metric.
func known(metric string) bool {
	if slices.Contains(Names(), metric) {
		return true
	}
	var some report.Report
	for _, l := range []*report.Latency{&some.LatencyMS.Schedule, &some.LatencyMS.Submit, &some.LatencyMS.Accept, &some.LatencyMS.Confirm, &some.LatencyMS.CommitService, &some.LatencyMS.RevealService} {
		l.Count = 1
	}
	_, ok := figure(&some, metric)
	return ok
}

// rule is the rule for a metric: the last tolerance that was given for it, or the
// usual one.
func rule(metric string, given []Tolerance) infer.Rule {
	r := infer.Rule{HigherIsBetter: unitOf(metric) == PerSecond}
	for _, t := range slices.Backward(given) {
		if t.Metric == metric {
			r.Tolerance, r.Least = t.Share, t.Unit
			return r
		}
	}
	switch unitOf(metric) {
	case Milliseconds:
		r.Tolerance, r.Least = usualTolerance, leastMS
	case PerSecond:
		r.Tolerance = usualTolerance
	case Share:
		if metric != "lost" {
			r.Least = usualShare
		}
	}
	return r
}
