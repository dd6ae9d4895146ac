package results

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// An Event is something that happened to the network, to an endpoint or to the
// harness, and may explain what the figures show at that time.
type Event struct {
	At       int64 // nanoseconds since the run's start
	Kind     EventKind
	Detail   string // printable and bounded
	Endpoint string // URL, or "" for what is not of one endpoint
}

// EventKind says what sort of thing happened.
type EventKind string

// The kinds of events.
const (
	StallBegin EventKind = "stall-begin" // the network stopped making minutes, or a node said for 2 s that it is stalled
	StallEnd   EventKind = "stall-end"   // and went on
	LongMinute EventKind = "long-minute" // a minute lasted more than 1.5 of the network's, without a stall
	LongBlock  EventKind = "long-block"  // a block came more than 1.5 block times after the one before
	NodeDown   EventKind = "node-down"   // an endpoint did not answer the observer, twice in a row or for 5 s
	NodeUp     EventKind = "node-up"     // and answers again
	Suspended  EventKind = "suspended"   // the harness as a whole stood still
	FeedLost   EventKind = "feed-lost"   // the live feed was given up, and acceptance is sampled from there on
	ClockStep  EventKind = "clock-step"  // the wall clock moved against the monotonic one

	// What a [Consensus] finds in the nodes' diagnostics.
	ElectionBegin EventKind = "election-begin" // an endpoint tells of an election that none told of before
	ElectionEnd   EventKind = "election-end"   // and none tells of it any more
	LeaderChange  EventKind = "leader-change"  // the set of leaders is another one
	AuditChange   EventKind = "audit-change"   // the set of audit servers is another one
	AuditOffline  EventKind = "audit-offline"  // audit servers are not heard of
	AuditOnline   EventKind = "audit-online"   // and are again
	SyncBegin     EventKind = "sync-begin"     // two polls of an endpoint saw it wait for leaders at the end of one and the same minute
	SyncEnd       EventKind = "sync-end"       // and it went on
	NodeBehind    EventKind = "node-behind"    // an endpoint builds a block two or more below another's
	NodeCaughtUp  EventKind = "node-caught-up" // and is where the others were
)

// Event puts an event on record.
func (c *Collector) Event(e Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.w.event(e)
}

// Minutes says how long the minutes lasted of which polls saw both ends.
type Minutes struct {
	Count int     `json:"count"`
	MeanS float64 `json:"mean_s"`
	MaxS  float64 `json:"max_s"`
}

const (
	// stalledFor is how long every poll must say that the node is stalled: with
	// short blocks the node's word flickers (factom-protocol.md, section 4).
	stalledFor = 2 * time.Second
	// minuteSlack and stallSlack are the least time beyond its length that makes a
	// minute long, and no new minute a stall: with short blocks half a minute is
	// less than two polls.
	minuteSlack = time.Second
	stallSlack  = 2 * time.Second
	// pollGap is the time between two polls from which they do not say when a
	// minute ended.
	pollGap = time.Second
)

// A pace finds out from polls of the height and the minute where the network did
// not keep its own. The zero block time finds nothing.
type pace struct {
	blockTime time.Duration
	tell      func(Event)

	endpoint     string // that is polled
	seen         bool   // it was, and what follows has a meaning
	leader       uint32
	minute       int
	first, last  int64 // when the minute was first and last seen
	whole        bool  // its beginning was seen
	stalledSince int64 // when the polls began to say so, or Never
	stalled      bool  // a stall was told of, and has not ended
	hadStall     bool  // the minute is a part of one
	block        int64 // when the newest block was seen, or Never

	minutes Minutes
	sum     time.Duration
}

func newPace(blockTime time.Duration, tell func(Event)) *pace {
	return &pace{blockTime: blockTime, tell: tell, stalledSince: Never, block: Never}
}

// beyond is the limit for what should last so long.
func beyond(length, slack time.Duration) time.Duration { return max(length*3/2, length+slack) }

// polled takes in what an endpoint said at an instant.
func (p *pace) polled(endpoint string, n NodeState) {
	if p.blockTime <= 0 {
		return
	}
	if endpoint != p.endpoint {
		p.endpoint, p.seen, p.stalledSince = endpoint, false, Never
	}
	minute := p.blockTime / 10
	if moved := !p.seen || n.LeaderHeight != p.leader || n.Minute.Minute != p.minute; moved {
		p.ended(n.At)
		p.leader, p.minute, p.first = n.LeaderHeight, n.Minute.Minute, n.At
		p.whole, p.hadStall, p.seen = p.seen, false, true
	}
	p.last = n.At
	switch {
	case !n.Stalled:
		p.stalledSince = Never
	case p.stalledSince == Never:
		p.stalledSince = n.At
	}
	still := time.Duration(n.At - p.first)
	said := p.stalledSince != Never && time.Duration(n.At-p.stalledSince) >= stalledFor
	switch stuck := still > beyond(minute, stallSlack); {
	case !p.stalled && (stuck || said):
		p.stalled = true
		began := p.first + int64(minute) // when the next one was due
		if !stuck {
			began = p.stalledSince
		}
		p.tell(Event{At: began, Kind: StallBegin, Endpoint: endpoint, Detail: fmt.Sprintf(
			"minute %d after block %d has lasted %s so far, a minute of the network %s%s",
			p.minute, p.leader, shown(still), minute, alsoSaid(said))})
	case p.stalled && !stuck && !n.Stalled:
		p.stalled = false
		p.tell(Event{At: n.At, Kind: StallEnd, Endpoint: endpoint, Detail: fmt.Sprintf("minute %d after block %d has begun", p.minute, p.leader)})
	}
	p.hadStall = p.hadStall || p.stalled
}

func alsoSaid(said bool) string {
	if said {
		return "; the node says that it is stalled"
	}
	return ""
}

// ended tells of the minute that another one was seen after, at an instant. What
// makes it long is the time for which it was certainly seen.
func (p *pace) ended(at int64) {
	if !p.seen || !p.whole || time.Duration(at-p.last) > pollGap {
		return
	}
	length := time.Duration(at - p.first)
	p.sum += length
	p.minutes.Count++
	p.minutes.MeanS = p.sum.Seconds() / float64(p.minutes.Count)
	p.minutes.MaxS = max(p.minutes.MaxS, length.Seconds())
	if minute := p.blockTime / 10; !p.hadStall && time.Duration(p.last-p.first) > beyond(minute, minuteSlack) {
		p.tell(Event{At: at, Kind: LongMinute, Endpoint: p.endpoint, Detail: fmt.Sprintf(
			"minute %d after block %d lasted %s, a minute of the network %s", p.minute, p.leader, shown(length), minute)})
	}
}

// saved takes in a block. Those that are seen at one instant were saved while
// nobody could look.
func (p *pace) saved(b Block) {
	if p.blockTime <= 0 {
		return
	}
	if gap := time.Duration(b.Seen - p.block); p.block != Never && gap > p.blockTime*3/2 {
		p.tell(Event{At: b.Seen, Kind: LongBlock, Endpoint: p.endpoint, Detail: fmt.Sprintf(
			"block %d was seen %s after the one before, a block of the network takes %s", b.Height, shown(gap), p.blockTime)})
	}
	p.block = b.Seen
}

func shown(d time.Duration) time.Duration { return d.Round(100 * time.Millisecond) }

// reach follows whether an endpoint answers.
type reach struct {
	failures int
	since    int64 // the first of them
	down     bool
}

// asked takes in whether a question was answered: nil, and when, or why not, and when
// it was asked. It returns what is to be told, if anything. One failure alone says
// nothing, as a connection may break, unless it took a node's whole time to answer.
func (r *reach) asked(endpoint string, at int64, failure error) (Event, bool) {
	if failure == nil {
		was, lasted := r.down, time.Duration(at-r.since)
		*r = reach{}
		return Event{At: at, Kind: NodeUp, Endpoint: endpoint, Detail: fmt.Sprintf("after %s without an answer", shown(lasted))}, was
	}
	if r.failures++; r.failures == 1 {
		r.since = at
	}
	if r.down || r.failures < 2 && !errors.Is(failure, context.DeadlineExceeded) {
		return Event{}, false
	}
	r.down = true
	return Event{At: r.since, Kind: NodeDown, Endpoint: endpoint, Detail: newError(failure).Message}, true
}
