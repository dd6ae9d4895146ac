package report

import (
	"fmt"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/FactomProject/factom-load/results"
)

// The range and the precision of the histograms: 1 µs to a day, each value to
// 3 significant digits.
const (
	histogramMin    = int64(time.Microsecond)
	histogramMax    = int64(24 * time.Hour)
	histogramDigits = 3
)

// distribution collects the latencies of one stage. Its histogram is made with
// the first value, as most phases and endpoints of a run have few stages.
type distribution struct{ h *hdrhistogram.Histogram }

// record adds a latency in nanoseconds. What is below the smallest value that
// the histogram can hold counts as that.
func (d *distribution) record(ns int64) {
	if d.h == nil {
		d.h = hdrhistogram.New(histogramMin, histogramMax, histogramDigits)
	}
	_ = d.h.RecordValue(min(max(ns, histogramMin), histogramMax)) // in range: cannot fail
}

// merge adds what another distribution has.
func (d *distribution) merge(other *distribution) {
	if other.h == nil {
		return
	}
	if d.h == nil {
		d.h = hdrhistogram.New(histogramMin, histogramMax, histogramDigits)
	}
	d.h.Merge(other.h) // of the same range: drops nothing
}

// latency returns the distribution in milliseconds.
func (d *distribution) latency(method string, resolutionMS float64) (Latency, error) {
	l := Latency{Method: method, ResolutionMS: resolutionMS}
	if d.h == nil {
		return l, nil
	}
	encoded, err := d.h.Encode(hdrhistogram.V2CompressedEncodingCookieBase)
	if err != nil {
		return l, fmt.Errorf("encoding a histogram: %w", err)
	}
	const ms = 1e6
	at := func(q float64) float64 { return float64(d.h.ValueAtQuantile(q)) / ms }
	l.Count = uint64(d.h.TotalCount())
	l.Min = float64(d.h.Min()) / ms
	l.Mean, l.StdDev = d.h.Mean()/ms, d.h.StdDev()/ms
	l.P50, l.P90, l.P95, l.P99, l.P999 = at(50), at(90), at(95), at(99), at(99.9)
	l.Max = float64(d.h.Max()) / ms
	l.Histogram = string(encoded)
	return l, nil
}

// figure looks a figure of the distribution up by its name, in milliseconds. In
// percentiles and the maximum missing ones count as greater than any other; it is
// not known where that is one of them, or nothing was recorded. The mean and the
// like leave them out, as a [Latency] always does.
func (d *distribution) figure(name string, missing uint64) (ms float64, known bool) {
	if d == nil || d.h == nil {
		return 0, false
	}
	switch name {
	case "min":
		return float64(d.h.Min()) / 1e6, true
	case "mean":
		return d.h.Mean() / 1e6, true
	case "stddev":
		return d.h.StdDev() / 1e6, true
	}
	percent, ok := results.Percent(name)
	if !ok {
		return 0, false
	}
	among, known := results.AmongSeen(percent, uint64(d.h.TotalCount()), missing)
	if !known {
		return 0, false
	}
	return float64(d.h.ValueAtQuantile(among)) / 1e6, true
}

// distributions are those of all stages.
type distributions struct {
	schedule, submit, accept, confirm, commitService, revealService distribution
}

// stages are those of [latencyStages].
func (d *distributions) stages() [len(latencyStages)]*distribution {
	return [...]*distribution{&d.schedule, &d.submit, &d.accept, &d.confirm, &d.commitService, &d.revealService}
}

// record adds the stages that an entry came to.
func (d *distributions) record(e *results.Entry) {
	ns := latenciesOf(e)
	for i, to := range d.stages() {
		if ns[i] != results.Never {
			to.record(ns[i])
		}
	}
}

// merge adds what others have.
func (d *distributions) merge(others *distributions) {
	from := others.stages()
	for i, to := range d.stages() {
		to.merge(from[i])
	}
}

// latencyStages are the latencies of an entry, by their names in a report.
var latencyStages = [...]string{"schedule", "submit", "accept", "confirm", "commit_service", "reveal_service"}

// latenciesOf returns the latency in nanoseconds of each stage that an entry came to,
// in the order of [latencyStages], and [results.Never] for the others. A call that was
// answered with an error has no latency: an error's speed says nothing of the load.
func latenciesOf(e *results.Entry) (ns [len(latencyStages)]int64) {
	from := func(start, end int64, counts bool) int64 {
		if !counts || end == results.Never {
			return results.Never
		}
		return max(0, end-start)
	}
	answered := e.Error == nil
	return [...]int64{
		from(e.Planned, e.Sent, true),
		from(e.Planned, e.Revealed, answered),
		from(e.Planned, e.Accepted, true),
		from(e.Planned, e.Confirmed, e.Watched()),
		from(e.Sent, e.Committed, answered),
		from(e.Committed, e.Revealed, answered),
	}
}

func (d *distributions) stage(name string) *distribution {
	switch name {
	case "schedule":
		return &d.schedule
	case "submit":
		return &d.submit
	case "accept":
		return &d.accept
	case "confirm":
		return &d.confirm
	case "commit_service":
		return &d.commitService
	case "reveal_service":
		return &d.revealService
	}
	return nil
}

// The ways in which an instant can be observed.
const (
	methodClock     = "clock" // the harness did it itself
	methodBlockScan = "block-scan"
	methodLiveFeed  = "live-feed" // of every entry
)

func (d *distributions) latencies(o results.Observed) (l Latencies, err error) {
	for _, stage := range []struct {
		to           *Latency
		from         *distribution
		method       string
		resolutionMS float64
	}{
		{&l.Schedule, &d.schedule, methodClock, 0},
		{&l.Submit, &d.submit, methodClock, 0},
		{&l.Accept, &d.accept, o.AcceptMethod, o.AcceptResolutionMS},
		{&l.Confirm, &d.confirm, methodBlockScan, o.ConfirmResolutionMS},
		{&l.CommitService, &d.commitService, methodClock, 0},
		{&l.RevealService, &d.revealService, methodClock, 0},
	} {
		if *stage.to, err = stage.from.latency(stage.method, stage.resolutionMS); err != nil {
			return l, err
		}
	}
	return l, nil
}
