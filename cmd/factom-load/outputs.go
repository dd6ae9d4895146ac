package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/pflag"

	"github.com/FactomProject/factom-load/internal/files"
	"github.com/FactomProject/factom-load/report"
)

// outputs are what a command that reports on a run leaves beside the reports of its
// directory.
type outputs struct {
	json, quiet    bool
	junit, summary string // files, or empty
}

func (o *outputs) register(fl *pflag.FlagSet, quiet string) {
	fl.BoolVar(&o.json, "json", false, "print report.json on standard output")
	fl.BoolVar(&o.quiet, "quiet", false, quiet)
	fl.StringVar(&o.junit, "junit", "", "write the thresholds, and what else the verdict follows from, as JUnit XML (`FILE`)")
	fl.StringVar(&o.summary, "summary", "", "write a summary in Markdown (`FILE`; appended if it is that of $GITHUB_STEP_SUMMARY)")
}

// prepare refuses what cannot be written in the end, as a run may take a night, and
// removes what an earlier run left: of a run that is refused there must be none.
func (o *outputs) prepare(ci ciJob) error {
	if o.junit != "" && o.junit == o.summary {
		return usage(fmt.Errorf("--junit and --summary are both %s", o.junit))
	}
	for _, file := range []struct{ flag, name string }{{"--junit", o.junit}, {"--summary", o.summary}} {
		if file.name == "" || file.flag == "--summary" && ci.ownsSummary(file.name) {
			continue
		}
		info, err := os.Stat(file.name)
		switch {
		case err == nil && info.IsDir():
			return usage(fmt.Errorf("%s: %s is a directory", file.flag, file.name))
		case err == nil && info.Mode().IsRegular():
			err = os.Remove(file.name)
		case errors.Is(err, fs.ErrNotExist):
			err = nil
		}
		if err != nil {
			return usage(fmt.Errorf("%s: %w", file.flag, err))
		}
	}
	return nil
}

// write writes the files.
func (o *outputs) write(r *report.Report, ci ciJob) error {
	return errors.Join(
		writeOutput(o.junit, false, r, report.WriteJUnit),
		writeOutput(o.summary, ci.ownsSummary(o.summary), r, report.WriteMarkdown),
	)
}

func writeOutput[T any](name string, add bool, content T, write func(io.Writer, T) error) error {
	if name == "" {
		return nil
	}
	var b bytes.Buffer
	if err := write(&b, content); err != nil {
		return err
	}
	if add {
		b.WriteString("\n") // before what the next step says
		return appendFile(name, b.Bytes())
	}
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	if info, err := os.Stat(name); err == nil && !info.Mode().IsRegular() { // a pipe, or /dev/stderr
		return appendFile(name, b.Bytes())
	}
	return files.Replace(name, b.Bytes())
}

func appendFile(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("writing a summary: %w", err)
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// present writes and prints what a run came to, and exits as it says.
func (e *env) present(r *report.Report, dir string, o outputs) error {
	ci := ciOf(e.getenv)
	failed := o.write(r, ci)
	if failed != nil {
		e.complain(failed)
	}
	var err error
	switch {
	case o.json:
		err = report.WriteJSON(e.stdout, r)
	case !o.quiet:
		err = ci.printSummary(e.stdout, r, dir, time.Now)
	}
	if err != nil {
		return err
	}
	if !o.quiet {
		ci.annotate(e.stderr, r)
	}
	switch {
	case r.ExitCode != report.ExitOK:
		return &exit{code: r.ExitCode}
	case failed != nil:
		return &exit{code: report.ExitCannot} // what there is to say was said
	}
	return nil
}
