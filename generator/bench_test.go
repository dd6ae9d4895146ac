package generator

import (
	"bufio"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// sink returns the address of a server that takes everything: the one that
// FACTOM_LOAD_SINK names, or a process of its own.
func sink(b *testing.B) string {
	b.Helper()
	if address := os.Getenv("FACTOM_LOAD_SINK"); address != "" {
		return address
	}
	program := filepath.Join(b.TempDir(), "sink")
	if out, err := exec.Command("go", "build", "-o", program, "../internal/bench/sink").CombinedOutput(); err != nil {
		b.Fatalf("building the sink: %v\n%s", err, out)
	}
	cmd := exec.Command(program)
	stdin, err := cmd.StdinPipe() // its end ends the sink
	if err != nil {
		b.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		stdin.Close()
		cmd.Wait()
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return strings.TrimSpace(address)
}

// loadSink runs a load of one phase against the sink and returns how long it
// took.
func loadSink(b *testing.B, address string, phase scenarios.Phase, inFlight int, log io.Writer, watch func(s results.Submission, planned int64)) time.Duration {
	b.Helper()
	client, err := factomd.New(factomd.Options{URL: "http://" + address, Connections: inFlight})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	s := &scenarios.Scenario{Seed: 1}
	s.Workload = scenarios.Workload{Marker: "factom-load", Mix: []scenarios.Item{
		{Kind: scenarios.KindChain, Weight: 1, Size: scenarios.Range{Min: 1024, Max: 1024}, ExtIDs: scenarios.Range{Min: 2, Max: 2}},
	}}
	s.Load = scenarios.Load{InFlight: inFlight, Late: scenarios.LateSend, Phases: []scenarios.Phase{phase}}
	start := time.Now()
	var tracker Tracker = results.NewCollector(log)
	if watch != nil {
		tracker = &watcher{Tracker: tracker, planned: map[results.Ref]int64{}, watch: watch}
	}
	g := New(Options{
		Scenario: s, Salt: "bench", Key: factomd.LocalTestKey().EC(),
		Endpoints: []Endpoint{{Submitter: client, Weight: 1}}, Tracker: tracker, Start: start,
	})
	if err := g.Load(b.Context(), b.Context()); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// A watcher passes on what a tracker is told, and shows each submission.
type watcher struct {
	Tracker
	mu      sync.Mutex
	planned map[results.Ref]int64
	watch   func(s results.Submission, planned int64)
}

func (w *watcher) Plan(batch []results.Planned, refs []results.Ref) ([]results.Ref, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	first := len(refs)
	refs, err := w.Tracker.Plan(batch, refs)
	for i, ref := range refs[first:] {
		w.planned[ref] = batch[i].At
	}
	return refs, err
}

func (w *watcher) Submitted(ref results.Ref, s results.Submission) {
	w.mu.Lock()
	planned := w.planned[ref]
	w.mu.Unlock()
	w.watch(s, planned)
	w.Tracker.Submitted(ref, s)
}

// BenchmarkThroughput is the whole path at full speed: composing, signing, both
// calls, tracking and the record. Every request's pair is fresh.
func BenchmarkThroughput(b *testing.B) {
	address := sink(b)
	for _, log := range []struct {
		name string
		file bool
	}{{"recorded", true}, {"unrecorded", false}} {
		b.Run(log.name, func(b *testing.B) {
			out := io.Discard
			if log.file {
				f, err := os.Create(filepath.Join(b.TempDir(), "entries.log"))
				if err != nil {
					b.Fatal(err)
				}
				defer f.Close()
				out = f
			}
			entries := b.N
			phase := scenarios.Phase{For: time.Duration(float64(entries) / 1e6 * 1e9), From: 1e6, To: 1e6}
			b.ResetTimer()
			took := loadSink(b, address, phase, 64, out, nil)
			b.ReportMetric(2*float64(entries)/took.Seconds(), "requests/s")
		})
	}
}

// BenchmarkPacing is the schedule error at 1,000 entries a second.
func BenchmarkPacing(b *testing.B) {
	address := sink(b)
	for b.Loop() {
		var errors []float64
		phase := scenarios.Phase{For: 3 * time.Second, From: 1000, To: 1000}
		record := make(chan float64, 4096)
		loadSink(b, address, phase, 1000, io.Discard, func(s results.Submission, planned int64) {
			record <- math.Abs(float64(s.Sent-planned)) / 1e3
		})
		close(record)
		for e := range record {
			errors = append(errors, e)
		}
		slices.Sort(errors)
		at := func(q float64) float64 { return errors[int(q*float64(len(errors)-1))] }
		b.ReportMetric(at(0.5), "p50-µs")
		b.ReportMetric(at(0.99), "p99-µs")
		b.ReportMetric(at(0.999), "p99.9-µs")
		b.ReportMetric(at(1), "max-µs")
	}
}
