package run

import (
	"context"
	"strings"
	"sync/atomic"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// queuesEvery is how often a local node's queues are read, which takes some
// milliseconds of it, and holdingEvery how often it is asked what it holds back, which
// it lists. queuesPatience bounds either; holding is asked for so seldom that it has the
// node work for one part in holdingShare of the time.
const (
	queuesEvery    = time.Second
	holdingEvery   = 5 * time.Second
	queuesPatience = time.Second
	holdingShare   = 20
)

// A queueWatch follows the queues of a node that shows them. Its calls are none of the
// API's, and in no count.
type queueWatch struct {
	metrics string
	debug   *factomd.Client
	start   time.Time

	queues, holding atomic.Pointer[queueReading]
	asked           time.Time // for what is held back
	rest            time.Duration
}

// A queueReading is what was read at an instant of the run.
type queueReading struct {
	at      int64
	queues  results.NodeQueues
	holding int
}

// newQueueWatch returns nil where the network has no metrics.
func newQueueWatch(n *network, start time.Time) *queueWatch {
	if n.metrics == "" {
		return nil
	}
	debug, err := factomd.New(factomd.Options{URL: strings.TrimSuffix(n.first().URL(), "/v2") + "/debug", Timeout: queuesPatience})
	if err != nil {
		return nil // the node's own URL is one
	}
	return &queueWatch{metrics: n.metrics, debug: debug, start: start}
}

// run reads until ctx ends. What cannot be read is not known then.
func (w *queueWatch) run(ctx context.Context) {
	defer w.debug.Close()
	every(ctx, queuesEvery, func() (more bool) {
		w.readQueues(ctx)
		if time.Since(w.asked) >= holdingEvery+w.rest {
			w.readHolding(ctx)
		}
		return true
	})
}

func (w *queueWatch) readQueues(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, queuesPatience)
	defer cancel()
	if q, err := factomd.ReadQueues(ctx, w.metrics); err == nil {
		w.queues.Store(&queueReading{at: w.now(), queues: results.NodeQueues{API: q.API, Unlisted: q.Unlisted}})
	}
}

func (w *queueWatch) readHolding(ctx context.Context) {
	w.asked = time.Now()
	n, err := w.debug.Holding(ctx)
	w.rest = holdingShare * time.Since(w.asked)
	if err == nil {
		w.holding.Store(&queueReading{at: w.now(), holding: n})
	}
}

func (w *queueWatch) now() int64 { return int64(time.Since(w.start)) }

// sample adds what was read of the second that a sample ends, or of the one before.
// What is held back is as it was last told, for as long as that is not due again.
func (w *queueWatch) sample(s *results.Sample) {
	if w == nil {
		return
	}
	if q := w.queues.Load(); q != nil && s.At-q.at < int64(2*queuesEvery) {
		queues := q.queues
		s.NodeQueues = &queues
	}
	if h := w.holding.Load(); h != nil && s.At-h.at < int64(holdingEvery+queuesEvery) {
		holding := h.holding
		s.NodeHolding = &holding
	}
}
