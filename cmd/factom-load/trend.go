package main

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/report/trend"
)

func newTrendCommand(e *env) *cobra.Command {
	var (
		o             trend.Options
		out, failOn   string
		asJSON, quiet bool
	)
	c := &cobra.Command{
		Use:   "trend DIR",
		Short: "Follow the figures of many runs",
		Long: `Trend reads the reports of all runs below a directory and says, by scenario and
network, what is usual, where a figure changed its level, and whether the newest
run is as was to be expected. It writes trend.json and trend.html, which links to
the reports. What it read it keeps in ` + trend.IndexFile + ` in the directory,
which may be deleted at any time.`,
		Args: exactly(1, "the directory with the runs"),
		RunE: func(c *cobra.Command, args []string) error {
			root := args[0]
			if failOn != "" && failOn != "change" {
				return usage(fmt.Errorf("--fail-on knows nothing of %q\n    hint: --fail-on change", failOn))
			}
			if o.Since < 1 {
				return usage(fmt.Errorf("--since wants a number of runs, 1 or more, and got %d", o.Since))
			}
			if info, err := os.Stat(root); err != nil {
				return usage(fmt.Errorf("no runs there: %w", err))
			} else if !info.IsDir() {
				return usage(fmt.Errorf("%s is no directory", root))
			}
			runs, err := trend.Index(c.Context(), root)
			if err != nil {
				return err
			}
			e.tellOfRuns(runs, quiet)
			t := trend.Build(runs, o)
			if err := e.writeTrend(t, out, root, quiet); err != nil {
				return err
			}
			switch {
			case asJSON:
				err = trend.WriteJSON(e.stdout, t)
			case !quiet:
				err = trend.WriteTable(e.stdout, t)
			}
			if err != nil {
				return err
			}
			if failOn != "" && t.Verdict == trend.Worsens {
				return &exit{report.ExitFail, worseError(t)}
			}
			return nil
		},
	}
	c.Flags().StringVar(&out, "out", "", "directory for trend.json and trend.html (default: DIR)")
	c.Flags().StringVar(&failOn, "fail-on", "", `"change" exits 3 when a metric got worse and stayed so, or the newest run is outside the band`)
	c.Flags().IntVar(&o.Since, "since", trend.DefaultSince, "how many runs ago a change may be to count")
	c.Flags().StringVar(&o.GroupBy, "group-by", "", "a tag: runs with different values of it are kept apart")
	c.Flags().BoolVar(&asJSON, "json", false, "print trend.json on standard output")
	c.Flags().BoolVar(&quiet, "quiet", false, "print nothing but errors")
	return c
}

// tellOfRuns names what is not in the trend.
func (e *env) tellOfRuns(runs *trend.Runs, quiet bool) {
	if quiet {
		return
	}
	for _, p := range runs.Problems {
		fmt.Fprintf(e.stderr, "%s: %s\n", p.Path, p.Message)
	}
	for _, k := range runs.Killed {
		fmt.Fprintf(e.stderr, "%s: it was killed, and has no report\n    hint: factom-load resume looks for what it sent\n", k)
	}
	if runs.IndexProblem != "" {
		fmt.Fprintf(e.stderr, "the index could not be used, all is of the reports themselves: %s\n", runs.IndexProblem)
	}
}

// writeTrend writes the files. Where nobody said where to, a directory that cannot be
// written to is no failure.
func (e *env) writeTrend(t *trend.Trend, out, root string, quiet bool) error {
	if out != "" {
		if err := os.MkdirAll(out, 0o777); err != nil {
			return fmt.Errorf("making the directory of --out: %w", err)
		}
		return trend.WriteFiles(out, root, t)
	}
	err := trend.WriteFiles(root, root, t)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) {
		if !quiet {
			fmt.Fprintf(e.stderr, "no page: %v\n    hint: --out names a directory for it\n", err)
		}
		return nil
	}
	return err
}

// worseError lists what got worse, a line each.
func worseError(t *trend.Trend) error {
	text := "it got worse:"
	for _, w := range t.Worse {
		text += "\n    " + w.String()
	}
	return errors.New(text)
}
