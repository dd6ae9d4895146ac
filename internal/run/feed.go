package run

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

const (
	// feedLook is the time between two looks at the feed.
	feedLook = 250 * time.Millisecond
	// feedSilent is how long the feed says nothing at least before it is lost, and
	// feedMinutes how many minutes of the network begin meanwhile, two of which are
	// whole then: a node tells of each, and on a network that stands still of none.
	feedSilent  = 10 * time.Second
	feedMinutes = 3
	// feedMisses is how many own entries in a row come to a block without a word of
	// the feed before it is lost.
	feedMisses = 100
	// feedPatience is how long a feed is waited for whose first own entry is one of
	// the load.
	feedPatience = 10 * time.Second
)

// receiveFeed listens where the scenario says that a node's live feed comes to.
func (r *run) receiveFeed() (*factomd.Feed, error) {
	o := r.Scenario.Observe.LiveFeed
	if o == nil {
		return nil, nil
	}
	feed, err := factomd.ListenFeed(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("%w\n    hint: choose another address of this machine for observe.live_feed.listen, and point the node there", err)
	}
	r.Say("the live feed of a node is received on %s: until it tells of an entry of this run, acceptance is not known by it", feed.Addr())
	return feed, nil
}

// heed tells the collector what the live feed brings.
func (r *run) heed(events []factomd.FeedEvent) {
	for i := range events {
		e := &events[i]
		at := int64(e.At.Sub(r.start))
		switch {
		case e.Kind == factomd.FeedBlock:
			r.savedBlock(e.Height)
		case !e.Accepted:
		case e.Kind == factomd.FeedCommit:
			r.collector.Commit(e.Entry)
		case e.Kind == factomd.FeedReveal:
			r.collector.Heard(e.Entry, at)
		case e.Kind == factomd.FeedChange:
			r.collector.Changed(e.Entry, e.Source, at)
		}
	}
}

// savedBlock has the observer look for a block that the feed tells of. Whoever can
// reach the feed must not decide how often the node is asked: each of the two heights
// that can come next is looked for once.
func (r *run) savedBlock(height uint32) {
	s := r.observer.State()
	if s == nil || height <= s.SavedHeight || height-s.SavedHeight > 2 || height <= r.toldHeight {
		return
	}
	r.toldHeight = height
	r.observer.Wake()
}

// feedTrusted reports whether acceptance is seen by a live feed.
func (r *run) feedTrusted() bool {
	return r.network.feed != nil && r.collector.FeedCounts().Use == results.FeedTrusted
}

// A feedEnd says when and why a live feed was given up.
type feedEnd struct {
	at      int64 // nanoseconds since the run's start
	why     string
	trusted bool // until then
}

// followAcceptance begins to follow the load's entries into a process list: by the
// live feed for as long as that can be relied on, else by the acceptance sample.
func (r *run) followAcceptance(ctx context.Context, group *sync.WaitGroup) {
	if r.network.feed == nil {
		r.sampleAcceptance(ctx, group)
		return
	}
	w := feedWatch{patience: r.warmUp(), began: time.Now()}
	look := func() (more bool) {
		end := w.look(time.Now(), r.network.feed.Stats(), r.collector.FeedCounts(), r.observer.State())
		if end == nil || ctx.Err() != nil {
			return true
		}
		end.at = int64(time.Since(r.start))
		r.collector.Feed(results.FeedUnused)
		r.sampleAcceptance(ctx, group)
		r.feedEnd.Store(end)
		r.collector.Event(results.Event{At: end.at, Kind: results.FeedLost, Detail: end.why})
		r.Say("%s: from now on acceptance is seen by a sample of the entries", end.why)
		return false
	}
	if look() {
		group.Go(func() { every(ctx, feedLook, look) })
	}
}

// warmUp is how long the load goes on before the first entry that is measured, or
// for as long as a feed is waited for that cannot have told of an entry of the setup.
func (r *run) warmUp() (length time.Duration) {
	for _, p := range r.Scenario.Load.Phases {
		if p.Measured {
			break
		}
		length += p.For
	}
	if r.Scenario.Workload.Chains == 0 {
		length = max(length, feedPatience)
	}
	return length
}

// A feedWatch decides, look by look, when a live feed is given up.
type feedWatch struct {
	patience time.Duration // for the first own entry, from began on
	began    time.Time

	frames  uint64    // that made sense, at the last look
	since   time.Time // when it first was so many
	height  uint32    // the network's minute at the last look
	minute  int
	minutes int // that began since
	told    uint64
	missed  uint64 // when it first was so many
}

// look returns why the feed is given up, or nil.
func (w *feedWatch) look(now time.Time, f factomd.FeedStats, c results.FeedCounts, n *results.NodeState) *feedEnd {
	if n != nil && (n.LeaderHeight != w.height || n.Minute.Minute != w.minute) {
		w.height, w.minute = n.LeaderHeight, n.Minute.Minute
		w.minutes++
	}
	if good := f.Frames - f.Bad; good != w.frames || w.since.IsZero() {
		w.frames, w.since, w.minutes = good, now, 0
	}
	if c.Told != w.told {
		w.told, w.missed = c.Told, c.Missed
	}
	switch {
	case c.Use == results.FeedAwaited && now.Sub(w.began) >= w.patience:
		return &feedEnd{why: absence(f)}
	case c.Use != results.FeedTrusted:
	case w.minutes >= feedMinutes && now.Sub(w.since) >= feedSilent:
		return &feedEnd{trusted: true, why: fmt.Sprintf("the live feed said nothing for %s, while the network made %d minutes",
			now.Sub(w.since).Round(100*time.Millisecond), w.minutes)}
	case c.Missed-w.missed >= feedMisses:
		return &feedEnd{trusted: true, why: fmt.Sprintf("the live feed told of none of the last %d entries that came to a block", c.Missed-w.missed)}
	}
	return nil
}

// absence says why nothing was heard of own entries.
func absence(f factomd.FeedStats) string {
	switch {
	case f.Connections == 0:
		return "no node has connected for the live feed"
	case f.Frames == f.Bad:
		return "what has connected for the live feed sent nothing that makes sense"
	}
	return "the live feed told of no own entry that was accepted: has its node -eventbroadcastcontent=always, and is it of this network?"
}

// observedFeed is what the record says of the live feed; nil without one.
func (r *run) observedFeed() *results.Feed {
	if r.network.feed == nil {
		return nil
	}
	s, c := r.network.feed.Stats(), r.collector.FeedCounts()
	f := &results.Feed{
		Frames: s.Frames, Bytes: s.Bytes, Bad: s.Bad, Connections: s.Connections, Refused: s.Refused,
		Told: c.Told, Missed: c.Missed, Untrue: c.Untrue,
	}
	if end := r.feedEnd.Load(); end != nil {
		f.GivenUp, f.Why = end.at, end.why
	}
	return f
}

// acceptance says by what method acceptance is seen, and how late at most.
func (r *run) acceptance(longestPause time.Duration) (method string, resolution time.Duration) {
	sampled, end := r.sampler.Load(), r.feedEnd.Load()
	if sampled != nil {
		resolution = sampled.Resolution()
	}
	switch {
	case r.network.feed == nil, end != nil && !end.trusted && r.collector.FeedCounts().Told == 0:
		return results.MethodAckSample, resolution
	case end != nil && !end.trusted:
		method = results.MethodAckSample
	case end != nil:
		method = results.MethodFeedThenSample
	default:
		method = results.MethodLiveFeed
	}
	// What arrived while the receiver was busy, or the whole harness stood still, was
	// seen that much later.
	return method, max(resolution, r.network.feed.Stats().MaxBusy, longestPause)
}
