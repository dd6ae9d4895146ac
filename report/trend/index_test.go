package trend_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/FactomProject/factom-load/internal/syntheticrun"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/report/trend"
	"github.com/FactomProject/factom-load/results"
)

var sameRuns = cmp.Options{cmpopts.IgnoreUnexported(trend.Run{}), cmpopts.EquateEmpty()}

// Only what is new or changed is read again, and what the index says is what the
// reports say.
func TestIndexKeepsWhatItRead(t *testing.T) {
	root := t.TempDir()
	nights(t, root, 6, 99, 1)
	first := index(t, root)
	if first.Read != 6 || len(first.Reported) != 6 || first.IndexProblem != "" {
		t.Fatalf("read %d, have %d, %s", first.Read, len(first.Reported), first.IndexProblem)
	}
	r := first.Reported[2]
	if r.ID != "run-2" || r.Path != "nightly/0002" || r.Scenario != "steady" || r.Network != "LOCAL, embedded" || r.Factomd != "6.12.0" || r.Host != "ci" {
		t.Errorf("the run is %+v", r)
	}
	if cpu := r.Values["node_cpu_ms_per_entry"]; cpu < 4.8 || cpu > 5.2 { // half a core for 100 s, by 10,000 entries
		t.Errorf("the node took %g ms an entry", cpu)
	}
	if rss := r.Values["node_rss_peak_bytes"]; rss != 1e8+99 {
		t.Errorf("the node had %g bytes", rss)
	}
	second := index(t, root)
	if second.Read != 0 {
		t.Errorf("read %d again", second.Read)
	}
	if diff := cmp.Diff(first.Reported, second.Reported, sameRuns); diff != "" {
		t.Errorf("the index says something else than the reports: %s", diff)
	}

	put(t, root, "nightly/0003", sample(3, 2)) // changed
	put(t, root, "other/new", sample(70, 1))
	if err := os.RemoveAll(filepath.Join(root, "nightly/0000")); err != nil {
		t.Fatal(err)
	}
	soon := time.Now().Add(time.Minute)
	if err := os.Chtimes(filepath.Join(root, "nightly/0003/report.json"), soon, soon); err != nil {
		t.Fatal(err)
	}
	third := index(t, root)
	if third.Read != 2 || len(third.Reported) != 6 {
		t.Errorf("read %d, have %d", third.Read, len(third.Reported))
	}
	if v := third.Reported[2].Values["accept.p50"]; v < 150 {
		t.Errorf("the changed run still has an accept.p50 of %g ms", v)
	}
}

// Whatever is in the place of the index, the runs are the same, and the index is made
// anew.
func TestBrokenIndexIsMadeAnew(t *testing.T) {
	root := t.TempDir()
	nights(t, root, 8, 99, 1)
	want := index(t, root)
	file := filepath.Join(root, trend.IndexFile)
	good, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	edited := func(at int, b ...byte) string {
		data := append([]byte{}, good...)
		copy(data[at:], b)
		return string(data)
	}
	for name, content := range map[string]string{
		"empty":   "",
		"text":    "not a database, whatever its name says " + strings.Repeat("x", 5000),
		"cut":     string(good[:len(good)/2]),
		"foreign": edited(68, 0, 0, 0, 1),
		"newer":   edited(60, 0, 0, 0, 99),
		"page":    edited(4096, []byte(strings.Repeat("\xa5", 4096))...),
	} {
		write(t, file, content)
		got := index(t, root)
		if diff := cmp.Diff(want.Reported, got.Reported, sameRuns); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if got.Read != 8 || got.IndexProblem == "" {
			t.Errorf("%s: read %d, and the problem is %q", name, got.Read, got.IndexProblem)
		}
		if again := index(t, root); again.Read != 0 || again.IndexProblem != "" {
			t.Errorf("%s: then read %d: %s", name, again.Read, again.IndexProblem)
		}
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(file, "full"), "the index cannot be written")
	if got := index(t, root); len(got.Reported) != 8 || got.IndexProblem == "" {
		t.Errorf("without an index there are %d runs, and the problem is %q", len(got.Reported), got.IndexProblem)
	}
}

func TestWhatIsLeftOut(t *testing.T) {
	root := t.TempDir()
	nights(t, root, 2, 99, 1)
	edit := func(name, from, to string) {
		dir := put(t, root, name, sample(50, 1))
		data, err := os.ReadFile(filepath.Join(dir, "report.json"))
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(string(data), from, to, 1)
		if changed == string(data) {
			t.Fatalf("no %s in the report", from)
		}
		write(t, filepath.Join(dir, "report.json"), changed)
	}
	edit("bad/schema", report.Schema, "factom-load/report/v9\x1b[31m")
	edit("bad/type", `"planned": 10000`, `"planned": "many"`)
	edit("bad/negative", `"planned": 10000`, `"planned": -1`)
	edit("bad/more-than-all", `"lost": 0`, `"lost": 20000`)
	edit("bad/huge", `"own_schedule_p99_ms": 0.2`, `"own_schedule_p99_ms": 1e999`)
	edit("bad/verdict", `"verdict": "pass"`, `"verdict": "fine"`)
	edit("bad/id", `"id": "run-50"`, `"id": ""`)
	edit("bad/series", `"series": {`, `"series": [], "other": {`)
	edit("bad/row", `"rows": [`, `"rows": [7, `)
	write(t, filepath.Join(root, "bad/cut/report.json"), `{"schema": "`+report.Schema+`", "run": {`)
	write(t, filepath.Join(root, "bad/deep/report.json"), `{"a":`+strings.Repeat("[", 1<<20))
	write(t, filepath.Join(root, "bad/more/report.json"), `{} {}`)
	write(t, filepath.Join(root, "bad/list/report.json"), `[]`)
	write(t, filepath.Join(root, "bad/manifest/run.json"), `{}`)
	if err := os.MkdirAll(filepath.Join(root, "bad/pipe"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(root, "bad/pipe/report.json"), 0o666); err != nil {
		t.Fatal(err)
	}
	giant := filepath.Join(root, "bad/giant/report.json")
	write(t, giant, "")
	if err := os.Truncate(giant, 257<<20); err != nil { // nothing but zero bytes
		t.Fatal(err)
	}
	bad, err := os.ReadDir(filepath.Join(root, "bad"))
	if err != nil {
		t.Fatal(err)
	}

	put(t, root, "copy", sample(1, 1))
	partial := sample(60, 1)
	partial.Run.Partial, partial.Verdict = true, report.Interrupted
	put(t, root, "killed/with-report", partial)
	write(t, filepath.Join(root, "killed/without/run.json"), begun)
	if err := os.Symlink(root, filepath.Join(root, "loop")); err != nil {
		t.Fatal(err)
	}

	for range 2 { // of the reports, then of the index
		runs := index(t, root)
		if len(runs.Reported) != 2 {
			t.Errorf("%d runs are reported", len(runs.Reported))
		}
		if want := []string{"killed/with-report", "killed/without"}; !reflect.DeepEqual(runs.Killed, want) {
			t.Errorf("killed are %v", runs.Killed)
		}
		problems := map[string]string{}
		for _, p := range runs.Problems {
			problems[p.Path] = p.Message
			if strings.ContainsRune(p.Message, '\x1b') {
				t.Errorf("the message %q is not printable", p.Message)
			}
		}
		for _, d := range bad {
			if problems["bad/"+d.Name()] == "" {
				t.Errorf("nothing is said of %s", d.Name())
			}
		}
		if len(problems) != len(bad)+1 || !strings.Contains(problems["nightly/0001"]+problems["copy"], "the same run as") {
			t.Errorf("the problems are %v", problems)
		}
	}
}

// Of a run that ended and has no report, or only one of before its end, the record
// says the same as its report would.
func TestRunsWithoutReports(t *testing.T) {
	root := t.TempDir()
	dir := filepath.Join(root, "runs", "one")
	if err := syntheticrun.Write(dir, syntheticrun.Run{Seed: 3}); err != nil {
		t.Fatal(err)
	}
	var all []*trend.Runs
	look := func(read int) {
		t.Helper()
		runs := index(t, root)
		if len(runs.Reported) != 1 || len(runs.Killed)+len(runs.Problems)+runs.Partial > 0 || runs.Read != read {
			t.Fatalf("the runs are %+v", runs)
		}
		all = append(all, runs)
	}
	look(1)
	look(0)
	r, err := report.Build(dir)
	if err != nil {
		t.Fatal(err)
	}
	r.Run.Partial = true
	put(t, root, "runs/one", r)
	look(1)
	r.Run.Partial = false
	put(t, root, "runs/one", r)
	look(1)
	for i, runs := range all {
		got := runs.Reported[0]
		if record := i < 2; got.Record != record {
			t.Errorf("%d: of the record: %v", i, got.Record)
		}
		got.Record = false
		if diff := cmp.Diff(all[3].Reported[0], got, sameRuns); diff != "" {
			t.Errorf("%d: %s", i, diff)
		}
	}
	if all[0].Reported[0].Values["accept.p95"] < 100 {
		t.Errorf("the figures are %v", all[0].Reported[0].Values)
	}

	// While it is locked it is in progress, whatever run.json says; with a part of its
	// entries it has no figures.
	if err := os.RemoveAll(root); err != nil {
		t.Fatal(err)
	}
	if err := syntheticrun.Write(dir, syntheticrun.Run{Seed: 3}); err != nil {
		t.Fatal(err)
	}
	locked, err := results.Reopen(dir)
	if err != nil {
		t.Fatal(err)
	}
	if runs := index(t, root); runs.Partial != 1 || len(runs.Reported) > 0 {
		t.Errorf("the runs are %+v", runs)
	}
	if err := locked.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := results.Reduce(dir, results.ReduceOptions{}); err != nil {
		t.Fatal(err)
	}
	if runs := index(t, root); len(runs.Problems) != 1 || !strings.Contains(runs.Problems[0].Message, "not all of its entries") {
		t.Errorf("the runs are %+v", runs)
	}
}

func TestIndexOfNothing(t *testing.T) {
	if _, err := trend.Index(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got the error %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	root := t.TempDir()
	nights(t, root, 2, 99, 1)
	cancel()
	if _, err := trend.Index(ctx, root); !errors.Is(err, context.Canceled) {
		t.Errorf("got the error %v", err)
	}
}

// Several at once, while runs come, all see whole runs and leave an index that can be
// used.
func TestIndexAtOnce(t *testing.T) {
	root := t.TempDir()
	nights(t, root, 20, 99, 1)
	var all sync.WaitGroup
	for range 6 {
		all.Go(func() {
			for range 3 {
				if runs, err := trend.Index(t.Context(), root); err != nil || len(runs.Reported) < 20 || runs.IndexProblem != "" {
					t.Errorf("%v: %+v", err, runs)
				}
			}
		})
	}
	for i := range 6 {
		put(t, root, "late/"+string(rune('a'+i)), sample(100+i, 1))
	}
	all.Wait()
	if runs := index(t, root); len(runs.Reported) != 26 || len(runs.Problems) > 0 {
		t.Errorf("in the end there are %d runs, and %v", len(runs.Reported), runs.Problems)
	}
	if left, err := filepath.Glob(filepath.Join(root, "*.tmp*")); err != nil || len(left) > 0 {
		t.Errorf("left behind are %v", left)
	}
}
