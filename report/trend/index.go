// Package trend follows the figures of many runs of the same scenarios: what is usual,
// where a figure changed its level, and whether the newest run is as was to be
// expected. All of it is a fold over the reports of the runs below a directory.
package trend

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// Runs are those below a directory.
type Runs struct {
	Root string
	// Reported have a usable report of their end, in the order of their starts.
	Reported []Run
	// Partial counts those left out as they are in progress.
	Partial int
	// Killed have a record that does not come to the run's end; resume makes it.
	Killed []string
	// Problems are of directories and reports that could not be read or used.
	Problems []Problem
	// Read counts the runs that were read: the others are of the index.
	Read int
	// IndexProblem says that the index could not be used or written, and why; or it is
	// empty. The runs are complete without it.
	IndexProblem string
}

// A Problem is why something below the directory is left out.
type Problem struct {
	Path    string `json:"path"` // below the directory
	Message string `json:"message"`
}

// Index finds the runs below a directory. Reports that are new, or have another size
// or time of change than the index knows, are read, and the index is brought up to
// date, if it can be written. Where a run that ended has no report its record is
// folded.
func Index(ctx context.Context, root string) (*Runs, error) {
	all := &Runs{Root: root}
	problem := func(path, message string) {
		all.Problems = append(all.Problems, Problem{factomd.Printable(path, 300), message})
	}
	var places []place
	if err := find(ctx, root, func(p place) { places = append(places, p) }, problem); err != nil {
		return nil, err
	}

	file := filepath.Join(root, IndexFile)
	s, why, err := openStore(ctx, file)
	if err != nil {
		return nil, err
	}
	defer func() { s.close() }()
	known, err := s.runs(ctx)
	if err != nil { // of other tables
		s.close()
		why = err
		if s, err = newStore(ctx, nil); err != nil {
			return nil, err
		}
		known = nil
	}

	var unread []place
	var runs []Run
	drop := maps.Clone(known)
	for _, p := range places {
		r, ok := known[p.path]
		if !ok || r.Record != p.record || r.size != p.size || r.changed != p.changed {
			unread = append(unread, p)
			continue
		}
		delete(drop, p.path)
		r.page = p.page
		runs = append(runs, r)
	}
	read, err := readRuns(ctx, root, unread)
	if err != nil {
		return nil, err
	}
	put := slices.DeleteFunc(slices.Clone(read), func(r Run) bool { return r.passing })
	if len(put) > 0 || len(drop) > 0 || why != nil {
		err := s.change(ctx, put, slices.Sorted(maps.Keys(drop)))
		if err == nil {
			err = s.save(file)
		}
		switch {
		case err != nil:
			all.IndexProblem = "it could not be written, and the runs will be read again the next time: " + reason(err)
		case why != nil:
			all.IndexProblem = "it could not be used, and was made anew: " + reason(why)
		}
	}
	for _, r := range read {
		if !r.Partial {
			all.Read++
		}
	}
	all.sort(append(runs, read...), problem)
	return all, nil
}

// unfinished counts a run that has no report of its end: it is in progress, or was
// killed.
func (a *Runs) unfinished(path string) {
	if results.CheckUnlocked(filepath.Join(a.Root, filepath.FromSlash(path))) != nil {
		a.Partial++
		return
	}
	a.Killed = append(a.Killed, factomd.Printable(path, 300))
}

// sort divides the runs.
func (a *Runs) sort(runs []Run, problem func(path, message string)) {
	slices.SortFunc(runs, func(a, b Run) int {
		return cmp.Or(a.Started.Compare(b.Started), cmp.Compare(a.Path, b.Path))
	})
	paths := map[string]string{} // by id
	for _, r := range runs {
		switch first, again := paths[r.ID]; {
		case r.Problem != "":
			problem(r.Path, r.Problem)
		case r.Partial:
			a.unfinished(r.Path)
		case again:
			problem(r.Path, fmt.Sprintf("it is the same run as %s, and left out", factomd.Printable(first, 300)))
		default:
			paths[r.ID] = r.Path
			a.Reported = append(a.Reported, r)
		}
	}
	slices.Sort(a.Killed)
	slices.SortStableFunc(a.Problems, func(a, b Problem) int { return cmp.Compare(a.Path, b.Path) })
}

// readRuns reads reports, as many at once as there are processors.
func readRuns(ctx context.Context, root string, places []place) ([]Run, error) {
	runs := make([]Run, len(places))
	atOnce(len(places), func(i int) {
		if ctx.Err() == nil {
			runs[i] = readRun(root, places[i])
		}
	})
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	return runs, nil
}

// atOnce calls do for 0 to n-1, as many at once as there are processors.
func atOnce(n int, do func(i int)) {
	var next atomic.Int64
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), n) {
		workers.Go(func() {
			for i := int(next.Add(1)) - 1; i < n; i = int(next.Add(1)) - 1 {
				do(i)
			}
		})
	}
	workers.Wait()
}
