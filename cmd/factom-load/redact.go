package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// reportRedacted makes the reports of a run's directory for others, in a directory of
// their own: what is in the run's is left as it is.
func reportRedacted(dir, out string) (*report.Report, error) {
	if out == "" {
		return nil, usage(errors.New("--redact needs a directory for what will be shared\n    hint: --out DIR"))
	}
	for _, name := range []string{report.JSONFile, report.HTMLFile, results.ManifestFile} {
		if _, err := os.Lstat(filepath.Join(out, name)); !errors.Is(err, fs.ErrNotExist) {
			return nil, usage(fmt.Errorf("%s has a %s already\n    hint: --out names a new directory", out, name))
		}
	}
	if err := results.CheckUnlocked(dir); err != nil {
		return nil, err
	}
	r, err := report.Build(dir)
	if errors.Is(err, results.ErrReduced) {
		r, err = report.ReadFile(dir)
	}
	if err == nil {
		r, err = report.Redact(r)
	}
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(out, 0o755); err != nil {
		return nil, fmt.Errorf("making the directory of the redacted reports: %w", err)
	}
	return r, report.WriteFiles(out, r)
}
