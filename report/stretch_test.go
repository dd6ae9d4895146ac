package report

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/results"
)

func TestEventStretches(t *testing.T) {
	events := []Event{
		{1, "stall-begin", "", "a"}, {2, "node-down", "", "a"}, {3, "stall-end", "", "b"},
		{4, "node-down", "", "b"}, {5, "leader-change", "", "a"}, {6, "node-up", "", "b"}, {7, "stall-begin", "", "b"},
	}
	for _, c := range []struct {
		begin, end results.EventKind
		want       []stretch
	}{
		{results.StallBegin, results.StallEnd, []stretch{{1, 3, false}, {7, 10, true}}}, // the network's, whoever tells of it
		{results.NodeDown, results.NodeUp, []stretch{{2, 10, true}, {4, 6, false}}},     // of each endpoint
		{results.LeaderChange, "", []stretch{{5, 5, false}}},
		{results.ElectionBegin, results.ElectionEnd, nil},
	} {
		if diff := cmp.Diff(c.want, eventStretches(events, c.begin, c.end, 10), cmp.AllowUnexported(stretch{})); diff != "" {
			t.Errorf("%s: %s", c.begin, diff)
		}
	}
}
