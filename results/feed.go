package results

import "github.com/FactomProject/factom-load/internal/factomd"

// FeedUse says what the word of a live feed counts for.
type FeedUse uint8

// The uses of a live feed.
const (
	// FeedUnused: the feed is heard for entries in the acceptance sample alone. What
	// is said of others may have been kept back for long, or be a part only.
	FeedUnused FeedUse = iota
	// FeedAwaited: it is FeedTrusted as soon as it tells of an own entry.
	FeedAwaited
	// FeedTrusted: it is expected to tell of every entry.
	FeedTrusted
)

// FeedCounts says how a live feed did.
type FeedCounts struct {
	Use    FeedUse
	Told   uint64 // own entries of which it said, in time, that they were accepted
	Missed uint64 // own entries that it was expected to tell of, and that a block had first
	Untrue uint64 // times that it told of an own entry before that was sent
}

// A bit of life.changed is of each sender.
const _ = uint(16 - factomd.FeedSources)

// Feed says what the feed counts for from now on. What was answered while it was
// trusted and is in no block yet is missed if it no longer is.
func (c *Collector) Feed(use FeedUse) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.feed.Use = use
	if c.gauge != nil && use == FeedUnused {
		c.gauge.sampled = true
	}
}

// FeedCounts returns how the feed did so far.
func (c *Collector) FeedCounts() FeedCounts {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.feed
}

// Heard tells that a live feed said at an instant that an entry was accepted.
// Nobody vouches for a feed: it counts only if the entry was sent before, and says
// nothing of blocks.
func (c *Collector) Heard(entry factomd.Hash, at int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if ref, ours := c.byHash[entry]; ours {
		c.hear(&c.lives[ref], at)
	}
}

// Changed tells that a sender of a live feed said at an instant that an entry's
// commit or its reveal was accepted. It is the commit that a node takes first; of
// an entry that begins a chain the feed says so by another hash.
func (c *Collector) Changed(entry factomd.Hash, source int, at int64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	ref, ours := c.byHash[entry]
	if !ours {
		return
	}
	l := &c.lives[ref]
	if bit := uint16(1) << source; l.setup || l.begins || l.changed&bit != 0 {
		c.hear(l, at)
	} else {
		l.changed |= bit
		l.commit = true
	}
}

func (c *Collector) hear(l *life, at int64) {
	switch {
	case l.confirmed != Never: // too late
	case l.result == unanswered: // when it was sent is told with the answers
		if l.heard == Never {
			l.heard = at
		}
	default:
		c.believe(l, at)
	}
}

// believe takes in the feed's word on an entry whose calls are over, or that is
// not to be sent any more. A block may have the entry by now.
func (c *Collector) believe(l *life, at int64) {
	if l.sent == Never || at < l.sent {
		c.feed.Untrue++
		return
	}
	switch {
	case l.confirmed != Never && l.confirmed < at:
		return // too late: the block was seen before, and read after
	case c.feed.Use == FeedAwaited:
		c.feed.Use = FeedTrusted
	case c.feed.Use == FeedUnused && !l.followed:
		return
	}
	if !l.told {
		l.told = true
		c.feed.Told++
	}
	if l.accepted == Never {
		c.acceptAt(l, at)
	}
}

// over is told of an entry whose calls are over, with the instant of its sending,
// before the record is.
func (c *Collector) over(l *life) {
	if at := l.heard; at != Never {
		l.heard = Never
		c.believe(l, at)
	}
	l.expected = c.feed.Use == FeedTrusted && l.sent != Never
	if l.confirmed != Never {
		c.miss(l)
	}
}

// unsent is told of an entry that will not be sent.
func (c *Collector) unsent(l *life) {
	if l.heard != Never {
		c.feed.Untrue++
	}
}

// miss counts an entry that a block has, if the feed was to tell of it and did not.
func (c *Collector) miss(l *life) {
	if l.expected && !l.told {
		c.feed.Missed++
	}
}
