package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
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
	bars  *mpb.Progress // nil without a terminal

	mu     sync.Mutex
	bar    *mpb.Bar  // of the stage
	counts *mpb.Bar  // the line of counts
	shown  time.Time // the last plain line
	rate   rateMeter
	closed bool

	// now is what the bars show. They read it while they draw, when the
	// screen may be waiting for them with its lock held.
	now atomic.Pointer[view]
}

// view is a run's state and the rate of its submits.
type view struct {
	run.Status
	perSecond float64
}

func newScreen(out io.Writer, quiet bool) *screen {
	s := &screen{out: out, quiet: quiet}
	s.now.Store(&view{})
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
	out := s.out
	if s.bars != nil && !s.closed {
		out = s.bars
	}
	fmt.Fprintf(out, format+"\n", args...)
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
	s.rate.add(st.Counts.Submitted, time.Now())
	v := &view{st, s.rate.perSecond}
	changed := st.Stage != s.now.Swap(v).Stage
	if s.bars == nil {
		if changed || time.Since(s.shown) >= plainInterval {
			s.shown = time.Now()
			fmt.Fprintln(s.out, v.line())
		}
		return
	}
	if changed {
		s.newBar(v)
	}
	if st.Length > 0 {
		// Never full: a complete bar could not be taken away any more.
		s.bar.SetCurrent(min(int64(st.Elapsed), int64(st.Length)-1))
	}
}

// newBar begins the bar of a stage, in the place of the last one.
func (s *screen) newBar(v *view) {
	if s.bar != nil {
		s.bar.Abort(true)
	}
	read := func(f func(*view) string) decor.Decorator {
		return decor.Any(func(decor.Statistics) string { return f(s.now.Load()) })
	}
	total, style := int64(v.Length), mpb.BarFillerBuilder(mpb.BarStyle())
	after := func(v *view) string { return " " + v.left() }
	if total == 0 {
		style = mpb.SpinnerStyle()
		after = func(v *view) string { return " " + v.Elapsed.Round(time.Second).String() }
	}
	s.bar = s.bars.New(total, style, mpb.BarPriority(0),
		mpb.PrependDecorators(read(func(v *view) string { return v.title() + " " })),
		mpb.AppendDecorators(read(after)))
	if s.counts == nil {
		s.counts = s.bars.New(0, mpb.NopStyle(), mpb.BarPriority(1), mpb.PrependDecorators(read((*view).counts)))
	}
}

// close ends the bars. It can be called twice.
func (s *screen) close() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	if s.bars == nil {
		return
	}
	if s.bar != nil {
		s.bar.Abort(true)
		s.counts.Abort(true)
	}
	s.bars.Wait()
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
	case run.StageSearch:
		return "search"
	case run.StageWait:
		return "waiting for blocks"
	case run.StageAudit:
		return "looking for lost entries"
	}
	return stage
}

// title is the stage, and within the load its phase.
func (v *view) title() string {
	if v.Phase != "" {
		return stageTitle(v.Stage) + " (" + v.Phase + ")"
	}
	return stageTitle(v.Stage)
}

// left is how long the stage will still take at least.
func (v *view) left() string {
	return max(0, v.Length-v.Elapsed).Round(time.Second).String() + " left"
}

// counts is how far the entries are, or nothing before there are some.
func (v *view) counts() string {
	if v.Stage == run.StageNetwork || v.Stage == run.StageCredits {
		return ""
	}
	c := v.Counts
	line := strconv.FormatUint(c.Submitted, 10)
	if v.Planned > 0 {
		line += fmt.Sprintf(" of %d", v.Planned)
	}
	line += fmt.Sprintf(" submitted (%.0f/s), %d in flight, %d accepted, %d confirmed, %d errors",
		v.perSecond, v.InFlight, c.Accepted, c.Confirmed, c.Rejected+c.Failed)
	if v.Height > 0 {
		line += fmt.Sprintf("; block %d minute %d", v.Height+1, v.Minute)
	}
	return line
}

// line is all of it, where there are no bars.
func (v *view) line() string {
	line := v.title()
	if counts := v.counts(); counts != "" {
		line += ": " + counts
	}
	if v.Length > 0 {
		line += "; " + v.left()
	}
	return line
}

// rateMeter turns a count into a rate over the last two seconds or so.
type rateMeter struct {
	count     uint64
	at        time.Time
	perSecond float64
}

func (m *rateMeter) add(count uint64, now time.Time) {
	switch elapsed := now.Sub(m.at); {
	case m.at.IsZero():
		m.count, m.at = count, now
	case elapsed >= 2*time.Second:
		m.perSecond = float64(count-m.count) / elapsed.Seconds()
		m.count, m.at = count, now
	}
}
