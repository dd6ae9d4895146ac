package results

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func create(t *testing.T, path string) *Directory {
	t.Helper()
	d, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func names(t *testing.T, dir string) (list []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		list = append(list, e.Name())
	}
	return list
}

// A new run makes its directory, parents included, or takes an empty one.
func TestCreate(t *testing.T) {
	fresh := filepath.Join(t.TempDir(), "a", "b")
	for _, path := range []string{fresh, t.TempDir()} {
		d := create(t, path)
		f, err := d.Open(EntriesFile)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		if _, err := d.Open(EntriesFile); err == nil {
			t.Error("a file was opened twice")
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		if got := names(t, path); !slices.Equal(got, []string{EntriesFile}) {
			t.Errorf("the run left %v", got)
		}
	}
}

// Nothing that is there already is ever overwritten.
func TestCreateRefuses(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "notes.txt")
	if err := os.WriteFile(file, []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(dir); !errors.Is(err, ErrExists) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a directory in use: %v", err)
	}
	if _, err := Create(file); err == nil || errors.Is(err, ErrExists) || errors.Is(err, ErrLocked) {
		t.Errorf("a file: %v", err)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"notes.txt"}) {
		t.Errorf("now there are %v", got)
	}
}

// While a run is in progress its directory is locked, for new runs and for
// readers that ask; afterwards, or after a crash, it is not.
func TestLock(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	d := create(t, path)
	if _, err := Create(path); !errors.Is(err, ErrLocked) {
		t.Errorf("creating it again: %v", err)
	}
	if err := CheckUnlocked(path); !errors.Is(err, ErrLocked) || !strings.Contains(err.Error(), path) {
		t.Errorf("checking it: %v", err)
	}
	if err := d.WriteManifest(&Manifest{Schema: ManifestSchema}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := CheckUnlocked(path); err != nil {
		t.Errorf("after the end: %v", err)
	}
	if _, err := Create(path); !errors.Is(err, ErrExists) {
		t.Errorf("creating it after the end: %v", err)
	}

	// A lock is of the file that has the name: one that was removed keeps nobody away.
	again, err := Reopen(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(path, lockFile)); err != nil {
		t.Fatal(err)
	}
	if named(again.lock, filepath.Join(path, lockFile)) {
		t.Error("a file that was removed has its name still")
	}
	again.lock.Close()

	if err := os.WriteFile(filepath.Join(path, lockFile), nil, 0o644); err != nil { // left by a crash
		t.Fatal(err)
	}
	if err := CheckUnlocked(path); err != nil {
		t.Errorf("after a crash: %v", err)
	}
	if err := CheckUnlocked(filepath.Join(path, "nowhere")); err != nil {
		t.Errorf("without a directory: %v", err)
	}
}

// A run that did not begin leaves nothing of its own, and everything else.
func TestDiscard(t *testing.T) {
	path := filepath.Join(t.TempDir(), "run")
	fill := func() *Directory {
		d := create(t, path)
		for _, name := range []string{EntriesFile, SeriesFile, NodeLogFile} {
			f, err := d.Open(name)
			if err != nil {
				t.Fatal(err)
			}
			f.Close()
		}
		if err := errors.Join(d.Reserve(), d.WriteManifest(&Manifest{Schema: ManifestSchema})); err != nil {
			t.Fatal(err)
		}
		return d
	}
	fill().Discard()
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the directory is still there: %v", err)
	}

	d := fill()
	if err := os.WriteFile(filepath.Join(path, "notes.txt"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	d.Discard()
	if got := names(t, path); !slices.Equal(got, []string{"notes.txt"}) {
		t.Errorf("it left %v", got)
	}
}

func TestManifestRoundTrip(t *testing.T) {
	d := create(t, filepath.Join(t.TempDir(), "run"))
	defer d.Close()
	m := &Manifest{
		Schema: ManifestSchema, ID: "x", Started: time.Date(2026, 11, 24, 12, 0, 0, 5, time.UTC), Seed: 1<<64 - 1,
		Tags:     map[string]string{"a": "b"},
		Scenario: ManifestScenario{Text: "name: <x>\n", Thresholds: []string{"lost == 0"}},
		Network:  Network{Endpoints: []Endpoint{{URL: "http://127.0.0.1:8088/v2", Version: "v6"}}},
	}
	if err := d.WriteManifest(m); err != nil {
		t.Fatal(err)
	}
	got, err := ReadManifest(d.Path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(m, got); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	if !got.Ended.IsZero() {
		t.Error("a run that did not end has an end")
	}
}

func TestReadManifestErrors(t *testing.T) {
	for name, c := range map[string]struct{ content, want string }{
		"no manifest":   {"", "is not a run's directory: it has no run.json"},
		"not JSON":      {"{", "unexpected end of JSON input"},
		"wrong type":    {`{"schema": 1}`, "cannot unmarshal"},
		"other schema":  {`{"schema": "factom-load/run/v9"}`, `has schema "factom-load/run/v9"; this program reads "factom-load/run/v1"`},
		"without any":   {`{}`, `has schema ""`},
		"another thing": {`[]`, "cannot unmarshal"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if c.content != "" {
				if err := os.WriteFile(filepath.Join(dir, ManifestFile), []byte(c.content), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			_, err := ReadManifest(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), dir) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

// A series is read up to where it is torn.
func TestSeries(t *testing.T) {
	var b bytes.Buffer
	var want []Sample
	for i := range 5 {
		s := Sample{At: int64(i+1) * 1e9, Height: 100, Minute: i, Known: true, InFlight: i, CPUSeconds: 0.5, RSSBytes: 1 << 30, Goroutines: 9, Stalled: i == 2}
		if err := AppendSample(&b, s); err != nil {
			t.Fatal(err)
		}
		want = append(want, s)
	}
	whole := b.Bytes()
	lines := bytes.SplitAfter(whole, []byte("\n"))
	read := func(content []byte) []Sample {
		t.Helper()
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, SeriesFile), content, 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := ReadSeries(dir)
		if err != nil {
			t.Fatal(err)
		}
		return got.Samples
	}
	if diff := cmp.Diff(want, read(whole)); diff != "" {
		t.Errorf("samples (-want +got):\n%s", diff)
	}
	before := len(whole) - len(lines[4])
	for cut := before; cut < len(whole)-2; cut++ { // in the last line
		if diff := cmp.Diff(want[:4], read(whole[:cut])); diff != "" {
			t.Fatalf("cut at %d (-want +got):\n%s", cut, diff)
		}
	}
	for name, damage := range map[string][]byte{
		"garbage":        []byte("\x00\x00\n"),
		"garbage behind": append(bytes.TrimSpace(lines[2]), "}\n"...),
		"long":           append(bytes.Repeat([]byte{'x'}, 1<<20), '\n'),
		"out of order":   lines[0],
		"before all":     []byte(`{"at":-5}` + "\n"),
	} {
		if diff := cmp.Diff(want[:2], read(slices.Concat(lines[0], lines[1], damage, lines[3]))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if got, err := ReadSeries(t.TempDir()); got.Samples != nil || got.Measured != nil || err != nil {
		t.Errorf("without a series: %v, %v", got, err)
	}
	if err := AppendSample(&brittle{}, Sample{}); !errors.Is(err, errFull) || !strings.Contains(err.Error(), SeriesFile) {
		t.Errorf("on a full disk: %v", err)
	}
}

// What a node had in its queues and what blocks list is on record where it was known,
// and a series without any of it, as older versions wrote it, is read all the same.
func TestSeriesOfNode(t *testing.T) {
	want := Series{
		Samples: []Sample{{At: 1e9}, {At: 2e9, NodeQueues: &NodeQueues{API: 0, Unlisted: 7}, NodeHolding: new(3)}},
		Commits: map[uint32]BlockCommits{7: {Height: 7, Commits: 20, Others: 5}, 9: {Height: 9}},
	}
	var b bytes.Buffer
	err := errors.Join(AppendSample(&b, want.Samples[0]), AppendCommits(&b, want.Commits[7]), AppendBlock(&b, Block{Height: 7}),
		AppendSample(&b, want.Samples[1]), AppendCommits(&b, want.Commits[9]))
	if err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		content string
		want    Series
	}{
		"now": {b.String(), want},
		"old": {`{"at":1000000000,"height":4,"minute":2,"known":true,"in_flight":1,"cpu_s":0.5,"rss_bytes":5,"goroutines":6}` + "\n" + `{"block":{}}` + "\n",
			Series{Samples: []Sample{{At: 1e9, Height: 4, Minute: 2, Known: true, InFlight: 1, CPUSeconds: .5, RSSBytes: 5, Goroutines: 6}}}},
		"odd": {`{"at":1000000000,"node_queues":{"api":-1},"node_holding":-2}` + "\n" + `{"commits":{"height":-1}}` + "\n" + `{"at":2000000000}` + "\n",
			Series{Samples: []Sample{{At: 1e9, NodeQueues: &NodeQueues{API: -1}, NodeHolding: new(-2)}}}},
	} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, SeriesFile), []byte(test.content), 0o644); err != nil {
			t.Fatal(err)
		}
		got, err := ReadSeries(dir)
		if diff := cmp.Diff(test.want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
}

// What a run measured of itself is there for one that was killed, and for no other.
func TestRecall(t *testing.T) {
	dir := t.TempDir()
	var b bytes.Buffer
	newest := Measured{Observed{AcceptMethod: "ack-sample", AcceptResolutionMS: 40, Requests: 7, Integrity: Integrity{EntriesChecked: 5, BlocksUnchecked: 2}, Feed: &Feed{Frames: 5, GivenUp: 6, Why: "silent"}}, Harness{SubmitRequests: 9}}
	for _, m := range []Measured{{Observed: Observed{Requests: 3}}, newest} {
		if err := errors.Join(AppendMeasured(&b, m), AppendSample(&b, Sample{At: int64(b.Len())})); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, SeriesFile), b.Bytes(), 0o644); err != nil {
		t.Fatal(err)
	}
	s, err := ReadSeries(dir)
	if err != nil || len(s.Samples) != 2 {
		t.Fatalf("%+v, %v", s, err)
	}
	own := Manifest{Ended: time.Now(), Observed: Observed{Requests: 100}}
	own.Recall(s)
	killed := Manifest{Observed: Observed{AcceptMethod: "ack-sample"}}
	killed.Recall(s)
	young := Manifest{Observed: Observed{AcceptMethod: "ack-sample"}}
	young.Recall(Series{})
	if own.Observed.Requests != 100 || !cmp.Equal(killed.Observed, newest.Observed) || killed.Harness != newest.Harness || young.Observed.AcceptMethod != "ack-sample" {
		t.Errorf("%+v\n%+v\n%+v", own.Observed, killed, young.Observed)
	}
}

// The words of reports and exports are part of their contract.
func TestWords(t *testing.T) {
	for got, want := range map[string]string{
		KindEntry.String(): "entry", KindChain.String(): "chain",
		Pending.String(): "pending", Confirmed.String(): "confirmed", Accepted.String(): "accepted", Lost.String(): "lost",
		Rejected.String(): "rejected", Failed.String(): "failed", Skipped.String(): "skipped", Outcome(77).String(): "outcome(77)",
		NoStage.String(): "", StageCommit.String(): "commit", StageReveal.String(): "reveal",
		Stage(77).String(): "stage(77)",
	} {
		if got != want {
			t.Errorf("got %q, not %q", got, want)
		}
	}
	if StageAccepted.String() != "accepted" {
		t.Error("the stage is called otherwise")
	}
}
