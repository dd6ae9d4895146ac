package results

import "fmt"

// A Call is one request of a run that is not about an entry: a read beside the
// writes, or one that no node should take. Instants are nanoseconds since the
// run's start, or [Never].
type Call struct {
	Kind     CallKind
	Name     string // what was called, as the scenario has it
	Phase    int    // of the load, at the planned instant; [Collector.Called] finds it
	Endpoint int
	Planned  int64
	Sent     int64 // Never if there was no room in flight before the load ended
	Ended    int64 // when it was answered, or given up; Never if it was not sent
	Outcome  CallOutcome
	// Err is why the outcome is not right, or the error that was the right answer;
	// nil where the outcome says all.
	Err *Error
}

// CallKind says what calls are for.
type CallKind uint8

// The kinds of calls.
const (
	Query   CallKind = iota // a read: explorers, wallets
	Hostile                 // what a node must take in its stride
)

var callKindNames = [...]string{"query", "hostile"}

// String returns the word for a kind.
func (k CallKind) String() string {
	if int(k) < len(callKindNames) {
		return callKindNames[k]
	}
	return fmt.Sprintf("kind(%d)", uint8(k))
}

// CallOutcome is how a call went.
type CallOutcome uint8

// The outcomes of calls.
const (
	CallRight  CallOutcome = iota // a well-formed answer that fits the question
	CallWrong                     // an answer that does not fit, or an error where an answer was due, or the other way round
	CallFailed                    // no answer: transport, timeout, HTTP error, or it was not sent at all
)

var callOutcomeNames = [...]string{"right", "wrong", "failed"}

// String returns the word that reports use.
func (o CallOutcome) String() string {
	if int(o) < len(callOutcomeNames) {
		return callOutcomeNames[o]
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// maxCallNames is how many names of calls a record keeps apart, besides one of
// each kind for all others.
const maxCallNames = 200

// A callName is what recCall refers to by number.
type callName struct {
	kind CallKind
	name string
}

// NewError sorts an error of a client for the record; nil stays nil.
func NewError(err error) *Error {
	if err == nil {
		return nil
	}
	e := newError(err)
	return &e
}

// Called tells of a call that is over, or was not made in time. Its phase is the
// newest that had begun at its planned instant.
func (c *Collector) Called(call Call) {
	c.mu.Lock()
	defer c.mu.Unlock()
	call.Phase = c.phaseAt(call.Planned)
	name, errID := c.callNameID(callName{call.Kind, call.Name}), 0
	if call.Err != nil {
		errID = c.errorID(*call.Err)
	}
	c.w.call(name, &call, errID)
}

// A phaseStart is when a phase begins.
type phaseStart struct {
	number int
	at     int64
}

// phaseAt returns the number of the phase that began last before an instant, or
// the setup's.
func (c *Collector) phaseAt(at int64) int {
	for i := len(c.phases) - 1; i >= 0; i-- {
		if c.phases[i].at <= at {
			return c.phases[i].number
		}
	}
	return SetupPhase
}

// callNameID returns the name's number in the log, from 0.
func (c *Collector) callNameID(n callName) int {
	id, known := c.callNames[n]
	if !known && len(c.callNames) >= maxCallNames {
		n.name = "(more names than are kept apart)"
		id, known = c.callNames[n]
	}
	if !known {
		id = len(c.callNames)
		c.callNames[n] = id
		c.w.callName(id, n)
	}
	return id
}

func (w *logWriter) callName(id int, n callName) {
	w.buf = append(w.buf, byte(recCallName))
	w.uint(uint64(id))
	w.buf = append(w.buf, byte(n.kind))
	w.text(n.name)
}

func (w *logWriter) call(name int, c *Call, errID int) {
	w.buf = append(w.buf, byte(recCall))
	w.uint(uint64(name))
	w.uint(uint64(c.Phase))
	w.uint(uint64(c.Endpoint))
	w.buf = append(w.buf, byte(c.Outcome))
	w.uint(uint64(c.Planned))
	w.since(c.Planned, c.Sent)
	w.since(max(c.Planned, c.Sent), c.Ended)
	w.uint(uint64(errID))
}

func (d *decoder) callName() (int, callName) {
	id := d.small()
	kind := CallKind(d.byte())
	d.failed = d.failed || kind > Hostile
	return id, callName{kind, d.text()}
}

// call reads a call but for its kind, its name and its error, which it returns
// the numbers of.
func (d *decoder) call() (name int, c Call, errID int) {
	name = d.small()
	c = Call{Phase: d.small(), Endpoint: d.small(), Outcome: CallOutcome(d.byte())}
	planned := d.uint()
	d.failed = d.failed || c.Outcome > CallFailed || planned > maxInstant
	c.Planned = int64(planned)
	c.Sent = d.since().after(c.Planned)
	c.Ended = d.since().after(max(c.Planned, c.Sent))
	return name, c, d.small()
}

func (j *joiner) callName(id int, n callName) error {
	j.names[id] = n
	return nil
}

func (j *joiner) call(name int, c Call, errID int) error {
	n, known := j.names[name]
	if !known {
		return fmt.Errorf("%w: it names a call that is not known", errMalformed)
	}
	c.Kind, c.Name = n.kind, n.name
	if errID != 0 {
		if c.Err = j.errors[errID]; c.Err == nil {
			return fmt.Errorf("%w: it names an error that is not known", errMalformed)
		}
	}
	j.last = max(j.last, c.Sent, c.Ended)
	if j.Call != nil {
		j.Call(c)
	}
	return nil
}
