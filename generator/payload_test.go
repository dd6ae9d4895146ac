package generator

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// varied is a scenario with every kind of payload, size, shape and chain, and a
// recording.
func varied(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"files/deed.json": `{"kind":"deed"}`, "files/empty": "", "files/page.txt": strings.Repeat("page ", 1000),
		"arrivals.csv": "at_s,chain\n0,\n0.5,4\n0.5,4\n1.25,0\n9,0\n",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return fmt.Sprintf(`
version: 1
name: varied
workload:
  chains: 5
  mix:
    - {kind: entry, payload: text, extids: 1..3, size: {100B: 80, 1KiB: 15, 10KiB: 5}}
    - {kind: entry, payload: json, extids: 1..5, size: {lognormal: {median: 300B, sigma: 0.8}}}
    - {kind: entry, payload: zeros, size: 29..300B}
    - {kind: entry, payload: {files: %[1]q}, extids: 1..9}
    - {kind: chain, payload: text}
    - {kind: chain, payload: json, extids: 2..4}
    - {kind: chain, payload: zeros, size: 31..100B}
    - {kind: chain, payload: {files: %[2]q}, extids: 2..3}
load:
  arrival: poisson
  phases:
    - {for: 2s, rate: 20/s..100/s in 3 steps}
    - {name: recorded, replay: %[3]q, for: 2s}
    - {for: 2s, rate: 20/s..100/s spike}
    - {for: 2s, rate: 20/s..100/s sine 700ms}
`, filepath.Join(dir, "files"), filepath.Join(dir, "files", "deed*"), filepath.Join(dir, "arrivals.csv"))
}

func TestVariedPlan(t *testing.T) {
	s := parse(t, varied(t))
	plan := NewPlan(s)
	rates := []string{"20/s..100/s in 3 steps", "replay " + s.Load.Phases[1].Replay.Path, "20/s..100/s spike", "20/s..100/s sine 700ms"}
	for i, p := range plan.Phases[1:] {
		if p.Rate != rates[i] || p.Length != 2*time.Second || p.Slots == 0 {
			t.Errorf("phase %d is %+v, want %s", i+1, p, rates[i])
		}
	}
	if got := plan.Phases[2]; got.Slots != 4 || got.Chains != 0 {
		t.Errorf("the recording plans %d entries and %d chains, want 4 and none: it is cut after 2 s", got.Slots, got.Chains)
	}
}

// content splits what is composed of a slot into its ExtIDs and its content.
func content(t rapid.TB, j *job) (extIDs [][]byte, content []byte) {
	ids, rest := int(b16(j.binary[33:])), j.binary[factomd.HeaderSize:]
	content = rest[ids:]
	for rest = rest[:ids]; len(rest) > 0; {
		n := int(b16(rest))
		extIDs, rest = append(extIDs, rest[2:2+n]), rest[2+n:]
	}
	return extIDs, content
}

var wordsOnly = regexp.MustCompile(`^[0-9a-f]{32}( [a-z]*)*$`)

// checkContent tells whether content is of its kind.
func checkContent(t rapid.TB, s *slot, content []byte) {
	t.Helper()
	nonce := scenarios.ContentNonce
	if s.kind == results.KindChain {
		nonce = 0
	}
	switch s.payload {
	case scenarios.Text:
		if !wordsOnly.Match(content) {
			t.Fatalf("no text: %q", content)
		}
	case scenarios.JSON:
		var object struct{ Nonce, Text string }
		d := json.NewDecoder(bytes.NewReader(content))
		d.DisallowUnknownFields()
		if err := d.Decode(&object); err != nil || d.InputOffset() != int64(len(content)) {
			t.Fatalf("no JSON: %v of %q", err, content)
		}
		if random, err := hex.DecodeString(object.Nonce); err != nil || len(random) != scenarios.ContentNonce {
			t.Fatalf("no nonce: %q", content)
		}
	case scenarios.Zeros:
		if len(bytes.Trim(content[nonce:], "\x00")) > 0 {
			t.Fatalf("not zeros: %x", content)
		}
	case scenarios.FromFiles:
		if !bytes.Equal(content[nonce:], s.file.Content) {
			t.Fatalf("%q is not the file %s", content, s.file.Name)
		}
	}
}

// Entries of every kind are of their planned size and kind, and all distinct.
func TestVariedEntries(t *testing.T) {
	s := parse(t, varied(t))
	c := newComposer(s.Seed, "salt", s.Workload.Marker, []factomd.Key{factomd.LocalTestKey().EC()}, s.Workload.Chains)
	hashes := map[factomd.Hash]bool{}
	kinds := map[string]int{}
	j := new(job)
	for _, j.slot = range slots(s) {
		c.compose(j, 0)
		extIDs, content := content(t, j)
		if got := len(j.binary) - factomd.HeaderSize; got != j.slot.size || len(extIDs) != j.slot.extIDs {
			t.Fatalf("slot %+v has %d bytes and %d ExtIDs", j.slot, got, len(extIDs))
		}
		checkContent(t, &j.slot, content)
		if hashes[j.hash] {
			t.Fatalf("slot %d repeats an entry", j.slot.index)
		}
		hashes[j.hash] = true
		kinds[fmt.Sprint(j.slot.kind, " ", j.slot.payload)]++
	}
	if len(kinds) != 9 { // and the setup's
		t.Errorf("the load has %v", kinds)
	}
}

// Composing is free of allocation for each kind of payload, once the buffers
// have grown.
func TestComposeAllocates(t *testing.T) {
	c := newComposer(1, "salt", "factom-load", []factomd.Key{factomd.LocalTestKey().EC()}, 1)
	file := &scenarios.File{Content: []byte("content")}
	for _, kind := range []scenarios.PayloadKind{scenarios.Random, scenarios.Text, scenarios.JSON, scenarios.Zeros, scenarios.FromFiles} {
		j := &job{slot: slot{phase: 1, kind: results.KindEntry, size: 1024, extIDs: 1, credits: 1, payload: kind}}
		if kind == scenarios.FromFiles {
			j.slot.file = file
			j.slot.size = 2 + len("factom-load") + scenarios.ContentNonce + len(file.Content)
		}
		if n := testing.AllocsPerRun(20, func() { c.compose(j, 0); j.slot.index++ }); n > 0 {
			t.Errorf("%s: %v allocations an entry", kind, n)
		}
	}
}

// Sizes are drawn as the item says; chi-square doubts each for less than one
// seed in 10,000.
func TestSizesDrawn(t *testing.T) {
	const draws = 20000
	sizes := func(size string) []int {
		s := parse(t, "version: 1\nworkload: {mix: [{kind: entry, size: "+size+"}]}\nload: {phases: [{for: 1s, rate: 1/s}]}\n")
		w := newWorkload(s, nil)
		all := make([]int, draws)
		for i := range all {
			sl := slot{index: uint64(i), phase: 1}
			w.shape(&sl, nil)
			all[i] = sl.size
		}
		return all
	}

	var counts [3]float64
	for _, size := range sizes("{100B: 80, 1KiB: 15, 10KiB: 5}") {
		counts[map[int]int{100: 0, 1024: 1, 10240: 2}[size]]++
	}
	shares := []float64{0.8, 0.15, 0.05}
	if got := chiSquare(counts[:], func(i int) float64 { return shares[i] }); got > 18.4 {
		t.Errorf("a list: chi-square is %v, with counts %v", got, counts)
	}

	// Between the quantiles of the normal distribution at each whole sigma from
	// -2 to 2, and below 29 and above 4,000 bytes nothing.
	const median, sigma = 500, 0.9
	var bins [6]float64
	least, most := math.MaxInt, 0
	for _, size := range sizes("{lognormal: {median: 500B, sigma: 0.9, max: 4kB}}") {
		z := math.Log(float64(size)/median) / sigma
		bins[int(min(max(math.Floor(z), -3), 2))+3]++
		least, most = min(least, size), max(most, size)
	}
	normal := func(z float64) float64 { return (1 + math.Erf(z/math.Sqrt2)) / 2 }
	share := func(i int) float64 {
		low, high := normal(float64(i-3)), normal(float64(i-2))
		switch i {
		case 0:
			low = 0
		case 5:
			high = 1
		}
		return high - low
	}
	if got := chiSquare(bins[:], share); got > 25.7 {
		t.Errorf("lognormal: chi-square is %v, with counts %v", got, bins)
	}
	if least < 29 || most != 4000 {
		t.Errorf("lognormal: sizes are %d to %d", least, most)
	}
	for _, size := range sizes("{lognormal: {median: 40B, sigma: 5}}") {
		if size < 29 || size > 10240 {
			t.Fatalf("lognormal: a size of %d", size)
		}
	}
}

// A recording's entries go out when and as it says; what it leaves open is drawn
// from the mix's entries, and follows the seed.
func TestRecordedSlots(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.csv")
	if err := os.WriteFile(path, []byte("at_s,size,chain\n0,200,3\n0.25,,\n0.25,10240,0\n3,50,\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s := parse(t, fmt.Sprintf(`
version: 1
workload:
  chains: 5
  mix: [{kind: chain, weight: 50, size: 100B}, {kind: entry, size: 300..310B, extids: 3, payload: zeros}, {kind: chain, weight: 50, size: 100B}]
load:
  arrival: poisson
  phases:
    - {for: 1s, rate: 50/s}
    - {replay: %q}
    - {for: 1s, rate: 50/s}
    - {name: again, replay: %q, for: 2s}
`, path, path))
	all := slots(s)
	var got []slot
	for i, sl := range all {
		if sl.index != uint64(i) {
			t.Fatalf("slot %d has index %d", i, sl.index)
		}
		if sl.phase == 2 || sl.phase == 4 {
			got = append(got, sl)
			checkOpen(t, sl)
		}
		if sl.phase == 3 && (sl.at < 4*time.Second || sl.at > 5*time.Second) {
			t.Errorf("the phase after the recording of 3 s has a slot at %v", sl.at)
		}
	}
	want := []slot{
		{at: 1000 * time.Millisecond, size: 200, extIDs: 1, chain: 3},
		{at: 1250 * time.Millisecond},
		{at: 1250 * time.Millisecond, size: 10240, extIDs: 1, chain: 0},
		{at: 4000 * time.Millisecond, size: 50, extIDs: 1, chain: -1},
		{at: 5000 * time.Millisecond, size: 200, extIDs: 1, chain: 3},
		{at: 5250 * time.Millisecond},
		{at: 5250 * time.Millisecond, size: 10240, extIDs: 1, chain: 0},
	}
	if len(got) != len(want) {
		t.Fatalf("%d recorded slots, want %d", len(got), len(want))
	}
	for i, w := range want {
		g := got[i]
		if g.at != w.at {
			t.Errorf("slot %d is at %v, want %v", i, g.at, w.at)
		}
		if w.size > 0 && (g.size != w.size || g.extIDs != w.extIDs || w.chain >= 0 && g.chain != w.chain) {
			t.Errorf("slot %d is %+v, want %+v", i, g, w)
		}
		if w.size == 0 && (g.size < 300 || g.size > 310 || g.extIDs != 3) {
			t.Errorf("slot %d is %+v, want what the mix says", i, g)
		}
	}
	again := slots(s)
	for i := range all {
		if all[i] != again[i] {
			t.Fatalf("slot %d is %+v, then %+v", i, all[i], again[i])
		}
	}
}

func checkOpen(t *testing.T, sl slot) {
	t.Helper()
	if sl.kind != results.KindEntry || sl.payload != scenarios.Zeros || sl.chain < 0 || sl.chain >= 5 {
		t.Errorf("a recorded slot is %+v", sl)
	}
	if sl.credits != factomd.Cost(sl.size, false) {
		t.Errorf("a slot of %d bytes costs %d", sl.size, sl.credits)
	}
}

func BenchmarkPayload(b *testing.B) {
	for _, kind := range []scenarios.PayloadKind{scenarios.Random, scenarios.Text, scenarios.JSON, scenarios.Zeros} {
		b.Run(string(kind), func(b *testing.B) {
			content := make([]byte, 1000)
			var r stream
			b.ReportAllocs()
			for b.Loop() {
				r.fill(content)
				write(content, kind, scenarios.ContentNonce, nil)
			}
		})
	}
}
