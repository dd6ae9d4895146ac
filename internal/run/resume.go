package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// ResumeOptions says which run to account for. Scenario and Dir must be set.
type ResumeOptions struct {
	Scenario    *scenarios.Scenario // the run's own, with its flags
	Dir         string              // the run's directory
	Endpoints   []string            // to ask instead of the run's own
	Timeout     time.Duration       // instead of confirm.timeout; 0 is none
	ToolVersion string
	// Say is told what happens, a line at a time.
	Say func(format string, args ...any)
}

// Resume accounts for a run whose harness was killed: it looks for what was sent in
// every block since, puts on record what became of it, and completes the record. It
// sends nothing. A run that came to its end is left as it is.
//
// Unless stop is done, or nobody could be asked, the record is complete then. On any
// error Resume can be repeated; a [*Refused] one left the record as it was.
func Resume(stop context.Context, o ResumeOptions) (err error) {
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	r := &run{Options: Options{Scenario: o.Scenario, Out: o.Dir, ToolVersion: o.ToolVersion, Say: o.Say}}
	stop, r.stopping = context.WithCancelCause(stop)
	defer r.stopping(nil)
	r.stage.Store(&stage{name: StageWait, since: time.Now()})
	if r.dir, err = results.Reopen(o.Dir); err != nil {
		return &Refused{err}
	}
	defer func() { err = errors.Join(err, r.dir.Close()) }()
	if r.manifest, err = results.ReadManifest(o.Dir); err != nil {
		return &Refused{err}
	}
	if !r.manifest.Ended.IsZero() {
		return nil
	}
	r.start = r.manifest.Started
	past, err := results.ReadPast(o.Dir)
	if err != nil {
		return &Refused{err}
	}
	if past.Whole {
		return r.completeResumed(past)
	}
	gone := r.manifest.Network.Embedded && len(o.Endpoints) == 0
	if !gone {
		if err := r.reconnect(stop, o.Endpoints, past.Scanned); err != nil {
			return &Refused{err}
		}
		defer r.network.close()
	}
	if o.Timeout > 0 {
		r.Scenario.Confirm.Timeout = scenarios.Span{Time: o.Timeout}
	}
	return r.resume(stop, past, gone)
}

// reconnect reaches the run's network, and makes sure that it is the same: of MAIN
// nothing is asked, here as anywhere. Block number scanned is the newest on record.
func (r *run) reconnect(ctx context.Context, instead []string, scanned uint32) (err error) {
	was := r.manifest.Network
	if was.SavedBlock == "" {
		return errors.New("the record is of an older version, and does not say which chain the run was on\n" +
			"    hint: the report command makes a report of what the record holds")
	}
	s := *r.Scenario
	if len(instead) > 0 {
		if err := s.UseEndpoints(instead); err != nil {
			return err
		}
	}
	n, err := connect(ctx, &s)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	url := n.first().URL()
	if id := fmt.Sprintf("%08x", n.identity.ID); id != was.ID || n.identity.Genesis.String() != was.Genesis {
		return fmt.Errorf("%s is a node of the network %s (%s, genesis %s), and the run was on %s (%s, genesis %s)\n"+
			"    hint: name an endpoint of the run's network with --endpoint", url, n.identity.Name, id, n.identity.Genesis, was.Name, was.ID, was.Genesis)
	}
	if had := max(was.Saved, scanned); n.saved < had {
		return fmt.Errorf("%s has blocks up to %d, and the run saw block %d: it is another chain, or has not loaded it\n"+
			"    hint: wait until the node has its blocks, or name another endpoint with --endpoint", url, n.saved, had)
	}
	block, err := n.first().DirectoryBlock(ctx, was.Saved)
	if err != nil {
		return err
	}
	if block.KeyMR.String() != was.SavedBlock {
		return fmt.Errorf("%s is not of the chain that the run was on: its block %d is another one\n"+
			"    hint: a LOCAL network that was begun anew has lost what was written to it; name another endpoint with --endpoint", url, was.Saved)
	}
	r.network = n
	return nil
}

// resume continues the record, from what is known to what is not.
func (r *run) resume(stop context.Context, past *results.Past, gone bool) error {
	now := time.Now()
	at, saved := max(past.Last, int64(now.Sub(r.start))), uint32(0)
	if !gone {
		now, saved = r.network.asked, r.network.saved
		at = max(past.Last, int64(now.Sub(r.start)))
	}
	m := r.manifest
	m.SendEnded = cmp.Or(m.SendEnded, past.Last)
	m.Resumed = append(m.Resumed, results.Resumption{
		At: now.UTC(), GapS: time.Duration(at - past.Last).Seconds(), ToolVersion: r.ToolVersion,
		DamageBytes: past.Damage.Lost, NodeGone: gone,
	})
	if err := r.dir.WriteManifest(m); err != nil {
		return err
	}
	var err error
	if r.collector, r.entries, err = past.Resume(at, saved, r.logOptions()); err != nil {
		return err
	}
	defer r.entries.Close()
	if err := r.skipRest(past); err != nil {
		return err
	}
	counts := r.collector.Counts()
	r.Say("%d of %d planned entries are confirmed, %d were never sent: looking for the others", counts.Confirmed, counts.Planned, counts.Skipped)
	if gone {
		r.nodeGone()
	} else if err := r.account(stop, past, at); err != nil {
		return fmt.Errorf("not all that the run sent is accounted for: %w\n    hint: resume it again", errors.Join(err, r.collector.Flush()))
	}
	if _, err := r.collector.Finish(); err != nil {
		return err
	}
	if err := r.entries.Sync(); err != nil {
		return fmt.Errorf("writing the record of the run: %w", err)
	}
	return r.completeResumed(past)
}

// skipRest puts the slots on record that the run did not reach.
func (r *run) skipRest(past *results.Past) error {
	o := generator.Options{Scenario: r.Scenario, ID: r.manifest.ID, Tracker: r.collector, Start: r.start}
	for _, e := range r.Scenario.Network.Endpoints {
		o.Endpoints = append(o.Endpoints, generator.Endpoint{Weight: e.Weight})
	}
	return generator.New(o).SkipRest(past.Planned, past.Phases)
}

// nodeGone says that the local node ended with the harness: what it took with it is
// not the node's loss, and cannot be looked for.
func (r *run) nodeGone() {
	r.collector.CutOff()
	r.manifest.Interrupted, r.manifest.Failure = true, true
	r.manifest.Why = "the harness was killed, and the local node ended with it: what was in no block by then cannot be looked for, and is not called lost"
}

// account looks for what is out as a run does that sends no more.
func (r *run) account(stop context.Context, past *results.Past, at int64) error {
	m, n := r.manifest, r.network
	r.observer = results.NewObserver(r.collector, results.ObserverOptions{
		Nodes: n.nodes(), NetworkID: n.identity.ID, From: max(past.Scanned, m.Network.Saved),
		Newest: n.saved, Asked: n.asked, Start: r.start,
	})
	present := n.saved
	n.saved = m.Network.Saved // from where on the audit looks for commits
	background, end := context.WithCancel(context.WithoutCancel(stop))
	var observers sync.WaitGroup
	defer observers.Wait()
	defer end()
	observers.Go(func() {
		if err := r.observer.Run(background); err != nil {
			r.interrupt(err.Error())
		}
	})
	observers.Go(func() { r.keep(background) })

	if err := r.catchUp(stop, present); err != nil {
		return err
	}
	r.wait(stop, max(at, int64(time.Since(r.start))))
	if stop.Err() == nil {
		r.audit(stop)
	}
	return context.Cause(stop)
}

// catchUp waits until the blocks up to a height are read. It gives up when none
// has come for as long as the confirmation of an entry is waited for.
func (r *run) catchUp(stop context.Context, present uint32) error {
	patience := max(connectTimeout, r.Scenario.Confirm.Timeout.Of(r.network.blockTime))
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var read uint32
	since := time.Now()
	for {
		if s := r.observer.State(); s != nil && s.Scanned != read {
			read, since = s.Scanned, time.Now()
		}
		if read >= present {
			return nil
		}
		if time.Since(since) > patience {
			return fmt.Errorf("no endpoint has told of the blocks from %d to %d for %s", read+1, present, patience)
		}
		select {
		case <-stop.Done():
			return context.Cause(stop)
		case <-tick.C:
		}
	}
}

// completeResumed completes the manifest of a run whose record is.
func (r *run) completeResumed(past *results.Past) error {
	m := r.manifest
	series, err := results.ReadSeries(r.Out)
	if err != nil {
		return err
	}
	m.Recall(series)
	m.Ended = time.Now().UTC()
	m.SendEnded = cmp.Or(m.SendEnded, past.Last)
	m.FindingsOpen = r.Scenario.Hostile != nil
	if r.network != nil {
		m.Observed.Requests += uint64(r.network.requests())
	}
	if r.observer != nil {
		m.Observed.ConfirmResolutionMS = max(m.Observed.ConfirmResolutionMS, milliseconds(r.observer.Resolution()))
	}
	r.dir.Release()
	return r.dir.WriteManifest(m)
}
