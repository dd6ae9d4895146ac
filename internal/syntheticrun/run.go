// Package syntheticrun writes the records of runs that never were, for tests and
// benchmarks of what is read from records.
package syntheticrun

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// A Run describes a run: a warm-up of a second, then a steady load on a network that
// saves a block every BlockSeconds.
type Run struct {
	Seed         uint64
	Entries      int     // of the measured phase; 600 if 0
	PerSecond    float64 // of it; 20 if 0
	BlockSeconds float64 // 3 if 0
	// Level is a factor of the accept latencies, whose p95 is some 160 ms at 1; 0 is 1.
	Level float64
	// Lost of the entries are in no block.
	Lost int
	// Change changes the manifest.
	Change func(*results.Manifest)
}

// Write writes the run into a directory that it makes. It is the same for the same
// description.
func Write(dir string, r Run) (err error) {
	r.defaults()
	d, err := results.Create(dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	log, err := d.Open(results.EntriesFile)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, log.Close()) }()
	w := &writer{Run: r, c: results.NewCollector(log), rng: rand.New(rand.NewPCG(r.Seed, 7))}
	ended, err := w.write()
	if err != nil {
		return fmt.Errorf("writing a synthetic run: %w", err)
	}
	return d.WriteManifest(r.manifest(filepath.Base(dir), ended))
}

func (r *Run) defaults() {
	if r.Entries == 0 {
		r.Entries = 600
	}
	if r.PerSecond == 0 {
		r.PerSecond = 20
	}
	if r.BlockSeconds == 0 {
		r.BlockSeconds = 3
	}
	if r.Level == 0 {
		r.Level = 1
	}
}

func (r *Run) manifest(id string, ended int64) *results.Manifest {
	started := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(r.Seed) * time.Hour)
	m := &results.Manifest{
		Schema: results.ManifestSchema, ID: id, ToolVersion: "v1.0.0", Started: started, Ended: started.Add(time.Duration(ended)),
		Tags: map[string]string{}, Load: results.Load{Model: results.OpenLoop},
		Scenario:    results.ManifestScenario{Name: "steady", SHA256: "5ca1ab1e", Primary: "accept.p95"},
		Environment: results.Environment{Host: "bench", OS: "linux", Arch: "amd64", CPUs: 8, MemoryBytes: 16 << 30, Go: "go1.26"},
		Network: results.Network{
			ID: "fa92e5a4", Name: "LOCAL", BlockSeconds: r.BlockSeconds, Embedded: true, DB: "map",
			Endpoints: []results.Endpoint{{URL: "http://127.0.0.1:8088/v2", Version: "6.11.0", SubmitsBy: "direct"}},
		},
		SendEnded: ended,
		Observed:  results.Observed{AcceptMethod: results.MethodLiveFeed, AcceptResolutionMS: 1, ConfirmResolutionMS: 250},
	}
	if r.Change != nil {
		r.Change(m)
	}
	return m
}

// A writer tells a collector of a run's life.
type writer struct {
	Run
	c   *results.Collector
	rng *rand.Rand
}

// A sent entry is waiting for its block.
type sent struct {
	hash     factomd.Hash
	accepted int64
}

func (w *writer) write() (ended int64, err error) {
	const warm = int64(time.Second)
	block := int64(w.BlockSeconds * 1e9)
	gap := int64(1e9 / w.PerSecond)
	end := warm + int64(w.Entries)*gap
	w.c.Phase(0, results.Phase{Name: "warmup", Start: 0, End: warm})
	w.c.Phase(1, results.Phase{Name: "steady", Measured: true, Start: warm, End: end})

	total := int(warm/gap) + w.Entries
	level := math.Log(100e6 * w.Level)
	ofBlock := level + 0.05*w.rng.NormFloat64()
	height, closes := uint32(10), block
	var waiting []sent
	var one [1]results.Planned
	var ref [1]results.Ref
	save := func() error {
		s := results.Sighting{Height: height, Seen: closes}
		waiting = slices.DeleteFunc(waiting, func(e sent) bool {
			if e.accepted < closes {
				s.Entries = append(s.Entries, e.hash)
			}
			return e.accepted < closes
		})
		w.c.Polled(closes-1e6, height)
		w.c.Block(s)
		height, closes = height+1, closes+block
		ofBlock = level + 0.05*w.rng.NormFloat64()
		return w.c.Err()
	}
	for i := range total {
		at := int64(i) * gap
		for at >= closes {
			if err := save(); err != nil {
				return 0, err
			}
		}
		one[0] = results.Planned{Index: uint64(i), Kind: results.KindEntry, At: at, Size: 200, Credits: 1, Hash: w.hash()}
		if at >= warm {
			one[0].Phase = 1
		}
		refs, err := w.c.Plan(one[:], ref[:0])
		if err != nil {
			return 0, err
		}
		submit := int64(8e6 * math.Exp(0.3*w.rng.NormFloat64()))
		w.c.Submitted(refs[0], results.Submission{Sent: at + 1e5, Committed: at + submit/2, Revealed: at + submit})
		accepted := at + submit + int64(math.Exp(ofBlock+0.3*w.rng.NormFloat64()))
		w.c.Accept(one[0].Hash, accepted)
		if total-i > w.Lost {
			waiting = append(waiting, sent{one[0].Hash, accepted})
		}
	}
	for len(waiting) > 0 {
		if err := save(); err != nil {
			return 0, err
		}
	}
	for range 3 { // so that what is lost is
		if err := save(); err != nil {
			return 0, err
		}
	}
	for _, m := range w.c.Missing() {
		w.c.Audited(m)
	}
	if _, err := w.c.Finish(); err != nil {
		return 0, err
	}
	return closes, w.c.Flush()
}

func (w *writer) hash() (h factomd.Hash) {
	for i := 0; i < len(h); i += 8 {
		v := w.rng.Uint64()
		for k := range 8 {
			h[i+k] = byte(v >> (8 * k))
		}
	}
	return h
}
