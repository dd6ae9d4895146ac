package report

import (
	"bytes"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

var errWrong = &factomd.Failure{Message: "reply for another entry"}

// query tells of a query that was sent 5 ms late and answered 20 ms after that.
func (r *recording) query(method string, at int64, o results.CallOutcome, err error) {
	r.collector.Called(results.Call{
		Name: method, Planned: at, Sent: at + 5*ms, Ended: at + 25*ms, Outcome: o, Err: results.NewError(err),
	})
}

// queries makes a record with queries of each outcome in the measured phase, and
// others that do not count: in the warm-up, after the phases, and hostile ones.
func queries(r *recording) {
	r.query("entry", 1500*ms, results.CallWrong, errWrong)
	r.query("entry", 3000*ms, results.CallWrong, errWrong)
	r.collector.Called(results.Call{Kind: results.Hostile, Name: "entry", Planned: 2500 * ms, Sent: 2500 * ms, Ended: 2500 * ms})
	for i := range int64(10) {
		r.query("heights", 2000*ms+i*100*ms, results.CallRight, nil)
	}
	r.query("entry", 2000*ms, results.CallRight, nil)
	r.query("entry", 2100*ms, results.CallWrong, errWrong)
	r.query("entry", 2050*ms, results.CallWrong, errWrong)
	r.query("entry", 2200*ms, results.CallFailed, errTimeout)
	r.collector.Called(results.Call{
		Name: "entry", Planned: 2999 * ms, Sent: results.Never, Ended: results.Never, Outcome: results.CallFailed, Err: results.NewError(errTimeout),
	})
}

func TestQueries(t *testing.T) {
	rec := record(t)
	rec.manifest.Harness.QueryRequests = 17
	queries(rec)
	r := rec.build()
	want := []Query{
		{Method: "entry", Count: 5, Right: 1, Wrong: 2, Failed: 2, RatePerS: 5, Errors: []Error{
			{Message: "reply for another entry", Count: 2, FirstS: 2.05}, {Message: "timeout", Count: 2, FirstS: 2.2},
		}},
		{Method: "heights", Count: 10, Right: 10, RatePerS: 10, Errors: []Error{}},
	}
	if diff := cmp.Diff(want, r.Queries, cmpopts.IgnoreFields(Query{}, "LatencyMS", "ServiceMS")); diff != "" {
		t.Errorf("queries (-want +got):\n%s", diff)
	}
	for _, q := range append(r.Queries, r.QueriesTotal) {
		if l, s := q.LatencyMS, q.ServiceMS; l.Count != q.Right || s.Count != q.Right ||
			l.P50 < 24.9 || l.P50 > 25.1 || s.P50 < 19.9 || s.P50 > 20.1 || l.Method != "clock" || l.Histogram == "" {
			t.Errorf("%s: latency %+v, service %+v", q.Method, l, s)
		}
	}
	if q := r.QueriesTotal; q.Method != "all methods" || q.Count != 15 || q.Right != 11 || q.Wrong != 2 || q.Failed != 2 || q.RatePerS != 15 {
		t.Errorf("all methods: %+v", q)
	}
	if r.Harness.QueryRequests != 17 || len(r.Errors) != 0 {
		t.Errorf("%d requests, errors of entries %v", r.Harness.QueryRequests, r.Errors)
	}
	if page, _ := pageOf(t, r); !strings.Contains(page, "4 of 15 queries had no right answer") {
		t.Error("the page does not say whom the percentiles leave out")
	}
	var b bytes.Buffer
	if err := WriteSummary(&b, r, "runs/x"); err != nil {
		t.Fatal(err)
	}
	if want := "queries   15 = 11 right + 2 wrong + 2 failed, 15.0/s; p50 25"; !strings.Contains(b.String(), want) {
		t.Errorf("the summary does not say %q:\n%s", want, b.String())
	}
}

func TestNoQueries(t *testing.T) {
	r := record(t).build()
	if r.Queries == nil || len(r.Queries) != 0 || r.QueriesTotal.Count != 0 || r.QueriesTotal.Errors == nil {
		t.Errorf("%+v, %+v", r.Queries, r.QueriesTotal)
	}
	var b bytes.Buffer
	if err := WriteSummary(&b, r, "runs/x"); err != nil {
		t.Fatal(err)
	}
	if page, _ := pageOf(t, r); strings.Contains(page, "queries") || strings.Contains(b.String(), "queries") {
		t.Error("a run without queries speaks of them")
	}
}

func TestQueryThresholds(t *testing.T) {
	for expression, want := range map[string]ThresholdResult{
		"queries.p50 < 30ms":   {Value: 25.02, OK: true},
		"queries.p50 < 20ms":   {Value: 25.02},
		"queries.max < 30ms":   {Value: unknown}, // those without a right answer count as the slowest
		"queries.p95 < 1block": {Value: unknown},
		"queries.failed == 0":  {Value: 2},
		"queries.failed < 20%": {Value: 2. / 15, OK: true},
		"queries.wrong <= 2":   {Value: 2, OK: true},
		"queries.right == 11":  {Value: 11, OK: true},
		"queries.count == 15":  {Value: 15, OK: true},
	} {
		rec := record(t, expression)
		queries(rec)
		got := rec.build().Thresholds[0]
		value, known := float64(want.Value), !math.IsNaN(float64(want.Value))
		if off := math.Abs(float64(got.Value) - value); got.OK != want.OK || known == math.IsNaN(off) || off > 0.001*value {
			t.Errorf("%s: %v, %v; want %v, %v", expression, got.Value, got.OK, want.Value, want.OK)
		}
		text := measuredText(expression, got.Value, 10)
		if counts := !strings.Contains(expression, ".p") && !strings.Contains(expression, "max"); counts && strings.Contains(text, "ms") {
			t.Errorf("%s was measured as %s", expression, text)
		}
	}
	// A wrong answer is none, however fast it came.
	for missing, want := range map[int]bool{0: true, 4: true, 6: false} {
		rec := record(t, "queries.p95 < 30ms")
		for i := range 100 {
			o := results.CallRight
			if i < missing {
				o = results.CallWrong
			}
			rec.query("heights", 2000*ms+int64(i)*ms, o, nil)
		}
		if got := rec.build().Thresholds[0]; got.OK != want {
			t.Errorf("with %d wrong answers of 100: %+v", missing, got)
		}
	}
	// Without a right answer no figure is known.
	rec := record(t, "queries.mean < 30ms")
	rec.query("heights", 2000*ms, results.CallWrong, errWrong)
	if got := rec.build().Thresholds[0]; got.OK {
		t.Errorf("without a right answer: %+v", got)
	}
	// Without a query nothing is known, which is not success.
	if got := record(t, "queries.failed == 0").build().Thresholds[0]; got.OK {
		t.Errorf("without queries: %+v", got)
	}
}

// What the harness's machine keeps from being asked is no fault of the node's,
// whatever it was for.
func TestCallsThatTheHarnessCouldNotMake(t *testing.T) {
	for kind, want := range map[results.CallKind]string{
		results.Query:   `1 queries failed with "dial: too many open files", which is a limit of the harness's machine: raise it (ulimit -n), or lower queries.in_flight`,
		results.Hostile: `1 unpaid-key calls failed with "dial: no local port left", which is a limit of the harness's machine: raise it (ulimit -n), or lower hostile.in_flight`,
	} {
		name, message := "heights", "dial: too many open files"
		if kind == results.Hostile {
			name, message = "unpaid-key", "dial: no local port left"
		}
		rec := record(t)
		rec.collector.Called(results.Call{
			Kind: kind, Name: name, Planned: 2000 * ms, Sent: 2000 * ms, Ended: 2001 * ms,
			Outcome: results.CallFailed, Err: &results.Error{Message: message},
		})
		if r := rec.build(); r.Verdict != Invalid || r.Harness.Valid || r.Harness.Why != want {
			t.Errorf("%s: %s", r.Verdict, r.VerdictWhy)
		}
	}
}
