package report

import "github.com/FactomProject/factom-load/results"

// A stretch is a part of the run. open says that it had not ended with the record.
type stretch struct {
	from, to float64
	open     bool
}

// eventStretches pairs the events that begin something and those that end it. What has not
// ended lasts until an instant, and what has no end of its own, for want of such events,
// lasts no time.
//
// Some is of the endpoint that is named. All else is of the network, whichever endpoint
// tells of it: another one may tell of its end.
func eventStretches(events []Event, begin, end results.EventKind, until float64) []stretch {
	var all []stretch
	running := map[string]int{} // indices of what has not ended
	for _, e := range events {
		whose := ""
		if begin == results.NodeDown || begin == results.NodeBehind || begin == results.SyncBegin {
			whose = e.Endpoint
		}
		i, runs := running[whose]
		switch {
		case e.Kind == string(begin) && end == "":
			all = append(all, stretch{from: e.AtS, to: e.AtS})
		case e.Kind == string(begin) && !runs:
			running[whose] = len(all)
			all = append(all, stretch{e.AtS, max(until, e.AtS), true})
		case e.Kind == string(end) && runs:
			all[i].to, all[i].open = e.AtS, false
			delete(running, whose)
		}
	}
	return all
}
