package factomd

import (
	"context"
	"encoding/json"
	"fmt"
)

// Queues is what a node has taken in and not worked off, in messages: commits,
// reveals and factoid transactions.
type Queues struct {
	// API are in the queue between the API and the rest of the node. It holds 10,000;
	// the calls that wait for room in it count too.
	API int
	// Unlisted were taken from it, or from peers, and are in no process list: they wait
	// in the in-queues, which hold 10,000 each, in the message queue, or are held back.
	// What the node drops after it took it in counts for good.
	Unlisted int
}

// The metrics that make up [Queues], all but the prefix of their names (factomd
// state/apiQueue.go, specialQueues.go, processList.go, netOutMsgQueue.go). Two others
// would be simpler, and say something else: the gauge of the in-queues is never
// counted down, as they are read past it (state/validation.go), and the counters of
// holding count what goes through it more than once (state/stateConsensus.go).
const (
	queuePrefix = "factomd_state_"

	apiQueue    = "queue_current_general_api_vec"
	inQueue     = "queue_total_general_inmsg_vec" // what ever went into the in-queues
	acksMatched = "acks_total_outputs"            // messages that came into a process list
	minutesMade = "leader_eom_executions"         // of them, a leader's own ends of minutes
	blockSigned = `queue_total_general_netoutmsg_vec{message="dbsig"}`
)

// queued are the kinds of messages that an API takes, by the metrics' label.
func queued() []string { return []string{"commitchain", "commitentry", "factoid", "revealentry"} }

// ReadQueues reads what a node has in hand from its metrics, which must be those of
// a network's only node. The counters are not of one instant, so that a figure can be
// off by what the node works off in some milliseconds.
func ReadQueues(ctx context.Context, url string) (q Queues, err error) {
	names := []string{queuePrefix + acksMatched, queuePrefix + minutesMade, queuePrefix + blockSigned}
	labelled := func(vector, kind string) string { return queuePrefix + vector + `{message="` + kind + `"}` }
	for _, kind := range queued() {
		names = append(names, labelled(apiQueue, kind), labelled(inQueue, kind))
	}
	figures, err := Metrics(ctx, url, names...)
	if err != nil {
		return q, err
	}
	// One with a label is not there until there is something to count.
	for _, name := range []string{acksMatched, minutesMade} {
		if _, ok := figures[queuePrefix+name]; !ok {
			return q, fmt.Errorf("reading the metrics at %s: they lack %s", url, queuePrefix+name)
		}
	}
	api, unlisted := 0.0, figures[queuePrefix+minutesMade]+figures[queuePrefix+blockSigned]-figures[queuePrefix+acksMatched]
	for _, kind := range queued() {
		api += figures[labelled(apiQueue, kind)]
		unlisted += figures[labelled(inQueue, kind)]
	}
	const most = 1e12 // nothing real
	return Queues{API: int(min(api, most)), Unlisted: int(min(max(unlisted, 0), most))}, nil
}

// maxHeld bounds the reply to [Client.Holding] in bytes: some 20,000 messages.
const maxHeld = 16 << 20

// Holding returns how many messages a node holds back, by its debugging API, of which
// the client must have the URL: they wait for something, such as the leader's
// acknowledgement. Those that wait for a commit, a chain or credits are kept
// elsewhere, and not shown. The node looks once a second at most (factomd
// wsapi/debugapi.go, state/state.go).
func (c *Client) Holding(ctx context.Context) (n int, err error) {
	err = c.query(ctx, "holding-queue", nil, min(c.maxReply, maxHeld), func(d *json.Decoder) error {
		n = 0
		return object(d, func(name string) error {
			if name != "Messages" {
				return skip(d)
			}
			return array(d, maxListed, func() error {
				n++
				return skip(d)
			})
		})
	})
	return n, err
}
