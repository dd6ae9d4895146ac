package report

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/results"
)

// Events come by time, texts of nodes are made harmless, and what is too much is
// counted.
func TestEvents(t *testing.T) {
	rec := record(t)
	rec.collector.Event(results.Event{At: 900 * ms, Kind: results.Suspended, Detail: "3 s"})
	rec.collector.Event(results.Event{At: 500 * ms, Kind: results.NodeDown, Detail: "a\x1b[2J", Endpoint: "http://127.0.0.1:8088/v2"})
	r := rec.build()
	if len(r.Events) != 2 || r.EventsDropped != 0 {
		t.Fatalf("%+v", r.Events)
	}
	if diff := cmp.Diff(Event{0.9, "suspended", "3 s", ""}, r.Events[1]); diff != "" {
		t.Error(diff)
	}
	if e := r.Events[0]; e.AtS != 0.5 || e.Kind != "node-down" || e.Detail[1] == 0x1b {
		t.Errorf("%+v", e)
	}

	var f eventFold
	for i := range maxEvents + 7 {
		f.add(results.Event{At: int64(i), Detail: fmt.Sprint(i)})
	}
	if n := len(f.rows()); n != maxEvents || f.dropped != 7 {
		t.Errorf("%d kept, %d dropped", n, f.dropped)
	}
}
