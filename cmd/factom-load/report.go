package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/results"
)

func newReportCommand(e *env) *cobra.Command {
	var o outputs
	var redact bool
	var out string
	c := &cobra.Command{
		Use:   "report RUN",
		Short: "Make the reports of a run's directory anew",
		Long: `Report rebuilds report.json and report.html from the record in a run's
directory, and exits as the run did. Of a run in progress they are made as far as
it has come, and the exit code is 1.

With --redact both are written into another directory, to be shared: without the
addresses of endpoints, the name of this machine, and tags whose keys begin with
"private.".`,
		Args: exactly(1, "the directory of one run"),
		RunE: func(c *cobra.Command, args []string) error {
			dir := args[0]
			if err := checkDirectory(dir); err != nil {
				return err
			}
			if err := o.prepare(ciOf(e.getenv)); err != nil {
				return err
			}
			if redact {
				r, err := reportRedacted(dir, out)
				if err != nil {
					return err
				}
				return e.present(r, out, o)
			}
			if out != "" {
				return usage(errors.New("--out goes with --redact"))
			}
			r, err := reportOn(dir)
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
	c.Flags().StringVar(&out, "out", "", "with --redact: where the reports go (`DIR`, without reports so far)")
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
