package report

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"
)

func TestScaleKeepsOrderAndStaysInside(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := scale{from: rapid.Float64Range(0, 500).Draw(t, "from"), to: rapid.Float64Range(500.1, 1000).Draw(t, "to")}
		switch rapid.IntRange(0, 2).Draw(t, "kind") {
		case 0:
			s.lo = rapid.Float64Range(-1e6, 1e6).Draw(t, "lo")
			s.hi = s.lo + rapid.Float64Range(1e-3, 1e9).Draw(t, "span")
		case 1:
			s.lo = rapid.Float64Range(1e-3, 1e3).Draw(t, "lo")
			s.hi, s.warp = s.lo*rapid.Float64Range(1.5, 1e6).Draw(t, "factor"), math.Log10
		case 2:
			s.hi, s.warp = 1-math.Pow(10, -rapid.Float64Range(0.5, 9).Draw(t, "nines")), nines
		}
		v := rapid.SliceOfN(rapid.Float64Range(s.lo-1, s.hi+1), 2, 20).Draw(t, "values")
		slices.Sort(v)
		before := s.from
		for _, x := range v {
			at := s.at(x)
			if at < before-1e-6 || at > s.to+1e-6 {
				t.Fatalf("%v is at %v, after %v, of %+v", x, at, before, s)
			}
			before = at
		}
		if math.Abs(s.at(s.lo)-s.from) > 1e-6 || math.Abs(s.at(s.hi)-s.to) > 1e-6 {
			t.Fatalf("the ends are at %v and %v of %+v", s.at(s.lo), s.at(s.hi), s)
		}
		if !math.IsNaN(s.at(math.NaN())) {
			t.Fatal("NaN has a place")
		}
	})
}

func TestTicks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 12).Draw(t, "n")
		hi := ceilTo(rapid.Float64Range(1e-3, 1e9).Draw(t, "hi"), n)
		for _, step := range []float64{niceStep(hi, n), timeStep(hi, n)} {
			ticks := stepTicks(0, hi, step, trimText)
			if len(ticks) < 1 || len(ticks) > n+1 {
				t.Fatalf("%d ticks to %v with step %v, at most %d wanted", len(ticks), hi, step, n)
			}
		}
		mantissa := niceStep(hi, n)
		mantissa /= math.Pow(10, math.Floor(math.Log10(mantissa)+1e-9))
		if r := math.Round(mantissa); math.Abs(mantissa-r) > 1e-6 || r != 1 && r != 2 && r != 5 {
			t.Fatalf("%v is not 1, 2 or 5", mantissa)
		}
	})
	rapid.Check(t, func(t *rapid.T) {
		lo := rapid.Float64Range(1e-3, 1e4).Draw(t, "lo")
		hi := lo * rapid.Float64Range(1, 1e7).Draw(t, "factor")
		n := rapid.IntRange(2, 10).Draw(t, "n")
		from, to := logDomain(lo, hi)
		if from > lo*(1+1e-6) || to < hi*(1-1e-6) || to < from*1.4 {
			t.Fatalf("the axis %v to %v for %v to %v", from, to, lo, hi)
		}
		labels := 0
		for _, tick := range logTicks(from, to, n, msAxis) {
			if tick.label != "" {
				labels++
			}
			if tick.at < from*(1-1e-6) || tick.at > to*(1+1e-6) {
				t.Fatalf("a tick at %v of %v to %v", tick.at, from, to)
			}
		}
		if labels > n+3 {
			t.Fatalf("%d labels, about %d wanted", labels, n)
		}
	})
	var labels []string
	for _, tick := range ninesTicks(1 - 1e-4) {
		labels = append(labels, tick.label)
	}
	if got, want := strings.Join(labels, " "), "0 % 50 % 90 % 99 % 99.9 % 99.99 %"; got != want {
		t.Errorf("the percentile axis has %s, want %s", got, want)
	}
}

func TestLabelsDoNotOverlap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		at := rapid.SliceOfN(rapid.Float64Range(0, 200), 1, 12).Draw(t, "at")
		out := spreadLabels(at, lineHeight, 0, 200)
		order := slices.Clone(out)
		slices.Sort(order)
		for i, y := range order {
			if y < -1e-9 || y > 200+1e-9 {
				t.Fatalf("a label at %v", y)
			}
			if i > 0 && y-order[i-1] < lineHeight-1e-9 {
				t.Fatalf("labels at %v and %v", order[i-1], y)
			}
		}
		for i := range at {
			for j := range at {
				if at[i] < at[j] && out[i] > out[j] {
					t.Fatalf("%v and %v have changed places", at[i], at[j])
				}
			}
		}
	})
}

// However few points remain, the highest and lowest interval are among them,
// and gaps stay gaps only where nothing is known.
func TestThinKeepsExtremes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.Float64Range(0, 1e6), rapid.Just(math.NaN()))
		vs := rapid.SliceOfN(value, 1, 500).Draw(t, "values")
		n := rapid.IntRange(1, 60).Draw(t, "n")
		xs := make([]float64, len(vs))
		lo, hi := math.Inf(1), math.Inf(-1)
		for i, v := range vs {
			xs[i] = float64(i)
			if !math.IsNaN(v) {
				lo, hi = min(lo, v), max(hi, v)
			}
		}
		points := thin(xs, vs, n)
		if len(points) > n {
			t.Fatalf("%d points, at most %d wanted", len(points), n)
		}
		gotLo, gotHi := math.Inf(1), math.Inf(-1)
		for _, p := range points {
			if !math.IsNaN(p.hi) {
				gotLo, gotHi = min(gotLo, p.lo), max(gotHi, p.hi)
				if p.mean < p.lo*(1-1e-9) || p.mean > p.hi*(1+1e-9) {
					t.Fatalf("the mean of %+v", p)
				}
			}
		}
		if gotLo != lo || gotHi != hi {
			t.Fatalf("%v to %v became %v to %v", lo, hi, gotLo, gotHi)
		}
	})
}

// One entry of a run of 28,800 seconds sets the top of the latency chart.
func TestLongChartShowsOneSlowEntry(t *testing.T) {
	const tail = 777_000 // ms, far above everything else
	_, c := latencyChart(longRun(t, tail), 600)
	highest := 0.0
	for _, p := range c.panels {
		for _, m := range p.marks {
			if m.label == "max" && strings.HasPrefix(p.y.title, "submit") {
				for _, d := range m.at {
					highest = max(highest, d.y)
				}
			}
		}
	}
	if highest != tail {
		t.Errorf("the highest submit latency of the chart is %v ms, want %v", highest, tail)
	}
}

func TestLineBreaksAtGaps(t *testing.T) {
	nan := math.NaN()
	s := scale{lo: 0, hi: 10, from: 0, to: 10}
	at := []datum{{x: 0, y: 1}, {x: 1, y: 2}, {x: 2, y: nan}, {x: 3, y: 4}, {x: 4, y: nan}, {x: 5, y: 6}, {x: 6, y: 6}, {x: 7, y: 6}}
	if got, want := linePath(at, s, s), "M0 1L1 2M3 4h0M5 6L7 6"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestPercentileCurve(t *testing.T) {
	h := hdrhistogram.New(1000, int64(time.Hour), 3)
	for i := range 10_000 {
		if err := h.RecordValue(int64(i+1) * int64(time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
	at := percentileCurve(h, 100)
	for _, d := range at {
		want := max(1, math.Ceil(d.x*10_000))
		if math.Abs(d.y-want) > want*0.002+1 {
			t.Errorf("%.4f %% is at %v ms, want %v", 100*d.x, d.y, want)
		}
	}
	if last := at[len(at)-1]; last.y < 9990 {
		t.Errorf("the curve ends at %v ms, not at the maximum", last.y)
	}
}

func TestBlockRates(t *testing.T) {
	r := &Report{Network: Network{BlockSeconds: 10}, Blocks: []Block{{ClosedS: 8, OwnEntries: 40}, {ClosedS: 18, OwnEntries: 100}, {ClosedS: 18, OwnEntries: 7}, {ClosedS: 28}}}
	want := []datum{{x: 0, y: 5}, {x: 8, y: 5}, {x: 8, y: 10}, {x: 18, y: 10}, {x: 18, y: 0}, {x: 28, y: 0}}
	if got := blockRates(r, 600); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestFlowKeepsEveryEntry(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) uint64 { return rapid.Uint64Range(0, 1000).Draw(t, name) }
		totals := Totals{Confirmed: n("confirmed"), Accepted: n("accepted"), Lost: n("lost"), Rejected: n("rejected"), Failed: n("failed"), Skipped: n("skipped")}
		unsent := min(n("unsent"), totals.Failed)
		totals.Planned = totals.Confirmed + totals.Accepted + totals.Lost + totals.Rejected + totals.Failed + totals.Skipped
		totals.Sent = totals.Planned - totals.Skipped - unsent
		nodes, links := entryFlow(totals)
		var in, out [flowNodes]uint64
		for _, l := range links {
			out[l.from] += l.count
			in[l.to] += l.count
		}
		for i, node := range nodes {
			if i != flowPlanned && in[i] != node.count {
				t.Fatalf("%d go into %s of %d", in[i], node.name, node.count)
			}
			if i <= flowSent && out[i] != node.count {
				t.Fatalf("%d leave %s of %d", out[i], node.name, node.count)
			}
		}
		for _, l := range links {
			if w := flowWidth(l.count, totals.Planned, 230); (w == 0) != (l.count == 0) || w > 0 && w < 2 {
				t.Fatalf("%d entries are %v wide", l.count, w)
			}
		}
	})
}

// The drawing of one small chart of every kind of mark. UPDATE_GOLDEN=1 writes
// it anew.
func TestChartGolden(t *testing.T) {
	c := chart{
		id: "sample", title: "A & B", desc: "<everything>",
		x:     axis{title: "time", hi: 60, ticks: func(n int) []tick { return stepTicks(0, 60, timeStep(60, n), clockText(10)) }},
		bands: []band{{"warm-up", 0, 10, false}, {"steady <1>", 10, 60, true}},
		panels: []panel{
			{height: 100, y: linearAxis("per second", 83, 0), marks: []mark{
				{kind: markRibbon, class: "c-confirmed", at: []datum{{x: 0, y: 20}, {x: 30, y: 20}, {x: 30, y: 60}, {x: 60, y: 60}}},
				{kind: markBars, class: "c-others", label: "bars", width: 4, at: []datum{{x: 20, y: 30, tip: "30 < 40"}, {x: 40, y: 0.01}}},
				{class: "c-sent dash", label: "sent", at: []datum{{x: 0, y: 10}, {x: 20, y: 83}, {x: 30, y: math.NaN()}, {x: 50, y: 80}}},
				{class: "c-planned", label: "planned", at: []datum{{x: 0, y: 80}, {x: 60, y: 80}}},
			}},
			{height: 80, y: latencyAxis("latency", 0.3, 4000), marks: []mark{
				{kind: markStems, class: "c-confirmed", at: []datum{{x: 10, y: 3000, low: 1}}},
				{kind: markTicks, class: "c-confirmed", label: "p99", at: []datum{{x: 10, y: 3000}}},
				{kind: markDots, class: "c-confirmed", label: "p50", at: []datum{{x: 10, y: 1}}},
			}},
		},
	}
	for _, f := range []frame{wideFrame(), narrowFrame()} {
		got := strings.ReplaceAll(string(c.draw(f)), "><", ">\n<") + "\n"
		for d := xml.NewDecoder(strings.NewReader(got)); ; {
			if _, err := d.Token(); errors.Is(err, io.EOF) {
				break
			} else if err != nil {
				t.Fatal(err)
			}
		}
		name := filepath.Join("testdata", "chart-"+frameClass(f)+".svg")
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.MkdirAll("testdata", 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(name, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("the drawing differs from %s:\n%s", name, got)
		}
	}
}
