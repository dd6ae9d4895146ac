// Package scenarios reads scenario files: what load to make, against which
// network, paid by which key, and what the run must achieve.
//
// A scenario is YAML and strict. [Parse] reports every problem of a file at
// once, each with its line, its column and a hint; what it returns is complete:
// every default is filled in, every value is in range. The package knows
// nothing of HTTP or of nodes.
package scenarios

import "time"

// Version is the only version of the scenario format.
const Version = 1

// A Scenario is one parsed, defaulted and validated scenario file.
type Scenario struct {
	Name        string
	Description string
	Seed        uint64
	Network     Network
	Credits     Credits
	Workload    Workload
	Load        Load
	Submit      Submit
	Queries     *Queries // or nil
	Hostile     *Hostile // or nil
	Confirm     Confirm
	Observe     Observe
	Thresholds  []Threshold
	Abort       Abort
	Record      Record
	// Primary is the metric by which compare decides, for example accept.p95.
	Primary Metric
}

// A Network is either a local one, started for the run, or a set of endpoints
// that are there already: exactly one of Local and Endpoints is set.
type Network struct {
	Local     *Local
	Endpoints []Endpoint
	// Expect names the only network that the run may use (MAIN never), or is
	// empty: LOCAL, TEST, a custom network's name, or its id as 8 hex digits.
	Expect string
}

// Local describes a network of factomd nodes on this machine.
type Local struct {
	Nodes int // only 1 so far
	// BlockTime is the length of a directory block, whole seconds, 6 s to 600 s.
	BlockTime time.Duration
	DB        DB
}

// DB is where a local node keeps its blocks.
type DB string

// The databases of a local node.
const (
	Map DB = "map" // in memory, some 10 kB an entry
	LDB DB = "ldb" // LevelDB on disk, beside the run's record
)

// An Endpoint is one factomd API.
type Endpoint struct {
	URL    string // http or https, without user information
	Weight int    // share of the load, 1 or more
	// Auth names the HTTP Basic credentials ("user:password"), never holds
	// them: env:NAME, file:PATH, or empty.
	Auth string
	// CA is a file with the certificate authorities to trust, in PEM form, and
	// Pin the SHA-256 of the only certificate to trust, in hex: one at most,
	// and for https URLs alone.
	CA, Pin string
}

// Credits says who pays.
type Credits struct {
	// Keys are where the secret keys come from, 1 to 100 of them:
	// local-test-key, env:NAME or file:PATH. The keys themselves are never part
	// of a scenario. Entry number k is signed by key k modulo their number.
	Keys []string
	// Budget is the most entry credits that the run may cost.
	Budget int64
	TopUp  *TopUp // or nil, to buy what is missing at the start
}

// TopUp has the keys buy in portions what they need, each for itself.
type TopUp struct {
	Below int64 // a balance below so many entry credits is topped up
	Buy   int64 // entry credits a time
}

// A Workload says which entries are written.
type Workload struct {
	Chains int    // made in the setup phase, before the load
	Choose Choice // how an entry picks one of them
	Marker string // first ExtID of every entry
	Mix    []Item
}

// Choice is the distribution of entries over the setup chains.
type Choice struct {
	Kind ChoiceKind
	Zipf float64 // exponent, for Zipf: chain k has weight 1/k^Zipf
}

// ChoiceKind names a [Choice].
type ChoiceKind string

// The ways to choose a chain.
const (
	Single  ChoiceKind = "single"
	Uniform ChoiceKind = "uniform"
	Zipf    ChoiceKind = "zipf"
)

// Kind says what a slot of the load writes.
type Kind string

// The kinds of slots.
const (
	KindEntry Kind = "entry" // an entry into one of the setup chains
	KindChain Kind = "chain" // a new chain's first entry
)

// An Item is one component of the workload's mix.
type Item struct {
	Kind   Kind
	Weight int // relative share of the slots, 1 or more
	// Size is the least and the most of the payload in bytes that the network
	// charges for: content plus ExtIDs plus 2 bytes for each ExtID. 10,240 at
	// most. It is drawn uniformly, unless Sizes, Lognormal or the payload's
	// files say how.
	Size      Range
	Sizes     []Size     // these alone, ascending, or nil
	Lognormal *Lognormal // or nil
	// ExtIDs counts the entry's ExtIDs, the marker included.
	ExtIDs  Range
	Payload Payload
}

// A Size is one of a few that an entry may have.
type Size struct {
	Bytes  int
	Weight int // relative share of the entries, 1 or more
}

// Lognormal is the distribution of sizes whose logarithm is normal, cut to the
// item's Size.
type Lognormal struct {
	Median int     // bytes
	Sigma  float64 // standard deviation of the natural logarithm, 0 to 5
}

// A Payload is what the content of entries is made of, after what makes it
// unique.
type Payload struct {
	Kind  PayloadKind
	Files *Files // for FromFiles
}

// PayloadKind names a [Payload].
type PayloadKind string

// The kinds of payloads. What is not one of the others is random.
const (
	Random    PayloadKind = "random"
	Text      PayloadKind = "text"  // English words
	JSON      PayloadKind = "json"  // an object
	Zeros     PayloadKind = "zeros" // zero bytes
	FromFiles PayloadKind = "files" // one of some files, drawn uniformly
)

// Files are what a payload's contents are taken from.
type Files struct {
	Path   string // as it was written: a directory, a file or a pattern
	SHA256 string // of the contents, in order, in hex
	List   []File // by name
}

// A File is the content of an entry.
type File struct {
	Name    string
	Content []byte
}

// Range is an inclusive range of whole numbers, drawn from uniformly.
type Range struct{ Min, Max int }

// Load is the schedule: an open loop, whose instants the phases' rates fix
// before the run, or a closed loop of users. A search fixes those of each of its
// steps when the step begins.
type Load struct {
	// Users, where above 0, make the load a closed loop, and its phases have no
	// rates: each writes an entry, waits for its answers, thinks, and writes the
	// next.
	Users int
	Think time.Duration // 0 to 10 minutes

	Arrival  Arrival
	InFlight int // most entries sent whose reveal is not answered yet
	Late     Late
	// LateBy is how late a slot may be before Late: skip gives it up.
	LateBy time.Duration
	// SubmitTimeout ends a commit or a reveal call that is not answered.
	SubmitTimeout time.Duration
	Reveal        Reveal
	// Phases come before the search, if there is one, and are not measured then;
	// there may be none.
	Phases []Phase
	Search *Search // or nil
}

// Arrival is the arrival process of a load.
type Arrival string

// The arrival processes.
const (
	Constant Arrival = "constant" // evenly spaced by the phase's rate
	Poisson  Arrival = "poisson"  // exponential gaps around the phase's rate
)

// Late says what becomes of a slot whose instant has passed.
type Late string

// What becomes of a late slot.
const (
	LateSend Late = "send" // it goes out as soon as there is room
	LateSkip Late = "skip" // past LateBy it is skipped, and counted
)

// Reveal says when an entry's reveal goes out.
type Reveal string

// When a reveal goes out.
const (
	RevealAfter    Reveal = "after"    // once the commit is answered, and not after a rejection
	RevealTogether Reveal = "together" // with the commit, in one write, whatever its answer will be
)

// A Phase is one stretch of the load: either a rate in entries a second, which
// goes from From to To as Shape says, or the replay of a recording. With users
// it is a length alone.
type Phase struct {
	Name     string
	For      time.Duration
	From, To float64
	Shape    Shape
	Replay   *Replay // or nil
	Measured bool
}

// A Shape says how a rate goes from one to another.
type Shape struct {
	Kind   ShapeKind
	Steps  int           // for Steps, 2 or more
	Period time.Duration // for Sine
}

// ShapeKind names a [Shape].
type ShapeKind string

// The shapes of a rate.
const (
	Linear ShapeKind = ""      // constant where both rates are the same
	Steps  ShapeKind = "steps" // constant rates, of the same length each
	Spike  ShapeKind = "spike" // linearly to the second rate in the middle, and back
	Sine   ShapeKind = "sine"  // a wave between the rates, rising from their mean
)

// A Replay is a recording of arrivals: entries of the mix's items of kind entry
// at given instants, whatever the load's arrival process. The phase's length
// cuts it short.
type Replay struct {
	Path   string     // of the file, as it was written
	SHA256 string     // of the file, in hex
	Rows   []Recorded // At never decreases
}

// Recorded is one arrival of a recording.
type Recorded struct {
	At    time.Duration // since the phase's start
	Size  int32         // payload in bytes, with the marker as only ExtID; 0 is drawn
	Chain int32         // of the setup's chains, from 0; -1 is drawn
}

// Confirm says how long to follow the entries.
type Confirm struct {
	Until   Until
	Timeout Span // since the last own confirmation or the end of the load
}

// Until is the last stage that a run waits for.
type Until string

// The stages that a run can wait for.
const (
	UntilBlock    Until = "block"    // a saved directory block
	UntilAccepted Until = "accepted" // a leader's process list
)

// A Span is a length of time: fixed, or a number of directory blocks.
type Span struct {
	Time   time.Duration
	Blocks float64 // when above 0, Time is not used
}

// A Metric names one figure of a report, for example confirm.p99 or lost.
type Metric string

// A Threshold is one condition that a run must meet.
type Threshold struct {
	// Expression is the threshold as it was written, white space normalised.
	Expression string
	Metric     Metric
	Op         string // <, <=, >, >=, ==, !=
	// Value is the limit in the metric's own unit: milliseconds for latencies,
	// entries a second for rates, a plain number or a fraction for the rest.
	// When Blocks is above 0 the limit is that many block lengths instead.
	Value  float64
	Blocks float64
	// Fraction says that Value, 0 to 1, is a share of the planned entries, or of
	// the queries.
	Fraction bool
}
