package results

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// missingEntries returns a collector with n entries that the API took and
// nothing has seen since.
func missingEntries(t *testing.T, n uint64) *bench {
	b := newBench(t)
	for i := range n {
		b.plan(i, 1, KindEntry, 0)
		b.submit(i, 10, nil)
	}
	return b
}

func noAck(factomd.Hash) factomd.Ack {
	return factomd.Ack{Commit: factomd.StatusUnknown, Entry: factomd.StatusUnknown}
}

// The audit finds the stage of each lost entry.
func TestAuditStages(t *testing.T) {
	b := missingEntries(t, 7)
	b.plan(7, 1, KindEntry, 0)
	b.submit(7, 10, errRefused) // was not taken: is not missing
	b.Accept(entryHash(5), 20)  // and then in no block
	b.Polled(30, 100)
	b.block(101, 40)
	b.block(102, 50, entryHash(6))
	b.Commit(entryHash(4)) // seen by the live feed
	node := newFakeNode(102)
	node.commits[101] = []factomd.Hash{testHash('x', 1), entryHash(1), entryHash(6)}
	node.commits[102] = []factomd.Hash{entryHash(7)}
	asked := map[factomd.Hash]bool{}
	node.ack = func(h factomd.Hash) factomd.Ack {
		asked[h] = true
		switch h {
		case entryHash(2):
			return factomd.Ack{Commit: factomd.StatusACK, Entry: factomd.StatusUnknown}
		case entryHash(3):
			return factomd.Ack{Commit: factomd.StatusConfirmed, Entry: factomd.StatusACK}
		}
		return noAck(h)
	}
	if err := Audit(t.Context(), b.Collector, node, 101, 102); err != nil {
		t.Fatal(err)
	}
	type end struct {
		Outcome Outcome
		Stage   Stage
	}
	got := map[uint64]end{}
	for i, e := range b.finish() {
		got[i] = end{e.Outcome, e.Stage}
	}
	want := map[uint64]end{
		0: {Lost, StageCommit},
		1: {Lost, StageReveal}, // its commit is in a block
		2: {Lost, StageReveal}, // the node says so
		3: {Accepted, NoStage}, // it still waits in a process list
		4: {Lost, StageReveal},
		5: {Lost, StageAccepted},
		6: {Confirmed, NoStage},
		7: {Rejected, StageReveal}, // and paid for
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("outcomes (-want +got):\n%s", diff)
	}
	if asked[entryHash(5)] || asked[entryHash(6)] || asked[entryHash(7)] {
		t.Error("the node was asked for entries whose end is known")
	}
}

// A node in trouble is not asked for everything.
func TestAuditIsBounded(t *testing.T) {
	b := missingEntries(t, auditAcks+100)
	node := newFakeNode(110)
	node.ack = noAck
	if err := Audit(t.Context(), b.Collector, node, 101, 110); err != nil {
		t.Fatal(err)
	}
	requests := map[string]int{}
	for _, c := range node.called() {
		requests[c]++
	}
	if diff := cmp.Diff(map[string]int{"commits": 10, "ack": auditAcks}, requests); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

// Once all commits are found no more blocks are asked for.
func TestAuditEndsEarly(t *testing.T) {
	b := missingEntries(t, 1)
	node := newFakeNode(1000)
	node.commits[102] = []factomd.Hash{entryHash(0)}
	node.ack = noAck
	if err := Audit(t.Context(), b.Collector, node, 101, 1000); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"commits", "commits", "ack"}, node.called()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestAuditOfNothing(t *testing.T) {
	node := newFakeNode(1000)
	if err := Audit(t.Context(), newBench(t).Collector, node, 1, 1000); err != nil || len(node.called()) > 0 {
		t.Errorf("it made requests, or failed: %v", err)
	}
}

// A node that fails stops the audit; what was found until then counts.
func TestAuditErrors(t *testing.T) {
	for _, c := range []struct{ failing, want string }{
		{"commits", "looking for lost commits: " + errDown.Error()},
		{"ack", "asking for a lost entry: " + errDown.Error()},
	} {
		t.Run(c.failing, func(t *testing.T) {
			b := missingEntries(t, 3)
			node := newFakeNode(110)
			node.commits[101] = []factomd.Hash{entryHash(0)}
			node.ack = noAck
			answers := 0
			node.fail = func(method string) error {
				if method != c.failing {
					return nil
				}
				if answers++; answers > 1 {
					return errDown
				}
				return nil
			}
			err := Audit(t.Context(), b.Collector, node, 101, 110)
			if !errors.Is(err, errDown) || !strings.Contains(fmt.Sprint(err), c.want) {
				t.Errorf("error is %v", err)
			}
			e := b.finish()
			if e[0].Stage != StageReveal || e[1].Stage != StageCommit || e[1].Outcome != Lost {
				t.Errorf("entries are %+v", e)
			}
		})
	}
}
