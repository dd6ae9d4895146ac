package scenarios

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The same load in other words: other order, units, quotes and comments, with
// defaults written out.
func TestSameHash(t *testing.T) {
	want := mustParse(t, example)
	for _, text := range []string{
		`# another file
load:
  phases:
  - {rate: 300/min, for: 10000ms, measured: false, name: "warmup"}
  - {rate: "5..100/s", for: 0.5m, name: ramp}
  - {rate: 6000/min, for: 1m, name: steady, measured: true}
workload:
  mix:
  - {extids: 1..3, size: 0.1kB..1kB, weight: 95, kind: entry}
  - {size: 200..200B, weight: 5, kind: chain, extids: 2}
  chains: 20
confirm: {timeout: 3.0 blocks}
credits: {budget: 50000}
thresholds: ["submit.p99<500ms", confirm.p99 <  2 blocks, lost == 0]
seed: 42
version: 1
`, example + "\n# the end\n", string(render(want)),
	} {
		got := mustParse(t, text)
		if got.SHA256() != want.SHA256() {
			t.Errorf("another hash:\n%s", cmp.Diff(string(want.Normal()), string(got.Normal())))
		}
	}
	if got, first := want.SHA256(), "factom-load/scenario/v1\n"; len(got) != 64 || !strings.HasPrefix(string(want.Normal()), first) {
		t.Errorf("%s\n%s", got, want.Normal())
	}
}

// Runs recorded long ago must stay comparable: this hash never changes.
func TestHashIsStable(t *testing.T) {
	const want = "9c6d1cfd3bd2a8553abf8aa663abfad7348d84e74244cfab2a97ba30f146ecb0"
	if got := mustParse(t, example).SHA256(); got != want {
		t.Errorf("hash = %s, want %s of\n%s", got, want, mustParse(t, example).Normal())
	}
}

func TestHashAndValues(t *testing.T) {
	base := strings.Replace(example, "in_flight: 5000", "in_flight: 5000\n  late: skip", 1)
	for _, test := range []struct {
		path, value string
		same        bool
	}{
		{"seed", "43", false},
		{"workload.chains", "21", false},
		{"workload.choose", "single", false},
		{"workload.choose", "{zipf: 1}", false},
		{"workload.marker", "other", false},
		{"workload.mix[0].weight", "94", false},
		{"workload.mix[0].size", "100..1001B", false},
		{"workload.mix[0].size", "{100B: 1, 1000B: 1}", false},
		{"workload.mix[1].size", "{200B: 7}", true},
		{"workload.mix[0].size", "{lognormal: {median: 100B, sigma: 1, max: 1000B}}", false},
		{"workload.mix[0].extids", "1..2", false},
		{"workload.mix[0].payload", "random", true},
		{"workload.mix[0].payload", "text", false},
		{"workload.mix[0].payload", "zeros", false},
		{"workload.mix[1].kind", "entry", false},
		{"workload.mix", "[{kind: entry, weight: 95, size: 100..1000B, extids: 1..3}]", false},
		{"load.arrival", "poisson", false},
		{"load.in_flight", "4999", false},
		{"load.late", "send", false},
		{"load.late_by", "2s", false},
		{"load.submit_timeout", "31s", false},
		{"load.reveal", "after", true},
		{"submit.retry", "0", true},
		{"submit.retry", "2", false},
		{"load.reveal", "together", false},
		{"load.phases[0].name", "warm", false},
		{"load.phases[0].for", "11s", false},
		{"load.phases[0].measured", "true", false},
		{"load.phases[1].rate", "6/s..100/s", false},
		{"load.phases[1].rate", "5/s..99/s", false},
		{"load.phases[1].rate", "5/s..100/s in 6 steps", false},
		{"load.phases[1].rate", "5/s..100/s spike", false},
		{"load.phases[1].rate", "5/s..100/s sine 3s", false},
		{"load.phases[1]", "{name: ramp, for: 30s, replay: testdata/arrivals.csv}", false},
		{"queries", "{rate: 20/s}", false},
		{"confirm.until", "accepted", false},
		{"confirm.timeout", "4blocks", false},
		{"confirm.timeout", "3s", false},
		{"observe", "{content: 2, merkle: 1}", true},
		{"observe.content", "3", false},
		{"observe.merkle", "0", false},

		{"name", "other", true},
		{"description", "Other.", true},
		{"network", "{local: {block_time: 20s}}", true},
		{"network", "{endpoints: [{url: 'http://h/v2'}]}", true},
		{"credits.key", "env:KEY", true},
		{"credits.budget", "7", false},
		{"thresholds", "[]", false},
		{"compare.primary", "submit.p99", false},
		{"record", "{segment: 1MiB, keep: none, checkpoint: 0}", true},
	} {
		t.Run(test.path+"="+test.value, func(t *testing.T) {
			text := base
			if test.path == "confirm.until" {
				text = strings.Replace(text, "  - confirm.p99 < 2blocks\n", "", 1)
			}
			got, want := mustParse(t, text, Override{test.path, test.value}), mustParse(t, text)
			if same := got.SHA256() == want.SHA256(); same != test.same {
				t.Errorf("same hash: %v, want %v", same, test.same)
			}
		})
	}
	// Only late: skip looks at late_by.
	if mustParse(t, example, Override{"load.late_by", "2s"}).SHA256() != mustParse(t, example).SHA256() {
		t.Error("late_by counts with late: send")
	}
}

// Every scenario that is allowed can be written down and read back.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := drawScenario(t)
		text := render(s)
		got, err := Parse(text, "x.yaml")
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		if diff := cmp.Diff(s, got); diff != "" {
			t.Fatalf("%s\n%s", diff, text)
		}
		if s.SHA256() != got.SHA256() {
			t.Fatalf("the hash changed: %s", cmp.Diff(string(s.Normal()), string(got.Normal())))
		}
	})
}

// fixture has what refers to other files.
const fixture = `version: 1
workload: {mix: [{kind: entry, payload: {files: testdata/payloads/}}]}
load: {phases: [{replay: testdata/arrivals.csv}]}
`

func drawPayload(t *rapid.T, i *Item, marker string) {
	i.Payload.Kind = rapid.SampledFrom([]PayloadKind{Random, Text, JSON, Zeros, FromFiles}).Draw(t, "payload")
	if i.Payload.Kind == FromFiles {
		files, err := Parse([]byte(fixture), "")
		if err != nil {
			t.Fatal(err)
		}
		i.Payload = files.Workload.Mix[0].Payload
		i.Size = i.fileSizes(marker)
		return
	}
	least := i.MinSize(marker)
	i.Size.Min = rapid.IntRange(least, MaxSize).Draw(t, "size.min")
	i.Size.Max = rapid.IntRange(i.Size.Min, MaxSize).Draw(t, "size.max")
	weight := rapid.IntRange(1, maxWeight)
	switch distribution := rapid.IntRange(0, 2).Draw(t, "distribution"); {
	case distribution == 1 && i.Size.Min < i.Size.Max:
		i.Sizes = []Size{{i.Size.Min, weight.Draw(t, "size weight")}, {i.Size.Max, weight.Draw(t, "size weight")}}
	case distribution == 2:
		i.Lognormal = &Lognormal{i.Size.Min, float64(rapid.IntRange(1, 50).Draw(t, "sigma")) / 10}
		i.Size.Min = least
	}
}

func drawScenario(t *rapid.T) *Scenario {
	recorded, err := Parse([]byte(fixture), "")
	if err != nil {
		t.Fatal(err)
	}
	name := rapid.StringMatching(`[A-Za-z0-9_][A-Za-z0-9._-]{0,20}`)
	duration := rapid.Map(rapid.Int64Range(1, int64(MaxDuration)), func(n int64) time.Duration { return time.Duration(n) })
	// Rates as people write them: thousandths at most.
	rate := rapid.Map(rapid.IntRange(0, 200), func(n int) float64 { return float64(n) / 4 })
	weight := rapid.IntRange(1, maxWeight)
	arrival := rapid.SampledFrom([]Arrival{Constant, Poisson})

	s := &Scenario{
		Name:        name.Draw(t, "name"),
		Description: rapid.StringMatching(`[ -~äöü€]{0,30}`).Filter(func(s string) bool { return strings.TrimSpace(s) == s }).Draw(t, "description"),
		Seed:        rapid.Uint64().Draw(t, "seed"),
		Credits:     Credits{Keys: rapid.SliceOfNDistinct(rapid.SampledFrom([]string{LocalTestKey, "env:KEY", "file:/a b/key"}), 1, 3, rapid.ID).Draw(t, "keys"), Budget: rapid.Int64Range(1, maxBudget).Draw(t, "budget")},
		Workload:    Workload{Marker: rapid.StringMatching(`[ -~]{1,64}`).Draw(t, "marker")},
		Load: Load{
			Arrival: arrival.Draw(t, "arrival"), InFlight: rapid.IntRange(1, maxInFlight).Draw(t, "in_flight"),
			Late: rapid.SampledFrom([]Late{LateSend, LateSkip}).Draw(t, "late"), LateBy: duration.Draw(t, "late_by"), SubmitTimeout: duration.Draw(t, "submit_timeout"),
			Reveal: rapid.SampledFrom([]Reveal{RevealAfter, RevealTogether}).Draw(t, "reveal"),
		},
		Confirm: Confirm{Until: rapid.SampledFrom([]Until{UntilBlock, UntilAccepted}).Draw(t, "until")},
		Observe: Observe{Content: rapid.IntRange(0, maxChecks).Draw(t, "content"), Merkle: rapid.IntRange(0, maxChecks).Draw(t, "merkle")},
		Primary: Metric(rapid.SampledFrom([]string{"submit", "accept"}).Draw(t, "stage") + "." + rapid.SampledFrom(figures).Draw(t, "figure")),
	}
	if rapid.Bool().Draw(t, "top-up") {
		s.Credits.TopUp = &TopUp{rapid.Int64Range(1, s.Credits.Budget).Draw(t, "below"), rapid.Int64Range(1, s.Credits.Budget).Draw(t, "buy")}
	}
	if rapid.Bool().Draw(t, "users") {
		s.Load.Users = rapid.IntRange(1, s.Load.InFlight).Draw(t, "number of users")
		s.Load.Think = time.Duration(rapid.Int64Range(0, int64(maxThink)).Draw(t, "think"))
		s.Load.Arrival, s.Load.Late, s.Load.LateBy = DefaultArrival, DefaultLate, DefaultLateBy
	}
	if rapid.Bool().Draw(t, "blocks") {
		s.Confirm.Timeout.Blocks = float64(rapid.IntRange(1, 400).Draw(t, "timeout")) / 4
	} else {
		s.Confirm.Timeout.Time = duration.Draw(t, "timeout")
	}
	if rapid.Bool().Draw(t, "local") {
		s.Network.Local = &Local{Nodes: 1, BlockTime: time.Duration(rapid.IntRange(6, 600).Draw(t, "block time")) * time.Second,
			DB: rapid.SampledFrom([]DB{Map, LDB}).Draw(t, "db")}
	} else {
		for i := range rapid.IntRange(1, 4).Draw(t, "endpoints") {
			s.Network.Endpoints = append(s.Network.Endpoints, Endpoint{
				URL:    fmt.Sprintf("http://node-%d.example:8088/v2", i),
				Weight: weight.Draw(t, "weight"),
				Auth:   rapid.SampledFrom([]string{"", "env:AUTH", "file:auth.txt"}).Draw(t, "auth"),
			})
		}
		if rapid.Bool().Draw(t, "live feed") {
			s.Observe.LiveFeed = &LiveFeed{rapid.SampledFrom([]string{"127.0.0.1:8140", "[::1]:0", "load.example:65535"}).Draw(t, "listen")}
		}
		s.Network.Expect = rapid.SampledFrom([]string{"", "LOCAL", "TEST", "fct_community_test", "12345678", "1e234567"}).Draw(t, "expect")
	}
	entries := false
	for range rapid.IntRange(1, 4).Draw(t, "items") {
		i := Item{Kind: rapid.SampledFrom([]Kind{KindEntry, KindChain}).Draw(t, "kind"), Weight: weight.Draw(t, "weight")}
		entries = entries || i.Kind == KindEntry
		i.ExtIDs.Min = rapid.IntRange(2, 10).Draw(t, "extids.min")
		i.ExtIDs.Max = rapid.IntRange(i.ExtIDs.Min, 100).Draw(t, "extids.max")
		drawPayload(t, &i, s.Workload.Marker)
		s.Workload.Mix = append(s.Workload.Mix, i)
	}
	s.Workload.Choose = Choice{Kind: Uniform}
	if s.Workload.Chains = rapid.IntRange(0, maxChains).Draw(t, "chains"); entries {
		s.Workload.Chains = max(s.Workload.Chains, 1)
	}
	if s.Workload.Chains > 0 {
		s.Workload.Choose = rapid.SampledFrom([]Choice{{Kind: Single}, {Kind: Uniform}, {Zipf, 1.2}, {Zipf, 10}}).Draw(t, "choose")
	}
	if !s.Load.Closed() && s.Confirm.Until == UntilBlock && rapid.Bool().Draw(t, "search") {
		s.Load.Search = drawSearch(t)
		blocks := float64(rapid.IntRange(4*leastHoldBlocks, 40).Draw(t, "hold")) / 4
		s.Load.Search.Hold.Blocks = max(blocks, math.Ceil(leastStepEntries/(s.Load.Search.From*6)))
		s.Load.Search.StopWhen = append(defaultStops(), errorStops()...)
		s.Confirm.Timeout = Span{Blocks: leastTimeoutBlocks}
	}
	for i := range rapid.IntRange(1, 4).Draw(t, "phases") {
		p := Phase{Name: fmt.Sprintf("%s-%d", name.Draw(t, "phase"), i), For: min(time.Millisecond+duration.Draw(t, "for"), 24*time.Hour), Measured: i == 0 || rapid.Bool().Draw(t, "measured")}
		p.From, p.To = rate.Draw(t, "from"), rate.Draw(t, "to")
		if i == 0 {
			p.To++
		}
		p.Shape = rapid.SampledFrom([]Shape{{}, {Kind: Steps, Steps: 7}, {Kind: Spike}, {Kind: Sine, Period: time.Second / 3}}).Draw(t, "shape")
		if p.From == p.To {
			p.Shape = Shape{}
		}
		if p.Shape.Kind == Sine {
			p.From, p.To = min(p.From, p.To), max(p.From, p.To)
		}
		if i > 0 && entries && rapid.Bool().Draw(t, "replay") {
			p = Phase{Name: p.Name, For: p.For, Measured: p.Measured, Replay: recorded.Load.Phases[0].Replay}
		}
		if s.Load.Closed() {
			p = Phase{Name: p.Name, For: p.For, Measured: p.Measured}
		}
		p.Measured = p.Measured && s.Load.Search == nil
		s.Load.Phases = append(s.Load.Phases, p)
	}
	if s.Workload.Chains > 0 && s.Load.Search == nil && s.Confirm.Until == UntilBlock && rapid.Bool().Draw(t, "hostile") {
		s.Hostile = &Hostile{Rate: (rate.Draw(t, "hostile rate") + 1) / 4, Arrival: arrival.Draw(t, "hostile arrival"), InFlight: rapid.IntRange(1, maxInFlight).Draw(t, "hostile in_flight")}
		for _, k := range rapid.Permutation(HostileKinds()).Draw(t, "kinds")[:rapid.IntRange(1, 13).Draw(t, "kinds")] {
			s.Hostile.Mix = append(s.Hostile.Mix, HostileItem{k, weight.Draw(t, "weight")})
		}
	}
	if rapid.Bool().Draw(t, "queries") {
		s.Queries = &Queries{Rate: rate.Draw(t, "queries rate") + 1, Arrival: arrival.Draw(t, "queries arrival"), InFlight: rapid.IntRange(1, maxInFlight).Draw(t, "queries in_flight")}
		for _, m := range rapid.Permutation(queryMethods()).Draw(t, "methods")[:rapid.IntRange(1, 9).Draw(t, "methods")] {
			s.Queries.Mix = append(s.Queries.Mix, QueryItem{m, weight.Draw(t, "weight")})
		}
	}
	for range rapid.IntRange(0, 3).Draw(t, "thresholds") {
		threshold, p := parseThreshold(rapid.SampledFrom([]string{"submit.p99 < 500ms", "accept.max<=1.5blocks", "lost == 0", "failed < 0.5%", "sent_per_s > 60/min"}).Draw(t, "threshold"))
		if p != nil {
			t.Fatal(p)
		}
		s.Thresholds = append(s.Thresholds, threshold)
	}
	s.Record = Record{
		Segment: rapid.Int64Range(minSegment, maxSegment).Draw(t, "segment"), Keep: rapid.SampledFrom([]Keep{KeepAll, KeepFailures, KeepNone}).Draw(t, "keep"), Sample: DefaultSample,
		Checkpoint: rapid.SampledFrom([]time.Duration{0, time.Second, 90 * time.Second, maxCheckpoint}).Draw(t, "checkpoint"),
	}
	if s.Record.Keep == KeepFailures {
		s.Record.Sample = rapid.IntRange(0, maxSample).Draw(t, "sample")
	}
	s.Abort.Grace = DefaultAbortGrace
	for range rapid.IntRange(0, 2).Draw(t, "rules") {
		rule, p := parseAbortRule(rapid.SampledFrom([]string{"lost > 3", "failed>0.5%", "stalled for 1.5blocks", "stalled for 90s", "credits < 7"}).Draw(t, "rule"))
		if p != nil {
			t.Fatal(p)
		}
		s.Abort.Rules = append(s.Abort.Rules, rule)
		s.Abort.Grace = time.Duration(rapid.Int64Range(1, int64(maxGrace)).Draw(t, "grace"))
	}
	return s
}
