package compare

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/FactomProject/factom-load/internal/infer"
	"github.com/FactomProject/factom-load/internal/syntheticrun"
	"github.com/FactomProject/factom-load/results"
)

var update = flag.Bool("update", false, "rewrite the golden files and compare.schema.json")

// A group describes the runs of a side.
type group struct {
	n      int
	level  float64 // of the accept latency
	spread float64 // between the runs, from end to end
	each   func(i int, r *syntheticrun.Run)
}

// write makes the runs of a side below a directory, of which each has its seed from
// first on in steps of two.
func (g group) write(t testing.TB, side string, first uint64) (dirs []string) {
	t.Helper()
	for i := range g.n {
		r := syntheticrun.Run{Seed: first + 2*uint64(i), Level: g.level * (1 + g.spread*(float64(i)/float64(max(g.n-1, 1))-0.5))}
		if side == "candidate" {
			r.Change = func(m *results.Manifest) { m.Network.Endpoints[0].Version = "6.12.0" }
		}
		if g.each != nil {
			g.each(i, &r)
		}
		dir := fmt.Sprintf("%s-%d", side, i+1)
		if err := syntheticrun.Write(dir, r); err != nil {
			t.Fatal(err)
		}
		dirs = append(dirs, dir)
	}
	return dirs
}

// changed adds to what changes the manifest of a run.
func changed(r *syntheticrun.Run, change func(*results.Manifest)) {
	before := r.Change
	r.Change = func(m *results.Manifest) {
		if before != nil {
			before(m)
		}
		change(m)
	}
}

func compareGroups(t testing.TB, base, candidate group, o Options) *Comparison {
	t.Helper()
	t.Chdir(t.TempDir())
	o.Base, o.Candidate, o.ToolVersion = base.write(t, "base", 1), candidate.write(t, "candidate", 2), "v1.0.0"
	c, err := Runs(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

var steady = group{n: 6, level: 1, spread: 0.02}

// What comparisons of small runs come to, as people and programs read it.
func TestGolden(t *testing.T) {
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	otherLoad := func(_ int, r *syntheticrun.Run) {
		changed(r, func(m *results.Manifest) { m.Scenario.SHA256 = "0ddba11" })
	}
	for _, c := range []struct {
		name            string
		base, candidate group
		o               Options
		want            infer.Verdict
		exit            int // where an answer is asked for
	}{
		{"regressed", steady, group{n: 6, level: 1.2, spread: 0.02}, Options{}, infer.Regressed, 3},
		{"improved", steady, group{n: 6, level: 0.8, spread: 0.02}, Options{}, infer.Improved, 0},
		{"unchanged", steady, steady, Options{}, infer.Unchanged, 0},
		{"inconclusive", group{n: 6, level: 1, spread: 0.3}, group{n: 6, level: 1.05, spread: 0.3}, Options{}, infer.Inconclusive, 6},
		{"few", group{n: 2, level: 1}, group{n: 3, level: 1.5}, Options{}, infer.Inconclusive, 6},
		{"lossy", steady, group{n: 6, level: 1, spread: 0.02, each: func(i int, r *syntheticrun.Run) { r.Lost = 12 + i }}, Options{}, infer.Regressed, 3},
		{"excluded", steady, group{n: 8, level: 1.2, spread: 0.02, each: func(i int, r *syntheticrun.Run) {
			switch i {
			case 0:
				changed(r, func(m *results.Manifest) { m.Interrupted, m.Why = true, "stopped by the user" })
			case 1:
				changed(r, func(m *results.Manifest) { m.ID = "candidate-1" })
			}
		}}, Options{}, infer.Regressed, 3},
		{"other_load", steady, group{n: 6, level: 1.2, spread: 0.02, each: otherLoad}, Options{}, infer.Inconclusive, 6},
		{"forced", steady, group{n: 6, level: 1.2, spread: 0.02, each: otherLoad}, Options{Force: true}, infer.Regressed, 3},
		{"accepted", steady, group{n: 6, level: 1.2, spread: 0.02}, accepting(t, `
- {metric: accept.p50, up_to: 25%, until: 2026-12-31, reason: every entry is signed twice}
- {metric: accept.p95, up_to: 25%, until: 2026-12-31, reason: "every entry is signed twice, #12"}
- {metric: accept.p99, candidate: v6.12.0, until: 2026-12-31, reason: likewise}
- {metric: confirm.p99, up_to: 50ms, until: 2026-12-31, reason: blocks were late}
- {metric: submit.p95, until: 2026-10-31, reason: the old queue}
`), infer.Regressed, 0},
		{"tolerant", steady, group{n: 6, level: 1.2, spread: 0.02}, Options{Tolerances: []Tolerance{{Metric: "accept.p95", Share: 0.3}, {Metric: "accept.p50", Share: 0.3}, {Metric: "accept.p99", Unit: 100}}}, infer.Unchanged, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := compareGroups(t, c.base, c.candidate, c.o)
			if got.Verdict != c.want || got.ExitCode(true) != c.exit {
				t.Errorf("%s, exit code %d; want %s, %d: %s", got.Verdict, got.ExitCode(true), c.want, c.exit, got.Why)
			}
			var markdown, json bytes.Buffer
			if err := WriteMarkdown(&markdown, got); err != nil {
				t.Fatal(err)
			}
			if err := WriteJSON(&json, got); err != nil {
				t.Fatal(err)
			}
			golden(t, filepath.Join(here, "testdata", c.name+".md"), markdown.Bytes())
			validate(t, filepath.Join(here, "compare.schema.json"), json.Bytes())
			if c.name == "regressed" || c.name == "accepted" {
				golden(t, filepath.Join(here, "testdata", c.name+".json"), json.Bytes())
			}
		})
	}
}

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is not what was written (-update rewrites it):\n%s", file, got)
	}
}
