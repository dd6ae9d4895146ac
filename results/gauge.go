package results

import (
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// A Gauge is what one phase came to so far: the figures that a report will have of
// it, while there is still something to decide by them.
type Gauge struct {
	Phase     Phase // its bounds; the zero value until it is announced
	Planned   uint64
	Submitted uint64 // both calls ended, one way or the other
	Skipped   uint64
	// GivenUp are those of the skipped ones that the in-flight limit did not hold up.
	GivenUp uint64
	// Rejected and Failed are in no block.
	Rejected, Failed uint64
	// OwnFailed are those of the failed ones that the harness's machine is to blame
	// for, in a block or not.
	OwnFailed   uint64
	Confirmed   uint64
	Outstanding uint64 // answered with success, and in no saved block

	Schedule, Submit, Accept, Confirm Percentiles
	// Own are the schedule errors that the in-flight limit did not cause, those of
	// slots that were given up included.
	Own Percentiles

	Backlog []Backlog // one a block that closed since the phase began
}

// Percentiles are of a latency in nanoseconds. Missing entries came to no such
// stage so far although the node did not refuse them; they count as later than any
// other.
type Percentiles struct {
	Count, Missing uint64
	// By the names of a report: of all entries, where they are not endless, and of
	// those that came to the stage.
	all, seen map[string]int64
}

// At returns a figure of all entries by its name: p50, p90, p95, p99, p999 or max.
// It is not known where there are no entries at all, and endless where it is that
// of a missing one.
func (p Percentiles) At(figure string) (latency time.Duration, endless, known bool) {
	v, seen := p.all[figure]
	return time.Duration(v), !seen && p.Missing > 0, p.Count+p.Missing > 0
}

// Seen returns a figure of those entries alone that came to the stage.
func (p Percentiles) Seen(figure string) time.Duration { return time.Duration(p.seen[figure]) }

// gauge measures a phase as its entries' lives go on. It costs no allocation but
// that of a block's row. Histograms are as those of a report: 1 µs to a day, with
// 3 significant digits.
type gauge struct {
	phase   int
	minute  int64 // of a directory block, in nanoseconds
	sampled bool  // acceptance is
	sums    Gauge // without percentiles

	schedule, own, submit, accept, confirm *hdrhistogram.Histogram

	inBlock uint64 // entries of the phase that the block which is being told of holds
}

const (
	gaugeMin = int64(time.Microsecond)
	gaugeMax = int64(24 * time.Hour)
)

func record(h *hdrhistogram.Histogram, ns int64) {
	_ = h.RecordValue(min(max(ns, gaugeMin), gaugeMax)) // in range: cannot fail
}

// Measure begins to gauge a phase that is still to be announced, in the place of
// the one before. A directory block lasts so long. With sampled only those entries
// are missed at a process list that are in the acceptance sample.
func (c *Collector) Measure(phase int, block time.Duration, sampled bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := &gauge{phase: phase, minute: int64(block / 10), sampled: sampled}
	for _, h := range []**hdrhistogram.Histogram{&g.schedule, &g.own, &g.submit, &g.accept, &g.confirm} {
		*h = hdrhistogram.New(gaugeMin, gaugeMax, 3)
	}
	c.gauge = g
}

// Gauge returns what the phase that is gauged came to so far. It passes over
// everything outstanding; call it now and then.
func (c *Collector) Gauge() Gauge {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.gauge
	if g == nil {
		return Gauge{}
	}
	out := g.sums
	out.Backlog = append([]Backlog{}, out.Backlog...)
	var unseen uint64 // entries that should have been seen to be accepted
	for i := range c.lives {
		l := &c.lives[i]
		if !l.inUse || int(l.phase) != g.phase || l.confirmed != Never || l.result != success {
			continue
		}
		out.Outstanding++
		if l.accepted == Never && (!g.sampled || l.followed) {
			unseen++
		}
	}
	out.Schedule = percentiles(g.schedule, 0)
	out.Own = percentiles(g.own, 0)
	out.Submit = percentiles(g.submit, out.Failed)
	out.Accept = percentiles(g.accept, unseen)
	out.Confirm = percentiles(g.confirm, out.Outstanding)
	return out
}

func percentiles(h *hdrhistogram.Histogram, missing uint64) Percentiles {
	p := Percentiles{Count: uint64(h.TotalCount()), Missing: missing, all: map[string]int64{}, seen: map[string]int64{}}
	for _, figure := range []string{"p50", "p90", "p95", "p99", "p999", "max"} {
		percent, _ := Percent(figure)
		p.seen[figure] = h.ValueAtQuantile(percent)
		if among, ok := AmongSeen(percent, p.Count, missing); ok {
			p.all[figure] = h.ValueAtQuantile(among)
		}
	}
	return p
}

// of returns the gauge if it is of an entry's phase, or nil.
func (c *Collector) gaugeOf(phase uint16) *gauge {
	if g := c.gauge; g != nil && g.phase == int(phase) {
		return g
	}
	return nil
}

// The methods below are told what the collector is; they may be called of a nil
// gauge.

func (g *gauge) announced(i int, p Phase) {
	if g != nil && g.phase == i {
		g.sums.Phase = p
	}
}

func (g *gauge) planned() {
	if g != nil {
		g.sums.Planned++
	}
}

func (g *gauge) skipped(l *life, givenUp int64, waited bool) {
	if g == nil {
		return
	}
	g.sums.Skipped++
	if givenUp != Never && !waited {
		g.sums.GivenUp++
		record(g.own, givenUp-l.planned)
	}
}

// submitted is told of an entry's calls, be it in a block by now or not.
func (g *gauge) submitted(l *life, s Submission) {
	if g == nil {
		return
	}
	g.sums.Submitted++
	if s.Sent != Never {
		record(g.schedule, s.Sent-l.planned)
		if !s.Waited {
			record(g.own, s.Sent-l.planned)
		}
	}
	if s.Err == nil && s.Revealed != Never {
		record(g.submit, s.Revealed-l.planned)
	}
	if _, _, message := factomd.Classify(s.Err); factomd.OwnLimit(message) {
		g.sums.OwnFailed++
	}
	if l.confirmed == Never {
		g.outcome(l.result, 1)
	}
}

// outcome counts an entry whose calls said so, or with -1 no longer does: it turned
// up in a block.
func (g *gauge) outcome(r result, n int64) {
	switch r {
	case rejection:
		g.sums.Rejected += uint64(n)
	case failure:
		g.sums.Failed += uint64(n)
	}
}

func (g *gauge) accepted(l *life) {
	if g != nil {
		record(g.accept, l.accepted-l.planned)
	}
}

func (g *gauge) confirmed(l *life) {
	if g == nil {
		return
	}
	g.sums.Confirmed++
	g.inBlock++
	g.outcome(l.result, -1)
	record(g.confirm, l.confirmed-l.planned)
}

// saved is told of a block when all that it holds is known.
func (g *gauge) saved(b Block, lives []life) {
	if g == nil {
		return
	}
	row := Backlog{Height: b.Height, Closed: b.Seen - g.minute, Confirmed: g.inBlock}
	g.inBlock = 0
	if p := g.sums.Phase; p.End == 0 || row.Closed < p.Start {
		return
	}
	for i := range lives {
		l := &lives[i]
		if l.inUse && int(l.phase) == g.phase && l.planned < row.Closed && l.confirmed == Never && (l.result == success || l.result == unanswered) {
			row.Entries++
		}
	}
	g.sums.Backlog = append(g.sums.Backlog, row)
}
