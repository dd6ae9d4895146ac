package run_test

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// A forger has a node serve some of what it saved other than it was, and keeps what
// it was asked for.
type forger struct {
	begun atomic.Bool // the run has: blocks that were saved before are left alone

	mu    sync.Mutex
	asked map[string]int // by method and hash
}

func (f *forger) forge(method string, of factomd.Hash) factomdtest.Forgery {
	if !f.begun.Load() {
		return ""
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.asked[method+" "+of.String()]++
	return forgeryOf(method, of)
}

// forgeryOf alters some, hides others, and leaves the rest as it is.
func forgeryOf(method string, of factomd.Hash) factomdtest.Forgery {
	switch {
	case method == "entry-block":
	case method == "dblock-by-height" && pick(of, 0, 2), method != "dblock-by-height" && pick(of, 0, 3):
		return factomdtest.Altered
	case method != "dblock-by-height" && pick(of, 1, 3):
		return factomdtest.Hidden
	}
	return ""
}

// expected are the findings that there must be, by what was asked for: of what is
// hidden, once it was asked for again.
func (f *forger) expected(t *testing.T) map[string]bool {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	want := map[string]bool{}
	kinds := map[string]results.FindingKind{"entry": results.WrongContent, "raw-data": results.WrongMerkleRoot, "dblock-by-height": results.WrongMerkleRoot}
	for what, times := range f.asked {
		method, text, _ := strings.Cut(what, " ")
		hash, err := factomd.ParseHash(text)
		if err != nil {
			t.Fatal(err)
		}
		switch forgeryOf(method, hash) {
		case factomdtest.Altered:
			want[fmt.Sprint(kinds[method], " ", hash)] = true
		case factomdtest.Hidden:
			if times < 2 {
				t.Errorf("%s was asked for once, and is missing", what)
			}
			kind := results.MissingEntry
			if method == "raw-data" {
				kind = results.MissingBlock
			}
			want[fmt.Sprint(kind, " ", hash)] = true
		}
	}
	return want
}

// TestForgeriesAreFound has a node forge what it serves. Exactly what it forged of what
// it was asked for is found, which fails the run although it lost nothing. A block takes
// four checks, a third of which are of something hidden and take three requests: that is
// less than the checker may make in the time of a block, however many blocks a machine
// that is busy makes of the load.
func TestForgeriesAreFound(t *testing.T) {
	t.Parallel()
	f := &forger{asked: map[string]int{}}
	n := factomdtest.New(t, factomdtest.Options{BlockTime: 6 * time.Second, Forge: f.forge, Fault: func(c factomdtest.Call) *factomdtest.Fault {
		if c.Submits() {
			f.begun.Store(true)
		}
		return nil
	}})
	got := carryOut(t, plan{
		phase: "for: 8s, rate: 30/s", mix: "{kind: entry, size: 60..300B, weight: 3}, {kind: chain, size: 100B}",
		more: "observe: {content: 2, merkle: 2}\n",
	}.scenario(n.URL()))
	got.verdict(t, report.Fail, report.ExitFail)
	count(t, "entries confirmed", got.Totals.Confirmed, int(got.Totals.Planned))
	if !strings.HasPrefix(got.VerdictWhy, "The node served something else than its saved blocks commit to: ") || len(got.Findings) > 0 {
		t.Errorf("%s; %v", got.VerdictWhy, got.Findings)
	}

	found := map[string]bool{}
	for _, finding := range got.Integrity.Findings {
		if finding.Count != 1 || !strings.HasPrefix(finding.Detail, n.URL()+": ") {
			t.Errorf("%+v", finding)
		}
		for _, word := range strings.FieldsFunc(finding.Detail, func(r rune) bool { return strings.ContainsRune(" :,", r) }) {
			if _, err := factomd.ParseHash(word); err == nil {
				found[finding.Kind+" "+word] = true
				break // it is what the finding is about: of a directory block, what it comes to
			}
		}
	}
	if diff := cmp.Diff(f.expected(t), found); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
	i := got.Integrity
	if i.EntriesChecked < 4 || i.EntryBlocksChecked < 2 || i.BlocksChecked != uint64(len(got.Blocks)) || i.EntriesUnchecked+i.EntryBlocksUnchecked+i.BlocksUnchecked > 0 {
		t.Errorf("%+v, with %d blocks", i, len(got.Blocks))
	}
}

// TestUncheckedIsNoFinding has a node that does not answer checks, or with errors. That
// is said, and held against nobody.
func TestUncheckedIsNoFinding(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"silent": factomdtest.Silence(), "endless": factomdtest.Endless(), "gateway": factomdtest.HTML(http.StatusBadGateway), "cut": factomdtest.Truncated(),
		"internal": factomdtest.Refuse(-32603, "Internal error", "database error"), "slow": factomdtest.Drip(), "reset": factomdtest.Reset(),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Fault: func(c factomdtest.Call) *factomdtest.Fault {
				if c.Method == "entry" || c.Method == "raw-data" {
					return &factomdtest.Fault{Answer: answer}
				}
				return nil
			}})
			got := carryOut(t, plan{more: "thresholds: [findings == 0]\n"}.scenario(n.URL()))
			got.verdict(t, report.Pass, report.ExitOK)
			got.in(t, n)
			if i := got.Integrity; i.EntriesChecked+i.EntryBlocksChecked > 0 || i.EntriesUnchecked == 0 || i.EntryBlocksUnchecked == 0 || i.BlocksChecked == 0 || len(i.Findings) > 0 {
				t.Errorf("%+v", i)
			}
		})
	}
}

// TestWithoutChecks makes none if the scenario says so.
func TestWithoutChecks(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	got := carryOut(t, plan{more: "observe: {content: 0, merkle: 0}\n"}.scenario(n.URL()))
	got.verdict(t, report.Pass, report.ExitOK)
	if calls := n.Calls("entry") + n.Calls("raw-data"); calls > 0 || got.Integrity.Any() {
		t.Errorf("%d calls: %+v", calls, got.Integrity)
	}
}
