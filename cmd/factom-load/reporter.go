package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// A reporter makes the reports of a run's directory anew.
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

// make makes the reports of a run anew: those of a run in progress as far as it has
// come. What it writes is never older than what the run itself wrote at its end.
func (p *reporter) make() (*report.Report, error) {
	for {
		if running, err := inProgress(p.dir); err != nil {
			return nil, err
		} else if !running {
			r, err := p.ended()
			if errors.Is(err, results.ErrLocked) {
				continue // it was taken up meanwhile
			}
			return r, err
		}
		r, err := p.build(report.BuildPartial)
		if running, _ := inProgress(p.dir); !running {
			continue
		}
		if err == nil {
			err = report.WriteFiles(p.dir, r)
		}
		if running, _ := inProgress(p.dir); running {
			return r, err
		}
	}
}

// ended makes the reports of a run that is not in progress, and keeps resume and clean
// away from the record meanwhile.
func (p *reporter) ended() (r *report.Report, err error) {
	dir, err := results.Reopen(p.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if err := dir.CleanUp(); err != nil {
		return nil, err
	}
	return p.write(report.Build)
}

// inProgress reports whether a run is in progress. One that has ended, and is about
// to be reported on, is neither in progress nor to be touched: that is
// [results.ErrLocked].
func inProgress(dir string) (bool, error) {
	locked := results.CheckUnlocked(dir)
	if !errors.Is(locked, results.ErrLocked) {
		return false, locked
	}
	m, err := results.ReadManifest(dir)
	if err == nil && !m.Ended.IsZero() {
		return false, locked
	}
	return true, err
}

// note adds notes to a run, if there are any, and makes its reports anew: where a part of
// the record alone is left, from the report that was made of all of it.
func (p *reporter) note(notes []string) (*report.Report, error) {
	if len(notes) == 0 {
		return p.make()
	}
	err := results.AddNotes(p.dir, time.Now(), notes)
	if errors.Is(err, results.ErrLocked) {
		return nil, fmt.Errorf("no note was added: %w\n    hint: once the run has ended", err)
	}
	if err != nil {
		return nil, fmt.Errorf("no note was added: %w", err)
	}
	r, err := p.make()
	if errors.Is(err, results.ErrReduced) {
		return p.write(report.Whole)
	}
	return r, err
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
