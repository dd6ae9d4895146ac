package trend

import (
	"cmp"
	"errors"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/report"
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
	Values  map[string]float64 // by the name of the metric; what is not known is left out
	// Problem is why the report could not be used, or empty: there is nothing else of
	// the run then.
	Problem string

	size, changed int64
	page          bool // there is a report.html
	closed        bool // the report could not even be opened or read
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

// readRun reads the report in a run's directory. Whatever is wrong with it is the
// run's problem.
func readRun(root string, p place) Run {
	r := Run{Path: p.path, size: p.size, changed: p.changed}
	e, err := openReport(filepath.Join(root, filepath.FromSlash(p.path), report.JSONFile))
	if err != nil {
		r.Problem = report.JSONFile + " is left out: " + reason(err)
		r.closed = errors.As(err, new(*fs.PathError))
		return r
	}
	r.ID, r.Started, r.Verdict, r.Partial = e.Run.ID, e.Run.Started.UTC(), e.Verdict, e.Run.Partial
	r.Scenario, r.SHA256, r.Host, r.Tags = cmp.Or(e.Run.Scenario.Name, "(no name)"), e.Run.Scenario.SHA256, e.Environment.Host, e.Run.Tags
	r.Network, r.Factomd = e.networkKind(), e.versions()
	r.Values = map[string]float64{}
	for _, m := range metrics() {
		if v := m.of(e); !math.IsNaN(v) {
			r.Values[m.Name] = v
		}
	}
	return r
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
