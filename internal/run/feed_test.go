package run_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/FactomProject/factomd/events/eventmessages/generated/eventmessages"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

const liveFeed = "observe: {live_feed: {listen: ':0'}}\n"

// A manner is how a sender sends.
type manner struct {
	changes, asJSON bool
	// send, if set, is asked for each reveal that is accepted, by its number from 0:
	// with false nothing is said of it.
	send func(n int) bool
	// cut, if set, is asked for each message, by its number from 0: with true the
	// connection ends in its middle, and it is sent again on the next.
	cut func(n int) bool
}

// A sender is a node's side of a live feed. What the double does with commits and
// reveals it says in factomd's own messages.
type sender struct {
	manner
	addr    chan string
	to      string // where it dials; this and conn are of run, and of cut
	conn    net.Conn
	mu      sync.Mutex
	more    *sync.Cond
	queue   []*eventmessages.FactomEvent
	sending bool // what is not in the queue any more
	ended   bool
	reveals int
	dropped map[factomd.Hash]bool
}

// newSender returns a sender that ends with the test. The double is to be made with
// its options, and a run to be changed by dials.
func newSender(t *testing.T, m manner) *sender {
	s := &sender{manner: m, addr: make(chan string, 1), dropped: map[factomd.Hash]bool{}}
	s.more = sync.NewCond(&s.mu)
	var running sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	running.Go(func() {
		select {
		case <-ctx.Done():
		case addr := <-s.addr:
			s.run(t, addr)
		}
	})
	t.Cleanup(func() {
		cancel()
		s.mu.Lock()
		s.ended = true
		s.mu.Unlock()
		s.more.Broadcast()
		running.Wait()
	})
	return s
}

// options has the double tell the sender what it accepts. A block is served once all
// that was accepted before has been said: a node's feed is ahead of its blocks, and on
// a machine that is busy with other tests this one would not be.
func (s *sender) options() factomdtest.Options {
	return factomdtest.Options{BlockTime: halfSecond, Fault: func(c factomdtest.Call) *factomdtest.Fault {
		if c.Method == "dblock-by-height" {
			s.said()
		}
		return nil
	}, Drop: func(stage factomdtest.Stage, entry factomd.Hash, first bool) bool {
		s.mu.Lock()
		defer s.mu.Unlock()
		defer s.more.Broadcast()
		switch {
		case stage == factomdtest.Commit && s.changes && first:
			s.queue = append(s.queue, change(factomd.Hash{1})) // of its chain's id
		case stage == factomdtest.Commit && s.changes:
			s.queue = append(s.queue, change(entry))
		case stage == factomdtest.Commit:
			s.queue = append(s.queue, &eventmessages.FactomEvent{Event: &eventmessages.FactomEvent_EntryCommit{EntryCommit: &eventmessages.EntryCommit{
				EntityState: eventmessages.EntityState_ACCEPTED, EntryHash: entry[:]}}})
		case stage == factomdtest.Accepted:
			s.reveals++
			if s.send != nil && !s.send(s.reveals-1) {
				s.dropped[entry] = true
				return false
			}
			e := change(entry)
			if !s.changes {
				e = &eventmessages.FactomEvent{Event: &eventmessages.FactomEvent_EntryReveal{EntryReveal: &eventmessages.EntryReveal{
					EntityState: eventmessages.EntityState_ACCEPTED, Entry: &eventmessages.EntryBlockEntry{Hash: entry[:]}}}}
			}
			s.queue = append(s.queue, e)
		}
		return false
	}}
}

func change(entry factomd.Hash) *eventmessages.FactomEvent {
	return &eventmessages.FactomEvent{Event: &eventmessages.FactomEvent_StateChange{StateChange: &eventmessages.StateChange{
		EntityState: eventmessages.EntityState_ACCEPTED, EntityHash: entry[:]}}}
}

// dials has a run tell the sender where it listens. On a machine that is busy with
// other tests it waits long for blocks.
func (s *sender) dials(o *run.Options) {
	o.Scenario.Confirm.Timeout = scenarios.Span{Blocks: 60}
	say := o.Say
	o.Say = func(format string, args ...any) {
		say(format, args...)
		if _, addr, found := strings.Cut(fmt.Sprintf(format, args...), "is received on "); found {
			s.addr <- addr[:strings.LastIndexByte(addr, ':')]
		}
	}
}

func (s *sender) dial(t *testing.T) {
	if s.conn != nil {
		s.conn.Close()
	}
	var err error
	if s.conn, err = net.Dial("tcp", s.to); err != nil {
		t.Error(err)
	}
}

func (s *sender) run(t *testing.T, addr string) {
	s.to = addr
	s.dial(t)
	defer func() { s.conn.Close() }()
	for n := 0; ; n++ {
		s.mu.Lock()
		for len(s.queue) == 0 && !s.ended {
			s.more.Wait()
		}
		if s.ended {
			s.mu.Unlock()
			return
		}
		e := s.queue[0]
		s.queue = s.queue[1:]
		s.sending = true
		s.mu.Unlock()
		frame := s.frame(t, e)
		if s.cut != nil && s.cut(n) {
			s.conn.Write(frame[:len(frame)/2])
			s.dial(t)
		}
		s.conn.Write(frame) // once the run is over it fails
		s.mu.Lock()
		s.sending = false
		s.mu.Unlock()
		s.more.Broadcast()
	}
}

// said waits until all is said that was accepted so far.
func (s *sender) said() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for (len(s.queue) > 0 || s.sending) && !s.ended {
		s.more.Wait()
	}
}

func (s *sender) frame(t *testing.T, e *eventmessages.FactomEvent) []byte {
	payload, err := e.Marshal()
	if s.asJSON {
		payload, err = json.Marshal(e)
	}
	if err != nil {
		t.Error(err)
	}
	return append(binary.LittleEndian.AppendUint32([]byte{1}, uint32(len(payload))), payload...)
}

// accepts checks that the entries of a run have an accept time but for some.
func (o outcome) accepts(t *testing.T, but map[factomd.Hash]bool) {
	t.Helper()
	for _, e := range o.entries {
		switch {
		case but[e.Hash] != (e.Accepted == results.Never):
			t.Errorf("entry %d was accepted at %d; the feed dropped it: %v", e.Index, e.Accepted, but[e.Hash])
		case e.Accepted != results.Never && e.Accepted < e.Sent:
			t.Errorf("entry %d was sent at %d, accepted at %d", e.Index, e.Sent, e.Accepted)
		}
	}
}

func (o outcome) feedLost() (why string) {
	for _, e := range o.Events {
		if e.Kind == string(results.FeedLost) {
			why += e.Detail
		}
	}
	return why
}

// A feed tells of every entry, in either format and in either mode.
func TestLiveFeed(t *testing.T) {
	t.Parallel()
	for name, m := range map[string]manner{
		"protobuf": {}, "json": {asJSON: true}, "changes": {changes: true}, "json changes": {changes: true, asJSON: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSender(t, m)
			n := factomdtest.New(t, s.options())
			got := carryOut(t, plan{
				mix: "{kind: entry, weight: 8, size: 100..300B}, {kind: chain, weight: 2, size: 200B}", more: liveFeed,
			}.scenario(n.URL()), s.dials)
			got.in(t, n)
			got.verdict(t, report.Pass, report.ExitOK)
			got.accepts(t, nil)
			f := got.Network.Feed
			if l := got.Phases[1].LatencyMS.Accept; l.Method != "live-feed" || l.Count != got.Phases[1].Totals.Planned {
				t.Errorf("accept: %s, %d samples", l.Method, l.Count)
			}
			if f == nil || f.Missed != 0 || f.Told != got.Totals.Planned || f.Frames != 2*f.Told || f.Bad != 0 || f.Connections != 1 || f.GivenUp() {
				t.Errorf("%+v", f)
			}
			if got.feedLost() != "" || n.Calls("ack") > 3 {
				t.Errorf("%s; %d calls of ack", got.feedLost(), n.Calls("ack"))
			}
		})
	}
}

// What a sender drops is counted, and has no accept time.
func TestLiveFeedThatDrops(t *testing.T) {
	t.Parallel()
	s := newSender(t, manner{send: func(n int) bool { return n%10 != 9 }})
	n := factomdtest.New(t, s.options())
	got := carryOut(t, plan{phase: "for: 2s, rate: 60/s", more: liveFeed}.scenario(n.URL()), s.dials)
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	got.accepts(t, s.dropped)
	if f := got.Network.Feed; f.Missed != uint64(len(s.dropped)) || f.Missed < 10 || f.GivenUp() {
		t.Errorf("%d were dropped: %+v", len(s.dropped), f)
	}
}

// Connections that break in the middle of a message cost nothing if the sender
// sends that again.
func TestLiveFeedThatBreaks(t *testing.T) {
	t.Parallel()
	s := newSender(t, manner{asJSON: true, cut: func(n int) bool { return n%7 == 3 }})
	n := factomdtest.New(t, s.options())
	got := carryOut(t, plan{phase: "for: 2s, rate: 50/s", more: liveFeed}.scenario(n.URL()), s.dials)
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	got.accepts(t, nil)
	if f := got.Network.Feed; f.Missed != 0 || f.Bad != 0 || f.Connections < 10 || f.Told != got.Totals.Planned {
		t.Errorf("%+v", f)
	}
}

// Others that connect are in nobody's way: one that sends garbage, idle ones, and
// those for which there is no room.
func TestLiveFeedAmongOthers(t *testing.T) {
	t.Parallel()
	const others = 20
	var s *sender
	s = newSender(t, manner{cut: func(n int) bool {
		for i := range others {
			if n > 0 {
				break
			}
			conn, err := net.Dial("tcp", s.to)
			if err != nil {
				t.Error(err)
				continue
			}
			if i == others-1 {
				io.WriteString(conn, "GET / HTTP/1.1\r\n\r\n") // there is no room for it
			}
			t.Cleanup(func() { conn.Close() })
		}
		return false
	}})
	n := factomdtest.New(t, s.options())
	got := carryOut(t, plan{more: liveFeed}.scenario(n.URL()), s.dials)
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	got.accepts(t, nil)
	f := got.Network.Feed
	if f.Connections != factomd.FeedSources || f.Refused != 1+others-factomd.FeedSources || f.Bad != 0 || f.Missed != 0 {
		t.Errorf("%+v", f)
	}
}

// Who tells of block after block does not have the node asked for each.
func TestLiveFeedFlood(t *testing.T) {
	t.Parallel()
	var s *sender
	s = newSender(t, manner{cut: func(n int) bool {
		for height := range uint32(200) {
			s.conn.Write(s.frame(t, &eventmessages.FactomEvent{Event: &eventmessages.FactomEvent_DirectoryBlockCommit{DirectoryBlockCommit: &eventmessages.DirectoryBlockCommit{
				DirectoryBlock: &eventmessages.DirectoryBlock{Header: &eventmessages.DirectoryBlockHeader{BlockHeight: height}}}}}))
		}
		return false
	}})
	n := factomdtest.New(t, s.options())
	got := carryOut(t, plan{more: liveFeed}.scenario(n.URL()), s.dials)
	got.in(t, n)
	got.accepts(t, nil)
	if f := got.Network.Feed; f.Frames < 1000 || f.Bad != 0 {
		t.Errorf("%+v", f)
	}
	polls := int(got.Run.Ended.Sub(got.Run.Started)/(250*time.Millisecond)) + 10 // before and after the run, too
	if calls, most := n.Calls("current-minute"), polls+2*(len(got.Blocks)+2); calls > most {
		t.Errorf("%d polls, %d at most without the flood", calls, most)
	}
}

// A sender that begins with garbage is dropped, and heard when it comes back.
func TestLiveFeedGarbage(t *testing.T) {
	t.Parallel()
	var s *sender
	s = newSender(t, manner{cut: func(n int) bool {
		if n == 0 {
			io.WriteString(s.conn, "GET / HTTP/1.1\r\n\r\n")
		}
		return n == 0
	}})
	n := factomdtest.New(t, s.options())
	got := carryOut(t, plan{more: liveFeed}.scenario(n.URL()), s.dials)
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	got.accepts(t, nil)
	if f := got.Network.Feed; f.Connections != 2 || f.Bad != 1 || f.Missed != 0 {
		t.Errorf("%+v", f)
	}
}

// A feed that never comes, and one that ends half-way: acceptance is sampled
// instead, and the report says so.
func TestLiveFeedThatFails(t *testing.T) {
	t.Parallel()
	t.Run("never", func(t *testing.T) {
		t.Parallel()
		n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
		got := carryOut(t, plan{more: liveFeed}.scenario(n.URL()), measured)
		got.in(t, n)
		f := got.Network.Feed
		if l := got.LatencyMS.Accept; l.Method != "ack-sample" || l.Count == 0 {
			t.Errorf("accept: %s, %d samples", l.Method, l.Count)
		}
		if !f.GivenUp() || f.Frames+f.Connections+f.Told+f.Missed != 0 || !strings.Contains(f.Why, "no node has connected") || got.feedLost() != f.Why {
			t.Errorf("%+v, event %q", f, got.feedLost())
		}
	})
	t.Run("commits alone", func(t *testing.T) { // as with -eventbroadcastcontent=once
		t.Parallel()
		s := newSender(t, manner{send: func(int) bool { return false }})
		n := factomdtest.New(t, s.options())
		got := carryOut(t, plan{more: liveFeed}.scenario(n.URL()), s.dials, measured)
		got.in(t, n)
		if f := got.Network.Feed; !f.GivenUp() || f.Frames == 0 || f.Missed != 0 || !strings.Contains(f.Why, "-eventbroadcastcontent=always") {
			t.Errorf("%+v", f)
		}
		if l := got.LatencyMS.Accept; l.Method != "ack-sample" || l.Count == 0 {
			t.Errorf("accept: %s, %d samples", l.Method, l.Count)
		}
	})
	t.Run("half-way", func(t *testing.T) {
		t.Parallel()
		s := newSender(t, manner{send: func(n int) bool { return n < 60 }})
		n := factomdtest.New(t, s.options())
		got := carryOut(t, plan{phase: "for: 5s, rate: 50/s", more: liveFeed}.scenario(n.URL()), s.dials, measured)
		got.in(t, n)
		f, l := got.Network.Feed, got.LatencyMS.Accept
		if !f.GivenUp() || f.Told != 60 || f.Missed < 100 || got.feedLost() != f.Why || !strings.Contains(f.Why, "told of none of the last") {
			t.Errorf("%+v, event %q", f, got.feedLost())
		}
		later := 0 // answered when the sample had taken over
		for _, e := range got.entries {
			at := float64(e.Revealed) / 1e9
			if at > float64(f.GivenUpS) {
				later++
			}
			if e.Accepted != results.Never && s.dropped[e.Hash] && at < float64(f.GivenUpS)-1 {
				t.Errorf("entry %d was answered at %.3f s, the sample took over at %.3f s: it has an accept time", e.Index, at, float64(f.GivenUpS))
			}
		}
		if l.Method != "live-feed, ack-sample" || later > 20 && l.Count <= 57 || l.ResolutionMS == 0 {
			t.Errorf("accept: %s, %d samples, %d entries after the feed, resolution %v ms", l.Method, l.Count, later, l.ResolutionMS)
		}
	})
}

// An address that cannot be listened on, or a local network, is refused.
func TestLiveFeedRefused(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	o := run.Options{
		Scenario: parse(t, plan{more: fmt.Sprintf("observe: {live_feed: {listen: %q}}\n", taken.Addr())}.scenario(n.URL())),
		ID:       "refused", Out: t.TempDir() + "/run", Say: t.Logf,
	}
	for _, want := range []string{"choose another address", "local network"} {
		err := run.Do(context.Background(), context.Background(), o)
		if r, ok := err.(*run.Refused); !ok || !strings.Contains(r.Error(), want) || !strings.Contains(r.Error(), "hint: ") {
			t.Errorf("%v, want a refusal with %q", err, want)
		}
		o.Scenario.Network = parse(t, "version: 1\nload: {phases: [{for: 1s, rate: 1/s}]}\n").Network
	}
	if slices.ContainsFunc(submits, func(m string) bool { return n.Calls(m) > 0 }) {
		t.Error("something was sent")
	}
}
