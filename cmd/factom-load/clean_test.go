package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// oldRun makes the directory of a run of one entry that ended long ago, still locked.
func oldRun(t *testing.T, root, id string) *results.Directory {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	dir, err := results.Create(filepath.Join(root, id))
	check(err)
	file, err := dir.Open(results.EntriesFile)
	check(err)
	c := results.NewCollector(file)
	c.Phase(0, results.Phase{Name: "load", Measured: true, End: 1e9})
	refs, err := c.Plan([]results.Planned{{Hash: factomd.EntryHash([]byte(id)), Size: 100, Credits: 1}}, nil)
	check(err)
	c.Skip(refs[0])
	_, err = c.Finish()
	check(err)
	check(c.Flush())
	check(file.Close())
	began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	check(dir.WriteManifest(&results.Manifest{Schema: results.ManifestSchema, ID: id, Started: began, Ended: began.Add(time.Minute)}))
	r, err := report.Build(dir.Path)
	check(err)
	check(report.WriteFiles(dir.Path, r))
	return dir
}

// A run that somebody has locked is left alone, whatever its manifest says.
func TestCleanLocked(t *testing.T) {
	root := t.TempDir()
	free, held := oldRun(t, root, "free"), oldRun(t, root, "held")
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	before, err := os.ReadFile(filepath.Join(held.Path, results.EntriesFile))
	if err != nil {
		t.Fatal(err)
	}
	var out, said bytes.Buffer
	if code := execute(t.Context(), []string{"clean", root, "--keep", "30d"}, nil, &out, &said); code != report.ExitOK {
		t.Fatalf("exit code %d: %s", code, said.String())
	}
	if after, err := os.ReadFile(filepath.Join(held.Path, results.EntriesFile)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the record of the locked run has changed: %v", err)
	}
	if !strings.Contains(said.String(), "held: run directory") || !strings.Contains(out.String(), "of 1 runs") {
		t.Errorf("it says %q and %q", said.String(), out.String())
	}
	if left, err := results.ReadReduction(free.Path); err != nil || left == nil || left.Dropped != 1 {
		t.Errorf("of the other run %+v is left: %v", left, err)
	}
	if err := held.Close(); err != nil {
		t.Fatal(err)
	}
	if code := execute(t.Context(), []string{"clean", root, "--keep", "30d"}, nil, &out, &said); code != report.ExitOK {
		t.Fatalf("exit code %d: %s", code, said.String())
	}
	if m, err := results.ReadManifest(held.Path); err != nil || m.Record == nil || m.Record.Dropped != 1 {
		t.Errorf("the manifest says %+v: %v", m, err)
	}
}
