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
	"sync/atomic"
	"testing"
	"time"

	"github.com/FactomProject/factom"
	"github.com/shirou/gopsutil/v4/process"

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

// A sinkLoad is a load of one phase, of chains of 1 KiB.
type sinkLoad struct {
	phase    scenarios.Phase
	inFlight int
	reveal   scenarios.Reveal
}

// run runs the load against the sink and returns how long it took.
func (l sinkLoad) run(b *testing.B, address string, tracker Tracker) time.Duration {
	b.Helper()
	client, err := factomd.New(factomd.Options{URL: "http://" + address, Connections: l.inFlight})
	if err != nil {
		b.Fatal(err)
	}
	defer client.Close()
	size := scenarios.Range{Min: 1024, Max: 1024}
	s := &scenarios.Scenario{Seed: 1}
	s.Workload = scenarios.Workload{Marker: "factom-load", Mix: []scenarios.Item{
		{Kind: scenarios.KindChain, Weight: 1, Size: size, ExtIDs: scenarios.Range{Min: 2, Max: 2}},
	}}
	s.Load = scenarios.Load{
		InFlight: l.inFlight, Late: scenarios.LateSend, Reveal: l.reveal, Phases: []scenarios.Phase{l.phase},
	}
	start := time.Now()
	g := New(Options{
		Scenario: s, Salt: "bench", Keys: []factomd.Key{factomd.LocalTestKey().EC()},
		Endpoints: []Endpoint{{Submitter: client, Weight: 1}}, Tracker: tracker, Start: start,
	})
	if err := g.Load(b.Context(), b.Context()); err != nil {
		b.Fatal(err)
	}
	return time.Since(start)
}

// fullSpeed is a load of so many entries, at a rate that nothing reaches.
func fullSpeed(entries int, reveal scenarios.Reveal) sinkLoad {
	return sinkLoad{
		phase:    scenarios.Phase{For: time.Duration(entries) * time.Microsecond, From: 1e6, To: 1e6},
		inFlight: 64, reveal: reveal,
	}
}

// record makes a file for entries.log, or nothing that keeps it.
func record(b *testing.B, keep bool) io.Writer {
	b.Helper()
	if !keep {
		return io.Discard
	}
	f, err := os.Create(filepath.Join(b.TempDir(), "entries.log"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { f.Close() })
	return f
}

// BenchmarkThroughput is the whole path at full speed: composing, signing, both
// calls, tracking and the record. Every request's pair is fresh.
func BenchmarkThroughput(b *testing.B) {
	address := sink(b)
	for _, reveal := range []scenarios.Reveal{scenarios.RevealAfter, scenarios.RevealTogether} {
		for name, keep := range map[string]bool{"recorded": true, "unrecorded": false} {
			b.Run(string(reveal)+"/"+name, func(b *testing.B) {
				tracker := results.NewCollector(record(b, keep))
				b.ResetTimer()
				took := fullSpeed(b.N, reveal).run(b, address, tracker)
				// What is composed in the lead, before the first is due, is no
				// throughput, and nor is the lead itself.
				entries := max(0, b.N-aheadJobs-aheadBatch)
				b.ReportMetric(2*float64(entries)/(took-lead).Seconds(), "requests/s")
			})
		}
	}
}

// A pacingTracker notes the schedule error of each submission.
type pacingTracker struct {
	*results.Collector
	mu      sync.Mutex
	planned map[results.Ref]int64
	errors  []float64 // µs
}

func (t *pacingTracker) Plan(batch []results.Planned, refs []results.Ref) ([]results.Ref, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := len(refs)
	refs, err := t.Collector.Plan(batch, refs)
	for i, ref := range refs[first:] {
		t.planned[ref] = batch[i].At
	}
	return refs, err
}

func (t *pacingTracker) Submitted(ref results.Ref, s results.Submission) {
	t.mu.Lock()
	t.errors = append(t.errors, math.Abs(float64(s.Sent-t.planned[ref]))/1e3)
	t.mu.Unlock()
	t.Collector.Submitted(ref, s)
}

// BenchmarkPacing is the schedule error at 1,000 entries a second, and what it
// costs: with no entries to make, a benchmark of a second does little else.
func BenchmarkPacing(b *testing.B) {
	address := sink(b)
	for b.Loop() {
		t := &pacingTracker{Collector: results.NewCollector(io.Discard), planned: map[results.Ref]int64{}}
		sinkLoad{phase: scenarios.Phase{For: 3 * time.Second, From: 1000, To: 1000}, inFlight: 1000}.run(b, address, t)
		slices.Sort(t.errors)
		at := func(q float64) float64 { return t.errors[int(q*float64(len(t.errors)-1))] }
		b.ReportMetric(at(0.5), "p50-µs")
		b.ReportMetric(at(0.99), "p99-µs")
		b.ReportMetric(at(0.999), "p99.9-µs")
		b.ReportMetric(at(1), "max-µs")
	}
}

// A confirmingTracker has what was submitted confirmed in a block soon after, as
// a node would.
type confirmingTracker struct {
	*results.Collector
	mu     sync.Mutex
	chains map[results.Ref]factomd.Hash
	done   []factomd.Hash
	height uint32
}

func (t *confirmingTracker) Plan(batch []results.Planned, refs []results.Ref) ([]results.Ref, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	first := len(refs)
	refs, err := t.Collector.Plan(batch, refs)
	for i, ref := range refs[first:] {
		t.chains[ref] = batch[i].Chain
	}
	return refs, err
}

func (t *confirmingTracker) Submitted(ref results.Ref, s results.Submission) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.done = append(t.done, t.chains[ref])
	delete(t.chains, ref)
	t.Collector.Submitted(ref, s)
	if len(t.done) == 10_000 {
		t.height++
		t.Collector.Block(results.Sighting{Height: t.height, Seen: s.Revealed, Chains: t.done})
		t.done = t.done[:0]
	}
}

// BenchmarkLongRun shows that memory does not grow with a run's length: run it
// with -benchtime 5000000x. The figures are the process's memory after a tenth
// of the entries and at the end.
func BenchmarkLongRun(b *testing.B) {
	address := sink(b)
	b.Run("recorded", func(b *testing.B) {
		t := &confirmingTracker{Collector: results.NewCollector(record(b, true)), chains: map[results.Ref]factomd.Hash{}}
		var early atomic.Uint64
		stop := make(chan struct{})
		watched := make(chan struct{})
		go func() {
			defer close(watched)
			for early.Load() == 0 {
				select {
				case <-stop:
					return
				case <-time.After(10 * time.Millisecond):
					if t.Counts().Submitted >= uint64(b.N)/10 {
						early.Store(rss(b))
					}
				}
			}
		}()
		fullSpeed(b.N, scenarios.RevealAfter).run(b, address, t)
		close(stop)
		<-watched
		b.ReportMetric(float64(early.Load())/1e6, "early-MB")
		b.ReportMetric(float64(rss(b))/1e6, "end-MB")
	})
}

func rss(b *testing.B) uint64 {
	p, err := process.NewProcess(int32(os.Getpid()))
	if err != nil {
		b.Error(err)
		return 0
	}
	m, err := p.MemoryInfo()
	if err != nil {
		b.Error(err)
		return 0
	}
	return m.RSS
}

// BenchmarkCompose is one entry of 1 KiB from its slot to the bodies of both
// requests, made in batches as for a load, or one by one. Beside it stand what it cannot do without, the entry's hashes and one
// signature, and the factom library's own way, which its users take today.
func BenchmarkCompose(b *testing.B) {
	key := factomd.LocalTestKey().EC()
	for name, batch := range map[string]int{"ours": aheadBatch, "one by one": 1} {
		b.Run(name, func(b *testing.B) {
			c := newComposer(1, "salt", "factom-load", []factomd.Key{key}, 1)
			jobs := make([]*job, batch)
			for i := range jobs {
				jobs[i] = &job{slot: slot{index: uint64(i), phase: 1, kind: results.KindEntry, size: 1024, extIDs: 1, credits: 1}}
			}
			b.ReportAllocs()
			for n := 0; b.Loop(); n++ {
				j := jobs[n%batch]
				j.slot.index += uint64(batch)
				c.add(j, 1_600_000_000_000)
				if n%batch == batch-1 {
					c.sign()
				}
			}
		})
	}
	b.Run("floor", func(b *testing.B) {
		entry, signed := make([]byte, 1024+factomd.HeaderSize), make([]byte, 40)
		b.ReportAllocs()
		for b.Loop() {
			factomd.EntryHash(entry)
			key.Sign(signed)
		}
	})
	b.Run("library", func(b *testing.B) {
		address, err := factom.MakeECAddress(make([]byte, 32))
		if err != nil {
			b.Fatal(err)
		}
		e := &factom.Entry{ChainID: factomd.Hash{1}.String(), ExtIDs: [][]byte{[]byte("factom-load")}, Content: make([]byte, 1024-13)}
		b.ReportAllocs()
		for b.Loop() {
			commit, err := factom.ComposeEntryCommit(e, address)
			if err != nil {
				b.Fatal(err)
			}
			reveal, err := factom.ComposeEntryReveal(e)
			if err != nil {
				b.Fatal(err)
			}
			for _, r := range []*factom.JSON2Request{commit, reveal} {
				if _, err := factom.EncodeJSON(r); err != nil {
					b.Fatal(err)
				}
			}
		}
	})
}
