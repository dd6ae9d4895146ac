package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/results"
)

func newReportCommand(e *env) *cobra.Command {
	var o outputs
	var notes []string
	var redact bool
	var p reporter
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Make the reports of a run's directory anew",
		Long: `Report rebuilds report.json and report.html from the record in a run's
directory, and exits as the run did. Of a run in progress they are made as far as
it has come, and the exit code is 1.

With --note it first adds what was learned since to the run, in run.json, for all
reports that are made of it from then on.

With --redact both are written into another directory, to be shared: without the
addresses of endpoints, the name of the machine, paths, tags whose keys begin with
"private.", and notes that begin with "private:". The reports of a run that had
--redact itself are made so in any case, unless --redact=false asks for all.`,
		Args: exactly(1, "the directory of one run"),
		RunE: func(c *cobra.Command, args []string) error {
			dir := args[0]
			p.dir = dir
			if err := checkDirectory(dir); err != nil {
				return err
			}
			if _, err := results.NewNotes(time.Now(), notes, 0); err != nil {
				return usage(fmt.Errorf("--note: %w", err))
			}
			if err := o.prepare(ciOf(e.getenv)); err != nil {
				return err
			}
			if c.Flags().Changed("redact") {
				p.redact = &redact
			}
			if redact {
				if len(notes) > 0 {
					return usage(errors.New("--note goes into the run's own record\n    hint: note it first, then make the redacted reports"))
				}
				r, err := p.share()
				if err != nil {
					return err
				}
				return e.present(r, p.out, o)
			}
			if p.out != "" {
				return usage(errors.New("--out goes with --redact"))
			}
			r, err := p.note(notes)
			if err != nil {
				return err
			}
			if m, err := results.ReadManifest(dir); err == nil && !r.Run.Partial && m.Ended.IsZero() && !o.quiet {
				fmt.Fprintf(e.stderr, "the run was killed before its end\n    hint: factom-load resume %s looks for what it sent\n", dir)
			}
			return e.present(r, dir, o)
		},
	}
	o.register(c.Flags(), "print nothing")
	c.Flags().BoolVar(&redact, "redact", false, "leave out what others need not know; needs --out")
	c.Flags().StringVar(&p.out, "out", "", "with --redact: where the reports go (`DIR`, without reports so far)")
	c.Flags().StringArrayVar(&notes, "note", nil, "add what people should know of the run (`TEXT`; may be repeated)")
	return c
}

// checkRun refuses what is no run's directory, and a run in progress.
func checkRun(dir string) error {
	if err := checkDirectory(dir); err != nil {
		return err
	}
	return results.CheckUnlocked(dir)
}

// checkDirectory refuses what is no run's directory.
func checkDirectory(dir string) error {
	if info, err := os.Stat(dir); err != nil {
		return usage(fmt.Errorf("no run there: %w", err))
	} else if !info.IsDir() {
		return usage(fmt.Errorf("%s is not a run's directory", dir))
	}
	if _, err := os.Stat(filepath.Join(dir, results.ManifestFile)); err != nil {
		return usage(fmt.Errorf("%s is not a run's directory: it has no %s", dir, results.ManifestFile))
	}
	return nil
}
