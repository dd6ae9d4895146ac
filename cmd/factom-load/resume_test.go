package main

import (
	"bytes"
	"context"
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
	"github.com/FactomProject/factom-load/internal/testnet"
	"github.com/FactomProject/factom-load/internal/testnet/testnode"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

const kills = 50

// Wherever the harness is killed, resume accounts for all that it planned: what the
// chain has is confirmed, nothing else is, nothing is lost, and nothing is sent.
func TestResumeAfterKills(t *testing.T) {
	planned := tinySlots(t)
	for i, after := range instants() {
		t.Run(fmt.Sprintf("%d-%s", i, after.Round(time.Millisecond)), func(t *testing.T) {
			t.Parallel()
			n := factomdtest.New(t, factomdtest.Options{BlockTime: 250 * time.Millisecond})
			dir := filepath.Join(t.TempDir(), "run")
			kill(t, n.URL(), dir, after)
			resumed(t, n, dir, planned)
		})
	}
}

// The same with a real node, which outlives the harness: all runs write to it, and
// nothing is on its chain that is in none of the records.
func TestResumeAfterKillsOnRealNode(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a real node")
	}
	home := t.TempDir()
	s, _, err := testnet.Up(t.Context(), testnet.UpOptions{
		Options: testnet.Options{Command: testnode.Command(t), BlockTime: testnet.MinBlockTime, DB: testnet.DBLDB}, Dir: home,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { testnet.Down(context.Background(), home, true) })
	n, err := factomd.New(factomd.Options{URL: s.Endpoint})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(n.Close)
	// One key pays for all, so that none of the runs may have to wait for what it buys.
	out, err := exec.Command("factom-load", "fund", "--key", "local-test-key", "--credits", "20000", "--endpoint", s.Endpoint).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}

	dirs := make([]string, kills)
	t.Run("kill", func(t *testing.T) {
		for i, after := range instants() {
			dirs[i] = filepath.Join(home, fmt.Sprint(i))
			t.Run(after.Round(time.Millisecond).String(), func(t *testing.T) {
				t.Parallel()
				kill(t, s.Endpoint, dirs[i], after)
			})
		}
	})
	// What the node was given is on its chain two blocks later, or never will be.
	height := realHeight(t, n)
	for realHeight(t, n) < height+2 {
		time.Sleep(100 * time.Millisecond)
	}
	paid := balance(t, n)
	planned, chain := tinySlots(t), realChain(t, n)
	if len(chain) == 0 {
		t.Fatal("nothing is on the chain")
	}
	t.Logf("%d of %d entries are on the chain", len(chain), planned*kills)
	t.Run("resume", func(t *testing.T) {
		for _, dir := range dirs {
			t.Run(filepath.Base(dir), func(t *testing.T) {
				t.Parallel()
				account(t, dir, planned)
			})
		}
	})
	for _, dir := range dirs {
		compareToChain(t, dir, chain)
	}
	if len(chain) > 0 {
		t.Errorf("%d entries of the chain are on no record", len(chain))
	}
	if now := balance(t, n); now != paid {
		t.Errorf("the balance was %d before, and is %d: something was paid for", paid, now)
	}
}

// instants are when the harness is killed, after its run began.
func instants() []time.Duration {
	random := rand.New(rand.NewPCG(5, 0))
	list := make([]time.Duration, kills)
	for i := range list {
		list[i] = time.Duration(random.Int64N(int64(1900 * time.Millisecond)))
	}
	return list
}

// tinySlots is how many entries the scenario of the scripts plans.
func tinySlots(t *testing.T) uint64 {
	t.Helper()
	text, err := os.ReadFile("testdata/tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	s, err := scenarios.Parse(text, "tiny.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return generator.NewPlan(s).Total.Slots
}

func realHeight(t *testing.T, n *factomd.Client) uint32 {
	t.Helper()
	m, err := n.Minute(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return m.SavedHeight
}

func balance(t *testing.T, n *factomd.Client) int64 {
	t.Helper()
	credits, err := n.ECBalance(t.Context(), factomd.LocalTestKey().ECAddress())
	if err != nil {
		t.Fatal(err)
	}
	return credits
}

// realChain is every entry on a node's chain, with the height of its block.
func realChain(t *testing.T, n *factomd.Client) map[factomd.Hash]uint32 {
	t.Helper()
	chain := map[factomd.Hash]uint32{}
	for height := uint32(1); height <= realHeight(t, n); height++ {
		block, err := n.DirectoryBlock(t.Context(), height)
		if err != nil {
			t.Fatal(err)
		}
		for _, ref := range block.Chains {
			if factomd.IsSystemChain(ref.ChainID) {
				continue
			}
			entries, err := n.EntryBlock(t.Context(), ref.KeyMR)
			if err != nil {
				t.Fatal(err)
			}
			for _, hash := range entries.Entries {
				chain[hash] = height
			}
		}
	}
	return chain
}

// kill kills a run so long after it began.
func kill(t *testing.T, url, dir string, after time.Duration) {
	t.Helper()
	c := exec.Command("factom-load", "run", "testdata/tiny.yaml", "--quiet", "--endpoint", url, "--out", dir)
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
	n.Settle()
	sent := submits(n)
	for range 2 {
		if r := account(t, dir, planned); len(r.Run.Resumed) > 1 {
			t.Errorf("resumed %+v", r.Run.Resumed)
		}
		chain := n.Chain()
		compareToChain(t, dir, chain)
		if len(chain) > 0 {
			t.Errorf("%d entries of the chain are not on record", len(chain))
		}
	}
	if now := submits(n); now != sent {
		t.Errorf("resume made %d submits", now-sent)
	}
}

// account resumes a killed run, and checks that it adds up.
func account(t *testing.T, dir string, planned uint64) (r report.Report) {
	t.Helper()
	out, err := exec.Command("factom-load", "resume", dir, "--timeout", "1s", "--json").Output()
	if exit := new(exec.ExitError); err != nil && (!errors.As(err, &exit) || exit.ExitCode() == report.ExitCannot) {
		t.Fatalf("%v: %s", err, exit.Stderr)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		t.Fatal(err)
	}
	total := r.Totals
	if total.Planned != planned || total.Lost != 0 || total.Accepted != 0 ||
		total.Confirmed+total.Rejected+total.Failed+total.Skipped != planned || r.Run.Interrupted != (len(r.Run.Resumed) > 0) {
		t.Errorf("%s: %+v, %d planned; resumed %+v", r.VerdictWhy, total, planned, r.Run.Resumed)
	}
	return r
}

// compareToChain compares a record with a chain, which it takes its entries out of.
func compareToChain(t *testing.T, dir string, chain map[factomd.Hash]uint32) {
	t.Helper()
	summary, err := results.ReadEntries(dir, results.Reader{Entry: func(e *results.Entry) error {
		height, saved := chain[e.Hash]
		if saved != (e.Outcome == results.Confirmed) || saved && height != e.Height {
			t.Errorf("entry %d is %s in block %d, on the chain %v, %d", e.Index, e.Outcome, e.Height, saved, height)
		}
		delete(chain, e.Hash)
		return nil
	}})
	if err != nil || !summary.Complete {
		t.Errorf("%+v, %v", summary, err)
	}
}

// Resume can be killed as well, again and again, and the last one accounts for all.
func TestResumeKilled(t *testing.T) {
	planned := tinySlots(t)
	random := rand.New(rand.NewPCG(6, 0))
	for i := range 10 {
		after := time.Duration(random.Int64N(int64(1900 * time.Millisecond)))
		var again [5]time.Duration
		for k := range again {
			again[k] = time.Duration(random.Int64N(int64(400 * time.Millisecond)))
		}
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			n := factomdtest.New(t, factomdtest.Options{BlockTime: 250 * time.Millisecond})
			dir := filepath.Join(t.TempDir(), "run")
			kill(t, n.URL(), dir, after)
			begun := 0
			for _, after := range again {
				c := exec.Command("factom-load", "resume", dir, "--quiet")
				if err := c.Start(); err != nil {
					t.Fatal(err)
				}
				time.Sleep(after)
				c.Process.Kill() // it may have ended
				c.Wait()
				m, err := results.ReadManifest(dir)
				if err != nil {
					t.Fatal(err)
				}
				begun = len(m.Resumed)
				if !m.Ended.IsZero() {
					break
				}
			}
			t.Logf("resumed %d times by what was killed", begun)
			account(t, dir, planned)
			chain := n.Chain()
			compareToChain(t, dir, chain)
			if len(chain) > 0 {
				t.Errorf("%d entries of the chain are not on record", len(chain))
			}
		})
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
	kill(t, n.URL(), dir, 1200*time.Millisecond)
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
	kill(t, n.URL(), dir, 500*time.Millisecond)
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
