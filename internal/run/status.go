package run

import (
	"context"
	"os"
	"time"

	"github.com/FactomProject/factom-load/results"
)

// The stages of a run, in order.
const (
	StageNetwork = "network"
	StageCredits = "credits"
	StageSetup   = "setup"
	StageLoad    = "load"
	StageSearch  = "search" // begins anew with each step
	StageWait    = "wait"
	StageAudit   = "audit"
)

// Status says how far a run is.
type Status struct {
	Stage   string
	Elapsed time.Duration // in this stage
	// Length is how long the stage takes at least; 0 where that is not known.
	Length   time.Duration
	Phase    string // of the load, or the step of the search and what held so far
	Planned  uint64 // entries in all; 0 where the node decides, as in a closed loop or a search
	Counts   results.Counts
	InFlight int
	Height   uint32
	Minute   int
}

type stage struct {
	name  string
	since time.Time
}

func (r *run) enter(name string) { r.stage.Store(&stage{name: name, since: time.Now()}) }

// watch shows the state to the user until ctx ends.
func (r *run) watch(ctx context.Context) {
	if r.Watch == nil {
		return
	}
	every(ctx, 200*time.Millisecond, func() (more bool) {
		r.Watch(r.status())
		return true
	})
}

// status may be called as soon as the run has a stage; what comes with later
// stages is looked at only in those.
func (r *run) status() Status {
	at := r.stage.Load()
	s := Status{Stage: at.name, Elapsed: time.Since(at.since)}
	if !r.plan.Budgeted() {
		s.Planned = r.plan.Total.Slots
	}
	if at.name == StageNetwork || at.name == StageCredits {
		return s
	}
	s.Counts = r.collector.Counts()
	s.InFlight = r.generator.InFlight()
	if n := r.observer.State(); n != nil {
		s.Height, s.Minute = n.SavedHeight, n.Minute.Minute
	}
	setup := 0
	if r.Scenario.Workload.Chains > 0 {
		setup = 1
	}
	switch at.name {
	case StageSetup:
		s.Length = r.plan.Total.Length
		if setup > 0 {
			s.Length = r.plan.Phases[0].Length
		}
	case StageLoad:
		for _, p := range r.plan.Phases[setup:] {
			s.Length += p.Length
		}
		if i := r.generator.Current() - 1; i >= 0 {
			s.Phase = r.plan.Phases[setup+i].Name
		}
	case StageSearch:
		s.Length = r.Scenario.Load.Search.Hold.Of(r.network.blockTime)
		s.Phase = *r.step.Load()
	}
	return s
}

// sample adds what the run knows to a line of the series.
func (r *run) sample(s *results.Sample) {
	if g := r.generator; g != nil {
		s.InFlight = g.InFlight()
	}
	s.Connections = int(r.network.connections.Open())
	if credits, known := r.credits(); known {
		s.ECBalance = &credits
	}
	r.nodeQueue.sample(s)
	n := r.observer.State()
	if n == nil {
		return
	}
	s.Height, s.Minute, s.Stalled = n.SavedHeight, n.Minute.Minute, n.Stalled
	s.Known = s.At-n.At < int64(2*time.Second)
}

// watchStopFile stops the run, as its user would, once the file exists.
func (r *run) watchStopFile(ctx context.Context) {
	every(ctx, 500*time.Millisecond, func() (more bool) {
		_, err := os.Stat(r.StopFile)
		if err == nil {
			r.stopping(&Interruption{Why: "the stop file " + r.StopFile + " appeared"})
		}
		return err != nil
	})
}
