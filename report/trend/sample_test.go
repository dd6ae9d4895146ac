package trend_test

import (
	"bytes"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/report/trend"
	"github.com/FactomProject/factom-load/results"
)

// sample is the report of the night's run number i, whose latencies and the node's CPU
// are those of a usual night times slower, give or take 2.5 %.
func sample(i int, slower float64) *report.Report {
	random := rand.New(rand.NewPCG(uint64(i), 1))
	about := func(v float64) float64 { return v * slower * (1 + 0.025*random.NormFloat64()) }
	latency := func(ms float64) report.Latency {
		return report.Latency{Count: 9000, Min: ms / 9, Mean: ms, P50: about(ms), P90: about(2 * ms), P95: about(3 * ms), P99: about(4 * ms), P999: 9 * ms, Max: 10 * ms, Method: "live-feed"}
	}
	r := &report.Report{Schema: report.Schema, Verdict: report.Pass, VerdictWhy: "All thresholds were met."}
	r.Run.ID, r.Run.Started = fmt.Sprintf("run-%d", i), time.Date(2026, 1, 1, 3, 0, 0, 0, time.UTC).AddDate(0, 0, i)
	r.Run.Ended = r.Run.Started.Add(2 * time.Minute)
	r.Run.Tags = map[string]string{}
	r.Run.Scenario = report.Scenario{Name: "steady", SHA256: "9b1c47e2aabbccdd"}
	r.Environment.Host = "ci"
	r.Network = report.Network{ID: "fa92e5a3", Name: "LOCAL", Embedded: true, Endpoints: []report.NetworkEndpoint{{URL: "http://127.0.0.1:8088/v2", FactomdVersion: "6.12.0"}}}
	r.Totals = report.Totals{Planned: 10000, Sent: 10000, Confirmed: 10000}
	r.Rates.ConfirmedPerS = about(100) / slower
	r.LatencyMS = report.Latencies{Submit: latency(10), Accept: latency(100), Confirm: latency(5000)}
	r.Harness.OwnScheduleP99MS = 0.2
	r.Series = report.Series{IntervalS: 1, Columns: []string{"t_s", "planned", "node_cpu", "node_rss_bytes"}}
	nan := report.Number(math.NaN())
	r.Series.Rows = [][]report.Number{{0, 100, nan, nan}}
	for s := 1; s < 100; s++ {
		r.Series.Rows = append(r.Series.Rows, []report.Number{report.Number(s), 100, report.Number(about(0.5)), report.Number(1e8 + float64(s))})
	}
	return r
}

// begun is the run.json of a run that has not ended.
const begun = `{"schema": "` + results.ManifestSchema + `", "id": "begun"}`

// put writes a report as a run's directory has it.
func put(tb testing.TB, root, name string, r *report.Report) string {
	tb.Helper()
	dir := filepath.Join(root, name)
	var b bytes.Buffer
	if err := report.WriteJSON(&b, r); err != nil {
		tb.Fatal(err)
	}
	write(tb, filepath.Join(dir, "report.json"), b.String())
	write(tb, filepath.Join(dir, "report.html"), "<!doctype html>")
	return dir
}

func write(tb testing.TB, path, content string) {
	tb.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
		tb.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		tb.Fatal(err)
	}
}

// nights writes n runs, of which those from the one numbered from on are slower.
func nights(tb testing.TB, root string, n, from int, slower float64) {
	tb.Helper()
	for i := range n {
		by := 1.0
		if i >= from {
			by = slower
		}
		put(tb, root, fmt.Sprintf("nightly/%04d", i), sample(i, by))
	}
}

func index(tb testing.TB, root string) *trend.Runs {
	tb.Helper()
	runs, err := trend.Index(tb.Context(), root)
	if err != nil {
		tb.Fatal(err)
	}
	return runs
}
