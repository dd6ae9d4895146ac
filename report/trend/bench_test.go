package trend_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/internal/syntheticrun"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/report/trend"
)

// manyRuns writes the reports of n runs: that of one synthetic run, under other ids.
func manyRuns(tb testing.TB, n int) string {
	tb.Helper()
	root := tb.TempDir()
	one := filepath.Join(tb.TempDir(), "one")
	if err := syntheticrun.Write(one, syntheticrun.Run{Seed: 1}); err != nil {
		tb.Fatal(err)
	}
	r, err := report.Build(one)
	if err != nil {
		tb.Fatal(err)
	}
	var b bytes.Buffer
	if err := report.WriteJSON(&b, r); err != nil {
		tb.Fatal(err)
	}
	id := fmt.Sprintf("%q", r.Run.ID)
	for i := range n {
		write(tb, filepath.Join(root, fmt.Sprintf("%05d", i), "report.json"), strings.Replace(b.String(), id, fmt.Sprintf(`"run-%d"`, i), 1))
	}
	tb.Logf("reports of %d bytes", b.Len())
	return root
}

// BenchmarkIndexCold indexes 1,000 runs without an index; BenchmarkIndexWarm with one.
func BenchmarkIndexCold(b *testing.B) {
	root := manyRuns(b, 1000)
	for b.Loop() {
		os.Remove(filepath.Join(root, trend.IndexFile))
		index(b, root)
	}
}

// BenchmarkBuild judges a load of 1,000 runs, whose levels never change, change once,
// ten times, and for a fortnight.
func BenchmarkBuild(b *testing.B) {
	const n = 1000
	for _, history := range []struct {
		name string
		slow func(i int) bool
	}{
		{"steady", func(int) bool { return false }},
		{"step", func(i int) bool { return i >= n/2 }},
		{"steps", func(i int) bool { return i*11/n%2 == 1 }},
		{"fortnight", func(i int) bool { return i >= n/2 && i < n/2+14 }},
	} {
		b.Run(history.name, func(b *testing.B) {
			random := rand.New(rand.NewPCG(1, 2))
			runs := &trend.Runs{}
			for i := range n {
				r := trend.Run{ID: fmt.Sprint(i), Scenario: "steady", Started: sample(0, 1).Run.Started.AddDate(0, 0, i), Verdict: report.Pass, Values: map[string]float64{}}
				level := 100.0
				if history.slow(i) {
					level = 120
				}
				for _, metric := range []string{
					"accept.p50", "accept.p95", "accept.p99", "confirm.p50", "confirm.p95", "confirm.p99", "submit.p50", "submit.p95", "submit.p99",
					"confirmed_per_s", "node_cpu_ms_per_entry", "node_rss_peak_bytes", "own_schedule.p99",
				} {
					r.Values[metric] = level * (1 + 0.03*random.NormFloat64())
				}
				runs.Reported = append(runs.Reported, r)
			}
			for b.Loop() {
				t := trend.Build(runs, trend.Options{})
				b.ReportMetric(float64(len(t.Groups[0].Metrics[0].Changes)), "changes")
			}
		})
	}
}
