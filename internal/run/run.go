// Package run carries out one run: it joins a scenario, a network, the
// generator, the collector and the record. What it refuses, it refuses before
// anything is written or paid.
package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// Options says what to run and how. Scenario, ID, Out and NodeCommand must be
// set.
type Options struct {
	Scenario  *scenarios.Scenario
	File      string   // where the scenario came from
	Text      string   // the scenario verbatim
	Overrides []string // flags that changed it

	ID          string
	Salt        string // the ID if empty
	Out         string // the run's directory
	Tags        map[string]string
	Notes       []results.Note
	Redact      bool // its reports leave out what others need not know
	ToolVersion string
	// NodeCommand runs the embedded node: the program and its first arguments.
	NodeCommand []string
	// AboveCeiling allows, on a network that is not LOCAL, entries and queries at
	// more than [RateCeiling] each, users at whatever rate, and hostile calls.
	AboveCeiling bool
	// Deadline ends the run, waiting included; 0 is none.
	Deadline time.Duration
	// StopFile stops the run as an interrupt does once it exists; "" is none.
	StopFile string
	// Checkpoint writes the reports of the run so far, from what is on record. It is
	// called as often as the scenario's record.checkpoint says, never twice at once,
	// and must end soon after its context; nil is none.
	Checkpoint func(context.Context) error
	// Say is told what happens, a line at a time.
	Say func(format string, args ...any)
	// Watch is given the run's state several times a second.
	Watch func(Status)
}

// RateCeiling is the most entries a second, and the most queries, for a network
// that others may be using, unless [Options.AboveCeiling] is set.
const RateCeiling = 20.0

// An Interruption is why a run was stopped before its end.
type Interruption struct {
	Why string
	// Failure says that it was not the user who stopped it.
	Failure bool
}

// Error returns why.
func (i *Interruption) Error() string { return i.Why }

// Refused is a run that did not begin: nothing was written or paid.
type Refused struct{ Err error }

// Error returns the reason.
func (r *Refused) Error() string { return r.Err.Error() }

// Unwrap returns the reason.
func (r *Refused) Unwrap() error { return r.Err }

// A run in progress.
type run struct {
	Options
	plan    generator.Plan
	network *network
	payers  []*payer
	balance atomic.Pointer[balance] // nil while it is not known
	teller  int                     // number of the endpoint that told a balance last
	dir     *results.Directory

	manifest  *results.Manifest
	start     time.Time
	entries   *results.Log
	collector *results.Collector
	observer  *results.Observer
	commits   *results.CommitWatch
	checker   *results.Checker                // nil without checks
	sampler   atomic.Pointer[results.Sampler] // nil while a live feed is trusted, and until the load
	feedEnd   atomic.Pointer[feedEnd]         // nil while the live feed is not given up
	generator *generator.Generator
	queries   *queries    // nil without any
	nodeQueue *queueWatch // nil without metrics
	sampling  *seriesSampler
	pauses    pauseMeter

	toldHeight uint32 // the highest block that the live feed had the observer look for

	hostileRequests atomic.Uint64
	hostileSubmits  submitMeter
	unsettled       string     // why not all that was out is accounted for
	nodeMeter       *nodeMeter // nil without metrics
	rates           rateMeter

	watchers sync.WaitGroup
	stage    atomic.Pointer[stage]
	stopped  atomic.Int64            // when sending was told to end, nanoseconds since the start; 0 until then
	step     atomic.Pointer[string]  // of the search
	stopping context.CancelCauseFunc // ends the sending
	aborting context.CancelFunc      // ends the waiting too
}

// Do carries out a run. When stop is done, which should have an [*Interruption]
// as its cause, sending ends and what is out is waited for; when abort is done,
// waiting ends too. The record is complete in either case.
//
// Unless Do returns an error, the directory holds the whole record. A [*Refused]
// error means that no run began, and so does an [*Interruption].
func Do(stop, abort context.Context, o Options) (err error) {
	if o.Salt == "" {
		o.Salt = o.ID
	}
	if o.Say == nil {
		o.Say = func(string, ...any) {}
	}
	r := &run{Options: o, plan: generator.NewPlan(o.Scenario)}
	r.stage.Store(&stage{name: StageNetwork, since: time.Now()})
	abort, r.aborting = context.WithCancel(abort)
	defer r.aborting()
	stop, r.stopping = context.WithCancelCause(stop)
	defer r.stopping(nil)
	if r.Deadline > 0 {
		timer := time.AfterFunc(r.Deadline, func() {
			r.interrupt(fmt.Sprintf("the deadline of %s has passed", r.Deadline))
			r.aborting()
		})
		defer timer.Stop()
	}

	whole, end := context.WithCancel(context.Background())
	defer r.watchers.Wait()
	defer end()
	r.watchers.Go(func() { r.watch(whole) })
	if r.StopFile != "" {
		r.watchers.Go(func() { r.watchStopFile(whole) })
	}

	if err := r.prepare(stop); err != nil {
		if i := interruption(stop); i != nil {
			return fmt.Errorf("nothing was run: %w", i)
		}
		return &Refused{err}
	}
	defer func() { err = errors.Join(err, r.dir.Close()) }()
	defer r.network.close()
	return r.do(stop, abort)
}

// interruption returns why a context was ended, or nil if it was not, or not by
// an [*Interruption].
func interruption(stop context.Context) *Interruption {
	var i *Interruption
	errors.As(context.Cause(stop), &i)
	return i
}

// interrupt ends the sending for a reason that is not the user's.
func (r *run) interrupt(why string) { r.stopping(&Interruption{Why: why, Failure: true}) }

// prepare does all that may be refused. On an error nothing is left behind.
func (r *run) prepare(ctx context.Context) (err error) {
	defer func() {
		if err == nil {
			return
		}
		r.network.close()
		if r.dir != nil {
			r.dir.Discard()
		}
	}()
	s := r.Scenario
	if err := r.plan.Refuse(s.Credits); err != nil {
		return err
	}
	if r.payers, err = newPayers(s.Credits, r.plan); err != nil {
		return err
	}
	if warning := fewFiles(fileLimit(), s); warning != "" {
		r.Say("%s", warning)
	}
	if s.Network.Local != nil && s.Observe.LiveFeed != nil {
		return errors.New("the scenario receives a live feed, and has a local network, whose feed comes to the run by itself\n" +
			"    hint: leave observe.live_feed out, or name endpoints")
	}
	if s.Network.Local == nil {
		if r.network, err = connect(ctx, s); err != nil {
			return err
		}
		if r.network.feed, err = r.receiveFeed(); err != nil {
			return err
		}
	} else {
		// The directory comes first: it takes the node's output.
		if r.dir, err = results.Create(r.Out); err != nil {
			return outHint(err)
		}
		if r.network, err = r.startLocal(ctx); err != nil {
			return err
		}
	}
	if err := r.admissible(ctx); err != nil {
		return err
	}
	if r.dir == nil {
		if r.dir, err = results.Create(r.Out); err != nil {
			return outHint(err)
		}
	}
	return outHint(r.open())
}

// outHint adds a hint to what is wrong with the run's directory.
func outHint(err error) error {
	switch {
	case errors.Is(err, results.ErrExists):
		return fmt.Errorf("%w\n    hint: choose another directory with --out; runs are never overwritten", err)
	case errors.Is(err, results.ErrLink):
		return fmt.Errorf("%w\n    hint: name the directory itself with --out", err)
	case errors.Is(err, syscall.ENOSPC):
		return fmt.Errorf("%w\n    hint: free some room there, or choose a directory on another disk with --out", err)
	case errors.Is(err, syscall.EROFS), errors.Is(err, syscall.EACCES):
		return fmt.Errorf("%w\n    hint: choose another directory with --out", err)
	}
	return err
}

// admissible refuses what the network must not be asked.
func (r *run) admissible(ctx context.Context) error {
	if err := r.Scenario.CheckSearch(r.network.blockTime); err != nil {
		return err
	}
	if what, instead := r.feltByOthers(); what != "" && !r.network.identity.IsLocal() && !r.AboveCeiling {
		return fmt.Errorf("%s, and %s is not a LOCAL network: above %g/s others would feel it\n"+
			"    hint: agree on it with the network's operators, then say so with --yes, or %s",
			what, r.network.identity.Name, RateCeiling, instead)
	}
	if r.Scenario.Hostile != nil && !r.network.identity.IsLocal() && !r.AboveCeiling {
		return fmt.Errorf("the scenario makes hostile calls, and %s is not a LOCAL network: others share its nodes\n"+
			"    hint: agree on it with the network's operators, then say so with --yes, or leave hostile out", r.network.identity.Name)
	}
	if err := r.inTime(); err != nil {
		return err
	}
	return r.affordable(ctx)
}

// feltByOthers says what others on a network would feel, or nothing, and what to
// do instead.
func (r *run) feltByOthers() (what, instead string) {
	switch load, q := r.Scenario.Load, r.Scenario.Queries; {
	case load.Closed():
		return fmt.Sprintf("the load has %d users, who write as fast as they are answered", load.Users), "use phases with a rate"
	case load.MaxRate() > RateCeiling:
		return fmt.Sprintf("the load goes up to %g entries/s", load.MaxRate()), "lower the rate"
	case q != nil && q.Rate > RateCeiling:
		return fmt.Sprintf("the queries come at %g/s", q.Rate), "lower queries.rate"
	}
	return "", ""
}

// affordable refuses what the keys cannot pay for.
func (r *run) affordable(ctx context.Context) error {
	what, less := "the load costs", "make the load smaller"
	if r.plan.Budgeted() {
		what, less = "the load may cost", "lower credits.budget"
	}
	if len(r.payers) > 1 {
		what = "its share of " + what
	}
	for _, p := range r.payers {
		if err := p.check(ctx, r.network, what, less); err != nil {
			return err
		}
	}
	return nil
}

// open makes the record's files. The manifest is the last, and with it the run
// has begun.
func (r *run) open() (err error) {
	if err := r.dir.Reserve(); err != nil {
		return err
	}
	if r.entries, err = r.dir.OpenLog(r.logOptions()); err != nil {
		return err
	}
	series, err := r.dir.Open(results.SeriesFile)
	if err != nil {
		return err
	}
	r.start = time.Now()
	r.manifest = r.newManifest()
	r.collector = results.NewCollector(r.entries)
	r.sampling = newSeriesSampler(series, r.start, r.network)
	if err := r.collector.Err(); err != nil {
		return err
	}
	return r.dir.WriteManifest(r.manifest)
}

func (r *run) logOptions() results.LogOptions {
	return results.LogOptions{Segment: r.Scenario.Record.Segment, Say: r.Say}
}

// do is the run itself, from the payment to the complete record. What goes wrong
// once a run has begun is a part of its record; only a record that cannot be
// completed is an error.
func (r *run) do(stop, abort context.Context) error {
	r.nodeMeter = r.newNodeMeter(stop)
	failure := r.carryOut(stop, abort)
	_, unwritten := r.collector.Finish()
	if failure == nil && unwritten == nil {
		r.manifest.Counters = r.count(abort)
	}
	failure = cmp.Or(failure, unwritten, r.entries.Sync(), r.entries.Close(), r.sampling.close())
	if i := interruption(stop); failure != nil {
		r.manifest.Interrupted, r.manifest.Failure = true, true
		r.manifest.Why = factomd.Printable(failure.Error(), 500)
	} else if i != nil {
		r.manifest.Interrupted, r.manifest.Failure = true, i.Failure
		r.manifest.Why = factomd.Printable(i.Why, 500)
	}
	r.complete()
	r.dir.Release()
	return r.dir.WriteManifest(r.manifest)
}

// carryOut returns why the run could not go on, or nil. Wherever it is stopped,
// all that was planned goes on record: what was not reached, as skipped.
func (r *run) carryOut(stop, abort context.Context) error {
	defer context.AfterFunc(stop, func() { r.stopped.Store(int64(time.Since(r.start))) })()
	r.enter(StageCredits)
	if err := r.fund(stop); err != nil && stop.Err() == nil {
		r.interrupt(err.Error())
	}

	r.generator = r.newGenerator()
	if r.Scenario.Queries != nil {
		r.queries = r.newQueries()
	}
	r.collector.Offer(r.offer)
	background, end := context.WithCancel(context.WithoutCancel(stop))
	var observers sync.WaitGroup
	defer observers.Wait()
	defer end()
	r.observe(background, &observers)

	r.enter(StageSetup)
	err := r.generator.Setup(stop, abort)
	if err == nil {
		err = r.chainsMade(stop)
	}
	if err != nil {
		r.interrupt(err.Error())
	}
	r.followAcceptance(background, &observers)
	r.enter(StageLoad)
	ended, err := r.load(stop, abort)
	if err != nil {
		return err
	}
	r.enter(StageWait)
	r.wait(abort, ended)
	r.enter(StageAudit)
	r.audit(abort)
	r.finishChecks(abort)
	r.finishCommits(abort)
	r.manifest.FindingsOpen = r.watching(ended)
	return nil
}
