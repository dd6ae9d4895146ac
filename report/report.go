// Package report turns the record of a run into what people and programs read:
// report.json, report.html and exports. All of it is a fold over the record;
// the package never talks to a node.
package report

import (
	"math"
	"strconv"
	"time"

	"github.com/FactomProject/factom-load/results"
)

//go:generate go test . -run "TestSchemaFile|TestFieldsOfV1" -update

// Schema identifies the format of report.json, of which report.schema.json is
// the JSON Schema. Within v1 fields are added, never renamed, never removed.
const Schema = "factom-load/report/v1"

// A Report is the content of report.json.
type Report struct {
	Schema  string  `json:"schema"`
	Verdict Verdict `json:"verdict"`
	// VerdictWhy is the verdict in one sentence.
	VerdictWhy  string      `json:"verdict_why"`
	ExitCode    int         `json:"exit_code"`
	Run         Run         `json:"run"`
	Load        Load        `json:"load"`
	Environment Environment `json:"environment"`
	Network     Network     `json:"network"`
	Story       []Sentence  `json:"story"` // what happened, the worst first
	Totals      Totals      `json:"totals"`
	Rates       Rates       `json:"rates"`
	LatencyMS   Latencies   `json:"latency_ms"`
	Phases      []Phase     `json:"phases"`
	Endpoints   []Endpoint  `json:"endpoints"`
	Blocks      []Block     `json:"blocks"`
	Series      Series      `json:"series"`
	Windows     []Window    `json:"windows"`
	// Steps are in the order of an entry's way.
	Steps []Step `json:"steps"`
	// BlockMinutes are ten, or none where no block was seen whole.
	BlockMinutes []BlockMinute `json:"block_minutes"`
	// Queries are by method; QueriesTotal is over all of them, with Count 0 where
	// there are none.
	Queries      []Query       `json:"queries"`
	QueriesTotal Query         `json:"queries_total"`
	Errors       []Error       `json:"errors"`
	Audit        Audit         `json:"audit"`
	Integrity    Integrity     `json:"integrity"`
	Hostile      []HostileKind `json:"hostile"`
	Findings     []Finding     `json:"findings"` // those of integrity are there
	// FindingsOpen says that there may be more findings: the wait ended before the
	// blocks were read that could hold what the last hostile calls brought about.
	FindingsOpen bool    `json:"findings_open"`
	Events       []Event `json:"events"` // the first 10,000, by time
	// EventsDropped is how many more there were.
	EventsDropped uint64 `json:"events_dropped"`
	// Reconciliation holds what the harness counted against what the network and its
	// nodes did.
	Reconciliation []Reconciliation  `json:"reconciliation"`
	Thresholds     []ThresholdResult `json:"thresholds"`
	Harness        Harness           `json:"harness"`
	Search         *Search           `json:"search" jsonschema:"nullable"` // null without one
}

// Verdict is the outcome of a run in one word.
type Verdict string

// The verdicts. Where several hold, the first of invalid, lost, fail wins; a
// run that was stopped, or is in progress, is interrupted.
const (
	Pass        Verdict = "pass"        // done, thresholds met
	Fail        Verdict = "fail"        // a threshold failed, or the node served what its blocks do not commit to
	Lost        Verdict = "lost"        // entries were lost
	Invalid     Verdict = "invalid"     // the harness, not the node, was the limit
	Interrupted Verdict = "interrupted" // stopped by the user, or by a failure
)

// Run says what was run.
type Run struct {
	ID          string            `json:"id"`
	Started     time.Time         `json:"started"` // UTC
	Ended       time.Time         `json:"ended"`   // UTC
	ToolVersion string            `json:"tool_version"`
	Seed        uint64            `json:"seed"`
	Salt        string            `json:"salt"`
	Tags        map[string]string `json:"tags"`
	// Notes are what people said of the run, before it and after, in that order.
	Notes []Note `json:"notes"`
	// Partial says that the run was in progress: the report is of what was on record
	// at Ended, and its verdict is interrupted, as there is none yet.
	Partial     bool   `json:"partial"`
	Interrupted bool   `json:"interrupted"`
	Why         string `json:"why"` // why it was interrupted, or empty
	// EndedEarly is why sending ended before the load's own end although nothing
	// interrupted it, or empty.
	EndedEarly string `json:"ended_early"`
	// Resumed has each time that the run was taken up again after the harness was
	// killed.
	Resumed []Resumption `json:"resumed"`
	// ConfirmedUnwatched counts the entries of blocks that were saved between a kill
	// and a resumption: when is not known, so that they are in no latency.
	ConfirmedUnwatched uint64   `json:"confirmed_unwatched"`
	Scenario           Scenario `json:"scenario"`
}

// A Note is what a person said of a run.
type Note struct {
	At   time.Time `json:"at"` // UTC
	Text string    `json:"text"`
}

// A Resumption is a killed run's being taken up again, to account for what it sent.
type Resumption struct {
	At          time.Time `json:"at"`           // UTC
	GapS        float64   `json:"gap_s"`        // since the newest instant on record
	ToolVersion string    `json:"tool_version"` // of the program that did it
	DamageBytes int64     `json:"damage_bytes"` // at the end of the record, which were cut off
	NodeGone    bool      `json:"node_gone"`    // the node ended with the harness: nobody could be asked
}

// Scenario names the scenario of a run.
type Scenario struct {
	Name        string `json:"name"`
	Description string `json:"description"`
	SHA256      string `json:"sha256"`
}

// Load says what decided when an entry was due: in an open loop the schedule, in
// a closed one that a user's last entry was answered.
type Load struct {
	Model   string  `json:"model"` // open or closed
	Users   int     `json:"users"` // of a closed loop, else 0
	ThinkMS float64 `json:"think_ms"`
}

// Closed reports whether the load was a closed loop.
func (l Load) Closed() bool { return l.Model == results.ClosedLoop }

// Environment is the machine that made the load.
type Environment struct {
	Host        string `json:"host"`
	OS          string `json:"os"`
	Arch        string `json:"arch"`
	CPUs        int    `json:"cpus"`
	MemoryBytes uint64 `json:"memory_bytes"`
	Go          string `json:"go"`
}

// Network is the network under load.
type Network struct {
	ID           string  `json:"id"`   // 8 hex digits of the directory block header
	Name         string  `json:"name"` // LOCAL, TEST, CUSTOM
	BlockSeconds float64 `json:"block_seconds"`
	Embedded     bool    `json:"embedded"` // started by the run itself
	// DB is where an embedded node kept its blocks: map (in memory) or ldb (on disk);
	// empty for other nodes, and where older versions wrote the record.
	DB        string            `json:"db"`
	Endpoints []NetworkEndpoint `json:"endpoints"`
	Minutes   Minutes           `json:"minutes"`
	Feed      *Feed             `json:"feed" jsonschema:"nullable"` // null where no live feed was received
}

// Feed says what came by the live feed of a node. The sender drops what it cannot
// send, and says nothing of it: only the blocks show what is missing.
type Feed struct {
	Frames uint64 `json:"frames"` // messages received, of all kinds
	Bytes  uint64 `json:"bytes"`
	Bad    uint64 `json:"bad"` // of the frames, those that made no sense
	// Connections were accepted, and Refused are those for which there was no room.
	Connections uint64 `json:"connections"`
	Refused     uint64 `json:"refused"`
	// Told counts the own entries that the feed said in time were accepted, and Missed
	// those that it was to tell of and that a block had first: they have no accept time.
	Told   uint64 `json:"told"`
	Missed uint64 `json:"missed"`
	// Untrue counts what it said of own entries that were not sent by then: it is not
	// believed.
	Untrue uint64 `json:"untrue"`
	// GivenUpS is when the acceptance sample took over for good, null if it never
	// did, and Why the reason.
	GivenUpS Number `json:"given_up_s"`
	Why      string `json:"why"`
}

// Minutes says how long the network's minutes lasted, those of which polls saw
// both ends; all 0 where there are none.
type Minutes struct {
	Count int     `json:"count"`
	MeanS float64 `json:"mean_s"`
	MaxS  float64 `json:"max_s"`
}

// NetworkEndpoint is one API of the network.
type NetworkEndpoint struct {
	URL            string `json:"url"`
	FactomdVersion string `json:"factomd_version"`
	// SubmitsBy is the code that made the submits: direct, which is plain HTTP
	// by the program itself; direct-together, the same with an entry's commit and
	// reveal in one write; or net/http, for TLS and proxies.
	SubmitsBy string `json:"submits_by"`
}

// Totals counts planned entries by what became of them. Planned is always the
// sum of Confirmed, Accepted, Lost, Rejected, Failed, Skipped and Pending.
type Totals struct {
	Planned      uint64 `json:"planned"`
	Sent         uint64 `json:"sent"`
	Late         uint64 `json:"late"` // sent more than 10 ms after the planned instant
	Confirmed    uint64 `json:"confirmed"`
	Accepted     uint64 `json:"accepted"`
	Lost         uint64 `json:"lost"`
	Rejected     uint64 `json:"rejected"`
	Failed       uint64 `json:"failed"`
	Skipped      uint64 `json:"skipped"`
	Pending      uint64 `json:"pending"`       // of a partial report: without an outcome yet; else 0
	Ambiguous    uint64 `json:"ambiguous"`     // confirmed although the submit was rejected or failed
	Retried      uint64 `json:"retried"`       // entries whose calls, or one of them, were sent again
	Chains       uint64 `json:"chains"`        // planned entries that begin a chain
	Entries      uint64 `json:"entries"`       // planned entries in chains that exist
	CreditsSpent uint64 `json:"credits_spent"` // entry credits of the entries whose commits were seen on the network
	Bytes        uint64 `json:"bytes"`         // payload of the entries sent
}

// Rates are entries a second. Planned and sent: over the measured phases' time;
// confirmed: those of all such blocks but the first, over the time from the first
// to the last saved block with own measured entries; 0 where there are not two.
type Rates struct {
	PlannedPerS   float64 `json:"planned_per_s"`
	SentPerS      float64 `json:"sent_per_s"`
	ConfirmedPerS float64 `json:"confirmed_per_s"`
}

// Latencies has the distribution of each stage. The first four are measured
// from the planned instant, the service time of a commit from its sending to its
// answer, that of a reveal from the commit's answer to its own. With
// load.reveal: after that is the reveal call; with together, when both calls go
// out at once, what the reveal's answer took beyond the commit's: a node answers
// the calls of a connection one after the other.
type Latencies struct {
	Schedule      Latency `json:"schedule"`
	Submit        Latency `json:"submit"`
	Accept        Latency `json:"accept"`
	Confirm       Latency `json:"confirm"`
	CommitService Latency `json:"commit_service"`
	RevealService Latency `json:"reveal_service"`
}

// Latency is one distribution, in milliseconds. With Count 0 the figures are 0
// and mean nothing.
type Latency struct {
	Count  uint64  `json:"count"`
	Min    float64 `json:"min"`
	Mean   float64 `json:"mean"`
	StdDev float64 `json:"stddev"`
	P50    float64 `json:"p50"`
	P90    float64 `json:"p90"`
	P95    float64 `json:"p95"`
	P99    float64 `json:"p99"`
	P999   float64 `json:"p999"`
	Max    float64 `json:"max"`
	Method string  `json:"method"` // clock, live-feed, ack-sample, both with a comma, block-scan
	// ResolutionMS is how late the observation can be; 0 of a clock, and where a run
	// was killed before it was on record.
	ResolutionMS float64 `json:"resolution_ms"`
	// Histogram is the HdrHistogram V2 compressed encoding in base64, values
	// in nanoseconds; empty with Count 0.
	Histogram string `json:"histogram"`
}

// Phase has the figures of one phase.
type Phase struct {
	Name      string    `json:"name"`
	Measured  bool      `json:"measured"`
	StartS    float64   `json:"start_s"`
	EndS      float64   `json:"end_s"`
	Totals    Totals    `json:"totals"`
	Rates     Rates     `json:"rates"`
	LatencyMS Latencies `json:"latency_ms"`
}

// Endpoint has the figures of one endpoint.
type Endpoint struct {
	URL       string    `json:"url"`
	Totals    Totals    `json:"totals"`
	LatencyMS Latencies `json:"latency_ms"`
	Errors    []Error   `json:"errors"`
}

// Block is one directory block saved during the run.
type Block struct {
	Height     uint32  `json:"height"`
	ClosedS    float64 `json:"closed_s"` // when it was first seen saved, seconds since the start
	Entries    uint64  `json:"entries"`  // entries seen in the blocks of own chains, others' included, those of hostile calls not
	OwnEntries uint64  `json:"own_entries"`
	LatencyMS  Latency `json:"latency_ms"` // confirm latency of its own entries, measured phases or not
	// Commits are all that the block's entry-credit block lists, and OthersCommits those
	// of them for entries that are neither this run's nor of its hostile calls: what
	// others wrote into whatever chains. An entry's commit can be in the block before it.
	// Null where the node was slow to tell, and in older records.
	Commits       *uint64 `json:"commits" jsonschema:"nullable"`
	OthersCommits *uint64 `json:"others_commits" jsonschema:"nullable"`
}

// Series is a table: one row an interval.
type Series struct {
	IntervalS float64    `json:"interval_s"`
	Columns   []string   `json:"columns"`
	Rows      [][]Number `json:"rows"`
}

// Error is one kind of answer or failure.
type Error struct {
	Code    int     `json:"code"` // JSON-RPC code (negative), HTTP status, or 0 for transport errors
	Message string  `json:"message"`
	Count   uint64  `json:"count"`
	FirstS  float64 `json:"first_s"`
	Example string  `json:"example"` // hash of the first entry that met it, empty for queries
}

// Audit names the entries that got lost.
type Audit struct {
	Lost   []LostEntry `json:"lost"`
	Listed int         `json:"listed"` // how many of them are in Lost
	Total  uint64      `json:"total"`
}

// LostEntry is one lost entry and the stage where it stopped.
type LostEntry struct {
	Hash     string  `json:"hash"`
	ChainID  string  `json:"chain_id"`
	Stage    string  `json:"stage"` // commit, reveal, accepted
	PlannedS float64 `json:"planned_s"`
}

// ThresholdResult is one threshold of the scenario and what the run made of it.
type ThresholdResult struct {
	Expression string `json:"expression"`
	Value      Number `json:"value"` // NaN where the metric has no samples
	OK         bool   `json:"ok"`
}

// Harness says what the load generator itself did and cost.
type Harness struct {
	CPUSeconds       float64 `json:"cpu_s"`
	MaxRSSBytes      uint64  `json:"max_rss_bytes"`
	ObserverRequests uint64  `json:"observer_requests"`
	SubmitRequests   uint64  `json:"submit_requests"`
	// RetryRequests are those of them that sent something again.
	RetryRequests uint64 `json:"retry_requests"`
	// ConnectionsMax is how many connections to endpoints were open at once, at
	// most, idle ones and the observer's included.
	ConnectionsMax uint64 `json:"connections_max"`
	QueryRequests  uint64 `json:"query_requests"`
	// HostileRequests are those of hostile calls, with what prepares them.
	HostileRequests uint64 `json:"hostile_requests"`
	// MissedSlots were sent more than 10 ms late, or skipped, on the harness's
	// own account: the node did not hold them back.
	MissedSlots uint64 `json:"missed_slots"`
	// OwnScheduleP99MS is the p99 of the schedule errors that the node did not
	// cause, over the measured phases; the run is invalid above the limit.
	OwnScheduleP99MS   float64 `json:"own_schedule_p99_ms"`
	OwnScheduleLimitMS float64 `json:"own_schedule_limit_ms"`
	// UsersDelayedShare is the share of their time, 0 to 1, that the users of a
	// closed loop waited for the harness, in waits of more than 10 ms, over the
	// measured phases; the run is invalid above 0.01. A standstill shows in one
	// entry of each user alone, however long it was.
	UsersDelayedShare float64 `json:"users_delayed_share"`
	// GCPauseMaxMS is the longest pause of the harness's garbage collector,
	// rounded up to the runtime's next step.
	GCPauseMaxMS float64 `json:"gc_pause_max_ms"`
	// PauseMaxMS is the longest time that the harness as a whole stood still, in
	// a sleep of 10 ms that took longer: latencies above the 99th percentile may
	// be too long by so much.
	PauseMaxMS float64 `json:"pause_max_ms"`
	Valid      bool    `json:"valid"`
	Why        string  `json:"why"`
}

// Number is a figure that may be unknown: NaN here, null in JSON.
type Number float64

// MarshalJSON implements [json.Marshaler].
func (n Number) MarshalJSON() ([]byte, error) {
	f := float64(n)
	if math.IsNaN(f) || math.IsInf(f, 0) {
		return []byte("null"), nil
	}
	return strconv.AppendFloat(nil, f, 'f', -1, 64), nil
}

// UnmarshalJSON implements [json.Unmarshaler].
func (n *Number) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		*n = Number(math.NaN())
		return nil
	}
	f, err := strconv.ParseFloat(string(b), 64)
	*n = Number(f)
	return err
}
