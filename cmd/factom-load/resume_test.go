package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/generator"
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
			total.Confirmed+total.Rejected+total.Failed+total.Skipped != planned || len(r.Run.Resumed) > 1 {
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
