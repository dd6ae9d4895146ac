package run

import (
	"context"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

func hashOf(n byte) factomd.Hash { return factomd.Hash{0: n, 31: 1} }

// blockOf is a directory block with a chain of the network's own and another.
func blockOf(height uint32) factomd.DirectoryBlock {
	n := byte(height)
	return factomd.DirectoryBlock{Height: height, NetworkID: factomdtest.Local, KeyMR: hashOf(n), Chains: []factomd.BlockRef{
		{ChainID: factomd.Hash{31: 0x0a}, KeyMR: hashOf(99)}, {ChainID: hashOf(100 + n), KeyMR: hashOf(200 + n)},
	}}
}

// draws returns the first n draws of a caller.
func draws(n int) (all []generator.Draw) {
	generator.NewCaller(generator.CallerOptions{
		Rate: 1, InFlight: 1, Mix: []int{1}, Endpoints: []int{1}, Start: time.Now(),
		Sleep: func(context.Context, time.Time) bool { return len(all) < n },
		Request: func(d generator.Draw) generator.Request {
			all = append(all, d)
			return generator.Request{Make: func(context.Context) generator.Answer { return generator.Answer{} }}
		},
		Called: func(results.Call) {},
	}).Run(context.Background(), context.Background())
	return all
}

// drawAll draws many times, and returns what came.
func drawAll[T comparable](draw func(*generator.Draw) (T, bool)) map[T]bool {
	drawn := map[T]bool{}
	for _, d := range draws(200) {
		if one, ok := draw(&d); ok {
			drawn[one] = true
		}
	}
	return drawn
}

func want[T comparable](t *testing.T, what string, got map[T]bool, all ...T) {
	t.Helper()
	for _, one := range all {
		if !got[one] {
			t.Errorf("%s: %v never comes", what, one)
		}
	}
	if len(got) != len(all) {
		t.Errorf("%s: %v", what, got)
	}
}

// What was seen in a block is asked for at once where the observer's node is the
// only one, and else when there is a block upon it.
func TestTargets(t *testing.T) {
	for _, lagging := range []bool{false, true} {
		tg := newTargets(5, lagging)
		want(t, "entries", drawAll(tg.entry))
		want(t, "chains", drawAll(tg.chain))
		want(t, "entry blocks", drawAll(tg.entryBlock))
		want(t, "directory blocks", drawAll(tg.directoryBlock), directoryBlock{height: 4})

		tg.took(hashOf(1))
		tg.made([]factomd.Hash{hashOf(2)})
		want(t, "entries", drawAll(tg.entry), named{hashOf(1), false})
		want(t, "chains", drawAll(tg.chain), named{hashOf(2), false})

		tg.sawBlock(blockOf(6))
		tg.sawEntries([]factomd.Hash{hashOf(3)})
		if lagging {
			want(t, "entries", drawAll(tg.entry), named{hashOf(1), false})
			want(t, "entry blocks", drawAll(tg.entryBlock))
			tg.sawBlock(blockOf(7))
		}
		tg.sawBlock(blockOf(6)) // asked of another node once more
		want(t, "entries", drawAll(tg.entry), named{hashOf(1), false}, named{hashOf(3), true})
		want(t, "chains", drawAll(tg.chain), named{hashOf(2), false}, named{hashOf(106), true})
		want(t, "entry blocks", drawAll(tg.entryBlock), entryBlock{factomd.BlockRef{ChainID: hashOf(106), KeyMR: hashOf(206)}, 6})
		want(t, "directory blocks", drawAll(tg.directoryBlock), directoryBlock{height: 4}, directoryBlock{6, hashOf(6)})
	}
}

// The newest targets are kept, and no more than so many.
func TestTargetsAreBounded(t *testing.T) {
	tg := newTargets(0, false)
	many := make([]factomd.Hash, 3*ringSize)
	for i := range many {
		many[i] = factomd.Hash{0: byte(i), 1: byte(i >> 8), 31: 1}
		tg.took(many[i])
	}
	tg.sawBlock(blockOf(1))
	tg.sawEntries(many)
	for what, r := range map[string]*ring[factomd.Hash]{"taken": &tg.taken, "saved": &tg.saved} {
		if len(r.items) != ringSize {
			t.Errorf("%s: %d are kept", what, len(r.items))
		}
		for _, h := range r.items {
			if i := int(h[0]) | int(h[1])<<8; i < 2*ringSize {
				t.Fatalf("%s: number %d of %d is kept", what, i, len(many))
			}
		}
	}
}

// TestJudgement asks a node that answers about something else, one that refuses,
// and one that is not there.
func TestJudgement(t *testing.T) {
	var fault atomic.Value // of func(method string) *factomdtest.Fault
	n := factomdtest.New(t, factomdtest.Options{Fault: func(c factomdtest.Call) *factomdtest.Fault {
		return fault.Load().(func(string) *factomdtest.Fault)(c.Method)
	}})
	node, err := factomd.New(factomd.Options{URL: n.URL()})
	if err != nil {
		t.Fatal(err)
	}
	defer node.Close()
	q := &queries{targets: newTargets(1, false), nodes: []*factomd.Client{node}, network: factomdtest.Local, payers: []string{factomd.LocalTestKey().EC().ECAddress()}}
	q.targets.sawBlock(blockOf(2))
	q.targets.sawEntries([]factomd.Hash{hashOf(3)})
	methods := []scenarios.QueryMethod{
		scenarios.QueryHeights, scenarios.QueryMinute, scenarios.QueryEntry, scenarios.QueryEntryBlock, scenarios.QueryChainHead,
		scenarios.QueryAck, scenarios.QueryPending, scenarios.QueryBalances, scenarios.QueryDirectoryBlock,
	}
	for _, m := range methods {
		q.mix = append(q.mix, scenarios.QueryItem{Method: m})
	}
	judged := func(item int) results.CallOutcome {
		d := draws(1)[0]
		d.Item = item
		r := q.request(d)
		if r.Name != string(methods[item]) {
			t.Errorf("%s is asked for instead of %s", r.Name, methods[item])
		}
		a := r.Make(context.Background())
		if (a.Err == nil) != (a.Outcome == results.CallRight) {
			t.Errorf("%s: %s with %v", r.Name, a.Outcome, a.Err)
		}
		return a.Outcome
	}
	for name, test := range map[string]struct {
		fault func(string) *factomdtest.Fault
		want  results.CallOutcome
	}{
		"another": {func(m string) *factomdtest.Fault { return &factomdtest.Fault{Answer: factomdtest.Another(m)} }, results.CallWrong},
		"refused": {func(string) *factomdtest.Fault {
			return &factomdtest.Fault{Answer: factomdtest.Refuse(-32008, "Object not found", "")}
		}, results.CallWrong},
		"broken": {func(string) *factomdtest.Fault { return &factomdtest.Fault{Answer: factomdtest.Reset()} }, results.CallFailed},
		"a page": {func(string) *factomdtest.Fault { return &factomdtest.Fault{Answer: factomdtest.HTML(500)} }, results.CallFailed},
	} {
		fault.Store(test.fault)
		for i, m := range methods {
			if got := judged(i); got != test.want {
				t.Errorf("%s: %s is %s, want %s", name, m, got, test.want)
			}
		}
	}
	// A block whose list was changed does not fit its key MR.
	fault.Store(func(string) *factomdtest.Fault { return nil })
	want := directoryBlock{height: 1}
	if err := q.directoryBlock(t.Context(), node, want); err != nil {
		t.Error(err)
	}
	changed := sent(t, n.URL(), `{"jsonrpc":"2.0","id":0,"method":"dblock-by-height","params":{"height":1}}`)
	at := strings.Index(changed, `"dbentries"`)
	changed = changed[:at] + strings.Replace(changed[at:], `"keymr":"`, `"keymr":"`+strings.Repeat("ab", 32)+`","was":"`, 1)
	fault.Store(func(string) *factomdtest.Fault { return &factomdtest.Fault{Answer: factomdtest.Says(200, changed)} })
	err = q.directoryBlock(t.Context(), node, want)
	if _, _, message := factomd.Classify(err); message != "a block and its key MR do not fit" || judge(err).Outcome != results.CallWrong {
		t.Errorf("a changed block counts as %q: %v", message, err)
	}
	// Nothing is saved of what was only taken: a node need not know it yet.
	q.targets = newTargets(1, false)
	q.targets.took(hashOf(7))
	q.targets.made([]factomd.Hash{hashOf(8)})
	fault.Store(func(string) *factomdtest.Fault { return nil })
	for i, m := range methods {
		if m != scenarios.QueryEntryBlock && judged(i) != results.CallRight {
			t.Errorf("%s of what is in no block is not right", m)
		}
	}
	// As long as there is nothing to ask for, it is the heights.
	d := draws(1)[0]
	d.Item = 3
	if r := q.request(d); r.Name != "heights" {
		t.Errorf("%s is asked for instead of an entry block", r.Name)
	}
}

// sent posts a request by hand and returns the reply.
func sent(t *testing.T, url, request string) string {
	t.Helper()
	r, err := http.Post(url, "application/json", strings.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
