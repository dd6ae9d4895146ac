package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
	"golang.org/x/term"

	"github.com/FactomProject/factom-load/internal/run"
)

// plainInterval is how often a line comes where there is no terminal.
const plainInterval = 10 * time.Second

// A screen shows a run's progress: bars on a terminal, and elsewhere a plain
// line now and then. Messages stand between.
type screen struct {
	out   io.Writer
	quiet bool

	mu      sync.Mutex
	bars    *mpb.Progress // nil without a terminal
	bar     *mpb.Bar      // of the stage
	counts  *mpb.Bar      // the line of counts
	current run.Status
	shown   time.Time // the last plain line
	rate    rateMeter
	closed  bool
}

func newScreen(out io.Writer, quiet bool) *screen {
	s := &screen{out: out, quiet: quiet}
	if f, ok := out.(*os.File); ok && !quiet && term.IsTerminal(int(f.Fd())) {
		s.bars = mpb.New(mpb.WithOutput(out), mpb.WithWidth(40), mpb.WithRefreshRate(200*time.Millisecond), mpb.WithAutoRefresh())
	}
	return s
}

// say prints a message.
func (s *screen) say(format string, args ...any) {
	if s.quiet {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	line := fmt.Sprintf(format, args...) + "\n"
	if s.bars != nil && !s.closed {
		io.WriteString(s.bars, line)
		return
	}
	io.WriteString(s.out, line)
}

// show takes a run's state.
func (s *screen) show(st run.Status) {
	if s.quiet {
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	changed := st.Stage != s.current.Stage
	s.current = st
	s.rate.add(st.Counts.Submitted, time.Now())
	if s.bars == nil {
		if changed || time.Since(s.shown) >= plainInterval {
			s.shown = time.Now()
			fmt.Fprintln(s.out, plainLine(st, s.rate.perSecond()))
		}
		return
	}
	if changed {
		s.newBar(st)
	}
	if st.Length > 0 {
		s.bar.SetCurrent(min(int64(st.Elapsed), int64(st.Length)))
	}
}

// newBar begins the bar of a stage, in the place of the last one.
func (s *screen) newBar(st run.Status) {
	if s.bar != nil {
		s.bar.Abort(true)
	}
	read := func(f func(run.Status) string) decor.Decorator {
		return decor.Any(func(decor.Statistics) string {
			s.mu.Lock()
			defer s.mu.Unlock()
			return f(s.current)
		})
	}
	title := decor.Name(stageTitle(st.Stage), decor.WCSyncSpaceR)
	if st.Length > 0 {
		s.bar = s.bars.New(int64(st.Length), mpb.BarStyle(),
			mpb.BarPriority(0),
			mpb.PrependDecorators(title, read(func(st run.Status) string { return st.Phase })),
			mpb.AppendDecorators(read(func(st run.Status) string {
				return fmt.Sprintf(" %s left", max(0, st.Length-st.Elapsed).Round(time.Second))
			})))
	} else {
		s.bar = s.bars.New(0, mpb.SpinnerStyle(),
			mpb.BarPriority(0),
			mpb.PrependDecorators(title),
			mpb.AppendDecorators(read(func(st run.Status) string { return " " + st.Elapsed.Round(time.Second).String() })))
	}
	if s.counts == nil {
		s.counts = s.bars.New(0, mpb.NopStyle(), mpb.BarPriority(1),
			mpb.PrependDecorators(read(func(st run.Status) string { return countsLine(st, s.rate.perSecond()) })))
	}
}

// close ends the bars. It can be called twice.
func (s *screen) close() {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.closed = true
	bars, bar, counts := s.bars, s.bar, s.counts
	s.mu.Unlock() // the decorators take it to draw the last time
	if bars == nil {
		return
	}
	if bar != nil {
		bar.Abort(true)
		counts.Abort(true)
	}
	bars.Wait()
}

func stageTitle(stage string) string {
	switch stage {
	case run.StageNetwork:
		return "reaching the network"
	case run.StageCredits:
		return "getting entry credits"
	case run.StageSetup:
		return "making chains"
	case run.StageLoad:
		return "load"
	case run.StageWait:
		return "waiting for blocks"
	case run.StageAudit:
		return "looking for lost entries"
	}
	return stage
}

func countsLine(st run.Status, perSecond float64) string {
	if st.Stage == run.StageNetwork || st.Stage == run.StageCredits {
		return ""
	}
	c := st.Counts
	line := fmt.Sprintf("%d of %d submitted (%.0f/s), %d in flight, %d accepted, %d confirmed, %d errors",
		c.Submitted, st.Planned, perSecond, st.InFlight, c.Accepted, c.Confirmed, c.Rejected+c.Failed)
	if st.Height > 0 {
		line += fmt.Sprintf("; block %d minute %d", st.Height+1, st.Minute)
	}
	return line
}

func plainLine(st run.Status, perSecond float64) string {
	line := stageTitle(st.Stage)
	if st.Phase != "" {
		line += " (" + st.Phase + ")"
	}
	if counts := countsLine(st, perSecond); counts != "" {
		line += ": " + counts
	}
	if st.Length > 0 {
		line += fmt.Sprintf("; %s left", max(0, st.Length-st.Elapsed).Round(time.Second))
	}
	return line
}

// rateMeter turns a count into a rate over the last two seconds or so.
type rateMeter struct {
	count uint64
	at    time.Time
	rate  float64
}

func (m *rateMeter) add(count uint64, now time.Time) {
	switch elapsed := now.Sub(m.at); {
	case m.at.IsZero():
		m.count, m.at = count, now
	case elapsed >= 2*time.Second:
		m.rate = float64(count-m.count) / elapsed.Seconds()
		m.count, m.at = count, now
	}
}

func (m *rateMeter) perSecond() float64 { return m.rate }
