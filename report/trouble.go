package report

import (
	"fmt"
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/FactomProject/factom-load/internal/markdown"
	"github.com/FactomProject/factom-load/results"
)

// troubleKinds are the events that tell of trouble with the network, each with the
// one that ends it, if there is one, and a sentence.
func troubleKinds() []troubleKind {
	return []troubleKind{
		{results.StallBegin, results.StallEnd, "The network stood still"},
		{results.ElectionBegin, results.ElectionEnd, "An election went on"},
		{results.LeaderChange, "", "The set of leaders changed"},
		{results.AuditChange, "", "The set of audit servers changed"},
		{results.AuditOffline, results.AuditOnline, "Audit servers were not heard of"},
		{results.NodeDown, results.NodeUp, "An endpoint did not answer"},
		{results.NodeBehind, results.NodeCaughtUp, "An endpoint was blocks behind another"},
		{results.SyncBegin, results.SyncEnd, "A node waited for leaders at the end of a minute"},
		{results.LongBlock, "", "A block came late"},
	}
}

type troubleKind struct {
	begin, end results.EventKind
	sentence   string
}

// isTrouble reports whether events of a kind begin or end trouble with the network.
func isTrouble(kind string) bool {
	return slices.ContainsFunc(troubleKinds(), func(k troubleKind) bool {
		return string(k.begin) == kind || k.end != "" && string(k.end) == kind
	})
}

// trouble has the stretches of each of troubleKinds, by time.
type trouble [][]stretch

func newTrouble(r *Report) (list trouble) {
	for _, k := range troubleKinds() {
		list = append(list, eventStretches(r.Events, k.begin, k.end, r.Run.Ended.Sub(r.Run.Started).Seconds()))
	}
	return list
}

// span is from the first trouble's beginning to the last one's end.
func (t trouble) span() (from, to float64) {
	from, to = math.Inf(1), math.Inf(-1)
	for _, s := range slices.Concat(t...) {
		from, to = min(from, s.from), max(to, s.to)
	}
	return from, to
}

// sentences says how often each kind was, when first, and for how long.
func (t trouble) sentences(p *incident) (list []string) {
	for i, k := range troubleKinds() {
		times := len(t[i])
		if times == 0 {
			continue
		}
		longest, open := 0.0, false
		for _, s := range t[i] {
			longest, open = max(longest, s.to-s.from), open || s.open
		}
		first := t[i][0].from
		text := k.sentence
		if times > 1 {
			text += fmt.Sprintf(" %d times, first", times)
		}
		text += fmt.Sprintf(" at %s UTC", p.utc(first))
		if k.end != "" {
			text += fmt.Sprintf(", for %s at most", spanText(longest))
			if times == 1 {
				text = fmt.Sprintf("%s at %s UTC, for %s", k.sentence, p.utc(first), spanText(longest))
			}
		}
		if open {
			text += "; it had not ended when the run did"
		}
		list = append(list, text+".")
	}
	return list
}

// impact says in numbers what it came to.
func (p *incident) impact() {
	r, t := p.r, p.r.Totals
	p.title("Impact")
	p.line("| | |")
	p.line("|---|---:|")
	count := func(what string, n uint64) {
		p.line("| %s | %s (%s) |", what, countText(n), percentText(n, t.Planned))
	}
	p.line("| entries planned | %s |", countText(t.Planned))
	count("in saved blocks", t.Confirmed)
	count("lost", t.Lost)
	count("rejected", t.Rejected)
	count("failed", t.Failed)
	count("skipped", t.Skipped)
	count("sent more than 10 ms late", t.Late)
	count("answered with an error, and in a block all the same", t.Ambiguous)
	longest, at := longestGap(r.Blocks)
	if longest > 0 {
		p.line("| longest time without a new block, until %s UTC | %s |", p.utc(at), spanText(longest))
	}
	if n := len(r.Blocks); n > 0 {
		p.line("| from the last block that was seen to the end of the run | %s |", spanText(max(0, p.length()-r.Blocks[n-1].ClosedS)))
	}
	p.line("| users of the network besides this test | %s |", markdown.Blank)
	p.line("")
	if from, to := p.trouble.span(); from <= to {
		p.compare(from, to)
	}
}

// longestGap returns the longest time between two blocks, and when it ended.
func longestGap(blocks []Block) (longest, at float64) {
	for i := 1; i < len(blocks); i++ {
		if gap := blocks[i].ClosedS - blocks[i-1].ClosedS; gap > longest {
			longest, at = gap, blocks[i].ClosedS
		}
	}
	return longest, at
}

// compare holds the figures of before, during and after against each other. What waited
// for its block in the trouble is in one soon after it.
func (p *incident) compare(from, to float64) {
	late := to + 2*p.r.Network.BlockSeconds
	end := max(p.length(), late) + 1
	p.line("Before, from %s to %s UTC and two block times more, and after:\n", p.utc(from), p.utc(to))
	p.line("| latency from the planned instant | before | during | after |")
	p.line("|---|---:|---:|---:|")
	parts := [][2]float64{{math.Inf(-1), from}, {from, late}, {late, end}}
	row := func(name string, figure func(from, to float64) string) {
		p.line("| %s | %s | %s | %s |", name, figure(parts[0][0], parts[0][1]), figure(parts[1][0], parts[1][1]), figure(parts[2][0], parts[2][1]))
	}
	row("own entries in blocks saved then", func(from, to float64) string {
		var n uint64
		for _, b := range p.r.Blocks {
			if within(b.ClosedS, from, to) {
				n += b.OwnEntries
			}
		}
		return countText(n)
	})
	for _, q := range []float64{50, 99, 100} {
		name := fmt.Sprintf("confirm p%g of these", q)
		if q == 100 {
			name = "confirm max of these"
		}
		row(name, func(from, to float64) string {
			h := mergedConfirm(p.r.Blocks, from, to)
			if h == nil {
				return noFigure
			}
			return msText(float64(h.ValueAtQuantile(q)) / 1e6)
		})
	}
	for _, stage := range []string{"submit", "accept"} {
		row(stage+" p99 of the worst second", func(from, to float64) string {
			return msText(worst(p.r.Series, stage+"_p99_ms", from, to))
		})
	}
}

func within(at, from, to float64) bool { return at >= from && at < to }

// mergedConfirm is the confirm latencies of the blocks of a time, or nil.
func mergedConfirm(blocks []Block, from, to float64) *hdrhistogram.Histogram {
	var sum *hdrhistogram.Histogram
	for _, b := range blocks {
		if !within(b.ClosedS, from, to) || b.LatencyMS.Histogram == "" {
			continue
		}
		h, err := decodeHistogram(b.LatencyMS.Histogram)
		if err != nil {
			continue // a report of another hand: its figures stand without it
		}
		if sum == nil {
			sum = hdrhistogram.New(histogramMin, histogramMax, histogramDigits)
		}
		sum.Merge(h)
	}
	return sum
}

// worst is the highest value of a column in a time, or NaN.
func worst(s Series, column string, from, to float64) float64 {
	highest := math.NaN()
	at := slices.Index(s.Columns, column)
	for _, row := range s.Rows {
		if at < 0 || at >= len(row) || !within(float64(row[0]), from, to) {
			continue
		}
		if v := float64(row[at]); !math.IsNaN(v) && !(v <= highest) {
			highest = v
		}
	}
	return highest
}
