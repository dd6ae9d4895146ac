package report

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// A steadyRun is a report of a run of ten minutes that offers 100 entries a second,
// with 15 s blocks that hold what was accepted, for tests to put trouble into.
// accepted is per second; what is behind catches up when there is room.
func steadyRun(accepted func(second int) float64) *Report {
	r := &Report{Network: Network{BlockSeconds: 15}, Series: Series{IntervalS: 1, Columns: seriesColumns}}
	r.Run.Started = time.Date(2026, 11, 24, 14, 0, 0, 0, time.UTC)
	r.Run.Ended = r.Run.Started.Add(10 * time.Minute)
	r.Totals = Totals{Planned: 60_000, Sent: 60_000, Confirmed: 60_000}
	r.LatencyMS.Accept = Latency{Count: 60_000, P95: 80, Method: methodLiveFeed}
	inBlock := 0.0
	for i := range 600 {
		took := 100.0
		if accepted != nil {
			took = accepted(i)
		}
		r.Series.Rows = append(r.Series.Rows, []Number{Number(i), 100, 100, 100, 100, Number(took), 0, 0})
		r.Windows = append(r.Windows, Window{FromS: float64(i), ToS: float64(i + 1), Planned: 100, LatencyMS: WindowLatencies{
			Accept:  WindowLatency{100, 40, 70, 80, 90, 95},
			Confirm: WindowLatency{100, 8e3, 14e3, 14.5e3, 15e3, 15e3},
		}})
		if inBlock += took; i%15 == 14 {
			r.Blocks = append(r.Blocks, Block{Height: uint32(i/15 + 10), ClosedS: float64(i + 1), OwnEntries: uint64(inBlock)})
			inBlock = 0
		}
	}
	return r
}

func told(s []Sentence) string {
	var lines []string
	for _, t := range s {
		lines = append(lines, t.Sentence)
	}
	return strings.Join(lines, "\n")
}

func TestStoryOfAQuietRunHasNoTrouble(t *testing.T) {
	sampled := steadyRun(nil)
	sampled.LatencyMS.Accept.Method = "ack-sample"
	for name, r := range map[string]*Report{"steady": steadyRun(nil), "sampled": sampled, "short": shortRun(t)} {
		got := story(r)
		if len(got) != 1 || got[0].Kind != "quiet" {
			t.Errorf("%s: %s", name, told(got))
		}
	}
	// Poisson arrivals, a jump of the rate and a node that takes a second are no trouble either.
	rapid.Check(t, func(t *rapid.T) {
		r := steadyRun(nil)
		level := rapid.IntRange(1, 300).Draw(t, "rate")
		before := 0
		for i, row := range r.Series.Rows {
			if i%97 == 0 {
				level = rapid.IntRange(1, 300).Draw(t, "rate")
			}
			noise := int(math.Sqrt(float64(level)))
			n := level + rapid.IntRange(-noise, noise).Draw(t, "noise")
			row[1], row[2], row[5] = Number(n), Number(n), Number(before)
			before = n
		}
		if got := story(r); got[0].Kind != "quiet" {
			t.Fatalf("at %d/s: %s", level, told(got))
		}
	})
}

func TestStoryOfANodeThatFallsBehind(t *testing.T) {
	r := steadyRun(func(i int) float64 {
		switch {
		case i >= 130 && i < 230: // 39 a second wait
			return 61
		case i >= 230 && i < 330:
			return 139
		}
		return 100
	})
	for i := 130; i < 330; i++ {
		l := &r.Windows[i].LatencyMS
		l.Accept.P95, l.Accept.Max, l.Confirm.Max = 30e3, 31e3, 44e3
	}
	got := story(r)
	if len(got) != 2 || got[0].Kind != "behind" || got[1].Kind != "slow" {
		t.Fatal(told(got))
	}
	want := "From 14:02:10 to 14:03:50 the node accepted 61 of 100 entries a second; the rest waited up to 3 blocks. It had caught up at 14:05:30."
	if s := got[0]; s.Sentence != want || s.FromS != 130 || s.ToS != 230 ||
		!reflect.DeepEqual(s.Figures, map[string]Number{"offered_per_s": 100, "served_per_s": 61, "waited_blocks": 3, "caught_up_s": 330}) {
		t.Errorf("got %+v, want %s", s, want)
	}
	// The same by blocks, where only a sample of the acceptances is known.
	r.LatencyMS.Accept.Method = "ack-sample"
	if s := story(r)[0]; s.Kind != "behind" || s.FromS != 135 || s.ToS != 225 || !strings.Contains(s.Sentence, "the blocks took 61 of 100 entries a second; the rest waited up to 3 blocks.") {
		t.Errorf("by blocks: %+v", s)
	}
}

// What a stop left unsent is no node's fault.
func TestStoryOfAStoppedRun(t *testing.T) {
	r := steadyRun(func(i int) float64 { return float64(100 * min(1, max(0, 400-i))) })
	for _, row := range r.Series.Rows[400:] {
		row[2] = 0
	}
	r.Run.Interrupted = true
	r.Totals.Skipped = 20_000
	if got := story(r); len(got) != 1 || got[0].Kind != "skipped" {
		t.Error(told(got))
	}
}

func TestStoryOfANodeThatNeverCatchesUp(t *testing.T) {
	r := steadyRun(func(i int) float64 { return min(100, 100-float64(max(0, i-500))) })
	if s := story(r)[0]; !strings.HasSuffix(s.Sentence, "It had not caught up by the end of the record.") || s.FromS < 515 || s.FromS > 525 || s.ToS != 600 {
		t.Errorf("got %+v", s)
	}
}

func TestStoryNamesEachTrouble(t *testing.T) {
	event := func(at float64, kind string) Event { return Event{at, kind, "", "http://127.0.0.1:8088/v2"} }
	for _, test := range []struct {
		kind    string
		trouble func(*Report)
		want    string
	}{
		{"stall", func(r *Report) { r.Events = []Event{event(60, "stall-begin"), event(72, "stall-end")} },
			"From 14:01:00 to 14:01:12 the network made no new minutes, for 12 s."},
		{"stall", func(r *Report) {
			r.Events = []Event{event(60, "stall-begin"), event(72, "stall-end"), event(590, "stall-begin")}
		}, "The network stalled 2 times, for 22 s in all; the longest was from 14:01:00 to 14:01:12, 12 s."},
		{"node-down", func(r *Report) { r.Events = []Event{event(570, "node-down")} },
			"From 14:09:30 until the end of the record an endpoint did not answer, for 30 s."},
		{"election", func(r *Report) { r.Events = []Event{event(60, "election-begin"), event(61.5, "election-end")} },
			"From 14:01:00 to 14:01:01 an election went on, for 1.5 s."},
		{"suspended", func(r *Report) { r.Events = []Event{event(60, "suspended"), event(65, "suspended")} },
			"The harness stood still, so that latencies of that time may be its own, at 14:01:00 and 1 more times, the last at 14:01:05."},
		{"feed-lost", func(r *Report) { r.Events = []Event{event(60, "feed-lost")} },
			"The live feed was given up, and acceptance is of a random sample from then on, at 14:01:00."},
		{"lost", func(r *Report) {
			r.Totals.Lost, r.Totals.Confirmed = 1, r.Totals.Confirmed-1
			r.Audit.Lost = []LostEntry{{PlannedS: 90}}
		}, "1 entry was lost: the API took them, and no block holds them. The first was planned at 14:01:30, the last listed one at 14:01:30."},
		{"errors", func(r *Report) { r.Totals.Rejected, r.Totals.Failed, r.Series.Rows[120][7] = 3, 1, 4 },
			"3 entries were rejected and 1 failed, between 14:02:00 and 14:02:01."},
		{"errors", func(r *Report) { r.Totals.Failed = 1 }, "1 entry failed."},
		{"skipped", func(r *Report) { r.Totals.Skipped = 5 }, "5 entries were never sent: the slots passed."},
		{"held-back", func(r *Report) {
			for i := 100; i < 140; i++ {
				r.Series.Rows[i][2] = 40
			}
		}, "From 14:01:40 to 14:02:20 only 40 of 100 entries a second were sent."},
		{"long-block", func(r *Report) {
			r.Blocks[10].ClosedS = r.Blocks[11].ClosedS
			r.Blocks = slices.Delete(r.Blocks, 11, 12)
			for i := 11; i < len(r.Blocks); i++ {
				r.Blocks[i].Height--
			}
		}, "Block 20 took longest: it was saved at 14:03:00, 30 s after the one before, 2 block times."},
		{"slow", func(r *Report) { r.Windows[77].LatencyMS.Accept.P95 = 2300 },
			"From 14:01:17 to 14:01:18 accept was slowest: of the entries planned then, 5 % took longer than 2.30 s; the usual figure was 80.0 ms."},
		{"integrity", func(r *Report) { r.Integrity.Findings = []Finding{{AtS: 60}} },
			"A node served what its saved blocks do not commit to, first at 14:01:00: 1 kind of findings."},
	} {
		r := steadyRun(nil)
		test.trouble(r)
		if got := story(r); len(got) != 1 || got[0].Kind != test.kind || got[0].Sentence != test.want {
			t.Errorf("got %s, want %s", told(got), test.want)
		}
	}
}

func TestStoryIsShortAndWorstFirst(t *testing.T) {
	r := steadyRun(func(i int) float64 {
		if i%40 < 20 {
			return 60
		}
		return 140
	})
	for _, e := range []string{"stall-begin", "node-down", "election-begin", "sync-begin", "suspended", "leader-change", "clock-step"} {
		r.Events = append(r.Events, Event{AtS: 100, Kind: e})
	}
	r.Totals.Lost, r.Totals.Rejected = 2, 7
	got := story(r)
	var kinds []string
	for _, s := range got {
		kinds = append(kinds, s.Kind)
		if len(s.Figures) == 0 {
			t.Errorf("nothing backs %q", s.Sentence)
		}
	}
	if want := "[lost stall node-down suspended behind behind behind errors]"; fmt.Sprint(kinds) != want {
		t.Errorf("got %v, want %s", kinds, want)
	}
	if !strings.Contains(told(got), "There were 12 more such stretches") {
		t.Errorf("the stretches are not counted: %s", told(got))
	}
	for range 20 {
		if again := story(r); !reflect.DeepEqual(again, got) {
			t.Fatal("the story differs from time to time")
		}
	}
}

func TestStoryOfTheTroubledSample(t *testing.T) {
	kinds := map[string]bool{}
	for _, s := range story(troubledRun(t)) {
		kinds[s.Kind] = true
	}
	for _, want := range []string{"integrity", "lost", "stall", "suspended", "errors", "skipped"} {
		if !kinds[want] {
			t.Errorf("%s is not told of", want)
		}
	}
}
