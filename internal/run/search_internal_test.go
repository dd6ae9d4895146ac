package run

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

func searchOf(t testing.TB, search string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse([]byte(fmt.Sprintf(`
version: 1
network: {local: {block_time: 6s}}
credits: {key: local-test-key, budget: 100000}
workload: {chains: 2, mix: [{kind: entry, size: 100B}]}
load: {search: {%s}}
`, search)), "search.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// search carries out the decisions of a search alone.
func decide(q *scenarios.Search, outcome func(rate float64) results.StepOutcome) *results.Search {
	s := &results.Search{}
	for {
		rate, result := nextRate(q, s)
		if result != "" {
			s.Result = result
			return s
		}
		s.Steps = append(s.Steps, results.SearchStep{Rate: rate, Outcome: outcome(rate)})
	}
}

func rates(s *results.Search) (all []float64) {
	for _, step := range s.Steps {
		all = append(all, step.Rate)
	}
	return all
}

func TestNextRate(t *testing.T) {
	q := searchOf(t, "from: 20/s, to: 100/s, step: 20/s, within: 5/s").Load.Search
	upTo := func(capacity float64) func(float64) results.StepOutcome {
		return func(rate float64) results.StepOutcome {
			if rate > capacity {
				return results.StepFailed
			}
			return results.StepHeld
		}
	}
	once, always := true, func(float64) results.StepOutcome { return results.StepHarness }
	for _, test := range []struct {
		name         string
		outcome      func(float64) results.StepOutcome
		result       results.SearchResult
		held, failed float64
		rates        []float64
	}{
		{"found", upTo(71), results.SearchFound, 70, 75, []float64{20, 40, 60, 80, 70, 75}},
		{"just below a step", upTo(59), results.SearchFound, 55, 60, []float64{20, 40, 60, 50, 55}},
		{"all hold", upTo(100), results.SearchAllHeld, 100, 0, []float64{20, 40, 60, 80, 100}},
		{"none holds", upTo(19), results.SearchNoneHeld, 0, 20, []float64{20}},
		{"the harness at once", always, results.SearchHarness, 0, 0, []float64{20, 20}},
		{"the harness once", func(rate float64) results.StepOutcome {
			if rate == 60 && once {
				once = false
				return results.StepHarness
			}
			return upTo(71)(rate)
		}, results.SearchFound, 70, 75, []float64{20, 40, 60, 60, 80, 70, 75}},
		{"the harness from a rate on", func(rate float64) results.StepOutcome {
			if rate > 60 {
				return results.StepHarness
			}
			return results.StepHeld
		}, results.SearchHarness, 60, 0, []float64{20, 40, 60, 80, 80}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := decide(q, test.outcome)
			held, _ := s.Held()
			failed, _ := s.Failed()
			if s.Result != test.result || held != test.held || failed != test.failed || !slices.Equal(rates(s), test.rates) {
				t.Errorf("%s, held %v, failed %v by %v; want %s, %v, %v by %v", s.Result, held, failed, rates(s), test.result, test.held, test.failed, test.rates)
			}
		})
	}
}

// Whatever the bounds and whatever the steps come to, the search ends in no more
// steps than were foretold, with what it says; and where one capacity decides, with
// the rates on both sides of it.
func TestNextRateProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		from := float64(rapid.IntRange(1, 400).Draw(t, "from")) / 4
		way := float64(rapid.IntRange(4, 4000).Draw(t, "way")) / 4
		// A scenario's rates are whole millionths, so that halving adds up no error.
		millionths := func(rate float64) float64 { return math.Round(rate*1e6) / 1e6 }
		step := millionths(way / float64(rapid.IntRange(1, 30).Draw(t, "steps")))
		q := &scenarios.Search{From: from, To: from + way, Step: step, Within: millionths(step / float64(rapid.IntRange(1, 30).Draw(t, "parts")))}
		most, _ := q.Most()
		capacity := rapid.Float64Range(0, 1.2*(from+way)).Draw(t, "capacity")
		noisy := rapid.Bool().Draw(t, "noisy")
		s := decide(q, func(rate float64) results.StepOutcome {
			if noisy && rapid.IntRange(0, 9).Draw(t, "noise") == 0 {
				return rapid.SampledFrom([]results.StepOutcome{results.StepHeld, results.StepFailed, results.StepHarness}).Draw(t, "outcome")
			}
			if rate > capacity {
				return results.StepFailed
			}
			return results.StepHeld
		})
		if len(s.Steps) > most {
			t.Fatalf("%d steps, foretold were %d at most", len(s.Steps), most)
		}
		held, some := s.Held()
		failed, broken := s.Failed()
		near := q.Within*(1+1e-5) + 1e-5
		switch s.Result {
		case results.SearchFound:
			if !(held < failed) || failed-held > near {
				t.Fatalf("found %v and %v", held, failed)
			}
		case results.SearchAllHeld:
			if held != q.To || broken >= 0 {
				t.Fatalf("all held up to %v, and %v did not", held, failed)
			}
		case results.SearchNoneHeld:
			if some >= 0 || failed != q.From {
				t.Fatalf("none held, and %v did; %v did not", held, failed)
			}
		case results.SearchHarness:
			if !noisy {
				t.Fatal("the harness was never the limit")
			}
		}
		if noisy {
			return
		}
		switch {
		case capacity < q.From:
			if s.Result != results.SearchNoneHeld {
				t.Fatal(s.Result)
			}
		case capacity >= q.To:
			if s.Result != results.SearchAllHeld {
				t.Fatal(s.Result)
			}
		case s.Result != results.SearchFound || held > capacity || failed <= capacity:
			t.Fatalf("%s: %v held and %v failed for a capacity of %v", s.Result, held, failed, capacity)
		}
	})
}

// A step is judged by all of its conditions, and missing entries count as later than
// any other.
func TestJudge(t *testing.T) {
	const block, rate = 6 * time.Second, 10.0
	stops := func(conditions string) *scenarios.Search {
		q := searchOf(t, "from: 10/s, to: 20/s, stop_when: ["+conditions+"]").Load.Search
		q.StopWhen = q.StopWhen[:1+strings.Count(conditions, ",")] // without those that every search has
		return q
	}
	// A phase of 100 entries that all take 100 ms, 5 of which stay without success, 3
	// of them refused, and 2 more without a block.
	c := results.NewCollector(io.Discard)
	c.Measure(1, block, false)
	c.Phase(1, results.Phase{Name: "search-10", Start: 0, End: int64(10 * time.Second)})
	var batch []results.Planned
	for i := range 100 {
		batch = append(batch, results.Planned{Index: uint64(i), Hash: factomd.Hash{1, byte(i)}, Phase: 1, At: int64(i) * 1e8})
	}
	refs, err := c.Plan(batch, nil)
	if err != nil {
		t.Fatal(err)
	}
	var s results.Sighting
	for i, ref := range refs {
		at := batch[i].At
		sub := results.Submission{Sent: at + 1e6, Committed: at + 1e7, Revealed: at + 1e8}
		switch {
		case i < 3:
			sub.Err = &factomd.Failure{Rejected: true, Code: -32602, Message: "Invalid params"}
		case i < 5:
			sub.Err = errors.New("cut off")
		case i < 7:
			c.Accept(batch[i].Hash, at+2e8)
		default:
			c.Accept(batch[i].Hash, at+2e8)
			s.Entries = append(s.Entries, batch[i].Hash)
		}
		c.Submitted(ref, sub)
	}
	s.Height, s.Seen = 1, int64(20*time.Second)
	c.Block(s)
	g := c.Gauge()
	for conditions, want := range map[string]string{
		"confirm.p90 > 4blocks":                  "",
		"confirm.p90 > 3blocks":                  "confirm.p90 > 3blocks: it was 18.6s",
		"confirm.p95 > 1h":                       "",
		"confirm.p99 > 1h":                       "confirm.p99 > 1h: 2 entries of 95 did not come that far",
		"submit.p99 > 50ms":                      "submit.p99 > 50ms: 2 entries of 97 did not come that far",
		"submit.p50 > 50ms":                      "submit.p50 > 50ms: it was 100ms",
		"accept.max > 200ms":                     "accept.max > 200ms: it was 200ms",
		"accept.max > 201ms":                     "",
		"rejected > 3":                           "",
		"rejected >= 3":                          "rejected >= 3: 3 entries of 100",
		"failed > 1%":                            "failed > 1%: 2 entries of 100",
		"failed > 2%":                            "",
		"lost > 0":                               "lost > 0: 2 entries of 100",
		"backlog grows":                          "backlog grows: fewer than two blocks closed in a hold of 10s: the network does not keep its block time",
		"lost > 0, failed > 5%, rejected > 2":    "lost > 0: 2 entries of 100; rejected > 2: 3 entries of 100",
		"schedule.p99 > 1s, schedule.p999 > 1us": "schedule.p999 > 1us: it was 1ms",
	} {
		outcome, why := judgeStep(stops(conditions), &g, rate, block)
		if why != want || (outcome == results.StepHeld) != (want == "") {
			t.Errorf("%s: %s, %q; want %q", conditions, outcome, why, want)
		}
	}
	// A slot that nothing was sent in was not offered, or the node kept it from that.
	for _, test := range []struct {
		g       results.Gauge
		outcome results.StepOutcome
		why     string
	}{
		{results.Gauge{Planned: 100, Skipped: 3}, results.StepFailed, "3 of 100 slots were given up, as the in-flight limit was reached"},
		{results.Gauge{Planned: 100, Failed: 3, OwnFailed: 1}, results.StepHarness, "1 of 100 entries failed for a limit of the harness's machine: raise it (ulimit -n), or lower load.in_flight"},
		{results.Gauge{Planned: 100, Skipped: 3, GivenUp: 1}, results.StepHarness, "the harness gave 1 of 100 slots up on its own account"},
	} {
		if outcome, why := judgeStep(stops("lost > 0"), &test.g, rate, block); outcome != test.outcome || why != test.why {
			t.Errorf("%s, %q; want %s, %q", outcome, why, test.outcome, test.why)
		}
	}
	// What is not known speaks for no rate.
	g = results.Gauge{Planned: 100, Rejected: 100}
	if outcome, why := judgeStep(stops("confirm.p99 > 1h, failed > 0"), &g, rate, block); outcome != results.StepFailed || why != "confirm.p99 > 1h: no entry of 100 came that far" {
		t.Errorf("%s, %q", outcome, why)
	}
}

// A simulated node answers every call in 2 ms, works off its queue at a rate of its
// own, and puts into each block what it got done before the block closed.
type simulated struct {
	start     time.Time
	block     time.Duration
	capacity  float64
	collector *results.Collector
	refuse    func(n int) error         // the n-th commit; nil refuses none
	hold      func(n int) time.Duration // how long the n-th entry waits beside its turn; nil is not at all

	stretch  time.Duration // of a minute of its blocks
	slow     time.Duration // its answers
	shared   bool          // others save blocks while the node is down
	down     atomic.Bool
	stalls   atomic.Bool
	mu       sync.Mutex
	seen     map[factomd.Hash]bool // commits
	done     map[factomd.Hash]time.Time
	free     time.Time
	commits  int
	height   uint32
	accepted sync.WaitGroup
}

func (n *simulated) Submit(ctx context.Context, _ []byte, want factomd.Hash) (sent, answered time.Time, err error) {
	sent = time.Now()
	if n.down.Load() {
		return sent, time.Time{}, syscall.ECONNREFUSED
	}
	time.Sleep(2*time.Millisecond + n.slow)
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.seen[want] {
		n.seen[want] = true
		if n.commits++; n.refuse != nil {
			err = n.refuse(n.commits)
		}
		return sent, time.Now(), err
	}
	now := time.Now()
	if n.free.Before(now) {
		n.free = now
	}
	n.free = n.free.Add(time.Duration(1e9 / n.capacity))
	n.done[want] = n.free
	if n.hold != nil {
		n.done[want] = n.free.Add(n.hold(n.commits))
	}
	n.accepted.Add(1)
	time.AfterFunc(time.Until(n.done[want]), func() {
		defer n.accepted.Done()
		n.collector.Accept(want, int64(time.Since(n.start)))
	})
	return sent, now, nil
}

func (n *simulated) SubmitTogether(ctx context.Context, commit, reveal []byte, want factomd.Hash) factomd.Pair {
	return factomd.SubmitAfter(ctx, n, commit, reveal, want)
}

// blocks saves blocks until ctx ends, and is asked for them each minute.
func (n *simulated) blocks(ctx context.Context) {
	for minute := 1; ; minute++ {
		select {
		case <-ctx.Done():
			n.accepted.Wait()
			return
		case <-time.After(n.block/10 + n.stretch):
		}
		if n.down.Load() && !n.shared {
			continue
		}
		n.collector.Polled(int64(time.Since(n.start)), n.height)
		if minute%9 != 0 || n.stalls.Load() {
			continue
		}
		s := results.Sighting{Height: n.height + 1}
		n.mu.Lock()
		for hash, at := range n.done {
			if !at.After(time.Now()) {
				s.Entries = append(s.Entries, hash)
				delete(n.done, hash)
			}
		}
		n.mu.Unlock()
		time.Sleep(n.block / 10) // it is saved in the first minute of the next
		n.height++
		s.Seen = int64(time.Since(n.start))
		n.collector.Polled(s.Seen, n.height)
		n.collector.Block(s)
	}
}

// A simulation is a search against a simulated node, in virtual time.
type simulation struct {
	*scenarios.Scenario
	*simulated
	stopAt   float64 // the rate after which it is stopped, or 0
	downAt   float64 // the rate from which the node is gone, or 0
	stallAt  float64 // the rate from which it saves no block, or 0
	lateFrom float64 // the rate from which the harness is late, or 0
}

// run returns what the search found, its report, and what was gauged of each step.
func (c simulation) run(t *testing.T) (found *results.Search, r *report.Report, gauges []results.Gauge, err error) {
	s, n := c.Scenario, c.simulated
	dir := filepath.Join(t.TempDir(), "run")
	synctest.Test(t, func(t *testing.T) {
		d, failure := results.Create(dir)
		if failure != nil {
			t.Fatal(failure)
		}
		defer d.Close()
		entries, failure := d.Open(results.EntriesFile)
		if failure != nil {
			t.Fatal(failure)
		}
		n.start, n.block = time.Now(), 6*time.Second
		n.seen, n.done = map[factomd.Hash]bool{}, map[factomd.Hash]time.Time{}
		n.collector = results.NewCollector(entries)
		offered := 0.0
		g := generator.New(generator.Options{
			Scenario: s, Salt: "salt", Keys: []factomd.Key{factomd.LocalTestKey().EC()}, Budget: s.Credits.Budget,
			Endpoints: []generator.Endpoint{{Submitter: n, Weight: 1}}, Tracker: n.collector, Start: n.start,
			Sleep: func(ctx context.Context, until time.Time) bool {
				if c.lateFrom > 0 && offered >= c.lateFrom {
					until = until.Add(20 * time.Millisecond)
				}
				select {
				case <-ctx.Done():
					return false
				case <-time.After(time.Until(until)):
					return ctx.Err() == nil
				}
			},
		})
		m := &results.Manifest{
			Schema: results.ManifestSchema, Started: n.start, Ended: n.start.Add(time.Hour), SendEnded: int64(24 * time.Hour),
			Network: results.Network{BlockSeconds: 6, Endpoints: []results.Endpoint{{URL: "http://127.0.0.1/v2"}}},
		}
		ctx, end := context.WithCancel(t.Context())
		stop, cancel := context.WithCancel(ctx)
		var blocks sync.WaitGroup
		blocks.Go(func() { n.blocks(ctx) })
		if failure := g.Setup(ctx, ctx); failure != nil {
			t.Fatal(failure)
		}
		search := &searcher{
			search: s.Load.Search, block: n.block, timeout: 3 * n.block, first: 1, start: n.start, collector: n.collector,
			offer: g.Phase, say: t.Logf, sampled: func() bool { return false },
			began: func(rate float64) {
				offered = rate
				n.down.Store(c.downAt > 0 && rate >= c.downAt)
				n.stalls.Store(c.stallAt > 0 && rate >= c.stallAt)
			},
			answers: func(context.Context) error {
				if n.down.Load() {
					return syscall.ECONNREFUSED
				}
				return nil
			},
			interrupt: func(why string) {
				m.Interrupted, m.Failure, m.Why = true, true, why
				cancel()
			},
			over: func(rate float64) {
				if rate == c.stopAt {
					cancel()
				}
			},
			keep: func() error {
				if len(found.Steps) > len(gauges) {
					gauges = append(gauges, n.collector.Gauge())
				}
				return d.WriteManifest(m)
			},
		}
		found = newSearch(s.Load.Search, n.block)
		m.Search = found
		err = search.run(stop, ctx, found)
		time.Sleep(time.Minute)
		end()
		blocks.Wait()
		n.collector.CutOff()
		if _, failure := n.collector.Finish(); failure != nil {
			t.Fatal(failure)
		}
	})
	r, failure := report.Build(dir)
	if failure != nil {
		t.Fatal(failure)
	}
	return found, r, gauges, err
}

// A search finds the capacity of a node that answers every submit at once.
func TestSearchFindsTheCapacity(t *testing.T) {
	for _, capacity := range []float64{57, 83} {
		n := &simulated{capacity: capacity}
		found, r, gauges, err := simulation{Scenario: searchOf(t, "from: 30/s, to: 120/s, step: 30/s, within: 5/s"), simulated: n}.run(t)
		if err != nil || found.Result != results.SearchFound {
			t.Fatalf("%s, %v", found.Result, err)
		}
		held, at := found.Held()
		failed, _ := found.Failed()
		if held < capacity*0.9 || held > capacity*1.08 || failed-held > 5 {
			t.Errorf("%v/s held and %v/s did not, of a node that works off %v/s", held, failed, capacity)
		}
		// The decisions rest on the figures that the report has.
		if len(gauges) != len(found.Steps) || r.Search == nil || len(r.Search.Steps) != len(found.Steps) {
			t.Fatalf("%d steps were gauged, %d found; report %+v", len(gauges), len(found.Steps), r.Search)
		}
		for i, g := range gauges {
			p := r.Phases[1+i]
			if p.Name != found.Steps[i].Name || p.Measured != (i == at) {
				t.Errorf("phase %+v of step %+v", p.Name, found.Steps[i])
			}
			if g.Planned != p.Totals.Planned || g.Confirmed != p.Totals.Confirmed || g.Failed != p.Totals.Failed || g.Rejected != p.Totals.Rejected || g.Skipped != p.Totals.Skipped {
				t.Errorf("step %d: gauged %+v, reported %+v", i, g, p.Totals)
			}
			for _, stage := range []struct {
				gauged   results.Percentiles
				reported report.Latency
			}{{g.Schedule, p.LatencyMS.Schedule}, {g.Submit, p.LatencyMS.Submit}, {g.Accept, p.LatencyMS.Accept}, {g.Confirm, p.LatencyMS.Confirm}} {
				want := map[string]float64{"p50": stage.reported.P50, "p90": stage.reported.P90, "p95": stage.reported.P95, "p99": stage.reported.P99, "p999": stage.reported.P999, "max": stage.reported.Max}
				for figure, ms := range want {
					if v, endless, known := stage.gauged.At(figure); endless || !known || milliseconds(v) != ms || stage.gauged.Count != stage.reported.Count {
						t.Errorf("step %d: %s is %v (endless %v, known %v) of %d, reported %v of %d", i, figure, v, endless, known, stage.gauged.Count, ms, stage.reported.Count)
					}
				}
			}
			// Submit latency hides all of it.
			if most, _, _ := g.Submit.At("max"); most > 10*time.Millisecond {
				t.Errorf("step %d: submit takes up to %v", i, most)
			}
			if step := r.Search.Steps[i]; math.Abs(step.ConfirmedPerS-min(step.RatePerS, capacity)) > capacity/10 {
				t.Errorf("%v/s of %v/s were confirmed", step.ConfirmedPerS, step.RatePerS)
			}
		}
		if r.Verdict != report.Pass || r.Search.HeldPerS != report.Number(held) {
			t.Errorf("%s: %s", r.Verdict, r.VerdictWhy)
		}
	}
}

func TestSearchThatEndsEarly(t *testing.T) {
	const search = "from: 10/s, to: 40/s, step: 10/s, within: 5/s"
	skipping := searchOf(t, search+", stop_when: [backlog grows]")
	skipping.Load.Late, skipping.Load.InFlight = scenarios.LateSkip, 2
	tight := searchOf(t, search)
	tight.Credits.Budget = 22 + 18*10 + 18*20 + 100
	refuse := func(n int) error {
		if n <= 2 { // the chains
			return nil
		}
		return &factomd.Failure{Rejected: true, Code: -32602, Message: "Invalid params"}
	}
	tenth := func(n int) error {
		if n%10 != 0 {
			return nil
		}
		return refuse(n)
	}
	crowded := func(n int) error {
		if n > 2+180+260 {
			return syscall.EMFILE
		}
		return nil
	}
	stuck := func(n int) time.Duration {
		if n == 2+180+360 { // the last of 20/s
			return time.Hour
		}
		return 0
	}
	const lateBy = "the harness sent its entries late on its own account, with a p99 of 20ms where 10ms is allowed"
	for _, test := range []struct {
		name string
		simulation
		result  results.SearchResult
		why     string
		steps   int
		err     error
		verdict report.Verdict
	}{
		{"all hold", simulation{}, results.SearchAllHeld, "40/s held, and no higher rate was asked for", 4, nil, report.Pass},
		{"none holds", simulation{simulated: &simulated{refuse: tenth}}, results.SearchNoneHeld, "not even 10/s held: rejected > 1%: 18 entries of 180", 1, nil, report.Fail},
		{"nothing is taken", simulation{Scenario: searchOf(t, search+", stop_when: [confirm.p99 > 2blocks]"), simulated: &simulated{refuse: refuse}}, results.SearchNoneHeld,
			"not even 10/s held: confirm.p99 > 2blocks: no entry of 180 came that far; rejected > 1%: 180 entries of 180", 1, nil, report.Fail},
		{"the budget ends", simulation{Scenario: tight}, results.SearchCutShort, "at least 20/s held; the search was cut short: the budget is used up", 2, generator.ErrBudget, report.Pass},
		{"it is stopped", simulation{stopAt: 20}, results.SearchCutShort, "at least 10/s held; the search was cut short: context canceled", 1, nil, report.Pass},
		{"it is stopped at once", simulation{stopAt: 10}, results.SearchCutShort, "no rate was seen to hold; the search was cut short: context canceled", 0, nil, report.Fail},
		{"slots are given up", simulation{Scenario: skipping, simulated: &simulated{slow: 2 * time.Second}}, results.SearchNoneHeld,
			"not even 10/s held: 170 of 180 slots were given up, as the in-flight limit was reached", 1, nil, report.Fail},
		{"the blocks last too long", simulation{Scenario: searchOf(t, search+", stop_when: [backlog grows]"), simulated: &simulated{stretch: time.Second}}, results.SearchNoneHeld,
			"not even 10/s held: backlog grows: fewer than two blocks closed in a hold of 18s: the network does not keep its block time", 1, nil, report.Fail},
		{"an entry stays out", simulation{simulated: &simulated{hold: stuck}}, results.SearchCutShort,
			"at least 10/s held, and 20/s did not; the search was cut short: entries of search-20 are still out (1), and what follows would be judged by them", 2, nil, report.Pass},
		{"the node goes down", simulation{downAt: 20}, results.SearchCutShort,
			"at least 10/s held, and 20/s did not; the search was cut short: the network did not come back after search-20: connection refused", 2, nil, report.Interrupted},
		{"a node of several goes down", simulation{downAt: 20, simulated: &simulated{shared: true}}, results.SearchCutShort,
			"at least 10/s held, and 20/s did not; the search was cut short: the network did not come back after search-20: connection refused", 2, nil, report.Interrupted},
		{"the node saves no more", simulation{stallAt: 20}, results.SearchCutShort,
			"at least 10/s held, and 20/s did not; the search was cut short: the network did not come back after search-20: no block was saved in 18s", 2, nil, report.Interrupted},
		{"the harness is the limit", simulation{lateFrom: 30}, results.SearchHarness, "at least 20/s held; the harness could not offer 30/s: " + lateBy, 4, nil, report.Pass},
		{"the harness has no files left", simulation{simulated: &simulated{refuse: crowded}}, results.SearchHarness,
			"at least 10/s held; the harness could not offer 20/s: 360 of 360 entries failed for a limit of the harness's machine: raise it (ulimit -n), or lower load.in_flight", 3, nil, report.Pass},
		{"the harness is the limit at once", simulation{lateFrom: 1}, results.SearchHarness, "no rate was seen to hold; the harness could not offer 10/s: " + lateBy, 2, nil, report.Invalid},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := test.simulation
			if c.Scenario == nil {
				c.Scenario = searchOf(t, search)
			}
			if c.simulated == nil {
				c.simulated = &simulated{}
			}
			c.capacity = 1000
			found, r, _, err := c.run(t)
			if found.Result != test.result || found.Why != test.why || len(found.Steps) != test.steps || !errors.Is(err, test.err) {
				t.Errorf("%s after %d steps: %s (%v)\nwant %s after %d: %s (%v)", found.Result, len(found.Steps), found.Why, err, test.result, test.steps, test.why, test.err)
			}
			if r.Verdict != test.verdict || !strings.Contains(r.VerdictWhy, test.why) {
				t.Errorf("%s: %s; want %s", r.Verdict, r.VerdictWhy, test.verdict)
			}
			if r.Search.Result != test.result || r.Search.Why != test.why || len(r.Search.Steps) != test.steps {
				t.Errorf("reported %+v", r.Search)
			}
		})
	}
}
