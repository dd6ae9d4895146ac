package main

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
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
the reports. Of a run that has no report.json it reads the record. What it read it
keeps in ` + trend.IndexFile + ` in the directory, which may be deleted at any
time.

Versions of factomd are marked, and their medians are listed. --group-by keeps runs
apart that are not to be judged together: by a tag, as in --group-by line for runs
with --tag line=..., by "factomd", which is its version, or by "host". A tag that is
called as one of these is --group-by tag.host.`,
		Example: `  factom-load run nightly.yaml --tag version=v6.12.0
  factom-load trend runs --fail-on change
  factom-load trend runs --group-by version --out trends`,
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
			if !quiet {
				e.tellOfRuns(runs, o)
			}
			if err := noFigures(runs); err != nil {
				return err
			}
			t := trend.Build(runs, o)
			written, err := e.writeTrend(t, out, root, quiet)
			if err != nil {
				return err
			}
			switch {
			case asJSON:
				err = trend.WriteJSON(e.stdout, t)
			case !quiet:
				if err = trend.WriteTable(e.stdout, t); err == nil && written != "" {
					_, err = fmt.Fprintf(e.stdout, "\n%s\n%s\n", filepath.Join(written, trend.JSONFile), filepath.Join(written, trend.HTMLFile))
				}
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
	c.Flags().StringVar(&o.GroupBy, "group-by", "", "`TAG`, factomd or host: runs with different values of it are kept apart")
	c.Flags().BoolVar(&asJSON, "json", false, "print trend.json on standard output")
	c.Flags().BoolVar(&quiet, "quiet", false, "print nothing but errors")
	return c
}

// tellOfRuns names what is not in the trend, and where its figures are from.
func (e *env) tellOfRuns(runs *trend.Runs, o trend.Options) {
	for _, p := range runs.Problems {
		fmt.Fprintf(e.stderr, "%s: %s\n", p.Path, p.Message)
	}
	for _, k := range runs.Killed {
		fmt.Fprintf(e.stderr, "%s: it was killed, and has no report of its end\n    hint: factom-load resume looks for what it sent\n", k)
	}
	records, grouped := 0, o.GroupBy == "" || len(runs.Reported) == 0
	tags := map[string]bool{}
	for _, r := range runs.Reported {
		if r.Record {
			records++
		}
		grouped = grouped || o.Group(r) != ""
		for tag := range r.Tags {
			tags[tag] = true
		}
	}
	if records > 0 {
		fmt.Fprintf(e.stderr, "figures from the records of runs without a report.json: %d\n    hint: factom-load report makes one that can be linked to\n", records)
	}
	if !grouped {
		hint := "factom-load run --tag key=value"
		if len(tags) > 0 {
			names := slices.Sorted(maps.Keys(tags))
			hint = "they have " + strings.Join(names[:min(len(names), 20)], ", ")
		}
		fmt.Fprintf(e.stderr, "no run has the tag %q\n    hint: %s\n", o.GroupBy, hint)
	}
	if runs.IndexProblem != "" {
		fmt.Fprintf(e.stderr, "%s: %s\n", trend.IndexFile, runs.IndexProblem)
	}
	fmt.Fprintf(e.stderr, "%d runs; reports read now: %d\n", len(runs.Reported), runs.Read)
}

// noFigures is an error where there is nothing to draw a trend of.
func noFigures(runs *trend.Runs) error {
	left := len(runs.Killed) + len(runs.Problems) + runs.Partial
	switch {
	case len(runs.Reported) > 0:
		return nil
	case left > 0:
		return fmt.Errorf("no run below %s has figures: %d in progress, %d killed, %d left out with a problem", runs.Root, runs.Partial, len(runs.Killed), len(runs.Problems))
	}
	return fmt.Errorf("there are no runs below %s\n    hint: a run's directory has a report.json or a run.json; factom-load run makes one in runs", runs.Root)
}

// writeTrend writes the files and says into which directory. Where nobody said where
// to, a directory that cannot be written to is no failure, and there are none.
func (e *env) writeTrend(t *trend.Trend, out, root string, quiet bool) (written string, err error) {
	if out != "" {
		if err := os.MkdirAll(out, 0o777); err != nil {
			return "", fmt.Errorf("making the directory of --out: %w", err)
		}
		return out, trend.WriteFiles(out, root, t)
	}
	err = trend.WriteFiles(root, root, t)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) {
		if !quiet {
			fmt.Fprintf(e.stderr, "no page: %v\n    hint: --out names a directory for it\n", err)
		}
		return "", nil
	}
	return root, err
}

// worseError lists what got worse, a line each.
func worseError(t *trend.Trend) error {
	text := "it got worse:"
	for _, w := range t.Worse {
		text += "\n    " + w.String()
	}
	return errors.New(text)
}
