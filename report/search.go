package report

import (
	"math"

	"github.com/FactomProject/factom-load/results"
)

// Search is the search for the highest rate that the network takes. Where a run has
// one, that rate's step is what is measured: latencies, rates and thresholds on them
// cover it alone, and without a step that held there are none.
type Search struct {
	FromPerS   float64 `json:"from_per_s"`
	ToPerS     float64 `json:"to_per_s"`
	StepPerS   float64 `json:"step_per_s"`
	WithinPerS float64 `json:"within_per_s"`
	HoldS      float64 `json:"hold_s"` // how long each rate was offered
	// StopWhen are the conditions, any of which tells that a rate did not hold.
	StopWhen []string `json:"stop_when"`
	// Result is found, all-held, none-held, harness or cut-short.
	Result     results.SearchResult `json:"result"`
	HeldPerS   Number               `json:"held_per_s"`   // the highest rate that held
	FailedPerS Number               `json:"failed_per_s"` // the lowest that did not
	Why        string               `json:"why"`
	Steps      []SearchStep         `json:"steps"` // in the order in which they were tried
}

// SearchStep is one rate that was tried.
type SearchStep struct {
	Phase    string  `json:"phase"`
	RatePerS float64 `json:"rate_per_s"` // offered
	Held     bool    `json:"held"`
	// Outcome is held, failed, or harness: then the harness was the limit, and the
	// step tells nothing of the network.
	Outcome  results.StepOutcome `json:"outcome"`
	Why      string              `json:"why"` // it did not hold, or empty
	SentPerS float64             `json:"sent_per_s"`
	// ConfirmedPerS is over the blocks but the first that closed while the rate was
	// offered; 0 where there are not two.
	ConfirmedPerS float64      `json:"confirmed_per_s"`
	LatencyMS     Latencies    `json:"latency_ms"` // of the phase
	Backlog       []BacklogRow `json:"backlog"`
}

// BacklogRow is what a block left over: the entries of the step that were due before
// it closed, were neither refused nor failed, and are in no block up to it.
type BacklogRow struct {
	Height    uint32  `json:"height"`
	ClosedS   float64 `json:"closed_s"` // a tenth of a block time before it was seen saved
	Entries   uint64  `json:"entries"`
	Confirmed uint64  `json:"confirmed"` // entries of the step that the block holds
}

// cutShort is why a search without a result has none.
const cutShort = "the search did not come to its end"

// search fills in the search from the manifest and the phases.
func (f *fold) search(r *Report) {
	q := f.m.Search
	if q == nil {
		return
	}
	s := &Search{
		FromPerS: q.From, ToPerS: q.To, StepPerS: q.Step, WithinPerS: q.Within, HoldS: q.HoldS,
		StopWhen: append([]string{}, q.StopWhen...), Result: q.Result, Why: q.Why,
		HeldPerS: unknown, FailedPerS: unknown, Steps: []SearchStep{},
	}
	if s.Result == "" {
		s.Result, s.Why = results.SearchCutShort, cutShort
		if f.partial {
			s.Why = "it goes on"
		}
	}
	if rate, at := q.Held(); at >= 0 {
		s.HeldPerS = Number(rate)
	}
	if rate, at := q.Failed(); at >= 0 {
		s.FailedPerS = Number(rate)
	}
	for _, step := range q.Steps {
		row := SearchStep{
			Phase: step.Name, RatePerS: step.Rate, Held: step.Outcome == results.StepHeld, Outcome: step.Outcome, Why: step.Why,
			ConfirmedPerS: step.Confirmed, Backlog: []BacklogRow{},
		}
		for _, p := range r.Phases {
			if p.Name == step.Name {
				row.SentPerS, row.LatencyMS = p.Rates.SentPerS, p.LatencyMS
			}
		}
		for _, b := range step.Backlog {
			row.Backlog = append(row.Backlog, BacklogRow{Height: b.Height, ClosedS: seconds(b.Closed), Entries: b.Entries, Confirmed: b.Confirmed})
		}
		s.Steps = append(s.Steps, row)
	}
	r.Search = s
}

// measuredStep reports whether a phase is measured that is a step of a search.
func (f *fold) measuredStep(phase int) bool {
	_, at := f.m.Search.Held()
	return at >= 0 && f.m.Search.Steps[at].Phase == phase
}

func (s *Search) held() bool {
	_, ok := s.knee()
	return ok
}

// knee returns the rate that held, or false.
func (s *Search) knee() (float64, bool) {
	v := float64(s.HeldPerS)
	return v, !math.IsNaN(v)
}
