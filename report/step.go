package report

import "github.com/FactomProject/factom-load/results"

// Step is one step of an entry's way, of the measured phases.
type Step struct {
	Name string `json:"name"` // send, commit, reveal, accept, confirm, in this order
	// AtMS is from the planned instant to the end of the step.
	AtMS Latency `json:"at_ms"`
	// TookMS is from the end of the step before, of the entries that were seen at
	// both: 0 where the later was seen first.
	TookMS Latency `json:"took_ms"`
}

// stepFold collects what the latencies of the stages do not have.
type stepFold struct {
	commitAt, acceptTook, confirmTook distribution
}

func (f *stepFold) entry(e *results.Entry) {
	if e.Error == nil && e.Committed != results.Never {
		f.commitAt.record(e.Committed - e.Planned)
	}
	if e.Error == nil && e.Revealed != results.Never && e.Accepted != results.Never {
		f.acceptTook.record(e.Accepted - e.Revealed)
	}
	if e.Accepted != results.Never && e.Watched() {
		f.confirmTook.record(e.Confirmed - e.Accepted)
	}
}

// rows returns the steps, of which l has the others' latencies.
func (f *stepFold) rows(l Latencies) ([]Step, error) {
	commitAt, err := f.commitAt.latency(methodClock, 0)
	if err != nil {
		return nil, err
	}
	acceptTook, err := f.acceptTook.latency(l.Accept.Method, l.Accept.ResolutionMS)
	if err != nil {
		return nil, err
	}
	confirmTook, err := f.confirmTook.latency(l.Confirm.Method, max(l.Accept.ResolutionMS, l.Confirm.ResolutionMS))
	if err != nil {
		return nil, err
	}
	return []Step{
		{"send", l.Schedule, l.Schedule},
		{"commit", commitAt, l.CommitService},
		{"reveal", l.Submit, l.RevealService},
		{"accept", l.Accept, acceptTook},
		{"confirm", l.Confirm, confirmTook},
	}, nil
}
