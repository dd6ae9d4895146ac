package run_test

import (
	"cmp"
	"context"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// TestConnectionFaults has the connections to a node go wrong in the middle of a
// load, for most of a second, and then be as before. What the node heard is
// confirmed, what it did not hear is failed, and nothing is the node's loss.
func TestConnectionFaults(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		toxics    []string // empty: the proxy is gone
		message   string   // those of failures; "" if there must be none
		ambiguous bool     // some of what failed came to the node
		slow      time.Duration
	}{
		"cut":           {message: "connection refused, connection reset, reply cut short"},
		"reset":         {toxics: []string{`{"type":"reset_peer","stream":"upstream"}`}, message: "connection reset, reply cut short"},
		"black hole":    {toxics: []string{`{"type":"timeout","stream":"upstream"}`}, message: "timeout, connection reset, reply cut short"},
		"answers lost":  {toxics: []string{`{"type":"timeout","stream":"downstream"}`}, message: "timeout, connection reset, reply cut short", ambiguous: true},
		"slowed":        {toxics: []string{`{"type":"latency","stream":"downstream","attributes":{"latency":300}}`}, slow: 300 * time.Millisecond},
		"in small bits": {toxics: []string{`{"type":"slicer","stream":"downstream","attributes":{"average_size":7,"size_variation":3}}`, `{"type":"slicer","stream":"upstream","attributes":{"average_size":40,"size_variation":9}}`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begin := make(chan struct{})
			n := after(t, 30, func(*factomdtest.Node) { close(begin) })
			proxy, through := faultyProxy(t, n)
			healed := make(chan struct{})
			go func() {
				defer close(healed)
				<-begin
				if test.toxics == nil {
					proxy.Stop()
				}
				for _, toxic := range test.toxics {
					if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(toxic)); err != nil {
						t.Error(err)
					}
				}
				time.Sleep(800 * time.Millisecond)
				if test.toxics == nil {
					if err := proxy.Start(); err != nil {
						t.Error(err)
					}
				}
				proxy.Toxics.ResetToxics(context.Background())
			}()
			got := carryOut(t, plan{load: "submit_timeout: 1s", phase: "for: 4s, rate: 40/s"}.scenario(through))
			<-healed
			got.in(t, n)
			got.verdict(t, report.Pass, report.ExitOK) // there is no threshold
			count(t, "lost", got.Totals.Lost, 0)
			count(t, "credits spent", got.Totals.CreditsSpent, int(n.Spent()))
			if failed := got.Totals.Failed + got.Totals.Ambiguous; (failed > 0) != (test.message != "") {
				t.Errorf("totals %+v, errors %+v", got.Totals, got.Errors)
			}
			if test.ambiguous && got.Totals.Ambiguous == 0 {
				t.Errorf("no answer was lost: %+v", got.Totals)
			}
			for _, e := range got.Errors {
				if !strings.Contains(test.message, e.Message) {
					t.Errorf("error %+v", e)
				}
			}
			slow := got.by(func(e results.Entry) bool { return e.Committed-e.Sent >= int64(test.slow) && e.Sent != results.Never })
			if test.slow > 0 && slow < 10 {
				t.Errorf("%d entries were slow", slow)
			}
			last := slices.MaxFunc(got.entries, func(a, b results.Entry) int { return cmp.Compare(a.Index, b.Index) })
			if last.Outcome != results.Confirmed || last.Error != nil {
				t.Errorf("the last entry is %s with %+v: the harness did not come back", last.Outcome, last.Error)
			}
		})
	}
}

// faultyProxy puts a proxy before a node whose connections can be spoilt, and
// returns the URL of the node's API through it.
func faultyProxy(t *testing.T, n *factomdtest.Node) (proxy *toxiproxy.Proxy, through string) {
	t.Helper()
	node, err := url.Parse(n.URL())
	if err != nil {
		t.Fatal(err)
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy = toxiproxy.NewProxy(server, t.Name(), "127.0.0.1:0", node.Host)
	if err := proxy.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(proxy.Stop)
	node.Host = proxy.Listen
	return proxy, node.String()
}
