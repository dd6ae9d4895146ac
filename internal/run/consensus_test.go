package run_test

import (
	"slices"
	"testing"

	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

func (o outcome) events(kind results.EventKind) (rows []report.Event) {
	for _, e := range o.Events {
		if e.Kind == string(kind) {
			rows = append(rows, e)
		}
	}
	return rows
}

// What a node tells of an election is in the report, and the calls that it took are
// the observer's.
func TestElection(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	leader := 0
	n.Diagnose(factomdtest.Diagnostics{Election: &leader, Round: 3})
	got := carryOut(t, plan{}.scenario(n.URL()))
	got.in(t, n)
	if e := got.events(results.ElectionBegin); len(e) != 1 || e[0].Endpoint != n.URL() || e[0].Detail != "for VM 0, the place of 38bab1000000: in round 3" {
		t.Errorf("events: %+v", got.Events)
	}
	requested(t, got.Harness.ObserverRequests+got.Harness.SubmitRequests, n)
}

// A node that knows no diagnostics is as good as any.
func TestNoDiagnostics(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	n.Diagnose(factomdtest.Diagnostics{Unknown: true})
	got := carryOut(t, plan{}.scenario(n.URL()))
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	if asked := n.Calls("diagnostics"); asked != 1 {
		t.Errorf("asked %d times", asked)
	}
	if slices.ContainsFunc(got.Events, func(e report.Event) bool {
		return e.Endpoint == n.URL() && e.Kind != string(results.LongBlock) && e.Kind != string(results.LongMinute)
	}) {
		t.Errorf("events: %+v", got.Events)
	}
}
