package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// A check is one thing that a run had to be for its verdict to be pass: what the
// outputs for CI tell of, each in its own form.
type check struct {
	Kind    string // threshold, lost, integrity, search, complete, valid
	Name    string
	Status  checkStatus
	Message string // one line; empty if it holds
	Detail  string // lines
}

type checkStatus int

const (
	checkHolds checkStatus = iota
	checkFails             // the network's doing
	checkError             // the run tells nothing, or not all, of the network
	checkOpen              // not judged
)

// mostDetails is how many lost entries or findings a check names.
const mostDetails = 20

// checks are what the verdict follows from: none of them fails, or is an error, if
// and only if it is pass.
func (r *Report) checks() []check {
	list := []check{r.complete(), r.usable(), r.lossAllowed(), r.untampered()}
	if r.Search != nil {
		list = append(list, r.rateHeld())
	}
	for _, t := range r.Thresholds {
		list = append(list, r.thresholdCheck(t))
	}
	return list
}

func (r *Report) complete() check {
	c := check{Kind: "complete", Name: "the run came to its end"}
	if r.Verdict == Interrupted {
		c.Status, c.Message = checkError, r.VerdictWhy
	}
	return c
}

func (r *Report) usable() check {
	c := check{Kind: "valid", Name: "the harness was not the limit"}
	if !r.Harness.Valid {
		c.Status, c.Message = checkError, "the figures must not be used: "+r.Harness.Why
	}
	return c
}

func (r *Report) lossAllowed() check {
	c := check{Kind: "lost", Name: "no more entries are lost than the scenario allows"}
	lost, ruled := r.Totals.Lost > 0, false
	for _, t := range r.Thresholds {
		if metric, _ := splitThreshold(t.Expression); metric == "lost" {
			lost = ruled && lost || !t.OK
			ruled = true
		}
	}
	if !lost {
		return c
	}
	c.Status = checkFails
	c.Message = were(r.Totals.Lost) + " lost: the API took them, and no block has them"
	var b strings.Builder
	shown := r.Audit.Lost[:min(len(r.Audit.Lost), mostDetails)]
	for _, e := range shown {
		fmt.Fprintf(&b, "%s in chain %s, planned at %s: %s\n", e.Hash, e.ChainID, secondsText(e.PlannedS), stageText(e.Stage))
	}
	if n := r.Totals.Lost - min(r.Totals.Lost, uint64(len(shown))); n > 0 {
		fmt.Fprintf(&b, "and %s more: factom-load export RUN --format jsonl names all\n", countText(n))
	}
	c.Detail = b.String()
	return c
}

func (r *Report) untampered() check {
	c := check{Kind: "integrity", Name: "the node served what its saved blocks commit to"}
	if broken := r.Integrity.Broken(); broken != "" {
		c.Status, c.Message = checkFails, "the node served something else than its saved blocks commit to: "+broken
		c.Detail = findingLines(r.Integrity.Findings)
	}
	return c
}

func findingLines(findings []Finding) string {
	var b strings.Builder
	shown := findings[:min(len(findings), mostDetails)]
	for _, f := range shown {
		fmt.Fprintf(&b, "%s × %s by %s, first at %s: %s\n", countText(f.Count), f.Kind, f.Name, secondsText(f.AtS), f.Detail)
	}
	if n := len(findings) - len(shown); n > 0 {
		fmt.Fprintf(&b, "and %d more kinds, in %s\n", n, JSONFile)
	}
	return b.String()
}

func (r *Report) rateHeld() check {
	c := check{Kind: "search", Name: "a rate of the search held"}
	if !r.Search.held() {
		c.Status, c.Message = checkFails, "no rate held: "+r.Search.Why
		if r.Verdict == Interrupted {
			c.Status = checkOpen
		}
	}
	return c
}

// judged reports whether the verdict is one on the network: else the run ended before
// its thresholds could be met, or its figures are the harness's.
func (r *Report) judged() bool { return r.Verdict != Interrupted && r.Verdict != Invalid }

func (r *Report) thresholdCheck(t ThresholdResult) check {
	c := check{Kind: "threshold", Name: t.Expression}
	measured := measuredText(t.Expression, t.Value, r.Network.BlockSeconds)
	metric, _ := splitThreshold(t.Expression)
	limit := strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(t.Expression), metric))
	switch {
	case !r.judged():
		c.Status, c.Message = checkOpen, "not judged, as the verdict is "+string(r.Verdict)+"; it was: "+measured
	case !t.OK:
		c.Status, c.Message = checkFails, t.Expression+" does not hold; it was: "+measured
	default:
		return c
	}
	c.Detail = fmt.Sprintf("value: %s\nlimit: %s\n", measured, limit)
	if math.IsNaN(float64(t.Value)) {
		c.Detail += "Nothing was measured, or more entries have no such figure at all than the limit leaves out.\n"
	}
	if words := metricText(metric); words != "" {
		c.Detail += metric + " is " + words + ".\n"
	}
	return c
}

// metricText says in words what a metric of thresholds is, or nothing.
func metricText(metric string) string {
	stage, figure, _ := strings.Cut(metric, ".")
	if words := map[string]string{
		"schedule":       "the time from an entry's planned instant until the first byte of its commit went out",
		"submit":         "the time from an entry's planned instant until its commit and its reveal were answered",
		"accept":         "the time from an entry's planned instant until it was first seen in a leader's process list",
		"confirm":        "the time from an entry's planned instant until it was first seen in a saved directory block",
		"commit_service": "the time that the call of a commit took by itself",
		"reveal_service": "the time that the call of a reveal took by itself",
		"queries":        "the time from a query's planned instant until it was answered",
	}[stage]; words != "" && slices.Contains([]string{"min", "mean", "stddev", "p50", "p90", "p95", "p99", "p999", "max"}, figure) {
		return figureWords(figure) + " of " + words + ", in the measured phases"
	}
	return map[string]string{
		"lost":                "the number of entries that the API took and no block has",
		"rejected":            "the number of entries that were answered by a JSON-RPC error and are not on the chain",
		"failed":              "the number of entries that got no proper answer and are not on the chain",
		"skipped":             "the number of entries whose slot passed without a send",
		"late":                "the number of entries that were sent more than 10 ms after their planned instant",
		"accepted":            "the number of entries that were in a process list, and in no saved block when the wait ended",
		"confirmed":           "the number of entries that are in a directory block",
		"ambiguous":           "the number of entries that are confirmed although their submit was refused or failed",
		"findings":            "the number of times that a node did what it must not do",
		"queries.wrong":       "the number of queries that were answered wrongly",
		"queries.failed":      "the number of queries that got no answer",
		"hostile.wrong":       "the number of hostile calls that were answered otherwise than they must be",
		"hostile.failed":      "the number of hostile calls that got no answer",
		"rates.sent_per_s":    "the rate at which entries were sent in the measured phases",
		"rates.planned_per_s": "the rate that the measured phases asked for",
		// Of saved blocks: it is the rate of the network.
		"rates.confirmed_per_s": "the rate at which entries of the measured phases came into saved blocks",
		"search.held_per_s":     "the highest rate of the search that held",
	}[metric]
}

// figureWords names a figure of a distribution.
func figureWords(figure string) string {
	words := map[string]string{
		"min": "the smallest", "mean": "the mean", "stddev": "the standard deviation", "p50": "the median",
		"p999": "the 99.9th percentile", "max": "the largest",
	}[figure]
	if words == "" {
		words = "the " + strings.TrimPrefix(figure, "p") + "th percentile"
	}
	return words
}
