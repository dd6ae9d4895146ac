package generator

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// A Submitter makes calls to a node; [factomd.Client] has it.
type Submitter interface {
	Submit(ctx context.Context, body []byte, want factomd.Hash) (sent, answered time.Time, err error)
	SubmitTogether(ctx context.Context, commit, reveal []byte, want factomd.Hash) factomd.Pair
}

// A Tracker is told of every entry's life; [results.Collector] has it.
type Tracker interface {
	Phase(i int, p results.Phase)
	Plan(batch []results.Planned, refs []results.Ref) ([]results.Ref, error)
	Submitted(ref results.Ref, s results.Submission)
	GiveUp(ref results.Ref, at int64, waited bool)
	Skip(ref results.Ref)
}

// An Endpoint is one API that takes a share of the load.
type Endpoint struct {
	Submitter
	Weight int
}

// Options configures a [Generator].
type Options struct {
	Scenario  *scenarios.Scenario
	Salt      string
	ID        string        // the run's, which no other has: hostile calls depend on it
	Keys      []factomd.Key // sign the commits: number k modulo their number that of entry k
	Endpoints []Endpoint
	Tracker   Tracker
	Start     time.Time // the run's start, from which instants are counted
	// Budget is the most entry credits that the entries may cost, the setup's
	// included and hostile calls left out; 0 is no limit. Several keys have a share
	// of it each: see [Share]. What does not fit any more is not planned: see
	// [ErrBudget].
	Budget int64
	// Sleep waits until an instant, and reports whether it did: ctx may end
	// first. If nil, the kernel's timers are used.
	Sleep func(ctx context.Context, until time.Time) bool
}

// A Generator sends what a scenario plans.
type Generator struct {
	opts     Options
	load     scenarios.Load
	workload *workload
	composer *composer
	charged  []atomic.Int64 // by key: entry credits of what was composed and not discarded
	hostile  []atomic.Int64 // by key: entry credits of the hostile calls that were made
	spent    atomic.Int64   // see Spent
	phases   int            // number of the next phase
	index    uint64         // of the next slot
	jobs     sync.Pool

	room     chan struct{} // a place in flight each
	current  atomic.Int64  // phase
	ended    atomic.Int64  // see Ended; 0 until then
	requests atomic.Uint64
	commits  [2]atomic.Uint64 // of them, commits, by [results.Kind]
	retries  atomic.Uint64    // of them, those that sent something again
}

// How far ahead of its slot an entry may be composed: far enough to ride out a
// pause of the harness, near enough that a commit's time stamp is fresh.
const (
	aheadTime  = 2 * time.Second
	aheadJobs  = 1024
	aheadBatch = 64
)

// lead is how long before the first slot the load is announced, so that the
// first entries can be composed ahead too.
const lead = 250 * time.Millisecond

// ErrBudget says that the next entry would have cost more than is left of
// [Options.Budget]. Sending then ended as at the end of the load: all that was
// planned was sent, and nothing was skipped.
var ErrBudget = errors.New("what is left of the budget does not pay for the next entry")

// New returns a generator. It sends nothing yet.
func New(o Options) *Generator {
	weights := make([]int, len(o.Endpoints))
	for i, e := range o.Endpoints {
		weights[i] = e.Weight
	}
	s := o.Scenario
	g := &Generator{
		opts:     o,
		load:     s.Load,
		workload: newWorkload(s, weights),
		composer: newComposer(s.Seed, o.Salt, s.Workload.Marker, o.Keys, s.Workload.Chains),
		charged:  make([]atomic.Int64, len(o.Keys)),
		hostile:  make([]atomic.Int64, len(o.Keys)),
		phases:   1,
		index:    uint64(s.Workload.Chains),
		room:     make(chan struct{}, s.Load.InFlight),
	}
	g.jobs.New = func() any { return new(job) }
	return g
}

// Setup makes the chains that the load writes to. It returns when all their
// calls are over; that the chains exist is for the caller to see.
func (g *Generator) Setup(stop, abort context.Context) error {
	return g.send(stop, abort, newSetup(g.opts.Scenario, g.workload))
}

// Load sends the load, and returns when the calls of all entries are over.
//
// When stop is done no more is sent: slots that were not reached are skipped,
// each on record; a closed loop has none. When abort is done the calls under way
// are given up too. The error is [ErrBudget], or says why the generator itself
// could not go on.
func (g *Generator) Load(stop, abort context.Context) error {
	if g.load.Closed() {
		return g.closedLoop(stop, abort)
	}
	return g.sendPhases(stop, abort, g.load.Phases)
}

// Phase sends one more phase with a rate, after the load's and those that were sent
// like this before: the numbers of phases and entries go on, and with them what the
// seed draws. Otherwise it is as [Generator.Load] is.
func (g *Generator) Phase(stop, abort context.Context, p scenarios.Phase) error {
	return g.sendPhases(stop, abort, []scenarios.Phase{p})
}

func (g *Generator) sendPhases(stop, abort context.Context, phases []scenarios.Phase) error {
	w := newWalk(g.opts.Scenario, g.workload, phases, g.phases, g.index)
	err := g.send(stop, abort, w)
	g.phases, g.index = g.phases+len(phases), w.index
	return err
}

// InFlight returns how many entries are sent and not answered.
func (g *Generator) InFlight() int { return len(g.room) }

// Current returns the number of the phase that the newest slot belongs to.
func (g *Generator) Current() int { return int(g.current.Load()) }

// Ended returns the instant, in nanoseconds since the run's start, from which on
// what began last, the setup, the load or one more phase, sends no more although
// calls may still be under way: the last phase is over and the last slot had its
// turn, the first entry was due that the budget does not pay for, or stop was
// done. Before it is known it is 0; it can be known a little ahead.
func (g *Generator) Ended() int64 { return g.ended.Load() }

// Charged returns how many entry credits the entries that a key signs cost so
// far, and its hostile calls. What is composed ahead counts, unless it is never
// sent.
func (g *Generator) Charged(key int) int64 {
	return g.charged[key].Load() + g.hostile[key].Load()
}

// Spent returns the number of the key whose share of the budget did not pay for
// an entry, once [ErrBudget] was returned.
func (g *Generator) Spent() (key int) { return int(g.spent.Load()) }

// Requests returns how many commit and reveal calls were made.
func (g *Generator) Requests() uint64 { return g.requests.Load() }

// Submits returns how many of them there were of each sort, when none is under way.
func (g *Generator) Submits() results.Submits {
	s := results.Submits{CommitEntry: g.commits[results.KindEntry].Load(), CommitChain: g.commits[results.KindChain].Load()}
	s.Reveal = g.requests.Load() - s.CommitEntry - s.CommitChain
	return s
}

// Retries returns how many of them sent something again.
func (g *Generator) Retries() uint64 { return g.retries.Load() }

// since returns an instant in nanoseconds since the run's start, or Never for
// the zero time.
func (g *Generator) since(t time.Time) int64 {
	if t.IsZero() {
		return results.Never
	}
	return int64(t.Sub(g.opts.Start))
}

// announce tells of the phases that begin at an instant, the first of which has
// a number, and returns when they end.
func (g *Generator) announce(phases []scenarios.Phase, first int, begin int64) (ends []int64) {
	for i, p := range phases {
		end := begin + int64(p.For)
		g.opts.Tracker.Phase(first+i, results.Phase{Name: p.Name, Measured: p.Measured, Start: begin, End: end})
		ends = append(ends, end)
		begin = end
	}
	return ends
}

// send composes ahead, waits for each slot's instant, and hands the entry to a
// worker.
func (g *Generator) send(stop, abort context.Context, w *walk) error {
	g.ended.Store(0)
	begin := g.since(time.Now().Add(lead))
	end := begin
	for _, phaseEnd := range g.announce(w.phases, w.first, begin) {
		end = phaseEnd
	}

	stop, cancel := context.WithCancelCause(stop)
	defer cancel(nil)
	ready := make(chan *job, aheadJobs)
	composed := make(chan error, 1)
	go func() {
		defer close(ready)
		err := g.compose(stop, w, begin, ready)
		if err != nil && err != ErrBudget {
			cancel(err) // what cannot be put on record must not be sent
		}
		composed <- err
	}()
	g.pace(stop, abort, ready, end)
	return <-composed
}

// compose makes the entries of a walk in batches, puts each batch on record and
// passes it on, never more than aheadTime before the first is due. After stop
// it puts the rest on record as skipped; with the budget it ends.
func (g *Generator) compose(stop context.Context, w *walk, begin int64, ready chan<- *job) error {
	var (
		batch   []results.Planned
		jobs    []*job
		refs    []results.Ref
		err     error
		next    slot
		pending = w.next(&next)
		spent   = false // the budget is
	)
	for pending && !spent && stop.Err() == nil {
		due := g.opts.Start.Add(time.Duration(begin) + next.at)
		if !sleepRoughly(stop, due.Add(-aheadTime)) {
			break
		}
		batch, jobs = batch[:0], jobs[:0]
		now := time.Now()
		for pending && len(batch) < aheadBatch && due.Sub(now) <= aheadTime {
			if spent = !g.charge(&next); spent {
				g.ended.Store(begin + int64(next.at))
				break
			}
			j := g.jobs.Get().(*job)
			j.slot, j.at = next, begin+int64(next.at)
			g.composer.add(j, now.UnixMilli())
			runtime.Gosched() // on a single core, the pacer must not wait for a batch
			jobs = append(jobs, j)
			batch = append(batch, planned(&next, j.hash, j.chain, begin))
			pending = w.next(&next)
			due = g.opts.Start.Add(time.Duration(begin) + next.at)
		}
		g.composer.sign()
		if refs, err = g.plan(batch, jobs, refs); err != nil {
			return err
		}
		for _, j := range jobs {
			ready <- j
		}
	}
	switch {
	case spent:
		return ErrBudget
	case pending:
		return g.skipFrom(w, &next, begin)
	}
	return nil
}

// plan puts jobs on record, where they are a batch. If not all can be, none must
// be sent: those that are count as skipped. It overwrites refs and returns it.
func (g *Generator) plan(batch []results.Planned, jobs []*job, refs []results.Ref) ([]results.Ref, error) {
	refs, err := g.opts.Tracker.Plan(batch, refs[:0])
	if err != nil {
		for _, ref := range refs {
			g.opts.Tracker.Skip(ref)
		}
		return refs, fmt.Errorf("planning entries: %w", err)
	}
	for i, j := range jobs {
		j.ref = refs[i]
	}
	return refs, nil
}

// skipFrom puts a slot on record as skipped, with all that come after it.
func (g *Generator) skipFrom(w *walk, next *slot, begin int64) error {
	var (
		batch []results.Planned
		refs  []results.Ref
		err   error
	)
	for pending := true; pending; {
		batch = batch[:0]
		for pending && len(batch) < aheadJobs {
			batch = append(batch, planned(next, factomd.Hash{}, factomd.Hash{}, begin))
			pending = w.next(next)
		}
		if refs, err = g.opts.Tracker.Plan(batch, refs[:0]); err != nil {
			return fmt.Errorf("skipping entries: %w", err)
		}
		for _, ref := range refs {
			g.opts.Tracker.Skip(ref)
		}
	}
	return nil
}

// charge takes what a slot costs from the budget, or reports that it does not
// fit.
func (g *Generator) charge(s *slot) bool {
	key := g.composer.keyOf(s)
	sum := &g.charged[key]
	if b := g.opts.Budget; b > 0 && sum.Load()+int64(s.credits) > Share(b, key, len(g.charged)) {
		g.spent.Store(int64(key))
		return false
	}
	sum.Add(int64(s.credits))
	return true
}

func planned(s *slot, hash, chain factomd.Hash, begin int64) results.Planned {
	return results.Planned{
		Index: s.index, Hash: hash, Chain: chain, Kind: s.kind, Parent: s.chain,
		Phase: s.phase, Endpoint: s.endpoint, Size: s.size, Credits: s.credits,
		At: begin + int64(s.at),
	}
}

// pace hands each entry to a worker at its instant. An entry that finds no room
// in flight waits, and everything that came due meanwhile goes out at once after
// it: the schedule, which ends at an instant, never moves.
func (g *Generator) pace(stop, abort context.Context, ready <-chan *job, end int64) {
	sleep, awake := sleeper(g.opts.Sleep)
	defer awake()
	hand, finish := g.workers(stop, abort, nil)
	defer finish()

	var full time.Time // when the last wait for room ended
	for j := range ready {
		due := g.opts.Start.Add(time.Duration(j.at))
		if stop.Err() != nil || !sleep(stop, due) {
			g.skip(j)
			continue
		}
		g.current.Store(int64(j.slot.phase))
		waited := due.Before(full)
		select {
		case g.room <- struct{}{}:
		default:
			select {
			case g.room <- struct{}{}:
			case <-stop.Done():
				g.skip(j)
				continue
			}
			full, waited = time.Now(), true
		}
		if now := time.Now(); g.load.Late == scenarios.LateSkip && now.Sub(due) > g.load.LateBy {
			<-g.room
			g.opts.Tracker.GiveUp(j.ref, g.since(now), waited)
			g.discard(j)
			continue
		}
		j.waited = waited
		hand(j)
	}
	ended := g.since(time.Now())
	if stop.Err() == nil {
		ended = max(ended, end)
	}
	g.ended.CompareAndSwap(0, ended)
}

// sleeper returns what waits for an instant, which is the given one if there is
// one, and what to call in the end.
func sleeper(given func(context.Context, time.Time) bool) (sleep func(context.Context, time.Time) bool, awake func()) {
	if given != nil {
		return given, func() {}
	}
	timer := newKernelTimer()
	return timer.sleepUntil, timer.close
}

func (g *Generator) skip(j *job) {
	g.opts.Tracker.Skip(j.ref)
	g.discard(j)
}

// discard takes back what was composed and will never be sent.
func (g *Generator) discard(j *job) {
	g.charged[g.composer.keyOf(&j.slot)].Add(-int64(j.slot.credits))
	g.jobs.Put(j)
}

// workers returns what hands an entry to a worker, a new one if none is free, and
// what waits until all calls are over. over is told of each entry, if it is not nil.
func (g *Generator) workers(stop, abort context.Context, over func(results.Submission)) (hand func(*job), finish func()) {
	work := make(chan *job)
	var group sync.WaitGroup
	hand = func(j *job) {
		select {
		case work <- j:
		default:
			group.Go(func() { g.worker(stop, abort, j, work, over) })
		}
		runtime.Gosched() // the worker first, if the next entry is due already
	}
	return hand, func() {
		close(work)
		group.Wait()
	}
}

// worker submits a first entry and then others as they come. It tells of each
// that is over, if somebody wants to know.
func (g *Generator) worker(stop, abort context.Context, j *job, work <-chan *job, over func(results.Submission)) {
	for ok := true; ok; j, ok = <-work {
		s := g.submit(stop, abort, j)
		g.opts.Tracker.Submitted(j.ref, s)
		g.jobs.Put(j)
		<-g.room
		if over != nil {
			over(s)
		}
	}
}

// The pauses before an entry's calls are made again: each is twice the one before,
// up to the last.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 8 * time.Second
)

// submit makes an entry's two calls, in the way that the load says, and again
// what was not answered as often as the scenario allows. Nothing is made again
// after stop is done.
func (g *Generator) submit(stop, ctx context.Context, j *job) results.Submission {
	node := g.opts.Endpoints[j.slot.endpoint].Submitter
	var p factomd.Pair
	if g.load.Reveal == scenarios.RevealTogether {
		p = node.SubmitTogether(ctx, j.commit, j.reveal, j.hash)
	} else {
		p = factomd.SubmitAfter(ctx, node, j.commit, j.reveal, j.hash)
	}
	first, retried := p.Calls, 0
	for pause := firstPause; retried < g.opts.Scenario.Submit.Retry && p.Unanswered() && ctx.Err() == nil; pause = min(2*pause, lastPause) {
		if !sleepRoughly(stop, time.Now().Add(pause)) {
			break
		}
		p.Again(ctx, node, j.commit, j.reveal, j.hash)
		retried++
	}
	g.requests.Add(uint64(p.Calls))
	g.commits[j.slot.kind].Add(uint64(p.Commits))
	g.retries.Add(uint64(p.Calls - first))
	sent := g.since(p.Sent)
	return results.Submission{
		Sent:      sent,
		Committed: g.since(p.Committed),
		Revealed:  g.since(p.Revealed),
		Tried:     p.Tried,
		Retried:   retried,
		Late:      sent != results.Never && sent-j.at > int64(results.LateAfter),
		Waited:    j.waited,
		Err:       p.Err,
	}
}
