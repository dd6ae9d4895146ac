package report

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/results"
)

// confirmed is a run of one entry, which a block confirms, and of some checks.
func confirmed(t *testing.T, thresholds ...string) *recording {
	rec := record(t, thresholds...)
	i := rec.plan(2, results.KindEntry, 2000*ms)
	rec.submit(i, 2000*ms, nil)
	rec.block(8, 10_000*ms, i)
	rec.manifest.Observed.Integrity = results.Integrity{EntriesChecked: 5, EntriesUnchecked: 1, EntryBlocksChecked: 4, EntryBlocksUnchecked: 2, BlocksChecked: 9, BlocksUnchecked: 3}
	return rec
}

// forged tells of what a node must not serve.
func (r *recording) forged(kind results.FindingKind, at int64) {
	r.collector.Found(results.Finding{At: at, Kind: kind, Name: "entry", Detail: "of " + string(kind)})
}

// What a node serves falsely fails a run without a threshold, comes before all else,
// and is no finding of hostile calls or queries.
func TestIntegrity(t *testing.T) {
	rec := confirmed(t)
	rec.forged(results.WrongContent, 11_000*ms)
	rec.forged(results.WrongMerkleRoot, 12_000*ms)
	rec.forged(results.WrongContent, 10_500*ms)
	rec.forged(results.MissingEntry, 13_000*ms)
	rec.forged(results.MissingBlock, 14_000*ms)
	rec.collector.Found(results.Finding{At: 15_000 * ms, Kind: results.ForbiddenEntry, Name: "unpaid-key"})
	r := rec.build()
	want := Integrity{
		EntriesChecked: 5, EntriesUnchecked: 1, EntryBlocksChecked: 4, EntryBlocksUnchecked: 2, BlocksChecked: 9, BlocksUnchecked: 3,
		Findings: []Finding{
			{10.5, "wrong-content", "entry", "of wrong-content", 2},
			{12, "wrong-merkle-root", "entry", "of wrong-merkle-root", 1},
			{13, "missing-entry", "entry", "of missing-entry", 1},
			{14, "missing-block", "entry", "of missing-block", 1},
		},
	}
	if diff := cmp.Diff(want, r.Integrity); diff != "" {
		t.Error(diff)
	}
	if len(r.Findings) != 1 {
		t.Errorf("other findings: %v", r.Findings)
	}
	const why = "The node served something else than its saved blocks commit to: 1 × missing-block, 1 × missing-entry, 2 × wrong-content, 1 × wrong-merkle-root. " +
		"1 of 1 planned entries are confirmed, 0 lost; 1 finding."
	if r.Verdict != Fail || r.ExitCode != ExitFail || r.VerdictWhy != why {
		t.Errorf("%s (%d): %s", r.Verdict, r.ExitCode, r.VerdictWhy)
	}
	page, root := pageOf(t, r)
	if alarm, verdict := strings.Index(page, "<strong>The node served something else"), strings.Index(page, `<div class="verdict">`); alarm < 0 || alarm > verdict {
		t.Errorf("the alarm is at %d of the page, the verdict at %d", alarm, verdict)
	}
	if text := textOf(byID(root, "hostile")); strings.Contains(text, "wrong-content") {
		t.Errorf("a check's finding is among those of calls: %s", text)
	}
	var b bytes.Buffer
	if err := WriteSummary(&b, r, "run"); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"FAIL  The node served something else", "checked   5 entries, 4 entry blocks and 9 directory blocks; 6 unchecked for want of an answer or of time\n",
		"finding   2 × wrong-content, entry: of wrong-content\n",
	} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("the summary lacks %q:\n%s", line, &b)
		}
	}
}

// Findings of checks count in the threshold on findings, and what was lost, or is not
// the node's doing, decides the verdict all the same.
func TestIntegrityAmongVerdicts(t *testing.T) {
	for name, test := range map[string]struct {
		kind    results.FindingKind
		change  func(*recording)
		verdict Verdict
		code    int
		why     string
	}{
		"none":        {"", nil, Pass, ExitOK, "1 of 1 planned"},
		"threshold":   {results.WrongContent, nil, Fail, ExitFail, "1 × wrong-content. 1 of 1 thresholds failed: findings == 0."},
		"interrupted": {results.MissingEntry, func(r *recording) { r.manifest.Interrupted, r.manifest.Why = true, "enough" }, Interrupted, ExitInterrupted, "1 × missing-entry. The run did not"},
		"lost": {results.WrongMerkleRoot, func(r *recording) {
			i := r.plan(2, results.KindEntry, 2100*ms)
			r.submit(i, 2100*ms, nil)
			for _, m := range r.collector.Missing() {
				r.collector.Audited(m)
			}
		}, Lost, ExitLost, "1 × wrong-merkle-root. 1 entry was lost"},
	} {
		rec := confirmed(t, "findings == 0")
		if test.kind != "" {
			rec.forged(test.kind, 1)
		}
		if test.change != nil {
			test.change(rec)
		}
		r := rec.build()
		if r.Verdict != test.verdict || r.ExitCode != test.code || !strings.Contains(r.VerdictWhy, test.why) {
			t.Errorf("%s: %s (%d): %s", name, r.Verdict, r.ExitCode, r.VerdictWhy)
		}
		if broken := strings.HasPrefix(r.VerdictWhy, "The node served"); broken != (test.kind != "") {
			t.Errorf("%s: %s", name, r.VerdictWhy)
		}
		if th := r.Thresholds[0]; th.OK != (test.kind == "") {
			t.Errorf("%s: %+v", name, th)
		}
	}
}
