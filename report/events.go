package report

import (
	"cmp"
	"slices"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// maxEvents is how many events a report has; more are counted.
const maxEvents = 10_000

// mostEvents is how many of them the page lists.
const mostEvents = 200

// Event is something that happened to the network, to an endpoint or to the
// harness while the run went on.
type Event struct {
	AtS      float64 `json:"at_s"`
	Kind     string  `json:"kind"`
	Detail   string  `json:"detail"`
	Endpoint string  `json:"endpoint"` // URL, or empty
}

type eventFold struct {
	all     []Event
	dropped uint64
}

func (f *eventFold) add(e results.Event) {
	if len(f.all) >= maxEvents {
		f.dropped++
		return
	}
	f.all = append(f.all, Event{
		AtS: seconds(e.At), Kind: factomd.Printable(string(e.Kind), 64),
		Detail: factomd.Printable(e.Detail, 500), Endpoint: factomd.Printable(e.Endpoint, 500),
	})
}

// rows returns the events by time: that a node was down is known later than it was.
func (f *eventFold) rows() []Event {
	rows := append([]Event{}, f.all...)
	slices.SortStableFunc(rows, func(a, b Event) int { return cmp.Compare(a.AtS, b.AtS) })
	return rows
}

// eventMarks are the instants of the events that the page lists, by time.
func eventMarks(r *Report) []occurrence {
	var all []occurrence
	for _, e := range r.Events[:min(len(r.Events), mostEvents)] {
		all = append(all, occurrence{e.AtS, shortText(e.Kind)})
	}
	return all
}
