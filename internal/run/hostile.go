package run

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
)

// A hostileNode is an endpoint as hostile calls see it, which counts what they
// ask of it.
type hostileNode struct {
	*factomd.Client
	requests *atomic.Uint64
	submits  *submitMeter
}

// Submit is [factomd.Client.Submit].
func (n hostileNode) Submit(ctx context.Context, body []byte, want factomd.Hash) (sent, answered time.Time, err error) {
	n.requests.Add(1)
	n.submits.add(body)
	return n.Client.Submit(ctx, body, want)
}

// Ack is [factomd.Client.Ack].
func (n hostileNode) Ack(ctx context.Context, entry factomd.Hash) (factomd.Ack, error) {
	n.requests.Add(1)
	return n.Client.Ack(ctx, entry)
}

// startHostile begins the scenario's hostile calls, if it has any. What it
// returns ends them, and waits until those under way are over.
func (r *run) startHostile(stop, abort context.Context) (end func()) {
	if r.Scenario.Hostile == nil {
		return func() {}
	}
	nodes := make([]generator.HostileNode, len(r.network.endpoints))
	for i, e := range r.network.endpoints {
		nodes[i] = hostileNode{Client: e.hostile, requests: &r.hostileRequests, submits: &r.hostileSubmits}
	}
	caller := r.generator.Hostile(nodes, r.collector)
	stop, cancel := context.WithCancel(stop)
	var calls sync.WaitGroup
	calls.Go(func() { caller.Run(stop, abort) })
	return func() {
		cancel()
		calls.Wait()
	}
}
