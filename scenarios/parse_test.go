package scenarios

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// example is the scenario file of the design, whole.
const example = `version: 1
name: steady-mixed
description: One line.
seed: 42
network:                       # left out: a local one-node network
  local: {nodes: 1, block_time: 15s}
  expect: LOCAL                # refuse any other network; MAIN is always refused
credits:
  key: local-test-key          # or env:NAME, or file:PATH (mode 0600)
  budget: 50000                # entry credits; the plan must fit
workload:
  chains: 20                   # made before the load starts
  choose: uniform              # or single, or {zipf: 1.2}
  mix:
    - {kind: entry, weight: 95, size: 100..1000B, extids: 1..3}
    - {kind: chain, weight: 5,  size: 200B}
load:
  arrival: constant            # or poisson
  in_flight: 5000
  phases:
    - {name: warmup, for: 10s, rate: 5/s, measured: false}
    - {name: ramp,   for: 30s, rate: 5/s..100/s}
    - {name: steady, for: 60s, rate: 100/s}
confirm: {until: block, timeout: 3blocks}
thresholds:
  - submit.p99 < 500ms
  - confirm.p99 < 2blocks
  - lost == 0
compare: {primary: accept.p95}           # what compare and ab decide by
`

// minimal is the least that a scenario must say.
const minimal = "version: 1\nload: {phases: [{for: 60s, rate: 50/s}]}\n"

func mustParse(t testing.TB, text string, sets ...Override) *Scenario {
	t.Helper()
	s, err := Parse([]byte(text), "test.yaml", sets...)
	if err != nil {
		t.Fatalf("Parse:\n%v", err)
	}
	return s
}

func TestExample(t *testing.T) {
	want := &Scenario{
		Name:        "steady-mixed",
		Description: "One line.",
		Seed:        42,
		Network:     Network{Local: &Local{Nodes: 1, BlockTime: 15 * time.Second, DB: Map}, Expect: "LOCAL"},
		Credits:     Credits{Keys: []string{"local-test-key"}, Budget: 50000},
		Workload: Workload{
			Chains: 20,
			Choose: Choice{Kind: Uniform},
			Marker: "factom-load",
			Mix: []Item{
				{Kind: KindEntry, Weight: 95, Size: Range{100, 1000}, ExtIDs: Range{1, 3}, Payload: Payload{Kind: Random}},
				{Kind: KindChain, Weight: 5, Size: Range{200, 200}, ExtIDs: Range{2, 2}, Payload: Payload{Kind: Random}},
			},
		},
		Load: Load{
			Arrival: Constant, InFlight: 5000, Late: LateSend, LateBy: time.Second, SubmitTimeout: 30 * time.Second, Reveal: RevealAfter,
			Phases: []Phase{
				{Name: "warmup", For: 10 * time.Second, From: 5, To: 5},
				{Name: "ramp", For: 30 * time.Second, From: 5, To: 100, Measured: true},
				{Name: "steady", For: 60 * time.Second, From: 100, To: 100, Measured: true},
			},
		},
		Confirm: Confirm{Until: UntilBlock, Timeout: Span{Blocks: 3}},
		Thresholds: []Threshold{
			{Expression: "submit.p99 < 500ms", Metric: "submit.p99", Op: "<", Value: 500},
			{Expression: "confirm.p99 < 2blocks", Metric: "confirm.p99", Op: "<", Blocks: 2},
			{Expression: "lost == 0", Metric: "lost", Op: "=="},
		},
		Primary: "accept.p95",
		Observe: Observe{Content: 2, Merkle: 1},
		Abort:   Abort{Grace: 30 * time.Second},
		Record:  defaultRecord(),
	}
	if diff := cmp.Diff(want, mustParse(t, example)); diff != "" {
		t.Error(diff)
	}
}

// What the smallest scenario becomes is a promise of the manual.
func TestDefaults(t *testing.T) {
	want := &Scenario{
		Name:    "nightly",
		Seed:    1,
		Network: Network{Local: &Local{Nodes: 1, BlockTime: 10 * time.Second, DB: Map}},
		Credits: Credits{Keys: []string{"local-test-key"}, Budget: 100_000},
		Workload: Workload{
			Chains: 10,
			Choose: Choice{Kind: Uniform},
			Marker: "factom-load",
			Mix:    []Item{{Kind: KindEntry, Weight: 1, Size: Range{100, 1000}, ExtIDs: Range{1, 1}, Payload: Payload{Kind: Random}}},
		},
		Load: Load{
			Arrival: Constant, InFlight: 5000, Late: LateSend, LateBy: time.Second, SubmitTimeout: 30 * time.Second, Reveal: RevealAfter,
			Phases: []Phase{{Name: "phase-1", For: time.Minute, From: 50, To: 50, Measured: true}},
		},
		Confirm: Confirm{Until: UntilBlock, Timeout: Span{Blocks: 3}},
		Primary: "accept.p95",
		Observe: Observe{Content: 2, Merkle: 1},
		Abort:   Abort{Grace: 30 * time.Second},
		Record:  defaultRecord(),
	}
	got, err := Parse([]byte(minimal), "some/where/nightly.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestNameOfFile(t *testing.T) {
	for file, want := range map[string]string{
		"nightly.yaml": "nightly", "a/b c.yml": "b-c", "stdin": "stdin", "../..": "scenario", "-x": "x", "": "scenario",
	} {
		s, err := Parse([]byte(minimal), file)
		if err != nil {
			t.Fatal(err)
		}
		if s.Name != want {
			t.Errorf("file %q gives the name %q, want %q", file, s.Name, want)
		}
	}
}

func TestSpellings(t *testing.T) {
	with := func(text string) *Scenario { return mustParse(t, "version: 1\n"+text) }
	phases := "load: {phases: [{for: 1m, rate: 50/s}]}\n"

	for text, want := range map[string]Range{
		"200B": {200, 200}, "100..1000B": {100, 1000}, "1KiB": {1024, 1024}, "1kB": {1000, 1000},
		"1..2KiB": {1024, 2048}, "100B..1.5kB": {100, 1500}, "'100 .. 1000 B'": {100, 1000},
	} {
		if got := with(phases + "workload: {mix: [{kind: entry, size: " + text + "}]}").Workload.Mix[0].Size; got != want {
			t.Errorf("size %s = %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string][2]float64{
		"50/s": {50, 50}, "3000/min": {50, 50}, "0.5/s": {0.5, 0.5}, "5/s..100/s": {5, 100}, "5..100/s": {5, 100},
		"60/min..2/s": {1, 2}, "0/s..1/s": {0, 1}, "100/s .. 5/s": {100, 5},
	} {
		p := with("load: {phases: [{for: 1m, rate: " + text + "}]}").Load.Phases[0]
		if got := [2]float64{p.From, p.To}; got != want {
			t.Errorf("rate %s = %v, want %v", text, got, want)
		}
	}
	for text, want := range map[string]Span{
		"3blocks": {Blocks: 3}, "1.5 blocks": {Blocks: 1.5}, "1block": {Blocks: 1}, "1m30s": {Time: 90 * time.Second},
	} {
		if got := with(phases + "confirm: {timeout: " + text + "}").Confirm.Timeout; got != want {
			t.Errorf("timeout %s = %v, want %v", text, got, want)
		}
	}
	if got, want := with(phases+"workload: {choose: {zipf: 1.2}}").Workload.Choose, (Choice{Zipf, 1.2}); got != want {
		t.Errorf("choose = %v, want %v", got, want)
	}
	if got := with("load: {phases: [{for: 1m, rate: 0/s}, {for: 1m, rate: 1/s}]}").Load.Phases[0]; got.From != 0 || got.To != 0 {
		t.Errorf("a pause has the rates %v and %v", got.From, got.To)
	}
	if got := with(phases + "workload: {mix: [{kind: chain, size: 200B}]}").Workload.Chains; got != 0 {
		t.Errorf("a mix of new chains alone makes %d chains before the load, want 0", got)
	}
	s := with(phases + "network: {endpoints: [{url: 'http://127.0.0.1:8088'}, {url: https://h.example/api/v2, weight: 3, auth: env:PW}], expect: fct_community_test}\n" +
		"credits: {key: file:/etc/key}")
	want := Network{
		Endpoints: []Endpoint{{URL: "http://127.0.0.1:8088/v2", Weight: 1}, {URL: "https://h.example/api/v2", Weight: 3, Auth: "env:PW"}},
		Expect:    "fct_community_test",
	}
	if diff := cmp.Diff(want, s.Network); diff != "" {
		t.Error(diff)
	}
}

func TestThresholds(t *testing.T) {
	for text, want := range map[string]Threshold{
		"submit.p99<500ms":            {Expression: "submit.p99 < 500ms", Metric: "submit.p99", Op: "<", Value: 500},
		"accept.mean   <= 1s":         {Expression: "accept.mean <= 1s", Metric: "accept.mean", Op: "<=", Value: 1000},
		"confirm.p99 < 2 blocks":      {Expression: "confirm.p99 < 2blocks", Metric: "confirm.p99", Op: "<", Blocks: 2},
		"reveal_service.p999 < 1.5ms": {Expression: "reveal_service.p999 < 1.5ms", Metric: "reveal_service.p999", Op: "<", Value: 1.5},
		"failed < 1%":                 {Expression: "failed < 1%", Metric: "failed", Op: "<", Value: 0.01, Fraction: true},
		"rejected == 0":               {Expression: "rejected == 0", Metric: "rejected", Op: "=="},
		"credits_spent<=5000":         {Expression: "credits_spent <= 5000", Metric: "credits_spent", Op: "<=", Value: 5000},
		"rates.confirmed_per_s > 50/s": {
			Expression: "rates.confirmed_per_s > 50/s", Metric: "rates.confirmed_per_s", Op: ">", Value: 50},
		"confirmed_per_s > 3000/min": {
			Expression: "confirmed_per_s > 3000/min", Metric: "rates.confirmed_per_s", Op: ">", Value: 50},
	} {
		got := mustParse(t, minimal+"thresholds: ['"+text+"']").Thresholds
		if diff := cmp.Diff([]Threshold{want}, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
}

// What is too small for its entries depends on the marker and on the most
// ExtIDs; the generator relies on the same figures.
func TestMinSize(t *testing.T) {
	for _, test := range []struct {
		item   Item
		marker string
		want   int
	}{
		{Item{Kind: KindEntry, ExtIDs: Range{1, 1}}, "m", 2 + 1 + 16},
		{Item{Kind: KindEntry, ExtIDs: Range{1, 3}}, "factom-load", 2 + 11 + 2*3 + 16},
		{Item{Kind: KindChain, ExtIDs: Range{2, 2}}, "factom-load", 2 + 11 + 18},
		{Item{Kind: KindChain, ExtIDs: Range{2, 5}}, "m", 2 + 1 + 18 + 3*3},
		{Item{Kind: KindEntry, ExtIDs: Range{1, 1}, Payload: Payload{Kind: Zeros}}, "m", 2 + 1 + 16},
		{Item{Kind: KindChain, ExtIDs: Range{2, 2}, Payload: Payload{Kind: Zeros}}, "m", 2 + 1 + 18},
		{Item{Kind: KindEntry, ExtIDs: Range{1, 2}, Payload: Payload{Kind: Text}}, "m", 2 + 1 + 3 + 32},
		{Item{Kind: KindEntry, ExtIDs: Range{1, 1}, Payload: Payload{Kind: JSON}}, "m", 2 + 1 + len(`{"nonce":"","text":""}`) + 32},
		{Item{Kind: KindChain, ExtIDs: Range{2, 2}, Payload: Payload{Kind: JSON}}, "m", 2 + 1 + 18 + len(`{"nonce":"","text":""}`) + 32},
	} {
		if got := test.item.MinSize(test.marker); got != test.want {
			t.Errorf("%+v with marker %q needs %d bytes, want %d", test.item, test.marker, got, test.want)
		}
		payload := pick("random", string(test.item.Payload.Kind), test.item.Payload.Kind == "")
		item := fmt.Sprintf("{kind: %s, extids: %d..%d, payload: %s, size: ", test.item.Kind, test.item.ExtIDs.Min, test.item.ExtIDs.Max, payload)
		scenario := func(size int) string {
			return fmt.Sprintf("%sworkload: {marker: %s, mix: [%s%dB}]}", minimal, test.marker, item, size)
		}
		mustParse(t, scenario(test.want))
		if _, err := Parse([]byte(scenario(test.want-1)), ""); err == nil {
			t.Errorf("%+v is accepted with %d bytes", test.item, test.want-1)
		}
	}
}

// The default item of each kind must be possible with the longest marker.
func TestDefaultItemsFit(t *testing.T) {
	mustParse(t, minimal+"workload: {marker: "+strings.Repeat("m", 64)+", mix: [{kind: entry}, {kind: chain}]}")
}

func TestLargestFile(t *testing.T) {
	pad := strings.Repeat(strings.Repeat("#", 1<<13-1)+"\n", MaxBytes>>13)
	mustParse(t, pad[len(minimal):]+minimal)
	if _, err := Parse([]byte("#"+pad[len(minimal):]+minimal), "big.yaml"); err == nil || !strings.Contains(err.Error(), "1048576") {
		t.Errorf("a file above the limit: %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(example))
	f.Add([]byte(minimal))
	f.Add([]byte(fixture))
	for _, rate := range []string{"20/s..200/s in 6 steps", "20/s..200/s spike", "20/s..100/s sine 30s"} {
		f.Add([]byte("version: 1\nload: {phases: [{for: 60s, rate: " + rate + "}]}\n"))
	}
	for _, item := range []string{"size: {100B: 80, 1KiB: 20}, payload: text", "size: {lognormal: {median: 300B, sigma: 0.8}}, payload: json", "payload: zeros"} {
		f.Add([]byte(minimal + "workload: {mix: [{kind: entry, " + item + "}]}\n"))
	}
	for _, name := range Library() {
		data, _ := Lookup(name)
		f.Add(data)
	}
	for _, test := range problems {
		if len(test.text) < 1<<12 { // long ones would take all the time
			f.Add([]byte(test.text))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := Parse(data, "fuzz.yaml")
		if err != nil {
			if len(err.Error()) == 0 {
				t.Error("an error without text")
			}
			return
		}
		again, err := Parse(render(s), "fuzz.yaml")
		if err != nil {
			t.Fatalf("written out again it does not parse: %v\n%s", err, render(s))
		}
		if diff := cmp.Diff(s, again); diff != "" {
			t.Error(diff)
		}
		if s.SHA256() != again.SHA256() {
			t.Errorf("the hash changed:\n%s\n%s", s.Normal(), again.Normal())
		}
	})
}
