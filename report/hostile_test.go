package report

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// call tells of a hostile call that was answered 2 ms after it was planned.
func (r *recording) call(kind scenarios.HostileKind, at int64, o results.CallOutcome, err error) {
	r.collector.Called(results.Call{
		Kind: results.Hostile, Name: string(kind), Planned: at, Sent: at + ms, Ended: at + 2*ms, Outcome: o, Err: results.NewError(err),
	})
}

var errRepeated = &factomd.Failure{Rejected: true, Code: -32011, Message: "Repeated Commit"}

// troubles tells of hostile calls that a node takes ill.
func troubles(r *recording) {
	r.call(scenarios.RepeatedCommit, 1500*ms, results.CallRight, errRepeated) // not measured
	r.call(scenarios.RepeatedCommit, 2100*ms, results.CallRight, errRepeated)
	r.call(scenarios.RepeatedCommit, 2200*ms, results.CallWrong, errRejected)
	r.call(scenarios.OversizeEntry, 2300*ms, results.CallRight, errRejected)
	r.call(scenarios.OversizeEntry, 2400*ms, results.CallFailed, errTimeout)
	r.call(scenarios.WrongSignature, 2500*ms, results.CallWrong, nil)
	r.call(scenarios.WrongSignature, 2100*ms, results.CallWrong, nil)
	r.collector.Called(results.Call{Kind: results.Hostile, Name: "of-tomorrow", Planned: 2600 * ms, Sent: results.Never, Ended: results.Never, Outcome: results.CallFailed})
	forbidden := factomd.EntryHash([]byte("forbidden"))
	r.collector.Forbid(forbidden, string(scenarios.UnpaidKey))
	r.collector.Block(results.Sighting{Height: 30, Seen: 20_000 * ms, Entries: []factomd.Hash{forbidden}})
}

func TestHostileAndFindings(t *testing.T) {
	rec := record(t, "findings == 0", "hostile.wrong <= 3", "hostile.failed < 3", "hostile.count > 7")
	i := rec.plan(2, results.KindEntry, 2000*ms)
	rec.submit(i, 2000*ms, nil)
	rec.block(8, 10_000*ms, i)
	troubles(rec)
	r := rec.build()

	success := HostileAnswer{0, "success", 2}
	want := []HostileKind{
		{Kind: "repeated-commit", Count: 3, Right: 2, Wrong: 1, CreditsSpent: 2, Answers: []HostileAnswer{{-32011, "Repeated Commit", 2}, {-32602, "Invalid params", 1}}},
		{Kind: "wrong-signature", Count: 2, Wrong: 2, Answers: []HostileAnswer{success}},
		{Kind: "oversize-entry", Count: 2, Right: 1, Failed: 1, CreditsSpent: 10, Answers: []HostileAnswer{{-32602, "Invalid params", 1}, {0, "timeout", 1}}},
		{Kind: "of-tomorrow", Count: 1, Failed: 1, Answers: []HostileAnswer{{0, "success", 1}}},
	}
	if diff := cmp.Diff(want, r.Hostile, cmpopts.IgnoreFields(HostileKind{}, "Expected", "LatencyMS")); diff != "" {
		t.Error(diff)
	}
	if l := r.Hostile[0].LatencyMS; l.Count != 2 || l.Max < 1.99 || l.Max > 2.01 || r.Hostile[0].Expected != scenarios.RepeatedCommit.Expected() {
		t.Errorf("%s: %+v", r.Hostile[0].Expected, l)
	}
	if diff := cmp.Diff([]Finding{
		{2.102, "wrong-answer", "wrong-signature", "answered with success", 2},
		{2.202, "wrong-answer", "repeated-commit", "answered with Invalid params (-32602)", 1},
		{20, "forbidden-entry", "unpaid-key", fmt.Sprintf("entry %s is in block 30", factomd.EntryHash([]byte("forbidden"))), 1},
	}, r.Findings); diff != "" {
		t.Error(diff)
	}

	// Findings show in the verdict's sentence; it takes a threshold to fail.
	if r.Verdict != Fail || r.VerdictWhy != "1 of 4 thresholds failed: findings == 0; 4 findings." {
		t.Errorf("%s: %s", r.Verdict, r.VerdictWhy)
	}
	if r.Totals.Planned != 1 || r.Totals.CreditsSpent != 1 || r.Blocks[1].Entries != 0 || len(r.Errors) != 0 {
		t.Errorf("hostile calls are in the figures of the load: %+v, %+v", r.Totals, r.Blocks[1])
	}
	var b bytes.Buffer
	if err := WriteSummary(&b, r, "run"); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"hostile   8 = 3 right + 3 wrong + 2 failed; 12 entry credits\n",
		"finding   2 × wrong-answer, wrong-signature: answered with success\n",
		"FAILED    findings == 0: 4\n", "ok        hostile.failed < 3: 2\n",
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("the summary lacks %q:\n%s", line, &b)
		}
	}
}

// A wrong answer to a query is a finding, in a warm-up too, and fails no run by
// itself.
func TestFindingsAlonePass(t *testing.T) {
	rec := record(t)
	i := rec.plan(2, results.KindEntry, 2000*ms)
	rec.submit(i, 2000*ms, nil)
	rec.block(8, 10_000*ms, i)
	rec.collector.Called(results.Call{Kind: results.Query, Name: "heights", Planned: 1100 * ms, Sent: 1100 * ms, Ended: 1101 * ms, Outcome: results.CallWrong, Err: results.NewError(errRejected)})
	r := rec.build()
	if diff := cmp.Diff([]Finding{{1.101, "wrong-answer", "heights", "answered with Invalid params (-32602)", 1}}, r.Findings); diff != "" || len(r.Hostile) > 0 {
		t.Error(diff, r.Hostile)
	}
	if r.Verdict != Pass || r.VerdictWhy != "1 of 1 planned entries are confirmed, 0 lost; 1 finding." {
		t.Errorf("%s: %s", r.Verdict, r.VerdictWhy)
	}
}

// What was not looked at to the end is not known to be free of findings.
func TestOpenFindings(t *testing.T) {
	rec := record(t)
	rec.submit(rec.plan(2, results.KindEntry, 2000*ms), 2000*ms, nil)
	rec.manifest.FindingsOpen = true
	rec.manifest.Scenario.Thresholds = []string{"findings == 0"}
	rec.collector.Called(results.Call{Kind: results.Hostile, Name: "unpaid-key", Planned: 1100 * ms, Sent: 1100 * ms, Ended: 1101 * ms})
	r := rec.build()
	if th := r.Thresholds[0]; th.OK || !math.IsNaN(float64(th.Value)) || !strings.HasSuffix(r.VerdictWhy, " There may be more findings: the wait ended before the blocks were read that could hold them.") {
		t.Errorf("%+v; %s", th, r.VerdictWhy)
	}
	var b bytes.Buffer
	if err := WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	if text := b.String(); !strings.Contains(text, "There may be more.") || strings.Contains(text, "No finding: every") {
		t.Error("the page does not say that findings are open")
	}
}

// A node that misbehaves in ever new ways does not make the report grow without
// end, and every finding is counted.
func TestManyFindings(t *testing.T) {
	var f findingFold
	const all = MaxListed + 500
	for i := range all {
		f.add(results.Finding{At: int64(i), Kind: results.ForbiddenEntry, Name: "unpaid-key", Detail: fmt.Sprint(i)})
	}
	r := Report{Findings: f.rows()}
	if n := len(r.Findings); n != MaxListed+1 || r.findings() != all {
		t.Errorf("%d rows, %d findings", n, r.findings())
	}
	if last := r.Findings[MaxListed]; last.Count != 500 || last.Detail != moreFindings {
		t.Errorf("the last row is %+v", last)
	}
}
