package results

import (
	"math"
	"time"
)

// Backlog is what waits for a block at the end of another one: the entries of a
// phase that were due before the block closed, were neither refused nor failed, and
// are in no block up to it.
//
// A directory block closes at the end of its tenth minute and is saved in the first
// minute of the next (factom-protocol.md, section 4), so it closed a tenth of a
// block time before it was first seen saved.
//
// What a node that keeps up leaves over is what came just before the block closed.
// One that is over its capacity leaves over more from block to block, by what is
// offered in a block less what it can work off.
type Backlog struct {
	Height    uint32 `json:"height"`
	Closed    int64  `json:"closed"` // nanoseconds since the run's start
	Entries   uint64 `json:"entries"`
	Confirmed uint64 `json:"confirmed"` // entries of the phase that the block holds
}

// The part of a block time that a closed block is looked at after the phase's end,
// since what is known of its end is not exact; and how long a phase must have run
// before a block closed that shows what a node usually leaves over.
const (
	closedAfter = 20 // a twentieth
	settled     = 5  // a fifth
)

// During returns the blocks that closed while a phase was being sent, in order: a
// block that closed in the first fifth of a block time is left out if there are two
// others.
func (g *Gauge) During(block time.Duration) []Backlog {
	var rows []Backlog
	for _, b := range g.Backlog {
		if b.Closed <= g.Phase.End+int64(block)/closedAfter {
			rows = append(rows, b)
		}
	}
	if len(rows) > 2 && rows[0].Closed < g.Phase.Start+int64(block)/settled {
		rows = rows[1:]
	}
	return rows
}

// Allowance is the backlog that a phase of so many entries a second may leave over:
// what is offered in one minute of a block, a tenth of its time, and twice the
// standard deviation of a Poisson process with that mean.
func Allowance(rate float64, block time.Duration) float64 {
	minute := rate * block.Seconds() / 10
	return minute + 2*math.Sqrt(minute)
}

// BacklogGrows reports whether the backlog grows from block to block: the last one
// that closed during the phase left over more than the [Allowance], and from the
// first to the last it rose by more than half of that for each block between.
//
// In three blocks that finds an overload of a tenth, from 150 entries a block on,
// and no node that is at most a tenth of a block time late is taken for one; of a few
// Poisson arrivals a block a burst can be. It is not known with less than two
// blocks.
func (g *Gauge) BacklogGrows(rate float64, block time.Duration) (grows, known bool) {
	rows := g.During(block)
	if len(rows) < 2 {
		return false, false
	}
	first, last := float64(rows[0].Entries), float64(rows[len(rows)-1].Entries)
	allowed := Allowance(rate, block)
	return last > allowed && last-first > allowed/2*float64(len(rows)-1), true
}

// ConfirmedPerSecond is the rate at which blocks took the phase's entries while
// more came: those of the blocks but the first that closed during it, over the time
// between the first and the last. It is 0 with less than two.
func (g *Gauge) ConfirmedPerSecond(block time.Duration) float64 {
	rows := g.During(block)
	if len(rows) < 2 {
		return 0
	}
	var sum uint64
	for _, b := range rows[1:] {
		sum += b.Confirmed
	}
	elapsed := rows[len(rows)-1].Closed - rows[0].Closed
	if elapsed <= 0 {
		return 0
	}
	return float64(sum) / (float64(elapsed) / 1e9)
}
