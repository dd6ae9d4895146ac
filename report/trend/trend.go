package trend

import (
	"time"

	"github.com/FactomProject/factom-load/report"
)

//go:generate go test . -run TestSchemaFile -update

// Schema identifies the format of trend.json, of which trend.schema.json is the JSON
// Schema. Within v1 fields are added, never renamed, never removed.
const Schema = "factom-load/trend/v1"

// A Trend is the content of trend.json.
type Trend struct {
	Schema  string  `json:"schema"`
	Verdict Verdict `json:"verdict"`
	// Worse are the reasons of the verdict worse.
	Worse  []Worse `json:"worse"`
	Method Method  `json:"method"`
	Counts Counts  `json:"counts"`
	// Groups are by name of the scenario, then network, tag and the time of the newest
	// run: the current one first.
	Groups   []Group   `json:"groups"`
	Killed   []string  `json:"killed"` // directories of runs without a report of their end
	Problems []Problem `json:"problems"`
}

// Verdict is what a trend comes to, in one word.
type Verdict string

// The verdicts.
const (
	Steady  Verdict = "steady"
	Worsens Verdict = "worse"
)

// Method says how the figures were judged.
type Method struct {
	WindowRuns int     `json:"window_runs"` // before a run, of which the band is
	BandMADs   float64 `json:"band_mads"`   // half width of the band, in scaled median absolute deviations
	Level      float64 `json:"level"`       // of all change points of a group together
	Tolerance  float64 `json:"tolerance"`   // share by which a change does not matter
	SinceRuns  int     `json:"since_runs"`  // a change that is older does not count
	GroupBy    string  `json:"group_by"`    // by what runs are grouped, too, see [Options]; or empty
	// CameBackRuns is among how many runs, the newest of a stretch without another
	// change, a level that came back is looked for.
	CameBackRuns int `json:"came_back_runs"`
}

// Counts are of the runs below the directory.
type Counts struct {
	Runs        int `json:"runs"`        // the sum of the next three
	Complete    int `json:"complete"`    // those of the statistics
	Invalid     int `json:"invalid"`     // shown, and not of the statistics
	Interrupted int `json:"interrupted"` // the same
	InProgress  int `json:"in_progress"` // left out
	Killed      int `json:"killed"`
	Problems    int `json:"problems"`
}

// A Group has the runs of one load on one kind of network.
type Group struct {
	Scenario report.Scenario `json:"scenario"` // without its description
	Network  string          `json:"network"`
	Tag      string          `json:"tag"` // value of what Method.GroupBy names; or empty
	// Current says that the newest run of this scenario's name, network and tag is
	// here. The other groups are of what the scenario was before: they have no part in
	// the verdict.
	Current bool           `json:"current"`
	Runs    []GroupRun     `json:"runs"` // in the order of their starts
	Metrics []MetricSeries `json:"metrics"`
	// Versions are those of factomd, in the order of their first complete runs.
	Versions []Version `json:"versions"`
}

// A Version is what the complete runs of a group on one version of factomd come to.
type Version struct {
	Factomd string             `json:"factomd_version"`
	Runs    int                `json:"runs"`
	First   time.Time          `json:"first"`   // start of the first and
	Last    time.Time          `json:"last"`    // of the last of them, UTC
	Medians map[string]float64 `json:"medians"` // by metric, of those that have it
}

// A GroupRun is one run of a group.
type GroupRun struct {
	Path     string            `json:"path"` // below the directory
	ID       string            `json:"id"`
	Started  time.Time         `json:"started"` // UTC
	Verdict  report.Verdict    `json:"verdict"`
	Complete bool              `json:"complete"` // part of the statistics: neither invalid nor interrupted
	Factomd  string            `json:"factomd_version"`
	Host     string            `json:"host"`
	Tags     map[string]string `json:"tags"`
	Notes    []report.Note     `json:"notes"` // the newest ones, cut where they are long
	// FromRecord says that the run has no report.json: the figures are of its record.
	FromRecord bool `json:"from_record"`
	// Changes are in words what is new of this run's version, host and tags.
	Changes []string `json:"changes"`

	page bool
	raw  string // the path as it is on disk
}

// A MetricSeries is one metric over the runs of a group. The lists have a value for
// each of them, null where there is none.
type MetricSeries struct {
	Name           string          `json:"name"`
	Unit           Unit            `json:"unit"`
	HigherIsBetter bool            `json:"higher_is_better"`
	Judged         bool            `json:"judged"` // part of the verdict
	Values         []report.Number `json:"values"`
	// Median, Low and High are what the complete runs before one let expect.
	Median []report.Number `json:"median"`
	Low    []report.Number `json:"low"`
	High   []report.Number `json:"high"`
	// Changes are the change points, in order.
	Changes []Change `json:"changes"`
	// Newest is the newest complete run with a value, null without one.
	Newest *Newest `json:"newest" jsonschema:"nullable"`

	metric Metric
}

// A Change is where a metric changed its level.
type Change struct {
	Run     int           `json:"run"`  // the first of the new level, counted from 0
	Path    string        `json:"path"` // its directory
	Started time.Time     `json:"started"`
	RunsAgo int           `json:"runs_ago"` // complete runs with a value from it on
	Before  float64       `json:"before"`   // median, since the change before
	After   float64       `json:"after"`    // median, until the next change
	Percent report.Number `json:"percent"`  // of Before; null where that is 0
	P       float64       `json:"p"`        // of the permutation test
	Worse   bool          `json:"worse"`
	Matters bool          `json:"matters"` // it is more than the tolerance
	Lasts   bool          `json:"lasts"`   // the newest level is not back within the tolerance
}

// Newest is the newest value against what was to be expected.
type Newest struct {
	Run    int           `json:"run"`
	Path   string        `json:"path"`
	Value  float64       `json:"value"`
	Median report.Number `json:"median"`
	Low    report.Number `json:"low"`
	High   report.Number `json:"high"`
	Place  Place         `json:"place"`
}

// Place is where a value is.
type Place string

// The places.
const (
	Inside  Place = "inside"
	Above   Place = "above"
	Below   Place = "below"
	Unknown Place = "unknown" // there are too few runs for a band
)

// Worse is one reason why a trend is worse.
type Worse struct {
	Scenario report.Scenario `json:"scenario"`
	Network  string          `json:"network"`
	Tag      string          `json:"tag"`
	Metric   string          `json:"metric"`
	Kind     WorseKind       `json:"kind"`
	Path     string          `json:"path"` // the run with which it began
	Why      string          `json:"why"`  // in one sentence
}

// WorseKind is what shows that a metric is worse.
type WorseKind string

// The kinds.
const (
	ByChange WorseKind = "change" // a change point for the worse that lasts
	ByBand   WorseKind = "band"   // the newest run is outside the band, on the wrong side
)
