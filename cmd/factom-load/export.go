package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

func newExportCommand(e *env) *cobra.Command {
	var o report.ExportOptions
	formats := strings.Join(report.Formats(), "|")
	c := &cobra.Command{
		Use:   "export RUN --format " + formats,
		Short: "Print a run in a format of other tools",
		Long: `Export prints the record of a run in another format:

  csv, jsonl   one line for every planned entry, in planned order: what it was,
               when each stage was reached, and what became of it
  hdr          a log of HDR histograms: the latencies of the measured phases, a
               line for each stage and interval
  junit        JUnit XML: each threshold a test case, and what else the verdict
               follows from
  markdown     a summary for a pull request or a job
  incident     the draft of a report in Markdown on what went wrong with the
               network, with blanks for what people know

With --redact, and of a run that had --redact itself, it leaves out what report
--redact leaves out.`,
		Args: exactly(1, "the directory of one run"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkRun(args[0]); err != nil {
				return err
			}
			if o.Format == "" {
				return usage(fmt.Errorf("--format is missing\n    hint: one of %s", strings.Join(report.Formats(), ", ")))
			}
			if !slices.Contains(report.Formats(), o.Format) {
				return usage(fmt.Errorf("no format %q\n    hint: one of %s", o.Format, strings.Join(report.Formats(), ", ")))
			}
			if c.Flags().Changed("interval") && o.Format != "hdr" {
				return usage(errors.New("--interval is for --format hdr"))
			}
			if o.Interval != 0 && o.Interval < time.Second {
				return usage(errors.New("--interval must be 1s at least, or 0 for whole phases"))
			}
			if left, err := results.ReadReduction(args[0]); err != nil {
				return err
			} else if left != nil && (o.Format == "csv" || o.Format == "jsonl") {
				fmt.Fprintf(e.stderr, "this is a part: the record has %d of the run's %d entries left, by the scenario's record.keep or the command clean\n", left.Kept, left.Kept+left.Dropped)
			}
			if m, err := results.ReadManifest(args[0]); err != nil {
				return err
			} else if !c.Flags().Changed("redact") {
				o.Redact = m.Redact
			}
			return report.Export(e.stdout, args[0], o)
		},
	}
	c.Flags().StringVar(&o.Format, "format", "", "one of "+strings.Join(report.Formats(), ", "))
	c.Flags().DurationVar(&o.Interval, "interval", 10*time.Second, "the length of an interval of hdr; 0 for whole phases")
	c.Flags().BoolVar(&o.Redact, "redact", false, "leave out what others need not know (default: as the run was)")
	return c
}
