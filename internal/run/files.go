package run

import (
	"fmt"

	"github.com/FactomProject/factom-load/scenarios"
)

// spareFiles is what a run has open beside the connections of its entries and
// queries: those of the observer, the record, the live feed, the runtime's own.
const spareFiles = 64

// fewFiles says that so many open files are too few for what may be in flight,
// or nothing. It is no reason to refuse: a load seldom comes to its limit. One
// that does fails entries for want of connections, and its report is invalid.
func fewFiles(limit uint64, inFlight int, q *scenarios.Queries) string {
	what := "entries"
	if q != nil {
		inFlight, what = inFlight+q.InFlight, "entries and queries"
	}
	need := uint64(inFlight) + spareFiles
	if limit >= need {
		return ""
	}
	return fmt.Sprintf("this process may open %d files, and up to %d %s in flight have a connection each\n"+
		"    hint: ulimit -n %d, or lower load.in_flight", limit, inFlight, what, need)
}
