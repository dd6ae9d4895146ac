package results

import (
	"math/rand/v2"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// A drawing is a random sample of the own entries that a block confirms, in which
// each is with the same chance. It takes one random number an entry, and as much
// memory as is drawn. The nil drawing draws nothing.
type drawing struct {
	most  int
	rng   *rand.Rand
	seen  int
	drawn []drawn
}

// A drawn entry and where it was found: at a place of [Sighting.Entries], or, with a
// place below 0, as the first one of a chain.
type drawn struct {
	hash  factomd.Hash
	chain factomd.Hash
	place int
}

// DrawOwn has every Block draw some of the own entries that it confirms, by a seed.
// Call DrawOwn before the first block.
func (c *Collector) DrawOwn(most int, seed uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.drawing = &drawing{most: most, rng: rand.New(rand.NewPCG(seed, 'd'))}
}

// drawnOwn returns what the newest Block drew, in random order.
func (c *Collector) drawnOwn() []drawn {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.drawing.take()
}

func (d *drawing) begin() {
	if d != nil {
		d.seen, d.drawn = 0, nil
	}
}

// offer offers the next entry of the block.
func (d *drawing) offer(e drawn) {
	if d == nil {
		return
	}
	d.seen++
	if len(d.drawn) < d.most {
		d.drawn = append(d.drawn, e)
	} else if i := d.rng.IntN(d.seen); i < d.most {
		d.drawn[i] = e
	}
}

func (d *drawing) take() []drawn {
	if d == nil {
		return nil
	}
	// The first of a block stay in their places, so that the order tells of it.
	d.rng.Shuffle(len(d.drawn), func(i, j int) { d.drawn[i], d.drawn[j] = d.drawn[j], d.drawn[i] })
	return d.drawn
}
