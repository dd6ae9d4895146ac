package run_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// hashes is a set that handlers fill.
type hashes struct {
	mu  sync.Mutex
	all map[factomd.Hash]string
}

func (h *hashes) add(hash factomd.Hash, what string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[factomd.Hash]string{}
	}
	h.all[hash] = what
}

func (h *hashes) has(hash factomd.Hash) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	_, ok := h.all[hash]
	return ok
}

// first reports whether an entry meets something for the first time.
func (h *hashes) first(hash factomd.Hash, what string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.all == nil {
		h.all = map[factomd.Hash]string{}
	}
	before := h.all[hash]
	h.all[hash] += what + " "
	return !strings.Contains(before, what)
}

// TestLostEntries has nodes that say success and forget: some commits, some
// reveals, some entries that were in a process list. The audit must name those,
// all of them, no others, and where each stopped, however the calls are made: what
// was answered is not sent again, so that no retry hides a loss.
func TestLostEntries(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		load, more string
		peer       bool
	}{
		"after":         {},
		"together":      {load: "reveal: together"},
		"retry":         {more: "submit: {retry: 3}"},
		"two endpoints": {load: "reveal: together", more: "submit: {retry: 3}", peer: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var dropped hashes
			stages := []factomdtest.Stage{factomdtest.Commit, factomdtest.Reveal, factomdtest.Accepted}
			n := factomdtest.New(t, factomdtest.Options{
				BlockTime: time.Second,
				Drop: func(s factomdtest.Stage, h factomd.Hash, first bool) bool {
					for k, stage := range stages {
						if s == stage && !first && pick(h, k, 10) {
							dropped.add(h, string(s))
							return true
						}
					}
					return false
				},
			})
			urls := []string{n.URL()}
			if test.peer {
				urls = append(urls, factomdtest.New(t, factomdtest.Options{PeerOf: n}).URL())
			}
			got := carryOut(t, plan{load: test.load, phase: "for: 2s, rate: 40/s", more: test.more}.scenario(urls...))
			got.in(t, n)
			got.verdict(t, report.Lost, report.ExitLost)

			byStage := map[string]int{}
			for _, stage := range dropped.all {
				byStage[stage]++
			}
			if len(byStage) != len(stages) {
				t.Fatalf("dropped %v: the test does not test much", byStage)
			}
			count(t, "lost", got.Totals.Lost, len(dropped.all))
			count(t, "confirmed", got.Totals.Confirmed, int(got.Totals.Planned)-len(dropped.all))
			count(t, "retried", got.Totals.Retried, 0)
			if got.Audit.Listed != len(dropped.all) || got.Audit.Total != uint64(len(dropped.all)) || len(got.Audit.Lost) != len(dropped.all) {
				t.Errorf("the audit lists %d of %d entries, the node dropped %d", got.Audit.Listed, got.Audit.Total, len(dropped.all))
			}
			for _, l := range got.Audit.Lost {
				h, err := factomd.ParseHash(l.Hash)
				if err != nil {
					t.Fatal(err)
				}
				if want := dropped.all[h]; l.Stage != want {
					t.Errorf("entry %s: lost at %q, the node dropped it at %q", l.Hash, l.Stage, want)
				}
			}
			count(t, "credits spent", got.Totals.CreditsSpent, int(n.Spent()))
		})
	}
}

// TestRetry has two nodes of one network not answer the first call of some commits
// and reveals, heard or not: sent again, all are taken, none twice.
func TestRetry(t *testing.T) {
	t.Parallel()
	for _, reveal := range []string{"after", "together"} {
		t.Run(reveal, func(t *testing.T) {
			t.Parallel()
			var met, failed hashes
			fault := func(c factomdtest.Call) *factomdtest.Fault {
				first := c.Submits() && met.first(c.Entry, c.Method)
				for k, f := range []factomdtest.Fault{
					{Answer: factomdtest.HTML(500), Unheard: true},
					{Answer: factomdtest.HTML(500)},
					{Answer: factomdtest.Reset(), Unheard: true},
				} {
					if first && (c.Method == "commit-entry" && pick(c.Entry, k, 8) || c.Method == "reveal-entry" && pick(c.Entry, k+1, 8)) {
						failed.add(c.Entry, "")
						return &f
					}
				}
				return nil
			}
			n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Fault: fault})
			peer := factomdtest.New(t, factomdtest.Options{PeerOf: n, Fault: fault})
			got := carryOut(t, plan{load: "reveal: " + reveal, phase: "for: 2s, rate: 40/s", more: "submit: {retry: 2}"}.scenario(n.URL(), peer.URL()))
			got.in(t, n)
			got.verdict(t, report.Pass, report.ExitOK)
			addsUp(t, got.Report)
			if len(failed.all) == 0 {
				t.Fatal("the test does not test much")
			}
			count(t, "confirmed", got.Totals.Confirmed, int(got.Totals.Planned))
			count(t, "ambiguous", got.Totals.Ambiguous, 0)
			count(t, "retried", got.Totals.Retried, len(failed.all))
			count(t, "credits spent", got.Totals.CreditsSpent, int(n.Spent()))
			if h := got.Harness; h.RetryRequests < got.Totals.Retried || h.SubmitRequests != 2*got.Totals.Planned+h.RetryRequests {
				t.Errorf("%d requests, %d of them retries, for %d entries", h.SubmitRequests, h.RetryRequests, got.Totals.Planned)
			}
			for _, e := range got.entries {
				if times := n.Written(e.Hash); times != 1 {
					t.Errorf("entry %s is written %d times", e.Hash, times)
				}
			}
		})
	}
}

// TestFaultySubmits meets faults on some commits and on some reveals of the load,
// some of which the node acts on all the same.
func TestFaultySubmits(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer   http.HandlerFunc
		rejected bool
		code     int
		message  string
	}{
		"refusal":     {answer: factomdtest.Refuse(-32603, "Internal error", "boom"), rejected: true, code: -32603, message: "Internal error: boom"},
		"timeout":     {answer: factomdtest.Silence(), message: "timeout"},
		"HTML":        {answer: factomdtest.HTML(500), code: 500, message: "http 500"},
		"HTML 200":    {answer: factomdtest.HTML(200), message: "reply is not JSON"},
		"wrong entry": {answer: factomdtest.WrongEntry(), message: "reply for another entry"},
		"truncated":   {answer: factomdtest.Truncated(), message: "reply cut short"},
		"endless":     {answer: factomdtest.Endless(), message: "reply too large"},
		"redirect":    {answer: factomdtest.Redirect("http://127.0.0.1:1/v2"), code: 307, message: "redirect refused"},
		"reset":       {answer: factomdtest.Reset(), message: "connection reset"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var entries hashes // of the load; the setup makes chains
			n := factomdtest.New(t, factomdtest.Options{
				BlockTime: halfSecond,
				Fault: func(c factomdtest.Call) *factomdtest.Fault {
					if c.Method == "commit-entry" {
						entries.add(c.Entry, "")
					}
					switch h := c.Entry; {
					case !entries.has(h):
					case c.Method == "commit-entry" && pick(h, 0, 8), c.Method == "reveal-entry" && pick(h, 1, 8):
						return &factomdtest.Fault{Answer: test.answer, Unheard: true}
					case c.Method == "commit-entry" && pick(h, 2, 8), c.Method == "reveal-entry" && pick(h, 3, 8):
						return &factomdtest.Fault{Answer: test.answer}
					}
					return nil
				},
			})
			load := ""
			if test.message == "timeout" {
				load = "submit_timeout: 3s"
			}
			got := carryOut(t, plan{load: load, phase: "for: 2s, rate: 40/s"}.scenario(n.URL()))
			got.in(t, n)
			got.verdict(t, report.Pass, report.ExitOK) // there is no threshold
			addsUp(t, got.Report)

			// A refused commit has no reveal after it, so that its entry never
			// lands although the node took the commit.
			ambiguous := func(e results.Entry) bool {
				return isEntry(e) && (!test.rejected && pick(e.Hash, 2, 8) || pick(e.Hash, 3, 8))
			}
			bad := func(e results.Entry) bool {
				return isEntry(e) && !ambiguous(e) && (pick(e.Hash, 0, 8) || pick(e.Hash, 1, 8) || pick(e.Hash, 2, 8))
			}
			if got.by(ambiguous) == 0 || got.by(bad) == 0 {
				t.Fatal("the test does not test much")
			}
			count(t, "ambiguous", got.Totals.Ambiguous, got.by(ambiguous))
			count(t, "confirmed", got.Totals.Confirmed, len(got.entries)-got.by(bad))
			if test.rejected {
				count(t, "rejected", got.Totals.Rejected, got.by(bad))
			} else {
				count(t, "failed", got.Totals.Failed, got.by(bad))
			}
			for _, e := range got.entries {
				if bad(e) || ambiguous(e) {
					if want := (results.Error{Rejected: test.rejected, Code: test.code, Message: test.message}); e.Error == nil || *e.Error != want {
						t.Errorf("entry %s: error %+v, want %+v", e.Hash, e.Error, want)
					}
				} else if e.Error != nil {
					t.Errorf("entry %s: error %+v", e.Hash, e.Error)
				}
			}
			if len(got.Errors) != 1 || got.Errors[0].Message != test.message || got.Errors[0].Code != test.code ||
				got.Errors[0].Count != uint64(got.by(bad)+got.by(ambiguous)) {
				t.Errorf("errors %+v", got.Errors)
			}
			// The node's charges include those of commits whose entries never
			// came.
			count(t, "credits spent", got.Totals.CreditsSpent, int(n.Spent()))
		})
	}
}

// TestTogether has a node refuse some commits, of which it took half all the same,
// and cut the connection after others: every reveal was out already. What lands
// is confirmed and ambiguous, what does not is what its commit's answer says.
func TestTogether(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{
		BlockTime: halfSecond,
		Fault: func(c factomdtest.Call) *factomdtest.Fault {
			if c.Method != "commit-entry" {
				return nil
			}
			switch h := c.Entry; {
			case pick(h, 0, 8):
				return &factomdtest.Fault{Answer: factomdtest.Refuse(-32603, "Internal error", "boom"), Unheard: true}
			case pick(h, 1, 8):
				return &factomdtest.Fault{Answer: factomdtest.Refuse(-32603, "Internal error", "boom")}
			case pick(h, 2, 8):
				return &factomdtest.Fault{Answer: factomdtest.Reset()}
			}
			return nil
		},
	})
	got := carryOut(t, plan{load: "reveal: together", phase: "for: 2s, rate: 40/s"}.scenario(n.URL()))
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	addsUp(t, got.Report)
	if by := got.Network.Endpoints[0].SubmitsBy; by != "direct-together" {
		t.Errorf("submits by %s", by)
	}
	for _, e := range got.entries {
		outcome, ambiguous, message := results.Confirmed, false, ""
		if isEntry(e) {
			switch {
			case pick(e.Hash, 0, 8):
				outcome, message = results.Rejected, "Internal error: boom"
			case pick(e.Hash, 1, 8):
				ambiguous, message = true, "Internal error: boom"
			case pick(e.Hash, 2, 8):
				// The node took the commit, and never read the reveal.
				outcome, message = results.Failed, "connection reset"
			}
		}
		if e.Outcome != outcome || e.Ambiguous != ambiguous || (e.Error == nil) != (message == "") || e.Error != nil && e.Error.Message != message {
			t.Errorf("entry %s: %s, ambiguous %v, error %+v; want %s, %v, %q", e.Hash, e.Outcome, e.Ambiguous, e.Error, outcome, ambiguous, message)
		}
		if refused := message == "Internal error: boom"; refused && (e.Committed == results.Never || e.Revealed < e.Committed) {
			t.Errorf("entry %s: its commit was refused at %d, its reveal answered at %d", e.Hash, e.Committed, e.Revealed)
		}
	}
	rejected := got.by(func(e results.Entry) bool { return e.Outcome == results.Rejected })
	failed := got.by(func(e results.Entry) bool { return e.Outcome == results.Failed })
	if rejected == 0 || failed == 0 || got.Totals.Ambiguous == 0 {
		t.Fatal("the test does not test much")
	}
	count(t, "reveals heard", uint64(n.Calls("reveal-entry")), len(got.entries)-3-failed)
	count(t, "submit requests", got.Harness.SubmitRequests, 2*len(got.entries))
	count(t, "credits spent", got.Totals.CreditsSpent, int(n.Spent()))
}

// TestEndpointGone has one of two nodes of a network go away in the middle: what
// it took is followed on the other.
func TestEndpointGone(t *testing.T) {
	t.Parallel()
	stays := factomdtest.New(t, factomdtest.Options{
		BlockTime: halfSecond,
		Drop: func(s factomdtest.Stage, h factomd.Hash, first bool) bool {
			return s == factomdtest.Reveal && !first && pick(h, 0, 16)
		},
	})
	var commits atomic.Int64
	enough := make(chan struct{})
	goes := factomdtest.New(t, factomdtest.Options{PeerOf: stays, Fault: func(c factomdtest.Call) *factomdtest.Fault {
		if c.Method == "commit-entry" && commits.Add(1) == 20 {
			close(enough)
		}
		return nil
	}})
	go func() {
		<-enough
		goes.Close()
	}()
	got := carryOut(t, plan{
		network: fmt.Sprintf("endpoints: [{url: %q}, {url: %q}]", goes.URL(), stays.URL()),
		mix:     "{kind: entry}",
		phase:   "for: 2s, rate: 50/s",
	}.scenario())
	got.in(t, stays)
	for _, e := range got.entries {
		if e.Outcome == results.Failed && e.Endpoint != 0 {
			t.Errorf("entry %s failed on the node that stays: %+v", e.Hash, e.Error)
		}
		if e.Outcome == results.Lost && (e.Stage != results.StageReveal || !pick(e.Hash, 0, 16)) {
			t.Errorf("entry %s is lost at %s", e.Hash, e.Stage)
		}
	}
	if first := got.Endpoints[0]; first.Totals.Failed < 10 || first.Totals.Confirmed < 10 || len(first.Errors) == 0 || first.Errors[0].Message != "connection refused" {
		t.Errorf("the node that went: %+v, errors %+v", first.Totals, first.Errors)
	}
	if len(got.Endpoints[1].Errors) > 0 {
		t.Errorf("the node that stayed: errors %+v", got.Endpoints[1].Errors)
	}
	if got.Totals.Lost == 0 {
		t.Error("nothing was lost: the test does not test much")
	}
}

// TestOnlyEndpointGone has nobody left to ask: the run still comes to its end,
// says that it could not look, and calls nothing lost.
func TestOnlyEndpointGone(t *testing.T) {
	t.Parallel()
	enough := make(chan struct{})
	n := after(t, 40, func(*factomdtest.Node) { close(enough) })
	go func() {
		<-enough
		n.Close()
	}()
	got := carryOut(t, plan{phase: "for: 2s, rate: 40/s"}.scenario(n.URL()))
	got.verdict(t, report.Interrupted, report.ExitCannot)
	if !strings.Contains(got.Run.Why, "could not be looked for") || got.Totals.Lost > 0 {
		t.Errorf("why %q, totals %+v", got.Run.Why, got.Totals)
	}
	refused := slices.ContainsFunc(got.Errors, func(e report.Error) bool { return e.Message == "connection refused" })
	if got.Totals.Failed < 30 || got.Totals.Confirmed < 3 || !refused {
		t.Errorf("totals %+v, errors %+v", got.Totals, got.Errors)
	}
	for _, e := range got.entries {
		if height, saved := n.Chain()[e.Hash]; e.Outcome == results.Confirmed && (!saved || height != e.Height) {
			t.Errorf("entry %s is confirmed at %d; in the chain: %v, %d", e.Hash, e.Height, saved, height)
		}
	}
}

// frozen starts a node that answers nothing for a second, in the middle of the
// load.
func frozen(t *testing.T) *factomdtest.Node {
	return after(t, 50, func(n *factomdtest.Node) { time.AfterFunc(time.Second, n.Freeze()) })
}

// TestFrozenNode has latencies count from the planned instant: those who could
// not be sent, because the limit in flight was reached, waited as well.
func TestFrozenNode(t *testing.T) {
	t.Parallel()
	n := frozen(t)
	got := carryOut(t, plan{load: "in_flight: 20", phase: "for: 3s, rate: 100/s"}.scenario(n.URL()), measured)
	got.in(t, n)
	count(t, "confirmed", got.Totals.Confirmed, int(got.Totals.Planned))
	count(t, "missed slots", got.Harness.MissedSlots, got.by(func(e results.Entry) bool { return e.Late && !e.Waited }))
	waited := got.by(func(e results.Entry) bool { return e.Late && e.Waited })
	if waited < 50 { // about 80 came due while 20 were in flight
		t.Errorf("%d entries were late for want of room", waited)
	}
	if slow := got.by(func(e results.Entry) bool { return e.Revealed-e.Planned > int64(700*time.Millisecond) }); slow < 15 {
		t.Errorf("%d entries took long; in a second without answers 30 were planned in its first 0.3 s", slow)
	}
	if got.LatencyMS.Submit.Max < 900 || got.LatencyMS.Schedule.Max < 500 {
		t.Errorf("submit took %v ms at most, schedule %v ms", got.LatencyMS.Submit.Max, got.LatencyMS.Schedule.Max)
	}
	// The calls themselves hide it: the ones that waited here were quick there.
	if got.LatencyMS.RevealService.P50 > got.LatencyMS.Submit.P95 {
		t.Errorf("service p50 %v ms, submit p95 %v ms", got.LatencyMS.RevealService.P50, got.LatencyMS.Submit.P95)
	}
}

func TestLateSkip(t *testing.T) {
	t.Parallel()
	n := frozen(t)
	got := carryOut(t, plan{load: "in_flight: 20, late: skip, late_by: 200ms", phase: "for: 3s, rate: 100/s"}.scenario(n.URL()))
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	addsUp(t, got.Report)
	count(t, "confirmed", got.Totals.Confirmed, int(got.Totals.Planned-got.Totals.Skipped))
	if got.Totals.Skipped < 30 || got.Totals.Late == 0 { // about 60 were more than 200 ms late, 20 less
		t.Errorf("totals %+v", got.Totals)
	}
	for _, e := range got.entries {
		if e.Outcome == results.Skipped && e.Sent != results.Never {
			t.Errorf("entry %s was skipped and sent", e.Hash)
		}
	}
}
