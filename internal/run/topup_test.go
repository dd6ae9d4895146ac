package run

import (
	"context"
	"io"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

func clientOf(t *testing.T, n *factomdtest.Node) *factomd.Client {
	t.Helper()
	c, err := factomd.New(factomd.Options{URL: n.URL(), Timeout: 10 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// An order that the node never heard of is handed in again where it is wanted, and
// is given up where it certainly cannot arrive any more.
func TestOrderThatDoesNotArrive(t *testing.T) {
	for _, c := range []struct {
		name    string
		age     time.Duration
		silent  bool // the node, on acks
		sending bool
		charged int64
		submits int  // of orders
		another bool // order than the first is out then
	}{
		{"wanted", time.Minute, false, true, 50, 1, false},
		{"wanted, the node does not say", time.Minute, true, true, 50, 1, false},
		{"stopped, and what was sent is paid for", time.Minute, false, false, 100, 0, false},
		{"stopped, and what was sent is not paid for", time.Minute, false, false, 101, 1, false},
		{"old", 2 * time.Hour, false, true, 50, 1, true},
		{"old, and may have arrived", 2 * time.Hour, true, true, 50, 0, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := factomdtest.New(t, factomdtest.Options{Fault: func(call factomdtest.Call) *factomdtest.Fault {
				switch {
				case call.Method == "factoid-submit":
					return &factomdtest.Fault{Answer: factomdtest.HTML(502), Unheard: true}
				case call.Method == "ack" && c.silent:
					return &factomdtest.Fault{Answer: factomdtest.HTML(502), Unheard: true}
				}
				return nil
			}})
			node := clientOf(t, n)
			key := factomd.LocalTestKey()
			p := &payer{key: key, ec: key.EC(), share: 1000, had: 100, topUp: &scenarios.TopUp{Below: 80, Buy: 200}}
			first := &order{credits: 200, at: time.Now().Add(-c.age)}
			var err error
			if first.tx, first.txid, err = factomd.BuyCredits(key, p.ec.ECPublic(), 200, 1000, first.at.UnixMilli()); err != nil {
				t.Fatal(err)
			}
			p.order = first
			err = p.keepUp(t.Context(), node, 50, c.sending, c.charged, t.Logf)
			if got := n.Calls("factoid-submit"); got != c.submits {
				t.Errorf("%d orders were handed in, want %d (%v)", got, c.submits, err)
			}
			if p.order == nil || (p.order != first) != c.another {
				t.Errorf("order %+v is out, the first one is %+v", p.order, first)
			}
		})
	}
}

// While only the last answers are awaited, no more entries can come that a top-up
// would be for; in a search the next step can.
func TestSendingEndsBeforeTheLoadDoes(t *testing.T) {
	for text, want := range map[string]bool{
		"{users: 3, phases: [{for: 1s}]}": false,
		"{phases: [{name: warmup, for: 1s, rate: 5/s, measured: false}], search: {from: 1/s, to: 2/s, hold: 30s, stop_when: [backlog grows]}}": true,
	} {
		s, err := scenarios.Parse([]byte("version: 1\nload: "+text+"\n"), "x.yaml")
		if err != nil {
			t.Fatal(err)
		}
		r := &run{Options: Options{Scenario: s}, generator: generator.New(generator.Options{
			Scenario: s, Keys: []factomd.Key{factomd.LocalTestKey().EC()}, Start: time.Now(),
			Endpoints: []generator.Endpoint{{Weight: 1}}, Tracker: results.NewCollector(io.Discard),
		})}
		r.stage.Store(&stage{name: StageLoad})
		if !r.sending() {
			t.Errorf("%s: nothing is to come although the load has not begun", text)
		}
		stop, cancel := context.WithCancel(t.Context())
		cancel()
		if err := r.generator.Load(stop, t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := r.sending(); got != want {
			t.Errorf("%s: more is to come after the last slot: %v, want %v", text, got, want)
		}
	}
}

// An endpoint that is silent on balances costs one look some seconds, not every
// one.
func TestSilentOnBalances(t *testing.T) {
	silent := factomdtest.New(t, factomdtest.Options{Fault: func(c factomdtest.Call) *factomdtest.Fault {
		if c.Method == "entry-credit-balance" {
			return &factomdtest.Fault{Answer: factomdtest.Silence(), Unheard: true}
		}
		return nil
	}})
	key := factomd.LocalTestKey()
	other := factomdtest.New(t, factomdtest.Options{Credits: map[string]int64{key.EC().ECAddress(): 70}})
	r := &run{network: &network{endpoints: []endpoint{{client: clientOf(t, silent)}, {client: clientOf(t, other)}}}}
	for range 4 {
		have, node, err := r.balanceOf(t.Context(), &payer{key: key, ec: key.EC()})
		if err != nil || have != 70 || node != r.network.endpoints[1].client {
			t.Errorf("%d, %v", have, err)
		}
	}
	if n := silent.Calls("entry-credit-balance"); n != 1 {
		t.Errorf("the silent endpoint was asked %d times", n)
	}
}
