package run

import (
	"fmt"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// judgeStep says whether a step of a search held, by what became of its entries when
// they had the time to be confirmed.
func judgeStep(q *scenarios.Search, g *results.Gauge, rate float64, block time.Duration) (outcome results.StepOutcome, why string) {
	// The rule by which a whole run is invalid (design: "Rules that protect people").
	own, limit := g.Own.Seen("p99"), max(10*time.Millisecond, g.Submit.Seen("p99")/10)
	if own > limit {
		return results.StepHarness, fmt.Sprintf("the harness sent its entries late on its own account, with a p99 of %s where %s is allowed", short(own), short(limit))
	}
	if g.OwnFailed > 0 {
		return results.StepHarness, fmt.Sprintf("%d of %d entries failed for a limit of the harness's machine: raise it (ulimit -n), or lower load.in_flight", g.OwnFailed, g.Planned)
	}
	if g.GivenUp > 0 {
		return results.StepHarness, fmt.Sprintf("the harness gave %d of %d slots up on its own account", g.GivenUp, g.Planned)
	}
	var all []string
	if g.Skipped > 0 {
		all = append(all, fmt.Sprintf("%d of %d slots were given up, as the in-flight limit was reached", g.Skipped, g.Planned))
	}
	for _, stop := range q.StopWhen {
		if found := breaks(stop, g, rate, block); found != "" {
			all = append(all, stop.Expression+": "+found)
		}
	}
	if len(all) > 0 {
		return results.StepFailed, strings.Join(all, "; ")
	}
	return results.StepHeld, ""
}

// breaks says by what figure a step meets a stop condition, or nothing. What is not
// known cannot speak for a step either: it has not held.
func breaks(stop scenarios.Stop, g *results.Gauge, rate float64, block time.Duration) string {
	if stop.Backlog {
		rows := g.During(block)
		switch grows, known := g.BacklogGrows(rate, block); {
		case !known:
			return fmt.Sprintf("fewer than two blocks closed in a hold of %s: the network does not keep its block time", time.Duration(g.Phase.End-g.Phase.Start))
		case grows:
			return fmt.Sprintf("from %d entries to %d in %d blocks", rows[0].Entries, rows[len(rows)-1].Entries, len(rows)-1)
		}
		return ""
	}
	beyond := func(v, limit float64) bool { return v > limit || stop.Op == ">=" && v == limit }
	stage, figure, isLatency := strings.Cut(string(stop.Metric), ".")
	if !isLatency {
		count := map[string]uint64{"failed": g.Failed, "rejected": g.Rejected, "lost": g.Outstanding}[stage]
		v := float64(count)
		if stop.Fraction {
			v /= float64(max(g.Planned, 1))
		}
		if !beyond(v, stop.Value) {
			return ""
		}
		return fmt.Sprintf("%d entries of %d", count, g.Planned)
	}
	p := map[string]results.Percentiles{"schedule": g.Schedule, "submit": g.Submit, "accept": g.Accept, "confirm": g.Confirm}[stage]
	limit := stop.Value
	if stop.Blocks > 0 {
		limit = stop.Blocks * milliseconds(block)
	}
	switch v, endless, known := p.At(figure); {
	case endless:
		return fmt.Sprintf("%d entries of %d did not come that far", p.Missing, p.Count+p.Missing)
	case !known:
		return fmt.Sprintf("no entry of %d came that far", g.Planned)
	case beyond(milliseconds(v), limit):
		return "it was " + short(v)
	}
	return ""
}

// short is a time with three digits or so.
func short(d time.Duration) string {
	for _, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond} {
		switch {
		case d >= 10*unit:
			return d.Round(unit / 10).String()
		case d >= unit:
			return d.Round(unit / 100).String()
		}
	}
	return d.String()
}
