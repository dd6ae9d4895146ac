package results

import "testing"

// What the audit found in a process list is accepted until two blocks more were
// read, and then lost, unless one of them has it.
func TestOverdue(t *testing.T) {
	b := missingEntries(t, 3)
	b.Polled(20, 100)
	for _, m := range b.Missing() {
		m.Accepted = true
		b.Audited(m)
	}
	if n := b.Listed(); n != 3 || b.Overdue(30) {
		t.Errorf("%d are listed", n)
	}
	b.Polled(40, 101)
	b.block(101, 40, entryHash(1))
	b.block(102, 50)
	if n := b.Listed(); n != 2 || b.Overdue(30) {
		t.Errorf("%d are listed; one of two blocks after the audit was read", n)
	}
	b.Accept(entryHash(2), 55) // it was seen just now: it has two blocks of its own
	b.Polled(60, 103)
	b.block(103, 60)
	if !b.Overdue(30) {
		t.Error("the blocks that could hold them were read")
	}
	e := b.finish()
	for i, want := range []Outcome{Lost, Confirmed, Accepted} {
		if e[uint64(i)].Outcome != want {
			t.Errorf("entry %d is %s, want %s", i, e[uint64(i)].Outcome, want)
		}
	}
	if e[0].Stage != StageAccepted {
		t.Errorf("lost at %s", e[0].Stage)
	}
}
