package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/internal/syntheticrun"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// While another command is at work on the record of a run that has ended, no report is
// made of it, and no note is added.
func TestReportKeepsOff(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "run")
	if err := syntheticrun.Write(dir, syntheticrun.Run{Seed: 1, Level: 1}); err != nil {
		t.Fatal(err)
	}
	do := func(args ...string) (code int, said string) {
		var out, errs bytes.Buffer
		code = execute(context.Background(), args, strings.NewReader(""), &out, &errs)
		return code, errs.String()
	}
	other, err := results.Reopen(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{
		{"report", dir, "--quiet"}, {"report", dir, "--quiet", "--note", "x"},
		{"report", dir, "--quiet", "--redact", "--out", filepath.Join(t.TempDir(), "shared")},
	} {
		if code, said := do(args...); code != report.ExitCannot || !strings.Contains(said, "another command is at work on it") {
			t.Errorf("%q exits with %d and says %q", args, code, said)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, report.JSONFile)); err == nil {
		t.Error("there is a report")
	}
	if err := other.Close(); err != nil {
		t.Fatal(err)
	}
	if code, said := do("report", dir, "--quiet", "--note", "x"); code != report.ExitOK {
		t.Errorf("afterwards it exits with %d and says %q", code, said)
	}
	if r, err := report.ReadFile(dir); err != nil || len(r.Run.Notes) != 1 {
		t.Errorf("the report is %v, %v", r, err)
	}
	if err := results.CheckUnlocked(dir); err != nil {
		t.Error(err)
	}
}
