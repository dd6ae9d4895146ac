package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

const kills = 50

// Wherever the harness is killed, resume accounts for all that it planned: what the
// chain has is confirmed, nothing else is, nothing is lost, and nothing is sent.
func TestResumeAfterKills(t *testing.T) {
	const seed = 5
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	text, err := os.ReadFile("testdata/tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Parse(text, "tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	planned := generator.NewPlan(s).Total.Slots
	for i := range kills {
		after := time.Duration(random.Int64N(int64(1900 * time.Millisecond)))
		t.Run(fmt.Sprintf("%d-%s", i, after.Round(time.Millisecond)), func(t *testing.T) {
			t.Parallel()
			n := factomdtest.New(t, factomdtest.Options{BlockTime: 250 * time.Millisecond})
			dir := filepath.Join(t.TempDir(), "run")
			kill(t, n, dir, after)
			resumed(t, n, dir, planned)
		})
	}
}

// kill kills a run so long after it began.
func kill(t *testing.T, n *factomdtest.Node, dir string, after time.Duration) {
	t.Helper()
	c := exec.Command("factom-load", "run", "testdata/tiny.yaml", "--quiet", "--endpoint", n.URL(), "--out", dir)
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, results.ManifestFile)); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	time.Sleep(after)
	if err := c.Process.Kill(); err != nil {
		t.Error(err)
	}
	c.Wait() // it was killed
}

// A run that is killed when its record is divided already, and perhaps in the middle
// of a rotation, is accounted for as any other.
func TestResumeSegments(t *testing.T) {
	for i := range 3 {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			n := factomdtest.New(t, factomdtest.Options{BlockTime: 250 * time.Millisecond})
			dir := filepath.Join(t.TempDir(), "run")
			c := exec.Command("factom-load", "run", "testdata/tiny.yaml", "--quiet", "--endpoint", n.URL(), "--out", dir,
				"--rate", "400/s", "--for", "20s", "--set", "credits.budget=20000", "--set", "record.segment=64KiB")
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
			for {
				if closed, _ := filepath.Glob(filepath.Join(dir, "entries-*.log*")); len(closed) > i {
					break
				}
				time.Sleep(time.Millisecond)
			}
			if err := c.Process.Kill(); err != nil {
				t.Error(err)
			}
			c.Wait()                      // it was killed
			resumed(t, n, dir, 2+20+8000) // the setup, the phase that is not measured, and this one
			left, err := filepath.Glob(filepath.Join(dir, "entries-*"))
			if err != nil || len(left) <= i {
				t.Errorf("the record has %v, %v", left, err)
			}
			for _, name := range left {
				if filepath.Ext(name) != ".zst" {
					t.Errorf("there is %s", name)
				}
			}
		})
	}
}

// resumed resumes a killed run, twice, and compares what it finds with the chain.
func resumed(t *testing.T, n *factomdtest.Node, dir string, planned uint64) {
	t.Helper()
	sent := submits(n)
	for range 2 {
		out, err := exec.Command("factom-load", "resume", dir, "--timeout", "1s", "--json").Output()
		if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || exit.ExitCode() == report.ExitCannot) {
			t.Fatalf("%v: %s", err, exit.Stderr)
		}
		var r report.Report
		if err := json.Unmarshal(out, &r); err != nil {
			t.Fatal(err)
		}
		total := r.Totals
		if total.Planned != planned || total.Lost != 0 || total.Accepted != 0 ||
			total.Confirmed+total.Rejected+total.Failed+total.Skipped != planned || len(r.Run.Resumed) > 1 ||
			r.Run.Interrupted != (len(r.Run.Resumed) == 1) {
			t.Errorf("%s: %+v, %d planned; resumed %+v", r.VerdictWhy, total, planned, r.Run.Resumed)
		}
		chain := n.Chain()
		summary, err := results.ReadEntries(dir, results.Reader{Entry: func(e *results.Entry) error {
			height, saved := chain[e.Hash]
			if saved != (e.Outcome == results.Confirmed) || saved && height != e.Height {
				t.Errorf("entry %d is %s in block %d, on the chain %v, %d", e.Index, e.Outcome, e.Height, saved, height)
			}
			delete(chain, e.Hash)
			return nil
		}})
		if err != nil || !summary.Complete || len(chain) > 0 {
			t.Errorf("%+v, %v; %d entries of the chain are not on record", summary, err, len(chain))
		}
	}
	if now := submits(n); now != sent {
		t.Errorf("resume made %d submits", now-sent)
	}
}

func submits(n *factomdtest.Node) (calls int) {
	for _, method := range []string{"commit-entry", "commit-chain", "reveal-entry", "reveal-chain", "factoid-submit"} {
		calls += n.Calls(method)
	}
	return calls
}

// What a local node took with it when the harness was killed is not called lost, and
// a torn end of the record is cut off and counted.
func TestResumeWithoutItsNode(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: 10 * time.Second})
	dir := filepath.Join(t.TempDir(), "run")
	kill(t, n, dir, 1200*time.Millisecond)
	change(t, filepath.Join(dir, results.ManifestFile), func(b []byte) []byte {
		return bytes.Replace(b, []byte(`"embedded": false`), []byte(`"embedded": true`), 1)
	})
	change(t, filepath.Join(dir, results.EntriesFile), func(b []byte) []byte { return append(b, "torn"...) })
	out, err := exec.Command("factom-load", "resume", dir, "--json").Output()
	if exit := new(exec.ExitError); !errors.As(err, &exit) || exit.ExitCode() != report.ExitCannot {
		t.Errorf("resume exits with %v", err)
	}
	var r report.Report
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	if r.Verdict != report.Interrupted || r.Totals.Lost != 0 || r.Totals.Planned == 0 || !strings.Contains(r.VerdictWhy, "the local node ended with it") {
		t.Errorf("%s: %s %+v", r.Verdict, r.VerdictWhy, r.Totals)
	}
	if again := r.Run.Resumed; len(again) != 1 || again[0].DamageBytes != 4 || !again[0].NodeGone {
		t.Errorf("resumed %+v", again)
	}
}

// Another chain than the run's is not asked, and MAIN never; the record stays as it
// was, and can be resumed on the right one.
func TestResumeRefuses(t *testing.T) {
	t.Parallel()
	genesis := factomd.Hash{1}
	n := factomdtest.New(t, factomdtest.Options{BlockTime: 250 * time.Millisecond, Genesis: genesis})
	n.CloseBlock() // the run begins after a block that no other chain has
	dir := filepath.Join(t.TempDir(), "run")
	kill(t, n, dir, 500*time.Millisecond)
	before, err := os.ReadFile(filepath.Join(dir, results.EntriesFile))
	if err != nil {
		t.Fatal(err)
	}
	for want, o := range map[string]factomdtest.Options{
		"is a node of MAIN":   {NetworkID: factomdtest.Main},
		"and the run was on":  {NetworkID: factomdtest.Test},
		"it is another chain": {BlockTime: time.Hour, Genesis: genesis},
		"is another one":      {BlockTime: 250 * time.Millisecond, Genesis: genesis},
	} {
		other := factomdtest.New(t, o)
		if o.BlockTime == 250*time.Millisecond {
			for range 100 {
				other.CloseBlock()
			}
		}
		out, err := exec.Command("factom-load", "resume", dir, "--endpoint", other.URL()).CombinedOutput()
		if err == nil || !bytes.Contains(out, []byte(want)) {
			t.Errorf("%v: %s; want %q", err, out, want)
		}
	}
	if after, err := os.ReadFile(filepath.Join(dir, results.EntriesFile)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("a refused resume changed the record: %v", err)
	}
	out, err := exec.Command("factom-load", "report", dir).CombinedOutput()
	if err == nil || !bytes.Contains(out, []byte("hint: factom-load resume")) {
		t.Errorf("report of a killed run: %v: %s", err, out)
	}
}

func change(t *testing.T, name string, f func([]byte) []byte) {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, f(b), 0o644); err != nil {
		t.Fatal(err)
	}
}
