package generator

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// A switchboard is what calls in virtual time are made of.
type switchboard struct {
	mu    sync.Mutex
	calls []results.Call
	draws []Draw
	most  int // calls at one time

	now      int
	duration func(n uint64) time.Duration // of a call; 10 ms if nil
}

// caller returns a caller of 20 calls a second that tells the switchboard.
func (s *switchboard) caller(change func(*CallerOptions)) *Caller {
	o := CallerOptions{
		Rate: 20, InFlight: 4, Seed: 1, Mix: []int{3, 1}, Endpoints: []int{1, 1},
		Start: time.Now(), Sleep: sleepRoughly,
		Request: func(d Draw) Request {
			s.draws = append(s.draws, d)
			return Request{
				Name: []string{"often", "seldom"}[d.Item],
				Make: func(ctx context.Context) Answer { return s.make(ctx, d.N) },
			}
		},
		Called: func(c results.Call) {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.calls = append(s.calls, c)
		},
	}
	if change != nil {
		change(&o)
	}
	return NewCaller(o)
}

func (s *switchboard) make(ctx context.Context, n uint64) Answer {
	s.count(1)
	defer s.count(-1)
	d := 10 * time.Millisecond
	if s.duration != nil {
		d = s.duration(n)
	}
	select {
	case <-time.After(d):
		return Answer{}
	case <-ctx.Done():
		return Answer{Outcome: results.CallFailed, Err: ctx.Err()}
	}
}

func (s *switchboard) count(by int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now += by
	s.most = max(s.most, s.now)
}

// planned returns the calls in the order of their instants.
func (s *switchboard) planned() []results.Call {
	slices.SortStableFunc(s.calls, func(a, b results.Call) int { return int(a.Planned - b.Planned) })
	return s.calls
}

// runFor runs a caller until an instant after the start of its load.
func runFor(c *Caller, length time.Duration) {
	stop, cancel := context.WithTimeout(context.Background(), lead+length)
	defer cancel()
	c.Run(stop, context.Background())
}

// A caller makes its calls at their instants, however long the load will be.
func TestCaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s switchboard
		c := s.caller(nil)
		runFor(c, 1990*time.Millisecond)
		if len(s.calls) != 40 || c.Requests() != 40 || s.now != 0 {
			t.Fatalf("%d calls are on record, %d were made, %d are under way", len(s.calls), c.Requests(), s.now)
		}
		names := map[string]int{}
		endpoints := map[int]int{}
		for i, got := range s.planned() {
			at := int64(lead + time.Duration(i)*50*time.Millisecond)
			want := results.Call{
				Name: got.Name, Endpoint: got.Endpoint, Planned: at, Sent: at, Ended: at + int64(10*time.Millisecond),
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("call %d (-want +got):\n%s", i, diff)
			}
			names[got.Name]++
			endpoints[got.Endpoint]++
		}
		if names["often"] <= names["seldom"] || names["seldom"] == 0 || endpoints[0] == 0 || endpoints[1] == 0 {
			t.Errorf("calls by name are %v, by endpoint %v", names, endpoints)
		}
	})
}

// What is called, of whom and when follows from the seed. Poisson arrivals keep
// the rate.
func TestCallerSeed(t *testing.T) {
	run := func(t *testing.T, seed uint64, arrival scenarios.Arrival) (calls []results.Call, below []int) {
		synctest.Test(t, func(t *testing.T) {
			s := switchboard{duration: func(uint64) time.Duration { return 0 }}
			runFor(s.caller(func(o *CallerOptions) { o.Seed, o.Arrival = seed, arrival }), time.Minute-time.Millisecond)
			calls = s.planned()
			for _, d := range s.draws {
				below = append(below, d.Below(1000))
			}
		})
		return calls, below
	}
	calls, below := run(t, 1, scenarios.Poisson)
	if n := len(calls); n < 1100 || n > 1300 { // 1200 and three deviations
		t.Errorf("%d calls in a minute at 20/s", n)
	}
	again, belowAgain := run(t, 1, scenarios.Poisson)
	if !cmp.Equal(calls, again) || !slices.Equal(below, belowAgain) {
		t.Error("the same seed makes other calls")
	}
	other, _ := run(t, 2, scenarios.Poisson)
	if cmp.Equal(calls, other) {
		t.Error("another seed makes the same calls")
	}
	even, _ := run(t, 1, scenarios.Constant)
	if len(even) != 1200 {
		t.Errorf("%d evenly spaced calls in a minute at 20/s", len(even))
	}
}

// A node that stands still holds calls back at the limit, and nothing of that
// is hidden: what waited counts from its planned instant.
func TestCallerWaitsForRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s switchboard
		start := time.Now()
		s.duration = func(uint64) time.Duration {
			if thaw := start.Add(lead + time.Second); time.Now().Before(thaw) {
				return time.Until(thaw) // nothing is answered in the first second
			}
			return 0
		}
		runFor(s.caller(nil), 2*time.Second-time.Millisecond)
		if s.most != 4 {
			t.Errorf("%d calls at one time, at a limit of 4", s.most)
		}
		calls := s.planned()
		if len(calls) != 40 {
			t.Fatalf("%d calls are on record", len(calls))
		}
		thaw := int64(lead + time.Second)
		for i, c := range calls {
			sent := c.Planned
			if i >= 4 && i < 20 {
				sent = thaw
			}
			if c.Planned != int64(lead)+int64(i)*50e6 || c.Sent != sent || c.Ended != max(sent, thaw) {
				t.Errorf("call %d is %+v", i, c)
			}
		}
	})
}

// Calls that were due and found no room until the load ended are on record.
func TestCallerStopsWithoutRoom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := switchboard{duration: func(uint64) time.Duration { return time.Hour }}
		c := s.caller(nil)
		stop, cancel := context.WithTimeout(context.Background(), lead+975*time.Millisecond)
		defer cancel()
		abort, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		c.Run(stop, abort)
		if len(s.calls) != 20 || c.Requests() != 4 {
			t.Fatalf("%d calls are on record, %d were made", len(s.calls), c.Requests())
		}
		for i, c := range s.planned() {
			want := results.Call{
				Name: c.Name, Endpoint: c.Endpoint, Planned: int64(lead) + int64(i)*50e6,
				Sent: results.Never, Ended: results.Never, Outcome: results.CallFailed,
				Err: &results.Error{Message: "not sent: there was no room in flight until the load ended"},
			}
			if i < 4 { // given up
				want.Sent, want.Ended, want.Err.Message = c.Planned, int64(2*time.Second), "timeout"
			}
			if diff := cmp.Diff(want, c); diff != "" {
				t.Errorf("call %d (-want +got):\n%s", i, diff)
			}
		}
	})
}

// A call that was due when the load ended goes out, even if the caller hears of
// the end first: a busy machine must not make it fail.
func TestCallerHearsOfTheEndFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s switchboard
		stop, cancel := context.WithCancel(context.Background())
		c := s.caller(func(o *CallerOptions) {
			o.Sleep = func(ctx context.Context, until time.Time) bool {
				time.Sleep(time.Until(until) + 120*time.Millisecond) // two more are due meanwhile
				cancel()
				return ctx.Err() == nil
			}
		})
		c.Run(stop, context.Background())
		if len(s.calls) != 3 || c.Requests() != 3 {
			t.Fatalf("%d calls are on record, %d were made", len(s.calls), c.Requests())
		}
		for i, c := range s.planned() {
			if c.Outcome != results.CallRight || c.Sent != int64(lead+120*time.Millisecond) || c.Planned != int64(lead)+int64(i)*50e6 {
				t.Errorf("call %d is %+v", i, c)
			}
		}
	})
}

// A load that is stopped before it begins makes no calls.
func TestCallerStoppedAtOnce(t *testing.T) {
	var s switchboard
	stop, cancel := context.WithCancel(context.Background())
	cancel()
	s.caller(func(o *CallerOptions) { o.Sleep = nil }).Run(stop, context.Background())
	if len(s.calls) != 0 {
		t.Errorf("%d calls were due", len(s.calls))
	}
}

// What went wrong is on record as the client's errors are.
func TestCallerKeepsErrors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s switchboard
		c := s.caller(func(o *CallerOptions) {
			o.Kind = results.Hostile
			o.Request = func(Draw) Request {
				return Request{Name: "huge-body", Make: func(context.Context) Answer {
					return Answer{Outcome: results.CallWrong, Err: &factomd.Failure{Rejected: true, Code: -32603, Message: "Internal error"}}
				}}
			}
		})
		runFor(c, 10*time.Millisecond)
		want := []results.Call{{
			Kind: results.Hostile, Name: "huge-body", Endpoint: s.calls[0].Endpoint,
			Planned: int64(lead), Sent: int64(lead), Ended: int64(lead),
			Outcome: results.CallWrong, Err: &results.Error{Rejected: true, Code: -32603, Message: "Internal error"},
		}}
		if diff := cmp.Diff(want, s.calls); diff != "" {
			t.Error(diff)
		}
	})
}

// A call that is prepared has its planned instant moved by that, and no more:
// what held it back before counts.
func TestCallerMovesWhatIsPrepared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var s switchboard
		start := time.Now()
		c := s.caller(func(o *CallerOptions) {
			o.InFlight, o.Length = 1, 100*time.Millisecond // 2 calls
			o.Request = func(Draw) Request {
				return Request{Make: func(context.Context) Answer {
					began := time.Now()
					time.Sleep(200 * time.Millisecond)
					a := Answer{Sent: time.Now(), Prepared: time.Since(began)}
					time.Sleep(3 * time.Millisecond)
					a.Ended = time.Now()
					time.Sleep(30 * time.Millisecond)
					return a
				}}
			}
		})
		c.Run(context.Background(), context.Background())
		ms := func(n int64) int64 { return int64(lead) + n*int64(time.Millisecond) }
		// The second was due at 50 ms, and went out when the first was over.
		want := []results.Call{
			{Endpoint: s.calls[0].Endpoint, Planned: ms(200), Sent: ms(200), Ended: ms(203)},
			{Endpoint: s.calls[1].Endpoint, Planned: ms(250), Sent: ms(433), Ended: ms(436)},
		}
		if diff := cmp.Diff(want, s.calls); diff != "" || time.Since(start) != lead+466*time.Millisecond {
			t.Errorf("after %s: %s", time.Since(start), diff)
		}
	})
}
