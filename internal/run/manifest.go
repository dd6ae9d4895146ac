package run

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"runtime/metrics"
	"time"

	"github.com/shirou/gopsutil/v4/mem"

	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

func (r *run) newManifest() *results.Manifest {
	s, n := r.Scenario, r.network
	m := &results.Manifest{
		Schema: results.ManifestSchema,
		ID:     r.ID, ToolVersion: r.ToolVersion, Started: r.start.UTC(),
		Seed: s.Seed, Salt: r.Salt, Tags: r.Tags, Notes: r.Notes, Redact: r.Redact,
		Scenario: results.ManifestScenario{
			Name: s.Name, Description: s.Description, File: r.File, Text: r.Text, Overrides: r.Overrides,
			SHA256: s.SHA256(), Primary: string(s.Primary), Thresholds: []string{},
		},
		Load:   results.Load{Model: results.OpenLoop},
		Search: newSearch(s.Load.Search, n.blockTime), // a run that is killed tells of it
		Environment: results.Environment{
			OS: runtime.GOOS, Arch: runtime.GOARCH, CPUs: runtime.GOMAXPROCS(0), Go: runtime.Version(),
		},
		Network: results.Network{
			ID: fmt.Sprintf("%08x", n.identity.ID), Name: n.identity.Name,
			BlockSeconds: n.blockTime.Seconds(), Embedded: n.local != nil,
			Genesis: n.identity.Genesis.String(), Saved: n.saved, SavedBlock: n.block.String(),
		},
	}
	if local := s.Network.Local; local != nil {
		m.Network.DB = string(local.DB)
	}
	if l := s.Load; l.Closed() {
		m.Load = results.Load{Model: results.ClosedLoop, Users: l.Users, ThinkMS: milliseconds(l.Think)}
	}
	if m.Scenario.Overrides == nil {
		m.Scenario.Overrides = []string{}
	}
	for _, t := range s.Thresholds {
		m.Scenario.Thresholds = append(m.Scenario.Thresholds, t.Expression)
	}
	for _, e := range n.endpoints {
		m.Network.Endpoints = append(m.Network.Endpoints, results.Endpoint{
			URL: e.client.URL(), Version: e.version, SubmitsBy: e.client.SubmitsBy(s.Load.Reveal == scenarios.RevealTogether),
		})
	}
	m.Environment.Host, _ = os.Hostname()
	if memory, err := mem.VirtualMemory(); err == nil {
		m.Environment.MemoryBytes = memory.Total
	}
	m.Observed.AcceptMethod = results.MethodAckSample
	if n.feed != nil {
		m.Observed.AcceptMethod = results.MethodLiveFeed
	}
	return m
}

// complete fills in what is known when the run has ended.
func (r *run) complete() {
	m := r.manifest
	m.Ended = time.Now().UTC()
	now := r.measured()
	m.Observed, m.Harness = now.Observed, now.Harness
	if r.observer != nil {
		m.Observed.Minutes = r.observer.Minutes()
	}
}

// measured returns what the run has measured of itself so far. It is for the
// goroutine of the series, and for when that has ended.
func (r *run) measured() results.Measured {
	longest := time.Duration(r.pauses.longest.Load())
	method, resolution := r.acceptance(longest)
	o := results.Observed{
		AcceptMethod: method, AcceptResolutionMS: milliseconds(resolution),
		Requests: uint64(r.network.requests()), Feed: r.observedFeed(), Integrity: r.checker.Counts(),
	}
	if r.observer != nil {
		o.ConfirmResolutionMS = milliseconds(r.observer.Resolution())
	}
	h := results.Harness{
		HostileRequests: r.hostileRequests.Load(), ConnectionsMax: uint64(r.network.connections.Most()),
		GCPauseMaxMS: longestPause() * 1e3, PauseMaxMS: milliseconds(longest),
	}
	if r.generator != nil {
		h.SubmitRequests, h.RetryRequests = r.generator.Requests(), r.generator.Retries()
	}
	if r.queries != nil {
		h.QueryRequests = r.queries.caller.Requests()
	}
	h.CPUSeconds, h.MaxRSSBytes = r.sampling.cost()
	return results.Measured{Observed: o, Harness: h}
}

// longestPause returns the longest pause of the garbage collector so far, in
// seconds, rounded up to the next bound of the runtime's histogram.
func longestPause() float64 {
	sample := []metrics.Sample{{Name: "/sched/pauses/total/gc:seconds"}}
	metrics.Read(sample)
	if sample[0].Value.Kind() != metrics.KindFloat64Histogram {
		return 0
	}
	h := sample[0].Value.Float64Histogram()
	for i := len(h.Counts) - 1; i >= 0; i-- {
		if bound := h.Buckets[i+1]; h.Counts[i] > 0 && !math.IsInf(bound, 1) {
			return bound
		}
	}
	return 0
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
