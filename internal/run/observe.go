package run

import (
	"context"
	"strings"
	"sync"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// flushInterval is how long a change in an entry's life may be in memory alone,
// and syncInterval how long in the operating system's alone.
const (
	flushInterval = 200 * time.Millisecond
	syncInterval  = time.Second
)

// observe starts everything that watches the run, until ctx ends.
func (r *run) observe(ctx context.Context, group *sync.WaitGroup) {
	n := r.network
	if o := r.Scenario.Observe; o.Finds() {
		r.checker = results.NewChecker(r.collector, results.CheckerOptions{
			Nodes: n.checked(), URLs: n.urls(), Content: o.Content, Merkle: o.Merkle, Seed: r.Scenario.Seed,
			Height: n.saved, KeyMR: n.block, Start: r.start,
		})
		group.Go(func() { r.checker.Run(ctx) })
	}
	r.observer = results.NewObserver(r.collector, results.ObserverOptions{
		Nodes: r.watched(n.nodes()), NetworkID: n.identity.ID, From: n.saved, Start: r.start, URLs: n.urls(), BlockTime: n.blockTime,
		Checker: r.checker,
		Saved: func(b results.Block) {
			if err := results.AppendBlock(r.sampling.file, b); err != nil {
				r.interrupt(err.Error())
			}
			r.commits.Saved()
		},
	})
	r.commits = results.NewCommitWatch(r.collector, n.committed(), func(c results.BlockCommits) {
		if err := results.AppendCommits(r.sampling.file, c); err != nil {
			r.interrupt(err.Error())
		}
	})
	group.Go(func() { r.commits.Run(ctx) })
	group.Go(func() {
		if err := r.observer.Run(ctx); err != nil {
			r.interrupt(err.Error())
			r.aborting()
		}
	})
	if n.feed != nil {
		// That of a local node is known to come.
		r.collector.Feed(results.FeedAwaited)
		if n.local != nil {
			r.collector.Feed(results.FeedTrusted)
		}
		group.Go(func() {
			if err := n.feed.Run(ctx, r.heed); err != nil {
				r.interrupt(err.Error())
			}
		})
	}
	group.Go(func() { r.keep(ctx) })
	group.Go(func() {
		results.NewConsensus(n.urls()).Run(ctx, n.diagnosticsNodes(), r.start, r.collector.Event)
	})
	group.Go(func() { r.pauses.run(ctx, r.start, r.collector.Event) })
	group.Go(func() { r.watchCredits(ctx) })
	group.Go(func() { r.watchRate(ctx) })
	if r.nodeQueue = newQueueWatch(n, r.start); r.nodeQueue != nil {
		group.Go(func() { r.nodeQueue.run(ctx) })
	}
	if r.Checkpoint != nil && r.Scenario.Record.Checkpoint > 0 {
		group.Go(func() { r.checkpoints(ctx) })
	}
	if len(r.Scenario.Abort.Rules) > 0 {
		group.Go(func() { r.watchRules(ctx) })
	}
	group.Go(func() {
		if err := r.sampling.run(ctx, r.sample, r.measured); err != nil {
			r.interrupt(err.Error())
		}
	})
	group.Go(func() {
		select {
		case <-ctx.Done():
		case <-n.gone():
			// What it printed last is for the user, and in node.log.
			reason, _, _ := strings.Cut(n.local.Err().Error(), "; ")
			r.Say("%v", n.local.Err())
			r.interrupt(reason)
			r.aborting()
		}
	})
}

// sampleAcceptance follows a sample of the load by `ack` calls, until ctx ends.
// It begins with the load, as the setup has an entry of its own to ask for.
func (r *run) sampleAcceptance(ctx context.Context, group *sync.WaitGroup) {
	s := results.NewSampler(r.collector, r.network.nodes(), r.start)
	r.sampler.Store(s)
	group.Go(func() { s.Run(ctx) })
}

// offer is told of every entry that the API took, and says whether it is in the
// acceptance sample.
func (r *run) offer(entry factomd.Hash) (followed bool) {
	if r.queries != nil {
		r.queries.targets.took(entry)
	}
	s := r.sampler.Load()
	return s != nil && s.Offer(entry)
}

// keep brings the record to the disk as time goes on.
func (r *run) keep(ctx context.Context) {
	synced := time.Now()
	every(ctx, flushInterval, func() (more bool) {
		err := r.collector.Flush()
		if err == nil && time.Since(synced) >= syncInterval {
			err = r.entries.Sync()
			synced = time.Now()
		}
		if err != nil {
			r.interrupt(err.Error())
		}
		return err == nil
	})
}

// checkpoints has the run reported on while it goes on. That it cannot be is told
// once, and changes nothing of the run.
func (r *run) checkpoints(ctx context.Context) {
	said := false
	every(ctx, r.Scenario.Record.Checkpoint, func() (more bool) {
		if err := r.Checkpoint(ctx); err != nil && ctx.Err() == nil && !said {
			r.Say("the run goes on without a report so far: %v", err)
			said = true
		}
		return true
	})
}

// every does something at an interval, until it wants no more or ctx ends.
func every(ctx context.Context, interval time.Duration, do func() (more bool)) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if !do() {
			return
		}
	}
}
