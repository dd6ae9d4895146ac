package run

import (
	"fmt"

	"github.com/FactomProject/factom-load/scenarios"
)

// spareFiles is what a run has open beside the connections of its calls: those of
// the observer, the record, the live feed, the runtime's own.
const spareFiles = 64

// fewFiles says that so many open files are too few for what a scenario may have
// in flight, or nothing. It is no reason to refuse: a load seldom comes to its
// limit. One that does fails entries for want of connections, and its report is
// invalid.
func fewFiles(limit uint64, s *scenarios.Scenario) string {
	calls := s.Load.InFlight
	if s.Queries != nil {
		calls += s.Queries.InFlight
	}
	if s.Hostile != nil {
		calls += s.Hostile.InFlight
	}
	need := uint64(calls) + spareFiles
	if limit >= need {
		return ""
	}
	return fmt.Sprintf("this process may open %d files, and up to %d calls in flight have a connection each\n"+
		"    hint: ulimit -n %d, or lower load.in_flight", limit, calls, need)
}
