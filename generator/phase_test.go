package generator

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// Phases that are sent one by one are the entries of a load that has them all, but
// for the time between them.
func TestPhasesOneByOne(t *testing.T) {
	const first, rest = "{name: a, for: 2s, rate: 40/s}", ", {name: b, for: 3s, rate: 20/s}, {name: c, for: 1s, rate: 90/s}"
	yaml := func(phases string) string {
		return `
version: 1
workload: {chains: 3, mix: [{kind: entry, weight: 3, size: 100..900B}, {kind: chain, weight: 1, size: 200B}]}
load: {arrival: poisson, phases: [` + phases + "]}\n"
	}
	sent := func(t *testing.T, whole bool) (l *ledger) {
		synctest.Test(t, func(t *testing.T) {
			g, made, _ := begin(t, yaml(first+rest), &server{})
			l = made
			phases := g.load.Phases
			if !whole {
				g.load.Phases = phases[:1]
			}
			runAll(t, g, t.Context())
			for _, p := range phases[len(g.load.Phases):] {
				time.Sleep(7 * time.Second)
				if err := g.Phase(t.Context(), t.Context(), p); err != nil {
					t.Fatal(err)
				}
			}
			if g.Current() != 3 {
				t.Errorf("the last phase is number %d", g.Current())
			}
		})
		return l
	}
	together, apart := sent(t, true), sent(t, false)
	if len(together.entries) < 200 || len(together.entries) != len(apart.entries) {
		t.Fatalf("%d entries in one go, %d one by one", len(together.entries), len(apart.entries))
	}
	for i, want := range together.entries {
		got := apart.entries[i]
		at := func(l *ledger, phase int, at int64) int64 { return at - l.phases[phase].Start }
		if got.Index != want.Index || got.Phase != want.Phase || got.Hash != want.Hash || got.Credits != want.Credits ||
			at(apart, got.Phase, got.At) != at(together, want.Phase, want.At) {
			t.Fatalf("entry %d is %+v, want %+v", i, got.Planned, want.Planned)
		}
	}
}

func TestPlanOfASearch(t *testing.T) {
	text := `
version: 1
network: {local: {block_time: 6s}}
credits: {key: local-test-key, budget: 900}
workload: {chains: 4, mix: [{kind: entry, size: 100B}]}
load:
  phases: [{name: warmup, for: 5s, rate: 10/s}]
  search: {from: 20/s, to: 60/s, step: 20/s, within: 5/s, hold: 3blocks}
`
	p := NewPlan(parse(t, text))
	// 20, 40 and 60, three more between two of them, and one that is repeated.
	want := SearchPlan{Rates: 3, Steps: 7, Length: 7 * 18 * time.Second, Slots: (120 + 4*60) * 18, Credits: (120 + 4*60) * 18}
	if p.Search == nil || *p.Search != want || !p.Budgeted() || p.Closed {
		t.Errorf("%+v, want %+v", p.Search, want)
	}
	if p.Total.Slots != 54 || p.Total.Credits != 50+4*11 || p.Shares[0] != 900 || p.Total.Rate != "up to 60/s" {
		t.Errorf("total %+v, shares %v", p.Total, p.Shares)
	}
	// Where nobody knows how long a block is.
	text = strings.Replace(text, "network: {local: {block_time: 6s}}", `network: {endpoints: [{url: "http://127.0.0.1:8088/v2"}]}`, 1)
	if p := NewPlan(parse(t, text)); *p.Search != (SearchPlan{Rates: 3, Steps: 7}) {
		t.Errorf("%+v", p.Search)
	}
	// However long it can take, what it comes to is soon said.
	text = `
version: 1
network: {local: {block_time: 10m}}
workload: {chains: 4, mix: [{kind: entry, weight: 1, size: 100B}, {kind: entry, weight: 1, size: 5000B}]}
load: {search: {from: 20/s, to: 200/s, step: 20/s, hold: 800blocks}}
`
	if p := NewPlan(parse(t, text)).Search; p.Slots < 8e8 || p.Credits < int64(2.9*float64(p.Slots)) || p.Credits > int64(3.1*float64(p.Slots)) {
		t.Errorf("%+v", p)
	}
	if p := NewPlan(parse(t, mixed)); p.Search != nil || p.Budgeted() {
		t.Errorf("%+v", p)
	}
}
