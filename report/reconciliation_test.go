package report

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// counted is a run of a chain and two entries, one of them in vain, for 13 credits,
// with a timeout on the way, and the counters of a network where all adds up.
func counted(t *testing.T) *recording {
	rec := record(t)
	chain := rec.plan(0, results.KindChain, 500*ms)
	entry, vain := rec.plan(2, results.KindEntry, 2000*ms), rec.plan(2, results.KindEntry, 2100*ms)
	rec.submit(chain, 500*ms, nil)
	rec.submit(entry, 2000*ms, nil)
	rec.submit(vain, 2100*ms, errTimeout)
	rec.collector.Commit(rec.hashes[vain])
	rec.block(8, 10_000*ms, chain, entry)
	rec.manifest.Counters = &results.Counters{
		Balances: results.Balances{Before: 5, Bought: 20, After: 12},
		Commits:  results.ChainCommits{From: 8, To: 9, Own: 3, OwnCredits: 13},
		Node: &results.NodeCalls{
			Sent:    results.Calls{Submits: results.Submits{CommitEntry: 2, CommitChain: 1, Reveal: 3}, All: 50},
			Counted: results.Calls{Submits: results.Submits{CommitEntry: 2, CommitChain: 1, Reveal: 3}, All: 47},
		},
	}
	return rec
}

// oddRows are the rows that do not add up.
func oddRows(r *Report) map[string]float64 {
	odd := map[string]float64{}
	for _, row := range r.Reconciliation {
		if row.OK != nil && !*row.OK {
			odd[row.What] = float64(row.Difference)
		}
	}
	return odd
}

// Where a part of the record is missing, nothing is said to not add up.
func TestReconciliationOfADamagedRecord(t *testing.T) {
	rec := counted(t)
	rec.build()
	if err := os.Truncate(filepath.Join(rec.dir.Path, results.EntriesFile), 100); err != nil {
		t.Fatal(err)
	}
	r, err := Build(rec.dir.Path)
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Reconciliation) < 5 {
		t.Errorf("%d rows", len(r.Reconciliation))
	}
	for _, row := range r.Reconciliation {
		if row.OK != nil || !math.IsNaN(float64(row.Harness)) || !strings.HasPrefix(row.Note, "not known: ") {
			t.Errorf("%+v", row)
		}
	}
}

func TestReconciliation(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*results.Counters)
		want   map[string]float64
		note   string // of one of them
	}{
		"it adds up": {func(c *results.Counters) {}, map[string]float64{}, ""},
		"credits are missing": {func(c *results.Counters) { c.Balances.After = 10 },
			map[string]float64{"credits": 2}, "5 before, 20 bought, 10 left; must be equal; others pay with the run's keys"},
		"credits are left over": {func(c *results.Counters) { c.Balances.After = 14 },
			map[string]float64{"credits": -2}, "others bought credits for the keys"},
		"the balance rose": {func(c *results.Counters) { c.Balances.After = 30 },
			map[string]float64{"credits": -18}, "the balances rose"},
		"commits of others": {func(c *results.Counters) {
			c.Commits.Others, c.Commits.OthersCredits, c.Commits.Examples = 2, 2, []string{"ab\x1b[2J", "cd"}
		}, map[string]float64{"commits": 2, "commit-credits": 2}, "2 of them are not the run's (ab?[2J, cd)"},
		"commits that came twice": {func(c *results.Counters) { c.Commits.Own, c.Commits.OwnCredits, c.Commits.Repeated = 4, 24, 1 },
			map[string]float64{"commits": 1, "commit-credits": 11}, "1 pay for an entry that a commit before had paid for"},
		"a commit is in no block": {func(c *results.Counters) { c.Commits.Own, c.Commits.OwnCredits = 2, 12 },
			map[string]float64{"commits": -1, "commit-credits": -1}, "are in no block"},
		"a commit says another price": {func(c *results.Counters) { c.Commits.OwnCredits = 14 },
			map[string]float64{"commit-credits": 1}, "credits are not those"},
		"what was not answered may not have come": {func(c *results.Counters) {
			c.Node.Counted.CommitEntry, c.Node.Counted.Reveal, c.Node.Counted.All = 1, 1, 42
		}, map[string]float64{}, ""},
		"the node counts too few": {func(c *results.Counters) {
			c.Node.Counted.Reveal, c.Node.Counted.All = 0, 41
		}, map[string]float64{"reveal-calls": -3, "calls": -9}, "calls did not come to the node, or it did not count them"},
		"the node counts too many": {func(c *results.Counters) { c.Node.Counted.CommitChain, c.Node.Counted.All = 2, 51 },
			map[string]float64{"commit-chain-calls": 1, "calls": 1}, "others call the API of this node"},
		"the node's rate": {func(c *results.Counters) { c.Rate = &results.NodeRate{Counted: 85, Sent: 100, Polls: 6} },
			map[string]float64{}, "may differ by 20 %"},
		"the node does not keep up": {func(c *results.Counters) { c.Rate = &results.NodeRate{Counted: 60.5, Sent: 100, Polls: 40} },
			map[string]float64{"transactions-per-s": -39.5}, "mean of 40 answers; the node does not keep up"},
		"others write on the network": {func(c *results.Counters) { c.Rate = &results.NodeRate{Counted: 140, Sent: 100, Polls: 40} },
			map[string]float64{"transactions-per-s": 40}, "others write on this network"},
		"the node tosses what it needs": {func(c *results.Counters) { c.Node.Counted.Repeats = 4 },
			map[string]float64{"repeats": 4}, "had not been sent twice"},
		"retries are tossed, or not": {func(c *results.Counters) { c.Node.Sent.Repeats, c.Node.Counted.Repeats = 4, 2 },
			map[string]float64{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			rec := counted(t)
			test.change(rec.manifest.Counters)
			r := rec.build()
			if r.Totals.CreditsSpent != 13 || len(r.Reconciliation) < 9 {
				t.Fatalf("totals %+v, %d rows", r.Totals, len(r.Reconciliation))
			}
			if diff := cmp.Diff(test.want, oddRows(r)); diff != "" {
				t.Errorf("-want +got:\n%s%+v", diff, r.Reconciliation)
			}
			var b strings.Builder
			if err := WriteSummary(&b, r, "run"); err != nil || strings.Count(b.String(), "\ncounts    ") != len(test.want) {
				t.Errorf("%v, the summary is\n%s", err, b.String())
			}
			var notes []string
			for _, row := range r.Reconciliation {
				notes = append(notes, row.Note)
			}
			if !strings.Contains(strings.Join(notes, "\n"), test.note) {
				t.Errorf("no note says %q: %q", test.note, notes)
			}
		})
	}
}

// What is in no block as its block was not waited for is no riddle.
func TestReconciliationOfAccepted(t *testing.T) {
	for commits, odd := range map[uint64]bool{1: true, 2: false, 3: false, 4: true} {
		rec := record(t)
		for i := range int64(3) {
			entry := rec.plan(2, results.KindEntry, (2000+i)*ms)
			rec.submit(entry, (2000+i)*ms, nil)
			if i == 0 {
				rec.accept(entry, 2100*ms)
				continue
			}
			rec.block(uint32(8+i), 10_000*ms, entry)
		}
		rec.manifest.Counters = &results.Counters{Balances: results.Balances{Before: 3}, Commits: results.ChainCommits{Own: commits, OwnCredits: commits}}
		r := rec.build()
		got := oddRows(r)
		_, number := got["commits"]
		if _, credits := got["commit-credits"]; number != odd || credits != odd || r.Totals.Accepted != 1 {
			t.Errorf("%d commits: %v, totals %+v", commits, got, r.Totals)
		}
	}
}

// Calls that were not answered as they must be may have cost something.
func TestReconciliationWithHostileCalls(t *testing.T) {
	for spent, odd := range map[int64]bool{15: true, 16: false, 16 + 3 + 10: false, 16 + 3 + 11: true} {
		rec := counted(t)
		rec.call(scenarios.RepeatedCommit, 2100*ms, results.CallRight, errRepeated) // 1 credit
		rec.call(scenarios.CommitWithoutReveal, 2100*ms, results.CallRight, nil)    // 1
		rec.call(scenarios.RepeatedReveal, 2100*ms, results.CallRight, nil)         // 1
		rec.call(scenarios.StaleTimestamp, 2100*ms, results.CallRight, nil)         // 0
		rec.call(scenarios.RepeatedCommit, 2200*ms, results.CallWrong, nil)         // 3 at most
		rec.call(scenarios.OversizeEntry, 2300*ms, results.CallFailed, errTimeout)  // 10 at most
		rec.manifest.Counters.Balances = results.Balances{Before: 100, After: 100 - spent}
		rec.manifest.Counters.Node.Counted.Repeats = 3 // the reveal, the old commit, and the one that was not refused
		r := rec.build()
		if _, is := oddRows(r)["credits"]; is != odd {
			t.Errorf("%d credits: odd %v, want %v: %+v", spent, is, odd, r.Reconciliation[0])
		}
		if d, is := oddRows(r)["repeats"]; is {
			t.Errorf("repeats differ by %g", d)
		}
	}
}

// What could not be read is not known, and why is said; what the record itself has
// is known all the same.
func TestReconciliationUnread(t *testing.T) {
	for name, test := range map[string]struct {
		change func(*results.Manifest)
		why    string
		rows   int
	}{
		"killed": {func(m *results.Manifest) { m.Counters = nil }, "not known: " + unread, 4},
		"not read": {func(m *results.Manifest) {
			m.Counters = &results.Counters{
				Balances: results.Balances{Why: "no\x1b answer"}, Commits: results.ChainCommits{Why: "no\x1b answer"}, Node: &results.NodeCalls{Why: "no\x1b answer"},
			}
		}, "not known: no? answer", 9},
	} {
		t.Run(name, func(t *testing.T) {
			rec := counted(t)
			test.change(rec.manifest)
			r := rec.build()
			if len(r.Reconciliation) != test.rows {
				t.Fatalf("%+v", r.Reconciliation)
			}
			for _, row := range r.Reconciliation {
				if row.What == countChainEntries {
					ok := true
					if diff := cmp.Diff(Reconciliation{countChainEntries, 2, 2, 0, &ok, "must be equal"}, row); diff != "" {
						t.Error(diff)
					}
					continue
				}
				if !math.IsNaN(float64(row.Node)) || !math.IsNaN(float64(row.Difference)) || row.OK != nil || row.Note != test.why {
					t.Errorf("%+v", row)
				}
			}
			if r.Reconciliation[0].Harness != 13 {
				t.Errorf("%+v", r.Reconciliation[0])
			}
		})
	}
}
