package run

import (
	"strings"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// A feedLife is a live feed and a network in time, looked at as a run does.
type feedLife struct {
	feedWatch
	now   time.Time
	stats factomd.FeedStats
	told  results.FeedCounts
	node  *results.NodeState
}

func newFeedLife(patience time.Duration, use results.FeedUse) *feedLife {
	now := time.Unix(1e9, 0)
	return &feedLife{feedWatch: feedWatch{patience: patience, began: now}, now: now,
		told: results.FeedCounts{Use: use}, node: &results.NodeState{}}
}

// pass lets time pass in looks, with each doing something, until the feed is given up.
func (f *feedLife) pass(d time.Duration, each func()) *feedEnd {
	for end := f.now.Add(d); f.now.Before(end); f.now = f.now.Add(feedLook) {
		each()
		if e := f.look(f.now, f.stats, f.told, f.node); e != nil {
			return e
		}
	}
	return nil
}

// minutes begins one of the network's as often, with a frame for each if told.
func (f *feedLife) minutes(length time.Duration, told bool) func() {
	begun := f.now
	return func() {
		if f.now.Sub(begun) >= length {
			begun = f.now
			f.node.Minute.Minute++
			if told {
				f.stats.Frames++
			}
		}
	}
}

func TestFeedWatch(t *testing.T) {
	still := func() {}
	for _, minute := range []time.Duration{600 * time.Millisecond, time.Second, time.Minute} {
		f := newFeedLife(0, results.FeedTrusted)
		if end := f.pass(time.Hour, f.minutes(minute, true)); end != nil {
			t.Errorf("minutes of %s: given up although it told of each: %s", minute, end.why)
		}
		if end := f.pass(time.Hour, still); end != nil {
			t.Errorf("minutes of %s: given up on a network that stands still: %s", minute, end.why)
		}
		f.stats.Frames++
		silent := f.now
		end := f.pass(time.Hour, f.minutes(minute, false))
		if end == nil || !end.trusted || !strings.Contains(end.why, "said nothing") {
			t.Errorf("minutes of %s: a silent feed is %+v", minute, end)
		}
		if after := f.now.Sub(silent); after < 2*minute || after > max(feedSilent, 3*minute)+2*time.Second {
			t.Errorf("minutes of %s: given up after %s", minute, after)
		}
	}

	// Garbage is no word.
	f := newFeedLife(0, results.FeedTrusted)
	minutes := f.minutes(time.Second, false)
	if end := f.pass(time.Hour, func() { minutes(); f.stats.Frames++; f.stats.Bad++ }); end == nil {
		t.Error("a feed of garbage alone is relied on")
	}

	// Entries that are missed now and then are no reason, all of them are.
	f = newFeedLife(0, results.FeedTrusted)
	minutes = f.minutes(time.Second, true)
	if end := f.pass(time.Hour, func() { minutes(); f.told.Missed += feedMisses - 1; f.told.Told++ }); end != nil {
		t.Errorf("given up although it told of some: %s", end.why)
	}
	if end := f.pass(time.Hour, func() { minutes(); f.told.Missed++ }); end == nil || !end.trusted {
		t.Error("a feed that tells of nothing own is relied on")
	}

	for what, c := range map[string]struct {
		stats factomd.FeedStats
		why   string
	}{
		"nobody":       {why: "no node has connected"},
		"garbage":      {factomd.FeedStats{Connections: 1, Frames: 2, Bad: 2}, "nothing that makes sense"},
		"other things": {factomd.FeedStats{Connections: 1, Frames: 2}, "-eventbroadcastcontent=always"},
	} {
		f := newFeedLife(time.Minute, results.FeedAwaited)
		f.stats = c.stats
		began := f.now
		end := f.pass(time.Hour, still)
		if end == nil || end.trusted || !strings.Contains(end.why, c.why) || f.now.Sub(began) != time.Minute {
			t.Errorf("%s: %+v after %s", what, end, f.now.Sub(began))
		}
	}
}

// A feed has the set-up and the warm-up to tell of an entry, or ten seconds where
// there is neither.
func TestFeedWarmUp(t *testing.T) {
	for load, want := range map[string]time.Duration{
		"workload: {chains: 1}\nload: {phases: [{for: 9s, rate: 1/s}]}\n":                                                              0,
		"load: {phases: [{for: 7s, rate: 1/s, measured: false}, {for: 8s, rate: 0/s, measured: false}, {for: 9s, rate: 1/s}]}\n":       15 * time.Second,
		"workload: {chains: 0, mix: [{kind: chain}]}\nload: {phases: [{for: 3s, rate: 1/s, measured: false}, {for: 9s, rate: 1/s}]}\n": 10 * time.Second,
	} {
		s, err := scenarios.Parse([]byte("version: 1\n"+load), "x.yaml")
		if err != nil {
			t.Fatal(err)
		}
		r := &run{Options: Options{Scenario: s}}
		if got := r.warmUp(); got != want {
			t.Errorf("%s: %s, want %s", load, got, want)
		}
	}
}
