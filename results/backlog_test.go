package results

import (
	"math/rand/v2"
	"testing"
	"time"
)

// A queue is a node that works off so many entries a second, in order, and puts
// into each block what it got done before the block closed.
type queue struct {
	block    time.Duration
	capacity float64       // entries a second
	lag      time.Duration // from an entry's instant until it can be worked on
	seenLate time.Duration // how late a saved block is seen at most
	poisson  bool
}

// take offers the node a rate for some blocks, from an instant in one of them on,
// and returns what is seen of it.
func (q queue) take(rng *rand.Rand, rate float64, blocks, begin float64) *Gauge {
	length := time.Duration(blocks * float64(q.block))
	start := int64(begin * float64(q.block))
	var due, done []int64
	free := 0.0
	gap := func() float64 {
		if q.poisson {
			return rng.ExpFloat64() / rate
		}
		return 1 / rate
	}
	for at := 0.0; at < length.Seconds(); at += gap() {
		free = max(free, at+float64(q.lag)/1e9*(0.5+rng.Float64()/2)) + 1/q.capacity
		due, done = append(due, start+int64(at*1e9)), append(done, start+int64(free*1e9))
	}
	g := &Gauge{Phase: Phase{Start: start, End: start + int64(length)}}
	var before int64
	for height := uint32(1); ; height++ {
		closed := int64(height) * int64(q.block)
		row := Backlog{Height: height, Closed: closed + rng.Int64N(int64(q.seenLate)+1)}
		for i := range due {
			if due[i] < row.Closed && done[i] >= closed {
				row.Entries++
			}
			if done[i] >= before && done[i] < closed {
				row.Confirmed++
			}
		}
		before = closed
		if row.Closed < start {
			continue
		}
		if closed > g.Phase.End && row.Entries == 0 {
			return g
		}
		g.Backlog = append(g.Backlog, row)
	}
}

func draw(rng *rand.Rand, q queue) (queue, float64) {
	q.block = time.Duration(6+rng.IntN(20)) * time.Second
	q.lag = time.Duration(rng.Int64N(int64(q.block) / 25))
	q.seenLate = q.block / 60
	// 150 to some thousands of entries a block
	rate := (150 + 3000*rng.Float64()*rng.Float64()) / q.block.Seconds()
	return q, rate
}

// A node that keeps up is never said to fall behind: wherever in a block the phase
// begins, however late within reason entries reach a process list and blocks are
// seen, and be it just at its capacity.
func TestHealthyBacklog(t *testing.T) {
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 1))
		q, rate := draw(rng, queue{poisson: seed%3 == 0})
		if seed%10 == 1 && !q.poisson {
			rate = 0.5 + 2*rng.Float64() // hardly any
		}
		q.capacity = rate * (1 + rng.Float64())
		if q.poisson {
			q.capacity = rate * (1.15 + rng.Float64()) // else it has a queue now and then
		}
		g := q.take(rng, rate, 3+2*rng.Float64(), rng.Float64())
		if grows, known := g.BacklogGrows(rate, q.block); grows || !known {
			t.Errorf("seed %d: %.1f/s of %.1f/s, blocks of %v: the backlog is said to grow: %+v", seed, rate, q.capacity, q.block, g.Backlog)
		}
		if per := g.ConfirmedPerSecond(q.block); seed%3 > 0 && seed%10 != 1 && (per < rate*0.9 || per > rate*1.1) {
			t.Errorf("seed %d: %.1f/s are confirmed of %.1f/s: %+v", seed, per, rate, g.Backlog)
		}
	}
}

// An overload of a tenth, or of more, is found in three blocks.
func TestGrowingBacklog(t *testing.T) {
	for seed := range uint64(3000) {
		rng := rand.New(rand.NewPCG(seed, 2))
		q, rate := draw(rng, queue{poisson: seed%3 == 0})
		overload := 0.1 + rng.Float64()*rng.Float64()
		if q.poisson {
			overload += 0.25
		}
		q.capacity = rate / (1 + overload)
		g := q.take(rng, rate, 3, rng.Float64())
		if grows, known := g.BacklogGrows(rate, q.block); !grows || !known {
			t.Errorf("seed %d: %.1f/s of %.1f/s, blocks of %v: the backlog is not said to grow: %+v", seed, rate, q.capacity, q.block, g.During(q.block))
		}
		if per := g.ConfirmedPerSecond(q.block); per < q.capacity*0.85 || per > q.capacity*1.1 {
			t.Errorf("seed %d: %.1f/s are confirmed by a node that works off %.1f/s: %+v", seed, per, q.capacity, g.Backlog)
		}
	}
}

// A node that is late all the time does not fall behind: that its first block had
// little time to leave something over is not growth.
func TestLateNodeDoesNotFallBehind(t *testing.T) {
	for begin := 0.0; begin < 1; begin += 0.01 {
		q := queue{block: 10 * time.Second, capacity: 200, lag: 1200 * time.Millisecond}
		g := q.take(rand.New(rand.NewPCG(1, 1)), 100, 3, begin)
		if grows, known := g.BacklogGrows(100, q.block); grows || !known {
			t.Errorf("begun at %v of a block: %+v", begin, g.Backlog)
		}
	}
}

func TestBacklogNeedsTwoBlocks(t *testing.T) {
	g := &Gauge{Phase: Phase{Start: 0, End: 20e9}, Backlog: []Backlog{{Height: 1, Closed: 15e9, Entries: 1000}, {Height: 2, Closed: 25e9, Entries: 3000}}}
	if _, known := g.BacklogGrows(100, 10*time.Second); known || g.ConfirmedPerSecond(10*time.Second) != 0 {
		t.Error("what a block that closed after the phase left over is taken for growth")
	}
	g.Phase.End = 25e9
	if grows, known := g.BacklogGrows(100, 10*time.Second); !grows || !known {
		t.Error("two blocks are not enough")
	}
}
