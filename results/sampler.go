package results

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// The budget of the acceptance sample (design: "Confirmation at O(blocks)"): an
// `ack` call scans everything pending on the node, so they are few.
const (
	sampleFloor  = 2.0  // requests a second, at least
	sampleShare  = 0.05 // of the submits, if that is more
	sampleAsks   = 8    // requests that an entry of the sample is planned to take
	sampleMost   = 200  // entries followed at one time
	sampleGiveUp = 10 * time.Minute
)

// A Sampler finds out when entries are accepted, on nodes without a live feed:
// it follows a random sample of the submitted entries by `ack` calls. Entries
// are admitted to the sample by the clock, not by when others leave it, so that
// a slow node does not thin out the sample just when it matters.
type Sampler struct {
	node      Node
	collector *Collector
	start     time.Time

	submits    atomic.Int64
	resolution atomic.Int64

	mu       sync.Mutex
	offered  int // since the last admission
	pick     factomd.Hash
	priority []factomd.Hash // to follow whatever the budget's choice
}

type sampled struct {
	hash  factomd.Hash
	since time.Time // when it was admitted
	asked time.Time // when the last call that did not see it was sent
}

// NewSampler returns a sampler that tells c. start is the run's start.
func NewSampler(c *Collector, node Node, start time.Time) *Sampler {
	return &Sampler{node: node, collector: c, start: start}
}

// Offer tells of an entry that was submitted. One of those offered between two
// admissions is chosen at random, each with the same chance.
func (s *Sampler) Offer(entry factomd.Hash) {
	s.submits.Add(1)
	s.mu.Lock()
	s.offered++
	if rand.IntN(s.offered) == 0 {
		s.pick = entry
	}
	s.mu.Unlock()
}

// Follow has an entry followed whatever the sample.
func (s *Sampler) Follow(entry factomd.Hash) {
	s.mu.Lock()
	s.priority = append(s.priority, entry)
	s.mu.Unlock()
}

// Resolution is how late an acceptance can at most have been seen: the longest
// time from a call that did not see it to the answer of the one that did.
func (s *Sampler) Resolution() time.Duration { return time.Duration(s.resolution.Load()) }

// Run samples until ctx ends.
func (s *Sampler) Run(ctx context.Context) {
	const tick = 50 * time.Millisecond
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	var (
		following []sampled
		next      int     // of following, to ask
		asks      float64 // calls that the budget allows now
		admits    float64 // entries that the budget allows now
		submits   int64
		rate      float64 // submits a second, smoothed
	)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		n := s.submits.Load()
		rate += (float64(n-submits)/tick.Seconds() - rate) * 0.05
		submits = n
		budget := max(sampleFloor, sampleShare*rate)
		asks = min(asks+budget*tick.Seconds(), max(1, budget))
		admits = min(admits+budget/sampleAsks*tick.Seconds(), 1)

		var forced bool
		if following, forced = s.admit(following, admits >= 1); forced || admits >= 1 {
			admits = 0
		}
		for asks >= 1 && len(following) > 0 && ctx.Err() == nil {
			asks--
			if next >= len(following) {
				next = 0
			}
			if s.ask(ctx, &following[next]) {
				following[next] = following[len(following)-1]
				following = following[:len(following)-1]
			} else {
				next++
			}
		}
	}
}

// admit adds to those that are followed: the entries that must be, and if due
// the one that was picked.
func (s *Sampler) admit(following []sampled, due bool) (_ []sampled, forced bool) {
	s.mu.Lock()
	forced = len(s.priority) > 0
	admitted := s.priority
	s.priority = nil
	if due && s.offered > 0 && len(following) < sampleMost {
		admitted = append(admitted, s.pick)
		s.offered = 0
	}
	s.mu.Unlock()

	now := time.Now()
	for _, h := range admitted {
		s.collector.Follow(h)
		following = append(following, sampled{hash: h, since: now})
	}
	return following, forced
}

// ask makes one call and reports whether the entry needs no more.
func (s *Sampler) ask(ctx context.Context, e *sampled) (done bool) {
	sent := time.Now()
	ack, err := s.node.Ack(ctx, e.hash)
	answered := time.Now()
	if err != nil {
		return answered.Sub(e.since) > sampleGiveUp
	}
	if !ack.Entry.Accepted() {
		e.asked = sent
		return answered.Sub(e.since) > sampleGiveUp
	}
	before := e.asked
	if before.IsZero() {
		before = e.since
	}
	s.resolution.Store(max(s.resolution.Load(), int64(answered.Sub(before))))
	s.collector.Accept(e.hash, int64(answered.Sub(s.start)))
	return true
}
