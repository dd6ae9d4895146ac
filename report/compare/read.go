package compare

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/FactomProject/factom-load/internal/infer"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// resamples is how often the blocks of a run are drawn anew: enough to tell a standard
// error to a twentieth.
const resamples = 200

// measured is a run, and what is drawn anew of it.
type measured struct {
	dir      string
	r        *report.Report
	primary  string
	reduced  bool
	excluded string
	blocks   int
	// resampled are by metric, in milliseconds.
	resampled map[string][]float64
}

// read reads the runs of both sides, as many at a time as there are processors.
func read(ctx context.Context, o Options) (base, candidate []*measured, err error) {
	dirs := slices.Concat(o.Base, o.Candidate)
	all, failed := make([]*measured, len(dirs)), make([]error, len(dirs))
	next := make(chan int)
	var readers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(dirs)) {
		readers.Go(func() {
			for i := range next {
				all[i], failed[i] = readRun(dirs[i])
			}
		})
	}
	for i := range dirs {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	readers.Wait()
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	for i, err := range failed {
		if err != nil {
			return nil, nil, fmt.Errorf("reading the run in %s: %w", dirs[i], err)
		}
	}
	return all[:len(o.Base)], all[len(o.Base):], nil
}

// readRun reads a run in one pass over its record, or takes the report that it left of
// a record that has not all entries any more.
func readRun(dir string) (*measured, error) {
	m, err := results.ReadManifest(dir)
	if err != nil {
		return nil, err
	}
	run := &measured{dir: dir, primary: m.Scenario.Primary}
	if run.primary == "" {
		run.primary = defaultPrimary
	}
	if err := results.CheckUnlocked(dir); errors.Is(err, results.ErrLocked) {
		run.r = manifestOnly(m)
		run.excluded = "it is in progress, or another command is at work on it"
		return run, nil
	}
	left, err := results.ReadReduction(dir)
	if err != nil {
		return nil, err
	}
	if left != nil {
		run.reduced = true
		run.r, err = report.ReadFile(dir)
		return run, err
	}
	b := newRunBlocks()
	if run.r, err = report.BuildWith(dir, b.entry); err != nil {
		return nil, err
	}
	run.blocks = b.confirm.Len()
	run.resampled = b.resample()
	return run, nil
}

// manifestOnly is what can be said of a run in progress.
func manifestOnly(m *results.Manifest) *report.Report {
	return &report.Report{
		Verdict: report.Interrupted,
		Run:     report.Run{ID: m.ID, Started: m.Started, ToolVersion: m.ToolVersion, Tags: m.Tags, Partial: true},
	}
}

// runBlocks are a run's latencies by block. What is in no block is in none of them:
// there is nothing to draw it with.
type runBlocks struct{ submit, accept, confirm *infer.Blocks }

func newRunBlocks() runBlocks {
	return runBlocks{infer.NewBlocks(), infer.NewBlocks(), infer.NewBlocks()}
}

// entry counts the stages of a measured entry as a report does.
func (b *runBlocks) entry(e *results.Entry) {
	if !e.Watched() {
		return
	}
	b.confirm.Add(e.Height, e.Confirmed-e.Planned)
	if e.Accepted != results.Never {
		b.accept.Add(e.Height, e.Accepted-e.Planned)
	}
	if e.Error == nil && e.Revealed != results.Never {
		b.submit.Add(e.Height, e.Revealed-e.Planned)
	}
}

// resample draws the blocks anew. Every run has the same seed: what matters is its own
// spread, which does not depend on others.
func (b *runBlocks) resample() map[string][]float64 {
	const seed = 6
	names := slices.Sorted(maps.Keys(percentiles))
	quantiles := make([]float64, len(names))
	for i, name := range names {
		quantiles[i] = percentiles[name]
	}
	all := map[string][]float64{}
	for stage, blocks := range map[string]*infer.Blocks{"submit": b.submit, "accept": b.accept, "confirm": b.confirm} {
		for i, drawn := range blocks.Resample(quantiles, resamples, seed) {
			for k := range drawn {
				drawn[k] /= 1e6
			}
			all[stage+"."+names[i]] = drawn
		}
	}
	return all
}

// exclude says which runs cannot be part of a comparison, and returns the rest.
func exclude(base, candidate []*measured) (fit [2][]*measured) {
	seen := map[string]string{}
	for side, runs := range [2][]*measured{base, candidate} {
		for _, run := range runs {
			r := run.r
			again, twice := seen[r.Run.ID]
			switch {
			case run.excluded != "":
			case twice:
				run.excluded = "it is the run of " + again + " again, and a run counts once"
			case r.Run.Partial:
				run.excluded = "it is in progress"
			case r.Verdict == report.Invalid:
				run.excluded = "it is invalid: " + r.Harness.Why
			case r.Verdict == report.Interrupted || r.Run.Interrupted:
				run.excluded = "it was interrupted: " + r.Run.Why
			}
			if !twice {
				seen[r.Run.ID] = run.dir
			}
			if run.excluded == "" {
				fit[side] = append(fit[side], run)
			}
		}
	}
	return fit
}

// row is what is told of a run.
func (run *measured) row(side Side, metrics []Metric) Run {
	r := run.r
	row := Run{
		Side: side, Directory: run.dir, ID: r.Run.ID, Started: r.Run.Started.UTC(), Verdict: r.Verdict,
		FactomdVersions: versions(r), Tags: r.Run.Tags, Notes: r.Run.Notes, Excluded: run.excluded,
		Blocks: run.blocks, Figures: map[string]report.Number{},
	}
	if row.Notes == nil {
		row.Notes = []report.Note{}
	}
	if row.Tags == nil {
		row.Tags = map[string]string{}
	}
	for _, m := range metrics {
		v, known := figure(r, m.Name)
		if !known {
			v = math.NaN()
		}
		row.Figures[m.Name] = report.Number(v)
	}
	return row
}

// versions are those of the run's nodes, each once.
func versions(r *report.Report) []string {
	list := []string{}
	for _, e := range r.Network.Endpoints {
		if !slices.Contains(list, e.FactomdVersion) {
			list = append(list, e.FactomdVersion)
		}
	}
	return list
}

func versionText(m *measured) string { return strings.Join(versions(m.r), ", ") }
