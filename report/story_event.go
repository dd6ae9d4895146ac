package report

import (
	"fmt"

	"github.com/FactomProject/factom-load/results"
)

// A spell is something that began and ended, by the events that say so.
type spell struct {
	begin, end results.EventKind
	kind       string
	rank       float64
	one        string // a sentence without its subject's time: "the network made no minutes"
	many       string // "The network stalled"
}

var spells = []spell{
	{results.StallBegin, results.StallEnd, "stall", rankStall, "the network made no new minutes", "The network stalled"},
	{results.NodeDown, results.NodeUp, "node-down", rankDown, "an endpoint did not answer", "Endpoints did not answer"},
	{results.ElectionBegin, results.ElectionEnd, "election", rankTold + 60, "an election went on", "Elections were held"},
	{results.NodeBehind, results.NodeCaughtUp, "node-behind", rankTold + 50, "an endpoint was blocks behind another", "Endpoints were blocks behind another"},
	{results.SyncBegin, results.SyncEnd, "sync", rankTold + 40, "an endpoint waited for leaders", "Endpoints waited for leaders"},
}

// instants are events that have no end.
var instants = []struct {
	event results.EventKind
	rank  float64
	text  string
}{
	{results.Suspended, rankSuspended, "The harness stood still, so that latencies of that time may be its own"},
	{results.FeedLost, rankTold + 70, "The live feed was given up, and acceptance is of a random sample from then on"},
	{results.AuditOffline, rankTold + 30, "Audit servers were not heard of"},
	{results.LeaderChange, rankTold + 20, "The set of leaders changed"},
	{results.ClockStep, rankTold + 10, "The wall clock was set, on which no latency depends"},
}

// eventStory tells of the events, a sentence a kind.
func eventStory(r *Report) []Sentence {
	var all []Sentence
	for _, s := range spells {
		if times := eventStretches(r.Events, s.begin, s.end, timeAxis(r).hi); len(times) > 0 {
			all = append(all, s.tell(r, times))
		}
	}
	for _, i := range instants {
		first, last, n := 0.0, 0.0, 0
		for _, e := range r.Events {
			if e.Kind != string(i.event) {
				continue
			}
			if n == 0 {
				first = e.AtS
			}
			last = e.AtS
			n++
		}
		if n == 0 {
			continue
		}
		text := i.text + ", at " + r.clock(first)
		if n > 1 {
			text += fmt.Sprintf(" and %d more times, the last at %s", n-1, r.clock(last))
		}
		all = append(all, Sentence{Kind: string(i.event), Sentence: text + ".", FromS: first, ToS: last, weight: i.rank,
			Figures: map[string]Number{"times": Number(n)}})
	}
	return all
}

func (s spell) tell(r *Report, times []stretch) Sentence {
	longest, sum := times[0], 0.0
	for _, t := range times {
		sum += t.to - t.from
		if t.to-t.from > longest.to-longest.from {
			longest = t
		}
	}
	took := longest.to - longest.from
	until := fmt.Sprintf("to %s", r.clock(longest.to))
	if longest.open {
		until = "until the end of the record"
	}
	text := fmt.Sprintf("From %s %s %s, for %s.", r.clock(longest.from), until, s.one, spanText(took))
	if len(times) > 1 {
		text = fmt.Sprintf("%s %d times, for %s in all; the longest was from %s %s, %s.", s.many, len(times), spanText(sum), r.clock(longest.from), until, spanText(took))
	}
	return Sentence{Kind: s.kind, Sentence: text, FromS: longest.from, ToS: longest.to, weight: s.rank + min(extent(sum), 9),
		Figures: map[string]Number{"times": Number(len(times)), "longest_s": Number(took), "total_s": Number(sum)}}
}
