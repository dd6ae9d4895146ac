package generator

import (
	"cmp"
	"context"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// A Request is a call that is not about an entry, ready to be made.
type Request struct {
	Name string // what reports count it under
	// Make makes the call and says how it went.
	Make func(ctx context.Context) Answer
}

// An Answer is how a call went.
type Answer struct {
	Outcome results.CallOutcome
	Err     error // what was wrong, or what the answer was where that is not all the same

	// Sent and Ended are when the call proper was made, and Prepared how long it
	// took to prepare it, by which its planned instant moves. Left out, the call
	// is all that Make does.
	Sent, Ended time.Time
	Prepared    time.Duration
}

// A Draw is what the seed says of one call.
type Draw struct {
	N        uint64 // its number, from 0
	Item     int    // of the mix
	Endpoint int

	random stream
}

// Below draws a number in [0, n), n above 0, for whatever is left to choose.
// Each call of it is another draw.
func (d *Draw) Below(n int) int { return int(d.random.below(uint64(n))) }

// CallerOptions configures a [Caller].
type CallerOptions struct {
	Kind      results.CallKind
	Rate      float64 // calls a second, above 0
	Arrival   scenarios.Arrival
	Length    time.Duration // from the first call on; 0 is until stop
	InFlight  int           // most calls that are made and not over, 1 or more
	Seed      uint64
	Mix       []int // weights of what is called
	Endpoints []int // weights of the endpoints
	// Request makes a draw into a request. It is asked for one call at a time, in
	// the order of their numbers, at the instant at which the call can go out.
	Request func(Draw) Request
	// Called is told of every call that was due.
	Called func(results.Call)
	Start  time.Time // the run's start, from which instants are counted
	// Sleep is as in [Options].
	Sleep func(ctx context.Context, until time.Time) bool
}

// A Caller makes calls beside the entries at a rate of its own, an open loop
// too: their instants are fixed before the start. A call that finds no room in
// flight waits, and counts from its planned instant all the same.
type Caller struct {
	opts      CallerOptions
	mix       []float64 // cumulative, the last is 1
	endpoints []float64 // likewise
	draws     source
	room      chan struct{} // a place in flight each
	requests  atomic.Uint64
}

// forever is longer than any load: how long one lasts may not be known ahead.
const forever = 365 * 24 * time.Hour

// NewCaller returns a caller. It makes no calls yet.
func NewCaller(o CallerOptions) *Caller {
	weights := func(w []int) []float64 {
		return cumulative(len(w), func(i int) float64 { return float64(w[i]) })
	}
	return &Caller{
		opts: o, mix: weights(o.Mix), endpoints: weights(o.Endpoints),
		draws: newSource(o.Kind.String()+"/draws", strconv.FormatUint(o.Seed, 10)),
		room:  make(chan struct{}, o.InFlight),
	}
}

// Requests returns how many calls were made.
func (c *Caller) Requests() uint64 { return c.requests.Load() }

// Run makes calls until stop is done or their length is over, from the instant on
// at which a load begins that is started at the same time. It returns when all of
// them are over; when abort is done those under way are given up. Calls that were
// due before stop go out even so; those that find no room are on record as failed.
func (c *Caller) Run(stop, abort context.Context) {
	sleep, awake := sleeper(c.opts.Sleep)
	defer awake()
	var calls sync.WaitGroup
	defer calls.Wait()

	begin, instants := time.Now().Add(lead), c.arrivals()
	var stopped time.Time
	for n := uint64(0); ; n++ {
		at, more := instants.next()
		due := begin.Add(at)
		if !more || !stopped.IsZero() && due.After(stopped) {
			return
		}
		if stopped.IsZero() && !sleep(stop, due) {
			if stopped = time.Now(); due.After(stopped) {
				return
			}
		}
		room := c.await(stop)
		if !room && stopped.IsZero() {
			stopped = time.Now()
		}
		d := c.draw(n)
		request := c.opts.Request(d)
		if room {
			calls.Go(func() { c.call(abort, request, d.Endpoint, due) })
			continue
		}
		c.opts.Called(results.Call{
			Kind: c.opts.Kind, Name: request.Name, Endpoint: d.Endpoint, Planned: c.since(due),
			Sent: results.Never, Ended: results.Never,
			Outcome: results.CallFailed, Err: &results.Error{Message: "not sent: there was no room in flight until the load ended"},
		})
	}
}

// arrivals yields the instants of the calls.
func (c *Caller) arrivals() *arrivals {
	var gaps *stream
	if c.opts.Arrival == scenarios.Poisson {
		gaps = new(stream)
		gaps.at(newSource(c.opts.Kind.String()+"/arrivals", strconv.FormatUint(c.opts.Seed, 10)), 0)
	}
	return newArrivals(scenarios.Phase{For: cmp.Or(c.opts.Length, forever), From: c.opts.Rate, To: c.opts.Rate}, gaps)
}

// await takes a place in flight, and waits for one until stop is done. It
// returns false if there is none.
func (c *Caller) await(stop context.Context) bool {
	select {
	case c.room <- struct{}{}:
		return true
	default:
	}
	select {
	case c.room <- struct{}{}:
		return true
	case <-stop.Done():
		return false
	}
}

// draw draws call number n. The order of the draws is part of what a seed means.
func (c *Caller) draw(n uint64) Draw {
	d := Draw{N: n}
	d.random.at(c.draws, n)
	d.Item, d.Endpoint = pick(c.mix, d.random.float()), pick(c.endpoints, d.random.float())
	return d
}

// plan yields what a caller with a length draws, call by call.
func (c *Caller) plan(yield func(Draw)) {
	instants := c.arrivals()
	for n := uint64(0); ; n++ {
		if _, more := instants.next(); !more {
			return
		}
		yield(c.draw(n))
	}
}

// call makes a call and tells of it.
func (c *Caller) call(ctx context.Context, r Request, endpoint int, due time.Time) {
	c.requests.Add(1)
	began := time.Now()
	a := r.Make(ctx)
	if a.Sent.IsZero() {
		a.Sent, a.Ended = began, time.Now()
	}
	c.opts.Called(results.Call{
		Kind: c.opts.Kind, Name: r.Name, Endpoint: endpoint, Planned: c.since(due.Add(a.Prepared)),
		Sent: c.since(a.Sent), Ended: c.since(a.Ended),
		Outcome: a.Outcome, Err: results.NewError(a.Err),
	})
	<-c.room
}

func (c *Caller) since(t time.Time) int64 { return int64(t.Sub(c.opts.Start)) }
