package run_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.uber.org/goleak"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

func TestMain(m *testing.M) {
	flag.Parse()
	asked := false
	flag.Visit(func(f *flag.Flag) { asked = asked || f.Name == "test.parallel" })
	if !asked {
		flag.Set("test.parallel", "8") // these tests wait for blocks, most of the time
	}
	// A proxy that spoils connections can leave one of its own goroutines behind.
	goleak.VerifyTestMain(m, goleak.IgnoreAnyFunction("github.com/Shopify/toxiproxy/v2/toxics.(*ToxicStub).Run"))
}

// A plan is what the scenarios of these tests differ in.
type plan struct {
	network string // instead of the node's endpoint
	mix     string // entries into 3 chains if empty
	load    string // more keys of load
	phase   string // for and rate of its only phase
	credits string // of a budget of 5000 and the public test key if empty
	more    string // other sections
}

// scenario returns the text of a scenario.
func (p plan) scenario(urls ...string) string {
	if p.network == "" {
		var endpoints []string
		for _, u := range urls {
			endpoints = append(endpoints, fmt.Sprintf("{url: %q}", u))
		}
		p.network = "endpoints: [" + strings.Join(endpoints, ", ") + "]"
	}
	if p.mix == "" {
		p.mix = "{kind: entry, size: 60..300B}"
	}
	if p.load != "" {
		p.load += ", "
	}
	if p.phase == "" {
		p.phase = "for: 1s, rate: 40/s"
	}
	if p.credits == "" {
		p.credits = "key: local-test-key, budget: 5000"
	}
	return fmt.Sprintf(`version: 1
name: double
seed: 7
network: {%s}
credits: {%s}
workload: {chains: 3, mix: [%s]}
load: {%sphases: [{name: load, %s}]}
confirm: {timeout: 3blocks}
%s`, p.network, p.credits, p.mix, p.load, p.phase, p.more)
}

func parse(t *testing.T, text string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse([]byte(text), "double.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// outcome is a finished run.
type outcome struct {
	*report.Report
	entries []results.Entry
}

// carryOut carries out a run and reads back what it left.
//
// Its phases are not measured unless a change says so: that the harness was too
// slow, on a machine that is busy with other tests, invalidates measured phases
// alone, and with that hides the other verdicts.
func carryOut(t *testing.T, text string, change ...func(*run.Options)) outcome {
	t.Helper()
	return carryOutUntil(t, context.Background(), context.Background(), text, change...)
}

// measured is a change that has the phases measured.
func measured(o *run.Options) {
	for i := range o.Scenario.Load.Phases {
		o.Scenario.Load.Phases[i].Measured = true
	}
}

func carryOutUntil(t *testing.T, stop, abort context.Context, text string, change ...func(*run.Options)) outcome {
	t.Helper()
	o := run.Options{
		Scenario: parse(t, text), File: "double.yaml", Text: text,
		ID: "test-" + strings.ReplaceAll(t.Name(), "/", "-"), Out: filepath.Join(t.TempDir(), "run"), ToolVersion: "test",
		Say: t.Logf,
	}
	for i := range o.Scenario.Load.Phases {
		o.Scenario.Load.Phases[i].Measured = false
	}
	for _, f := range change {
		f(&o)
	}
	if err := run.Do(stop, abort, o); err != nil {
		t.Fatal(err)
	}
	return read(t, o.Out)
}

// read reports on a run's directory, and checks what holds for every run.
func read(t *testing.T, dir string) outcome {
	t.Helper()
	r, err := report.Build(dir)
	if err != nil {
		t.Fatal(err)
	}
	got := outcome{Report: r}
	summary, err := results.ReadEntries(dir, results.Reader{Entry: func(e *results.Entry) error {
		got.entries = append(got.entries, *e)
		return nil
	}})
	if err != nil || !summary.Complete || summary.Damage.Reason != "" {
		t.Fatalf("the record: %+v, %v", summary, err)
	}
	totals := r.Totals
	if sum := totals.Confirmed + totals.Accepted + totals.Lost + totals.Rejected + totals.Failed + totals.Skipped; sum != totals.Planned ||
		totals.Planned != totals.Chains+totals.Entries || totals.Planned != uint64(len(got.entries)) {
		t.Errorf("the sum does not hold: %+v, %d entries on record", totals, len(got.entries))
	}
	if totals.Sent < totals.Confirmed+totals.Lost+totals.Accepted || totals.Sent > totals.Planned-totals.Skipped {
		t.Errorf("%d sent: %+v", totals.Sent, totals)
	}
	seen := map[factomd.Hash]bool{}
	for _, e := range got.entries {
		if seen[e.Hash] && !e.Hash.IsZero() {
			t.Errorf("entry %s is planned twice", e.Hash)
		}
		seen[e.Hash] = true
	}
	t.Logf("%s (%d): %s %+v", r.Verdict, r.ExitCode, r.VerdictWhy, totals)
	if _, err := os.Stat(filepath.Join(dir, "run.lock")); err == nil {
		t.Error("the run's lock stays behind")
	}
	return got
}

// in checks that exactly the entries that the run calls confirmed are in the
// node's blocks, and where.
func (o outcome) in(t *testing.T, n *factomdtest.Node) {
	t.Helper()
	chain := n.Chain()
	for _, e := range o.entries {
		height, saved := chain[e.Hash]
		if saved != (e.Outcome == results.Confirmed) || saved && height != e.Height {
			t.Errorf("entry %s: %s at height %d; in the chain: %v, %d", e.Hash, e.Outcome, e.Height, saved, height)
		}
		delete(chain, e.Hash)
	}
	if len(chain) > 0 {
		t.Errorf("%d entries are in the chain and were not planned", len(chain))
	}
}

// verdict checks how the run ended.
func (o outcome) verdict(t *testing.T, want report.Verdict, code int) {
	t.Helper()
	if o.Verdict != want || o.ExitCode != code {
		t.Errorf("verdict %s, exit %d (%s); want %s, %d", o.Verdict, o.ExitCode, o.VerdictWhy, want, code)
	}
}

// count checks one of the totals.
func count(t *testing.T, what string, got uint64, want int) {
	t.Helper()
	if got != uint64(want) {
		t.Errorf("%d %s, want %d", got, what, want)
	}
}

// requested checks how many requests a run made of nodes, whatever they were for.
// The calls that watch the run are given up when it ends, perhaps before a node
// heard of them: one or two each of the observer, the sampler and the credits, and
// one for diagnostics.
func requested(t *testing.T, got uint64, nodes ...*factomdtest.Node) {
	t.Helper()
	heard := 0
	for _, n := range nodes {
		for _, method := range append(slices.Clone(submits), "heights", "entry", "raw-data", "chain-head", "pending-entries", "ack", "properties", "current-minute", "diagnostics", "tps-rate",
			"dblock-by-height", "ecblock-by-height", "entry-block", "entry-credit-rate", "entry-credit-balance", "factoid-balance", "factoid-submit",
			"no-such-method") {
			heard += n.Calls(method)
		}
	}
	if got < uint64(heard) || got > uint64(heard)+7 {
		t.Errorf("%d requests, and the nodes heard of %d", got, heard)
	}
}

// by returns how many entries meet a condition.
func (o outcome) by(f func(results.Entry) bool) (n int) {
	for _, e := range o.entries {
		if f(e) {
			n++
		}
	}
	return n
}

// pick chooses 1 of n of the entries by their hash. The k-th choices for
// different k are apart.
func pick(h factomd.Hash, k, n int) bool { return int(h[0])%n == k }

// isEntry tells the entries of the load from the chains of the setup.
func isEntry(e results.Entry) bool { return e.Kind == results.KindEntry }
