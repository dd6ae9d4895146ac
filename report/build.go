package report

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/FactomProject/factom-load/results"
)

// MaxListed is how many lost entries a report names. An export names all.
const MaxListed = 1000

// Build folds the record in a run's directory into a report. A record that ends
// early, because its run was killed, gives the report of what it holds. One of which
// a part is left gives none: it is [results.ErrReduced].
func Build(path string) (*Report, error) { return build(path, false, nil) }

// BuildWith is a Build that shows the callee every entry of the measured phases on
// the way. What of it is kept is a copy.
func BuildWith(path string, measured func(*results.Entry)) (*Report, error) {
	return build(path, false, measured)
}

// BuildPartial folds what is on record of a run in progress, while it goes on. What
// has no outcome yet is pending.
func BuildPartial(path string) (*Report, error) { return build(path, true, nil) }

func build(path string, partial bool, measured func(*results.Entry)) (*Report, error) {
	m, err := results.ReadManifest(path)
	if err != nil {
		return nil, err
	}
	if left, err := results.ReadReduction(path); err != nil {
		return nil, err
	} else if left != nil {
		return nil, fmt.Errorf("%w, by the scenario's record.keep or the command clean: %d of its %d entries are left, and a report of them would not be the run's\n"+
			"    hint: %s and %s there are of the whole record", results.ErrReduced, left.Kept, left.Kept+left.Dropped, JSONFile, HTMLFile)
	}
	series, err := results.ReadSeries(path)
	if err != nil {
		return nil, err
	}
	m.Recall(series)
	f := newFold(m)
	f.partial, f.show, f.inBlocks = partial, measured, series.Commits
	summary, err := results.ReadEntries(path, results.Reader{Growing: partial, Phase: f.phase, Planned: f.series.planned, Block: f.block, Entry: f.entry, Call: f.call, Finding: f.finding, Event: f.events.add})
	if err != nil {
		return nil, err
	}
	if partial {
		f.soFar(summary, series)
	} else if why := incomplete(summary); why != "" {
		f.incomplete = true
		m.Interrupted, m.Failure = true, true
		m.Why = cmp.Or(m.Why, why)
		m.SendEnded = cmp.Or(m.SendEnded, summary.Last)
		if m.Ended.IsZero() {
			m.Ended = m.Started.Add(time.Duration(summary.Last))
		}
	}
	return f.report(series.Samples)
}

// soFar says how far the record of a run in progress goes.
func (f *fold) soFar(s results.Summary, series results.Series) {
	last := s.Last
	if n := len(series.Samples); n > 0 {
		last = max(last, series.Samples[n-1].At)
	}
	f.m.SendEnded = cmp.Or(f.m.SendEnded, last)
	f.m.Ended = f.m.Started.Add(time.Duration(last))
	if s.Damage.Reason != "" {
		f.m.Why = incomplete(s)
	}
}

// incomplete says why a record is not whole, or nothing if it is.
func incomplete(s results.Summary) string {
	switch {
	case s.Damage.Reason != "":
		return fmt.Sprintf("the record is damaged at byte %d of %s (%s), and the %d bytes from there on are lost",
			s.Damage.Offset, s.Damage.Segment, s.Damage.Reason, s.Damage.Lost)
	case !s.Complete:
		return "the record ends before the run did: the program was killed, or could not write"
	}
	return ""
}

// A fold is a report in the making: it takes in phases, blocks and entries in
// the order in which the record has them.
type fold struct {
	m          *results.Manifest
	partial    bool                 // the run is in progress
	incomplete bool                 // the record of a run that is over is not whole
	show       func(*results.Entry) // is shown the measured entries, or nil
	all        section              // every phase; it has no latencies
	measured   section              // the measured phases, whose latencies are added in the end
	phases     []phaseFold
	endpoints  []section // of a single one the latencies are added in the end, too
	blocks     []results.Block
	inBlocks   map[uint32]results.BlockCommits // commits, by height
	confirmed  blockLatencies
	lost       []LostEntry
	lostTotal  uint64
	paid       uint64 // entries whose commits were seen on the network
	// acceptedCredits is what the accepted entries cost.
	acceptedCredits uint64
	unwatched       uint64 // entries of blocks that were saved while nobody watched
	series          seriesFold
	windows         windowFold
	steps           stepFold
	minutes         minuteFold
	queries         queriesFold
	hostile         hostileFold
	findings        findingFold
	integrity       findingFold // of the checks
	events          eventFold

	missed      uint64       // slots that the harness sent late or skipped, on its own account
	ownSchedule distribution // of measured entries: schedule errors that the node did not cause
	ownDelay    int64        // of them, the sum of those that count as late, in nanoseconds
}

// A section is what is counted alike for a whole run, a phase and an endpoint.
type section struct {
	totals    Totals
	latency   distributions
	confirmed confirmSpan
	errors    errorTable
}

type phaseFold struct {
	results.Phase
	section
}

func newFold(m *results.Manifest) *fold {
	return &fold{
		m:         m,
		endpoints: make([]section, len(m.Network.Endpoints)),
		hostile:   hostileFold{},
	}
}

func (f *fold) phase(i int, p results.Phase) {
	for len(f.phases) <= i {
		f.phases = append(f.phases, phaseFold{})
	}
	if f.m.Search != nil {
		p.Measured = f.measuredStep(i)
	}
	f.phases[i].Phase = p
}

func (f *fold) finding(found results.Finding) {
	if found.Kind.OfIntegrity() {
		f.integrity.add(found)
	} else {
		f.findings.add(found)
	}
}

func (f *fold) block(b results.Block) { f.blocks = append(f.blocks, b) }

func (f *fold) entry(e *results.Entry) error {
	f.all.count(e)
	if e.Phase < len(f.phases) {
		p := &f.phases[e.Phase]
		p.entry(e)
		if p.Measured {
			f.measured.count(e)
			f.steps.entry(e)
			f.minutes.entry(e, f.blocks)
			if f.show != nil {
				f.show(e)
			}
			// A slot that was given up was at least as late as it then was.
			if at := max(e.Sent, e.GivenUp); at != results.Never && !e.Waited {
				f.ownSchedule.record(at - e.Planned)
				if e.Late {
					f.ownDelay += at - e.Planned
				}
			}
		}
	}
	switch {
	case e.Endpoint >= len(f.endpoints):
	case len(f.endpoints) == 1:
		f.endpoints[0].count(e)
	default:
		f.endpoints[e.Endpoint].entry(e)
	}
	if e.Unwatched {
		f.unwatched++
	}
	if paid(e) {
		f.paid++
	}
	if e.Outcome == results.Accepted {
		f.acceptedCredits += uint64(e.Credits)
	}
	if e.Watched() {
		if err := f.confirmed.record(e.Height, e.Confirmed-e.Planned); err != nil {
			return err
		}
	}
	if e.Outcome == results.Lost {
		f.lostTotal++
		f.lost = append(f.lost, LostEntry{
			Hash: e.Hash.String(), ChainID: e.Chain.String(), Stage: e.Stage.String(), PlannedS: seconds(e.Planned),
		})
		f.trimLost()
	}
	if (e.Late || e.GivenUp != results.Never) && !e.Waited {
		f.missed++
	}
	f.series.entry(e)
	f.windows.entry(e)
	return nil
}

// trimLost keeps the earliest lost entries, without a sort for each.
func (f *fold) trimLost() {
	if len(f.lost) < 2*MaxListed {
		return
	}
	f.sortLost()
	f.lost = f.lost[:MaxListed]
}

func (f *fold) sortLost() {
	slices.SortFunc(f.lost, func(a, b LostEntry) int {
		return cmp.Or(cmp.Compare(a.PlannedS, b.PlannedS), cmp.Compare(a.Hash, b.Hash))
	})
}

func (s *section) entry(e *results.Entry) {
	s.count(e)
	s.latency.record(e)
}

// count takes in all of an entry but its latencies.
func (s *section) count(e *results.Entry) {
	s.totals.add(e)
	if e.Watched() {
		s.confirmed.add(e.Confirmed)
	}
	if e.Error != nil {
		s.errors.add(*e.Error, e.Planned, e.Hash.String())
	}
}

func (t *Totals) add(e *results.Entry) {
	t.Planned++
	if e.Kind == results.KindChain {
		t.Chains++
	} else {
		t.Entries++
	}
	// The instant of sending can be missing on the record of a killed run.
	if e.Sent != results.Never || e.Outcome == results.Confirmed {
		t.Sent++
		t.Bytes += uint64(e.Size)
	}
	if e.Late {
		t.Late++
	}
	if e.Retried > 0 {
		t.Retried++
	}
	if e.Ambiguous {
		t.Ambiguous++
	}
	switch e.Outcome {
	case results.Confirmed:
		t.Confirmed++
	case results.Accepted:
		t.Accepted++
	case results.Lost:
		t.Lost++
	case results.Rejected:
		t.Rejected++
	case results.Failed:
		t.Failed++
	case results.Skipped:
		t.Skipped++
	case results.Pending:
		t.Pending++
	}
	if paid(e) {
		t.CreditsSpent += uint64(e.Credits)
	}
}

// paid reports whether an entry's commit was seen on the network.
func paid(e *results.Entry) bool {
	switch e.Outcome {
	case results.Confirmed, results.Accepted:
		return true
	case results.Lost:
		return e.Stage != results.StageCommit
	case results.Rejected, results.Failed:
		return e.Stage == results.StageReveal
	}
	return false
}

// A confirmSpan counts confirmations between the first and the last block.
type confirmSpan struct {
	first, last    int64 // when the blocks were seen
	inFirst, total uint64
}

func (c *confirmSpan) add(seen int64) {
	c.total++
	switch {
	case c.total == 1 || seen < c.first:
		c.first, c.inFirst = seen, 1
	case seen == c.first:
		c.inFirst++
	}
	c.last = max(c.last, seen)
}

// perSecond leaves the entries of the first block out: they came in the time
// before it.
func (c *confirmSpan) perSecond() float64 {
	if c.last <= c.first {
		return 0
	}
	return float64(c.total-c.inFirst) / seconds(c.last-c.first)
}

// errorTable counts errors by kind.
type errorTable struct {
	byKind map[results.Error]*Error
}

// add counts an error that was met by what was planned for an instant; example
// names that.
func (t *errorTable) add(e results.Error, planned int64, example string) {
	if t.byKind == nil {
		t.byKind = map[results.Error]*Error{}
	}
	at := seconds(planned)
	row := t.byKind[e]
	if row == nil {
		row = &Error{Code: e.Code, Message: e.Message, FirstS: at, Example: example}
		t.byKind[e] = row
	}
	row.Count++
	if at < row.FirstS {
		row.FirstS, row.Example = at, example
	}
}

// rows returns the kinds of errors, the most frequent first.
func (t *errorTable) rows() []Error {
	rows := []Error{}
	for _, e := range t.byKind {
		rows = append(rows, *e)
	}
	slices.SortFunc(rows, func(a, b Error) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.FirstS, b.FirstS),
			cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
	})
	return rows
}

// A span is a length of time, in seconds: as planned, and as far as the run came
// before sending ended. What ended without a plan for the rest was planned only
// so far.
type span struct{ planned, reached float64 }

func (f *fold) span(p results.Phase) span {
	s := span{planned: seconds(p.End - p.Start), reached: seconds(f.sentUntil(p) - p.Start)}
	if f.partial || f.m.EndedEarly != "" || f.m.Load.Model == results.ClosedLoop {
		s.planned = s.reached
	}
	return s
}

// sentUntil is when a phase ended, or before that the sending did.
func (f *fold) sentUntil(p results.Phase) int64 {
	if f.m.SendEnded > 0 {
		return max(p.Start, min(p.End, f.m.SendEnded))
	}
	return p.End
}

func (s *section) rates(over span) Rates {
	r := Rates{ConfirmedPerS: s.confirmed.perSecond()}
	if over.planned > 0 {
		r.PlannedPerS = float64(s.totals.Planned) / over.planned
	}
	if over.reached > 0 {
		r.SentPerS = float64(s.totals.Sent) / over.reached
	}
	return r
}

func seconds(ns int64) float64 { return float64(ns) / 1e9 }

// report completes the fold.
func (f *fold) report(samples []results.Sample) (*Report, error) {
	m := f.m
	r := &Report{
		Schema: Schema,
		Run: Run{
			ID: m.ID, Started: m.Started, Ended: m.Ended, ToolVersion: m.ToolVersion,
			Seed: m.Seed, Salt: m.Salt, Tags: m.Tags, Notes: notesOf(m),
			Partial: f.partial, Interrupted: m.Interrupted, Why: m.Why, EndedEarly: m.EndedEarly,
			Resumed: []Resumption{}, ConfirmedUnwatched: f.unwatched,
			Scenario: Scenario{Name: m.Scenario.Name, Description: m.Scenario.Description, SHA256: m.Scenario.SHA256},
		},
		Load:        Load(m.Load),
		Environment: Environment(m.Environment),
		Network: Network{
			ID: m.Network.ID, Name: m.Network.Name,
			BlockSeconds: m.Network.BlockSeconds, Embedded: m.Network.Embedded, DB: m.Network.DB,
			Endpoints: []NetworkEndpoint{}, Minutes: Minutes(m.Observed.Minutes), Feed: newFeed(m.Observed.Feed),
		},
		Totals:  f.all.totals,
		Phases:  []Phase{},
		Blocks:  []Block{},
		Series:  f.series.table(samples),
		Windows: f.windows.rows(),
		Queries: []Query{},
		Errors:  f.all.errors.rows(),

		Integrity: newIntegrity(m.Observed.Integrity, f.integrity.rows()),
		Findings:  f.findings.rows(), FindingsOpen: m.FindingsOpen,
		Events: f.events.rows(), EventsDropped: f.events.dropped,
		Harness: Harness{
			CPUSeconds: m.Harness.CPUSeconds, MaxRSSBytes: m.Harness.MaxRSSBytes,
			ObserverRequests: m.Observed.Requests, SubmitRequests: m.Harness.SubmitRequests, RetryRequests: m.Harness.RetryRequests, QueryRequests: m.Harness.QueryRequests,
			HostileRequests: m.Harness.HostileRequests, ConnectionsMax: m.Harness.ConnectionsMax,
			MissedSlots: f.missed, GCPauseMaxMS: m.Harness.GCPauseMaxMS, PauseMaxMS: m.Harness.PauseMaxMS,
		},
	}
	for _, again := range m.Resumed {
		r.Run.Resumed = append(r.Run.Resumed, Resumption(again))
	}
	if len(m.Resumed) > 0 && !r.Run.Interrupted {
		// The verdict is what was found all the same.
		r.Run.Interrupted, r.Run.Why = true, "the harness was killed"
	}
	if r.Load.Model == "" {
		r.Load.Model = results.OpenLoop
	}
	if r.Run.Tags == nil {
		r.Run.Tags = map[string]string{}
	}
	f.sortLost()
	f.lost = f.lost[:min(len(f.lost), MaxListed)]
	r.Audit = Audit{Lost: append([]LostEntry{}, f.lost...), Listed: len(f.lost), Total: f.lostTotal}

	var err error
	if r.Hostile, err = f.hostile.rows(); err != nil {
		return nil, err
	}
	if err := f.sections(r); err != nil {
		return nil, err
	}
	f.search(r)
	if err := f.blockRows(r); err != nil {
		return nil, err
	}
	r.Reconciliation = f.reconcile(r)
	r.Story = story(r)
	return r, f.judge(r)
}

// sections fills in what is told of the measured phases, each phase and each
// endpoint.
func (f *fold) sections(r *Report) (err error) {
	var measured span
	for i := range f.phases {
		p := &f.phases[i]
		if p.Measured {
			f.measured.latency.merge(&p.latency)
		}
		if len(f.endpoints) == 1 {
			f.endpoints[0].latency.merge(&p.latency)
		}
		if p.Name == "" {
			continue // a phase that the run did not come to announce
		}
		over := f.span(p.Phase)
		row := Phase{
			Name: p.Name, Measured: p.Measured, StartS: seconds(p.Start), EndS: seconds(p.End),
			Totals: p.totals, Rates: p.rates(over),
		}
		if row.LatencyMS, err = p.latency.latencies(f.m.Observed); err != nil {
			return err
		}
		r.Phases = append(r.Phases, row)
		if p.Measured {
			measured.planned += over.planned
			measured.reached += over.reached
		}
	}
	r.Rates = f.measured.rates(measured)
	if users := float64(f.m.Load.Users); users > 0 && measured.reached > 0 {
		r.Harness.UsersDelayedShare = seconds(f.ownDelay) / (users * measured.reached)
	}
	if r.LatencyMS, err = f.measured.latency.latencies(f.m.Observed); err != nil {
		return err
	}
	if r.Steps, err = f.steps.rows(r.LatencyMS); err != nil {
		return err
	}
	if r.BlockMinutes, err = f.minutes.rows(f.m.Observed); err != nil {
		return err
	}
	if err := f.queryRows(r, measured.reached); err != nil {
		return err
	}
	for i, n := range f.m.Network.Endpoints {
		r.Network.Endpoints = append(r.Network.Endpoints, NetworkEndpoint{URL: n.URL, FactomdVersion: n.Version, SubmitsBy: n.SubmitsBy})
		e := &f.endpoints[i]
		row := Endpoint{URL: n.URL, Totals: e.totals, Errors: e.errors.rows()}
		if row.LatencyMS, err = e.latency.latencies(f.m.Observed); err != nil {
			return err
		}
		r.Endpoints = append(r.Endpoints, row)
	}
	return nil
}

func (f *fold) blockRows(r *Report) (err error) {
	for _, b := range f.blocks {
		row := Block{Height: b.Height, ClosedS: seconds(b.Seen), Entries: b.Entries, OwnEntries: b.Own}
		if c, ok := f.inBlocks[b.Height]; ok && c.Others <= c.Commits {
			row.Commits, row.OthersCommits = &c.Commits, &c.Others
		}
		if row.LatencyMS, err = f.confirmed.latency(b.Height, methodBlockScan, f.m.Observed.ConfirmResolutionMS); err != nil {
			return err
		}
		r.Blocks = append(r.Blocks, row)
	}
	return nil
}
