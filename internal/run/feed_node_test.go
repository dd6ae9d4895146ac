package run_test

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/internal/testnet"
	"github.com/FactomProject/factom-load/internal/testnet/testnode"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

const feedScenario = `
version: 1
name: feed
credits: {key: local-test-key}
workload: {chains: 3}
load: {phases: [{name: warmup, for: 15s, rate: 4/s, measured: false}, {name: load, for: 12s, rate: 100/s}]}
`

// listener receives a live feed beside a run, and keeps when each entry was first
// said to be accepted.
type listener struct {
	*factomd.Feed
	mu   sync.Mutex
	seen map[factomd.Hash]time.Time
}

func listen(t *testing.T) *listener {
	t.Helper()
	feed, err := factomd.ListenFeed("")
	if err != nil {
		t.Fatal(err)
	}
	l := &listener{Feed: feed, seen: map[factomd.Hash]time.Time{}}
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() {
		if err := feed.Run(ctx, l.take); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		cancel()
		running.Wait()
	})
	return l
}

func (l *listener) take(events []factomd.FeedEvent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, e := range events {
		if _, known := l.seen[e.Entry]; e.Kind == factomd.FeedReveal && e.Accepted && !known {
			l.seen[e.Entry] = e.At
		}
	}
}

// The acceptance sample of a run and the live feed of the same node, in JSON, agree
// within what the two say of themselves: the feed is the first, and the sample later
// by its resolution at most.
func TestSampleAgreesWithFeed(t *testing.T) {
	if testing.Short() {
		t.Skip("a real node takes half a minute")
	}
	t.Parallel()
	feed := listen(t)
	n, err := testnet.Start(t.Context(), testnet.Options{
		Command: testnode.Command(t), BlockTime: 6 * time.Second, FeedAddr: feed.Addr(), FeedJSON: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Stop(context.Background()) })
	r, dir := doReal(t, feedScenario+"network: {expect: LOCAL, endpoints: [{url: \""+n.Endpoint()+"\"}]}\n", func(o *run.Options) { o.AboveCeiling = true })

	sampled, heard := r.LatencyMS.Accept.ResolutionMS, feed.Stats()
	if r.LatencyMS.Accept.Method != "ack-sample" || sampled == 0 {
		t.Fatalf("accept: %+v", r.LatencyMS.Accept)
	}
	feed.mu.Lock()
	defer feed.mu.Unlock()
	ms := func(d time.Duration) float64 { return d.Seconds() * 1e3 }
	own := max(ms(heard.MaxBusy), r.Harness.PauseMaxMS)
	var later []float64
	err = everyEntry(dir, func(e *results.Entry) {
		at, told := feed.seen[e.Hash]
		if e.Outcome == results.Confirmed && !told {
			t.Errorf("entry %d is confirmed, and the feed did not tell of it", e.Index)
		}
		if !told || e.Accepted == results.Never || e.Accepted == e.Confirmed {
			return // one of the two did not see it
		}
		by := ms(time.Duration(e.Accepted) - at.Sub(r.Run.Started))
		// What was accepted before its answer came is sampled from the answer on.
		early := ms(max(0, time.Duration(e.Revealed)-at.Sub(r.Run.Started)))
		if by < -sampled-own || by > sampled+own+early {
			t.Errorf("entry %d: the sample saw it %.1f ms after the feed; its resolution is %.1f ms, that of the feed %.1f ms", e.Index, by, sampled, own)
		}
		later = append(later, by)
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(later)
	if len(later) < 5 || heard.Bad > 0 || heard.Frames == 0 {
		t.Fatalf("%d entries were seen by both; %+v", len(later), heard)
	}
	t.Logf("%d entries: the sample was later by %.1f to %.1f ms, in the middle %.1f ms; resolution %.1f ms, of the feed %.1f ms",
		len(later), later[0], later[len(later)-1], later[len(later)/2], sampled, own)
	if later[len(later)/2] < 0 {
		t.Error("the sample saw most of them before the feed")
	}
}

func everyEntry(dir string, do func(*results.Entry)) error {
	_, err := results.ReadEntries(dir, results.Reader{Entry: func(e *results.Entry) error {
		do(e)
		return nil
	}})
	return err
}

// An operator's node has its feed, of changes of state, pointed at an address where
// a run will listen: it dials until it can connect, and tells of every entry.
func TestOperatorsFeed(t *testing.T) {
	if testing.Short() {
		t.Skip("a real node takes half a minute")
	}
	t.Parallel()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	n, err := testnet.Start(t.Context(), testnet.Options{
		Command: testnode.Command(t), BlockTime: 6 * time.Second, FeedAddr: addr, FeedChanges: true,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Stop(context.Background()) })
	r, dir := doReal(t, feedScenario+"network: {endpoints: [{url: \""+n.Endpoint()+"\"}]}\n"+
		"observe: {live_feed: {listen: \""+addr+"\"}}\n", func(o *run.Options) { o.AboveCeiling = true })
	f, l := r.Network.Feed, r.Phases[2]
	if f == nil || f.Bad > 0 || f.Untrue > 0 || f.GivenUp() {
		t.Fatalf("%+v", f)
	}
	t.Logf("%+v", *f)
	if a := l.LatencyMS.Accept; a.Method != "live-feed" || a.Count+f.Missed < l.Totals.Planned || f.Missed > 0 {
		t.Errorf("accept: %s, %d samples of %d entries, %d missed", a.Method, a.Count, l.Totals.Planned, f.Missed)
	}
	if err := everyEntry(dir, func(e *results.Entry) {
		if e.Accepted != results.Never && e.Accepted < e.Sent {
			t.Errorf("entry %d was sent at %d, accepted at %d", e.Index, e.Sent, e.Accepted)
		}
	}); err != nil {
		t.Fatal(err)
	}
	if r.Verdict != report.Pass && r.Verdict != report.Invalid { // a busy machine
		t.Errorf("%s: %s", r.Verdict, r.VerdictWhy)
	}
}
