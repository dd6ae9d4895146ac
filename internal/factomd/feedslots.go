package factomd

import (
	"net"
	"time"
)

// FeedSources is how many senders a [Feed] tells apart, which is how many
// connections it serves at one time.
const FeedSources = 16

// feedSilence is how long a connection may bring no whole frame before another may
// take its place. A node sends one at every minute of a block, and the longest
// that a block lasts is 10 minutes: who is silent for longer is half open, or no
// node.
const feedSilence = 2 * time.Minute

// A feedSlot is the place of a connection, and of the one from the same host that
// comes after it.
type feedSlot struct {
	conn  net.Conn  // nil while it is free
	host  string    // of the last connection, or empty
	since time.Time // the last whole frame, or the beginning or the end of the connection
}

// feedSlots are the places for connections.
type feedSlots [FeedSources]feedSlot

// take gives a connection from a host a place, and reports which. It is the first
// of these that there is: that of a silent connection from the same host, a free
// one that the host had, one that nobody had, the one that has been free for
// longest, that of the connection that has been silent for longest. The connection
// that was there is to be closed.
func (s *feedSlots) take(conn net.Conn, host string, now time.Time) (slot int, closed net.Conn, ok bool) {
	best, rank := -1, 0
	for i := range s {
		r := s[i].rank(host, now)
		if r > rank || r == rank && best >= 0 && r > 0 && s[i].since.Before(s[best].since) {
			best, rank = i, r
		}
	}
	if best < 0 {
		return 0, nil, false
	}
	closed = s[best].conn
	s[best] = feedSlot{conn: conn, host: host, since: now}
	return best, closed, true
}

// rank says how well a newcomer from a host fits into the slot: 0 is not at all.
func (s *feedSlot) rank(host string, now time.Time) int {
	silent := s.conn != nil && now.Sub(s.since) >= feedSilence
	switch {
	case silent && s.host == host:
		return 5
	case s.conn == nil && s.host == host:
		return 4
	case s.conn == nil && s.host == "":
		return 3
	case s.conn == nil:
		return 2
	case silent:
		return 1
	}
	return 0
}

// heard tells that the connection in a slot brought a whole frame.
func (s *feedSlots) heard(slot int, conn net.Conn, now time.Time) {
	if s[slot].conn == conn {
		s[slot].since = now
	}
}

// leave frees a slot, unless another connection has taken it.
func (s *feedSlots) leave(slot int, conn net.Conn, now time.Time) {
	if s[slot].conn == conn {
		s[slot].conn, s[slot].since = nil, now
	}
}
