package results

import (
	"bytes"
	"errors"
	"testing"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/internal/factomd"
)

const gaugedBlock = 10 * time.Second

// gauged is a collector of a phase that is gauged, number 2, whose entries are due a
// second after each other.
type gauged struct {
	*Collector
	log   bytes.Buffer
	begin int64
	refs  []Ref
	phase []Planned
}

func newGauged(t *testing.T, entries int) *gauged {
	t.Helper()
	g := &gauged{begin: int64(100 * time.Second)}
	g.Collector = NewCollector(&g.log)
	for i := range entries {
		g.phase = append(g.phase, Planned{Index: uint64(i), Hash: factomd.Hash{2, byte(i), byte(i >> 8)}, Phase: 2, At: g.at(i)})
	}
	g.Measure(2, gaugedBlock, false)
	g.Phase(2, Phase{Name: "search-1", Measured: true, Start: g.begin, End: g.at(entries)})
	g.refs = g.plan(t, g.phase...)
	return g
}

// at is when an entry is due.
func (g *gauged) at(i int) int64 { return g.begin + int64(i)*int64(time.Second) }

func (g *gauged) plan(t *testing.T, p ...Planned) []Ref {
	t.Helper()
	refs, err := g.Plan(p, nil)
	if err != nil {
		t.Fatal(err)
	}
	return refs
}

// answer tells that an entry's calls took 1 and 2 ms.
func (g *gauged) answer(i int, err error) {
	at := g.at(i)
	g.Submitted(g.refs[i], Submission{Sent: at, Committed: at + 1e6, Revealed: at + 3e6, Err: err})
}

// save tells of a block that closed so many seconds after the phase's begin.
func (g *gauged) save(height uint32, closed int, entries ...int) {
	s := Sighting{Height: height, Seen: g.at(closed) + int64(gaugedBlock/10)}
	for _, i := range entries {
		s.Entries = append(s.Entries, g.phase[i].Hash)
	}
	g.Block(s)
}

func TestGauge(t *testing.T) {
	g := newGauged(t, 40)
	// Of the phases before and after it nothing counts.
	before := g.plan(t, Planned{Index: 1000, Hash: factomd.Hash{1}, Phase: 1, At: g.begin - 5e9})
	g.Submitted(before[0], Submission{Sent: g.begin - 5e9, Committed: g.begin, Revealed: g.begin + 1})
	g.plan(t, Planned{Index: 1001, Hash: factomd.Hash{3}, Phase: 3, At: g.begin + 1})

	refused := &factomd.Failure{Rejected: true, Code: -32602, Message: "Invalid params"}
	broken := errors.New("dial: refused")
	for i := range 20 {
		g.answer(i, map[int]error{3: refused, 4: broken, 5: refused, 6: broken}[i])
	}
	for i := range 15 {
		g.Accept(g.phase[i].Hash, g.at(i)+50e6)
	}
	g.save(8, -3)                                       // closed before the phase
	g.save(9, 10, 0, 1, 2, 5, 6, 7)                     // 3 and 4 are refused and broken, 8 and 9 left over
	g.save(10, 19, 8, 9, 10, 11, 12, 13, 14, 15, 16, 6) // 17 and 18 are left over
	got := g.Gauge()
	if got.Planned != 40 || got.Submitted != 20 || got.Confirmed != 15 || got.Rejected != 1 || got.Failed != 1 || got.Skipped != 0 || got.Outstanding != 3 {
		t.Errorf("%+v", got)
	}
	if p := got.Phase; p.Name != "search-1" || p.Start != g.begin || p.End != g.at(40) {
		t.Errorf("phase %+v", p)
	}
	want := []Backlog{{9, g.at(10), 2, 6}, {10, g.at(19), 2, 9}}
	if len(got.Backlog) != 2 || got.Backlog[0] != want[0] || got.Backlog[1] != want[1] {
		t.Errorf("backlog %+v, want %+v", got.Backlog, want)
	}
	for _, test := range []struct {
		name           string
		p              Percentiles
		count, missing uint64
		p50            time.Duration
	}{
		{"schedule", got.Schedule, 20, 0, time.Microsecond},
		{"own", got.Own, 20, 0, time.Microsecond},
		{"submit", got.Submit, 16, 1, 3 * time.Millisecond},
		{"accept", got.Accept, 15, 3, 50 * time.Millisecond},
		{"confirm", got.Confirm, 15, 3, 9 * time.Second},
	} {
		p50, endless, known := test.p.At("p50")
		if test.p.Count != test.count || test.p.Missing != test.missing || endless || !known || p50.Round(test.p50/10) != test.p50 {
			t.Errorf("%s: %d, %d missing, p50 %v (endless %v, known %v); want %d, %d and %v",
				test.name, test.p.Count, test.p.Missing, p50, endless, known, test.count, test.missing, test.p50)
		}
		if _, endless, _ := test.p.At("p95"); endless != (test.missing > 0) {
			t.Errorf("%s: %d of %d are missing, and p95 is endless: %v", test.name, test.missing, test.count+test.missing, endless)
		}
	}
}

// A percentile is that of all entries, not of those that were seen.
func TestGaugeCountsMissingOnesAsSlowest(t *testing.T) {
	const n = 1009 // of which the 999th is at 99 %
	g := newGauged(t, n)
	var fast, slow []int
	for i := range 999 {
		g.answer(i, nil)
		if i < 990 {
			fast = append(fast, i)
		} else {
			slow = append(slow, i)
		}
	}
	for i := 999; i < n; i++ {
		g.answer(i, nil)
	}
	g.save(9, n, fast...)
	g.save(10, n+10000, slow...)
	got := g.Gauge().Confirm
	if p99, endless, known := got.At("p99"); p99 < 10000*time.Second || endless || !known || got.Seen("p99") > 2000*time.Second {
		t.Errorf("p99 %v (endless %v, known %v), of those seen %v", p99, endless, known, got.Seen("p99"))
	}
	if _, endless, known := got.At("p999"); !endless || !known {
		t.Error("p999 is not that of a missing entry")
	}
}

// Whatever is missing, a percentile of all is found among those that were seen as if
// the missing ones had been recorded as greater than all of them.
func TestAmongSeen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seen, missing := rapid.IntRange(0, 2000).Draw(t, "seen"), rapid.IntRange(0, 200).Draw(t, "missing")
		all, some := hdrhistogram.New(1, 4000, 3), hdrhistogram.New(1, 4000, 3)
		for i := range seen + missing {
			value := int64(i + 1)
			if i >= seen {
				value = 4000
			} else {
				some.RecordValue(value)
			}
			all.RecordValue(value)
		}
		for _, figure := range []string{"p50", "p90", "p95", "p99", "p999", "max"} {
			percent, _ := Percent(figure)
			among, ok := AmongSeen(percent, uint64(seen), uint64(missing))
			if !ok {
				if want := all.ValueAtQuantile(percent); seen > 0 && want < 3000 && float64(missing) <= (100-percent)/100*float64(seen+missing) {
					t.Fatalf("%s of %d and %d missing ones is not %d", figure, seen, missing, want)
				}
				continue
			}
			if got, want := some.ValueAtQuantile(among), all.ValueAtQuantile(percent); got != want {
				t.Fatalf("%s of %d and %d missing ones is %d, not %d", figure, seen, missing, got, want)
			}
		}
	})
}

// The fate of an entry that is in a block before its calls are over is counted once,
// and its reference can be another entry's by then.
func TestGaugeOfReusedReferences(t *testing.T) {
	g := newGauged(t, 4)
	g.save(9, 2, 0, 1)
	g.answer(0, nil)
	g.answer(1, errors.New("cut off")) // it is in the block all the same
	g.GiveUp(g.refs[2], g.at(2)+30e6, false)
	g.Skip(g.refs[3])
	// The references of the phase are free for the next one.
	for i, ref := range g.plan(t, Planned{Index: 10, Hash: factomd.Hash{3, 1}, Phase: 3, At: g.at(1)}, Planned{Index: 11, Hash: factomd.Hash{3, 2}, Phase: 3, At: g.at(1)}) {
		g.Submitted(ref, Submission{Sent: g.at(1), Committed: g.at(1), Revealed: g.at(1) + int64(i)})
	}
	g.save(10, 12)
	got := g.Gauge()
	if got.Submitted != 2 || got.Confirmed != 2 || got.Failed != 0 || got.Skipped != 2 || got.GivenUp != 1 || got.Outstanding != 0 {
		t.Errorf("%+v", got)
	}
	if got.Submit.Count != 1 || got.Confirm.Count != 2 || got.Confirm.Missing != 0 {
		t.Errorf("submit %+v, confirm %+v", got.Submit, got.Confirm)
	}
	if most, _, _ := got.Own.At("max"); got.Own.Count != 3 || most < 29*time.Millisecond {
		t.Errorf("own schedule error: %+v", got.Own)
	}
	if len(got.Backlog) != 2 || got.Backlog[0].Entries != 0 || got.Backlog[1].Entries != 0 {
		t.Errorf("backlog %+v", got.Backlog)
	}
	g.Measure(4, gaugedBlock, false)
	if again := g.Gauge(); again.Planned != 0 || again.Confirm.Count != 0 || len(again.Backlog) != 0 || again.Phase != (Phase{}) {
		t.Errorf("the next phase begins with %+v", again)
	}
}

// Without an acceptance seen of it an entry counts as never accepted, but where a
// sample is followed only if it is in that.
func TestGaugeOfASample(t *testing.T) {
	g := newGauged(t, 10)
	g.gauge.sampled = true
	g.Offer(func(h factomd.Hash) bool { return h[1] < 2 })
	for i := range 10 {
		g.answer(i, nil)
	}
	g.Accept(g.phase[0].Hash, g.at(0)+1e6)
	if got := g.Gauge(); got.Accept.Count != 1 || got.Accept.Missing != 1 || got.Confirm.Missing != 10 {
		t.Errorf("accept %+v, confirm %+v", got.Accept, got.Confirm)
	}
	g.Collector = NewCollector(&g.log)
	if got := g.Gauge(); got.Planned != 0 || got.Backlog != nil {
		t.Errorf("nothing is gauged, and that is %+v", got)
	}
	if _, endless, known := (Percentiles{}).At("p99"); endless || known {
		t.Error("the p99 of nothing is known")
	}
}

// The gauge costs an entry's life no allocation.
func TestGaugeAllocatesNothing(t *testing.T) {
	l := life{sent: 1, accepted: 2, confirmed: 3, result: success}
	g := newGauged(t, 1).gauge
	if n := testing.AllocsPerRun(100, func() {
		g.planned()
		g.submitted(&l, Submission{Sent: 1, Committed: 2, Revealed: 3})
		g.accepted(&l)
		g.confirmed(&l)
		g.skipped(&l, 5, false)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
