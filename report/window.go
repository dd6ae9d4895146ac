package report

import "github.com/FactomProject/factom-load/results"

// Windows divide a run into equal parts, few enough to be drawn one by one. When a
// run outgrows them, neighbours are joined and their histograms merged: percentiles
// stay those of entries, and a tail stays what it was.

const (
	mostWindows = 240
	// A window should have so many entries on average, unless that leaves too few
	// windows to see a course in.
	windowEntries = 20
	fewWindows    = 30
)

// Window is a part of the run, with the latencies of the entries planned in it.
type Window struct {
	FromS     float64         `json:"from_s"`
	ToS       float64         `json:"to_s"`
	Planned   uint64          `json:"planned"`
	LatencyMS WindowLatencies `json:"latency_ms"`
}

// WindowLatencies are the latencies from the planned instant, stage by stage.
type WindowLatencies struct {
	Schedule WindowLatency `json:"schedule"`
	Submit   WindowLatency `json:"submit"`
	Accept   WindowLatency `json:"accept"`
	Confirm  WindowLatency `json:"confirm"`
}

// WindowLatency is the distribution of one stage in a window, in milliseconds: the
// percentiles of merged histograms, to 1 %, and the exact maximum.
// With Count 0 the figures are 0 and mean nothing.
type WindowLatency struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
	Max   float64 `json:"max"`
}

// stage returns the latency of a stage by its name.
func (l WindowLatencies) stage(name string) WindowLatency {
	switch name {
	case "schedule":
		return l.Schedule
	case "submit":
		return l.Submit
	case "accept":
		return l.Accept
	case "confirm":
		return l.Confirm
	}
	return WindowLatency{}
}

// windowFold collects the windows of a run. The zero value is ready for use.
type windowFold struct {
	width int64 // nanoseconds, 0 before the first entry
	all   []windowed
}

// A windowed is a window in the making.
type windowed struct {
	planned                           uint64
	schedule, submit, accept, confirm coarse
}

func (f *windowFold) entry(e *results.Entry) {
	w := f.at(e.Planned)
	w.planned++
	if e.Sent != results.Never {
		w.schedule.record(e.Sent - e.Planned)
	}
	if e.Error == nil && e.Revealed != results.Never {
		w.submit.record(e.Revealed - e.Planned)
	}
	if e.Accepted != results.Never {
		w.accept.record(e.Accepted - e.Planned)
	}
	if e.Watched() {
		w.confirm.record(e.Confirmed - e.Planned)
	}
}

// at returns the window of an instant, in nanoseconds since the start.
func (f *windowFold) at(ns int64) *windowed {
	if f.width == 0 {
		f.width = 1e9
	}
	ns = max(ns, 0)
	for ns/f.width >= mostWindows {
		f.join()
	}
	for int64(len(f.all)) <= ns/f.width {
		f.all = append(f.all, windowed{})
	}
	return &f.all[ns/f.width]
}

// join makes one window of every two.
func (f *windowFold) join() {
	f.width *= 2
	for i := range (len(f.all) + 1) / 2 {
		w := f.all[2*i]
		if 2*i+1 < len(f.all) {
			next := &f.all[2*i+1]
			w.planned += next.planned
			w.schedule.merge(&next.schedule)
			w.submit.merge(&next.submit)
			w.accept.merge(&next.accept)
			w.confirm.merge(&next.confirm)
		}
		f.all[i] = w
	}
	clear(f.all[(len(f.all)+1)/2:])
	f.all = f.all[:(len(f.all)+1)/2]
}

// rows returns the windows, those without entries too.
func (f *windowFold) rows() []Window {
	for len(f.all) > fewWindows && f.sparse() {
		f.join()
	}
	rows := []Window{}
	for i := range f.all {
		w := &f.all[i]
		rows = append(rows, Window{
			FromS: seconds(int64(i) * f.width), ToS: seconds(int64(i+1) * f.width), Planned: w.planned,
			LatencyMS: WindowLatencies{w.schedule.latency(), w.submit.latency(), w.accept.latency(), w.confirm.latency()},
		})
	}
	return rows
}

// sparse reports whether the windows that have entries have few.
func (f *windowFold) sparse() bool {
	planned, used := uint64(0), uint64(0)
	for i := range f.all {
		if n := f.all[i].planned; n > 0 {
			planned += n
			used++
		}
	}
	return planned < windowEntries*used
}
