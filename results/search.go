package results

// A Search is how far the search for the highest rate has come that the network
// takes. Rates are in entries a second.
type Search struct {
	From   float64 `json:"from_per_s"`
	To     float64 `json:"to_per_s"`
	Step   float64 `json:"step_per_s"`
	Within float64 `json:"within_per_s"`
	HoldS  float64 `json:"hold_s"`
	// StopWhen are the conditions, any of which tells that a step did not hold.
	StopWhen []string     `json:"stop_when"`
	Result   SearchResult `json:"result"` // empty until it has ended
	Why      string       `json:"why"`    // the result in a sentence
	Steps    []SearchStep `json:"steps"`  // in the order in which they were tried
}

// A SearchStep is one rate that was tried.
type SearchStep struct {
	Phase     int         `json:"phase"` // its number
	Name      string      `json:"name"`  // of the phase
	Rate      float64     `json:"rate_per_s"`
	Outcome   StepOutcome `json:"outcome"`
	Why       string      `json:"why"` // it did not hold, or empty
	Confirmed float64     `json:"confirmed_per_s"`
	Backlog   []Backlog   `json:"backlog"`
}

// SearchResult is the outcome of a search in one word.
type SearchResult string

// The results of a search.
const (
	SearchFound    SearchResult = "found"     // a rate that held, and near above it one that did not
	SearchAllHeld  SearchResult = "all-held"  // even the highest held
	SearchNoneHeld SearchResult = "none-held" // not even the lowest held
	SearchHarness  SearchResult = "harness"   // the harness could not offer more
	SearchCutShort SearchResult = "cut-short" // it was stopped, or its budget was used up
)

// StepOutcome is what became of one rate.
type StepOutcome string

// The outcomes of a step.
const (
	StepHeld   StepOutcome = "held"
	StepFailed StepOutcome = "failed"
	// StepHarness says nothing of the network: the harness was late on its own
	// account, and did not offer the rate.
	StepHarness StepOutcome = "harness"
)

// Held returns the highest rate that held, with its place among the steps, and
// Failed the lowest that did not: 0 and -1 where there is none.
func (s *Search) Held() (rate float64, step int) { return s.extreme(StepHeld) }

// Failed is the counterpart of [Search.Held].
func (s *Search) Failed() (rate float64, step int) { return s.extreme(StepFailed) }

func (s *Search) extreme(o StepOutcome) (rate float64, step int) {
	step = -1
	for i, t := range s.Steps {
		if t.Outcome == o && (step < 0 || (o == StepHeld) == (t.Rate > rate)) {
			rate, step = t.Rate, i
		}
	}
	return rate, step
}
