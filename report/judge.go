package report

import (
	"fmt"
	"math"
	"strings"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// The exit codes of a run (design: "The command line").
const (
	ExitOK          = 0
	ExitCannot      = 1   // it could not be done, or not to its end
	ExitUsage       = 2   // bad flags or scenario
	ExitFail        = 3   // thresholds failed, or the node served what its blocks do not commit to
	ExitLost        = 4   // entries lost
	ExitInvalid     = 5   // the harness was the limit
	ExitInterrupted = 130 // stopped by the user
)

// judge fills in the thresholds, the harness's own validity and the verdict.
func (f *fold) judge(r *Report) error {
	lost, failed, err := f.thresholds(r)
	if err != nil {
		return err
	}
	r.Harness.Valid, r.Harness.Why = f.valid(r)

	t := r.Totals
	switch {
	case f.partial:
		r.Verdict, r.ExitCode = Interrupted, ExitCannot
		r.VerdictWhy = inProgressText(r)
	case f.m.Interrupted:
		r.Verdict, r.ExitCode = Interrupted, ExitInterrupted
		if f.m.Failure {
			r.ExitCode = ExitCannot
		}
		r.VerdictWhy = "The run did not come to its end: " + f.m.Why + "."
		if t.Lost > 0 {
			r.VerdictWhy += fmt.Sprintf(" %s in no block and in no process list then.", were(t.Lost))
		}
	case !r.Harness.Valid:
		r.Verdict, r.ExitCode = Invalid, ExitInvalid
		r.VerdictWhy = "The figures must not be used: " + r.Harness.Why + "."
	case lost:
		r.Verdict, r.ExitCode = Lost, ExitLost
		r.VerdictWhy = fmt.Sprintf("%s lost: the API took them, and no block has them.", were(t.Lost))
	case r.Integrity.Broken() != "":
		// Nothing else that the node serves can be relied on: it takes no threshold.
		r.Verdict, r.ExitCode = Fail, ExitFail
		if r.VerdictWhy = passText(r); len(failed) > 0 {
			r.VerdictWhy = failedText(r, failed) + "."
		}
	case r.Search != nil && !r.Search.held():
		r.Verdict, r.ExitCode = Fail, ExitFail
		r.VerdictWhy = "No rate held"
		if len(failed) > 0 {
			r.VerdictWhy += "; " + failedText(r, failed)
		}
		r.VerdictWhy += "."
	case len(failed) > 0:
		r.Verdict, r.ExitCode = Fail, ExitFail
		r.VerdictWhy = failedText(r, failed) + "."
	default:
		r.Verdict, r.ExitCode = Pass, ExitOK
		r.VerdictWhy = passText(r)
	}
	if n := countOf(r.Findings); n > 0 {
		r.VerdictWhy = strings.TrimSuffix(r.VerdictWhy, ".") + "; " + findingsText(n) + "."
	}
	if r.FindingsOpen {
		r.VerdictWhy += " There may be more findings: the wait ended before the blocks were read that could hold them."
	}
	if r.Search != nil {
		r.VerdictWhy = "Search: " + r.Search.Why + ". " + r.VerdictWhy
	}
	if r.Integrity.Broken() != "" {
		r.VerdictWhy = r.Integrity.brokenText() + " " + r.VerdictWhy
	}
	r.VerdictWhy += resumedText(r.Run)
	if f.m.EndedEarly != "" {
		r.VerdictWhy += " Sending ended early: " + f.m.EndedEarly + "."
	}
	return nil
}

// inProgressText says of when a partial report is.
func inProgressText(r *Report) string {
	text := fmt.Sprintf("The run is in progress: this is how it stood at %s, %s after its start.", utcText(r.Run.Ended), spanText(r.Run.Ended.Sub(r.Run.Started).Seconds()))
	if n := r.Totals.Pending; n > 0 {
		text += fmt.Sprintf(" %s of %s entries planned so far have no outcome yet.", countText(n), countText(r.Totals.Planned))
	}
	if r.Run.Why != "" {
		text += " But " + r.Run.Why + "."
	}
	return text
}

// resumedText says that a run was interrupted and resumed, for how long, and what
// that leaves unknown.
func resumedText(run Run) string {
	if len(run.Resumed) == 0 {
		return ""
	}
	var gap float64
	var damage int64
	for _, again := range run.Resumed {
		gap += again.GapS
		damage += again.DamageBytes
	}
	text := fmt.Sprintf(" The harness was killed, and nobody watched for %.1f s until the run was resumed.", gap)
	if n := run.ConfirmedUnwatched; n > 0 {
		text += fmt.Sprintf(" %d of the confirmed entries are in blocks of that time, and in no latency.", n)
	}
	if damage > 0 {
		text += fmt.Sprintf(" %d bytes at the end of the record were damaged: what they told is not known, and entries that only they knew of count as skipped.", damage)
	}
	return text
}

// thresholds fills in the thresholds. It returns whether more entries are lost than
// the scenario allows, and which thresholds failed.
func (f *fold) thresholds(r *Report) (lost bool, failed []string, err error) {
	r.Thresholds = []ThresholdResult{}
	lost = f.lostTotal > 0
	ruled := false // by the scenario's own thresholds on lost
	for _, text := range f.m.Scenario.Thresholds {
		t, err := scenarios.ParseThreshold(text)
		if err != nil {
			return false, nil, fmt.Errorf("threshold %q of the record: %w", text, err)
		}
		result := f.check(r, t)
		r.Thresholds = append(r.Thresholds, result)
		if t.Metric == "lost" {
			// The scenario says itself how much loss is too much.
			lost = ruled && lost || !result.OK
			ruled = true
		}
		if !result.OK {
			failed = append(failed, result.Expression)
		}
	}
	return lost, failed, nil
}

func failedText(r *Report, failed []string) string {
	return fmt.Sprintf("%d of %d thresholds failed: %s", len(failed), len(r.Thresholds), strings.Join(failed, ", "))
}

// passText says what became of the entries of a run that is as it should be.
func passText(r *Report) string {
	t := r.Totals
	text := fmt.Sprintf("%d of %d planned entries are confirmed, %d lost", t.Confirmed, t.Planned, t.Lost)
	if n := t.Rejected; n > 0 {
		text += fmt.Sprintf(", %d rejected", n)
	}
	if n := t.Failed; n > 0 {
		text += fmt.Sprintf(", %d failed", n)
	}
	if t.Accepted > 0 {
		text += fmt.Sprintf(", and %d still in a process list when the wait ended", t.Accepted)
	}
	if n := len(r.Thresholds); n > 0 {
		text += fmt.Sprintf("; all %d thresholds hold", n)
	}
	return text + "."
}

func were(entries uint64) string {
	if entries == 1 {
		return "1 entry was"
	}
	return fmt.Sprintf("%d entries were", entries)
}

// met is the errors of all that uses connections of a kind, and the setting that
// says how many.
type met struct {
	by, setting string
	errors      []Error
}

// allErrors are those of entries, of queries, and of hostile calls. Of a search's
// entries it is the measured ones': the steps that tell nothing of the network are
// not.
func (f *fold) allErrors(r *Report) []met {
	entries := r.Errors
	if r.Search != nil {
		entries = f.measured.errors.rows()
	}
	all := []met{{"entries", "load.in_flight", entries}, {"queries", "queries.in_flight", r.QueriesTotal.Errors}}
	for _, h := range r.Hostile {
		calls := met{h.Kind + " calls", "hostile.in_flight", nil}
		for _, a := range h.Answers {
			calls.errors = append(calls.errors, Error{Code: a.Code, Message: a.Message, Count: a.Count})
		}
		all = append(all, calls)
	}
	return all
}

// maxUsersDelayed is the share of their time that the users of a closed loop may
// wait for the harness: as much as a p99 leaves out.
const maxUsersDelayed = 0.01

// valid says whether the figures are the node's and not the harness's. The
// harness was the limit if the p99 of its schedule error, over the measured
// entries that the node did not hold back, is above 10 ms and above a tenth of
// the submit latency's p99; if it kept the users of a closed loop waiting; or if
// it could not make its connections.
func (f *fold) valid(r *Report) (ok bool, why string) {
	for _, met := range f.allErrors(r) {
		for _, e := range met.errors {
			if factomd.OwnLimit(e.Message) {
				return false, fmt.Sprintf("%d %s failed with %q, which is a limit of the harness's machine: "+
					"raise it (ulimit -n), or lower %s", e.Count, met.by, e.Message, met.setting)
			}
		}
	}
	if s := r.Search; s != nil && s.Result == results.SearchHarness && !s.held() {
		return false, s.Why
	}
	own, err := f.ownSchedule.latency(methodClock, 0)
	if err != nil || own.Count == 0 {
		return true, ""
	}
	limit := math.Max(10, r.LatencyMS.Submit.P99/10)
	r.Harness.OwnScheduleP99MS, r.Harness.OwnScheduleLimitMS = own.P99, limit
	if share := r.Harness.UsersDelayedShare; share > maxUsersDelayed {
		return false, fmt.Sprintf("the harness kept its users waiting for %.1f %% of their time, where 1 %% is allowed: it lacked CPU, or stood still",
			100*share)
	}
	if own.P99 <= limit {
		return true, ""
	}
	return false, fmt.Sprintf("the harness sent its entries late on its own account, with a p99 of %s where %s is allowed "+
		"(the larger of 10 ms and 10 %% of submit p99): it lacked CPU, or the rate is above what this machine can make",
		msText(own.P99), msText(limit))
}

// check measures a threshold. A latency without samples meets none, and neither
// does a percentile that is a missing entry's (see [distribution.figure]).
func (f *fold) check(r *Report, t scenarios.Threshold) ThresholdResult {
	value, known := f.metric(r, t.Metric)
	limit := t.Value
	if t.Blocks > 0 {
		limit = t.Blocks * r.Network.BlockSeconds * 1000
	}
	if t.Fraction {
		of := r.Totals.Planned
		if t.Metric.OfQueries() {
			of = f.queries.all.row.Count
		}
		known = known && of > 0
		value /= float64(of)
	}
	if !known {
		return ThresholdResult{Expression: t.Expression, Value: unknown}
	}
	return ThresholdResult{Expression: t.Expression, Value: Number(value), OK: compare(value, t.Op, limit)}
}

func compare(value float64, op string, limit float64) bool {
	switch op {
	case "<":
		return value < limit
	case "<=":
		return value <= limit
	case ">":
		return value > limit
	case ">=":
		return value >= limit
	case "==":
		return value == limit
	case "!=":
		return value != limit
	}
	return false
}

// metric looks a figure up by its name in a scenario: latencies and rates of the
// measured phases, counts of all.
func (f *fold) metric(r *Report, m scenarios.Metric) (value float64, known bool) {
	name := string(m)
	if name == "search.held_per_s" {
		if r.Search == nil {
			return 0, false
		}
		return r.Search.knee()
	}
	if m == scenarios.Findings {
		return float64(r.findings()), !r.FindingsOpen
	}
	if m.OfQueries() {
		return f.queries.all.metric(strings.TrimPrefix(name, "queries."))
	}
	t, rates, hostile := &r.Totals, &r.Rates, r.hostileTotal()
	counts := map[string]uint64{
		"planned": t.Planned, "sent": t.Sent, "late": t.Late, "confirmed": t.Confirmed, "accepted": t.Accepted,
		"lost": t.Lost, "rejected": t.Rejected, "failed": t.Failed, "skipped": t.Skipped, "ambiguous": t.Ambiguous,
		"chains": t.Chains, "entries": t.Entries, "credits_spent": t.CreditsSpent, "bytes": t.Bytes,
		"hostile.count": hostile.Count, "hostile.right": hostile.Right, "hostile.wrong": hostile.Wrong, "hostile.failed": hostile.Failed,
	}
	if n, ok := counts[name]; ok {
		return float64(n), true
	}
	if stage, figure, ok := strings.Cut(name, "."); ok && stage != "rates" {
		return f.measured.latency.stage(stage).figure(figure, f.measured.missing(stage))
	}
	perSecond := map[string]float64{
		"rates.planned_per_s": rates.PlannedPerS, "rates.sent_per_s": rates.SentPerS, "rates.confirmed_per_s": rates.ConfirmedPerS,
	}
	value, known = perSecond[name]
	return value, known
}

// missing is how many entries of a section have no latency of a stage although
// the node did not refuse them.
func (s *section) missing(stage string) (n uint64) {
	switch stage {
	case "submit", "reveal_service", "commit_service":
		for e, row := range s.errors.byKind {
			if !e.Rejected {
				n += row.Count
			}
		}
	case "confirm":
		n = s.totals.Accepted + s.totals.Lost
	}
	return n
}

func (l *Latencies) stage(name string) (Latency, bool) {
	switch name {
	case "schedule":
		return l.Schedule, true
	case "submit":
		return l.Submit, true
	case "accept":
		return l.Accept, true
	case "confirm":
		return l.Confirm, true
	case "commit_service":
		return l.CommitService, true
	case "reveal_service":
		return l.RevealService, true
	}
	return Latency{}, false
}
