package generator

import (
	"context"
	"sort"
	"time"

	"github.com/FactomProject/factom-load/results"
)

// pauseAfterError is how long a user waits whose entry was refused or got no
// answer: a node that takes nothing says so in no time, and its users would plan
// entries for the whole budget in a second.
const pauseAfterError = time.Second

// closedLoop is the load of a fixed number of users. Each is free, writes an
// entry, waits for the answers, thinks, and is free again: the instant at which a
// user is free is the planned instant of the next entry. So a slow node is sent
// less, and what it kept waiting is but one entry a user.
//
// Users with a think time begin one after another, spread over it; others begin
// at once. A user who becomes free after the end of the last phase, or after stop
// is done, plans no more. One whose entry was not taken pauses before that.
func (g *Generator) closedLoop(stop, abort context.Context) error {
	g.ended.Store(0)
	begin := g.since(time.Now().Add(lead))
	ends := g.announce(g.load.Phases, 1, begin)

	planning, end := context.WithCancel(stop)
	defer end()
	// No more are composed ahead than there are users, so that each waits for one
	// round of theirs at most and the commits' time stamps are fresh.
	ready := make(chan *job, min(g.load.Users, aheadJobs)-1)
	go func() {
		defer close(ready)
		g.stock(planning, ready)
	}()

	// Who is free at which instant. All think for the same time, so that they are
	// free in the order in which they were answered.
	free := make(chan int64, g.load.Users)
	for i := range g.load.Users {
		free <- begin + int64(g.load.Think)*int64(i)/int64(g.load.Users)
	}
	over := func(s results.Submission) {
		at := s.Revealed
		if s.Err != nil {
			sleepRoughly(planning, time.Now().Add(pauseAfterError))
			at = g.since(time.Now())
		}
		free <- at + int64(g.load.Think)
	}
	hand, finish := g.workers(stop, abort, over)
	err := g.serve(stop, ends, ready, free, func(j *job) {
		g.room <- struct{}{} // there is a place for each user
		hand(j)
	})
	g.ended.CompareAndSwap(0, g.since(time.Now()))
	end()
	for j := range ready {
		g.discard(j)
	}
	finish()
	return err
}

// stock composes entries ahead of the users who will write them, until the
// budget ends or stop is done.
func (g *Generator) stock(stop context.Context, ready chan<- *job) {
	for index := uint64(g.opts.Scenario.Workload.Chains); stop.Err() == nil; index++ {
		j := g.jobs.Get().(*job)
		j.slot = slot{index: index, phase: 1} // which phase, its instant will say
		g.workload.shape(&j.slot, nil)
		if !g.charge(&j.slot) {
			return
		}
		g.composer.compose(j, time.Now().UnixMilli())
		select {
		case ready <- j:
		case <-stop.Done():
			g.discard(j)
		}
	}
}

// serve plans an entry for each user who is free, and hands it over, until the
// last phase or the budget ends or stop is done.
func (g *Generator) serve(stop context.Context, ends []int64, ready <-chan *job, free <-chan int64, hand func(*job)) error {
	sleep, awake := sleeper(g.opts.Sleep)
	defer awake()
	end := ends[len(ends)-1]

	var (
		batch   []results.Planned
		jobs    []*job
		refs    []results.Ref
		err     error
		at      int64 // when the next user is free
		waiting bool  // that user is
		spent   bool  // the budget is
	)
	for {
		if !waiting {
			select {
			case at = <-free:
				waiting = true
			case <-stop.Done():
				return nil
			}
		}
		if at >= end {
			g.ended.Store(end)
			return nil
		}
		if stop.Err() != nil || !sleep(stop, g.opts.Start.Add(time.Duration(at))) {
			return nil
		}
		batch, jobs = batch[:0], jobs[:0]
		for now := g.since(time.Now()); waiting && at <= now && at < end && len(jobs) < aheadBatch; {
			j, ok := <-ready
			if spent = !ok; spent {
				break
			}
			j.at, j.waited = at, false
			j.slot.phase = 1 + sort.Search(len(ends)-1, func(i int) bool { return at < ends[i] })
			jobs = append(jobs, j)
			batch = append(batch, planned(&j.slot, j.hash, j.chain, at))
			select {
			case at = <-free:
			default:
				waiting = false
			}
		}
		if refs, err = g.plan(batch, jobs, refs); err != nil {
			return err
		}
		for _, j := range jobs {
			g.current.Store(int64(j.slot.phase))
			hand(j)
		}
		switch {
		case stop.Err() != nil:
			return nil
		case spent:
			g.ended.Store(at)
			return ErrBudget
		}
	}
}
