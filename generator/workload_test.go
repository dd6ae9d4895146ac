package generator

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/FactomProject/factom"
	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

func parse(t testing.TB, yaml string) *scenarios.Scenario {
	t.Helper()
	s, err := scenarios.Parse([]byte(yaml), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const mixed = `
version: 1
name: mixed
workload:
  chains: 5
  mix:
    - {kind: entry, weight: 7, size: 60..3000B, extids: 1..5}
    - {kind: chain, weight: 3, size: 80..400B, extids: 2..4}
load:
  phases:
    - {name: warm, for: 2s, rate: 10/s, measured: false}
    - {name: ramp, for: 4s, rate: 0/s..100/s}
`

// slots collects everything that a scenario plans.
func slots(s *scenarios.Scenario) []slot {
	w := newWorkload(s, nil)
	var all []slot
	for _, walk := range []*walk{newSetup(s, w), newLoad(s, w)} {
		var next slot
		for walk.next(&next) {
			all = append(all, next)
		}
	}
	return all
}

func TestPlanIsTheWalk(t *testing.T) {
	s := parse(t, mixed)
	plan := NewPlan(s)
	if got, want := plan.Total.Slots, uint64(5+20+200); got != want {
		t.Errorf("%d slots, want %d: the setup's, 2 s of 10/s, and half of 4 s of 100/s", got, want)
	}
	var total PhasePlan
	for i, sl := range slots(s) {
		if sl.index != uint64(i) {
			t.Fatalf("slot %d has index %d", i, sl.index)
		}
		total.Slots++
		total.Credits += int64(sl.credits)
		total.Bytes += int64(sl.size)
		if sl.kind == results.KindChain {
			total.Chains++
		}
	}
	if total.Slots != plan.Total.Slots || total.Credits != plan.Total.Credits ||
		total.Bytes != plan.Total.Bytes || total.Chains != plan.Total.Chains {
		t.Errorf("the plan says %+v, the slots sum up to %+v", plan.Total, total)
	}
	if got := plan.Phases[0].Name; got != "setup" {
		t.Errorf("the first phase is %q, want setup", got)
	}
}

// The setup has a slot for every chain, whatever the load's rate makes of their
// instants.
func TestSetupMakesEveryChain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &scenarios.Scenario{}
		s.Workload.Chains = rapid.IntRange(0, 500).Draw(t, "chains")
		rate := rapid.OneOf(rapid.Float64Range(0.001, 200), rapid.SampledFrom([]float64{1, 3, 7, 60, 99, 100}))
		s.Load.Phases = []scenarios.Phase{{For: time.Second, From: rate.Draw(t, "rate"), To: 0}}
		walk := newSetup(s, newWorkload(s, nil))
		var next slot
		n := 0
		for walk.next(&next) {
			if next.chain != n {
				t.Fatalf("slot %d makes chain %d", n, next.chain)
			}
			n++
		}
		if n != s.Workload.Chains {
			t.Fatalf("%d slots for %d chains", n, s.Workload.Chains)
		}
	})
}

func TestShapesFollowTheSeedAlone(t *testing.T) {
	s := parse(t, mixed)
	first, again := slots(s), slots(s)
	s.Seed++
	other := slots(s)
	differ := false
	for i := range first {
		if first[i] != again[i] {
			t.Fatalf("slot %d is %+v, then %+v", i, first[i], again[i])
		}
		differ = differ || first[i] != other[i]
	}
	if !differ {
		t.Error("another seed gives the same load")
	}
}

// What is composed is what was planned: size, price, ExtIDs, chain, and bytes
// that the factom library reads and hashes alike.
func TestComposedEntries(t *testing.T) {
	s := parse(t, mixed)
	key := factomd.LocalTestKey().EC()
	c := newComposer(s.Seed, "salt", s.Workload.Marker, []factomd.Key{key}, s.Workload.Chains)
	hashes := map[factomd.Hash]bool{}
	chains := map[factomd.Hash]bool{}
	for _, sl := range slots(s) {
		j := &job{slot: sl}
		c.compose(j, 1_600_000_000_000)
		if hashes[j.hash] {
			t.Fatalf("slot %d repeats an entry", sl.index)
		}
		hashes[j.hash] = true

		e := readReveal(t, j.reveal)
		marshalled, err := e.MarshalBinary()
		if err != nil {
			t.Fatal(err)
		}
		if got := len(marshalled) - factomd.HeaderSize; got != sl.size {
			t.Errorf("slot %d has a payload of %d bytes, want %d", sl.index, got, sl.size)
		}
		if got := len(e.ExtIDs); got != sl.extIDs {
			t.Errorf("slot %d has %d ExtIDs, want %d", sl.index, got, sl.extIDs)
		}
		if string(e.ExtIDs[0]) != s.Workload.Marker {
			t.Errorf("slot %d does not begin with the marker", sl.index)
		}
		if got := hex.EncodeToString(e.Hash()); got != j.hash.String() {
			t.Errorf("slot %d hashes to %s, the library says %s", sl.index, j.hash, got)
		}
		if cost, err := factom.EntryCost(e); err != nil || int(cost) != sl.credits%10 && sl.kind == results.KindEntry {
			t.Errorf("slot %d costs %d, the library says %d, %v", sl.index, sl.credits, cost, err)
		}
		if sl.kind == results.KindChain {
			if got := factom.ChainIDFromFields(e.ExtIDs); got != j.chain.String() || chains[j.chain] {
				t.Errorf("slot %d begins chain %s, its ExtIDs say %s", sl.index, j.chain, got)
			}
			chains[j.chain] = true
		} else if j.chain != c.chains[sl.chain] || j.chain.IsZero() {
			t.Errorf("slot %d is in chain %s, which the setup did not make for it", sl.index, j.chain)
		}
	}
}

func readReveal(t *testing.T, body []byte) *factom.Entry {
	t.Helper()
	var request struct {
		Method string
		Params struct{ Entry string }
	}
	if err := json.Unmarshal(body, &request); err != nil {
		t.Fatal(err)
	}
	entry, err := hex.DecodeString(request.Params.Entry)
	if err != nil {
		t.Fatal(err)
	}
	e := &factom.Entry{ChainID: hex.EncodeToString(entry[1:33])}
	extIDs, rest := int(b16(entry[33:])), entry[factomd.HeaderSize:]
	e.Content = rest[extIDs:]
	for rest = rest[:extIDs]; len(rest) > 0; {
		n := b16(rest)
		e.ExtIDs = append(e.ExtIDs, rest[2:2+n])
		rest = rest[2+n:]
	}
	return e
}

func b16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }

func TestBytesFollowSeedAndSalt(t *testing.T) {
	s := parse(t, mixed)
	all := slots(s)
	compose := func(salt string) (hashes []factomd.Hash, reveals [][]byte) {
		c := newComposer(s.Seed, salt, s.Workload.Marker, []factomd.Key{factomd.LocalTestKey().EC()}, s.Workload.Chains)
		j := new(job) // used again, as in a run
		for _, sl := range all {
			j.slot = sl
			c.compose(j, time.Now().UnixMilli())
			hashes = append(hashes, j.hash)
			reveals = append(reveals, bytes.Clone(j.reveal))
		}
		return hashes, reveals
	}
	hashes, reveals := compose("a")
	hashesAgain, revealsAgain := compose("a")
	others, _ := compose("b")
	seen := map[factomd.Hash]bool{}
	for i := range hashes {
		if hashes[i] != hashesAgain[i] || !bytes.Equal(reveals[i], revealsAgain[i]) {
			t.Fatalf("slot %d differs with the same seed and salt", i)
		}
		seen[hashes[i]] = true
	}
	for i := range others {
		if seen[others[i]] {
			t.Fatalf("slot %d is the same with another salt", i)
		}
	}
}

// Whatever the mix, an entry fits its plan: the smallest sizes and the most
// ExtIDs included.
func TestComposeAnyShape(t *testing.T) {
	key := factomd.LocalTestKey().EC()
	rapid.Check(t, func(t *rapid.T) {
		item := scenarios.Item{Kind: scenarios.KindEntry, Weight: 1}
		sl := slot{index: rapid.Uint64().Draw(t, "index"), phase: 1, kind: results.KindEntry}
		least := 1
		if rapid.Bool().Draw(t, "chain") {
			item.Kind, sl.kind, least = scenarios.KindChain, results.KindChain, 2
		}
		sl.payload = rapid.SampledFrom([]scenarios.PayloadKind{scenarios.Random, scenarios.Text, scenarios.JSON, scenarios.Zeros, scenarios.FromFiles}).Draw(t, "payload")
		item.Payload.Kind = sl.payload
		sl.extIDs = rapid.IntRange(least, 20).Draw(t, "extids")
		item.ExtIDs = scenarios.Range{Min: sl.extIDs, Max: sl.extIDs}
		marker := rapid.StringMatching(`[a-z]{1,64}`).Draw(t, "marker")
		smallest := item.MinSize(marker)
		sl.size = rapid.OneOf(rapid.Just(smallest), rapid.IntRange(smallest, factomd.MaxPayload)).Draw(t, "size")
		if sl.payload == scenarios.FromFiles {
			empty := item.FileSize(marker, scenarios.File{}, sl.extIDs)
			sl.file = &scenarios.File{Content: bytes.Repeat([]byte("x"), rapid.IntRange(0, factomd.MaxPayload-empty).Draw(t, "file"))}
			sl.size = item.FileSize(marker, *sl.file, sl.extIDs)
		}
		sl.credits = factomd.Cost(sl.size, sl.kind == results.KindChain)

		c := newComposer(1, "salt", marker, []factomd.Key{key}, 1)
		j := &job{slot: sl}
		c.compose(j, 0)
		if got := len(j.binary) - factomd.HeaderSize; got != sl.size {
			t.Fatalf("the payload has %d bytes, want %d", got, sl.size)
		}
		if len(j.extIDs) != sl.extIDs {
			t.Fatalf("%d ExtIDs, want %d", len(j.extIDs), sl.extIDs)
		}
		for i, id := range j.extIDs[1:] {
			if len(id) < 1 || len(id) > scenarios.MaxExtID {
				t.Fatalf("ExtID %d has %d bytes", i+1, len(id))
			}
		}
		_, content := content(t, j)
		checkContent(t, &sl, content)
	})
}

// Chains are chosen with the frequencies that the scenario asks for, within four
// standard errors.
func TestChoice(t *testing.T) {
	const chains, draws = 4, 20000
	for _, c := range []struct {
		choose string
		want   [chains]float64
	}{
		{"single", [chains]float64{1, 0, 0, 0}},
		{"uniform", [chains]float64{0.25, 0.25, 0.25, 0.25}},
		{"{zipf: 1}", [chains]float64{12.0 / 25, 6.0 / 25, 4.0 / 25, 3.0 / 25}},
	} {
		s := parse(t, "version: 1\nworkload: {chains: 4, choose: "+c.choose+"}\nload: {phases: [{for: 1s, rate: 1/s}]}\n")
		w := newWorkload(s, nil)
		var got [chains]float64
		for i := range uint64(draws) {
			sl := slot{index: i, phase: 1}
			w.shape(&sl, nil)
			got[sl.chain]++
		}
		for i, want := range c.want {
			tolerance := 4 * math.Sqrt(want*(1-want)/draws)
			if math.Abs(got[i]/draws-want) > tolerance {
				t.Errorf("%s: chain %d has a share of %v, want %v", c.choose, i, got[i]/draws, want)
			}
		}
	}
}

func TestEndpointsByWeight(t *testing.T) {
	s := parse(t, mixed)
	w := newWorkload(s, []int{3, 1})
	const draws = 20000
	first := 0.0
	for i := range uint64(draws) {
		sl := slot{index: i, phase: 1}
		w.shape(&sl, nil)
		if sl.endpoint == 0 {
			first++
		}
	}
	if math.Abs(first/draws-0.75) > 4*math.Sqrt(0.75*0.25/draws) {
		t.Errorf("the endpoint with 3 of 4 parts gets %v", first/draws)
	}
}

// A seed means the same load in every version of the program.
func TestStreamIsPinned(t *testing.T) {
	var r stream
	r.at(newSource("pinned", "1", "salt"), 7)
	got := []any{r.pcg.Uint64(), r.below(1000), r.between(5, 9), r.float()}
	want := []any{uint64(12235987421555388963), uint64(932), 6, 0.9106565435947955}
	for i := range want {
		if got[i] != want[i] {
			t.Errorf("draw %d is %v, want %v", i, got[i], want[i])
		}
	}
}
