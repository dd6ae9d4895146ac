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
