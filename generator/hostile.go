package generator

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// A hostileCall is what one hostile call sends: steps, one after the other. One
// of them is the call proper, which is timed; the others prepare it, or would
// bring about what the node must prevent. All answers are judged.
type hostileCall struct {
	steps  []hostileStep
	proper int // of the steps

	entry   factomd.Hash // that the steps are about, or zero
	allowed bool         // it may be in a block, once; else it must be in none
}

// A hostileStep is one request and what a node must answer.
type hostileStep struct {
	body  []byte
	entry factomd.Hash // that a success repeats
	code  int          // of the JSON-RPC error that it must be refused with, or 0 for a success
	after processed    // what it waits for
}

// processed is what a node may have to do before a step goes out. It gets
// settleTime for it: what repeats something too early is taken, and dropped
// later.
type processed int

const (
	atOnce processed = iota // nothing
	commitProcessed
	revealProcessed
)

// The JSON-RPC errors of factomd wsapi/errors.go.
const (
	codeUnknownMethod  = -32601
	codeInvalidParams  = -32602
	codeRepeatedCommit = -32011
)

const (
	// hostileSize is the payload of entries that are not about sizes, in bytes.
	hostileSize = 128
	// underpaidSize is the payload of an entry that takes 2 credits and gets 1.
	underpaidSize = 2048
	// wrongHour is how far a commit's time is off: clearly more than the hour
	// that a node allows, to the minute (factom-protocol.md, section 2).
	wrongHour = 90 * time.Minute
	// hugeBody is about the length of the largest request, in bytes.
	hugeBody = 5 << 20
)

// A HostileTracker is told of hostile calls and of what they must not bring
// about; [results.Collector] has it.
type HostileTracker interface {
	Called(results.Call)
	Forbid(entry factomd.Hash, name string)
	Allow(entry factomd.Hash, name string)
}

// A HostileNode is an endpoint as hostile calls see it; [factomd.Client] is one.
type HostileNode interface {
	Submit(ctx context.Context, body []byte, want factomd.Hash) (sent, answered time.Time, err error)
	// Ack tells how far an entry has come.
	Ack(ctx context.Context, entry factomd.Hash) (factomd.Ack, error)
}

// Hostile returns the caller of the scenario's hostile calls, of which it must
// have some, for the load after the setup. The nodes are the endpoints, in their
// order.
func (g *Generator) Hostile(nodes []HostileNode, t HostileTracker) *Caller {
	weights := make([]int, len(g.opts.Endpoints))
	for i, e := range g.opts.Endpoints {
		weights[i] = e.Weight
	}
	composer := newHostileComposer(g.composer, g.opts.Scenario.Seed, g.opts.ID)
	o := hostileOptions(g.opts.Scenario, weights)
	o.Start, o.Sleep, o.Called = g.opts.Start, g.opts.Sleep, t.Called
	o.Request = func(d Draw) Request {
		kind := g.opts.Scenario.Hostile.Mix[d.Item].Kind
		return Request{Name: string(kind), Make: func(ctx context.Context) Answer {
			call := composer.compose(kind, d.N, time.Now().UnixMilli())
			g.hostile[d.N%uint64(len(g.hostile))].Add(int64(kind.Charged()))
			switch {
			case call.entry.IsZero():
			case call.allowed:
				t.Allow(call.entry, string(kind))
			default:
				t.Forbid(call.entry, string(kind))
			}
			return call.make(ctx, nodes[d.Endpoint])
		}}
	}
	return NewCaller(o)
}

// hostileOptions are those that a scenario says.
func hostileOptions(s *scenarios.Scenario, endpoints []int) CallerOptions {
	o := CallerOptions{
		Kind: results.Hostile, Rate: s.Hostile.Rate, Arrival: s.Hostile.Arrival, InFlight: s.Hostile.InFlight,
		Seed: s.Seed, Endpoints: endpoints,
	}
	for _, p := range s.Load.Phases {
		o.Length += p.For
	}
	for _, i := range s.Hostile.Mix {
		o.Mix = append(o.Mix, i.Weight)
	}
	return o
}

// A HostilePlan is what a scenario's hostile calls come to.
type HostilePlan struct {
	Calls   uint64
	Credits int64   // entry credits that they cost at most, whatever the node does
	Shares  []int64 // of the credits, by key
}

func newHostilePlan(s *scenarios.Scenario) (p HostilePlan) {
	p.Shares = make([]int64, len(s.Credits.Keys))
	if s.Hostile == nil {
		return p
	}
	NewCaller(hostileOptions(s, []int{1})).plan(func(d Draw) {
		credits := int64(s.Hostile.Mix[d.Item].Kind.MostCharged())
		p.Calls++
		p.Credits += credits
		p.Shares[d.N%uint64(len(p.Shares))] += credits
	})
	return p
}

// A hostileComposer makes the requests of hostile calls.
type hostileComposer struct {
	marker []byte
	values []string       // that their bytes depend on, besides kind and number
	keys   []factomd.Key  // sign the commits: number k modulo their number that of call k
	unpaid factomd.Key    // that nobody ever funds
	chains []factomd.Hash // made by the setup
	huge   func() []byte  // a body that all calls share, as nothing is kept of it
}

// newHostileComposer takes the run's id, and not its salt: hostile calls are no
// entries of the load, and what a run did must not be there for one that repeats
// its load, least of all what another kind must never bring about.
func newHostileComposer(c *composer, seed uint64, id string) *hostileComposer {
	values := []string{strconv.FormatUint(seed, 10), id}
	var secret [32]byte
	var r stream
	r.at(newSource("hostile/key", values...), 0)
	r.fill(secret[:])
	return &hostileComposer{
		marker: c.marker,
		values: values,
		keys:   c.keys,
		unpaid: factomd.ECKey(secret),
		chains: c.chains,
		huge: sync.OnceValue(func() []byte {
			return factomd.AppendSubmit(nil, factomd.MethodRevealEntry, factomd.ParamEntry, make([]byte, hugeBody/2))
		}),
	}
}

// compose makes call number n. ms is the time in its commits, Unix time in
// milliseconds. It may be called by several goroutines at once.
func (c *hostileComposer) compose(kind scenarios.HostileKind, n uint64, ms int64) hostileCall {
	var r stream
	r.at(newSource("hostile/bytes/"+string(kind), c.values...), n)
	var call hostileCall
	key, off := c.keys[n%uint64(len(c.keys))], int64(wrongHour/time.Millisecond)
	switch kind {
	case scenarios.RepeatedCommit:
		c.entry(&call, &r, hostileSize)
		call.commit(ms, 1, key)
		// A new time makes it another commit to the filter against repetitions.
		call.commit(ms+1, 1, key).code = codeRepeatedCommit
		call.last().after = commitProcessed
	case scenarios.RepeatedReveal:
		e := c.entry(&call, &r, hostileSize)
		call.allowed = true
		call.commit(ms, 1, key)
		call.reveal(e)
		call.reveal(e).after = revealProcessed
	case scenarios.RevealWithoutCommit:
		call.reveal(c.entry(&call, &r, hostileSize))
	case scenarios.CommitWithoutReveal:
		c.entry(&call, &r, hostileSize)
		call.commit(ms, 1, key)
	case scenarios.UnderpaidCommit:
		e := c.entry(&call, &r, underpaidSize)
		call.commit(ms, 1, key)
		call.reveal(e)
	case scenarios.UnpaidKey:
		c.paidFor(&call, &r, ms, c.unpaid)
	case scenarios.StaleTimestamp:
		c.paidFor(&call, &r, ms-off, key)
	case scenarios.FutureTimestamp:
		c.paidFor(&call, &r, ms+off, key)
	case scenarios.WrongSignature:
		e := c.entry(&call, &r, hostileSize)
		b := factomd.AppendCommitEntry(nil, ms, call.entry, 1, key)
		b[len(b)-64] ^= 1 // the first byte of the signature
		call.step(factomd.AppendSubmit(nil, factomd.MethodCommitEntry, factomd.ParamMessage, b)).code = codeInvalidParams
		call.reveal(e)
		call.proper = 0
	case scenarios.MalformedHex:
		e := c.entry(&call, &r, hostileSize)
		if r.below(2) == 0 {
			call.commit(ms, 1, key)
		} else {
			call.reveal(e)
		}
		s := call.last()
		s.code = codeInvalidParams
		s.body[len(s.body)-len(`0"}}`)] = 'x' // the last digit
	case scenarios.OversizeEntry:
		e := c.entry(&call, &r, factomd.MaxPayload+1)
		call.commit(ms, 10, key)
		call.reveal(e).code = codeInvalidParams
	case scenarios.UnknownMethod:
		body := `{"jsonrpc":"2.0","id":0,"method":"no-such-method","params":{}}`
		call.step([]byte(body)).code = codeUnknownMethod
	case scenarios.HugeBody:
		call.step(c.huge()).code = codeInvalidParams
	}
	return call
}

// paidFor adds an entry's commit, which is the call proper, and its reveal.
func (c *hostileComposer) paidFor(call *hostileCall, r *stream, ms int64, key factomd.Key) {
	e := c.entry(call, r, hostileSize)
	call.commit(ms, 1, key)
	call.reveal(e)
	call.proper = 0
}

// entry draws the entry that a call is about, of a payload in bytes, and returns
// its binary form.
func (c *hostileComposer) entry(call *hostileCall, r *stream, payload int) []byte {
	e := factomd.Entry{
		ChainID: c.chains[r.below(uint64(len(c.chains)))],
		ExtIDs:  [][]byte{c.marker},
		Content: make([]byte, payload-2-len(c.marker)),
	}
	r.fill(e.Content)
	b := e.Append(nil)
	call.entry = factomd.EntryHash(b)
	return b
}

// step adds a step, as the call proper.
func (c *hostileCall) step(body []byte) *hostileStep {
	c.proper = len(c.steps)
	c.steps = append(c.steps, hostileStep{body: body, entry: c.entry})
	return c.last()
}

func (c *hostileCall) last() *hostileStep { return &c.steps[len(c.steps)-1] }

func (c *hostileCall) commit(ms int64, credits int, key factomd.Key) *hostileStep {
	b := factomd.AppendCommitEntry(nil, ms, c.entry, credits, key)
	return c.step(factomd.AppendSubmit(nil, factomd.MethodCommitEntry, factomd.ParamMessage, b))
}

func (c *hostileCall) reveal(binary []byte) *hostileStep {
	return c.step(factomd.AppendSubmit(nil, factomd.MethodRevealEntry, factomd.ParamEntry, binary))
}
