package report

import (
	"math"
	"slices"

	"github.com/FactomProject/factom-load/results"
)

// The columns of [Series.Rows], in order. Counts are per interval; in flight,
// outstanding, height, minute, memory, connections and the balance are values at
// its end. Percentiles are nearest-rank, of the entries planned in the interval;
// unknown where there are none.
var seriesColumns = []string{
	"t_s", // start of the interval, seconds since the run's start
	"planned", "sent", "committed", "revealed", "accepted", "confirmed", "errors",
	"in_flight", "outstanding",
	"submit_p50_ms", "submit_p99_ms", "accept_p50_ms", "accept_p99_ms", "confirm_p50_ms", "confirm_p99_ms",
	"schedule_max_ms",
	"height", "minute",
	"harness_cpu", // cores used
	"harness_rss_bytes",
	"node_cpu", // cores used, of a node that the run started
	"node_rss_bytes",
	"connections", // open, of the harness
	"ec_balance",  // entry credits that the keys which pay have left
	// Of a node that the run started, in messages: see nodeQueues.
	"node_api_queue", "node_unlisted", "node_holding",
}

// seriesFold collects what entries did, second by second. The latencies of a second
// are in memory until all of its entries were told of.
type seriesFold struct {
	rows   []second
	newest int // second in which an entry was planned
	passed int // seconds before it that were looked at
}

// A second is what happened in one, and the latencies of the entries that were
// planned in it.
type second struct {
	planned, sent, committed, revealed, accepted, confirmed, errors int
	outstanding                                                     int // change
	due                                                             int // planned, and not told of yet
	submit, accept, confirm                                         percentilePair
	schedule                                                        float32 // highest; below 0 for none
}

// settledAfter is how many seconds after one no entry is planned in it any more: the
// record has them in the order of their instants, or nearly so. Those of a resumed
// run that were skipped come later, and have no latencies.
const settledAfter = 10

// planned tells of an entry that is to come.
func (f *seriesFold) planned(at int64) {
	f.at(at).due++
	f.newest = max(f.newest, int(at/1e9))
	for ; f.passed < f.newest-settledAfter; f.passed++ {
		if s := &f.rows[f.passed]; s.due == 0 {
			s.settle()
		}
	}
}

// told tells that an entry that was planned in a second is all known.
func (f *seriesFold) told(planned int64) {
	s := f.at(planned)
	if s.due--; s.due <= 0 && int(planned/1e9) < f.passed {
		s.settle()
	}
}

func (s *second) settle() {
	s.submit.settle()
	s.accept.settle()
	s.confirm.settle()
}

// A percentilePair is the median and the 99th percentile of latencies, once they are
// settled.
type percentilePair struct {
	ms       []float32
	settled  bool
	p50, p99 Number
}

func (p *percentilePair) add(ns int64) {
	if !p.settled {
		p.ms = append(p.ms, milliseconds(ns))
	}
}

func (p *percentilePair) settle() {
	if !p.settled {
		p.p50, p.p99 = percentiles(p.ms)
		p.ms, p.settled = nil, true
	}
}

func (f *seriesFold) at(ns int64) *second {
	i := int(ns / 1e9)
	for len(f.rows) <= i {
		f.rows = append(f.rows, second{schedule: -1})
	}
	return &f.rows[i]
}

func (f *seriesFold) entry(e *results.Entry) {
	s := f.at(e.Planned)
	s.planned++
	if e.Sent != results.Never {
		s.schedule = max(s.schedule, milliseconds(e.Sent-e.Planned))
		f.at(e.Sent).sent++
	}
	if e.Committed != results.Never {
		f.at(e.Committed).committed++
	}
	ok := e.Error == nil && e.Revealed != results.Never
	if ok {
		f.at(e.Planned).submit.add(e.Revealed - e.Planned)
		answered := f.at(e.Revealed)
		answered.revealed++
		if e.Confirmed == results.Never || e.Confirmed > e.Revealed {
			answered.outstanding++
		}
	}
	if e.Error != nil {
		f.at(max(e.Planned, e.Sent, e.Committed, e.Revealed)).errors++
	}
	if e.Accepted != results.Never {
		f.at(e.Planned).accept.add(e.Accepted - e.Planned)
		f.at(e.Accepted).accepted++
	}
	if e.Confirmed != results.Never {
		if e.Watched() {
			f.at(e.Planned).confirm.add(e.Confirmed - e.Planned)
		}
		found := f.at(e.Confirmed)
		found.confirmed++
		if ok && e.Confirmed > e.Revealed {
			found.outstanding--
		}
	}
	f.told(e.Planned)
}

func milliseconds(ns int64) float32 { return float32(float64(ns) / 1e6) }

// table joins the entries' seconds with the samples of the harness and the node.
func (f *seriesFold) table(samples []results.Sample) Series {
	s := Series{IntervalS: 1, Columns: seriesColumns, Rows: [][]Number{}}
	if n := len(samples); n > 0 {
		f.at(samples[n-1].At - 1)
	}
	bySecond := make([]*results.Sample, len(f.rows))
	cpu, nodeCPU := make([]Number, len(f.rows)), make([]Number, len(f.rows))
	for i := range cpu {
		cpu[i], nodeCPU[i] = unknown, unknown
	}
	for i := range samples {
		// A sample is of the second that it ends.
		at := int((samples[i].At - 1) / 1e9)
		if at < 0 || at >= len(f.rows) {
			continue
		}
		bySecond[at] = &samples[i]
		if i > 0 && samples[i].At > samples[i-1].At {
			elapsed := seconds(samples[i].At - samples[i-1].At)
			cpu[at] = Number((samples[i].CPUSeconds - samples[i-1].CPUSeconds) / elapsed)
			if samples[i].NodeRSSBytes > 0 {
				nodeCPU[at] = Number((samples[i].NodeCPUSeconds - samples[i-1].NodeCPUSeconds) / elapsed)
			}
		}
	}

	outstanding := 0
	for i := range f.rows {
		r := &f.rows[i]
		outstanding += r.outstanding
		height, minute, inFlight, rss, nodeRSS, connections, credits := unknown, unknown, unknown, unknown, unknown, unknown, unknown
		queues := nodeQueues(bySecond[i])
		if n := bySecond[i]; n != nil {
			inFlight, rss = Number(n.InFlight), Number(n.RSSBytes)
			if n.NodeRSSBytes > 0 {
				nodeRSS = Number(n.NodeRSSBytes)
			}
			if n.Connections > 0 { // records of older versions do not have it
				connections = Number(n.Connections)
			}
			if n.ECBalance != nil {
				credits = Number(*n.ECBalance)
			}
			if n.Known {
				height, minute = Number(n.Height), Number(n.Minute)
			}
		}
		schedule := unknown
		if r.schedule >= 0 {
			schedule = Number(r.schedule)
		}
		r.settle()
		s.Rows = append(s.Rows, []Number{
			Number(i),
			Number(r.planned), Number(r.sent), Number(r.committed), Number(r.revealed), Number(r.accepted), Number(r.confirmed), Number(r.errors),
			inFlight, Number(outstanding),
			r.submit.p50, r.submit.p99, r.accept.p50, r.accept.p99, r.confirm.p50, r.confirm.p99,
			schedule,
			height, minute,
			cpu[i], rss,
			nodeCPU[i], nodeRSS,
			connections,
			credits,
			queues[0], queues[1], queues[2],
		})
	}
	return s
}

// nodeQueues returns what a node had in its API queue, what else it had taken in and
// put in no process list, and what of that it held back, at the end of a second.
func nodeQueues(s *results.Sample) [3]Number {
	queues := [3]Number{unknown, unknown, unknown}
	if s == nil {
		return queues
	}
	if q := s.NodeQueues; q != nil && q.API >= 0 && q.Unlisted >= 0 {
		queues[0], queues[1] = Number(q.API), Number(q.Unlisted)
	}
	if n := s.NodeHolding; n != nil && *n >= 0 {
		queues[2] = Number(*n)
	}
	return queues
}

var unknown = Number(math.NaN())

// percentiles returns the median and the 99th percentile, by nearest rank. It sorts
// the latencies.
func percentiles(ms []float32) (p50, p99 Number) {
	if len(ms) == 0 {
		return unknown, unknown
	}
	slices.Sort(ms)
	at := func(percent float64) Number {
		rank := int(math.Ceil(float64(len(ms)) * percent / 100))
		return Number(math.Round(float64(ms[rank-1])*1000) / 1000) // to a microsecond
	}
	return at(50), at(99)
}
