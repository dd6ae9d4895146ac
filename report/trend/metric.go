package trend

import (
	"math"

	"github.com/FactomProject/factom-load/report"
)

// A Metric is a figure that every run has one of.
type Metric struct {
	Name string
	Unit Unit
	// HigherIsBetter is for rates.
	HigherIsBetter bool
	// Least is the least change that matters, in the metric's unit, beside
	// [Tolerance].
	Least float64
	// Informs says that the metric is shown and never fails anything: it is of the
	// harness.
	Informs bool
	of      func(*extract) float64 // NaN where the run does not have it
}

// Unit is what a metric's values are in.
type Unit string

// The units.
const (
	Milliseconds Unit = "ms"
	PerSecond    Unit = "per_s"
	Ratio        Unit = "ratio" // 0 to 1
	Byte         Unit = "bytes"
)

// Tolerance is the change that does not matter, as a share.
const Tolerance = 0.05

// metrics lists all of them, in the order of every output. The names are those of
// thresholds where there is one.
func metrics() []Metric {
	var all []Metric
	for _, stage := range []struct {
		name string
		of   func(*latencies) *latency
	}{
		{"accept", func(l *latencies) *latency { return &l.Accept }},
		{"confirm", func(l *latencies) *latency { return &l.Confirm }},
		{"submit", func(l *latencies) *latency { return &l.Submit }},
	} {
		for _, p := range []struct {
			name string
			of   func(*latency) float64
		}{
			{"p50", func(l *latency) float64 { return l.P50 }},
			{"p95", func(l *latency) float64 { return l.P95 }},
			{"p99", func(l *latency) float64 { return l.P99 }},
		} {
			all = append(all, Metric{Name: stage.name + "." + p.name, Unit: Milliseconds, Least: 5, of: func(e *extract) float64 {
				if l := stage.of(&e.LatencyMS); l.Count > 0 {
					return p.of(l)
				}
				return math.NaN()
			}})
		}
	}
	ratio := func(part func(*totals) uint64) func(*extract) float64 {
		return func(e *extract) float64 {
			if e.Totals.Planned == 0 {
				return math.NaN()
			}
			return float64(part(&e.Totals)) / float64(e.Totals.Planned)
		}
	}
	return append(all,
		Metric{Name: "confirmed_per_s", Unit: PerSecond, HigherIsBetter: true, of: func(e *extract) float64 {
			if e.Rates.ConfirmedPerS == 0 { // with fewer than two blocks it is not known
				return math.NaN()
			}
			return e.Rates.ConfirmedPerS
		}},
		Metric{Name: "lost_ratio", Unit: Ratio, of: ratio(func(t *totals) uint64 { return t.Lost })},
		Metric{Name: "failed_ratio", Unit: Ratio, Least: 0.001, of: ratio(func(t *totals) uint64 { return t.Failed })},
		Metric{Name: "rejected_ratio", Unit: Ratio, Least: 0.001, of: ratio(func(t *totals) uint64 { return t.Rejected })},
		Metric{Name: "node_cpu_ms_per_entry", Unit: Milliseconds, of: func(e *extract) float64 {
			if e.Totals.Confirmed == 0 {
				return math.NaN()
			}
			return 1e3 * e.node.cpuSeconds() / float64(e.Totals.Confirmed)
		}},
		Metric{Name: "node_rss_peak_bytes", Unit: Byte, of: func(e *extract) float64 { return e.node.rssPeak }},
		Metric{Name: "own_schedule.p99", Unit: Milliseconds, Least: 1, Informs: true, of: func(e *extract) float64 { return e.Harness.OwnScheduleP99MS }},
	)
}

// matters says whether a change from one value to another is more than the
// tolerance.
func (m Metric) matters(from, to float64) bool {
	return math.Abs(to-from) > m.tolerance(from)
}

func (m Metric) tolerance(of float64) float64 { return max(Tolerance*math.Abs(of), m.Least) }

func (m Metric) worse(from, to float64) bool {
	if m.HigherIsBetter {
		return to < from
	}
	return to > from
}

// text writes a value of the metric for people.
func (m Metric) text(v float64) string {
	if math.IsNaN(v) {
		return report.Figure(v)
	}
	switch m.Unit {
	case Milliseconds:
		return report.Milliseconds(v)
	case PerSecond:
		return report.Figure(v) + "/s"
	case Ratio:
		return report.Figure(100*v) + " %"
	case Byte:
		return report.Bytes(uint64(max(v, 0)))
	}
	return report.Figure(v)
}
