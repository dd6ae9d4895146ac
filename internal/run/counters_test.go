package run_test

import (
	"context"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/report"
)

// differences are those of a run's reconciliation that do not add up, by what they
// are of; NaN where a figure is not known.
func (o outcome) differences() map[string]float64 {
	odd := map[string]float64{}
	for _, row := range o.Reconciliation {
		if row.OK == nil || !*row.OK {
			odd[row.What] = float64(row.Difference)
		}
	}
	return odd
}

func (o outcome) note(what string) string {
	for _, row := range o.Reconciliation {
		if row.What == what {
			return row.Note
		}
	}
	return ""
}

// addsUp checks that the harness and the network counted the same.
func addsUp(t *testing.T, r *report.Report) {
	t.Helper()
	if len(r.Reconciliation) < 4 {
		t.Errorf("%d rows of reconciliation", len(r.Reconciliation))
	}
	for _, row := range r.Reconciliation {
		if row.OK == nil || !*row.OK {
			t.Errorf("it does not add up: %+v", row)
		}
	}
}

// odd checks which rows do not add up, and by how much.
func (o outcome) odd(t *testing.T, want map[string]float64) {
	t.Helper()
	got := o.differences()
	for what, d := range got {
		if w, ok := want[what]; !ok || w != d && !(math.IsNaN(w) && math.IsNaN(d)) {
			t.Errorf("%s differs by %g: %s", what, d, o.note(what))
		}
	}
	if len(got) != len(want) {
		t.Errorf("differences %v, want %v", got, want)
	}
}

// rich has the public test key own what a run may cost, and more.
func rich() map[string]int64 {
	return map[string]int64{factomd.LocalTestKey().ECAddress(): 100_000}
}

// another is somebody who has the run's key, and writes an entry.
func another(t *testing.T, n *factomdtest.Node, chain factomd.Hash, content string, reveal bool) factomd.Hash {
	t.Helper()
	c, err := factomd.New(factomd.Options{URL: n.URL()})
	if err != nil {
		t.Error(err)
		return factomd.Hash{}
	}
	defer c.Close()
	entry := factomd.Entry{ChainID: chain, Content: []byte(content)}
	b := entry.Append(nil)
	hash := factomd.EntryHash(b)
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	commit := factomd.AppendCommitEntry(nil, time.Now().UnixMilli(), hash, 1, factomd.LocalTestKey().EC())
	if _, _, err := c.Submit(ctx, factomd.AppendSubmit(nil, factomd.MethodCommitEntry, factomd.ParamMessage, commit), hash); err != nil {
		t.Error(err)
	}
	if reveal {
		if _, _, err := c.Submit(ctx, factomd.AppendSubmit(nil, factomd.MethodRevealEntry, factomd.ParamEntry, b), hash); err != nil {
			t.Error(err)
		}
	}
	return hash
}

// Somebody else pays with the run's key and writes into its chains: the report says
// what, and how much of it.
func TestOthersWrite(t *testing.T) {
	t.Parallel()
	var foreign []factomd.Hash
	n := afterOf(t, factomdtest.Options{BlockTime: halfSecond, Credits: rich()}, 20, func(n *factomdtest.Node) {
		chain := n.Chains()[0]
		foreign = append(foreign, another(t, n, chain, "one", true), another(t, n, chain, "two", true), another(t, n, chain, "three", false))
	})
	got := carryOut(t, plan{}.scenario(n.URL()))
	got.verdict(t, report.Pass, report.ExitOK)
	got.odd(t, map[string]float64{"credits": 3, "commits": 3, "commit-credits": 3, "chain-entries": 2})
	for _, hash := range foreign {
		if !strings.Contains(got.note("commits"), hash.String()) {
			t.Errorf("it does not name %s: %s", hash, got.note("commits"))
		}
	}
}

// A node takes twice what its own blocks say.
func TestChargedTwice(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Credits: rich(), Lax: []factomdtest.Rule{factomdtest.Charges}})
	got := carryOut(t, plan{}.scenario(n.URL()))
	got.verdict(t, report.Pass, report.ExitOK)
	got.odd(t, map[string]float64{"credits": float64(got.Totals.CreditsSpent)})
}

// Credits that others buy for the run's key are no debt of the node's.
func TestOthersBuy(t *testing.T) {
	t.Parallel()
	n := afterOf(t, factomdtest.Options{BlockTime: halfSecond, Credits: rich()}, 20, func(n *factomdtest.Node) {
		n.Spend(factomd.LocalTestKey().ECAddress(), -5000)
	})
	got := carryOut(t, plan{}.scenario(n.URL()))
	got.odd(t, map[string]float64{"credits": -5000})
	if !strings.Contains(got.note("credits"), "somebody else buys credits") {
		t.Error(got.note("credits"))
	}
}

// What was paid for in vain is known to be: it adds up.
func TestPaidInVainAddsUp(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Drop: func(s factomdtest.Stage, e factomd.Hash, first bool) bool {
		at := map[factomdtest.Stage]int{factomdtest.Commit: 1, factomdtest.Reveal: 2, factomdtest.Accepted: 3}[s]
		return !first && pick(e, at, 12)
	}})
	got := carryOut(t, plan{phase: "for: 2s, rate: 40/s"}.scenario(n.URL()))
	got.verdict(t, report.Lost, report.ExitLost)
	addsUp(t, got.Report)
	if got.Totals.CreditsSpent >= got.Totals.Planned+3*10 {
		t.Errorf("%d credits for %d entries of which commits were dropped", got.Totals.CreditsSpent, got.Totals.Planned)
	}
}

// Nothing is said where nobody waited for the end.
func TestCutOffIsNotCounted(t *testing.T) {
	t.Parallel()
	abort, aborting := context.WithCancel(t.Context())
	defer aborting()
	n := afterOf(t, factomdtest.Options{BlockTime: 30 * time.Second}, 20, func(*factomdtest.Node) { aborting() })
	got := carryOutUntil(t, abort, abort, long.scenario(n.URL()))
	unknown := math.NaN()
	got.odd(t, map[string]float64{"credits": unknown, "commits": unknown, "commit-credits": unknown})
	if !strings.Contains(got.note("credits"), "not known: the wait was cut off") {
		t.Error(got.note("credits"))
	}
}
