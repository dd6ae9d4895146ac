package run

import (
	"context"
	"errors"
	"os"
	"runtime"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"github.com/FactomProject/factom-load/results"
)

// A seriesSampler writes series.log: one line a second.
type seriesSampler struct {
	file    *os.File
	start   time.Time
	process *process.Process // nil where it cannot be asked
	cpu     float64          // seconds
	maxRSS  uint64
}

func newSeriesSampler(file *os.File, start time.Time) *seriesSampler {
	s := &seriesSampler{file: file, start: start}
	if p, err := process.NewProcess(int32(os.Getpid())); err == nil {
		s.process = p
	}
	s.measure()
	return s
}

// measure returns what the process costs now.
func (s *seriesSampler) measure() (cpu float64, rss uint64) {
	if s.process == nil {
		return 0, 0
	}
	if t, err := s.process.Times(); err == nil {
		s.cpu = t.User + t.System
	}
	if m, err := s.process.MemoryInfo(); err == nil {
		rss = m.RSS
		s.maxRSS = max(s.maxRSS, rss)
	}
	return s.cpu, rss
}

// run writes a sample at the end of each second of the run, until ctx ends or
// the file cannot be written. fill adds what the run knows.
func (s *seriesSampler) run(ctx context.Context, fill func(*results.Sample)) error {
	for {
		now := time.Since(s.start)
		next := now.Truncate(time.Second) + time.Second
		timer := time.NewTimer(next - now)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		sample := results.Sample{At: int64(next), Goroutines: runtime.NumGoroutine()}
		sample.CPUSeconds, sample.RSSBytes = s.measure()
		fill(&sample)
		if err := results.AppendSample(s.file, sample); err != nil {
			return err
		}
	}
}

// cost returns what the run cost the harness: CPU seconds and the most memory.
func (s *seriesSampler) cost() (cpu float64, maxRSS uint64) {
	s.measure()
	return s.cpu, s.maxRSS
}

func (s *seriesSampler) close() error {
	return errors.Join(s.file.Sync(), s.file.Close())
}
