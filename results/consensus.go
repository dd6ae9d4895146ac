package results

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// heardFrom is the minute of a block from which a node knows which audit servers
// are online. It takes all of them for offline when a block begins, until their
// heartbeats come, which they send at the end of each minute (factomd
// state/processList.go, NewProcessList; state/stateConsensus.go, SendHeartBeat).
const heardFrom = 2

// farBehind is how many blocks an endpoint must be behind another one: at the
// border between two blocks nodes differ by one.
const farBehind = 2

// A Consensus finds out from the endpoints' diagnostics when the network's way of
// agreeing on blocks changed. Endpoints are asked one after the other, and what
// they say differs for a while after each change: an event is of the network where
// it says so once for all endpoints, and of an endpoint where it names one.
type Consensus struct {
	urls      []string
	said      []said
	elections map[election]*electionSeen
	leaders   serverSet
	audits    serverSet
	offline   serverSet // of the audit servers
}

// said is what an endpoint said last.
type said struct {
	factomd.Diagnostics
	at     int64
	known  bool // it answered the last time it was asked
	behind bool // it was told of, and has not caught up

	waits     wait
	waitSince int64 // when it was first seen
	waitTold  bool

	election *election // that it tells of
}

// A wait is for the leaders at the end of one minute of one block, or before it.
type wait struct {
	height uint32
	minute int
	what   factomd.Wait
}

// An election is for the place of one leader.
type election struct {
	leader factomd.Hash
	vm     int
}

type electionSeen struct {
	since   int64
	round   int // the highest
	tellers int // endpoints that tell of it
}

// NewConsensus returns one for endpoints of these URLs.
func NewConsensus(urls []string) *Consensus {
	return &Consensus{
		urls: urls, said: make([]said, len(urls)), elections: map[election]*electionSeen{},
		leaders: newServerSet(len(urls)), audits: newServerSet(len(urls)), offline: newServerSet(len(urls)),
	}
}

// Told takes in what endpoint number i said at an instant, and returns what
// happened.
func (c *Consensus) Told(i int, at int64, d factomd.Diagnostics) []Event {
	s := &c.said[i]
	events := slices.Concat(c.electing(i, at, d.Election), c.servers(i, at, d), c.waiting(i, at, d), c.level(i, at, d))
	s.Diagnostics, s.at, s.known = d, at, true
	return events
}

// Silent takes in that endpoint number i did not answer at an instant, and returns
// what that ends.
func (c *Consensus) Silent(i int, at int64) []Event {
	c.said[i].known = false
	return c.electing(i, at, nil)
}

// electing follows elections. All endpoints tell of the same ones.
func (c *Consensus) electing(i int, at int64, now *factomd.Election) (events []Event) {
	was := c.said[i].election
	var is *election
	if now != nil {
		is = &election{now.Leader, now.VM}
	}
	if was != nil && (is == nil || *is != *was) {
		if e := c.elections[*was]; e.tellers > 1 {
			e.tellers--
		} else {
			delete(c.elections, *was)
			events = append(events, Event{At: at, Kind: ElectionEnd, Endpoint: c.urls[i], Detail: fmt.Sprintf(
				"%s: not told of any more after %s, round %d was the last seen", was, shown(time.Duration(at-e.since)), e.round)})
		}
	}
	if is != nil {
		e := c.elections[*is]
		if e == nil {
			e = &electionSeen{since: at}
			c.elections[*is] = e
			events = append(events, Event{At: at, Kind: ElectionBegin, Endpoint: c.urls[i], Detail: fmt.Sprintf("%s: in round %d", is, now.Round)})
		}
		if was == nil || *is != *was {
			e.tellers++
		}
		e.round = max(e.round, now.Round)
	}
	c.said[i].election = is
	return events
}

// String says whose place it is for.
func (e *election) String() string {
	if e.leader.IsZero() {
		return fmt.Sprintf("for VM %d", e.vm)
	}
	return fmt.Sprintf("for VM %d, the place of %s", e.vm, shortID(e.leader))
}

// servers follows who leads and who stands in. What an endpoint that is behind
// says was true once, and is not told.
func (c *Consensus) servers(i int, at int64, d factomd.Diagnostics) (events []Event) {
	ahead, _ := c.ahead(i)
	current := d.Height >= ahead
	var audits, offline []factomd.Hash
	for _, a := range d.Audits {
		if audits = append(audits, a.ID); !a.Online {
			offline = append(offline, a.ID)
		}
	}
	tell := func(at int64, kind EventKind, format string, args ...any) {
		events = append(events, Event{At: at, Kind: kind, Endpoint: c.urls[i], Detail: fmt.Sprintf(format, args...)})
	}
	if in, out, since := c.leaders.told(i, at, d.Leaders, current); len(in)+len(out) > 0 {
		tell(since, LeaderChange, "%s; %d lead", inAndOut(in, out), len(c.leaders.settled))
	}
	if in, out, since := c.audits.told(i, at, audits, current); len(in)+len(out) > 0 {
		tell(since, AuditChange, "%s; %d stand in", inAndOut(in, out), len(c.audits.settled))
	}
	if d.Minute < heardFrom {
		return events
	}
	in, out, since := c.offline.told(i, at, offline, current)
	// Who is no audit server any more did not come online.
	out = slices.DeleteFunc(out, func(id factomd.Hash) bool { return !slices.Contains(audits, id) })
	if len(in) > 0 {
		tell(since, AuditOffline, "%s", shortIDs(in))
	}
	if len(out) > 0 {
		tell(since, AuditOnline, "%s", shortIDs(out))
	}
	return events
}

// waiting follows what one endpoint waits for. That two polls see it wait says
// nothing, as it does so for a moment in each minute: they must see the same wait.
func (c *Consensus) waiting(i int, at int64, d factomd.Diagnostics) (events []Event) {
	s := &c.said[i]
	now := wait{d.Height, d.Minute, d.Waiting}
	if now == s.waits {
		if d.Waiting == "" || s.waitTold {
			return nil
		}
		s.waitTold = true
		missing := "none"
		if len(d.Missing) > 0 {
			missing = shortIDs(d.Missing)
		}
		return []Event{{At: s.waitSince, Kind: SyncBegin, Endpoint: c.urls[i], Detail: fmt.Sprintf(
			"%s for %s so far; missing now: %s", now, shown(time.Duration(at-s.waitSince)), missing)}}
	}
	if s.waitTold {
		events = append(events, Event{At: at, Kind: SyncEnd, Endpoint: c.urls[i], Detail: fmt.Sprintf(
			"it is in minute %d of block %d, %s after it was first seen to wait", d.Minute, d.Height, shown(time.Duration(at-s.waitSince)))})
	}
	s.waits, s.waitSince, s.waitTold = now, at, false
	return events
}

func (w wait) String() string {
	what := "the ends"
	if w.what == factomd.WaitsForSignatures {
		what = "the signatures of the block before"
	}
	return fmt.Sprintf("in minute %d of block %d it has waited for %s", w.minute, w.height, what)
}

// level follows whether an endpoint keeps up with the others. What they said, they
// said before: they can only be further by now.
func (c *Consensus) level(i int, at int64, d factomd.Diagnostics) []Event {
	s := &c.said[i]
	ahead, other := c.ahead(i)
	switch {
	case !s.behind && uint64(ahead) >= uint64(d.Height)+farBehind:
		s.behind = true
		return []Event{{At: at, Kind: NodeBehind, Endpoint: c.urls[i], Detail: fmt.Sprintf(
			"it builds block %d, and %s was at block %d %s before", d.Height, factomd.Printable(c.urls[other], 200), ahead, shown(time.Duration(at-c.said[other].at)))}}
	case s.behind && d.Height >= ahead:
		s.behind = false
		return []Event{{At: at, Kind: NodeCaughtUp, Endpoint: c.urls[i], Detail: fmt.Sprintf("it builds block %d", d.Height)}}
	}
	return nil
}

// ahead returns the highest block that another endpoint than number i was at when
// it was asked last, and which endpoint that is; 0 where no other one answers.
func (c *Consensus) ahead(i int) (height uint32, endpoint int) {
	for j, s := range c.said {
		if j != i && s.known && s.Height > height {
			height, endpoint = s.Height, j
		}
	}
	return height, endpoint
}

// A serverSet is a set of servers. Each endpoint learns of a change in its own time, so
// that the network's set is changed by an endpoint that changed its mind, not by
// one that has not yet; and only when it says the new set twice in a row.
type serverSet struct {
	settled []factomd.Hash // nil until it is known
	known   bool
	by      []serverSetOf
}

// serverSetOf is what one endpoint says.
type serverSetOf struct {
	settled []factomd.Hash
	known   bool
	next    []factomd.Hash // what it said last, if that is another set
	pending bool
	since   int64 // when it said so first
}

func newServerSet(endpoints int) serverSet { return serverSet{by: make([]serverSetOf, endpoints)} }

// told takes in the set that endpoint number i gives at an instant, and returns who
// came into the network's and who left it, and when that was first seen. A change
// waits until the endpoint is current.
func (r *serverSet) told(i int, at int64, set []factomd.Hash, current bool) (in, out []factomd.Hash, since int64) {
	set = slices.Clone(set)
	slices.SortFunc(set, func(a, b factomd.Hash) int { return bytes.Compare(a[:], b[:]) })
	set = slices.Compact(set)
	e := &r.by[i]
	if !e.known {
		e.settled, e.known = set, true
		if !r.known {
			r.settled, r.known = set, true
		}
		return nil, nil, 0
	}
	if slices.Equal(set, e.settled) {
		e.next, e.pending = nil, false
		return nil, nil, 0
	}
	if !e.pending || !slices.Equal(set, e.next) {
		e.next, e.pending, e.since = set, true, at
		return nil, nil, 0
	}
	if !current {
		return nil, nil, 0
	}
	since = e.since
	*e = serverSetOf{settled: set, known: true}
	in, out = without(set, r.settled), without(r.settled, set)
	r.settled = set
	return in, out, since
}

// without returns what is in a set and not in another one.
func without(set, other []factomd.Hash) []factomd.Hash {
	return slices.DeleteFunc(slices.Clone(set), func(id factomd.Hash) bool { return slices.Contains(other, id) })
}

func inAndOut(in, out []factomd.Hash) string {
	var parts []string
	if len(in) > 0 {
		parts = append(parts, "in: "+shortIDs(in))
	}
	if len(out) > 0 {
		parts = append(parts, "out: "+shortIDs(out))
	}
	return strings.Join(parts, "; ")
}

// maxIDs is how many servers an event names at most.
const maxIDs = 6

func shortIDs(ids []factomd.Hash) string {
	var names []string
	for _, id := range ids[:min(len(ids), maxIDs)] {
		names = append(names, shortID(id))
	}
	if more := len(ids) - len(names); more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names, ", "), more)
	}
	return strings.Join(names, ", ")
}

// shortID is the beginning of an identity chain's id. Those of most networks begin
// with the same six digits.
func shortID(id factomd.Hash) string { return id.String()[:12] }
