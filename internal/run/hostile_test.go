package run_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// everyKind makes hostile calls of all kinds, all of which may be under way at once
// for 2 s: those that find no room are not made.
const everyKind = "hostile: {rate: 40/s, in_flight: 100}\n"

// patient is a plan of a phase whose calls have time, and its blocks, on a machine
// that is busy: bodies are large, and what is not waited for is no finding. The node
// should say that its blocks are long, by which the wait for them is bounded.
func patient(phase string) plan { return plan{phase: phase, load: "submit_timeout: 5m"} }

// hostileCredits is what the right hostile calls of a report cost.
func hostileCredits(r *report.Report) (credits, calls uint64) {
	for _, h := range r.Hostile {
		credits += h.CreditsSpent
		calls += h.Count
	}
	return credits, calls
}

// A node that does what it must passes, and the books of load and hostile calls
// are apart and complete.
func TestHostileCallsBesideTheLoad(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, BlockSeconds: 10})
	text := patient("for: 2s, rate: 20/s").scenario(n.URL()) + everyKind + "thresholds: [findings == 0, hostile.wrong == 0, hostile.failed == 0]\n"
	got := carryOut(t, text)
	got.verdict(t, report.Pass, report.ExitOK)
	addsUp(t, got.Report)
	if len(got.Findings) > 0 || len(got.Hostile) != len(scenarios.HostileKinds()) {
		t.Errorf("findings %v, %d kinds", got.Findings, len(got.Hostile))
	}
	planned := generator.NewPlan(parse(t, text))
	var repeated int
	for _, h := range got.Hostile {
		if h.Right != h.Count || h.Count == 0 {
			t.Errorf("%s: %d of %d right, answers %v", h.Kind, h.Right, h.Count, h.Answers)
		}
		if h.Kind == string(scenarios.RepeatedReveal) {
			repeated = int(h.Count)
		}
	}
	credits, calls := hostileCredits(got.Report)
	if calls == 0 || calls > planned.Hostile.Calls {
		t.Errorf("%d calls, planned %d", calls, planned.Hostile.Calls)
	}
	count(t, "entries confirmed", got.Totals.Confirmed, len(n.Chain())-repeated)
	count(t, "credits spent", got.Totals.CreditsSpent+credits, int(n.Spent()))
	if n.Bought() != planned.Total.Credits || n.Spent() > planned.Total.Credits {
		t.Errorf("%d credits were bought and %d spent, planned %d", n.Bought(), n.Spent(), planned.Total.Credits)
	}
	for _, b := range got.Blocks {
		if b.Entries != b.OwnEntries {
			t.Errorf("block %d has %d entries, and %d own: hostile ones are taken for others'", b.Height, b.Entries, b.OwnEntries)
		}
	}
	h := got.Harness
	requested(t, h.SubmitRequests+h.ObserverRequests+h.HostileRequests, n)
	count(t, "submit requests", h.SubmitRequests, 2*int(planned.Total.Slots))
}

// What a node is lax about is found: exactly that, and every time.
func TestFindings(t *testing.T) {
	t.Parallel()
	const wrong, forbidden, twice = results.WrongAnswer, results.ForbiddenEntry, results.RepeatedEntry
	for rule, want := range map[factomdtest.Rule]map[scenarios.HostileKind][]results.FindingKind{
		factomdtest.Signatures: {scenarios.WrongSignature: {forbidden, wrong}},
		factomdtest.Timestamps: {scenarios.StaleTimestamp: {forbidden}, scenarios.FutureTimestamp: {forbidden}},
		factomdtest.Sizes:      {scenarios.OversizeEntry: {wrong}, scenarios.HugeBody: {wrong}},
		factomdtest.Payment: {
			scenarios.RevealWithoutCommit: {forbidden}, scenarios.UnderpaidCommit: {forbidden}, scenarios.UnpaidKey: {forbidden},
			scenarios.WrongSignature: {forbidden}, scenarios.StaleTimestamp: {forbidden}, scenarios.FutureTimestamp: {forbidden},
		},
		factomdtest.Repeats: {scenarios.RepeatedCommit: {wrong}, scenarios.RepeatedReveal: {twice}},
	} {
		t.Run(string(rule), func(t *testing.T) {
			t.Parallel()
			n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, BlockSeconds: 10, Lax: []factomdtest.Rule{rule}})
			got := carryOut(t, patient("for: 2s, rate: 10/s").scenario(n.URL())+everyKind+"thresholds: [findings == 0]\n")
			got.verdict(t, report.Fail, report.ExitFail)
			count(t, "of the load confirmed", got.Totals.Confirmed, int(got.Totals.Planned))

			calls := map[string]uint64{}
			for _, h := range got.Hostile {
				calls[h.Kind] = h.Count
			}
			type found struct{ name, kind string }
			counts, wanted := map[found]uint64{}, map[found]uint64{}
			for _, f := range got.Findings {
				counts[found{f.Name, f.Kind}] += f.Count
			}
			for name, kinds := range want {
				for _, kind := range kinds {
					wanted[found{string(name), string(kind)}] = calls[string(name)]
				}
			}
			if !maps.Equal(counts, wanted) {
				t.Errorf("found %v, want %v", counts, wanted)
			}
		})
	}
}

// A closed loop has what the hostile calls leave of its budget.
func TestHostileCallsAreInTheBudget(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	const budget = 200
	got := carryOut(t, plan{
		load: "users: 2", phase: "for: 40s", credits: fmt.Sprintf("key: local-test-key, budget: %d", budget),
	}.scenario(n.URL())+"hostile: {rate: 0.5/s, mix: [{kind: repeated-commit}, {kind: oversize-entry}]}\n")
	credits, calls := hostileCredits(got.Report)
	if want := fmt.Sprintf("entries for the budget of 200 entry credits were sent; %d were charged, and ", got.Totals.CreditsSpent+credits); !strings.HasPrefix(got.Run.EndedEarly, want) {
		t.Errorf("it ended early: %q", got.Run.EndedEarly)
	}
	count(t, "credits spent", got.Totals.CreditsSpent+credits, int(n.Spent()))
	if n.Spent() > budget || n.Bought() > budget || calls == 0 {
		t.Errorf("%d credits were bought and %d spent of a budget of %d, with %d hostile calls", n.Bought(), n.Spent(), budget, calls)
	}
}

// A wait that is too short for the blocks that could hold what hostile calls brought
// about does not pass for one that found nothing there.
func TestFindingsThatNobodyWaitedFor(t *testing.T) {
	t.Parallel()
	for _, o := range []factomdtest.Options{
		{BlockSeconds: 1}, // and none is ever saved
		{BlockTime: halfSecond, BlockSeconds: 10},
	} {
		n, open := factomdtest.New(t, o), o.BlockTime == 0
		got := carryOut(t, plan{phase: "for: 1s, rate: 5/s"}.scenario(n.URL())+"hostile: {rate: 10/s, mix: [{kind: reveal-without-commit}]}\nthresholds: [findings == 0]\n")
		if got.FindingsOpen != open || got.Thresholds[0].OK == open || open != strings.Contains(got.VerdictWhy, "There may be more findings") {
			t.Errorf("a block is saved every %s: open %v, %+v; %s", o.BlockTime, got.FindingsOpen, got.Thresholds[0], got.VerdictWhy)
		}
	}
}

// A run that repeats the load of another by its salt meets nothing that the hostile
// calls of the other did: they would pass for what this node must not do.
func TestHostileCallsWithTheSameSalt(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	text := plan{phase: "for: 1s, rate: 5/s"}.scenario(n.URL())
	for _, id := range []string{"first", "second"} {
		got := carryOut(t, text+"hostile: {rate: 10/s, mix: [{kind: commit-without-reveal}]}\n", func(o *run.Options) { o.ID, o.Salt = id, "salt" })
		if h := got.Hostile[0]; h.Right != h.Count || len(got.Findings) > 0 {
			t.Errorf("%s: %d of %d calls right, findings %v", h.Kind, h.Right, h.Count, got.Findings)
		}
	}
}

// Hostile calls may cost one key more than another: what they leave of the budget
// is shared evenly all the same.
func TestHostileCallsOfSeveralKeys(t *testing.T) {
	t.Setenv("OTHER_KEY", otherKey)
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Credits: map[string]int64{address(t, otherKey): 1000}})
	text := plan{
		load: "users: 2", phase: "for: 20s", credits: "keys: [local-test-key, env:OTHER_KEY], budget: 400",
	}.scenario(n.URL()) + "hostile: {rate: 2/s, mix: [{kind: oversize-entry}, {kind: unknown-method}]}\n"
	planned := generator.NewPlan(parse(t, text))
	got := carryOut(t, text)
	left := 400 - planned.Hostile.Credits
	if spent := int64(got.Totals.CreditsSpent); spent > left || spent < left-planned.Setup[0] {
		t.Errorf("entries for %d entry credits, of %d that the hostile calls leave: %s", spent, left, got.Run.EndedEarly)
	}
	named := func(key string) bool {
		return strings.Contains(got.Run.EndedEarly, "the share of "+key+" in the budget, ")
	}
	if !named(address(t, otherKey)) && !named(factomd.LocalTestKey().EC().ECAddress()) {
		t.Errorf("it ended early: %q", got.Run.EndedEarly)
	}
}

// Others share the nodes of a network that is not LOCAL: hostile calls take
// consent there.
func TestHostileCallsNeedConsent(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{NetworkID: factomdtest.Test})
	text := plan{phase: "for: 1s, rate: 5/s"}.scenario(n.URL())
	for _, hostile := range []string{"", everyKind} {
		for _, consent := range []bool{false, true} {
			err := run.Do(context.Background(), context.Background(), run.Options{
				Scenario: parse(t, text+hostile), ID: "test", Out: filepath.Join(t.TempDir(), "run"), AboveCeiling: consent,
			})
			var refused *run.Refused
			if !errors.As(err, &refused) { // at the latest for its key, which pays on LOCAL networks only
				t.Fatalf("not refused: %v", err)
			}
			if asked := strings.Contains(err.Error(), "hostile calls"); asked != (hostile != "" && !consent) {
				t.Errorf("with %q and consent %v: %v", hostile, consent, err)
			}
		}
	}
}

// Everything that the program says of hostile calls is true of a real factomd.
// It is checked by code that shares nothing with the program: it walks all blocks
// and asks for the payer's balance.
func TestHostileRealNode(t *testing.T) {
	n := startReal(t)
	r, _ := doReal(t, fmt.Sprintf(`
version: 1
network: {expect: LOCAL, endpoints: [{url: %q}]}
credits: {key: local-test-key}
workload: {chains: 3, mix: [{kind: entry, size: 100..500B}]}
load: {phases: [{for: 13s, rate: 5/s}]}
hostile: {rate: 10/s}
`, n.Endpoint()), nil)

	addsUp(t, r)
	repeated := uint64(0)
	for _, h := range r.Hostile {
		if h.Right != h.Count || h.Count == 0 {
			t.Errorf("%s: %d of %d right, answers %v", h.Kind, h.Right, h.Count, h.Answers)
		}
		if h.Kind == string(scenarios.RepeatedReveal) {
			repeated = h.Count
		}
	}
	if diff := cmp.Diff([]report.Finding{}, r.Findings); diff != "" || len(r.Hostile) != len(scenarios.HostileKinds()) {
		t.Errorf("%d kinds, findings %s", len(r.Hostile), diff)
	}
	i := slices.IndexFunc(r.Hostile, func(h report.HostileKind) bool { return h.Kind == string(scenarios.RepeatedCommit) })
	if answers := r.Hostile[i].Answers; len(answers) != 1 || answers[0].Code != -32011 {
		t.Errorf("repeated commits, once they are processed, are answered with %v", answers)
	}
	chain := walk(t, n.Endpoint())
	count(t, "entries with the marker in the chain, less those revealed twice", uint64(len(chain))-repeated, int(r.Totals.Confirmed))
	credits, _ := hostileCredits(r)
	if spent := uint64(balanceSpent(t, n.Endpoint(), r)); spent != r.Totals.CreditsSpent+credits {
		t.Errorf("the node charged %d entry credits, the report says %d and %d", spent, r.Totals.CreditsSpent, credits)
	}
}
