package report

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/FactomProject/factom-load/results"
)

// A sampleRun describes a run to synthesise.
type sampleRun struct {
	seconds int     // of the load, warm-up included
	rate    float64 // entries a second at its end
	block   float64 // seconds
}

// sampleReport makes the report of a run that went well: a warm-up, a ramp and
// a steady phase on a network that saves a block every so often. It is the same
// report for the same arguments.
func sampleReport(tb testing.TB, run sampleRun) *Report {
	tb.Helper()
	rng := rand.New(rand.NewPCG(1, 2))
	warm, ramp := math.Round(float64(run.seconds)/9), math.Round(float64(run.seconds)/3)
	rateAt := func(t float64) float64 {
		switch {
		case t < warm:
			return run.rate / 20
		case t < ramp:
			return run.rate/20 + run.rate*0.95*(t-warm)/(ramp-warm)
		case t < float64(run.seconds):
			return run.rate
		}
		return 0
	}
	hist := func() *hdrhistogram.Histogram { return hdrhistogram.New(1000, int64(time.Hour), 3) }
	record := func(h *hdrhistogram.Histogram, seconds float64) {
		if err := h.RecordValue(int64(seconds * 1e9)); err != nil {
			tb.Fatal(err)
		}
	}
	skewed := func(median, sigma float64) float64 { return median * math.Exp(sigma*rng.NormFloat64()) }

	r := &Report{Schema: Schema, Verdict: Pass, VerdictWhy: "All 4 thresholds were met, and every planned entry is confirmed."}
	r.Series = Series{IntervalS: 1, Columns: seriesColumns}
	r.Phases = []Phase{
		{Name: "warmup", StartS: 0, EndS: warm},
		{Name: "ramp", Measured: true, StartS: warm, EndS: ramp},
		{Name: "steady", Measured: true, StartS: ramp, EndS: float64(run.seconds)},
	}
	var all [6]*hdrhistogram.Histogram
	var byPhase [3][6]*hdrhistogram.Histogram
	for j := range all {
		all[j] = hist()
		for i := range byPhase {
			byPhase[i][j] = hist()
		}
	}
	blockHist, height, nextBlock := hist(), uint32(7), run.block*0.55
	byBlock := map[float64][]float64{} // confirm latencies by the instant of the block
	outstanding := 0.0
	end := float64(run.seconds) + 1.6*run.block
	var windows windowFold
	var steps stepFold
	var minutes minuteFold
	var saved []results.Block
	for at := nextBlock; at < end+run.block; at += run.block {
		saved = append(saved, results.Block{Height: height + uint32(len(saved)), Seen: int64(at * 1e9)})
	}
	for t := 0.0; t < end; t++ {
		inPhase := 0
		for i, p := range r.Phases {
			if t >= p.StartS {
				inPhase = i
			}
		}
		planned := math.Round(rateAt(t))
		second := [3]*hdrhistogram.Histogram{hist(), hist(), hist()}
		for i := range int(planned) {
			at := t + float64(i)/planned
			schedule := skewed(0.00009, .5)
			submit := schedule + skewed(0.0085, .35)
			if rng.Float64() < .004 {
				submit += skewed(.09, .6)
			}
			accept := submit + skewed(.075, .5)
			closes := nextBlock
			for closes < at+accept {
				closes += run.block
			}
			confirm := closes - at + .02
			byBlock[closes] = append(byBlock[closes], confirm)
			ns := func(after float64) int64 { return int64((at + after) * 1e9) }
			e := &results.Entry{Planned: ns(0), Sent: ns(schedule), Committed: ns(schedule + submit*.45), Revealed: ns(submit), Accepted: ns(accept), Confirmed: ns(confirm)}
			windows.entry(e)
			if r.Phases[inPhase].Measured {
				steps.entry(e)
				minutes.entry(e, saved)
			}
			values := [6]float64{schedule, submit, accept, confirm, submit * .45, submit * .5}
			for j, v := range values {
				record(byPhase[inPhase][j], v)
				if r.Phases[inPhase].Measured {
					record(all[j], v)
				}
			}
			for j := range second {
				record(second[j], values[j+1])
			}
		}
		r.Phases[inPhase].Totals.Planned += uint64(planned)
		confirmed := 0.0
		for nextBlock < t+1 {
			own := byBlock[nextBlock]
			blockHist.Reset()
			for _, v := range own {
				record(blockHist, v)
			}
			r.Blocks = append(r.Blocks, Block{
				Height: height, ClosedS: nextBlock, OwnEntries: uint64(len(own)), Entries: uint64(len(own) + rng.IntN(40)),
				LatencyMS: sampleLatency(tb, blockHist, "block-scan", 250),
			})
			confirmed += float64(len(own))
			height++
			nextBlock += run.block
		}
		outstanding = max(0, outstanding+planned-confirmed)
		n := Number(planned)
		row := []Number{Number(t), n, n, n, n, n, Number(confirmed), 0, Number(math.Round(planned * .011)), Number(outstanding)}
		for j := range second {
			if planned == 0 {
				row = append(row, Number(math.NaN()), Number(math.NaN()))
				continue
			}
			row = append(row, Number(float64(second[j].ValueAtQuantile(50))/1e6), Number(float64(second[j].ValueAtQuantile(99))/1e6))
		}
		row = append(row, .4, Number(height), Number(math.Floor(math.Mod(t, run.block)/run.block*10)),
			Number(.02+planned*.0011+rng.Float64()*.02), Number(48<<20+t*90000+rng.Float64()*2e6),
			Number(.1+planned*.004+rng.Float64()*.05), Number(210<<20+t*1.7e6+rng.Float64()*9e6), 37)
		r.Series.Rows = append(r.Series.Rows, row)
	}

	measured := 0.0
	for i := range r.Phases {
		p := &r.Phases[i]
		p.Totals.Sent, p.Totals.Confirmed = p.Totals.Planned, p.Totals.Planned
		rate := float64(p.Totals.Planned) / (p.EndS - p.StartS)
		p.Rates = Rates{rate, rate, rate}
		p.LatencyMS = sampleLatencies(tb, byPhase[i])
		r.Totals.Planned += p.Totals.Planned
		if p.Measured {
			measured += float64(p.Totals.Planned)
		}
	}
	t := &r.Totals
	t.Sent, t.Confirmed = t.Planned, t.Planned
	t.Chains = t.Planned / 20
	t.Entries = t.Planned - t.Chains
	t.CreditsSpent = t.Entries + 11*t.Chains
	t.Bytes = 550 * t.Sent
	r.LatencyMS = sampleLatencies(tb, all)
	r.Windows = windows.rows()
	var err error
	if r.Steps, err = steps.rows(r.LatencyMS); err != nil {
		tb.Fatal(err)
	}
	if r.BlockMinutes, err = minutes.rows(results.Observed{ConfirmResolutionMS: 250}); err != nil {
		tb.Fatal(err)
	}
	span := float64(run.seconds) - warm
	r.Rates = Rates{measured / span, measured / span, measured / (span - run.block/2)}

	started := time.Date(2026, 11, 24, 22, 41, 7, 0, time.UTC)
	r.Run = Run{
		ID: "20261124T224107Z-3f9c1a", Started: started, Ended: started.Add(time.Duration(end * 1e9)), ToolVersion: "v0.1.0",
		Seed: 42, Salt: "20261124T224107Z-3f9c1a", Tags: map[string]string{"factomd": "v6.10.0-rc2", "purpose": "release review"},
		Notes:    []Note{{started, "The first run on the new machine."}},
		Scenario: Scenario{"steady-mixed", "Entries and new chains in a mix of sizes, after a ramp.", strings.Repeat("9b1c47e2", 8)},
	}
	r.Environment = Environment{"load-1", "linux", "amd64", 8, 16 << 30, "go1.26.8"}
	r.Network = Network{ID: "fa92e5a3", Name: "LOCAL", BlockSeconds: run.block, Embedded: true, DB: "ldb", Endpoints: []NetworkEndpoint{{URL: "http://127.0.0.1:8088/v2", FactomdVersion: "6.10.0", SubmitsBy: "direct"}}, Minutes: Minutes{30, run.block / 10, run.block / 8},
		Feed: &Feed{Frames: 12_345, Bytes: 6_543_210, Connections: 1, Told: 4_000, GivenUpS: Number(math.NaN())}}
	r.Endpoints = []Endpoint{{URL: "http://127.0.0.1:8088/v2", Totals: r.Totals, LatencyMS: r.LatencyMS}}
	r.Thresholds = []ThresholdResult{
		{"submit.p99 < 500ms", Number(r.LatencyMS.Submit.P99), true},
		{"accept.p95 < 1s", Number(r.LatencyMS.Accept.P95), true},
		{"confirm.p99 < 2blocks", Number(r.LatencyMS.Confirm.P99), true},
		{"lost == 0", 0, true},
	}
	r.Story = story(r)
	r.Integrity = Integrity{EntriesChecked: 24, EntryBlocksChecked: 12, BlocksChecked: 13}
	r.Harness = Harness{CPUSeconds: 11.8, MaxRSSBytes: 61 << 20, ObserverRequests: 412, SubmitRequests: 2 * t.Sent, ConnectionsMax: 37, Valid: true}
	return r
}

// shortRun is 90 s of load over 12 blocks or so.
func shortRun(tb testing.TB) *Report {
	return sampleReport(tb, sampleRun{seconds: 90, rate: 100, block: 8.2})
}

// troubledRun is a short run in which much went wrong.
func troubledRun(tb testing.TB) *Report {
	r := shortRun(tb)
	r.Verdict, r.ExitCode = Lost, 4
	r.VerdictWhy = "3 entries were lost, one of them after a leader had acknowledged it."
	t := &r.Totals
	t.Planned += 55
	t.Sent += 26
	t.Late, t.Accepted, t.Lost, t.Rejected, t.Failed, t.Skipped, t.Ambiguous = 212, 2, 3, 14, 9, 27, 2
	r.Errors = []Error{
		{-32011, "Repeated Commit: A commit with equal or greater payment already exists", 14, 31.4, strings.Repeat("5f", 32)},
		{502, "Bad Gateway", 7, 44, strings.Repeat("a1", 32)},
		{0, "read tcp 127.0.0.1:40212->127.0.0.1:8088: i/o timeout", 2, 61.2, strings.Repeat("c0", 32)},
	}
	r.Audit = sampleAudit(3)
	r.Integrity.EntriesUnchecked = 3
	r.Integrity.Findings = []Finding{
		{27.4, "wrong-content", "entry", r.Endpoints[0].URL + ": entry " + strings.Repeat("3d", 32) + " of directory block 8: reply for another entry: " + strings.Repeat("4e", 32), 1},
		{35.7, "wrong-merkle-root", "raw-data", r.Endpoints[0].URL + ": entry block " + strings.Repeat("5a", 32) + " of directory block 9: its parts come to the key MR " + strings.Repeat("6b", 32), 1},
	}
	r.VerdictWhy = r.Integrity.brokenText() + " " + r.VerdictWhy
	r.Hostile = []HostileKind{
		{Kind: "repeated-commit", Expected: "refused with -32011 once the first commit is processed, charged once", Count: 92, Right: 92, CreditsSpent: 92,
			LatencyMS: r.LatencyMS.CommitService, Answers: []HostileAnswer{{-32011, "Repeated Commit", 90}, {0, "success", 2}}},
		{Kind: "huge-body", Expected: "a reveal of 5 MiB is refused with -32602", Count: 10, Right: 9, Wrong: 1,
			Answers: []HostileAnswer{{-32602, "Invalid params: Invalid Entry", 9}, {-32603, "Internal error", 1}}},
	}
	r.Findings = []Finding{
		{31.1, "wrong-answer", "huge-body", "answered with Internal error (-32603)", 1},
		{48.2, "forbidden-entry", "unpaid-key", "entry " + strings.Repeat("7e", 32) + " is in block 8", 1},
	}
	yes, no, nan := true, false, Number(math.NaN())
	r.Reconciliation = []Reconciliation{
		{countCredits, 4711, 4720, 9, &no, "5000 before, 0 bought, 280 left; must be equal; others pay with the run's keys"},
		{countCommits, 4711, nan, nan, nil, "not known: more than 200000 commits are not read"},
		{countChainEntries, 4700, 4700, 0, &yes, "must be equal"},
		{countCalls, 10_000, 9996, -4, &yes, "may be up to 6 fewer"},
		{"of-tomorrow", 1, 0, -1, &no, ""},
	}
	r.Network.Feed = newFeed(&results.Feed{Frames: 12_345, Bytes: 6_543_210, Bad: 3, Connections: 4, Refused: 2, Told: 3_960, Missed: 40, Untrue: 1,
		GivenUp: 40e9, Why: "the live feed said nothing for 12s, while the network made 12 minutes"})
	r.LatencyMS.Accept.Method = results.MethodFeedThenSample
	r.Events = []Event{{31, "stall-begin", "minute 4 after block 7 has lasted 4.2 s so far, a minute of the network 1.5s", r.Endpoints[0].URL}, {44, "suspended", "the harness stood still for 3.1s", ""}}
	r.Thresholds[1].Expression, r.Thresholds[1].OK = "accept.p95 < 150ms", false
	r.Thresholds[3].Value, r.Thresholds[3].OK = 3, false
	r.Thresholds = append(r.Thresholds, ThresholdResult{"commit_service.p99 < 200ms", Number(math.NaN()), false})
	second := r.Endpoints[0]
	second.URL, second.Errors = "http://factomd-2.testnet.example:8088/v2", r.Errors
	second.Totals.Lost, second.Totals.Rejected, second.Totals.Failed = 3, 14, 9
	r.Endpoints = append(r.Endpoints, second)
	r.Network.Embedded = false
	r.Network.Endpoints = append(r.Network.Endpoints, NetworkEndpoint{URL: second.URL, FactomdVersion: "6.9.1"})
	sampleQueries(tb, r)
	r.Story = story(r)
	return r
}

// sampleQueries gives a report queries of three methods, one of them in trouble.
func sampleQueries(tb testing.TB, r *Report) {
	all := hdrhistogram.New(1000, int64(time.Hour), 3)
	for i, method := range []string{"entry", "heights", "pending-entries"} {
		q := Query{Method: method, Count: 100, Right: 100, RatePerS: 1.25, Errors: []Error{}}
		if i == 0 {
			q.Right, q.Wrong, q.Failed = 97, 1, 2
			q.Errors = []Error{{0, "timeout", 2, 44, ""}, {0, "reply for another entry", 1, 45, ""}}
		}
		h := hdrhistogram.New(1000, int64(time.Hour), 3)
		for n := range q.Right {
			ns := int64(math.Exp(float64(n)/20)*1e5) << (4 * i)
			if err := errors.Join(h.RecordValue(ns), all.RecordValue(ns)); err != nil {
				tb.Fatal(err)
			}
		}
		q.LatencyMS = sampleLatency(tb, h, "clock", 0)
		q.ServiceMS = q.LatencyMS
		r.Queries = append(r.Queries, q)
	}
	l := sampleLatency(tb, all, "clock", 0)
	r.QueriesTotal = Query{Method: "all methods", Count: 300, Right: 297, Wrong: 1, Failed: 2, RatePerS: 3.75, LatencyMS: l, ServiceMS: l}
}

// emptyRun is a run that was stopped before it sent anything.
func emptyRun(testing.TB) *Report {
	return &Report{
		Schema: Schema, Verdict: Interrupted, ExitCode: 130, VerdictWhy: "Stopped before the first entry was due.",
		Run:    Run{ID: "20261124T224107Z-000000", Interrupted: true, Why: "stopped by the user", Scenario: Scenario{Name: "smoke"}},
		Series: Series{IntervalS: 1, Columns: seriesColumns},
	}
}

// longRun has the series of eight hours, and many of everything else. One
// interval of its series has a submit p99 of tailMS.
func longRun(tb testing.TB, tailMS float64) *Report { return runOf(tb, 28800, tailMS) }

// runOf has a series of so many seconds.
func runOf(tb testing.TB, rows int, tailMS float64) *Report {
	r := shortRun(tb)
	const block = 15
	base := r.Series.Rows[30:85]
	r.Series.Rows = nil
	for i := range rows {
		row := append([]Number(nil), base[i%len(base)]...)
		row[0] = Number(i)
		if i == 20001 {
			row[11] = Number(tailMS)
		}
		r.Series.Rows = append(r.Series.Rows, row)
	}
	var windows windowFold
	for i := range int64(rows) {
		at, took := i*1e9, []int64{8e6, 80e6, 7e9}
		if i == 20001 {
			took[0] = int64(tailMS * 1e6)
		}
		for range 3 {
			windows.entry(&results.Entry{Planned: at, Sent: at + 1e5, Committed: at + 4e6, Revealed: at + took[0], Accepted: at + took[1], Confirmed: at + took[2]})
			took = []int64{9e6, 90e6, 5e9}
		}
	}
	r.Windows = windows.rows()
	shape := r.Blocks[4:9]
	r.Blocks = nil
	for i := range rows / block {
		b := shape[i%len(shape)]
		b.Height, b.ClosedS = uint32(100+i), float64(block*(i+1))
		r.Blocks = append(r.Blocks, b)
	}
	r.Phases = nil
	for i := range 240 {
		r.Phases = append(r.Phases, Phase{
			Name: fmt.Sprintf("step-%03d", i), Measured: true, StartS: float64(i) * 120, EndS: float64(i+1) * 120,
			Totals: Totals{Planned: 12000, Sent: 12000, Confirmed: 12000},
		})
	}
	r.Run.Ended = r.Run.Started.Add(time.Duration(rows) * time.Second)
	r.Verdict, r.ExitCode, r.VerdictWhy = Lost, 4, "4,711 entries were lost."
	r.Totals.Lost, r.Totals.Planned, r.Totals.Sent = 4711, r.Totals.Planned+4711, r.Totals.Sent+4711
	r.Audit = sampleAudit(1000)
	r.Audit.Total = 4711
	r.Story = story(r)
	return r
}

func sampleAudit(n int) Audit {
	a := Audit{Listed: n, Total: uint64(n)}
	for i := range n {
		a.Lost = append(a.Lost, LostEntry{
			fmt.Sprintf("%064x", (i+1)*7919), fmt.Sprintf("%064x", i%7+1), []string{"commit", "reveal", "accepted"}[i%3], float64(i) * 1.37,
		})
	}
	return a
}

func sampleLatencies(tb testing.TB, h [6]*hdrhistogram.Histogram) Latencies {
	return Latencies{
		Schedule: sampleLatency(tb, h[0], "clock", 0.001), Submit: sampleLatency(tb, h[1], "clock", 0.001),
		Accept: sampleLatency(tb, h[2], "live-feed", 4), Confirm: sampleLatency(tb, h[3], "block-scan", 250),
		CommitService: sampleLatency(tb, h[4], "clock", 0.001), RevealService: sampleLatency(tb, h[5], "clock", 0.001),
	}
}

func sampleLatency(tb testing.TB, h *hdrhistogram.Histogram, method string, resolution float64) Latency {
	tb.Helper()
	if h.TotalCount() == 0 {
		return Latency{}
	}
	encoded, err := h.EncodeV2()
	if err != nil {
		tb.Fatal(err)
	}
	at := func(p float64) float64 { return float64(h.ValueAtPercentile(p)) / 1e6 }
	return Latency{
		Count: uint64(h.TotalCount()), Min: float64(h.Min()) / 1e6, Mean: h.Mean() / 1e6, StdDev: h.StdDev() / 1e6,
		P50: at(50), P90: at(90), P95: at(95), P99: at(99), P999: at(99.9), Max: float64(h.Max()) / 1e6,
		Method: method, ResolutionMS: resolution, Histogram: string(encoded),
	}
}
