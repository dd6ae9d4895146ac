package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// A story says in a few sentences what happened in a run, the worst first, each with
// the figures that it rests on. It is a function of the rest of the report: the same
// report always has the same story. Texts of nodes are in none.

// mostSentences is how many a story has.
const mostSentences = 8

// quietKind is the kind of the one sentence of a run in which nothing stood out.
const quietKind = "quiet"

// Sentence is one thing that happened.
type Sentence struct {
	Kind     string            `json:"kind"`
	Sentence string            `json:"sentence"` // times of day are UTC
	FromS    float64           `json:"from_s"`   // 0 and 0 for what is of the whole run
	ToS      float64           `json:"to_s"`
	Figures  map[string]Number `json:"figures"`

	weight float64 // how bad it is: a rank of its kind, and below 100 for its extent
}

// The ranks of kinds, the worst highest. Those at the end explain rather than accuse.
const (
	rankTold = 100 * (iota + 1)
	rankSlow
	rankBlock
	rankErrors
	rankHeld
	rankBehind
	rankSuspended
	rankDown
	rankStall
	rankLost
	rankBroken
)

// story tells of a report that is otherwise complete.
func story(r *Report) []Sentence {
	all := slices.Concat(brokenStory(r), lostStory(r), eventStory(r), behindStory(r), heldStory(r), errorStory(r), blockStory(r), slowStory(r))
	if len(all) == 0 {
		all = quietStory(r)
	}
	others := othersStory(r)
	slices.SortStableFunc(all, func(a, b Sentence) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.FromS, b.FromS))
	})
	return append(append([]Sentence{}, all[:min(len(all), mostSentences-len(others))]...), others...)
}

// clock writes an instant of the run as a time of day, or in seconds where the run's
// start is not known.
func (r *Report) clock(s float64) string {
	if r.Run.Started.IsZero() {
		return secondsText(s)
	}
	layout := "15:04:05"
	if r.Run.Ended.Sub(r.Run.Started) > 20*time.Hour {
		layout = "2 Jan 15:04:05"
	}
	return r.Run.Started.UTC().Add(time.Duration(s * float64(time.Second))).Format(layout)
}

func (r *Report) fromTo(from, to float64) string {
	return "From " + r.clock(from) + " to " + r.clock(to)
}

// extent makes a part of a weight of a length of time, or of what else is counted.
func extent(v float64) float64 { return min(max(v, 0), 99) }

func brokenStory(r *Report) []Sentence {
	n := len(r.Integrity.Findings)
	if n == 0 {
		return nil
	}
	first, last := r.Integrity.Findings[0].AtS, r.Integrity.Findings[0].AtS
	for _, f := range r.Integrity.Findings {
		first, last = min(first, f.AtS), max(last, f.AtS)
	}
	return []Sentence{{
		Kind: "integrity", FromS: first, ToS: last, weight: rankBroken,
		Sentence: fmt.Sprintf("A node served what its saved blocks do not commit to, first at %s: %s of findings.", r.clock(first), kindsText(n)),
		Figures:  map[string]Number{"kinds": Number(n)},
	}}
}

func kindsText(n int) string {
	if n == 1 {
		return "1 kind"
	}
	return fmt.Sprintf("%d kinds", n)
}

func lostStory(r *Report) []Sentence {
	if r.Totals.Lost == 0 {
		return nil
	}
	s := Sentence{Kind: "lost", weight: rankLost, Figures: map[string]Number{"lost": Number(r.Totals.Lost)}}
	s.Sentence = entriesText(r.Totals.Lost, "was", "were") + " lost: the API took them, and no block holds them."
	if lost := r.Audit.Lost; len(lost) > 0 {
		s.FromS, s.ToS = lost[0].PlannedS, lost[0].PlannedS
		for _, l := range lost {
			s.FromS, s.ToS = min(s.FromS, l.PlannedS), max(s.ToS, l.PlannedS)
		}
		s.Sentence += fmt.Sprintf(" The first was planned at %s, the last listed one at %s.", r.clock(s.FromS), r.clock(s.ToS))
	}
	return []Sentence{s}
}

func entriesText(n uint64, one, many string) string {
	if n == 1 {
		return "1 entry " + one
	}
	return countText(n) + " entries " + many
}

func errorStory(r *Report) []Sentence {
	rejected, failed := r.Totals.Rejected, r.Totals.Failed
	if rejected+failed == 0 {
		return nil
	}
	s := Sentence{Kind: "errors", Figures: map[string]Number{"rejected": Number(rejected), "failed": Number(failed)}}
	s.FromS, s.ToS = lasting(r.Series, "errors")
	s.weight = rankErrors + extent(99*float64(rejected+failed)/float64(max(r.Totals.Planned, 1)))
	switch {
	case failed == 0:
		s.Sentence = entriesText(rejected, "was", "were") + " rejected"
	case rejected == 0:
		s.Sentence = entriesText(failed, "failed", "failed")
	default:
		s.Sentence = entriesText(rejected, "was", "were") + " rejected and " + countText(failed) + " failed"
	}
	if s.ToS > 0 {
		s.Sentence += fmt.Sprintf(", between %s and %s", r.clock(s.FromS), r.clock(s.ToS))
	}
	s.Sentence += "."
	return []Sentence{s}
}

// lasting returns the first and the last instant at which a column is above 0.
func lasting(s Series, column string) (from, to float64) {
	values, first := s.column(column), true
	for i, t := range s.middles() {
		if values == nil || !(values[i] > 0) {
			continue
		}
		if first {
			from, first = t-s.IntervalS/2, false
		}
		to = t + s.IntervalS/2
	}
	return from, to
}

// blockStory tells of the block that took longest, if that was long.
func blockStory(r *Report) []Sentence {
	due := r.Network.BlockSeconds
	if due <= 0 {
		return nil
	}
	longest, at, long := 0.0, 0, 0
	for i := 1; i < len(r.Blocks); i++ {
		a, b := r.Blocks[i-1], r.Blocks[i]
		took := b.ClosedS - a.ClosedS
		if b.Height != a.Height+1 || took <= 1.5*due {
			continue
		}
		long++
		if took > longest {
			longest, at = took, i
		}
	}
	if long == 0 {
		return nil
	}
	b := r.Blocks[at]
	s := Sentence{
		Kind: "long-block", FromS: r.Blocks[at-1].ClosedS, ToS: b.ClosedS, weight: rankBlock + extent(longest/due),
		Sentence: fmt.Sprintf("Block %d took longest: it was saved at %s, %s after the one before, %s block times.", b.Height, r.clock(b.ClosedS), spanText(longest), roughText(longest/due)),
		Figures:  map[string]Number{"height": Number(b.Height), "took_s": Number(longest), "block_s": Number(due), "long_blocks": Number(long)},
	}
	if long > 1 {
		s.Sentence += fmt.Sprintf(" %d blocks took more than 1.5 block times.", long)
	}
	return []Sentence{s}
}

// slowStory tells of the window with the worst p95, if that stands out: of accept, or
// of confirm where acceptance was not seen.
func slowStory(r *Report) []Sentence {
	for _, stage := range []string{"accept", "confirm"} {
		var p95s []float64
		worst := Window{}
		for _, w := range r.Windows {
			l := w.LatencyMS.stage(stage)
			if l.Count < 5 {
				continue
			}
			p95s = append(p95s, l.P95)
			if l.P95 > worst.LatencyMS.stage(stage).P95 {
				worst = w
			}
		}
		if len(p95s) == 0 {
			continue
		}
		slices.Sort(p95s)
		usual, p95 := p95s[(len(p95s)-1)/2], worst.LatencyMS.stage(stage).P95
		least := max(3*usual, usual+200)
		if stage == "confirm" { // up to a block is the rule
			least = max(usual+200, 2e3*r.Network.BlockSeconds)
		}
		if p95 < least {
			return nil
		}
		return []Sentence{{
			Kind: "slow", FromS: worst.FromS, ToS: worst.ToS, weight: rankSlow + extent(math.Log2(p95/usual)),
			Sentence: fmt.Sprintf("%s %s was slowest: of the entries planned then, 5 %% took longer than %s; the usual figure was %s.",
				r.fromTo(worst.FromS, worst.ToS), stage, msText(p95), msText(usual)),
			Figures: map[string]Number{stage + "_p95_ms": Number(p95), "usual_" + stage + "_p95_ms": Number(usual)},
		}}
	}
	return nil
}

// quietStory tells of a run in which nothing stood out.
func quietStory(r *Report) []Sentence {
	if r.Totals.Sent == 0 {
		return nil
	}
	s := Sentence{Kind: quietKind, Figures: map[string]Number{"confirmed": Number(r.Totals.Confirmed), "planned": Number(r.Totals.Planned)}}
	s.Sentence = fmt.Sprintf("Nothing stood out: %s of %s planned entries were confirmed", countText(r.Totals.Confirmed), countText(r.Totals.Planned))
	if l := r.LatencyMS.Accept; l.Count > 0 {
		s.Sentence += fmt.Sprintf(", and 95 %% were accepted within %s", msText(l.P95))
		s.Figures["accept_p95_ms"] = Number(l.P95)
	}
	s.Sentence += "."
	return []Sentence{s}
}
