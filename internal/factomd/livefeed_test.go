package factomd

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/FactomProject/factomd/events/eventmessages/generated/eventmessages"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// message is one that a node sends, in factomd's own types, and what it means.
type message struct {
	sent   *eventmessages.FactomEvent
	want   *FeedEvent // nil: of no interest
	asJSON bool
}

func (m message) frame() []byte {
	payload := must(m.sent.Marshal())
	if m.asJSON {
		payload = must(json.Marshal(m.sent))
	}
	frame := append([]byte{1}, binary.LittleEndian.AppendUint32(nil, uint32(len(payload)))...)
	return append(frame, payload...)
}

func entryCommit(state eventmessages.EntityState, h Hash) *eventmessages.FactomEvent {
	return &eventmessages.FactomEvent{IdentityChainID: make([]byte, 32), Event: &eventmessages.FactomEvent_EntryCommit{EntryCommit: &eventmessages.EntryCommit{
		EntityState: state, EntryHash: h[:], Credits: 1, EntryCreditPublicKey: make([]byte, 32), Signature: make([]byte, 64)}}}
}

func chainCommit(state eventmessages.EntityState, h Hash) *eventmessages.FactomEvent {
	return &eventmessages.FactomEvent{Event: &eventmessages.FactomEvent_ChainCommit{ChainCommit: &eventmessages.ChainCommit{
		EntityState: state, ChainIDHash: make([]byte, 32), EntryHash: h[:], Weld: make([]byte, 32), Credits: 11, Version: 1}}}
}

func reveal(state eventmessages.EntityState, h Hash, size int) *eventmessages.FactomEvent {
	return &eventmessages.FactomEvent{Event: &eventmessages.FactomEvent_EntryReveal{EntryReveal: &eventmessages.EntryReveal{
		EntityState: state, Entry: &eventmessages.EntryBlockEntry{Hash: h[:], ExternalIDs: [][]byte{{1}, nil},
			Content: make([]byte, size), ChainID: make([]byte, 32)}}}}
}

func change(state eventmessages.EntityState, h Hash) *eventmessages.FactomEvent {
	return &eventmessages.FactomEvent{Event: &eventmessages.FactomEvent_StateChange{StateChange: &eventmessages.StateChange{
		EntityHash: h[:], EntityState: state}}}
}

func block(height uint32, entries int) *eventmessages.FactomEvent {
	all := make([]*eventmessages.EntryBlockEntry, entries)
	for i := range all {
		all[i] = &eventmessages.EntryBlockEntry{Hash: make([]byte, 32), Content: make([]byte, 10240), ChainID: make([]byte, 32)}
	}
	return &eventmessages.FactomEvent{IdentityChainID: make([]byte, 32), Event: &eventmessages.FactomEvent_DirectoryBlockCommit{DirectoryBlockCommit: &eventmessages.DirectoryBlockCommit{
		DirectoryBlock: &eventmessages.DirectoryBlock{
			Header:  &eventmessages.DirectoryBlockHeader{BodyMerkleRoot: make([]byte, 32), BlockHeight: height, NetworkID: 0xfa92e5a4},
			Entries: []*eventmessages.DirectoryBlockEntry{{ChainID: make([]byte, 32), KeyMerkleRoot: make([]byte, 32)}},
		},
		EntryBlockEntries: all,
	}}}
}

func processList(e *eventmessages.ProcessListEvent) *eventmessages.FactomEvent {
	return &eventmessages.FactomEvent{Event: &eventmessages.FactomEvent_ProcessListEvent{ProcessListEvent: e}}
}

const (
	requested = eventmessages.EntityState_REQUESTED
	accepted  = eventmessages.EntityState_ACCEPTED
	refused   = eventmessages.EntityState_REJECTED
)

// messages draws what a node may send, in either format.
func messages() *rapid.Generator[message] {
	return rapid.Custom(func(t *rapid.T) message {
		m := drawMessage(t)
		m.asJSON = rapid.Bool().Draw(t, "as JSON")
		return m
	})
}

func drawMessage(t *rapid.T) message {
	h := Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
	state := rapid.SampledFrom([]eventmessages.EntityState{requested, accepted, refused}).Draw(t, "state")
	height := rapid.Uint32().Draw(t, "height")
	minute := rapid.IntRange(2, 10).Draw(t, "minute")
	about := func(k FeedKind) *FeedEvent {
		if state == refused {
			return nil
		}
		return &FeedEvent{Kind: k, Accepted: state == accepted, Entry: h}
	}
	switch rapid.IntRange(0, 9).Draw(t, "message") {
	case 0:
		return message{sent: entryCommit(state, h), want: about(FeedCommit)}
	case 1:
		return message{sent: chainCommit(state, h), want: about(FeedCommit)}
	case 2:
		return message{sent: reveal(state, h, rapid.IntRange(0, 10240).Draw(t, "size")), want: about(FeedReveal)}
	case 3:
		return message{sent: block(height, rapid.IntRange(0, 12).Draw(t, "entries")), want: &FeedEvent{Kind: FeedBlock, Height: height}}
	case 4:
		return message{sent: processList(&eventmessages.ProcessListEvent{ProcessListEvent: &eventmessages.ProcessListEvent_NewBlockEvent{
			NewBlockEvent: &eventmessages.NewBlockEvent{NewBlockHeight: height}}}), want: &FeedEvent{Kind: FeedMinute, Height: height, Minute: 1}}
	case 5:
		return message{sent: processList(&eventmessages.ProcessListEvent{ProcessListEvent: &eventmessages.ProcessListEvent_NewMinuteEvent{
			NewMinuteEvent: &eventmessages.NewMinuteEvent{NewMinute: uint32(minute), BlockHeight: height}}}), want: &FeedEvent{Kind: FeedMinute, Height: height, Minute: minute}}
	case 6:
		replay := entryCommit(accepted, h)
		replay.EventSource = eventmessages.EventSource_REPLAY_BOOT
		return message{sent: replay}
	case 7:
		return message{sent: &eventmessages.FactomEvent{Event: &eventmessages.FactomEvent_NodeMessage{NodeMessage: &eventmessages.NodeMessage{
			MessageCode: eventmessages.NodeMessageCode_STARTED, MessageText: "hello"}}}}
	case 8:
		return message{sent: change(state, h), want: about(FeedChange)}
	default:
		return message{sent: &eventmessages.FactomEvent{}}
	}
}

// TestFeedScanner sends messages of factomd's own types, cut anywhere into
// reads.
func TestFeedScanner(t *testing.T) {
	at := time.Unix(1e9, 0)
	rapid.Check(t, func(t *rapid.T) {
		var stream []byte
		var want []FeedEvent
		sent := rapid.SliceOfN(messages(), 1, 20).Draw(t, "messages")
		for _, m := range sent {
			stream = append(stream, m.frame()...)
			if m.want != nil {
				m.want.At = at
				want = append(want, *m.want)
			}
		}
		var scanner feedScanner
		var got []FeedEvent
		var pending []byte
		for len(stream) > 0 {
			n := min(len(stream), rapid.IntRange(1, 50_000).Draw(t, "read"))
			pending, stream = append(pending, stream[:n]...), stream[n:]
			var err error
			if got, pending, err = scanner.scan(got, pending, at); err != nil {
				t.Fatal(err)
			}
			if len(pending) > feedHeader+maxFeedHead {
				t.Fatalf("holds back %d bytes", len(pending))
			}
		}
		if len(pending) > 0 || scanner.frames != uint64(len(sent)) || scanner.bad > 0 {
			t.Fatalf("%d bytes left, %+v", len(pending), scanner)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("-want +got:\n%s", diff)
		}
	})
}

// TestFeedLargeBlock reports a block from the beginning of a frame that never
// ends.
func TestFeedLargeBlock(t *testing.T) {
	for _, asJSON := range []bool{false, true} {
		frame := message{sent: block(77, 2000), asJSON: asJSON}.frame()
		if len(frame) < 1<<20 {
			t.Fatalf("only %d bytes", len(frame))
		}
		var scanner feedScanner
		events, rest, err := scanner.scan(nil, frame[:feedHeader+maxFeedHead], time.Time{})
		if err != nil || len(rest) != 0 || len(events) != 1 || events[0].Height != 77 || events[0].Kind != FeedBlock {
			t.Fatalf("JSON %v: %+v, %d bytes left, %v", asJSON, events, len(rest), err)
		}
		if scanner.skipped != 1 || scanner.bad != 0 {
			t.Errorf("JSON %v: %+v", asJSON, scanner)
		}
	}
}

func TestFeedGarbage(t *testing.T) {
	good := message{sent: entryCommit(accepted, testHash(1))}.frame()
	for name, garbage := range map[string]string{
		"HTTP":          "GET / HTTP/1.1\r\n",
		"negative size": "\x01\xff\xff\xff\xff",
		"huge size":     "\x01\x01\x00\x00\x40",
	} {
		var scanner feedScanner
		events, _, err := scanner.scan(nil, append(bytes.Clone(good), garbage...), time.Time{})
		if err == nil || len(events) != 1 || scanner.bad != 1 {
			t.Errorf("%s: %d events, %+v, %v", name, len(events), scanner, err)
		}
	}
	// What is framed well and means nothing does not end the connection.
	for name, payload := range map[string]string{
		"not protobuf":    "\xff\xff\xff",
		"no hash":         "\x2a\x02\x08\x01",
		"short hash":      "\x2a\x04\x12\x02\xaa\xbb",
		"length too long": "\x2a\x7f\x08",
		"empty block":     "\x42\x00",
		"not JSON":        "{]",
		"cut JSON":        `{"Event":{"entryCommit":{"entryHash":"AAAA`,
		"no JSON hash":    `{"Event":{"entryCommit":{"entityState":1}}}`,
		"short JSON hash": `{"Event":{"entryCommit":{"entryHash":"AAAA"}}}`,
		"JSON and more":   `{"Event":null}{}`,
	} {
		var scanner feedScanner
		frame := append([]byte{1, byte(len(payload)), 0, 0, 0}, payload...)
		events, rest, err := scanner.scan(nil, append(frame, good...), time.Time{})
		if err != nil || len(rest) > 0 || len(events) != 1 || scanner.frames != 2 {
			t.Errorf("%s: %+v, %+v, %v", name, events, scanner, err)
		}
		if wantBad := name != "empty block"; (scanner.bad == 1) != wantBad {
			t.Errorf("%s: %d bad", name, scanner.bad)
		}
	}
}

// TestFeedBusy measures how long events are kept from being read, with a clock
// of its own.
func TestFeedBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		here, there := net.Pipe()
		f := new(Feed)
		begun := time.Now()
		var seen []FeedEvent
		done := make(chan struct{})
		go func() {
			defer close(done)
			f.serve(t.Context(), here, 0, func(events []FeedEvent) {
				seen = append(seen, events...)
				time.Sleep(30 * time.Millisecond)
			})
		}()
		for i := range byte(3) {
			time.Sleep(100 * time.Millisecond)
			there.Write(message{sent: reveal(accepted, testHash(i), 10)}.frame())
		}
		there.Close()
		<-done
		for i, e := range seen {
			if want := begun.Add(time.Duration(i+1) * 100 * time.Millisecond); !e.At.Equal(want) || e.Entry != testHash(byte(i)) {
				t.Errorf("event %d of %v at %v, want %v", i, e.Entry, e.At, want)
			}
		}
		if got := f.Stats(); len(seen) != 3 || got.MaxBusy != 30*time.Millisecond || got.Frames != 3 {
			t.Errorf("%d events, %+v", len(seen), got)
		}
	})
}

// TestFeedRun has nodes that dial, fail and dial again.
func TestFeedRun(t *testing.T) {
	f, err := ListenFeed("")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(f.Addr(), "127.0.0.1:") {
		t.Fatalf("listens on %s", f.Addr())
	}
	ctx, cancel := context.WithCancel(t.Context())
	events := make(chan FeedEvent, 100)
	ended := make(chan error)
	go func() {
		ended <- f.Run(ctx, func(batch []FeedEvent) {
			for _, e := range batch {
				events <- e
			}
		})
	}()
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", f.Addr())
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	receive := func(h Hash) {
		t.Helper()
		if e := <-events; e.Entry != h || e.At.IsZero() {
			t.Fatalf("received %+v, want %v", e, h)
		}
	}

	idle := dial() // says nothing, and is in nobody's way
	defer idle.Close()
	first := dial()
	frame := message{sent: entryCommit(requested, testHash(1))}.frame()
	first.Write(append(bytes.Clone(frame), frame[:20]...)) // dies in the middle of a frame
	receive(testHash(1))
	first.Close()

	second := dial()
	second.Write(message{sent: entryCommit(accepted, testHash(2))}.frame())
	receive(testHash(2))
	io.WriteString(second, "\x02garbage")
	if n, err := second.Read(make([]byte, 1)); err == nil {
		t.Errorf("read %d bytes of a feed that never sends", n)
	}
	second.Close()

	third := dial()
	defer third.Close()
	large := message{sent: block(9, 300)}.frame() // passes by
	third.Write(large)
	third.Write(message{sent: reveal(accepted, testHash(3), 10240)}.frame())
	if e := <-events; e.Kind != FeedBlock || e.Height != 9 {
		t.Errorf("received %+v, want the block", e)
	}
	receive(testHash(3))

	cancel()
	if err := <-ended; err != nil {
		t.Errorf("ended with %v", err)
	}
	if _, err := net.Dial("tcp", f.Addr()); err == nil {
		t.Error("still listens")
	}
	got := f.Stats()
	if got.Connections != 4 || got.Frames != 5 || got.Skipped != 1 || got.Bad != 1 || got.Bytes < uint64(len(large)) {
		t.Errorf("%+v", got)
	}
}

// TestFeedFull has more connections than are served: those in excess are closed,
// and there is room again when others leave.
func TestFeedFull(t *testing.T) {
	f, err := ListenFeed("")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	events := make(chan FeedEvent, 100)
	ended := make(chan error)
	go func() {
		ended <- f.Run(ctx, func(batch []FeedEvent) {
			for _, e := range batch {
				events <- e
			}
		})
	}()
	const extra = 4
	var served []net.Conn
	dial := func(tell byte) net.Conn {
		conn, err := net.Dial("tcp", f.Addr())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		conn.Write(message{sent: reveal(accepted, testHash(tell), 1), asJSON: tell%2 == 0}.frame())
		return conn
	}
	sources := map[int]bool{}
	for i := range byte(FeedSources) {
		served = append(served, dial(i))
		e := <-events
		if e.Entry != testHash(i) || sources[e.Source] {
			t.Errorf("%+v of connection %d", e, i)
		}
		sources[e.Source] = true
	}
	for i := range byte(extra) {
		if n, err := dial(100 + i).Read(make([]byte, 1)); err == nil {
			t.Errorf("read %d bytes of a connection that has no place", n)
		}
	}
	served[5].Close()
	for range 1000 { // the receiver has to see it first
		before := f.Stats().Refused
		again := dial(200)
		select {
		case e := <-events:
			if e.Entry != testHash(200) || e.Source != 5 {
				t.Errorf("%+v of the connection that took the place of another", e)
			}
		case <-hungUp(again):
			if f.Stats().Refused == before {
				t.Error("a refusal was not counted")
			}
			continue
		}
		break
	}
	got := f.Stats()
	if got.Connections != FeedSources+1 || got.Refused < extra || got.Frames != FeedSources+1 || got.Bad != 0 {
		t.Errorf("%+v", got)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// hungUp is closed when the other side closes a connection.
func hungUp(conn net.Conn) <-chan struct{} {
	closed := make(chan struct{})
	go func() {
		defer close(closed)
		conn.Read(make([]byte, 1))
	}()
	return closed
}

func TestListenFeed(t *testing.T) {
	for _, addr := range []string{"nonsense", "127.0.0.1:99999", "1.2.3.4.5:1"} {
		if f, err := ListenFeed(addr); err == nil {
			f.Close()
			t.Errorf("%s: accepted", addr)
		}
	}
	f, err := ListenFeed(":0")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(f.Addr(), "127.0.0.1:") {
		t.Errorf("without a host it listens on %s", f.Addr())
	}
	f.Close()
	if err := f.Run(t.Context(), nil); err == nil {
		t.Error("a closed feed runs")
	}
	if got := fmt.Sprint(FeedCommit, FeedReveal, FeedChange, FeedMinute, FeedBlock); got != "commit reveal change minute block" {
		t.Errorf("kinds: %s", got)
	}
}

// FuzzFeed cuts hostile streams into two reads.
func FuzzFeed(f *testing.F) {
	f.Add(message{sent: entryCommit(accepted, testHash(1))}.frame(), 3)
	f.Add(message{sent: reveal(requested, testHash(2), 100)}.frame(), 70)
	f.Add(message{sent: block(3, 4)}.frame(), 40_000)
	f.Add([]byte("\x01\x04\x00\x00\x00\x42\xff\xff\xff"), 5)
	f.Add(message{sent: chainCommit(accepted, testHash(1)), asJSON: true}.frame(), 9)
	f.Add(message{sent: reveal(accepted, testHash(2), 100), asJSON: true}.frame(), 70)
	f.Add(message{sent: block(3, 4), asJSON: true}.frame(), 40_000)
	f.Fuzz(func(t *testing.T, stream []byte, at int) {
		at = min(max(at, 0), len(stream))
		scan := func(reads ...[]byte) (events []FeedEvent, s feedScanner, err error) {
			var pending []byte
			for _, read := range reads {
				pending = append(pending, read...)
				if events, pending, err = s.scan(events, pending, time.Time{}); err != nil {
					break
				}
				if len(pending) > feedHeader+maxFeedHead {
					t.Fatalf("holds back %d bytes", len(pending))
				}
			}
			return events, s, err
		}
		whole, wholeScanner, wholeErr := scan(stream)
		parts, partScanner, partErr := scan(stream[:at], stream[at:])
		if diff := cmp.Diff(whole, parts); diff != "" || wholeScanner != partScanner || (wholeErr == nil) != (partErr == nil) {
			t.Errorf("cut at %d: %s%+v %+v, %v %v", at, diff, wholeScanner, partScanner, wholeErr, partErr)
		}
		for _, e := range whole {
			if e.Minute < 0 || e.Minute > 10 || e.Kind < FeedCommit || e.Kind > FeedBlock {
				t.Errorf("%+v", e)
			}
		}
	})
}
