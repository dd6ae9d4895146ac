package report

import (
	"cmp"
	"slices"

	"github.com/FactomProject/factom-load/results"
)

// Query has the figures of the queries of one method that were due in the
// measured phases.
type Query struct {
	Method string `json:"method"`
	Count  uint64 `json:"count"`  // due; the sum of the next three
	Right  uint64 `json:"right"`  // a well-formed answer that fits the question
	Wrong  uint64 `json:"wrong"`  // another answer, or an error where there is an answer
	Failed uint64 `json:"failed"` // no answer, or not sent before the load ended
	// RatePerS is Count over the measured phases' time.
	RatePerS float64 `json:"rate_per_s"`
	// LatencyMS is from the planned instant to the answer, ServiceMS from the
	// call's own start, both of the right answers. What the harness itself was
	// late by is in LatencyMS, too.
	LatencyMS Latency `json:"latency_ms"`
	ServiceMS Latency `json:"service_ms"`
	Errors    []Error `json:"errors"` // their examples are empty
}

// queriesFold counts queries by method.
type queriesFold struct {
	all     queryFold
	methods map[string]*queryFold
}

type queryFold struct {
	row              Query
	latency, service distribution
	errors           errorTable
}

// call takes in a call of either kind.
func (f *fold) call(c results.Call) {
	f.findings.call(c)
	if c.Kind == results.Hostile {
		f.hostile.add(c, f.inMeasured(c))
	} else if f.inMeasured(c) {
		f.query(c)
	}
}

// inMeasured reports whether a call was due in a measured phase.
func (f *fold) inMeasured(c results.Call) bool {
	if c.Phase >= len(f.phases) {
		return false
	}
	// A load can take longer than its phases, and than sending, until the last
	// entry is answered.
	p := &f.phases[c.Phase]
	return p.Measured && c.Planned >= p.Start && c.Planned < f.sentUntil(p.Phase)
}

func (f *fold) query(c results.Call) {
	q := &f.queries
	if q.methods == nil {
		q.methods = map[string]*queryFold{}
	}
	method := q.methods[c.Name]
	if method == nil {
		method = &queryFold{row: Query{Method: c.Name}}
		q.methods[c.Name] = method
	}
	method.add(&c)
	q.all.add(&c)
}

func (q *queryFold) add(c *results.Call) {
	q.row.Count++
	switch c.Outcome {
	case results.CallRight:
		q.row.Right++
		q.latency.record(c.Ended - c.Planned)
		q.service.record(c.Ended - c.Sent)
	case results.CallWrong:
		q.row.Wrong++
	case results.CallFailed:
		q.row.Failed++
	}
	if c.Err != nil {
		q.errors.add(*c.Err, c.Planned, "")
	}
}

// figures returns the row over a time in seconds.
func (q *queryFold) figures(over float64) (row Query, err error) {
	row = q.row
	if over > 0 {
		row.RatePerS = float64(row.Count) / over
	}
	if row.LatencyMS, err = q.latency.latency(methodClock, 0); err != nil {
		return row, err
	}
	row.ServiceMS, err = q.service.latency(methodClock, 0)
	row.Errors = q.errors.rows()
	return row, err
}

// queryRows fills in what is told of queries, over the measured phases' time in
// seconds.
func (f *fold) queryRows(r *Report, over float64) error {
	for _, q := range f.queries.methods {
		row, err := q.figures(over)
		if err != nil {
			return err
		}
		r.Queries = append(r.Queries, row)
	}
	slices.SortFunc(r.Queries, func(a, b Query) int { return cmp.Compare(a.Method, b.Method) })
	var err error
	r.QueriesTotal, err = f.queries.all.figures(over)
	r.QueriesTotal.Method = allMethods
	return err
}

// Unanswered is how many queries the latencies leave out: whoever got no answer,
// or a wrong one, has waited in vain.
func (q *Query) Unanswered() uint64 { return q.Wrong + q.Failed }

// metric looks a figure of the queries up. In percentiles those without an answer
// count as the slowest.
func (q *queryFold) metric(name string) (value float64, known bool) {
	row := &q.row
	if row.Count == 0 {
		return 0, false
	}
	counts := map[string]uint64{"count": row.Count, "right": row.Right, "wrong": row.Wrong, "failed": row.Failed}
	if n, ok := counts[name]; ok {
		return float64(n), true
	}
	return q.latency.figure(name, row.Unanswered())
}

// A queryError is an error of the queries of one method.
type queryError struct {
	Method string
	Error
}

// queryErrors lists the errors of all methods, the most frequent first.
func queryErrors(queries []Query) []queryError {
	var all []queryError
	for _, q := range queries {
		for _, e := range q.Errors {
			all = append(all, queryError{q.Method, e})
		}
	}
	slices.SortStableFunc(all, func(a, b queryError) int { return cmp.Compare(b.Count, a.Count) })
	return all[:min(len(all), mostErrors)]
}

// allMethods names the sum of all rows.
const allMethods = "all methods"
