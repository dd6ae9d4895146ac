package report

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/FactomProject/factom-load/results"
)

// exportedHDR reads a run's histogram log by the reader of the library.
func exportedHDR(t *testing.T, path string, interval time.Duration) (log string, list []*hdrhistogram.Histogram) {
	t.Helper()
	var b bytes.Buffer
	if err := Export(&b, path, ExportOptions{Format: "hdr", Interval: interval}); err != nil {
		t.Fatal(err)
	}
	log = b.String()
	reader := hdrhistogram.NewHistogramLogReader(&b)
	for {
		h, err := reader.NextIntervalHistogram()
		if err != nil {
			t.Fatalf("%v, reading\n%s", err, log)
		}
		if h == nil {
			return log, list
		}
		list = append(list, h)
	}
}

// Merged, the lines of a log are the histograms of the report, by interval or by phase.
func TestHDRLog(t *testing.T) {
	rec := record(t)
	every(rec)
	r := rec.build()
	started := rec.manifest.Started.UnixMilli()
	for _, interval := range []time.Duration{0, 100 * time.Millisecond, 10 * time.Second} {
		log, list := exportedHDR(t, rec.dir.Path, interval)
		if !strings.Contains(log, "\n#[Histogram log format version 1.3]\n#[BaseTime: 1795521600.000 (seconds since epoch)]\n#[StartTime: 1795521600.000 (seconds since epoch), 2026-11-24T12:00:00Z]\n") {
			t.Errorf("the log begins\n%.500s", log)
		}
		merged := map[string]*hdrhistogram.Histogram{}
		last := int64(0)
		for _, h := range list {
			if h.StartTimeMs() < last || h.StartTimeMs() < started+2000 || h.EndTimeMs() > started+3000 || h.EndTimeMs() <= h.StartTimeMs() {
				t.Errorf("interval %s: a line of %s is of %d to %d ms", interval, h.Tag(), h.StartTimeMs()-started, h.EndTimeMs()-started)
			}
			last = h.StartTimeMs()
			if merged[h.Tag()] == nil {
				merged[h.Tag()] = hdrhistogram.New(histogramMin, histogramMax, histogramDigits)
			}
			if dropped := merged[h.Tag()].Merge(h); dropped > 0 {
				t.Errorf("%d values of %s do not fit", dropped, h.Tag())
			}
		}
		for _, stage := range latencyStages {
			l, _ := r.LatencyMS.stage(stage)
			want, err := hdrhistogram.Decode([]byte(l.Histogram))
			if err != nil {
				t.Fatal(err)
			}
			if merged[stage] == nil || !merged[stage].Equals(want) {
				t.Errorf("interval %s: the lines of %s do not come to the report's histogram", interval, stage)
			}
		}
		if len(merged) != len(latencyStages) {
			t.Errorf("%d stages", len(merged))
		}
		wantLines := map[time.Duration]int{0: 6, 10 * time.Second: 6, 100 * time.Millisecond: 34}[interval]
		if len(list) != wantLines {
			t.Errorf("interval %s: %d lines, want %d", interval, len(list), wantLines)
		}
	}
}

// Names of a run are in comments, and are not read as anything else.
func TestHDRLogComments(t *testing.T) {
	rec := record(t)
	every(rec)
	rec.manifest.Scenario.Name = "x]\n#[StartTime: 5 (seconds since epoch)]\n#[BaseTime: 7"
	rec.manifest.ToolVersion = "Tag=x,1,2,3,HIST\n" + hostile
	rec.build()
	log, list := exportedHDR(t, rec.dir.Path, 0)
	if len(list) != 6 || list[0].StartTimeMs() != rec.manifest.Started.UnixMilli()+2000 {
		t.Errorf("%d lines, the first from %d ms:\n%.500s", len(list), list[0].StartTimeMs(), log)
	}
	for line := range strings.Lines(log) {
		if !strings.HasPrefix(line, "#[") && !strings.HasPrefix(line, `"StartTimestamp"`) && !strings.HasPrefix(line, "Tag=") {
			t.Errorf("a line is %q", line)
		}
	}
}

// Without measured entries there is a log without lines; of what is left of a record
// there is none.
func TestHDRLogOfOtherRuns(t *testing.T) {
	rec := record(t)
	warm := rec.plan(1, results.KindEntry, 1000*ms)
	rec.submit(warm, 1000*ms, nil)
	rec.block(1, 10_000*ms, warm)
	rec.build()
	if log, list := exportedHDR(t, rec.dir.Path, 0); len(list) != 0 {
		t.Errorf("the log has lines:\n%s", log)
	}

	if _, err := results.Reduce(rec.dir.Path, results.ReduceOptions{Failures: true}); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := Export(&b, rec.dir.Path, ExportOptions{Format: "hdr"}); !errors.Is(err, results.ErrReduced) || b.Len() > 0 {
		t.Errorf("error %v, and\n%s", err, b.String())
	}
}

// A damaged record's log has what could be read, and says that it is not all.
func TestHDRLogOfDamage(t *testing.T) {
	rec := record(t)
	every(rec)
	rec.build()
	name := filepath.Join(rec.dir.Path, results.EntriesFile)
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, data[:len(data)-20], 0o644); err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	err = Export(&b, rec.dir.Path, ExportOptions{Format: "hdr"})
	if err == nil || !strings.Contains(err.Error(), "not complete") || !strings.Contains(b.String(), "Tag=submit,") {
		t.Errorf("error %v, and\n%s", err, b.String())
	}
}
