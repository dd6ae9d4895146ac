package factomd

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/FactomProject/factomd/events/eventmessages/generated/eventmessages"
)

// small are messages of all kinds, in both formats, and what they mean.
func small() []message {
	h := testHash(7)
	all := []message{
		{sent: entryCommit(accepted, h), want: &FeedEvent{Kind: FeedCommit, Accepted: true, Entry: h}},
		{sent: chainCommit(requested, h), want: &FeedEvent{Kind: FeedCommit, Entry: h}},
		{sent: reveal(accepted, h, 30), want: &FeedEvent{Kind: FeedReveal, Accepted: true, Entry: h}},
		{sent: change(accepted, h), want: &FeedEvent{Kind: FeedChange, Accepted: true, Entry: h}},
		{sent: block(5, 0), want: &FeedEvent{Kind: FeedBlock, Height: 5}},
		{sent: processList(&eventmessages.ProcessListEvent{ProcessListEvent: &eventmessages.ProcessListEvent_NewMinuteEvent{
			NewMinuteEvent: &eventmessages.NewMinuteEvent{NewMinute: 3, BlockHeight: 9}}}), want: &FeedEvent{Kind: FeedMinute, Height: 9, Minute: 3}},
		{sent: &eventmessages.FactomEvent{}},
	}
	for _, m := range all {
		m.asJSON = true
		all = append(all, m)
	}
	return all
}

// TestFeedCut cuts the stream of all messages at every byte, and into reads of
// every size: the events are those of one read.
func TestFeedCut(t *testing.T) {
	var stream []byte
	var want []FeedEvent
	for _, m := range small() {
		stream = append(stream, m.frame()...)
		if m.want != nil {
			want = append(want, *m.want)
		}
	}
	check := func(how string, first, then int) {
		var scanner feedScanner
		var events []FeedEvent
		var pending []byte
		for rest, n := stream, first; len(rest) > 0; n = then {
			n = min(n, len(rest))
			var err error
			if events, pending, err = scanner.scan(events, append(pending, rest[:n]...), time.Time{}); err != nil {
				t.Fatalf("%s of %d bytes: %v", how, first, err)
			}
			rest = rest[n:]
		}
		if len(pending) > 0 || scanner.bad > 0 || !slices.Equal(events, want) {
			t.Fatalf("%s of %d bytes: %v, %+v, %d bytes left", how, first, events, scanner, len(pending))
		}
	}
	for n := 1; n <= len(stream); n++ {
		check("one read and the rest,", n, len(stream))
		check("reads", n, n)
	}
}

// TestFeedHead reads the beginning of each message as if the rest of its frame were
// out of reach: what it says is what the whole says, or nothing, or a part of it.
func TestFeedHead(t *testing.T) {
	for _, m := range small() {
		payload := m.frame()[feedHeader:]
		for n := range payload {
			got, ok, err := parseFeedEvent(payload[:n], true)
			if err != nil {
				t.Fatalf("%d bytes of %q: %v", n, payload, err)
			}
			if !ok {
				continue
			}
			if m.want == nil || got.Kind != m.want.Kind || got.Entry != m.want.Entry || got.Height != 0 && got.Height != m.want.Height {
				t.Fatalf("%d bytes of %q: %+v", n, payload, got)
			}
		}
	}
}

// TestFeedFormats: no protobuf that a node can send begins as JSON does.
func TestFeedFormats(t *testing.T) {
	for field := 1; field <= 11; field++ {
		for wire := range 6 {
			if byte(field<<3|wire) == '{' {
				t.Errorf("field %d begins with a brace", field)
			}
		}
	}
}

func FuzzFeedJSON(f *testing.F) {
	for _, m := range small() {
		if m.asJSON {
			f.Add(m.frame()[feedHeader:])
		}
	}
	f.Add([]byte(`{"eventSource":1,"Event":{"stateChange":{"entityHash":"` + strings.Repeat("A", 43) + `="}}}`))
	f.Add([]byte(`{"Event":{"entryReveal":{"entry":{"externalIDs":["\"}","\\"],"hash":"x"}}}`))
	f.Add([]byte(strings.Repeat(`{"Event":[`, 1000)))
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, part := range []bool{false, true} {
			event, ok, err := parseFeedJSON(b, part)
			if !ok && event != (FeedEvent{}) || ok && err != nil {
				t.Errorf("%+v, %v, %v", event, ok, err)
			}
		}
		if !json.Valid(b) {
			return
		}
		want, _, wantErr := parseFeedJSON(b, false)
		var spaced bytes.Buffer
		if err := json.Indent(&spaced, b, "\r", " \t"); err != nil {
			t.Fatal(err)
		}
		got, _, err := parseFeedJSON(spaced.Bytes(), false)
		if got != want || (err == nil) != (wantErr == nil) {
			t.Errorf("%s: %+v, %v; with spaces %+v, %v", b, want, wantErr, got, err)
		}
	})
}

func BenchmarkFeed(b *testing.B) {
	for _, format := range []string{"protobuf", "json"} {
		b.Run(format, func(b *testing.B) {
			var stream []byte
			for _, e := range []*eventmessages.FactomEvent{
				entryCommit(requested, testHash(1)), entryCommit(accepted, testHash(1)),
				reveal(requested, testHash(1), 500), reveal(accepted, testHash(1), 500),
			} {
				stream = append(stream, message{sent: e, asJSON: format == "json"}.frame()...)
			}
			var scanner feedScanner
			events := make([]FeedEvent, 0, 4)
			at := time.Now()
			b.SetBytes(int64(len(stream)))
			b.ReportAllocs()
			for b.Loop() {
				var err error
				if events, _, err = scanner.scan(events[:0], stream, at); err != nil || len(events) != 4 {
					b.Fatal(len(events), err)
				}
			}
		})
	}
}
