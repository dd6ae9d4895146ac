package scenarios

import (
	"net"
	"strconv"
	"strings"
)

// Observe says what is looked at beside what becomes of the load's entries. What it
// costs a node grows with blocks, never with entries.
type Observe struct {
	// Content is how many of the own entries that a directory block confirms are read
	// back, 0 to 100, drawn at random.
	Content int
	// Merkle is how many of the entry blocks that hold such entries are read by their
	// own bytes, 0 to 100. Above 0 the key MRs of these and of every directory block
	// are computed from their parts.
	Merkle   int
	LiveFeed *LiveFeed // or nil
}

// maxChecks is far above what the two requests a second allow that checks make: in
// blocks of ten minutes there is time for it.
const maxChecks = 100

// Finds reports whether anything that a node serves is compared with what it must be.
func (o Observe) Finds() bool { return o.Content > 0 || o.Merkle > 0 }

// A LiveFeed is where the run receives the live feed of nodes that are there
// already. Which node is pointed at it is for its operator to say.
type LiveFeed struct {
	Listen string // host:port
}

// loopback is where a live feed is received if no host is written.
const loopback = "127.0.0.1"

const listenHint = "write port 8140 of this machine as 127.0.0.1:8140, or with the address that the node's operator reaches it by"

func (d *decoder) observe(n *node, o *Observe) bool {
	return d.sound(func() {
		d.fields(n,
			field{"content", into(whole[int](d, 0, maxChecks), &o.Content)},
			field{"merkle", into(whole[int](d, 0, maxChecks), &o.Merkle)},
			field{"live_feed", into(d.liveFeed, &o.LiveFeed)},
		)
	})
}

func (d *decoder) liveFeed(n *node, dst **LiveFeed) bool {
	feed := new(LiveFeed)
	*dst = feed
	return d.sound(func() {
		d.fields(n, field{"listen", into(d.listen, &feed.Listen)})
		d.require(n, "listen", "for example live_feed: {listen: 127.0.0.1:8140}")
	})
}

func (d *decoder) listen(n *node, dst *string) bool { return value(d, n, parseListen, dst) }

func parseListen(text string) (string, *Problem) {
	host, port, err := net.SplitHostPort(text)
	if err != nil || strings.ContainsAny(host, "/@ ") || strings.ContainsFunc(host, notASCII) {
		return "", complain("is not host:port", listenHint)
	}
	if n, err := strconv.ParseUint(port, 10, 16); err != nil || strconv.FormatUint(n, 10) != port {
		return "", complain("has no port from 0 to 65535", listenHint+"; port 0 is a free one, which the run tells")
	}
	return net.JoinHostPort(pick(host, loopback, host != ""), port), nil
}

// ownFeed reports a live feed to receive where the run starts its own node, whose
// feed it has.
func (d *decoder) ownFeed(root *node) {
	feed := root.get("observe").get("live_feed")
	if feed != nil && root.get("network").get("local") != nil {
		d.report(feed, "the feed of a local node comes to the run by itself", "leave it out, or give endpoints")
	}
}
