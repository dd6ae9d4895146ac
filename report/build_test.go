package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// A recording makes a run's directory by hand, entry by entry.
type recording struct {
	t         *testing.T
	dir       *results.Directory
	file      *os.File
	collector *results.Collector
	manifest  *results.Manifest
	partial   bool // it is reported on while it is in progress
	next      uint64
	refs      map[uint64]results.Ref
	hashes    map[uint64]factomd.Hash
}

const ms = int64(time.Millisecond)

// record begins a run with 10 s blocks and three phases: setup, a warm-up of
// 1 s, and a measured second.
func record(t *testing.T, thresholds ...string) *recording {
	t.Helper()
	dir, err := results.Create(filepath.Join(t.TempDir(), "run"))
	if err != nil {
		t.Fatal(err)
	}
	file, err := dir.Open(results.EntriesFile)
	if err != nil {
		t.Fatal(err)
	}
	r := &recording{
		t: t, dir: dir, file: file, collector: results.NewCollector(file),
		refs: map[uint64]results.Ref{}, hashes: map[uint64]factomd.Hash{},
		manifest: &results.Manifest{
			Schema: results.ManifestSchema, ID: "test",
			Started:  time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC),
			Ended:    time.Date(2026, 11, 24, 12, 1, 0, 0, time.UTC),
			Scenario: results.ManifestScenario{Name: "test", Thresholds: thresholds},
			Network: results.Network{ID: "fa92e5a4", Name: "LOCAL", BlockSeconds: 10, Endpoints: []results.Endpoint{
				{URL: "http://127.0.0.1:1/v2", Version: "v1"}, {URL: "http://127.0.0.1:2/v2", Version: "v1"},
			}},
			Observed:  results.Observed{AcceptMethod: "live-feed", AcceptResolutionMS: 1, ConfirmResolutionMS: 300},
			SendEnded: 3000 * ms,
		},
	}
	for i, p := range []results.Phase{
		{Name: "setup", Start: 0, End: 1000 * ms},
		{Name: "warmup", Start: 1000 * ms, End: 2000 * ms},
		{Name: "load", Measured: true, Start: 2000 * ms, End: 3000 * ms},
	} {
		r.collector.Phase(i, p)
	}
	return r
}

// plan plans an entry of 200 bytes for 1 credit, or a chain for 11.
func (r *recording) plan(phase int, kind results.Kind, at int64) uint64 {
	r.t.Helper()
	p := results.Planned{
		Index: r.next, Kind: kind, Phase: phase, At: at, Size: 200, Credits: 1, Endpoint: int(r.next % 2),
		Hash: factomd.EntryHash(fmt.Appendf(nil, "entry %d", r.next)),
	}
	if kind == results.KindChain {
		p.Credits, p.Chain = 11, factomd.EntryHash(fmt.Appendf(nil, "chain %d", r.next))
	}
	refs, err := r.collector.Plan([]results.Planned{p}, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	r.refs[r.next], r.hashes[r.next] = refs[0], p.Hash
	r.next++
	return p.Index
}

// submit answers both calls, 10 ms and 20 ms after the planned instant.
func (r *recording) submit(i uint64, planned int64, err error) {
	s := results.Submission{Sent: planned + ms, Committed: planned + 10*ms, Revealed: planned + 20*ms, Err: err}
	if err != nil {
		s.Committed, s.Revealed = results.Never, results.Never
	}
	r.collector.Submitted(r.refs[i], s)
}

func (r *recording) accept(i uint64, at int64) { r.collector.Accept(r.hashes[i], at) }

func (r *recording) block(height uint32, seen int64, own ...uint64) {
	s := results.Sighting{Height: height, Seen: seen}
	for _, i := range own {
		s.Entries = append(s.Entries, r.hashes[i])
	}
	r.collector.Polled(seen-ms, height)
	r.collector.Block(s)
}

// build finishes the record and folds it.
func (r *recording) build() *Report {
	r.t.Helper()
	for _, m := range r.collector.Missing() { // an audit that finds nothing
		r.collector.Audited(m)
	}
	if _, err := r.collector.Finish(); err != nil {
		r.t.Fatal(err)
	}
	return r.fold()
}

// fold folds the record as it is.
func (r *recording) fold() *Report {
	r.t.Helper()
	if err := errors.Join(r.collector.Flush(), r.dir.WriteManifest(r.manifest)); err != nil {
		r.t.Fatal(err)
	}
	report, err := build(r.dir.Path, r.partial, nil)
	if err != nil {
		r.t.Fatal(err)
	}
	t := report.Totals
	if sum := t.Confirmed + t.Accepted + t.Lost + t.Rejected + t.Failed + t.Skipped + t.Pending; sum != t.Planned {
		r.t.Errorf("planned is %d, and the outcomes sum up to %d", t.Planned, sum)
	}
	var b bytes.Buffer
	if err := WriteJSON(&b, report); err != nil {
		r.t.Fatal(err)
	}
	validate(r.t, b.Bytes())
	if err := WriteHTML(&b, report); err != nil {
		r.t.Error(err)
	}
	return report
}

var (
	errRejected = &factomd.Failure{Rejected: true, Code: -32602, Message: "Invalid params"}
	errTimeout  = &factomd.Failure{Message: "timeout"}
)

// every makes a record with each outcome at least once, in the measured phase,
// and one confirmed entry each in setup and warm-up.
func every(r *recording) {
	at := func(n int64) int64 { return 2000*ms + n*100*ms }
	setup := r.plan(0, results.KindChain, 0)
	r.submit(setup, 0, nil)
	warm := r.plan(1, results.KindEntry, 1000*ms)
	r.submit(warm, 1000*ms, nil)

	var confirmed []uint64
	for n := range int64(2) {
		i := r.plan(2, results.KindEntry, at(n))
		r.submit(i, at(n), nil)
		r.accept(i, at(n)+50*ms)
		confirmed = append(confirmed, i)
	}
	ambiguous := r.plan(2, results.KindEntry, at(2))
	r.submit(ambiguous, at(2), errTimeout)
	rejected := r.plan(2, results.KindEntry, at(3))
	r.submit(rejected, at(3), errRejected)
	failed := r.plan(2, results.KindEntry, at(4))
	r.submit(failed, at(4), errTimeout)
	noCommit := r.plan(2, results.KindEntry, at(5))
	r.submit(noCommit, at(5), nil)
	noReveal := r.plan(2, results.KindEntry, at(6))
	r.submit(noReveal, at(6), nil)
	r.collector.Commit(r.hashes[noReveal])
	inNoBlock := r.plan(2, results.KindEntry, at(7))
	r.submit(inNoBlock, at(7), nil)
	r.accept(inNoBlock, at(7)+50*ms)
	skipped := r.plan(2, results.KindEntry, at(8))
	r.collector.Skip(r.refs[skipped])

	r.block(1, 10_000*ms, setup, warm, confirmed[0])
	r.block(2, 20_000*ms, confirmed[1], ambiguous)
	r.block(3, 30_000*ms)
	cutOff := r.plan(2, results.KindEntry, at(9))
	r.submit(cutOff, at(9), nil)
	r.accept(cutOff, 30_100*ms)
}

func TestTotals(t *testing.T) {
	rec := record(t)
	every(rec)
	r := rec.build()
	want := Totals{
		Planned: 12, Sent: 11, Confirmed: 5, Accepted: 1, Lost: 3, Rejected: 1, Failed: 1, Skipped: 1, Ambiguous: 1,
		Chains: 1, Entries: 11,
		// 5 confirmed with the chain's 11, 1 accepted, and of the lost those
		// whose commit was seen.
		CreditsSpent: 11 + 4 + 1 + 2,
		Bytes:        11 * 200,
	}
	if r.Totals != want {
		t.Errorf("totals\n got %+v\nwant %+v", r.Totals, want)
	}
	var phases Totals
	for _, p := range r.Phases {
		phases.Planned += p.Totals.Planned
		phases.Confirmed += p.Totals.Confirmed
	}
	if phases.Planned != 12 || phases.Confirmed != 5 {
		t.Errorf("the phases sum up to %+v", phases)
	}
	if a, b := r.Endpoints[0].Totals.Planned, r.Endpoints[1].Totals.Planned; a != 6 || b != 6 {
		t.Errorf("the endpoints have %d and %d planned, want 6 each", a, b)
	}
	if r.Verdict != Lost || r.ExitCode != 4 {
		t.Errorf("verdict %s, exit code %d; want lost, 4", r.Verdict, r.ExitCode)
	}
}

func TestLatencies(t *testing.T) {
	rec := record(t)
	every(rec)
	r := rec.build()
	l := r.LatencyMS
	near := func(name string, got, want float64) {
		t.Helper()
		if math.Abs(got-want) > want/500 { // 3 significant digits
			t.Errorf("%s is %v ms, want %v", name, got, want)
		}
	}
	near("submit p50", l.Submit.P50, 20)
	near("commit service p50", l.CommitService.P50, 9)
	near("reveal service p50", l.RevealService.P50, 10)
	near("schedule p99", l.Schedule.P99, 1)
	near("confirm min", l.Confirm.Min, 8000)
	near("confirm max", l.Confirm.Max, 17_900)
	if l.Confirm.Count != 3 {
		t.Errorf("%d confirm latencies, want the 3 of the measured phase", l.Confirm.Count)
	}
	if l.Submit.Count != 6 {
		t.Errorf("%d submit latencies, want 6: a call that failed has none", l.Submit.Count)
	}
	if l.Accept.Method != "live-feed" || l.Accept.ResolutionMS != 1 || l.Confirm.Method != "block-scan" || l.Confirm.ResolutionMS != 300 {
		t.Errorf("methods: accept %s (%v ms), confirm %s (%v ms)", l.Accept.Method, l.Accept.ResolutionMS, l.Confirm.Method, l.Confirm.ResolutionMS)
	}
	h, err := hdrhistogram.Decode([]byte(l.Confirm.Histogram))
	if err != nil {
		t.Fatal(err)
	}
	if h.TotalCount() != 3 || h.Max() < 17_800*ms || h.Max() > 18_000*ms {
		t.Errorf("the histogram has %d values up to %d ns", h.TotalCount(), h.Max())
	}
}

// Latencies of calls that were never answered do not exist; the page says how
// many those are.
func TestWithoutLatency(t *testing.T) {
	rec := record(t)
	every(rec)
	r := rec.build()
	var b bytes.Buffer
	if err := WriteHTML(&b, r); err != nil {
		t.Fatal(err)
	}
	want := "Of the 9 entries sent in the measured phases, 3 have no submit latency, as a call failed or was refused; " +
		"6 have no confirm latency"
	if !strings.Contains(b.String(), want) {
		t.Errorf("the page does not say %q", want)
	}
}

func TestRates(t *testing.T) {
	rec := record(t)
	every(rec)
	r := rec.build()
	want := Rates{PlannedPerS: 10, SentPerS: 9, ConfirmedPerS: 0.2} // 2 of the second block in 10 s
	if r.Rates != want {
		t.Errorf("rates %+v, want %+v", r.Rates, want)
	}
}

func TestBlocksErrorsAudit(t *testing.T) {
	rec := record(t)
	every(rec)
	r := rec.build()
	if len(r.Blocks) != 3 || r.Blocks[0].OwnEntries != 3 || r.Blocks[1].OwnEntries != 2 || r.Blocks[2].OwnEntries != 0 {
		t.Errorf("blocks %+v", r.Blocks)
	}
	if got := r.Blocks[0].LatencyMS.Count; got != 3 {
		t.Errorf("the first block has %d latencies, want 3", got)
	}
	if len(r.Errors) != 2 || r.Errors[0].Message != "timeout" || r.Errors[0].Count != 2 || r.Errors[0].FirstS != 2.2 ||
		r.Errors[0].Example != rec.hashes[4].String() || r.Errors[1].Code != -32602 {
		t.Errorf("errors %+v", r.Errors)
	}
	var stages []string
	for _, l := range r.Audit.Lost {
		stages = append(stages, l.Stage)
	}
	if got := strings.Join(stages, " "); got != "commit reveal accepted" || r.Audit.Total != 3 || r.Audit.Listed != 3 {
		t.Errorf("audit %+v", r.Audit)
	}
}

func TestSeries(t *testing.T) {
	rec := record(t)
	every(rec)
	s := rec.build().Series
	sum := func(column string) (n int) {
		t.Helper()
		for i, name := range s.Columns {
			if name == column {
				for _, row := range s.Rows {
					n += int(row[i])
				}
				return n
			}
		}
		t.Fatalf("no column %s", column)
		return 0
	}
	for column, want := range map[string]int{
		"planned": 12, "sent": 11, "committed": 8, "revealed": 8, "accepted": 4, "confirmed": 5, "errors": 3,
	} {
		if got := sum(column); got != want {
			t.Errorf("%s sums up to %d, want %d", column, got, want)
		}
	}
	if len(s.Rows) != 31 {
		t.Errorf("%d rows, want 31: the last event is in second 30", len(s.Rows))
	}
}

func TestVerdicts(t *testing.T) {
	good := func(rec *recording) {
		for n := range int64(10) {
			i := rec.plan(2, results.KindEntry, 2000*ms+n*100*ms)
			rec.submit(i, 2000*ms+n*100*ms, nil)
			rec.block(uint32(n+1), 10_000*ms+n*ms, i)
		}
	}
	late := func(rec *recording, waited bool) {
		good(rec)
		i := rec.plan(2, results.KindEntry, 2950*ms)
		rec.collector.Submitted(rec.refs[i], results.Submission{
			Sent: 2950*ms + 500*ms, Committed: 2950*ms + 501*ms, Revealed: 2950*ms + 502*ms, Late: true, Waited: waited,
		})
		rec.block(20, 40_000*ms, i)
	}
	giveUp := func(rec *recording, waited bool) {
		good(rec)
		for n := range int64(3) {
			i := rec.plan(2, results.KindEntry, 2950*ms+n)
			rec.collector.GiveUp(rec.refs[i], 3450*ms, waited)
		}
	}
	// In one of 200 entries the harness stands still for 3 % of the measured second.
	standstill := func(rec *recording, users int) {
		rec.manifest.Load.Users = users
		var all []uint64
		for n := range int64(200) {
			at := 2000*ms + n*4*ms
			i := rec.plan(2, results.KindEntry, at)
			all = append(all, i)
			if n == 100 {
				rec.collector.Submitted(rec.refs[i], results.Submission{Sent: at + 30*ms, Committed: at + 31*ms, Revealed: at + 32*ms, Late: true})
				continue
			}
			rec.submit(i, at, nil)
		}
		rec.block(1, 10_000*ms, all...)
	}
	for _, c := range []struct {
		name       string
		thresholds []string
		make       func(*recording)
		verdict    Verdict
		code       int
	}{
		{"all well", []string{"lost == 0", "confirm.p99 < 1blocks"}, good, Pass, 0},
		{"a threshold in milliseconds", []string{"submit.p99 < 5ms"}, good, Fail, 3},
		{"a threshold in blocks", []string{"confirm.max < 0.5blocks"}, good, Fail, 3},
		{"a threshold without samples", []string{"accept.p95 < 1s"}, good, Fail, 3},
		{"a share", []string{"confirmed >= 100%"}, good, Pass, 0},
		{"too many are unconfirmed for a p99", []string{"confirm.p99 < 9blocks"}, func(r *recording) {
			good(r)
			i := r.plan(2, results.KindEntry, 2990*ms)
			r.submit(i, 2990*ms, nil)
			r.accept(i, 50_000*ms) // after the last poll
		}, Fail, 3},
		{"and not for a p50", []string{"confirm.p50 < 9blocks"}, func(r *recording) {
			good(r)
			i := r.plan(2, results.KindEntry, 2990*ms)
			r.submit(i, 2990*ms, nil)
			r.accept(i, 50_000*ms)
		}, Pass, 0},
		{"an unanswered one counts as the slowest", []string{"submit.p95 < 500ms"}, func(r *recording) {
			var all []uint64
			for n := range int64(20) {
				at := 2000*ms + n*ms
				i := r.plan(2, results.KindEntry, at)
				all = append(all, i)
				switch n {
				case 3:
					r.submit(i, at, errTimeout)
				case 7: // the 19th of 20, if the other is the 20th
					r.collector.Submitted(r.refs[i], results.Submission{Sent: at, Committed: at + ms, Revealed: at + 900*ms})
				default:
					r.submit(i, at, nil)
				}
			}
			r.block(1, 10_000*ms, all...)
		}, Fail, 3},
		{"too many are unanswered", []string{"submit.p95 < 1s"}, func(r *recording) {
			good(r)
			r.submit(r.plan(2, results.KindEntry, 2990*ms), 2990*ms, errTimeout)
		}, Fail, 3},
		{"lost", nil, every, Lost, 4},
		{"lost beats thresholds", []string{"submit.p99 < 1ms"}, every, Lost, 4},
		{"the scenario allows loss", []string{"lost < 10"}, every, Pass, 0},
		{"the scenario allows less", []string{"lost < 2"}, every, Lost, 4},
		{"of two rules the stricter counts", []string{"lost < 2", "lost < 10"}, every, Lost, 4},
		{"the harness was late", nil, func(r *recording) { late(r, false) }, Invalid, 5},
		{"the node held it back", nil, func(r *recording) { late(r, true) }, Pass, 0},
		{"the harness gave slots up", nil, func(r *recording) { giveUp(r, false) }, Invalid, 5},
		{"the node held them back", nil, func(r *recording) { giveUp(r, true) }, Pass, 0},
		{"one standstill among many entries", nil, func(r *recording) { standstill(r, 0) }, Pass, 0},
		{"a user waits for a standstill", nil, func(r *recording) { standstill(r, 1) }, Invalid, 5},
		{"a hundred users hardly do", nil, func(r *recording) { standstill(r, 100) }, Pass, 0},
		{"no files left", nil, func(r *recording) {
			good(r)
			i := r.plan(2, results.KindEntry, 2990*ms)
			r.collector.Submitted(r.refs[i], results.Submission{
				Sent: results.Never, Committed: results.Never, Revealed: results.Never,
				Err: &factomd.Failure{Message: "dial: too many open files"},
			})
		}, Invalid, 5},
		{"invalid beats lost", nil, func(r *recording) { every(r); late(r, false) }, Invalid, 5},
		{"stopped by the user", nil, func(r *recording) {
			good(r)
			r.manifest.Interrupted, r.manifest.Why = true, "stopped by the user"
		}, Interrupted, 130},
		{"stopped by a failure", nil, func(r *recording) {
			good(r)
			r.manifest.Interrupted, r.manifest.Failure, r.manifest.Why = true, true, "disk full"
		}, Interrupted, 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			rec := record(t, c.thresholds...)
			c.make(rec)
			r := rec.build()
			if r.Verdict != c.verdict || r.ExitCode != c.code {
				t.Errorf("verdict %s, exit code %d (%s); want %s, %d", r.Verdict, r.ExitCode, r.VerdictWhy, c.verdict, c.code)
			}
			if r.Harness.Valid == (c.verdict == Invalid) {
				t.Errorf("valid: %v (%s)", r.Harness.Valid, r.Harness.Why)
			}
			if r.VerdictWhy == "" {
				t.Error("the verdict is not explained")
			}
		})
	}
}

// A record that ends early says so, and still adds up.
func TestKilledRun(t *testing.T) {
	rec := record(t)
	every(rec)
	r := rec.fold()
	if r.Verdict != Interrupted || r.ExitCode != 1 || !r.Run.Interrupted || r.Run.Why == "" {
		t.Errorf("verdict %s, exit code %d, why %q", r.Verdict, r.ExitCode, r.Run.Why)
	}
	tt := r.Totals
	if tt.Planned != 12 || tt.Confirmed != 5 || tt.Accepted != 2 || tt.Rejected != 1 || tt.Failed != 3 || tt.Skipped != 1 || tt.Lost != 0 {
		t.Errorf("totals %+v: nobody looked for what is missing, so nothing is lost", tt)
	}
	if e := r.Errors[len(r.Errors)-1]; !strings.Contains(e.Message, "the record ends") && len(r.Errors) != 3 {
		t.Errorf("errors %+v: what has no outcome must say why", r.Errors)
	}
}

// A run in progress is reported on as it stands: what has no outcome yet is pending,
// and no verdict is made up.
func TestPartial(t *testing.T) {
	rec := record(t, "lost == 0")
	rec.partial = true
	rec.manifest.Ended, rec.manifest.SendEnded = time.Time{}, 0
	every(rec)
	r := rec.fold()
	if tt := r.Totals; tt.Planned != 12 || tt.Confirmed != 5 || tt.Skipped != 1 || tt.Pending != 6 || tt.Failed+tt.Lost+tt.Rejected+tt.Accepted != 0 {
		t.Errorf("totals %+v", tt)
	}
	if !r.Run.Partial || r.Verdict != Interrupted || r.ExitCode != ExitCannot || r.Run.Interrupted ||
		!strings.Contains(r.VerdictWhy, "in progress: this is how it stood at 2026-11-24 12:00:") || !strings.Contains(r.VerdictWhy, "6 of 12 entries planned so far have no outcome yet") {
		t.Errorf("%s, exit code %d: %s %+v", r.Verdict, r.ExitCode, r.VerdictWhy, r.Run)
	}
	var page, text bytes.Buffer
	if err := errors.Join(WriteHTML(&page, r), WriteSummary(&text, r, "out")); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"<title>In progress", "This run is in progress.", "As of (UTC)", "<small>pending</small>", "6 have none yet", "adds up"} {
		if !strings.Contains(page.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
	for _, not := range []string{"was interrupted", "does not add up", "exit code 1<"} {
		if strings.Contains(page.String(), not) {
			t.Errorf("the page says %q", not)
		}
	}
	if !strings.HasPrefix(text.String(), "IN PROGRESS  The run is in progress") || !strings.Contains(text.String(), "+ 1 skipped + 6 pending") {
		t.Errorf("the summary is\n%s", text.String())
	}

	rec.partial = false
	rec.manifest.Ended, rec.manifest.SendEnded = time.Date(2026, 11, 24, 12, 1, 0, 0, time.UTC), 3000*ms
	if final := rec.build(); final.Run.Partial || final.Totals.Pending != 0 || final.Verdict == Interrupted {
		t.Errorf("the final report: %s %+v", final.VerdictWhy, final.Totals)
	}
}

// What a killed run had measured of itself is on record; where it is not, the page
// does not make it up.
func TestKilledRunMeasured(t *testing.T) {
	for want, measured := range map[string]*results.Measured{
		"ack sample, resolution 40.0\u00a0ms":      {Observed: results.Observed{AcceptMethod: "ack-sample", AcceptResolutionMS: 40, Requests: 7, Feed: &results.Feed{Frames: 9, Missed: 2}}, Harness: results.Harness{CPUSeconds: 2}},
		"ack sample, resolution not\u00a0recorded": nil,
	} {
		rec := record(t)
		every(rec)
		rec.manifest.Ended, rec.manifest.Observed = time.Time{}, results.Observed{AcceptMethod: "ack-sample"}
		if measured != nil {
			series, err := rec.dir.Open(results.SeriesFile)
			if err := errors.Join(err, results.AppendMeasured(series, *measured), series.Close()); err != nil {
				t.Fatal(err)
			}
		}
		r := rec.fold()
		if got := observedText(r.LatencyMS.Accept); got != want {
			t.Errorf("%q, want %q", got, want)
		}
		if measured != nil && (r.Harness.CPUSeconds != 2 || r.Harness.ObserverRequests != 7) {
			t.Errorf("%+v", r.Harness)
		}
		if f := r.Network.Feed; (f != nil) != (measured != nil) || f != nil && (f.Frames != 9 || f.Missed != 2 || f.GivenUp()) {
			t.Errorf("%+v", f)
		}
	}
}

// What a killed run had planned for later was never sent.
func TestKilledRunSkips(t *testing.T) {
	rec := record(t)
	every(rec)
	for n := range int64(3) {
		rec.plan(2, results.KindEntry, 40_000*ms+n)
	}
	if r := rec.fold(); r.Totals.Planned != 15 || r.Totals.Skipped != 4 {
		t.Errorf("totals %+v: 3 more were planned and not reached", r.Totals)
	}
}

// A damaged record says so, in the report and in the export, and what can be read
// is there.
func TestDamagedRecord(t *testing.T) {
	rec := record(t)
	every(rec)
	rec.build()
	path := filepath.Join(rec.dir.Path, results.EntriesFile)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)-3] ^= 1
	if err := os.WriteFile(path, b, 0o644); err != nil {
		t.Fatal(err)
	}
	r, err := Build(rec.dir.Path)
	if err != nil {
		t.Fatal(err)
	}
	if r.Verdict != Interrupted || r.ExitCode != 1 || !strings.Contains(r.Run.Why, "damaged at byte") {
		t.Errorf("verdict %s, exit code %d, why %q", r.Verdict, r.ExitCode, r.Run.Why)
	}
	var out bytes.Buffer
	if err := Export(&out, rec.dir.Path, ExportOptions{Format: "jsonl"}); err == nil || !strings.Contains(err.Error(), "damaged at byte") {
		t.Errorf("the export says %v", err)
	}
	if n := strings.Count(out.String(), "\n"); n != 12 {
		t.Errorf("%d lines, want the 12 that can be read", n)
	}
}

func TestExport(t *testing.T) {
	rec := record(t)
	every(rec)
	rec.build()

	var b bytes.Buffer
	if err := Export(&b, rec.dir.Path, ExportOptions{Format: "jsonl"}); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(b.String()), "\n")
	if len(lines) != 12 {
		t.Fatalf("%d lines, want 12", len(lines))
	}
	outcomes := map[string]int{}
	for i, line := range lines {
		var x exported
		if err := json.Unmarshal([]byte(line), &x); err != nil {
			t.Fatal(err)
		}
		if x.Hash == nil || *x.Hash != rec.hashes[uint64(i)] {
			t.Errorf("line %d is of entry %v: not in planned order", i, x.Hash)
		}
		outcomes[x.Outcome]++
		if (x.ConfirmedNS == nil) != (x.BlockHeight == nil) || (x.Outcome == "confirmed") != (x.BlockHeight != nil) {
			t.Errorf("line %d: %s", i, line)
		}
		if (x.Outcome == "lost") != (x.Stage != nil) {
			t.Errorf("line %d: %s", i, line)
		}
	}
	for outcome, want := range map[string]int{"confirmed": 5, "accepted": 1, "lost": 3, "rejected": 1, "failed": 1, "skipped": 1} {
		if outcomes[outcome] != want {
			t.Errorf("%d %s, want %d", outcomes[outcome], outcome, want)
		}
	}

	b.Reset()
	if err := Export(&b, rec.dir.Path, ExportOptions{Format: "csv"}); err != nil {
		t.Fatal(err)
	}
	rows, err := csv.NewReader(&b).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != 13 || rows[0][0] != "hash" || rows[1][3] != "setup" {
		t.Errorf("%d rows, the first two %q", len(rows), rows[:2])
	}
}

func TestSummaryFitsOneScreen(t *testing.T) {
	rec := record(t, "lost == 0", "submit.p99 < 1s")
	every(rec)
	r := rec.build()
	var b bytes.Buffer
	if err := WriteSummary(&b, r, "runs/x"); err != nil {
		t.Fatal(err)
	}
	if n := strings.Count(b.String(), "\n"); n > 24 {
		t.Errorf("the summary has %d lines", n)
	}
	for _, want := range []string{"LOST", "12 planned = 5 confirmed + 1 accepted + 3 lost + 1 rejected + 1 failed + 1 skipped", "FAILED    lost == 0: 3", "runs/x/report.html"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("the summary does not say %q:\n%s", want, b.String())
		}
	}
}
