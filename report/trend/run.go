package trend

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// A Run is what the index has of one run.
type Run struct {
	Path    string // below the root, with slashes
	ID      string
	Started time.Time // UTC
	Verdict report.Verdict
	// Partial says that the report is of a run in progress.
	Partial bool
	// Scenario is the name, and SHA256 says what was asked for.
	Scenario, SHA256 string
	// Network is the kind of network.
	Network string
	Factomd string // versions, with commas
	Host    string
	Tags    map[string]string
	Notes   []report.Note      // the newest ones
	Values  map[string]float64 // by the name of the metric; what is not known is left out
	// Record says that there is no report.json, and the figures are of the record.
	Record bool
	// Problem is why the report could not be used, or empty: there is nothing else of
	// the run then.
	Problem string

	size, changed int64
	page          bool // there is a report.html
	// passing says that it may be otherwise tomorrow with the same time of change: what
	// could not be opened, and runs in progress or killed. The index does not have it.
	passing bool
}

// value is NaN where it is not known.
func (r *Run) value(metric string) float64 {
	if v, ok := r.Values[metric]; ok {
		return v
	}
	return math.NaN()
}

// complete says whether the run's figures are of what was asked for.
func (r *Run) complete() bool {
	return r.Verdict != report.Invalid && r.Verdict != report.Interrupted
}

// readRun reads the report in a run's directory, or folds its record where there is no
// report of the run's end. Whatever is wrong with it is the run's problem.
func readRun(root string, p place) Run {
	r := Run{Path: p.path, Record: p.record, size: p.size, changed: p.changed, page: p.page}
	dir := filepath.Join(root, filepath.FromSlash(p.path))
	e, err := readFigures(dir, p.record)
	if err != nil {
		r.Problem = reason(err)
		if !p.record && exists(filepath.Join(dir, results.ManifestFile)) {
			r.Problem += "; factom-load report makes it anew of the record"
		}
		r.passing = errors.As(err, new(*fs.PathError))
		return r
	}
	r.passing = e.Run.Partial
	r.ID, r.Started, r.Verdict, r.Partial = e.Run.ID, e.Run.Started.UTC(), e.Verdict, e.Run.Partial
	r.Scenario, r.SHA256, r.Host, r.Tags = cmp.Or(e.Run.Scenario.Name, "(no name)"), e.Run.Scenario.SHA256, e.Environment.Host, e.Run.Tags
	r.Network, r.Factomd, r.Notes = e.networkKind(), e.versions(), e.Run.Notes
	r.Values = map[string]float64{}
	for _, m := range metrics() {
		if v := m.of(e); !math.IsNaN(v) {
			r.Values[m.Name] = v
		}
	}
	return r
}

// readFigures has no more than run.partial of a run that has not ended.
func readFigures(dir string, record bool) (*extract, error) {
	if !record {
		e, err := openReport(filepath.Join(dir, report.JSONFile))
		if err != nil {
			return nil, fmt.Errorf("%s is left out: %w", report.JSONFile, err)
		}
		if !e.Run.Partial {
			return e, nil
		}
	}
	// The lock first: a run ends before it is given up.
	unfinished := results.CheckUnlocked(dir) != nil
	m, err := results.ReadManifest(dir)
	if err != nil && !record {
		unfinished = true // a partial report without a record
	} else if err != nil {
		return nil, err
	}
	if unfinished || m.Ended.IsZero() {
		e := new(extract)
		e.Run.Partial = true
		return e, nil
	}
	r, err := report.Build(dir)
	if errors.Is(err, results.ErrReduced) {
		return nil, fmt.Errorf("it has no %s, and not all of its entries are on record any more", report.JSONFile)
	}
	if err != nil {
		return nil, fmt.Errorf("making its %s of the record: %w", report.JSONFile, err)
	}
	var b bytes.Buffer
	if err := report.WriteJSON(&b, r); err != nil {
		return nil, err
	}
	return readReport(&b)
}

func openReport(path string) (*extract, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errors.New("it is no file")
	}
	return readReport(f)
}

// networkKind says on what kind of network a run was: figures of an embedded node say
// nothing of those of a testnet. Those whose name says too little have their id.
func (e *extract) networkKind() string {
	n := e.Network
	kind := cmp.Or(n.Name, "unknown")
	if n.Name != "LOCAL" && n.Name != "TEST" {
		kind = strings.TrimSpace(kind + " " + n.ID)
	}
	if n.Embedded {
		kind += ", embedded"
	}
	return kind
}

// versions names the versions of factomd, each once.
func (e *extract) versions() string {
	var list []string
	seen := map[string]bool{}
	for _, endpoint := range e.Network.Endpoints {
		v := endpoint.FactomdVersion
		if v != "" && !seen[v] {
			seen[v] = true
			list = append(list, v)
		}
	}
	return factomd.Printable(strings.Join(list, ", "), mostText)
}
