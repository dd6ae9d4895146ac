package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// What is served is behind what is offered where it is less by a share of it, and by
// so many entries and so many seconds' worth in the whole stretch: a stage that takes
// its time lags by that, without falling behind.
const (
	behindShare   = 0.15
	behindEntries = 20
	behindSeconds = 2
	// mostStretches is how many of one kind have a sentence of their own.
	mostStretches = 3
)

// A slot is a part of the run with what was offered and served in it.
type slot struct {
	from, to        float64
	offered, served float64
}

func (s slot) behind() bool { return s.served < (1-behindShare)*s.offered }

// shortfalls returns the stretches in which what is served falls behind, as indices
// from and to of slots. One slot that is not behind does not end a stretch.
func shortfalls(slots []slot, least int) (all [][2]int) {
	for i := 0; i < len(slots); i++ {
		if !slots[i].behind() {
			continue
		}
		end := i + 1
		for end < len(slots) && (slots[end].behind() || end+1 < len(slots) && slots[end+1].behind()) {
			end++
		}
		whole := joinSlots(slots[i:end])
		missing, highest := whole.offered-whole.served, 0.0
		for _, s := range slots[i:min(end+1, len(slots))] { // the rate may jump at its end
			highest = max(highest, s.offered/(s.to-s.from))
		}
		if end-i >= least && whole.behind() && missing >= behindEntries && missing >= behindSeconds*highest {
			all = append(all, [2]int{i, end})
		}
		i = end
	}
	return all
}

func joinSlots(slots []slot) slot {
	whole := slot{from: slots[0].from, to: slots[len(slots)-1].to}
	for _, s := range slots {
		whole.offered += s.offered
		whole.served += s.served
	}
	return whole
}

// seriesSlots divides the series until an instant into slots of 5 s, or so many that
// there are not more than 720 of them.
func seriesSlots(s Series, offered, served string, until float64) []slot {
	from, to := s.column(offered), s.column(served)
	if from == nil || to == nil || s.IntervalS <= 0 {
		return nil
	}
	var slots []slot
	per := max(int(math.Ceil(5/s.IntervalS)), (len(s.Rows)+719)/720)
	middles := s.middles()
	for i := 0; i < len(middles); i += per {
		last := min(i+per, len(middles)) - 1
		n := slot{from: middles[i] - s.IntervalS/2, to: middles[last] + s.IntervalS/2}
		if n.to > until {
			break
		}
		for j := i; j <= last; j++ {
			n.offered += from[j]
			n.served += to[j]
		}
		slots = append(slots, n)
	}
	return slots
}

// offeredUntil is until when the plan was followed. What was planned for later than
// a stop says nothing of the node.
func (r *Report) offeredUntil() float64 {
	if !r.Run.Interrupted && r.Run.EndedEarly == "" {
		return math.Inf(1)
	}
	_, last := lasting(r.Series, "sent")
	return last - r.Series.IntervalS
}

// blockSlots has a slot a block until an instant, from when the one before was saved.
func blockSlots(r *Report, until float64) []slot {
	planned, middles := r.Series.column("planned"), r.Series.middles()
	if planned == nil {
		return nil
	}
	var slots []slot
	row := 0
	for i := 1; i < len(r.Blocks) && r.Blocks[i].ClosedS <= until; i++ {
		n := slot{from: r.Blocks[i-1].ClosedS, to: r.Blocks[i].ClosedS, served: float64(r.Blocks[i].OwnEntries)}
		for ; row < len(middles) && middles[row] < n.to; row++ {
			if middles[row] >= n.from {
				n.offered += planned[row]
			}
		}
		slots = append(slots, n)
	}
	return slots
}

// behindStory tells where the node took less than was offered: by what it accepted
// where all of that was seen, or nearly so, else by what its blocks hold.
func behindStory(r *Report) []Sentence {
	until := r.offeredUntil()
	slots, least, verb := blockSlots(r, until), 2, "the blocks took"
	feedMissed := uint64(0)
	if r.Network.Feed != nil {
		feedMissed = r.Network.Feed.Missed
	}
	if strings.HasPrefix(r.LatencyMS.Accept.Method, methodLiveFeed) && feedMissed < r.Totals.Planned/50 {
		if r.Network.Feed != nil && !math.IsNaN(float64(r.Network.Feed.GivenUpS)) {
			until = min(until, float64(r.Network.Feed.GivenUpS))
		}
		slots, least, verb = seriesSlots(r.Series, "planned", "accepted", until), 1, "the node accepted"
	}
	var all []Sentence
	for _, at := range shortfalls(slots, least) {
		w := joinSlots(slots[at[0]:at[1]])
		s := rateSentence("behind", rankBehind, w)
		s.Sentence = fmt.Sprintf("%s %s %s; the rest waited%s.", r.fromTo(w.from, w.to), verb, ofText(w), r.waited(w, s.Figures))
		s.Sentence += r.caughtUp(slots, at, s.Figures)
		all = append(all, s)
	}
	return worstStretches(all)
}

// heldStory tells where less was sent than was planned.
func heldStory(r *Report) []Sentence {
	slots := seriesSlots(r.Series, "planned", "sent", r.offeredUntil())
	var all []Sentence
	for _, at := range shortfalls(slots, 1) {
		w := joinSlots(slots[at[0]:at[1]])
		s := rateSentence("held-back", rankHeld, w)
		s.Sentence = fmt.Sprintf("%s only %s were sent.", r.fromTo(w.from, w.to), ofText(w))
		all = append(all, s)
	}
	all = worstStretches(all)
	if skipped := r.Totals.Skipped; skipped > 0 {
		all = append(all, Sentence{Kind: "skipped", weight: rankHeld, Figures: map[string]Number{"skipped": Number(skipped)},
			Sentence: entriesText(skipped, "was", "were") + " never sent: the slots passed."})
	}
	return all
}

func rateSentence(kind string, rank float64, w slot) Sentence {
	d := w.to - w.from
	return Sentence{
		Kind: kind, FromS: w.from, ToS: w.to, weight: rank + extent((w.offered-w.served)/w.offered*d),
		Figures: map[string]Number{"offered_per_s": Number(w.offered / d), "served_per_s": Number(w.served / d)},
	}
}

// ofText writes rates beside each other: 61 of 100 entries a second.
func ofText(w slot) string {
	d := w.to - w.from
	return roughText(w.served/d) + " of " + roughText(w.offered/d) + " entries a second"
}

// waited says how long entries planned in a stretch waited at most.
func (r *Report) waited(w slot, figures map[string]Number) string {
	accept, confirm := 0.0, 0.0
	for _, n := range r.Windows {
		if n.FromS < w.to && n.ToS > w.from {
			accept, confirm = max(accept, n.LatencyMS.Accept.Max), max(confirm, n.LatencyMS.Confirm.Max)
		}
	}
	switch blocks := math.Ceil(confirm / 1e3 / r.Network.BlockSeconds); {
	case confirm > 0 && r.Network.BlockSeconds > 0 && blocks > 1:
		figures["waited_blocks"] = Number(blocks)
		return fmt.Sprintf(" up to %s blocks", trimText(blocks))
	case accept > 0:
		figures["waited_ms"] = Number(accept)
		return " up to " + msText(accept)
	case confirm > 0:
		figures["waited_ms"] = Number(confirm)
		return " up to " + msText(confirm)
	}
	return ""
}

// caughtUp says when what was served had come to what was offered since before a
// stretch, but for a second's worth and what never came.
func (r *Report) caughtUp(slots []slot, at [2]int, figures map[string]Number) string {
	lag, rate := 0.0, 0.0
	never := float64(r.Totals.Lost + r.Totals.Rejected + r.Totals.Failed + r.Totals.Skipped)
	if r.Network.Feed != nil {
		never += float64(r.Network.Feed.Missed)
	}
	for i := at[0]; i < len(slots); i++ {
		s := slots[i]
		lag += s.offered - s.served
		rate = max(rate, s.offered/(s.to-s.from))
		if i >= at[1] && lag <= behindEntries/4+rate+never {
			figures["caught_up_s"] = Number(s.to)
			return fmt.Sprintf(" It had caught up at %s.", r.clock(s.to))
		}
	}
	return " It had not caught up by the end of the record."
}

// worstStretches keeps the worst of a kind, and says of how many.
func worstStretches(all []Sentence) []Sentence {
	slices.SortStableFunc(all, func(a, b Sentence) int {
		switch {
		case a.weight > b.weight:
			return -1
		case a.weight < b.weight:
			return 1
		}
		return 0
	})
	if more := len(all) - mostStretches; more > 0 {
		all = all[:mostStretches]
		all[0].Sentence += fmt.Sprintf(" There were %d more such stretches than are told of here.", more)
		all[0].Figures["more_stretches"] = Number(more)
	}
	return all
}
