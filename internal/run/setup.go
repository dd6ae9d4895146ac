package run

import (
	"context"
	"fmt"
	"time"

	"github.com/FactomProject/factom-load/results"
)

// chainsMade waits until the chains of the setup are in a process list.
func (r *run) chainsMade(stop context.Context) error {
	limit := 2*r.network.blockTime + 30*time.Second
	deadline := time.Now().Add(limit)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var asked time.Time
	for {
		pending, broken := r.collector.Setup()
		if broken > 0 {
			return fmt.Errorf("%d of the %d chains for the load could not be made: see the errors in the report", broken, r.Scenario.Workload.Chains)
		}
		if pending == 0 {
			return nil
		}
		if !r.feedTrusted() && time.Since(asked) >= 500*time.Millisecond {
			asked = time.Now()
			if r.lastChainsAccepted(stop) {
				return nil
			}
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%d of the %d chains for the load are in no process list after %s: the node does not work off what it takes",
				pending, r.Scenario.Workload.Chains, limit.Round(time.Second))
		}
		select {
		case <-stop.Done():
			return nil
		case <-r.network.gone():
			return nil
		case <-tick.C:
		}
	}
}

// lastChainsAccepted asks, without a live feed that is trusted, for the newest chain of each
// endpoint alone: a node takes commits in order. It asks for one that is not
// accepted yet, which stays the only call.
func (r *run) lastChainsAccepted(ctx context.Context) bool {
	last := map[int]results.Missing{}
	for _, m := range r.collector.Missing() { // in planned order
		last[m.Endpoint] = m
	}
	for i, e := range r.network.endpoints {
		m, missing := last[i]
		if !missing || m.Accepted {
			continue
		}
		ack, err := e.client.Ack(ctx, m.Hash)
		if err != nil || !ack.Entry.Accepted() {
			return false
		}
		r.collector.Accept(m.Hash, int64(time.Since(r.start)))
	}
	return true
}
