package run

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/FactomProject/factom-load/scenarios"
)

// rulesInterval is the time between two looks at the rules of abort_on.
const rulesInterval = time.Second

// seen is what the rules of abort_on look at.
type seen struct {
	gone, failed, rejected, submitted uint64
	credits                           int64
	creditsKnown                      bool
	saved                             uint32 // height; 0 before the first answer
}

// A watchdog judges the rules of abort_on, look by look. Only time counts in which
// it was awake: a harness that stood still must not blame the network.
type watchdog struct {
	scenarios.Abort
	block   time.Duration
	at      time.Time       // of the last look; zero before the first
	saved   uint32          // the height then
	stalled time.Duration   // since it was first seen
	held    []time.Duration // how long each rule has been met
}

func newWatchdog(a scenarios.Abort, block time.Duration) *watchdog {
	return &watchdog{Abort: a, block: block, held: make([]time.Duration, len(a.Rules))}
}

// look returns why the run must end, or nothing.
func (w *watchdog) look(at time.Time, s seen) (why string) {
	passed := min(at.Sub(w.at), 2*rulesInterval)
	if w.at.IsZero() {
		passed = 0
	}
	w.at = at
	if w.stalled += passed; s.saved > w.saved {
		w.saved, w.stalled = s.saved, 0
	}
	for i, rule := range w.Rules {
		found, met := w.met(rule, s)
		switch {
		case !met:
			w.held[i] = -1
		case w.held[i] < 0:
			w.held[i] = 0
		default:
			w.held[i] += passed
		}
		if met && why == "" && (rule.On == scenarios.OnStall || w.held[i] >= w.Grace) {
			why = "abort_on: " + rule.Expression + ": " + found
		}
	}
	return why
}

// met reports whether a rule's condition is there now, and in what figure.
func (w *watchdog) met(rule scenarios.AbortRule, s seen) (found string, met bool) {
	var n uint64
	switch rule.On {
	case scenarios.OnStall:
		return fmt.Sprintf("no block was saved for %s, since that at height %d", w.stalled.Round(time.Second), w.saved),
			w.stalled >= rule.For.Of(w.block)
	case scenarios.OnCredits:
		return fmt.Sprintf("%d entry credits are left", s.credits), s.creditsKnown && float64(s.credits) < rule.Limit
	case scenarios.OnLost:
		n, found = s.gone, fmt.Sprintf("%d entries were in a process list and are in neither of the blocks that could hold them", s.gone)
	case scenarios.OnFailed:
		n, found = s.failed, fmt.Sprintf("%d of %d entries have failed", s.failed, s.submitted)
	case scenarios.OnRejected:
		n, found = s.rejected, fmt.Sprintf("%d of %d entries were rejected", s.rejected, s.submitted)
	}
	limit := rule.Limit
	if rule.Fraction {
		limit *= float64(s.submitted)
	}
	return found, float64(n) > limit
}

// watchRules ends the sending once a rule of abort_on asks for it, until ctx ends.
func (r *run) watchRules(ctx context.Context) {
	w := newWatchdog(r.Scenario.Abort, r.network.blockTime)
	every(ctx, rulesInterval, func() (more bool) {
		if !r.sending() {
			return true
		}
		why := w.look(time.Now(), r.seen())
		if why != "" {
			r.interrupt(why)
		}
		return why == ""
	})
}

func (r *run) seen() seen {
	c := r.collector.Counts()
	s := seen{failed: c.Failed, rejected: c.Rejected, submitted: c.Submitted}
	s.credits, s.creditsKnown = r.credits()
	if slices.ContainsFunc(r.Scenario.Abort.Rules, func(rule scenarios.AbortRule) bool { return rule.On == scenarios.OnLost }) {
		s.gone = uint64(r.collector.Gone()) // it passes over everything outstanding
	}
	if state := r.observer.State(); state != nil {
		s.saved = state.SavedHeight
	}
	return s
}
