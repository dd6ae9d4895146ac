package run_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
)

const halfSecond = 500 * time.Millisecond

var submits = []string{"commit-entry", "commit-chain", "reveal-entry", "reveal-chain"}

func TestEveryEntryIsConfirmed(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	text := plan{
		mix:   "{kind: entry, weight: 8, size: 100..3000B, extids: 1..4}, {kind: chain, weight: 2, size: 200B}",
		load:  "arrival: poisson",
		phase: "for: 2s, rate: 20/s..60/s",
	}.scenario(n.URL())
	got := carryOut(t, text, measured)
	got.in(t, n)

	planned := generator.NewPlan(parse(t, text)).Total
	count(t, "planned", got.Totals.Planned, int(planned.Slots))
	count(t, "confirmed", got.Totals.Confirmed, len(n.Chain()))
	count(t, "confirmed", got.Totals.Confirmed, int(planned.Slots))
	count(t, "chains", got.Totals.Chains, int(planned.Chains))
	count(t, "bytes", got.Totals.Bytes, int(planned.Bytes))
	count(t, "credits spent", got.Totals.CreditsSpent, int(n.Spent()))
	if n.Spent() != planned.Credits || n.Bought() != planned.Credits {
		t.Errorf("spent %d, bought %d, planned %d", n.Spent(), n.Bought(), planned.Credits)
	}

	calls := 0
	for _, method := range submits {
		calls += n.Calls(method)
	}
	count(t, "submit requests", got.Harness.SubmitRequests, calls)
	count(t, "submit requests", got.Harness.SubmitRequests, 2*int(planned.Slots))
	requested(t, got.Harness.SubmitRequests+got.Harness.ObserverRequests, n)

	var own uint64
	for i, b := range got.Blocks {
		own += b.OwnEntries
		if i > 0 && b.Height != got.Blocks[i-1].Height+1 {
			t.Errorf("block %d comes after %d", b.Height, got.Blocks[i-1].Height)
		}
	}
	count(t, "entries in the blocks", own, int(planned.Slots))
	if l := got.LatencyMS; l.Confirm.Count != planned.Slots-3 || l.Submit.Count != planned.Slots-3 || l.Confirm.Min < l.Submit.Min {
		t.Errorf("latencies of %d confirmed and %d submitted entries, at least %v and %v ms", l.Confirm.Count, l.Submit.Count, l.Confirm.Min, l.Submit.Min)
	}
	if got.Run.Interrupted || len(got.Errors) > 0 || got.Audit.Total > 0 {
		t.Errorf("interrupted %v, errors %v, audit %v", got.Run.Interrupted, got.Errors, got.Audit)
	}
	if got.Harness.Valid {
		got.verdict(t, report.Pass, report.ExitOK)
		addsUp(t, got.Report)
	} else {
		got.verdict(t, report.Invalid, report.ExitInvalid) // a busy machine
	}
}

// TestTLS has a node behind TLS and a password. Its connections are kept: there
// are as many as were open at once, not one a call.
func TestTLS(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, TLS: true, User: "user", Password: "hunter2"})
	auth := filepath.Join(t.TempDir(), "auth")
	if err := os.WriteFile(auth, []byte("user:hunter2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got := carryOut(t, plan{
		network: fmt.Sprintf("endpoints: [{url: %q, pin: %s, auth: %q}]", n.URL(), n.Pin(), "file:"+auth),
		load:    "in_flight: 50, reveal: together",
		phase:   "for: 2s, rate: 100/s",
	}.scenario())
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	addsUp(t, got.Report)
	count(t, "confirmed", got.Totals.Confirmed, int(got.Totals.Planned))
	if by := got.Network.Endpoints[0].SubmitsBy; by != "net/http" {
		t.Errorf("submits by %s", by)
	}
	made, most := uint64(n.Connections()), got.Harness.ConnectionsMax
	if calls := got.Harness.SubmitRequests; made > calls/2 || most > made || most == 0 {
		t.Errorf("%d connections, %d at once at most, for %d calls", made, most, calls)
	}
	column := slices.Index(got.Series.Columns, "connections")
	known := slices.ContainsFunc(got.Series.Rows, func(row []report.Number) bool { return row[column] > 0 && uint64(row[column]) <= most })
	if !known {
		t.Error("the series has no connections")
	}
}

// TestCreditsThatAreThere buys nothing when the balance is enough, and what is
// missing when it is not.
func TestCreditsThatAreThere(t *testing.T) {
	t.Parallel()
	key := factomd.LocalTestKey().EC().ECAddress()
	for name, have := range map[string]int64{"enough": 1000, "some": 30} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Credits: map[string]int64{key: have}})
			text := plan{}.scenario(n.URL())
			carryOut(t, text).verdict(t, report.Pass, report.ExitOK)
			if want := max(0, generator.NewPlan(parse(t, text)).Total.Credits-have); n.Bought() != want {
				t.Errorf("bought %d, want %d", n.Bought(), want)
			}
		})
	}
}

func TestSaltsAndSeeds(t *testing.T) {
	t.Parallel()
	type load struct {
		salt string
		seed uint64
	}
	loads := []load{{"salt", 1}, {"salt", 1}, {"pepper", 1}, {"salt", 2}}
	written := make([]map[factomd.Hash]uint32, len(loads))
	t.Run("runs", func(t *testing.T) {
		for i, l := range loads {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
				carryOut(t, plan{}.scenario(n.URL()), func(o *run.Options) { o.Salt, o.Scenario.Seed = l.salt, l.seed }).in(t, n)
				written[i] = n.Chain()
			})
		}
	})
	for i, want := range []int{len(written[0]), len(written[0]), 0, 0} {
		common := 0
		for h := range written[i] {
			if _, ok := written[0][h]; ok {
				common++
			}
		}
		if common != want || len(written[i]) == 0 {
			t.Errorf("%v and %v have %d of %d entries in common, want %d", loads[0], loads[i], common, len(written[i]), want)
		}
	}
}

func TestEndpointsByWeight(t *testing.T) {
	t.Parallel()
	a := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	b := factomdtest.New(t, factomdtest.Options{PeerOf: a})
	got := carryOut(t, plan{
		network: `endpoints: [{url: "` + a.URL() + `", weight: 3}, {url: "` + b.URL() + `"}]`,
		phase:   "for: 2s, rate: 100/s",
	}.scenario())
	got.in(t, a)
	got.verdict(t, report.Pass, report.ExitOK)
	addsUp(t, got.Report)
	for i, n := range []*factomdtest.Node{a, b} {
		e := got.Endpoints[i]
		if e.URL != n.URL() {
			t.Fatalf("endpoint %d is %s, want %s", i, e.URL, n.URL())
		}
		count(t, "commits at "+e.URL, e.Totals.Sent, n.Calls("commit-entry")+n.Calls("commit-chain"))
		count(t, "reveals at "+e.URL, e.Totals.Sent, n.Calls("reveal-entry")+n.Calls("reveal-chain"))
	}
	if x, y := got.Endpoints[0].Totals.Planned, got.Endpoints[1].Totals.Planned; x+y != got.Totals.Planned || x < 2*y || x > 5*y {
		t.Errorf("%d and %d entries for the weights 3 and 1", x, y)
	}
}
