package report

import (
	"bufio"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/FactomProject/factom-load/results"
)

// exportHDR writes the latencies of the measured phases as an HDR histogram log of
// version 1.3: one line for each stage and each interval of a phase, by the planned
// instants of the entries. Intervals begin with a phase and never span two; with an
// interval of 0 they are the phases. A stage that no entry of an interval came to has
// no line. Times are seconds since the run's start, values nanoseconds, maxima
// milliseconds, as in the logs of other tools.
func exportHDR(w io.Writer, path string, m *results.Manifest, interval time.Duration, say func(string) string) error {
	if left, err := results.ReadReduction(path); err != nil {
		return err
	} else if left != nil {
		return fmt.Errorf("%w: histograms of the entries that are left would not be the run's\n"+
			"    hint: latency_ms of %s has those of the whole run and of each phase", results.ErrReduced, JSONFile)
	}
	f := newFold(m)
	intervals := intervalFold{fold: f, length: int64(interval), say: say}
	summary, err := results.ReadEntries(path, results.Reader{Phase: f.phase, Entry: intervals.entry})
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(w, 1<<16)
	if err := intervals.write(buffered); err != nil {
		return fmt.Errorf("writing the histogram log: %w", err)
	}
	if err := buffered.Flush(); err != nil {
		return fmt.Errorf("writing the histogram log: %w", err)
	}
	if why := incomplete(summary); why != "" {
		return fmt.Errorf("the export is not complete: %s", why)
	}
	return nil
}

// An intervalFold collects the latencies of each interval of the measured phases.
type intervalFold struct {
	*fold
	length int64 // nanoseconds; 0 for whole phases
	say    func(string) string
	phases [][]intervalStage // by phase and interval
}

// An intervalStage has the histograms of one interval, nil where nothing was
// recorded. They take a few kilobytes each: a night has thousands.
type intervalStage [len(latencyStages)]*hdrhistogram.PackedHistogram

func (f *intervalFold) entry(e *results.Entry) error {
	if e.Phase >= len(f.fold.phases) || !f.fold.phases[e.Phase].Measured {
		return nil
	}
	for len(f.phases) <= e.Phase {
		f.phases = append(f.phases, nil)
	}
	at := 0
	if f.length > 0 {
		p := f.fold.phases[e.Phase]
		at = int(max(0, min(e.Planned, p.End-1)-p.Start) / f.length)
	}
	for len(f.phases[e.Phase]) <= at {
		f.phases[e.Phase] = append(f.phases[e.Phase], intervalStage{})
	}
	stages := &f.phases[e.Phase][at]
	for i, ns := range latenciesOf(e) {
		if ns == results.Never {
			continue
		}
		if stages[i] == nil {
			stages[i] = hdrhistogram.NewPacked(histogramMin, histogramMax, histogramDigits)
		}
		if err := stages[i].RecordValue(min(max(ns, histogramMin), histogramMax)); err != nil {
			return fmt.Errorf("recording a latency of %d ns: %w", ns, err)
		}
	}
	return nil
}

func (f *intervalFold) write(w io.Writer) error {
	started := float64(f.m.Started.UnixMilli()) / 1e3
	fmt.Fprintf(w, "#[Logged with factom-load %s, run %s, scenario %s]\n", logComment(f.say(f.m.ToolVersion)), logComment(f.say(f.m.ID)), logComment(f.say(f.m.Scenario.Name)))
	fmt.Fprintf(w, "#[Histogram log format version %s]\n", hdrhistogram.HISTOGRAM_LOG_FORMAT_VERSION)
	fmt.Fprintf(w, "#[BaseTime: %.3f (seconds since epoch)]\n", started)
	fmt.Fprintf(w, "#[StartTime: %.3f (seconds since epoch), %s]\n", started, f.m.Started.UTC().Format(time.RFC3339))
	fmt.Fprintln(w, `"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"`)
	for i, phase := range f.phases {
		if len(phase) == 0 {
			continue
		}
		p := f.fold.phases[i]
		fmt.Fprintf(w, "#[Phase %s]\n", logComment(f.say(p.Name)))
		for at, stages := range phase {
			start, end := p.Start, f.sentUntil(p.Phase)
			if f.length > 0 {
				start += int64(at) * f.length
				end = min(start+f.length, p.End)
			}
			for s, h := range stages {
				if h == nil {
					continue
				}
				encoded, err := h.EncodeV2()
				if err != nil {
					return fmt.Errorf("encoding a histogram: %w", err)
				}
				if _, err := fmt.Fprintf(w, "Tag=%s,%.3f,%.3f,%.3f,%s\n", latencyStages[s],
					seconds(start), seconds(end-start), float64(h.Max())/1e6, encoded); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

// logComment makes a text fit for a comment of a log, which readers search for
// "#[StartTime:" and the like.
func logComment(s string) string {
	return strings.NewReplacer("[", "(", "]", ")", "#", "", "\n", " ", "\t", " ").Replace(legible(shortText(s)))
}
