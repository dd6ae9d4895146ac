package run_test

import (
	"context"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// instantNode takes everything at once.
type instantNode struct{}

func (instantNode) Submit(context.Context, []byte, factomd.Hash) (sent, answered time.Time, err error) {
	now := time.Now()
	return now, now, nil
}

func (instantNode) SubmitTogether(context.Context, []byte, []byte, factomd.Hash) factomd.Pair {
	now := time.Now()
	return factomd.Pair{Sent: now, Committed: now, Revealed: now, Tried: true, Calls: 2}
}

// perBlock is how many entries the blocks of these runs have.
const perBlock = 20_000

// A saving collector has what was submitted accepted, as a live feed would, and
// confirmed in a block soon after.
type saving struct {
	*results.Collector
	start  time.Time
	mu     sync.Mutex
	hashes []factomd.Hash // by Ref
	block  results.Sighting
}

func (s *saving) Plan(batch []results.Planned, refs []results.Ref) ([]results.Ref, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	first := len(refs)
	refs, err := s.Collector.Plan(batch, refs)
	for i, ref := range refs[first:] {
		for int(ref) >= len(s.hashes) {
			s.hashes = append(s.hashes, factomd.Hash{})
		}
		s.hashes[ref] = batch[i].Hash
	}
	return refs, err
}

func (s *saving) Submitted(ref results.Ref, sub results.Submission) {
	s.mu.Lock()
	defer s.mu.Unlock()
	hash := s.hashes[ref]
	s.Collector.Submitted(ref, sub)
	s.Accept(hash, sub.Revealed+int64(time.Millisecond))
	if s.block.Entries = append(s.block.Entries, hash); len(s.block.Entries) >= perBlock {
		s.save()
	}
}

func (s *saving) save() {
	s.block.Height++
	s.block.Seen = int64(time.Since(s.start))
	s.Polled(s.block.Seen, s.block.Height)
	s.Block(s.block)
	s.block.Entries = s.block.Entries[:0]
}

// steadyScenario has so many entries, at a rate that a machine of two cores keeps.
func steadyScenario(b testing.TB, entries int) *scenarios.Scenario {
	b.Helper()
	const rate = 20_000
	s, err := scenarios.Parse(fmt.Appendf(nil, `version: 1
credits: {key: local-test-key, budget: 1000000000}
workload: {chains: 10, mix: [{kind: entry, size: 100..300B}]}
load: {phases: [{for: %s, rate: %d/s}]}
`, time.Duration(entries)*time.Second/rate, rate), "flat.yaml")
	if err != nil {
		b.Fatal(err)
	}
	return s
}

// BenchmarkFlat shows that memory does not grow with a run's length: run it with
// -benchtime 10000000x. It drives so many entries through the generator, the collector
// and a record in segments, and then makes the report of it. The figures are the most
// memory that the process has had, after a tenth of the entries, at the end of the
// load and of the report.
func BenchmarkFlat(b *testing.B) {
	s := steadyScenario(b, b.N)
	dir, err := results.Create(filepath.Join(b.TempDir(), "run"))
	if err != nil {
		b.Fatal(err)
	}
	defer dir.Close()
	log, err := dir.OpenLog(results.LogOptions{Segment: s.Record.Segment, Say: b.Errorf})
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	tracker := &saving{Collector: results.NewCollector(log), start: start}
	g := generator.New(generator.Options{
		Scenario: s, Salt: "flat", Keys: []factomd.Key{factomd.LocalTestKey().EC()},
		Endpoints: []generator.Endpoint{{Submitter: instantNode{}, Weight: 1}}, Tracker: tracker, Start: start,
	})
	keep, end := context.WithCancel(b.Context())
	var kept sync.WaitGroup
	early := 0.0
	kept.Go(func() {
		for tick := time.Tick(200 * time.Millisecond); keep.Err() == nil; <-tick {
			if err := tracker.Flush(); err != nil {
				b.Error(err)
			}
			if tracker.Counts().Submitted <= uint64(b.N)/10 {
				early = mostMemory(b)
			}
		}
	})
	if err := g.Setup(b.Context(), b.Context()); err != nil {
		b.Fatal(err)
	}
	tracker.save()
	if err := g.Load(b.Context(), b.Context()); err != nil {
		b.Fatal(err)
	}
	end()
	kept.Wait()
	tracker.save()
	if _, err := tracker.Finish(); err != nil {
		b.Fatal(err)
	}
	if err := log.Close(); err != nil {
		b.Fatal(err)
	}
	load := mostMemory(b)
	m := &results.Manifest{
		Schema: results.ManifestSchema, Started: start, Ended: time.Now(), SendEnded: g.Ended(),
		Network: results.Network{BlockSeconds: 10, Endpoints: []results.Endpoint{{URL: "http://127.0.0.1/v2"}}},
	}
	if err := dir.WriteManifest(m); err != nil {
		b.Fatal(err)
	}
	reporting := time.Now()
	r, err := report.Build(dir.Path)
	if err != nil {
		b.Fatal(err)
	}
	if err := report.WriteFiles(dir.Path, r); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(time.Since(reporting).Nanoseconds())/float64(b.N), "report-ns/entry")
	b.ReportMetric(early, "early-MB")
	b.ReportMetric(load, "load-MB")
	b.ReportMetric(mostMemory(b), "MB")
	if t := r.Totals; t.Confirmed != t.Planned || t.Planned < uint64(b.N) {
		b.Errorf("%+v: %s", t, r.VerdictWhy)
	}
}

// mostMemory returns the most that this process has had, in MB.
func mostMemory(b *testing.B) float64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Maxrss) * 1024 / 1e6
}
