package results

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readCalls reads the calls of a record.
func (b *bench) readCalls() []Call {
	b.t.Helper()
	if err := b.Flush(); err != nil {
		b.t.Fatal(err)
	}
	var calls []Call
	s, err := read(bytes.NewReader(b.log.Bytes()), Reader{Call: func(c Call) { calls = append(calls, c) }})
	if err != nil || s.Damage != (Damage{}) {
		b.t.Fatal(s.Damage, err)
	}
	return calls
}

// A call is read back as it was told, with the phase that had begun when it was
// planned: not the one in which it was over.
func TestCalls(t *testing.T) {
	b := newBench(t)
	b.Called(Call{Name: "heights", Planned: 5, Sent: 6, Ended: 7}) // before any phase
	b.Phase(1, Phase{Name: "warmup", Start: 100, End: 200})
	b.Phase(2, Phase{Name: "steady", Measured: true, Start: 200, End: 300})
	for _, c := range []Call{
		{Name: "heights", Planned: 100, Sent: 101, Ended: 250},
		{Kind: Hostile, Name: "heights", Endpoint: 1, Planned: 199, Sent: 260, Ended: 270, Outcome: CallWrong},
		{Name: "entry", Planned: 200, Sent: 200, Ended: 201, Outcome: CallWrong, Err: NewError(errRefused)},
		{Name: "entry", Planned: 400, Sent: Never, Ended: Never, Outcome: CallFailed, Err: NewError(errBroken)},
	} {
		b.Called(c)
	}
	refused := &Error{Rejected: true, Code: -32602, Message: "Invalid params: Invalid Commit Entry"}
	broken := &Error{Code: 502, Message: "http 502"}
	want := []Call{
		{Name: "heights", Planned: 5, Sent: 6, Ended: 7},
		{Name: "heights", Phase: 1, Planned: 100, Sent: 101, Ended: 250},
		{Kind: Hostile, Name: "heights", Phase: 1, Endpoint: 1, Planned: 199, Sent: 260, Ended: 270, Outcome: CallWrong},
		{Name: "entry", Phase: 2, Planned: 200, Sent: 200, Ended: 201, Outcome: CallWrong, Err: refused},
		{Name: "entry", Phase: 2, Planned: 400, Sent: Never, Ended: Never, Outcome: CallFailed, Err: broken},
	}
	if diff := cmp.Diff(want, b.readCalls()); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if err := NewError(nil); err != nil {
		t.Errorf("no error is %+v", err)
	}
}

// However many names and errors calls have, a record keeps a bounded number of
// them apart.
func TestCallNamesAreBounded(t *testing.T) {
	b := newBench(t)
	const calls = maxErrors + 100
	for i := range calls {
		err := &Error{Code: i, Message: "made up"}
		b.Called(Call{Kind: Hostile, Name: fmt.Sprint("name ", i), Planned: int64(i), Sent: Never, Ended: Never, Outcome: CallFailed, Err: err})
	}
	names, errors := map[string]bool{}, map[Error]bool{}
	got := b.readCalls()
	for _, c := range got {
		names[c.Name], errors[*c.Err] = true, true
	}
	if len(got) != calls || len(names) != maxCallNames+1 || len(errors) != maxErrors+1 {
		t.Errorf("%d calls, %d names, %d errors", len(got), len(names), len(errors))
	}
}
