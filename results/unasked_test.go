package results

import (
	"bytes"
	"testing"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// What the audit could not ask for may be on the chain: it is failed, with a
// reason, and not called the node's loss.
func TestUnaskedIsNotLost(t *testing.T) {
	var log bytes.Buffer
	c := NewCollector(&log)
	hash := factomd.EntryHash([]byte("entry"))
	refs, err := c.Plan([]Planned{{Phase: 1, Hash: hash}}, nil)
	if err != nil {
		t.Fatal(err)
	}
	c.Submitted(refs[0], Submission{Sent: 1, Committed: 2, Revealed: 3})
	if n := c.Unasked(); n != 1 {
		t.Errorf("%d are unasked, want 1", n)
	}
	if _, err := c.Finish(); err != nil {
		t.Fatal(err)
	}
	entries, _, _ := readAll(t, log.Bytes())
	e := entries[0]
	if e.Outcome != Failed || e.Error == nil || e.Error.Message != errNotAskedFor {
		t.Errorf("entry %+v, error %+v", e, e.Error)
	}
}

// An entry that was sent just before the wait was cut off, and of which the node
// knows nothing yet, is not called lost; one that two blocks have passed by is.
func TestCutOffTooSoon(t *testing.T) {
	for _, c := range []struct {
		polled int64 // of the block before the entry
		want   Outcome
	}{{5, Lost}, {0, Failed}} {
		var log bytes.Buffer
		collector := NewCollector(&log)
		refs, err := collector.Plan([]Planned{{Phase: 1, Hash: factomd.EntryHash([]byte("entry"))}}, nil)
		if err != nil {
			t.Fatal(err)
		}
		collector.Submitted(refs[0], Submission{Sent: 1, Committed: 2, Revealed: 3})
		collector.Polled(c.polled, 7)
		collector.Block(Sighting{Height: 8, Seen: 10})
		collector.Block(Sighting{Height: 9, Seen: 20})
		askForAll(collector)
		collector.CutOff()
		if _, err := collector.Finish(); err != nil {
			t.Fatal(err)
		}
		entries, _, _ := readAll(t, log.Bytes())
		if got := entries[0].Outcome; got != c.want {
			t.Errorf("polled at %d: outcome %s, want %s", c.polled, got, c.want)
		}
	}
}
