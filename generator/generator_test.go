package generator

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A ledger is a Tracker that keeps everything it is told.
type ledger struct {
	mu      sync.Mutex
	start   time.Time
	phases  []results.Phase
	entries []ledgerEntry
	planErr error
}

type ledgerEntry struct {
	results.Planned
	results.Submission
	plannedOnRecord time.Duration // when Plan was called
	submitted       bool
	skipped         bool
	givenUp         bool // of the skipped
}

func (l *ledger) Phase(i int, p results.Phase) { l.phases = append(l.phases, p) }

func (l *ledger) Plan(batch []results.Planned, refs []results.Ref) ([]results.Ref, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range batch {
		refs = append(refs, results.Ref(len(l.entries)))
		l.entries = append(l.entries, ledgerEntry{Planned: p, plannedOnRecord: time.Since(l.start)})
	}
	return refs, l.planErr
}

func (l *ledger) Submitted(ref results.Ref, s results.Submission) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[ref].Submission, l.entries[ref].submitted = s, true
}

func (l *ledger) Skip(ref results.Ref) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries[ref].skipped = true
}

func (l *ledger) GiveUp(ref results.Ref, at int64, waited bool) {
	l.Skip(ref)
	l.mu.Lock()
	defer l.mu.Unlock()
	e := &l.entries[ref]
	e.Sent, e.Waited, e.givenUp = at, waited, true
}

// check makes sure that every planned entry came to one end, and returns how
// many were submitted and how many skipped.
func (l *ledger) check(t *testing.T, planned uint64) (submitted, skipped int) {
	t.Helper()
	if uint64(len(l.entries)) != planned {
		t.Errorf("%d entries are planned, want %d", len(l.entries), planned)
	}
	for i, e := range l.entries {
		if e.submitted == e.skipped {
			t.Fatalf("entry %d: submitted %v, skipped %v", i, e.submitted, e.skipped)
		}
		if e.submitted {
			submitted++
		} else {
			skipped++
		}
	}
	return submitted, skipped
}

// A server answers submits in virtual time.
type server struct {
	mu    sync.Mutex
	calls []string // bodies' methods, in order
	// answer says how long a call takes, and what it says.
	answer func(n int, at time.Duration) (time.Duration, error)
	unsent bool // no connection ever
	start  time.Time
}

func (s *server) Submit(ctx context.Context, body []byte, want factomd.Hash) (sent, answered time.Time, err error) {
	s.mu.Lock()
	n := len(s.calls)
	s.calls = append(s.calls, string(body))
	answer := s.answer
	s.mu.Unlock()
	sent = time.Now()
	if s.unsent {
		return time.Time{}, sent, &factomd.Failure{Message: "connection refused"}
	}
	var wait time.Duration
	if answer != nil {
		wait, err = answer(n, sent.Sub(s.start))
	}
	if !sleepRoughly(ctx, sent.Add(wait)) {
		return sent, time.Now(), &factomd.Failure{Message: "canceled"}
	}
	return sent, time.Now(), err
}

// SubmitTogether makes the two calls as a node does that hears them at once: one
// after the other, whatever the first one's answer.
func (s *server) SubmitTogether(ctx context.Context, commit, reveal []byte, want factomd.Hash) (p factomd.Pair) {
	p.Calls, p.Tried = 2, true
	p.Sent, p.Committed, p.Err = s.Submit(ctx, commit, want)
	_, p.Revealed, _ = s.Submit(ctx, reveal, want)
	return p
}

// begin makes a generator whose clock starts now.
func begin(t *testing.T, yaml string, s *server) (*Generator, *ledger, Plan) {
	t.Helper()
	scenario := parse(t, yaml)
	s.start = time.Now()
	l := &ledger{start: s.start}
	g := New(Options{
		Scenario: scenario, Salt: "salt", Keys: []factomd.Key{factomd.LocalTestKey().EC()},
		Endpoints: []Endpoint{{Submitter: s, Weight: 1}}, Tracker: l, Start: s.start,
		Sleep: sleepRoughly, // virtual time does not pass in the kernel
	})
	return g, l, NewPlan(scenario)
}

func runAll(t *testing.T, g *Generator, stop context.Context) {
	t.Helper()
	for _, f := range []func(stop, abort context.Context) error{g.Setup, g.Load} {
		if err := f(stop, t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestEverySlotGoesOutAtItsInstant(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, time.Duration) (time.Duration, error) { return 3 * time.Millisecond, nil }}
		g, l, plan := begin(t, mixed, s)
		runAll(t, g, t.Context())

		submitted, _ := l.check(t, plan.Total.Slots)
		if uint64(submitted) != plan.Total.Slots {
			t.Errorf("%d of %d slots were submitted", submitted, plan.Total.Slots)
		}
		for i, e := range l.entries {
			if e.Sent != e.At || e.Late || e.Waited {
				t.Fatalf("entry %d, planned at %d, was sent at %d (late %v, waited %v)", i, e.At, e.Sent, e.Late, e.Waited)
			}
			if e.Committed-e.Sent != int64(3*time.Millisecond) || e.Revealed-e.Committed != int64(3*time.Millisecond) {
				t.Fatalf("entry %d: the calls took %d and %d ns, want 3 ms each", i, e.Committed-e.Sent, e.Revealed-e.Committed)
			}
			if early := e.At - int64(e.plannedOnRecord); early < 0 || early > int64(aheadTime) {
				t.Fatalf("entry %d went on record %v before its slot", i, time.Duration(early))
			}
		}
		if want := []string{"setup", "warm", "ramp"}; len(l.phases) != len(want) {
			t.Errorf("phases %v, want %v", l.phases, want)
		}
	})
}

// freezes answers in a millisecond, but for a second in every ten, in which it
// stands still.
func freezes(_ int, at time.Duration) (time.Duration, error) {
	if into := at % (10 * time.Second); into < time.Second {
		return time.Second - into, nil
	}
	return time.Millisecond, nil
}

// submitLatencies returns those of all entries, sorted.
func (l *ledger) submitLatencies() []time.Duration {
	var all []time.Duration
	for _, e := range l.entries {
		all = append(all, time.Duration(e.Revealed-e.At))
	}
	slices.Sort(all)
	return all
}

// A server that freezes for a second in every ten must show in the latencies as
// what a user would have met: nearly every entry of that second waits for its
// rest. A closed loop (TestClosedLoopHidesAStall), or one that counts from the
// real send, sees one slow entry a worker. With little room in flight it comes out the same.
func TestCoordinatedOmission(t *testing.T) {
	const scenario = `
version: 1
workload: {chains: 0, mix: [{kind: chain, weight: 1, size: 100B}]}
load:
  in_flight: %
  phases: [{for: 30s, rate: 200/s}]
`
	for _, room := range []string{"20", "5000"} {
		t.Run("in flight "+room, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{answer: freezes}
				g, l, plan := begin(t, replace(scenario, room), s)
				runAll(t, g, t.Context())
				l.check(t, plan.Total.Slots)

				submit, late := l.submitLatencies(), 0
				for _, e := range l.entries {
					if e.Late {
						late++
						if !e.Waited {
							t.Fatalf("entry %d is late on the harness's account", e.Index)
						}
					}
				}
				at := func(q float64) time.Duration { return submit[int(q*float64(len(submit)))] }
				if p99 := at(0.99); p99 < 850*time.Millisecond || p99 > 950*time.Millisecond {
					t.Errorf("submit p99 is %v, want about 900 ms", p99)
				}
				if p95 := at(0.95); p95 < 450*time.Millisecond || p95 > 550*time.Millisecond {
					t.Errorf("submit p95 is %v, want about 500 ms", p95)
				}
				if held := room == "20"; (late > 0) != held {
					t.Errorf("%d entries were late with %s places in flight", late, room)
				}
				if g.InFlight() != 0 {
					t.Errorf("%d entries are in flight at the end", g.InFlight())
				}
			})
		})
	}
}

func replace(s, with string) string {
	for i := range s {
		if s[i] == '%' {
			return s[:i] + with + s[i+1:]
		}
	}
	return s
}

func TestLateSkip(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		s.answer = func(n int, at time.Duration) (time.Duration, error) {
			if n == 0 {
				return 2 * time.Second, nil // the commit of the first entry
			}
			return 0, nil
		}
		g, l, plan := begin(t, `
version: 1
workload: {chains: 0, mix: [{kind: chain, weight: 1, size: 100B}]}
load: {in_flight: 1, late: skip, late_by: 500ms, phases: [{for: 4s, rate: 10/s}]}
`, s)
		runAll(t, g, t.Context())
		// Room comes after 2 s. The 19 slots in between are late by up to
		// 1.9 s; those by more than 0.5 s are given up.
		_, skipped := l.check(t, plan.Total.Slots)
		if skipped != 14 {
			t.Errorf("%d slots were skipped, want 14", skipped)
		}
		for _, e := range l.entries {
			if e.skipped && (!e.givenUp || !e.Waited || e.Sent-e.At <= int64(500*time.Millisecond)) {
				t.Errorf("entry %d was given up at %v for the slot at %v, held back: %v", e.Index, time.Duration(e.Sent), time.Duration(e.At), e.Waited)
			}
		}
	})
}

func TestStopSkipsTheRest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, time.Duration) (time.Duration, error) { return 100 * time.Millisecond, nil }}
		g, l, plan := begin(t, mixed, s)
		stop, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		runAll(t, g, stop)

		submitted, skipped := l.check(t, plan.Total.Slots)
		if submitted == 0 || skipped == 0 {
			t.Errorf("%d submitted, %d skipped", submitted, skipped)
		}
		var cost int64 // of what was sent
		for _, e := range l.entries {
			if e.submitted {
				cost += int64(e.Credits)
			}
		}
		if charged := g.Charged(0); charged != cost {
			t.Errorf("charged %d entry credits for what costs %d", charged, cost)
		}
		for _, e := range l.entries {
			switch {
			case e.submitted && e.Err != nil:
				t.Errorf("entry %d was under way and was not waited for: %v", e.Index, e.Err)
			case e.submitted != (e.At < int64(3*time.Second)):
				t.Errorf("entry %d, planned at %v: submitted %v", e.Index, time.Duration(e.At), e.submitted)
			case !e.submitted && e.At > int64(3*time.Second+aheadTime) && !e.Hash.IsZero():
				t.Errorf("entry %d was composed although the load had stopped", e.Index)
			}
		}
	})
}

func TestAbortGivesUpCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, time.Duration) (time.Duration, error) { return time.Hour, nil }}
		g, l, plan := begin(t, mixed, s)
		both, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := errors.Join(g.Setup(both, both), g.Load(both, both)); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(s.start); took > 2*time.Second {
			t.Errorf("it took %v to give up", took)
		}
		if submitted, _ := l.check(t, plan.Total.Slots); submitted != 5 {
			t.Errorf("%d entries were submitted, want the setup's 5", submitted)
		}
		if len(s.calls) != 5 {
			t.Errorf("%d calls were made: no reveal may follow an aborted commit", len(s.calls))
		}
	})
}

// The reveal follows the commit whatever its answer, unless the node refused it
// or nothing was sent; together with the commit it is out in any case.
func TestRevealAfterCommit(t *testing.T) {
	rejection := &factomd.Failure{Rejected: true, Code: -32602, Message: "Invalid params"}
	timeout := &factomd.Failure{Message: "timeout"}
	for _, c := range []struct {
		name      string
		reveal    scenarios.Reveal
		commit    error
		unsent    bool
		calls     int
		committed bool
		revealed  bool
	}{
		{"success", "after", nil, false, 2, true, true},
		{"rejection", "after", rejection, false, 1, true, false},
		{"timeout", "after", timeout, false, 2, false, true},
		{"never sent", "after", nil, true, 1, false, false},
		{"success together", "together", nil, false, 2, true, true},
		{"rejection together", "together", rejection, false, 2, true, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{unsent: c.unsent}
				s.answer = func(n int, _ time.Duration) (time.Duration, error) {
					if n == 0 {
						return 0, c.commit
					}
					return 0, nil
				}
				g, l, _ := begin(t, `
version: 1
workload: {chains: 0, mix: [{kind: chain, weight: 1, size: 100B}]}
load: {phases: [{for: 1s, rate: 1/s}], reveal: `+string(c.reveal)+`}
`, s)
				runAll(t, g, t.Context())
				e := l.entries[0]
				if len(s.calls) != c.calls || g.Requests() != uint64(c.calls) {
					t.Errorf("%d calls, %d counted, want %d", len(s.calls), g.Requests(), c.calls)
				}
				if got := e.Sent != results.Never; got == c.unsent {
					t.Errorf("sent: %v", got)
				}
				if got := e.Committed != results.Never; got != c.committed {
					t.Errorf("committed: %v, want %v", got, c.committed)
				}
				if got := e.Revealed != results.Never; got != c.revealed {
					t.Errorf("revealed: %v, want %v", got, c.revealed)
				}
				if failed := c.commit != nil || c.unsent; (e.Err != nil) != failed {
					t.Errorf("error %v", e.Err)
				}
			})
		})
	}
}

// What a node did not answer is sent again, and no more than that, until it is
// answered or refused; a commit that is there already is as good as taken.
func TestRetry(t *testing.T) {
	none := &factomd.Failure{Message: "timeout"}
	repeated := &factomd.Failure{Rejected: true, Code: factomd.CodeRepeatedCommit, Message: "Repeated Commit"}
	refused := &factomd.Failure{Rejected: true, Code: -32602, Message: "Invalid params"}
	own := &factomd.Failure{Message: "dial: too many open files"}
	for name, c := range map[string]struct {
		answers []error // nil after them
		calls   string  // in order: commits and reveals
		retried int
		err     error
		took    time.Duration // to the end of the last call
	}{
		"nothing wrong":             {nil, "cr", 0, nil, 0},
		"commit":                    {[]error{none}, "crc", 1, nil, 250 * time.Millisecond},
		"reveal":                    {[]error{nil, none}, "crr", 1, nil, 250 * time.Millisecond},
		"both, twice":               {[]error{none, none, none, none}, "crcrcr", 2, nil, 750 * time.Millisecond},
		"there already":             {[]error{none, none, repeated}, "crcr", 1, nil, 250 * time.Millisecond},
		"for good":                  {[]error{none, none, none, none, none, none, none, none}, "crcrcrcr", 3, none, 1750 * time.Millisecond},
		"refused at once":           {[]error{repeated}, "c", 0, repeated, 0},
		"refused later":             {[]error{none, none, refused}, "crc", 1, refused, 250 * time.Millisecond},
		"reveal refused meanwhile":  {[]error{none, refused}, "crc", 1, refused, 250 * time.Millisecond},
		"limit of the own machine":  {[]error{own}, "cr", 0, own, 0},
		"reveal after a new commit": {[]error{none, none, nil, none}, "crcrr", 2, nil, 750 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{}
				s.answer = func(n int, _ time.Duration) (time.Duration, error) {
					if n < len(c.answers) && c.answers[n] != nil {
						return 0, c.answers[n]
					}
					return 0, nil
				}
				g, l, _ := begin(t, `
version: 1
workload: {chains: 0, mix: [{kind: chain, weight: 1, size: 100B}]}
load: {phases: [{for: 1s, rate: 1/s}]}
submit: {retry: 3}
`, s)
				runAll(t, g, t.Context())
				e, calls, first := l.entries[0], "", 2
				if c.calls == "c" {
					first = 1 // a refused commit has no reveal
				}
				for _, body := range s.calls {
					if strings.Contains(body, "commit") {
						calls += "c"
					} else {
						calls += "r"
					}
				}
				if calls != c.calls || e.Retried != c.retried || !errors.Is(e.Err, c.err) {
					t.Errorf("calls %s, retried %d times, %v; want %s, %d, %v", calls, e.Retried, e.Err, c.calls, c.retried, c.err)
				}
				if g.Requests() != uint64(len(calls)) || g.Retries() != uint64(len(calls)-first) {
					t.Errorf("%d requests counted, %d retries", g.Requests(), g.Retries())
				}
				if e.Sent != e.At {
					t.Errorf("sent at %d, planned for %d: a retry must not move it", e.Sent, e.At)
				}
				if c.err == nil && max(e.Committed, e.Revealed)-e.Sent != int64(c.took) || e.Committed != results.Never && e.Revealed != results.Never && e.Revealed < e.Committed {
					t.Errorf("sent %d, committed %d, revealed %d", e.Sent, e.Committed, e.Revealed)
				}
			})
		})
	}
}

// After the run is told to stop nothing is sent again.
func TestNoRetryAfterStop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: func(int, time.Duration) (time.Duration, error) { return 0, &factomd.Failure{Message: "timeout"} }}
		g, l, _ := begin(t, `
version: 1
workload: {chains: 0, mix: [{kind: chain, weight: 1, size: 100B}]}
load: {phases: [{for: 1s, rate: 1/s}]}
submit: {retry: 10}
`, s)
		stop, cancel := context.WithCancel(t.Context())
		time.AfterFunc(2*time.Second, cancel) // in the pause after the third retry
		runAll(t, g, stop)
		if e := l.entries[0]; e.Retried != 2 && e.Retried != 3 || time.Since(s.start) > 2100*time.Millisecond {
			t.Errorf("retried %d times, over after %v", e.Retried, time.Since(s.start))
		}
	})
}

// idleNode answers at once.
type idleNode struct{}

func (idleNode) Submit(context.Context, []byte, factomd.Hash) (sent, answered time.Time, err error) {
	now := time.Now()
	return now, now, nil
}

func (idleNode) SubmitTogether(context.Context, []byte, []byte, factomd.Hash) factomd.Pair {
	now := time.Now()
	return factomd.Pair{Sent: now, Committed: now, Revealed: now, Calls: 2, Tried: true}
}

func TestSubmitAllocates(t *testing.T) {
	for _, reveal := range []scenarios.Reveal{scenarios.RevealAfter, scenarios.RevealTogether} {
		g := &Generator{opts: Options{Scenario: new(scenarios.Scenario), Endpoints: []Endpoint{{Submitter: idleNode{}}}, Start: time.Now()}, load: scenarios.Load{Reveal: reveal}}
		j := new(job)
		n := testing.AllocsPerRun(100, func() {
			if s := g.submit(t.Context(), t.Context(), j); s.Err != nil || s.Revealed == results.Never {
				t.Errorf("%+v", s)
			}
		})
		if n > 0 {
			t.Errorf("reveal %s: %v allocations an entry", reveal, n)
		}
	}
}

// What cannot be put on record is not sent.
func TestNoRecordNoSend(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		g, l, plan := begin(t, mixed, s)
		l.planErr = errors.New("disk full")
		err := g.Load(t.Context(), t.Context())
		if !errors.Is(err, l.planErr) {
			t.Errorf("the error is %v, want the record's", err)
		}
		if len(s.calls) != 0 {
			t.Errorf("%d calls were made", len(s.calls))
		}
		if submitted, _ := l.check(t, uint64(len(l.entries))); submitted != 0 || uint64(len(l.entries)) > plan.Total.Slots {
			t.Errorf("%d of %d entries were submitted", submitted, len(l.entries))
		}
	})
}
