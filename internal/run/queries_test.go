package run_test

import (
	"cmp"
	"errors"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/results"
)

// reading is a plan with queries.
func reading(queries string) plan {
	return plan{phase: "for: 3s, rate: 20/s", more: "queries: " + queries + "\n"}
}

// calls reads the calls of a run's record.
func calls(t *testing.T, dir string) (all []results.Call) {
	t.Helper()
	if _, err := results.ReadEntries(dir, results.Reader{Call: func(c results.Call) { all = append(all, c) }}); err != nil {
		t.Fatal(err)
	}
	return all
}

// TestQueriesBesideTheWrites asks for everything, and gets answers that are
// right, while all entries are confirmed as without queries.
func TestQueriesBesideTheWrites(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	peer := factomdtest.New(t, factomdtest.Options{PeerOf: n})
	var dir string
	got := carryOut(t, reading("{rate: 100/s}").scenario(n.URL(), peer.URL()), measured, func(o *run.Options) { dir = o.Out })
	got.in(t, n)

	asked := 0
	for _, q := range got.Queries {
		if q.Right != q.Count || q.Count == 0 {
			t.Errorf("%s: %d queries, %d right, %d wrong, %d failed: %+v", q.Method, q.Count, q.Right, q.Wrong, q.Failed, q.Errors)
		}
		asked += int(q.Count)
	}
	all := calls(t, dir)
	count(t, "query requests", got.Harness.QueryRequests, len(all))
	endpoints, inPhase := map[int]int{}, 0
	for _, c := range all {
		endpoints[c.Endpoint]++
		if at, p := float64(c.Planned)/1e9, got.Phases[1]; at >= p.StartS && at < p.EndS {
			inPhase++
		}
	}
	// Queries and entries begin together, but for what a busy machine makes of it.
	if len(got.Queries) != 9 || asked != inPhase || inPhase < 250 {
		t.Errorf("%d queries of %d methods, %d of %d on record in the measured phase", asked, len(got.Queries), inPhase, len(all))
	}
	if len(endpoints) != 2 {
		t.Errorf("queries by endpoint are %v", endpoints)
	}

	// The queries are counted apart from the observer's requests.
	requested(t, got.Harness.QueryRequests+got.Harness.ObserverRequests+got.Harness.SubmitRequests, n, peer)
}

// TestPoissonBesideUsers has calls of both kinds come at random, beside users who
// have no arrivals of their own.
func TestPoissonBesideUsers(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	p := tenUsers
	p.more = "queries: {rate: 60/s, arrival: poisson}\nhostile: {rate: 20/s, arrival: poisson, mix: [{kind: unknown-method}]}\n"
	var dir string
	carryOut(t, p.scenario(n.URL()), func(o *run.Options) { dir = o.Out })
	gaps, last := map[results.CallKind]map[int64]bool{results.Query: {}, results.Hostile: {}}, map[results.CallKind]int64{}
	all := calls(t, dir)
	slices.SortFunc(all, func(a, b results.Call) int { return cmp.Compare(a.Planned, b.Planned) })
	for _, c := range all {
		gaps[c.Kind][(c.Planned-last[c.Kind])/int64(time.Millisecond)] = true
		last[c.Kind] = c.Planned
	}
	for kind, different := range gaps {
		if len(different) < 10 {
			t.Errorf("%s: the gaps between calls are %v", kind, different)
		}
	}
}

// TestCallsWithoutEntries has a phase in which nothing is written: its calls are
// made all the same.
func TestCallsWithoutEntries(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	p := plan{
		phase: "for: 500ms, rate: 10/s}, {name: read, for: 3s, rate: 0/s",
		more:  "queries: {rate: 20/s}\nhostile: {rate: 10/s, mix: [{kind: unknown-method}]}\n",
	}
	var dir string
	got := carryOut(t, p.scenario(n.URL()), func(o *run.Options) { dir = o.Out })
	late := map[results.CallKind]int{}
	for _, c := range calls(t, dir) {
		if c.Planned >= int64(got.Phases[2].StartS*1e9) {
			late[c.Kind]++
		}
	}
	if late[results.Query] < 40 || late[results.Hostile] < 20 {
		t.Errorf("of 60 queries and 30 hostile calls in the phase without entries, %v were made", late)
	}
}

// TestBadAnswers has a node that answers what only queries ask for with something
// else, or not at all. The report says so, and the writes do not mind.
func TestBadAnswers(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Fault: func(c factomdtest.Call) *factomdtest.Fault {
		switch c.Method {
		case "entry", "pending-entries":
			return &factomdtest.Fault{Answer: factomdtest.Another(c.Method)}
		case "chain-head":
			return &factomdtest.Fault{Answer: factomdtest.Refuse(-32603, "Internal error", "")}
		case "heights":
			return &factomdtest.Fault{Answer: factomdtest.HTML(http.StatusBadGateway)}
		}
		return nil
	}})
	text := reading("{rate: 60/s, mix: [{method: entry}, {method: pending-entries}, {method: chain-head}, {method: heights}, {method: balances}]}").scenario(n.URL()) +
		"thresholds: [queries.wrong == 0]\n"
	got := carryOut(t, text, measured)
	got.in(t, n)
	want := map[string]string{
		"entry": "reply for another entry", "pending-entries": "reply is malformed", "chain-head": "Internal error", "heights": "http 502", "balances": "",
	}
	if len(got.Queries) != len(want) {
		t.Errorf("%d methods", len(got.Queries))
	}
	for _, q := range got.Queries {
		message := ""
		if len(q.Errors) == 1 {
			message = q.Errors[0].Message
		}
		right, failed := q.Method == "balances", q.Method == "heights"
		if q.Count == 0 || message != want[q.Method] || (q.Right > 0) != right || (q.Failed > 0) != failed || (q.Wrong > 0) == (right || failed) {
			t.Errorf("%s: %d queries, %d right, %d wrong, %d failed: %+v", q.Method, q.Count, q.Right, q.Wrong, q.Failed, q.Errors)
		}
	}
	if th := got.Thresholds[0]; th.OK || th.Value == 0 {
		t.Errorf("threshold %+v", th)
	}
	if len(got.Errors) > 0 || got.Totals.Confirmed != got.Totals.Planned {
		t.Errorf("entries: %+v, %v", got.Totals, got.Errors)
	}
}

// TestQueriesNeedPermission refuses queries that others would feel.
func TestQueriesNeedPermission(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{NetworkID: factomdtest.Test, BlockTime: halfSecond})
	text := strings.Replace(reading("{rate: 21/s}").scenario(n.URL()), "rate: 20/s", "rate: 5/s", 1)
	o := run.Options{Scenario: parse(t, text), ID: "test", Out: filepath.Join(t.TempDir(), "run")}
	err := run.Do(t.Context(), t.Context(), o)
	var refused *run.Refused
	if !errors.As(err, &refused) || !strings.Contains(err.Error(), "the queries come at 21/s, and TEST is not a LOCAL network") {
		t.Errorf("got %v", err)
	}
}
