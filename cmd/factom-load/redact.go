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

// A reporter makes the reports of a run's directory.
type reporter struct {
	dir string
	out string // where they go, if that is another directory
	// redact says whether they leave out what others need not know; nil: as the run was
	// asked to.
	redact *bool
}

// build makes the report.
func (p *reporter) build(build func(dir string) (*report.Report, error)) (*report.Report, error) {
	r, err := build(p.dir)
	if err != nil {
		return nil, err
	}
	m, err := results.ReadManifest(p.dir)
	if err != nil {
		return nil, err
	}
	redact := m.Redact
	if p.redact != nil {
		redact = *p.redact
	}
	if redact {
		return report.Redact(m, r)
	}
	return r, nil
}

// write makes the report and writes it in its forms.
func (p *reporter) write(build func(dir string) (*report.Report, error)) (*report.Report, error) {
	r, err := p.build(build)
	if err != nil {
		return nil, err
	}
	return r, report.WriteFiles(p.dir, r)
}

// share makes the redacted reports of a run in a directory of their own: what is in the
// run's is left as it is.
func (p *reporter) share() (r *report.Report, err error) {
	if p.out == "" {
		return nil, usage(errors.New("--redact needs a directory for what will be shared\n    hint: --out DIR"))
	}
	for _, name := range []string{report.JSONFile, report.HTMLFile, results.ManifestFile} {
		if _, err := os.Lstat(filepath.Join(p.out, name)); !errors.Is(err, fs.ErrNotExist) {
			return nil, usage(fmt.Errorf("%s has a %s already\n    hint: --out names a new directory", p.out, name))
		}
	}
	dir, err := results.Reopen(p.dir)
	if errors.Is(err, results.ErrLocked) {
		return nil, err
	} else if err == nil { // where nothing can be written, nobody else can either
		defer func() { err = errors.Join(err, dir.Close()) }()
	}
	if r, err = p.build(report.Whole); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(p.out, 0o755); err != nil {
		return nil, fmt.Errorf("making the directory of the redacted reports: %w", err)
	}
	return r, report.WriteFiles(p.out, r)
}
