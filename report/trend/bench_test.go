package trend_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/FactomProject/factom-load/internal/syntheticrun"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/report/trend"
)

// BenchmarkIndex indexes 1,000 runs by their reports, without an index and with one; and
// a hundred runs without reports by their records.
func BenchmarkIndex(b *testing.B) {
	const n, records = 1000, 100
	indexed := func(b *testing.B, root string, n, read int) {
		if runs := index(b, root); len(runs.Reported) != n || runs.Read != read {
			b.Fatalf("%d runs, %d read", len(runs.Reported), runs.Read)
		}
	}
	cold := func(b *testing.B, root string, n int) {
		for b.Loop() {
			os.Remove(filepath.Join(root, trend.IndexFile)) // not there the first time
			indexed(b, root, n, n)
		}
	}
	b.Run("reports", func(b *testing.B) { cold(b, manyReports(b, n), n) })
	b.Run("records", func(b *testing.B) {
		root := b.TempDir()
		for i := range records {
			if err := syntheticrun.Write(filepath.Join(root, fmt.Sprint(i)), syntheticrun.Run{Seed: uint64(i)}); err != nil {
				b.Fatal(err)
			}
		}
		cold(b, root, records)
	})
	b.Run("warm", func(b *testing.B) {
		root := manyReports(b, n)
		indexed(b, root, n, n)
		for b.Loop() {
			indexed(b, root, n, 0)
		}
	})
}

// manyReports writes the report of one synthetic run under n ids.
func manyReports(tb testing.TB, n int) (root string) {
	tb.Helper()
	root = tb.TempDir()
	one := filepath.Join(tb.TempDir(), "one")
	if err := syntheticrun.Write(one, syntheticrun.Run{Seed: 1}); err != nil {
		tb.Fatal(err)
	}
	r, err := report.Build(one)
	if err != nil {
		tb.Fatal(err)
	}
	for i := range n {
		r.Run.ID = fmt.Sprintf("run-%d", i)
		put(tb, root, r.Run.ID, r)
	}
	return root
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
