package run_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/scenarios"
)

// TestHostileNode has a node answer every seventh question of the observer with what
// is meant to do harm: the run comes to the same end all the same, nobody is led
// away from the endpoint, and what is kept of the node's words is harmless.
//
// It is alone, as answers without end take all of a machine.
func TestHostileNode(t *testing.T) {
	var elsewhere atomic.Int64
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { elsewhere.Add(1) }))
	defer other.Close()
	const evil = "</script><script>alert(1)</script>\x1b]0;title\a\x1b[31m\u202e"
	version, _ := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 0, "result": map[string]string{"factomdversion": "v6" + evil, "factomdapiversion": "2.0"}})
	answers := []http.HandlerFunc{
		factomdtest.Endless(),
		factomdtest.Says(200, `{"jsonrpc":"2.0","id":0,"result":`+strings.Repeat("[", 1<<20)),
		factomdtest.Says(200, `{"jsonrpc":"2.0","id":0,"result":`+strings.Repeat(`{"a":`, 1<<18)+"1"+strings.Repeat("}", 1<<18)+"}"),
		factomdtest.Redirect(other.URL + "/v2"),
		factomdtest.Refuse(-32603, evil, strings.Repeat(evil, 1000)),
		factomdtest.Drip(),
		factomdtest.Says(200, `{"jsonrpc":"2.0","id":0,"result":{"leaderheight":18446744073709551615,"directoryblockheight":1e999,"minute":-1}}`),
		factomdtest.Says(200, "\x00\xff\xfe"),
	}
	var loading atomic.Bool
	var questions atomic.Int64
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Fault: func(c factomdtest.Call) *factomdtest.Fault {
		switch {
		case c.Method == "properties":
			return &factomdtest.Fault{Answer: factomdtest.Says(200, string(version))}
		case c.Submits():
			loading.Store(loading.Load() || c.Method == "commit-entry")
		case loading.Load():
			if k := questions.Add(1); k%7 == 0 {
				return &factomdtest.Fault{Answer: answers[int(k/7)%len(answers)]}
			}
		}
		return nil
	}})
	said := ""
	got := carryOut(t, plan{load: "submit_timeout: 1s", phase: "for: 12s, rate: 20/s"}.scenario(n.URL()), func(o *run.Options) {
		o.Say = func(format string, args ...any) { said += fmt.Sprintf(format, args...) }
		// What does harm takes its time, on a busy machine above all.
		o.Scenario.Confirm.Timeout = scenarios.Span{Time: time.Minute}
		// A check that gets such an answer has something to say of it, or not, by which
		// answer it gets.
		o.Scenario.Observe = scenarios.Observe{}
	})
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	count(t, "confirmed", got.Totals.Confirmed, 3+240)
	if k := questions.Load(); k < int64(7*len(answers)) {
		t.Errorf("%d questions: not all answers were given", k)
	}
	if elsewhere.Load() > 0 {
		t.Errorf("%d requests went elsewhere", elsewhere.Load())
	}
	if v := got.Network.Endpoints[0].FactomdVersion; !strings.HasPrefix(v, "v6") || strings.ContainsAny(v+said, "\x1b\a\u202e") {
		t.Errorf("version %q; said %q", v, said)
	}
}
