package run

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime"
	"sync/atomic"
	"time"

	"github.com/shirou/gopsutil/v4/process"

	"github.com/FactomProject/factom-load/results"
)

// A meter measures what a process costs. The zero meter measures nothing.
type meter struct {
	process *process.Process
	cpu     float64 // seconds since the process started
	maxRSS  uint64  // bytes
}

func newMeter(pid int) meter {
	p, err := process.NewProcess(int32(pid))
	if err != nil {
		return meter{} // it cannot be asked, or is gone
	}
	return meter{process: p}
}

// read returns the CPU seconds and the memory of the process, 0 where they are
// not known.
func (m *meter) read() (cpu float64, rss uint64) {
	if m.process == nil {
		return 0, 0
	}
	if t, err := m.process.Times(); err == nil {
		m.cpu = t.User + t.System
	}
	if info, err := m.process.MemoryInfo(); err == nil {
		rss = info.RSS
		m.maxRSS = max(m.maxRSS, rss)
	}
	return m.cpu, rss
}

// A seriesSampler writes series.log: one line a second, and one a block.
type seriesSampler struct {
	file    *os.File
	start   time.Time
	harness meter
	node    meter // of a local node
}

func newSeriesSampler(file *os.File, start time.Time, n *network) *seriesSampler {
	s := &seriesSampler{file: file, start: start, harness: newMeter(os.Getpid())}
	if n.local != nil {
		s.node = newMeter(n.local.PID())
	}
	s.harness.read()
	return s
}

// measuredEvery is how often what the run has measured of itself goes on record, so
// that a run which is killed has it too.
const measuredEvery = 5 * time.Second

// run writes a sample at the end of each second of the run, until ctx ends or
// the file cannot be written, and now and then what was measured so far. fill adds
// what the run knows.
func (s *seriesSampler) run(ctx context.Context, fill func(*results.Sample), measured func() results.Measured) error {
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
		sample.CPUSeconds, sample.RSSBytes = s.harness.read()
		sample.NodeCPUSeconds, sample.NodeRSSBytes = s.node.read()
		fill(&sample)
		if err := results.AppendSample(s.file, sample); err != nil {
			return err
		}
		if next%measuredEvery == 0 {
			if err := results.AppendMeasured(s.file, measured()); err != nil {
				return err
			}
		}
	}
}

// cost returns what the run cost the harness: CPU seconds and the most memory.
func (s *seriesSampler) cost() (cpu float64, maxRSS uint64) {
	s.harness.read()
	return s.harness.cpu, s.harness.maxRSS
}

func (s *seriesSampler) close() error {
	return errors.Join(s.file.Sync(), s.file.Close())
}

// A pauseMeter finds out how long the harness as a whole stood still: suspended,
// or without a processor.
type pauseMeter struct{ longest atomic.Int64 }

// notable is how long the harness must stand still, or by how much the wall clock
// must move against the monotonic one, to be an event.
const notable = time.Second

// run measures until ctx ends: a sleep that took longer than it should have is a
// pause. It tells of the notable ones, and of steps of the wall clock.
func (m *pauseMeter) run(ctx context.Context, start time.Time, tell func(results.Event)) {
	const step = 10 * time.Millisecond
	tick := time.NewTimer(step)
	defer tick.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := time.Now()
		pause := now.Sub(last) - step
		m.longest.Store(max(m.longest.Load(), int64(pause)))
		for _, e := range clockEvents(int64(last.Sub(start)), pause, now.Round(0).Sub(last.Round(0))-now.Sub(last)) {
			tell(e)
		}
		last = now
		tick.Reset(step)
	}
}

// clockEvents returns what is notable of a sleep that began at an instant: a pause
// in it, and by how much the wall clock moved against the monotonic one.
func clockEvents(at int64, pause, moved time.Duration) (events []results.Event) {
	if pause > notable {
		events = append(events, results.Event{At: at, Kind: results.Suspended,
			Detail: fmt.Sprintf("the harness stood still for %s: nothing was sent or seen", pause.Round(10*time.Millisecond))})
	}
	if moved.Abs() > notable {
		way := "forward"
		if moved < 0 {
			way = "back"
		}
		events = append(events, results.Event{At: at + int64(pause), Kind: results.ClockStep,
			Detail: fmt.Sprintf("this machine's wall clock went %s by %s", way, moved.Abs().Round(10*time.Millisecond))})
	}
	return events
}
