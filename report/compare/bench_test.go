package compare

import (
	"fmt"
	"path/filepath"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/FactomProject/factom-load/internal/syntheticrun"
)

// BenchmarkCompare compares five runs a side, of a thousand entries each, and of a
// million unless -short is given. To write those takes longer than to compare them, and
// does not count. MB is the most memory that the process has had.
func BenchmarkCompare(b *testing.B) {
	for _, entries := range []int{1_000, 1_000_000} {
		b.Run(fmt.Sprint(entries), func(b *testing.B) {
			if testing.Short() && entries > 1_000 {
				b.Skip("writes 800 MB")
			}
			var o Options
			dir := b.TempDir()
			for i := range 10 {
				r := syntheticrun.Run{
					Seed: uint64(i), Entries: entries, PerSecond: 1000, BlockSeconds: 10,
					Level: 1 + 0.01*float64(i),
				}
				run := filepath.Join(dir, fmt.Sprint(i))
				if err := syntheticrun.Write(run, r); err != nil {
					b.Fatal(err)
				}
				if i%2 == 0 {
					o.Base = append(o.Base, run)
				} else {
					o.Candidate = append(o.Candidate, run)
				}
			}
			for b.Loop() {
				c, err := Runs(b.Context(), o)
				if err != nil {
					b.Fatal(err)
				}
				if len(c.curves[0]) != 5 || len(c.curves[1]) != 5 {
					b.Fatalf("some runs were left out: %v", c.Notes)
				}
			}
			b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/comparison")
			b.ReportMetric(mostMemory(b), "MB")
		})
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
