// Package compare says whether runs of a scenario on one version of factomd differ
// from runs of it on another, and whether that can be said at all.
//
// What is compared is runs, not entries: the entries of a directory block confirm
// together, and those of a run share a machine and a day, so that a test over entries
// finds a change between any two runs (see package infer). A comparison is a fold over
// records, as a report is: the same runs always give the same.
package compare

import (
	"context"
	"time"

	"github.com/FactomProject/factom-load/internal/infer"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/scenarios"
)

//go:generate go test . -run TestSchemaFile -update

// Schema identifies the format of compare.json, of which compare.schema.json is the
// JSON Schema. Within v1 fields are added, never renamed, never removed.
const Schema = "factom-load/compare/v1"

// ExitInconclusive is the exit code for no answer, where one is asked for.
const ExitInconclusive = 6

// Options say what to compare.
type Options struct {
	Base, Candidate []string // directories of runs
	// Tolerances replace the usual ones.
	Tolerances []Tolerance
	// Force compares what has not the same load or network.
	Force       bool
	ToolVersion string // of this program
	// Accept are the differences that were decided on, and AcceptFile where they are
	// written; empty without a list.
	Accept     []scenarios.Acceptance
	AcceptFile string
	// Now says which of them are over; the zero value is the present.
	Now time.Time
}

// A Comparison is the content of compare.json.
type Comparison struct {
	Schema      string        `json:"schema"`
	ToolVersion string        `json:"tool_version"`
	Verdict     infer.Verdict `json:"verdict"` // regressed, improved, unchanged or inconclusive
	// Why is the verdict in a few sentences.
	Why     string `json:"why"`
	Primary string `json:"primary"` // name of the metric that decides
	// MoreRuns is how many more runs a side a verdict would probably take; 0 where
	// there is one, or where no number is in sight.
	MoreRuns int `json:"more_runs"`
	// Comparable says that all runs had the same load and network; Forced that they
	// were compared although they had not.
	Comparable bool     `json:"comparable"`
	Forced     bool     `json:"forced"`
	Aspects    []Aspect `json:"aspects"`
	Metrics    []Metric `json:"metrics"` // the primary one first
	Runs       []Run    `json:"runs"`    // of the base, then of the candidate, as they were given
	// Notes are what a reader must know beside the figures.
	Notes []string `json:"notes"`
	// Accepted says that the verdict is regressed, that all which has was decided on,
	// and that the comparison does not fail for it. AcceptedFrom is the file of such
	// decisions, AcceptedOn the day (UTC) by which they were judged; both are empty
	// without one.
	Accepted     bool         `json:"accepted"`
	AcceptedFrom string       `json:"accepted_from"`
	AcceptedOn   string       `json:"accepted_on"`
	Acceptances  []Acceptance `json:"acceptances"` // in the order of the file

	curves [2][]*measured // what the charts are drawn from, by side
	all    [2][]*measured // with those that are left out
}

// A Side says which of two an item belongs to.
type Side string

// The sides.
const (
	Base      Side = "base"
	Candidate Side = "candidate"
)

// A Run is one of the runs that were given.
type Run struct {
	Side            Side              `json:"side"`
	Directory       string            `json:"directory"` // as it was given
	ID              string            `json:"id"`
	Started         time.Time         `json:"started"` // UTC
	Verdict         report.Verdict    `json:"verdict"` // its own
	FactomdVersions []string          `json:"factomd_versions"`
	Tags            map[string]string `json:"tags"`
	Notes           []report.Note     `json:"notes"` // what people said of it
	// Excluded is why the run is no part of the comparison, or empty.
	Excluded string `json:"excluded"`
	// Blocks is how many directory blocks could be drawn anew to see how sure the
	// run's own figures are; 0 where its record does not have its entries any more.
	Blocks  int                      `json:"blocks"`
	Figures map[string]report.Number `json:"figures"` // by metric, in its unit; null where the run has none
}

// An Aspect is something in which runs should be alike, or may be seen to differ.
type Aspect struct {
	Name string `json:"name"`
	// Weight is required where runs that differ are not compared, expected where they
	// are meant to differ, and shown for the rest.
	Weight Weight        `json:"weight"`
	Same   bool          `json:"same"`
	Values []AspectValue `json:"values"`
}

// A Weight is what a difference means.
type Weight string

// The weights.
const (
	Required Weight = "required"
	Shown    Weight = "shown"
	Expected Weight = "expected"
)

// An AspectValue is one of the values that runs have, and how many of each side.
type AspectValue struct {
	Value     string `json:"value"`
	Base      int    `json:"base"`
	Candidate int    `json:"candidate"`
}

// A Metric is the comparison of one figure. Changes are of the candidate against the
// base, in the metric's unit; as shares they are divided by the base's median, and null
// where that is 0.
type Metric struct {
	Name           string  `json:"name"`
	Unit           Unit    `json:"unit"`
	Primary        bool    `json:"primary"`
	HigherIsBetter bool    `json:"higher_is_better"`
	Base           Figures `json:"base"`
	Candidate      Figures `json:"candidate"`
	// Change is the Hodges-Lehmann shift: the median of the differences of all pairs
	// of runs.
	Change      report.Number `json:"change"`
	ChangeShare report.Number `json:"change_share"`
	// Low and High bound the change, each with a confidence of 95 %.
	Low       report.Number `json:"low"`
	High      report.Number `json:"high"`
	LowShare  report.Number `json:"low_share"`
	HighShare report.Number `json:"high_share"`
	Tolerance report.Number `json:"tolerance"` // in the metric's unit
	// P is of the two-sided Mann-Whitney U test; PCorrected, by which the verdict goes,
	// after Holm for all metrics but the primary one.
	P          report.Number `json:"p"`
	PCorrected report.Number `json:"p_corrected"`
	Delta      report.Number `json:"delta"` // Cliff's, -1 to 1
	Verdict    infer.Verdict `json:"verdict"`
	Why        string        `json:"why"`
	MoreRuns   int           `json:"more_runs"` // as that of the whole
	// Accepted is why it is accepted that the metric has regressed, and AcceptedUntil
	// the last day of that (UTC); empty where it is not.
	Accepted      string `json:"accepted"`
	AcceptedUntil string `json:"accepted_until"`
}

// A Unit is that of a metric.
type Unit string

// The units.
const (
	Milliseconds Unit = "ms"
	PerSecond    Unit = "per_s"
	Share        Unit = "share" // of the planned entries, 0 to 1
)

// Figures describe the runs of one side, in the metric's unit.
type Figures struct {
	N         int           `json:"n"` // runs that have the figure
	Median    report.Number `json:"median"`
	Mean      report.Number `json:"mean"`
	Deviation report.Number `json:"deviation"` // standard deviation between the runs
	// Within is the root mean square of the runs' own standard errors, by drawing
	// their blocks anew: the least by which they are taken to differ.
	Within report.Number `json:"within"`
	Least  report.Number `json:"least"`
	Most   report.Number `json:"most"`
}

// Runs compares runs. It fails where a record cannot be read; runs that are not fit for
// a comparison are left out of it, and it says so.
func Runs(ctx context.Context, o Options) (*Comparison, error) {
	base, candidate, err := read(ctx, o)
	if err != nil {
		return nil, err
	}
	c := &Comparison{
		Schema: Schema, ToolVersion: o.ToolVersion, Forced: o.Force, Comparable: true,
		Aspects: []Aspect{}, Metrics: []Metric{}, Runs: []Run{}, Notes: []string{},
		Acceptances: []Acceptance{},
	}
	fit := exclude(base, candidate)
	c.curves, c.all = fit, [2][]*measured{base, candidate}
	c.Aspects = aspects(fit)
	c.compare(fit, o)
	c.accept(fit, o)
	for i, side := range [2][]*measured{base, candidate} {
		for _, r := range side {
			c.Runs = append(c.Runs, r.row([2]Side{Base, Candidate}[i], c.Metrics))
		}
	}
	c.note(fit)
	c.Notes = append(c.Notes, c.acceptanceNotes()...)
	c.decide()
	return c, nil
}

// ExitCode is the exit code for the verdict. Without an answer it is 0, unless one is
// asked for. What is accepted does not fail, but is no answer where the primary metric
// has none.
func (c *Comparison) ExitCode(wantAnswer bool) int {
	switch {
	case c.Verdict == infer.Regressed && !c.Accepted:
		return report.ExitFail
	case c.Metrics[0].Verdict == infer.Inconclusive && wantAnswer:
		return ExitInconclusive
	}
	return report.ExitOK
}
