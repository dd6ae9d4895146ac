package results

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// A sampling is a sampler at work, in virtual time, on entries that a node
// accepts some time after they are submitted.
type sampling struct {
	*bench
	*Sampler
	node  *fakeNode
	start time.Time
	stop  context.CancelFunc
	ended chan struct{}
	next  uint64
	since sync.Map // by entry, when it was submitted
}

// sample starts a sampler. The caller must be in a bubble, and end the sampling.
func sample(t *testing.T, acceptance time.Duration) *sampling {
	s := &sampling{bench: newBench(t), node: newFakeNode(100), start: time.Now(), ended: make(chan struct{})}
	s.node.ack = func(h factomd.Hash) factomd.Ack {
		since, _ := s.since.Load(h)
		if time.Since(since.(time.Time)) < acceptance {
			return factomd.Ack{Commit: factomd.StatusACK, Entry: factomd.StatusNotConfirmed}
		}
		return factomd.Ack{Commit: factomd.StatusACK, Entry: factomd.StatusACK}
	}
	s.Sampler = NewSampler(s.Collector, []Node{s.node}, s.start)
	s.Collector.Offer(s.Sampler.Offer)
	ctx, cancel := context.WithCancel(t.Context())
	s.stop = cancel
	go func() { defer close(s.ended); s.Run(ctx) }()
	synctest.Wait()
	return s
}

// send submits one entry now.
func (s *sampling) send() {
	now := int64(time.Since(s.start))
	s.since.Store(entryHash(s.next), time.Now())
	s.plan(s.next, 1, KindEntry, now)
	s.submit(s.next, now, nil)
	s.next++
}

// load submits entries at a rate.
func (s *sampling) load(perSecond int, length time.Duration) {
	n := int(length.Seconds() * float64(perSecond))
	for range n {
		s.send()
		time.Sleep(length / time.Duration(n))
	}
}

func (s *sampling) end() map[uint64]Entry {
	s.stop()
	<-s.ended
	return s.finish()
}

// A sample is followed within a budget: 5 % of the submits, or 2 requests a
// second if that is more.
func TestSamplerBudget(t *testing.T) {
	for _, perSecond := range []int{0, 1, 10, 40, 100, 1000} {
		if testing.Short() && perSecond > 100 {
			continue
		}
		for _, acceptance := range []time.Duration{100 * time.Millisecond, 5 * time.Second, time.Hour} {
			t.Run(fmt.Sprintf("%d a second, accepted after %v", perSecond, acceptance), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := sample(t, acceptance)
					length := 10 * time.Minute
					if perSecond >= 100 {
						length = time.Minute // there are enough entries in it
					}
					if perSecond == 0 {
						time.Sleep(length)
					} else {
						s.load(perSecond, length)
					}
					requests := float64(len(s.node.called()))
					sent := s.next
					entries := s.end()
					budget := math.Max(0.05*float64(sent), 2*length.Seconds()) + 1
					if requests > budget {
						t.Errorf("%g requests, and the budget is %g", requests, budget)
					}
					seen := 0
					for _, e := range entries {
						if e.Accepted != Never {
							seen++
						}
					}
					t.Logf("%d entries, %g requests, %d seen accepted, resolution %v", sent, requests, seen, s.Resolution())
					if acceptance == time.Hour {
						return
					}
					if want := math.Max(length.Seconds()/4, float64(sent)/160) / 3; perSecond > 0 && float64(seen) < want {
						t.Errorf("%d of %d entries were seen accepted", seen, sent)
					}
				})
			})
		}
	}
}

// An acceptance is never seen before it happened, nor later than the resolution
// says.
func TestSamplerResolution(t *testing.T) {
	for _, perSecond := range []int{1, 10, 300} {
		for _, delay := range []time.Duration{0, 30 * time.Millisecond, 3 * time.Second} {
			synctest.Test(t, func(t *testing.T) {
				const acceptance = 700 * time.Millisecond
				s := sample(t, acceptance)
				s.node.setDelay(delay)
				s.load(perSecond, time.Minute)
				time.Sleep(20 * time.Second)
				r, latest, seen := s.Resolution(), time.Duration(0), 0
				for _, e := range s.end() {
					if e.Accepted == Never {
						continue
					}
					seen++
					late := time.Duration(e.Accepted-e.Sent) - acceptance
					latest = max(latest, late)
					if late < 0 {
						t.Fatalf("entry %d was seen accepted %v early", e.Index, -late)
					}
				}
				if seen == 0 || latest > r || r == 0 {
					t.Errorf("%d a second, answers after %v: %d entries, seen up to %v late, resolution is %v", perSecond, delay, seen, latest, r)
				}
			})
		}
	}
}

// An entry that is alone is asked for at once, and then twice a second.
func TestSamplerOfOneEntry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const acceptance = 1700 * time.Millisecond
		s := sample(t, acceptance)
		time.Sleep(5 * time.Second)
		s.send() // the first is always in the sample
		time.Sleep(time.Second)
		if n := len(s.node.called()); n > 4 {
			t.Errorf("%d requests in a second after a quiet time", n)
		}
		time.Sleep(10 * time.Second)
		e := s.end()[0]
		if late := time.Duration(e.Accepted-e.Sent) - acceptance; e.Accepted == Never || late < 0 || late > s.Resolution() {
			t.Errorf("seen accepted %v late", late)
		}
		if r := s.Resolution(); r > 600*time.Millisecond {
			t.Errorf("resolution is %v", r)
		}
	})
}

// Every entry has the same chance, be the node quick to answer or not, and
// whatever became of those before it: those that a stall kept back, and which
// are then all answered at once, are in the sample like the others.
func TestSamplerIsUniform(t *testing.T) {
	const perSecond, stalled = 200, 3 * time.Second
	var slow, all, sampledSlow, sampledAll float64
	for range 20 {
		synctest.Test(t, func(t *testing.T) {
			s := sample(t, 5*time.Second)
			s.node.setDelay(time.Second)
			s.load(perSecond, 10*time.Second) // until the rate is known
			began := s.next
			for range 5 {
				s.load(perSecond, 7*time.Second)
				time.Sleep(stalled)
				for range int(stalled.Seconds() * perSecond) {
					s.send()
					slow++
				}
			}
			for i := began; i < s.next; i++ {
				l := s.lives[s.refs[i]]
				all++
				burst := (i-began)%(10*perSecond) >= 7*perSecond
				if l.followed {
					sampledAll++
					if burst {
						sampledSlow++
					}
				}
			}
			s.end()
		})
	}
	t.Logf("%g of %g entries are in the sample, %g of the %g that were kept back", sampledAll, all, sampledSlow, slow)
	if share, want := sampledSlow/sampledAll, slow/all; math.Abs(share-want) > 0.08 { // 5 standard deviations
		t.Errorf("%.3f of the sample were kept back by a stall, of all entries %.3f", share, want)
	}
	if rate, want := sampledAll/all, sampleShare/sampleAsks; rate < 0.8*want || rate > 1.25*want {
		t.Errorf("one in %.0f entries is in the sample", 1/rate)
	}
}

// The first burst, when the rate is not known yet, does not fill the sample with
// more than can be asked for.
func TestSamplerOfTheFirstBurst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sample(t, time.Second)
		time.Sleep(time.Hour)
		for range 1000 {
			s.send()
		}
		followed := 0
		for i := range s.lives {
			if s.lives[i].followed {
				followed++
			}
		}
		if most := int(sampleMemory * sampleFloor / sampleAsks); followed < 1 || followed > most {
			t.Errorf("%d are followed", followed)
		}
		s.end()
	})
}

// A node that does not answer at all costs nothing but time, and once it does
// the entries are seen.
func TestSamplerOfANodeThatFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sample(t, time.Second)
		var down atomic.Bool
		down.Store(true)
		s.node.setFail(func(string) error {
			if down.Load() {
				return errDown
			}
			return nil
		})
		s.load(5, 20*time.Second)
		if n := s.Counts().Accepted; n != 0 {
			t.Fatalf("%d were seen accepted", n)
		}
		down.Store(false)
		time.Sleep(time.Minute)
		seen := 0
		for _, e := range s.end() {
			if e.Accepted != Never {
				seen++
			}
		}
		if seen == 0 || s.Resolution() < 5*time.Second {
			t.Errorf("%d were seen accepted, with a resolution of %v", seen, s.Resolution())
		}
	})
}

// What is never accepted is not asked for without end.
func TestSamplerGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sample(t, 1000*time.Hour)
		s.load(10, 10*time.Second)
		time.Sleep(sampleGiveUp)
		time.Sleep(time.Minute)
		s.node.called()
		time.Sleep(time.Minute)
		if n := len(s.node.called()); n != 0 {
			t.Errorf("%d requests for entries of long ago", n)
		}
		s.end()
	})
}

// A block that comes before the call is the first sight of the acceptance.
func TestSamplerSeesTheBlock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := sample(t, time.Hour)
		s.send() // the first is always in the sample
		time.Sleep(5 * time.Second)
		s.block(101, int64(5*time.Second), entryHash(0))
		time.Sleep(time.Second)
		if e := s.end()[0]; e.Accepted != int64(5*time.Second) || e.Confirmed != e.Accepted {
			t.Errorf("entry is %+v", e)
		}
	})
}
