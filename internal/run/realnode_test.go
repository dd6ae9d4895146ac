package run_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/internal/testnet"
	"github.com/FactomProject/factom-load/internal/testnet/testnode"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/scenarios"
)

const realScenario = `
version: 1
name: real
credits: {key: local-test-key}
workload:
  chains: 4
  mix:
    - {kind: entry, weight: 9, size: 60..2500B, extids: 1..4}
    - {kind: chain, weight: 1, size: 100..200B}
load:
  arrival: poisson
  phases:
    - {name: warmup, for: 2s, rate: 5/s, measured: false}
    - {name: load,   for: 6s, rate: 10/s..60/s}
`

// doReal runs a scenario and returns its report.
func doReal(t *testing.T, yaml string, change func(*run.Options)) (*report.Report, string) {
	t.Helper()
	s, err := scenarios.Parse([]byte(yaml), "test.yaml")
	if err != nil {
		t.Fatal(err)
	}
	o := run.Options{
		Scenario: s, File: "test.yaml", Text: yaml,
		ID: strings.ReplaceAll(t.Name(), "/", "-"), Out: filepath.Join(t.TempDir(), "run"),
		Say: t.Logf,
	}
	if change != nil {
		change(&o)
	}
	if err := run.Do(t.Context(), t.Context(), o); err != nil {
		t.Fatal(err)
	}
	r, err := report.Build(o.Out)
	if err != nil {
		t.Fatal(err)
	}
	return r, o.Out
}

// exported is what an export says of each entry that a block has.
func exported(t *testing.T, dir string) (heights map[string]uint32) {
	t.Helper()
	var b bytes.Buffer
	if err := report.Export(&b, dir, report.ExportOptions{Format: "jsonl"}); err != nil {
		t.Fatal(err)
	}
	heights = map[string]uint32{}
	for d := json.NewDecoder(&b); ; {
		var e struct {
			Hash   string  `json:"hash"`
			Height *uint32 `json:"block_height"`
		}
		if err := d.Decode(&e); err == io.EOF {
			return heights
		} else if err != nil {
			t.Fatal(err)
		}
		if e.Height != nil {
			heights[e.Hash] = *e.Height
		}
	}
}

// startReal starts a real factomd for a test, which then runs beside others.
func startReal(t *testing.T) *testnet.Network {
	t.Helper()
	if testing.Short() {
		t.Skip("a real node takes half a minute")
	}
	t.Parallel()
	n, err := testnet.Start(t.Context(), testnet.Options{Command: testnode.Command(t), BlockTime: 6 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { n.Stop(context.Background()) })
	return n
}

// A whole run against a real factomd that is there already, paid by two keys,
// and checked against the chain by code that shares nothing with the program: it
// walks all directory blocks and reads every entry.
func TestRealNode(t *testing.T) {
	n := startReal(t)
	other := fundOther(t, n.Endpoint(), 2000)
	r, dir := doReal(t, realScenario+fmt.Sprintf("network: {expect: LOCAL, endpoints: [{url: %q}]}\n", n.Endpoint()), func(o *run.Options) {
		o.AboveCeiling = true
		o.Scenario.Credits.Keys = append(o.Scenario.Credits.Keys, other)
	})

	if r.Totals.Confirmed != r.Totals.Planned || r.Totals.Planned == 0 {
		t.Errorf("totals %+v: a healthy node confirms everything", r.Totals)
	}
	addsUp(t, r)
	if l := r.LatencyMS.Accept; l.Method != "ack-sample" || l.Count == 0 || l.ResolutionMS == 0 {
		t.Errorf("accept: method %s, %d samples, resolution %v ms", l.Method, l.Count, l.ResolutionMS)
	}
	acks := r.Harness.ObserverRequests
	seconds := r.Run.Ended.Sub(r.Run.Started).Seconds()
	if allowed := 4*seconds + 2*seconds + 0.05*float64(r.Harness.SubmitRequests) + 60; float64(acks) > allowed {
		t.Errorf("the observer made %d requests in %.0f s", acks, seconds)
	}

	allChecked(t, r)
	keyMRs(t, n.Endpoint())
	chain := walk(t, n.Endpoint())
	ours := exported(t, dir)
	if len(chain) != len(ours) || uint64(len(ours)) != r.Totals.Confirmed {
		t.Errorf("the chain has %d entries with the marker, the export %d, the report %d", len(chain), len(ours), r.Totals.Confirmed)
	}
	for hash, height := range chain {
		if ours[hash] != height {
			t.Errorf("entry %s is in block %d, the export says %d", hash, height, ours[hash])
		}
	}
	if spent := uint64(balanceSpent(t, n.Endpoint(), r)); spent != r.Totals.CreditsSpent {
		t.Errorf("the node charged %d entry credits, the report says %d", spent, r.Totals.CreditsSpent)
	}
}

// allChecked checks that a run compared what a healthy node serves, and found nothing.
func allChecked(t *testing.T, r *report.Report) {
	t.Helper()
	i := r.Integrity
	if i.EntriesChecked == 0 || i.EntryBlocksChecked == 0 || i.BlocksChecked != uint64(len(r.Blocks)) || len(i.Findings) > 0 {
		t.Errorf("with %d blocks: %+v", len(r.Blocks), i)
	}
	if n := i.EntriesUnchecked + i.EntryBlocksUnchecked + i.BlocksUnchecked; n > 0 {
		t.Errorf("%d are unchecked: %+v", n, i)
	}
}

// keyMRs computes the key MR of every directory block.
func keyMRs(t *testing.T, url string) {
	t.Helper()
	client, err := factomd.New(factomd.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	heights, err := client.Heights(t.Context())
	for h := uint32(0); err == nil && h <= heights.Saved; h++ {
		var b factomd.DirectoryBlock
		if b, err = client.DirectoryBlock(t.Context(), h); err == nil && b.Root != b.KeyMR {
			t.Errorf("block %d with %d chains: key MR %s, computed %s", h, len(b.Chains), b.KeyMR, b.Root)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// fundOther buys entry credits for the other key, and returns where a scenario
// finds it.
func fundOther(t *testing.T, url string, credits int64) (key string) {
	t.Helper()
	client, err := factomd.New(factomd.Options{URL: url})
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	other, err := factomd.ParseKey(otherKey)
	if err != nil {
		t.Fatal(err)
	}
	tx, _, err := factomd.BuyCredits(factomd.LocalTestKey(), other.ECPublic(), uint64(credits), 1000, time.Now().UnixMilli())
	if err == nil {
		err = client.SubmitTransaction(t.Context(), tx)
	}
	for have := int64(0); err == nil && have < credits; time.Sleep(100 * time.Millisecond) {
		have, err = client.ECBalance(t.Context(), other.ECAddress())
	}
	file := filepath.Join(t.TempDir(), "key")
	if err := errors.Join(err, os.WriteFile(file, []byte(otherKey), 0o600)); err != nil {
		t.Fatal(err)
	}
	return "file:" + file
}

// A whole run on the embedded node: acceptance of every entry by the live feed,
// and a key that buys what it needs bit by bit.
func TestEmbeddedNode(t *testing.T) {
	if testing.Short() {
		t.Skip("a real node takes half a minute")
	}
	t.Parallel()
	r, _ := doReal(t, realScenario+"network: {local: {nodes: 1, block_time: 6s}}\n", func(o *run.Options) {
		o.NodeCommand = testnode.Command(t)
		o.Scenario.Credits.TopUp = &scenarios.TopUp{Below: 200, Buy: 250}
	})
	if cost := generator.NewPlan(parse(t, realScenario)).Total.Credits; r.Totals.CreditsSpent != uint64(cost) || cost < 2*250 {
		t.Errorf("%d entry credits were spent, planned %d", r.Totals.CreditsSpent, cost)
	}
	if known := (outcome{Report: r}).balances(); len(known) == 0 || slices.Max(known) >= 200+250 {
		t.Errorf("a key that buys 250 entry credits when it has less than 200 had %v", known)
	}
	if r.Totals.Confirmed != r.Totals.Planned || r.Totals.Planned == 0 {
		t.Errorf("totals %+v: a healthy node confirms everything", r.Totals)
	}
	if addsUp(t, r); len(r.Reconciliation) != 9 {
		t.Errorf("the node's own counters are missing: %+v", r.Reconciliation)
	}
	allChecked(t, r)
	for _, column := range []string{"node_api_queue", "node_unlisted", "node_holding"} {
		known := outcome{Report: r}.known(column)
		// A counter that is never counted down would not come back to nothing; the last
		// reading itself may be of a node that had not worked off the last second.
		if len(known) < 5 || slices.Max(known) > float64(2*r.Totals.Planned) || slices.Min(known[len(known)/2:]) != 0 {
			t.Errorf("%s was %v, of a node that works off what it takes in", column, known)
		}
	}
	if own, others, known := (outcome{Report: r}).commits(t); known && (own != r.Totals.Planned || others != 0) {
		t.Errorf("%d own commits in the blocks and %d of others, of a node that nobody else has", own, others)
	}
	var all uint64
	for _, p := range r.Phases {
		all += p.LatencyMS.Accept.Count
	}
	if r.LatencyMS.Accept.Method != "live-feed" || all != r.Totals.Planned {
		t.Errorf("accept: method %s, %d samples of %d entries", r.LatencyMS.Accept.Method, all, r.Totals.Planned)
	}
	if !r.Network.Embedded || r.Network.Name != "LOCAL" || r.Network.BlockSeconds != 6 {
		t.Errorf("network %+v", r.Network)
	}
	l := r.LatencyMS
	if !(l.Schedule.P50 <= l.Submit.P50 && l.Accept.P50 <= l.Confirm.P50) {
		t.Errorf("the stages are out of order: schedule %v, submit %v, accept %v, confirm %v ms",
			l.Schedule.P50, l.Submit.P50, l.Accept.P50, l.Confirm.P50)
	}
}

// walk returns the entries of the whole chain whose first ExtID is the marker,
// and the heights of their blocks.
func walk(t *testing.T, url string) map[string]uint32 {
	t.Helper()
	var heights struct{ DirectoryBlockHeight uint32 }
	ask(t, url, "heights", nil, &heights)
	entries := map[string]uint32{}
	for h := uint32(1); h <= heights.DirectoryBlockHeight; h++ {
		var block struct {
			DBlock struct {
				DBEntries []struct{ ChainID, KeyMR string }
			}
		}
		ask(t, url, "dblock-by-height", map[string]any{"height": h}, &block)
		for _, e := range block.DBlock.DBEntries {
			if strings.HasPrefix(e.ChainID, strings.Repeat("0", 60)) {
				continue
			}
			var entryBlock struct {
				EntryList []struct{ EntryHash string }
			}
			ask(t, url, "entry-block", map[string]any{"keymr": e.KeyMR}, &entryBlock)
			for _, listed := range entryBlock.EntryList {
				var entry struct{ ExtIDs []string }
				ask(t, url, "entry", map[string]any{"hash": listed.EntryHash}, &entry)
				if len(entry.ExtIDs) == 0 || entry.ExtIDs[0] != hex.EncodeToString([]byte("factom-load")) {
					continue
				}
				if at, twice := entries[listed.EntryHash]; twice {
					t.Errorf("entry %s is in block %d and in block %d", listed.EntryHash, at, h)
				}
				entries[listed.EntryHash] = h
			}
		}
	}
	return entries
}

// balanceSpent returns what the node charged: the credits that it sold less the
// balance that is left.
func balanceSpent(t *testing.T, url string, r *report.Report) int64 {
	t.Helper()
	var sold, left int64
	for h := range r.Blocks[len(r.Blocks)-1].Height + 1 {
		var block struct {
			FBlock struct {
				ExchRate     int64
				Transactions []struct {
					OutECs []struct{ Amount int64 }
				}
			}
		}
		ask(t, url, "fblock-by-height", map[string]any{"height": h}, &block)
		for _, tx := range block.FBlock.Transactions {
			for _, out := range tx.OutECs {
				sold += out.Amount / block.FBlock.ExchRate
			}
		}
	}
	// The entry-credit addresses of the public test key and of the other key.
	for _, address := range []string{"EC2dA7WjVEYVZvQLp3BqMuMwnM8YpYAqtRXtSZN6X5RJgZujGTJS", address(t, otherKey)} {
		var balance struct{ Balance int64 }
		ask(t, url, "entry-credit-balance", map[string]any{"address": address}, &balance)
		left += balance.Balance
	}
	return sold - left
}

func ask(t *testing.T, url, method string, params, result any) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 0, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	reply := struct{ Result any }{result}
	if err := json.NewDecoder(response.Body).Decode(&reply); err != nil || response.StatusCode != http.StatusOK {
		t.Fatalf("%s: %s, %v", method, response.Status, err)
	}
}
