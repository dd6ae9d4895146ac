package generator

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// closed is a scenario of so many users. Its entries begin chains, for 11 entry
// credits each.
func closed(users int, think, phases string) string {
	return fmt.Sprintf(`
version: 1
workload: {chains: 0, mix: [{kind: chain, weight: 1, size: 100B}]}
load: {users: %d, think: %s, phases: [%s]}
`, users, think, phases)
}

func takes(d time.Duration) func(int, time.Duration) (time.Duration, error) {
	return func(int, time.Duration) (time.Duration, error) { return d, nil }
}

// Ten users whose entries take 50 ms, and who think for 50 ms, write ten entries
// a second each, spread over the think time, and each is sent the moment that its
// user is free.
func TestClosedLoop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: takes(25 * time.Millisecond)}
		g, l, plan := begin(t, closed(10, "50ms", "{name: warm, for: 4s, measured: false}, {name: load, for: 6s}"), s)
		runAll(t, g, t.Context())
		if submitted, _ := l.check(t, 1000); submitted != 1000 {
			t.Errorf("%d entries were submitted, want 1000", submitted)
		}
		if len(l.phases) != 2 || l.phases[1].End-l.phases[0].Start != int64(10*time.Second) {
			t.Errorf("phases %+v", l.phases)
		}
		began := l.phases[0].Start
		for i, e := range l.entries {
			user, round := i%10, i/10
			at := began + int64(time.Duration(user)*5*time.Millisecond+time.Duration(round)*100*time.Millisecond)
			phase := 1
			if at >= l.phases[0].End {
				phase = 2
			}
			if e.At != at || e.Sent != at || e.Late || e.Phase != phase || e.Index != uint64(i) {
				t.Fatalf("entry %d (number %d): planned at %v in phase %d, sent at %v; want %v in phase %d",
					i, e.Index, time.Duration(e.At), e.Phase, time.Duration(e.Sent), time.Duration(at), phase)
			}
			if onRecord := int64(e.plannedOnRecord); onRecord != e.At {
				t.Fatalf("entry %d, planned at %v, went on record at %v", i, time.Duration(e.At), time.Duration(onRecord))
			}
		}
		if g.InFlight() != 0 || g.Current() != 2 {
			t.Errorf("%d in flight, phase %d", g.InFlight(), g.Current())
		}
		if !plan.Closed || plan.Total.Slots != 0 || plan.Total.Length != 10*time.Second || len(plan.Phases) != 2 || plan.Phases[1].Rate != "10 users" {
			t.Errorf("plan %+v", plan)
		}
	})
}

// Without a think time all begin at once, and there are never more entries in
// flight than users.
func TestUsersWithoutThinkTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		g, l, _ := begin(t, closed(200, "0s", "{for: 1s}"), s)
		var all atomic.Bool // users were waiting at once
		s.answer = func(int, time.Duration) (time.Duration, error) {
			if g.InFlight() == 200 {
				all.Store(true)
			}
			return 10 * time.Millisecond, nil
		}
		runAll(t, g, t.Context())
		if submitted, _ := l.check(t, 200*50); submitted != 200*50 || !all.Load() {
			t.Errorf("%d entries, want %d; 200 of them in flight at once: %v", submitted, 200*50, all.Load())
		}
		for i, e := range l.entries[:200] {
			if e.At != l.phases[0].Start {
				t.Fatalf("user %d began at %v", i, time.Duration(e.At))
			}
		}
	})
}

// What a closed loop hides: the node of TestCoordinatedOmission, whose users
// would have waited for 900 ms at the 99th percentile, looks like a fast one.
// Each user meets a stall once, and in the rest of it nobody writes.
func TestClosedLoopHidesAStall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, l, _ := begin(t, closed(2, "8ms", "{for: 30s}"), &server{answer: freezes})
		runAll(t, g, t.Context())
		submit := l.submitLatencies()
		// About 200 entries a second, as there.
		if n := len(submit); n < 5000 || n > 6000 {
			t.Errorf("%d entries in 30 s", n)
		}
		if p99 := submit[len(submit)*99/100]; p99 > 3*time.Millisecond {
			t.Errorf("submit p99 is %v: a closed loop should not see the stalls", p99)
		}
		if most := submit[len(submit)-1]; most < 700*time.Millisecond {
			t.Errorf("the slowest took %v", most)
		}
	})
}

func TestStopEndsTheUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, l, _ := begin(t, closed(10, "50ms", "{for: 10s}"), &server{answer: takes(300 * time.Millisecond)})
		stop, cancel := context.WithCancel(t.Context())
		time.AfterFunc(3*time.Second, cancel)
		runAll(t, g, stop)
		submitted, skipped := l.check(t, uint64(len(l.entries)))
		if submitted < 40 || skipped != 0 {
			t.Errorf("%d submitted, %d skipped", submitted, skipped)
		}
		if charged := g.Charged(0); charged != int64(11*submitted) {
			t.Errorf("charged %d entry credits for %d entries of 11", charged, submitted)
		}
		for _, e := range l.entries {
			if e.Err != nil || e.At > int64(3*time.Second) {
				t.Errorf("entry %d, planned at %v: %v", e.Index, time.Duration(e.At), e.Err)
			}
		}
	})
}

func TestAbortGivesUpTheUsersCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: takes(time.Hour)}
		g, l, _ := begin(t, closed(10, "50ms", "{for: 10s}"), s)
		both, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if err := g.Load(both, both); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(s.start); took != time.Second {
			t.Errorf("it took %v to give up", took)
		}
		if submitted, _ := l.check(t, 10); submitted != 10 || len(s.calls) != 10 {
			t.Errorf("%d entries were submitted in %d calls", submitted, len(s.calls))
		}
	})
}

// The budget ends a closed loop: every entry that it pays for is sent and
// awaited.
func TestBudgetEndsTheUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: takes(300 * time.Millisecond)}
		g, l, _ := begin(t, closed(10, "50ms", "{for: 1h}"), s)
		g.opts.Budget = 11*95 + 10
		if err := g.Load(t.Context(), t.Context()); !errors.Is(err, ErrBudget) {
			t.Errorf("the load ended with %v, want %v", err, ErrBudget)
		}
		if submitted, _ := l.check(t, 95); submitted != 95 {
			t.Errorf("%d entries were submitted", submitted)
		}
		if took := time.Since(s.start); took > 10*time.Second {
			t.Errorf("it ended after %v", took)
		}
	})
}

// A node that takes nothing must not use up the budget: its users try again once
// a second.
func TestUsersOfANodeThatTakesNothing(t *testing.T) {
	for _, c := range []struct {
		name   string
		server *server
	}{
		{"no connection", &server{unsent: true}},
		{"no answer", &server{answer: func(int, time.Duration) (time.Duration, error) { return 0, &factomd.Failure{Message: "HTTP 502"} }}},
		{"rejection", &server{answer: func(int, time.Duration) (time.Duration, error) {
			return 0, &factomd.Failure{Rejected: true, Code: -32602}
		}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g, l, _ := begin(t, closed(5, "0s", "{for: 4s}"), c.server)
				runAll(t, g, t.Context())
				l.check(t, 5*4)
			})
		})
	}
}

// However an entry's calls end, its user is free when both are over, and plans
// nothing for an instant that has passed.
func TestUsersAreFreeWhenTheCallsAreOver(t *testing.T) {
	rejected, silent := &factomd.Failure{Rejected: true, Code: -32602}, &factomd.Failure{Message: "timeout"}
	for _, c := range []struct {
		name           string
		reveal         string
		commit, answer error // of the commit and of the reveal
		lasts          time.Duration
	}{
		{"commit refused, reveal silent", "together", rejected, silent, 31 * time.Second},
		{"commit silent, reveal refused", "together", silent, rejected, 31 * time.Second},
		{"commit refused", "after", rejected, nil, time.Second},
		{"commit silent, reveal refused", "after", silent, rejected, 31 * time.Second},
		{"reveal silent", "after", nil, silent, 31 * time.Second},
	} {
		t.Run(c.reveal+", "+c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{answer: func(n int, _ time.Duration) (time.Duration, error) { return 0, nil }}
				yaml := strings.Replace(closed(1, "0s", "{for: 40s}"), "think: 0s", "think: 0s, reveal: "+c.reveal, 1)
				g, l, _ := begin(t, yaml, s)
				s.answer = func(n int, _ time.Duration) (time.Duration, error) {
					err := c.answer
					if strings.Contains(s.calls[n], "commit") {
						err = c.commit
					}
					if err == error(silent) {
						return 30 * time.Second, err
					}
					return 0, err
				}
				runAll(t, g, t.Context())
				l.check(t, uint64((40*time.Second-1)/c.lasts)+1)
				for i, e := range l.entries {
					if want := l.phases[0].Start + int64(time.Duration(i)*c.lasts); e.At != want || e.Sent != want || e.Late {
						t.Fatalf("entry %d is planned at %v and sent at %v, want %v",
							i, time.Duration(e.At), time.Duration(e.Sent), time.Duration(want))
					}
				}
			})
		})
	}
}

// What is never sent is not charged, and that as soon as no more is planned: it
// must not be bought while the last answers are out. Of that instant the time
// that they take is no part.
func TestUsersEndBeforeTheLastAnswer(t *testing.T) {
	const hang = 20 * time.Second
	for _, c := range []struct {
		name, phases string
		budget       int64
		want         func(start int64) int64
	}{
		{"phase", "{for: 5s}", 0, func(start int64) int64 { return start + int64(5*time.Second) }},
		{"budget", "{for: 1h}", 11 * 99, func(start int64) int64 { return start + int64(4925*time.Millisecond) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := &server{}
				g, l, _ := begin(t, closed(2, "50ms", c.phases), s)
				g.opts.Budget = c.budget
				s.answer = func(n int, _ time.Duration) (time.Duration, error) {
					if n == 0 {
						return hang, nil // of one user, the other does all the rest
					}
					return 0, nil
				}
				time.AfterFunc(10*time.Second, func() {
					if got, want := g.Ended(), c.want(l.phases[0].Start); got != want || g.InFlight() != 1 {
						t.Errorf("ended at %v, want %v; %d in flight", time.Duration(got), time.Duration(want), g.InFlight())
					}
					if charged := g.Charged(0); charged != int64(11*len(l.entries)) {
						t.Errorf("charged %d entry credits for %d entries of 11", charged, len(l.entries))
					}
				})
				if err := g.Load(t.Context(), t.Context()); err != nil && !errors.Is(err, ErrBudget) {
					t.Fatal(err)
				}
				if took := time.Since(s.start); took < hang {
					t.Errorf("it took %v", took)
				}
			})
		})
	}
}

func TestUsersWithoutARecord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &server{}
		g, l, _ := begin(t, closed(10, "50ms", "{for: 10s}"), s)
		l.planErr = errors.New("disk full")
		if err := g.Load(t.Context(), t.Context()); !errors.Is(err, l.planErr) {
			t.Errorf("the error is %v, want the record's", err)
		}
		if submitted, _ := l.check(t, uint64(len(l.entries))); submitted != 0 || len(s.calls) != 0 {
			t.Errorf("%d entries were submitted", submitted)
		}
	})
}

// Keys take turns, and each has its own share of the budget.
func TestKeysTakeTurns(t *testing.T) {
	keys := []factomd.Key{factomd.LocalTestKey().EC(), otherKey(t), thirdKey(t)}
	synctest.Test(t, func(t *testing.T) {
		s := &server{answer: takes(10 * time.Millisecond)}
		scenario := parse(t, closed(4, "0s", "{for: 1h}"))
		l := &ledger{start: time.Now()}
		g := New(Options{
			Scenario: scenario, Salt: "salt", Keys: keys, Budget: 3*11*20 + 1, Start: l.start,
			Endpoints: []Endpoint{{Submitter: s, Weight: 1}}, Tracker: l, Sleep: sleepRoughly,
		})
		if err := g.Load(t.Context(), t.Context()); !errors.Is(err, ErrBudget) {
			t.Errorf("%v", err)
		}
		l.check(t, 60)
		signed := make([]int, len(keys))
		for _, call := range s.calls {
			for k, key := range keys {
				public := key.ECPublic()
				if bytes.Contains([]byte(call), []byte(hex.EncodeToString(public[:]))) {
					signed[k]++
				}
			}
		}
		for k, n := range signed {
			if n != 20 || g.Charged(k) != 20*11 {
				t.Errorf("key %d signed %d commits and is charged %d", k, n, g.Charged(k))
			}
		}
	})
}

func TestSharesOfAPlan(t *testing.T) {
	const keys = "\ncredits: {keys: [env:A, env:B, env:C], budget: 1000}\n"
	known := NewPlan(parse(t, mixed+keys))
	if known.Shares[0]+known.Shares[1]+known.Shares[2] != known.Total.Credits || known.Closed {
		t.Errorf("shares %v of %d", known.Shares, known.Total.Credits)
	}
	// The setup's chains are the first entries: 5 of them.
	if s := known.Shares; s[0] < 22 || s[1] < 22 || s[2] < 11 {
		t.Errorf("shares %v", s)
	}
	if s := NewPlan(parse(t, closed(1, "0s", "{for: 1s}")+keys)).Shares; s[0] != 334 || s[1] != 333 || s[2] != 333 {
		t.Errorf("shares of the budget: %v", s)
	}
}

// A key whose share of the budget the chains use up would end the load in the
// middle of its setup, when others have paid.
func TestPlanRefuses(t *testing.T) {
	const users = `
version: 1
workload: {chains: %d, mix: [{kind: entry, size: 100..%dB}]}
load: {users: 3, phases: [{for: 1s}]}
credits: {keys: [%s], budget: %d}
%s`
	const hostile = "hostile: {rate: 5/s, mix: [{kind: repeated-reveal}]}"
	keys := func(n int) string {
		var list []string
		for i := range n {
			list = append(list, fmt.Sprintf("env:K%d", i))
		}
		return strings.Join(list, ", ")
	}
	for _, c := range []struct{ name, yaml, want string }{
		{"chains of one key", fmt.Sprintf(users, 3, 100, keys(1), 34, ""), ""},
		{"nothing left", fmt.Sprintf(users, 3, 100, keys(1), 33, ""), "take 33 entry credits of the budget, which is 33, and one more entry can cost 1"},
		{"no large entry", fmt.Sprintf(users, 3, 2000, keys(1), 34, ""), "one more entry can cost 2"},
		{"two chains of one of two keys", fmt.Sprintf(users, 3, 100, keys(2), 40, ""), "take 22 entry credits of env:K0's share of the budget, which is 20,"},
		{"two chains of one of two keys that fit", fmt.Sprintf(users, 3, 100, keys(2), 46, ""), ""},
		{"shares too small for a chain", fmt.Sprintf(users, 5, 100, keys(10), 100, ""), "take 11 entry credits of env:K0's share of the budget, which is 10,"},
		{"hostile calls", fmt.Sprintf(users, 1, 100, keys(1), 16, hostile), "the hostile calls, take 16 entry credits of the budget"},
		{"an open loop", mixed + "\ncredits: {keys: [env:A, env:B], budget: 10}\n", "the load costs "},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := parse(t, c.yaml)
			err := NewPlan(s).Refuse(s.Credits)
			switch {
			case c.want == "" && err == nil:
			case c.want == "" || err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "\n    hint: "):
				t.Errorf("%v\nwant %q", err, c.want)
			case strings.Contains(c.yaml, "env:K1") && !strings.Contains(err.Error(), "credits.keys"):
				t.Errorf("%v\nthe hint does not name the keys", err)
			}
		})
	}
}

func otherKey(t *testing.T) factomd.Key {
	return parseKey(t, "Es2Rf7iM6PdsqfYCo3D1tnAR65SkLENyWJG1deUzpRMQmbh9F3eG")
}
func thirdKey(t *testing.T) factomd.Key {
	return parseKey(t, "Es3hN9o1hnMPfGgrK89UhK7hKJSAGsduBuxkuKVbibVMMzWBngQN")
}

func parseKey(t *testing.T, secret string) factomd.Key {
	t.Helper()
	k, err := factomd.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k
}
