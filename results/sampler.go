package results

import (
	"context"
	"math"
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
	sampleAsks   = 4.0  // requests that an entry of the sample is planned to take
	sampleMost   = 4096 // entries followed at one time
	sampleGiveUp = 10 * time.Minute

	// sampleMemory is the time in seconds over which the rate of the submits is
	// smoothed, and for which room for admissions is kept: what a stalled node
	// answers in one burst is then sampled like the rest.
	sampleMemory = 10.0
)

// A Sampler finds out when entries are accepted, on nodes without a live feed:
// it follows a random sample of the submitted entries by `ack` calls. An entry
// is in the sample from its submission on or not at all, with a chance that
// depends on the rate of the submits alone: not on when others leave the sample,
// so that a slow node does not thin it out just when it matters.
type Sampler struct {
	nodes     []Node // the first is asked until it fails, then the next
	current   int    // of nodes
	collector *Collector
	start     time.Time

	resolution atomic.Int64

	mu       sync.Mutex // taken with the collector's held, never the other way
	rate     float64    // submits a second, at the last
	at       time.Time  // when the last entry was offered
	room     float64    // entries that may be admitted now: it binds while the rate is not known
	admitted []sampled  // not taken over by Run yet
}

type sampled struct {
	hash  factomd.Hash
	since time.Time // when it was submitted
	asked time.Time // when the last call that did not see it was sent
}

// NewSampler returns a sampler that tells c. The first node is asked until it
// fails, then the next one. start is the run's start.
func NewSampler(c *Collector, nodes []Node, start time.Time) *Sampler {
	return &Sampler{nodes: nodes, collector: c, start: start}
}

// Offer tells of an entry that was submitted, and reports whether the sampler
// follows it.
func (s *Sampler) Offer(entry factomd.Hash) bool {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	elapsed := now.Sub(s.at).Seconds()
	s.rate, s.at = s.rateAt(now)+1/sampleMemory, now
	admissions := sampleBudget(s.rate) / sampleAsks // a second
	s.room = min(s.room+2*admissions*elapsed, admissions*sampleMemory)
	if s.room < 1 || len(s.admitted) >= sampleMost || rand.Float64()*s.rate >= admissions {
		return false
	}
	s.room--
	s.admitted = append(s.admitted, sampled{hash: entry, since: now})
	return true
}

// rateAt returns the submits a second, smoothed over sampleMemory.
func (s *Sampler) rateAt(now time.Time) float64 {
	return s.rate * math.Exp(-now.Sub(s.at).Seconds()/sampleMemory)
}

// sampleBudget returns the requests a second that a rate of submits allows.
func sampleBudget(rate float64) float64 { return max(sampleFloor, sampleShare*rate) }

// Resolution is how late an acceptance can at most have been seen: the longest
// time from the submission, or from a later call that did not see it, to the
// answer of the one that did.
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
		last      = time.Now()
	)
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		now := time.Now()
		budget := s.takeOver(&following, now)
		asks = min(asks+budget*now.Sub(last).Seconds(), budget)
		last = now

		for n := len(following); n > 0 && asks >= 1 && ctx.Err() == nil; n-- {
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

// takeOver moves the entries that were admitted to those that are followed, and
// returns the requests a second that may be made now.
func (s *Sampler) takeOver(following *[]sampled, now time.Time) (budget float64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := min(len(s.admitted), sampleMost-len(*following))
	*following = append(*following, s.admitted[:n]...)
	s.admitted = append(s.admitted[:0], s.admitted[n:]...)
	return sampleBudget(s.rateAt(now))
}

// ask makes one call and reports whether the entry needs no more.
func (s *Sampler) ask(ctx context.Context, e *sampled) (done bool) {
	sent := time.Now()
	ack, err := s.nodes[s.current].Ack(ctx, e.hash)
	answered := time.Now()
	if err != nil {
		s.current = (s.current + 1) % len(s.nodes)
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
