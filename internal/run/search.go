package run

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// nextRate decides by what a search has found so far: which rate to try next, or if
// there is none, what the result is.
//
// Rates go up from the lowest until one does not hold; from then on what lies
// between it and the highest that did is halved. A step in which the harness was the
// limit tells nothing: the first is repeated, as a pause of the machine may have
// been the cause, and a second ends the search.
func nextRate(q *scenarios.Search, s *results.Search) (rate float64, result results.SearchResult) {
	spoilt := 0
	for _, step := range s.Steps {
		if step.Outcome == results.StepHarness {
			spoilt++
		}
	}
	if n := len(s.Steps); n > 0 && s.Steps[n-1].Outcome == results.StepHarness {
		if spoilt > 1 {
			return 0, results.SearchHarness
		}
		return s.Steps[n-1].Rate, ""
	}
	held, some := s.Held()
	failed, broken := s.Failed()
	switch {
	case broken >= 0 && some < 0:
		return 0, results.SearchNoneHeld
	case broken >= 0:
		if rate, more := q.Between(held, failed); more {
			return rate, ""
		}
		return 0, results.SearchFound
	}
	for _, rate := range q.Rates() {
		if some < 0 || rate > held {
			return rate, ""
		}
	}
	return 0, results.SearchAllHeld
}

// newSearch is what there is of a scenario's search before its first step, or nil
// without one.
func newSearch(q *scenarios.Search, block time.Duration) *results.Search {
	if q == nil {
		return nil
	}
	s := &results.Search{
		From: q.From, To: q.To, Step: q.Step, Within: q.Within, HoldS: q.Hold.Of(block).Seconds(),
		StopWhen: []string{}, Steps: []results.SearchStep{},
	}
	for _, stop := range q.StopWhen {
		s.StopWhen = append(s.StopWhen, stop.Expression)
	}
	return s
}

// A searcher carries out a search.
type searcher struct {
	search    *scenarios.Search
	block     time.Duration // of the network
	timeout   time.Duration // since the last own confirmation, or a step's end
	first     int           // number of the first step's phase
	start     time.Time     // of the run
	collector *results.Collector
	sampled   func() bool // whether acceptance is

	offer   func(stop, abort context.Context, p scenarios.Phase) error // as [generator.Generator.Phase]
	answers func(context.Context) error                                // all endpoints do, or the error
	// began is told of a step before its phase begins, and over when all of its
	// entries were sent.
	began, over func(rate float64)
	// keep puts what was found so far on record.
	keep func() error
	// interrupt is told of a network that is no longer there.
	interrupt func(why string)
	say       func(format string, args ...any)
}

// run completes what is found until there is a result, or nothing more can be found
// out: stop or abort is done, the network does not come back after a step, or entries
// of a step stay out. The error is that of the generator or of the record; with
// [generator.ErrBudget] the search is cut short.
func (s *searcher) run(stop, abort context.Context, found *results.Search) error {
	cause, err := s.steps(stop, abort, found)
	s.conclude(found, cause)
	return errors.Join(err, s.keep())
}

// steps tries rate after rate. Without a result it returns the cause.
func (s *searcher) steps(stop, abort context.Context, found *results.Search) (cause string, err error) {
	before := "the phases before it"
	lost := s.drain(stop)
	for {
		rate, result := nextRate(s.search, found)
		owed := s.collector.Owed()
		switch {
		case stop.Err() != nil:
			return context.Cause(stop).Error(), nil
		case lost != nil:
			cause = fmt.Sprintf("the network did not come back after %s: %v", before, lost)
			s.interrupt(cause)
			return cause, nil
		case result != "":
			found.Result = result
			return "", nil
		case owed > 0:
			return fmt.Sprintf("entries of %s are still out (%d), and what follows would be judged by them", before, owed), nil
		}
		number := s.first + len(found.Steps)
		p := s.search.StepPhase(rate, s.block)
		for _, other := range found.Steps {
			if other.Name == p.Name {
				p.Name += "-again"
			}
		}
		s.collector.Measure(number, s.block, s.sampled())
		s.began(rate)
		if err := s.offer(stop, abort, p); errors.Is(err, generator.ErrBudget) {
			return "the budget is used up", err
		} else if err != nil {
			return err.Error(), err
		}
		s.over(rate)
		before, lost = p.Name, s.drain(stop)
		if stop.Err() != nil {
			continue // its entries did not have their time
		}
		found.Steps = append(found.Steps, s.judge(number, p))
		if err := s.keep(); err != nil {
			return err.Error(), err
		}
	}
}

// judge returns what became of the step that is gauged.
func (s *searcher) judge(number int, p scenarios.Phase) results.SearchStep {
	g := s.collector.Gauge()
	step := results.SearchStep{
		Phase: number, Name: p.Name, Rate: p.From,
		Confirmed: g.ConfirmedPerSecond(s.block), Backlog: g.Backlog,
	}
	step.Outcome, step.Why = judgeStep(s.search, &g, p.From, s.block)
	s.tell(step, &g)
	return step
}

// drain waits until all entries are accounted for and a block was saved since, or the
// time for it is over: what is left of a step must not weigh on the next one. It
// returns how the network is seen to be lost, or nil, as one that is no longer there
// has no knee. What it returns once stop is done means nothing.
func (s *searcher) drain(stop context.Context) (lost error) {
	ended := int64(time.Since(s.start))
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	for {
		awaited, lastOwn := s.collector.Awaited(false)
		late := time.Since(s.start)-time.Duration(max(ended, lastOwn)) > s.timeout
		if saved := s.collector.SavedSince(ended); late || awaited == 0 && saved {
			lost = s.answers(stop)
			if lost == nil && !saved {
				lost = fmt.Errorf("no block was saved in %s", short(s.timeout))
			}
			return lost
		}
		select {
		case <-stop.Done():
			return nil
		case <-tick.C:
		}
	}
}

// tell says what became of a step.
func (s *searcher) tell(step results.SearchStep, g *results.Gauge) {
	latencies := ""
	for _, l := range []struct {
		stage string
		p     results.Percentiles
	}{{"accept", g.Accept}, {"confirm", g.Confirm}} {
		if v, endless, known := l.p.At("p99"); known && !endless {
			latencies += fmt.Sprintf(", %s p99 %s", l.stage, short(v))
			if l.stage == "confirm" {
				latencies += fmt.Sprintf(" (%.1f blocks)", float64(v)/float64(s.block))
			}
		}
	}
	latencies = strings.TrimPrefix(latencies, ", ")
	switch step.Outcome {
	case results.StepHeld:
		s.say("%g/s held: %s", step.Rate, latencies)
	case results.StepFailed:
		s.say("%g/s did not hold: %s", step.Rate, step.Why)
	default:
		s.say("%g/s was not offered: %s", step.Rate, step.Why)
	}
}

// conclude completes a search with its result in a sentence; without one, a cause
// has cut it short.
func (s *searcher) conclude(found *results.Search, cause string) {
	if found.Result == "" {
		found.Result = results.SearchCutShort
	}
	held, some := found.Held()
	failed, broken := found.Failed()
	switch {
	case found.Result == results.SearchFound:
		found.Why = fmt.Sprintf("%g/s held, and %g/s did not: %s", held, failed, found.Steps[broken].Why)
	case found.Result == results.SearchAllHeld:
		found.Why = fmt.Sprintf("%g/s held, and no higher rate was asked for", held)
	case found.Result == results.SearchNoneHeld:
		found.Why = fmt.Sprintf("not even %g/s held: %s", failed, found.Steps[broken].Why)
	default:
		found.Why = "no rate was seen to hold"
		if some >= 0 {
			found.Why = fmt.Sprintf("at least %g/s held", held)
		}
		if broken >= 0 {
			found.Why += fmt.Sprintf(", and %g/s did not", failed)
		}
		if last := len(found.Steps) - 1; found.Result == results.SearchHarness {
			found.Why += fmt.Sprintf("; the harness could not offer %g/s: %s", found.Steps[last].Rate, found.Steps[last].Why)
		} else {
			found.Why += "; the search was cut short: " + cause
		}
	}
	s.say("search: %s", found.Why)
}

// findKnee carries out the scenario's search, after its phases.
func (r *run) findKnee(stop, abort context.Context) error {
	var held float64
	s := &searcher{
		search: r.Scenario.Load.Search, block: r.network.blockTime, timeout: r.Scenario.Confirm.Timeout.Of(r.network.blockTime),
		first: 1 + len(r.Scenario.Load.Phases), start: r.start, collector: r.collector, sampled: func() bool { return r.sampler.Load() != nil },
		offer: r.generator.Phase, answers: r.network.answers, interrupt: r.interrupt, say: r.Say,
	}
	text := func(format string, rate float64) {
		what := fmt.Sprintf(format, rate)
		if held > 0 {
			what += fmt.Sprintf(", %g/s held", held)
		}
		r.step.Store(&what)
	}
	s.began = func(rate float64) {
		text("%g/s", rate)
		r.enter(StageSearch)
	}
	s.over = func(rate float64) { text("%g/s, waiting for its blocks", rate) }
	s.keep = func() error {
		held, _ = r.manifest.Search.Held()
		return r.dir.WriteManifest(r.manifest)
	}
	return s.run(stop, abort, r.manifest.Search)
}
