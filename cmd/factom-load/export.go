package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

func newExportCommand(e *env) *cobra.Command {
	var format string
	c := &cobra.Command{
		Use:   "export RUN --format csv|jsonl|incident",
		Short: "Print every planned entry of a run, or the draft of an incident report",
		Long: `Export prints one line for every planned entry, in planned order: what it was,
when each stage was reached, and what became of it. As incident it drafts a report in Markdown on what went wrong
with the network, with blanks for what people know.`,
		Args: exactly(1, "the directory of one run"),
		RunE: func(c *cobra.Command, args []string) error {
			if err := checkRun(args[0]); err != nil {
				return err
			}
			if format == "" {
				return usage(fmt.Errorf("--format is missing\n    hint: one of %s", strings.Join(report.Formats(), ", ")))
			}
			if !slices.Contains(report.Formats(), format) {
				return usage(fmt.Errorf("no format %q\n    hint: one of %s", format, strings.Join(report.Formats(), ", ")))
			}
			if left, err := results.ReadReduction(args[0]); err != nil {
				return err
			} else if left != nil && format != report.FormatIncident {
				fmt.Fprintf(e.stderr, "this is a part: the record has %d of the run's %d entries left, by the scenario's record.keep or the command clean\n", left.Kept, left.Kept+left.Dropped)
			}
			return report.Export(e.stdout, args[0], format)
		},
	}
	c.Flags().StringVar(&format, "format", "", "csv, jsonl or incident")
	return c
}
