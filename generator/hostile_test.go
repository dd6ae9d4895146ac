package generator

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

func hostileOf(seed uint64, id string) *hostileComposer {
	c := newComposer(seed, "salt", "marker", []factomd.Key{factomd.LocalTestKey().EC()}, 3)
	for i := range c.chains {
		c.chains[i][0] = byte(i + 1)
	}
	return newHostileComposer(c, seed, id)
}

// The bytes of hostile calls are a function of seed, run, kind and number, and no
// two calls are about the same entry.
func TestHostileBytes(t *testing.T) {
	same, again := hostileOf(7, "run"), hostileOf(7, "run")
	others := []*hostileComposer{hostileOf(8, "run"), hostileOf(7, "another")}
	seen := map[factomd.Hash]bool{}
	for _, kind := range scenarios.HostileKinds() {
		for n := range uint64(20) {
			again.compose(kind, n+1, 1e12) // the order is of no account
			a, b := same.compose(kind, n, 1e12), again.compose(kind, n, 1e12)
			if a.entry != b.entry || len(a.steps) != len(b.steps) {
				t.Fatalf("%s %d is about %s, and then about %s", kind, n, a.entry, b.entry)
			}
			for i := range a.steps {
				if !bytes.Equal(a.steps[i].body, b.steps[i].body) {
					t.Errorf("%s %d, step %d: not the same bytes again", kind, n, i)
				}
			}
			for _, c := range append(others, same) {
				if e := c.compose(kind, n, 1e12).entry; seen[e] {
					t.Errorf("%s %d is about the entry of another call", kind, n)
				} else if !e.IsZero() {
					seen[e] = true
				}
			}
		}
	}
}

// What a kind says that it can cost is what its commits ask for.
func TestHostileCosts(t *testing.T) {
	for _, kind := range scenarios.HostileKinds() {
		c := hostileOf(1, "run")
		payer := fmt.Sprintf("%x", c.keys[0].ECPublic()) // the credits stand before it
		most := 0
		for n := range uint64(20) {
			sum := 0
			for _, s := range c.compose(kind, n, 1e12).steps {
				before, _, paid := strings.Cut(string(s.body), payer)
				if !paid || kind == scenarios.MalformedHex {
					continue
				}
				credits, err := strconv.ParseUint(before[len(before)-2:], 16, 8)
				if err != nil {
					t.Fatal(err)
				}
				sum += int(credits)
				if s.twice() {
					sum += int(credits)
				}
			}
			most = max(most, sum)
		}
		if most != kind.MostCharged() {
			t.Errorf("%s: its commits come to %d credits, it says %d at most", kind, most, kind.MostCharged())
		}
	}
}

// A lab is a node with one chain, and what watches over it.
type lab struct {
	*hostileComposer
	node   *factomdtest.Node
	client *factomd.Client
	calls  uint64
}

func newLab(t *testing.T, o factomdtest.Options) *lab {
	key := factomd.LocalTestKey().EC()
	o.Credits = map[string]int64{key.ECAddress(): 1000}
	l := &lab{node: factomdtest.New(t, o)}
	client, err := factomd.New(factomd.Options{URL: l.node.URL()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(client.Close)
	l.client = client

	c := newComposer(1, t.Name(), "marker", []factomd.Key{key}, 1)
	j := &job{slot: slot{kind: results.KindChain, phase: results.SetupPhase, extIDs: 2, size: 40, credits: 11}}
	c.compose(j, time.Now().UnixMilli())
	for _, body := range [][]byte{j.commit, j.reveal} {
		if _, _, err := client.Submit(t.Context(), body, j.hash); err != nil {
			t.Fatal(err)
		}
	}
	l.hostileComposer = newHostileComposer(c, 1, t.Name())
	return l
}

// call makes a call of a kind, and returns what it cost and how often its entry
// was written.
func (l *lab) call(t *testing.T, kind scenarios.HostileKind) (a Answer, credits int64, written int) {
	before := l.node.Spent()
	call := l.compose(kind, l.calls, time.Now().UnixMilli())
	l.calls++
	a = call.make(t.Context(), l.client)
	l.node.CloseBlock()
	return a, l.node.Spent() - before, l.node.Written(call.entry)
}

// A node that does what it must answers all kinds right, charges what it should,
// and writes nothing that must not be.
func TestHostileCalls(t *testing.T) {
	l := newLab(t, factomdtest.Options{})
	for _, kind := range scenarios.HostileKinds() {
		for range 4 {
			a, credits, written := l.call(t, kind)
			if a.Outcome != results.CallRight || a.Sent.IsZero() {
				t.Errorf("%s: %s, %v", kind, a.Outcome, a.Err)
			}
			if credits != int64(kind.Charged()) {
				t.Errorf("%s: the node charged %d credits, not %d", kind, credits, kind.Charged())
			}
			if allowed := kind == scenarios.RepeatedReveal; written > 0 != allowed || written > 1 {
				t.Errorf("%s: its entry is written %d times", kind, written)
			}
		}
	}
}

// What a node is lax about shows in the kinds that try it, and in no other.
func TestHostileCallsOfALaxNode(t *testing.T) {
	type shows struct{ wrong, written, costs bool }
	for rule, want := range map[factomdtest.Rule]map[scenarios.HostileKind]shows{
		factomdtest.Signatures: {scenarios.WrongSignature: {true, true, true}},
		factomdtest.Timestamps: {scenarios.StaleTimestamp: {false, true, true}, scenarios.FutureTimestamp: {false, true, true}},
		factomdtest.Sizes: { // what is too large is held then, as underpaid
			scenarios.OversizeEntry: {true, false, false}, scenarios.HugeBody: {true, false, false},
		},
		factomdtest.Payment: {
			scenarios.RevealWithoutCommit: {false, true, false}, scenarios.UnderpaidCommit: {false, true, false},
			scenarios.UnpaidKey: {false, true, true}, scenarios.WrongSignature: {false, true, false},
			scenarios.StaleTimestamp: {false, true, false}, scenarios.FutureTimestamp: {false, true, false},
		},
		factomdtest.Repeats: {scenarios.RepeatedCommit: {true, false, true}, scenarios.RepeatedReveal: {false, true, false}},
	} {
		l := newLab(t, factomdtest.Options{Lax: []factomdtest.Rule{rule}})
		for _, kind := range scenarios.HostileKinds() {
			a, credits, written := l.call(t, kind)
			allowed := 0
			if kind == scenarios.RepeatedReveal {
				allowed = 1
			}
			got := shows{a.Outcome != results.CallRight, written > allowed, credits > int64(kind.Charged())}
			if got != want[kind] || a.Outcome == results.CallFailed {
				t.Errorf("lax about %s, %s: %+v, want %+v (%s, %v)", rule, kind, got, want[kind], a.Outcome, a.Err)
			}
		}
	}
}

// An answer that no factomd gives is wrong, no answer is a failure, and what did
// not come to the call proper has no instant of it.
func TestHostileAnswers(t *testing.T) {
	var fault atomic.Pointer[factomdtest.Fault]
	l := newLab(t, factomdtest.Options{Fault: func(c factomdtest.Call) *factomdtest.Fault {
		if c.Submits() || c.Method == "no-such-method" {
			return fault.Load()
		}
		return nil
	}})
	for name, test := range map[string]struct {
		answer  http.HandlerFunc
		kind    scenarios.HostileKind
		outcome results.CallOutcome
		sent    bool
	}{
		"another error":  {factomdtest.Refuse(-32603, "Internal error", ""), scenarios.UnknownMethod, results.CallWrong, true},
		"an error":       {factomdtest.Refuse(-32603, "Internal error", ""), scenarios.CommitWithoutReveal, results.CallWrong, true},
		"no error":       {factomdtest.WrongEntry(), scenarios.HugeBody, results.CallWrong, true},
		"another entry":  {factomdtest.WrongEntry(), scenarios.RevealWithoutCommit, results.CallWrong, true},
		"a page":         {factomdtest.HTML(502), scenarios.MalformedHex, results.CallFailed, true},
		"a reset":        {factomdtest.Reset(), scenarios.HugeBody, results.CallFailed, true},
		"no preparation": {factomdtest.Refuse(-32603, "Internal error", ""), scenarios.RepeatedReveal, results.CallWrong, false},
	} {
		fault.Store(&factomdtest.Fault{Unheard: true, Answer: test.answer})
		if a, _, _ := l.call(t, test.kind); a.Outcome != test.outcome || a.Sent.IsZero() == test.sent || a.Err == nil {
			t.Errorf("%s: %s, sent %v, %v", name, a.Outcome, a.Sent, a.Err)
		}
	}
}

// A node that has not come to a commit may take it again; that is no reason to
// wait forever.
func TestHostileCallDoesNotWaitForever(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := hostileOf(1, "run")
		call := c.compose(scenarios.RepeatedCommit, 0, 1e12)
		a := call.make(t.Context(), takesAll{})
		if a.Outcome != results.CallRight || a.Prepared != settleTime+time.Millisecond || a.Ended.Sub(a.Sent) != time.Millisecond {
			t.Errorf("%s after %s, and then %s", a.Outcome, a.Prepared, a.Ended.Sub(a.Sent))
		}
	})
}

// A follower knows from its leader that a commit is in a process list, and refuses
// to repeat it a moment later: that is no finding.
func TestRepeatedCommitOfAFollower(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for successes, want := range map[int]results.CallOutcome{1: results.CallRight, 2: results.CallRight, 3: results.CallWrong} {
			c := hostileOf(1, "run")
			call := c.compose(scenarios.RepeatedCommit, 0, 1e12)
			if a := call.make(t.Context(), &follower{successes: successes}); a.Outcome != want || a.Ended.Sub(a.Sent) != time.Millisecond {
				t.Errorf("after %d successes, the first commit's included: %s, %v", successes, a.Outcome, a.Err)
			}
		}
	})
}

// A follower takes so many commits, and says of each that it is in a process list.
type follower struct {
	takesAll
	successes int
}

func (f *follower) Submit(ctx context.Context, body []byte, want factomd.Hash) (sent, answered time.Time, err error) {
	sent, answered, err = f.takesAll.Submit(ctx, body, want)
	if f.successes--; f.successes < 0 {
		err = &factomd.Failure{Rejected: true, Code: codeRepeatedCommit, Message: "Repeated Commit"}
	}
	return sent, answered, err
}

func (*follower) Ack(context.Context, factomd.Hash) (factomd.Ack, error) {
	return factomd.Ack{Commit: factomd.StatusACK, Entry: factomd.StatusUnknown}, nil
}

// takesAll takes everything after a millisecond and processes nothing.
type takesAll struct{}

func (takesAll) Submit(ctx context.Context, body []byte, want factomd.Hash) (sent, answered time.Time, err error) {
	sent = time.Now()
	time.Sleep(time.Millisecond)
	return sent, time.Now(), nil
}

func (takesAll) Ack(context.Context, factomd.Hash) (factomd.Ack, error) {
	return factomd.Ack{Commit: factomd.StatusUnknown, Entry: factomd.StatusUnknown}, nil
}

// The plan has every call, and what they cost with the worst of nodes.
func TestHostilePlan(t *testing.T) {
	s := parse(t, `
version: 1
load: {phases: [{for: 10s, rate: 1/s}, {for: 5s, rate: 0/s}]}
hostile: {rate: 2/s, mix: [{kind: oversize-entry}]}
`)
	plain := parse(t, "version: 1\nload: {phases: [{for: 10s, rate: 1/s}, {for: 5s, rate: 0/s}]}\n")
	p := NewPlan(s)
	if p.Hostile.Calls != 30 || p.Hostile.Credits != 300 || p.Total.Credits != NewPlan(plain).Total.Credits+300 {
		t.Errorf("%+v, in all %d credits", p.Hostile, p.Total.Credits)
	}
}
