package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/scenarios"
)

func newCheckCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "check SCENARIO...",
		Short: "Validate scenario files",
		Long:  "Check reads scenarios and prints every problem with its file, line and column.",
		Args: func(c *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usage(fmt.Errorf("%s wants one scenario or more", c.CommandPath()))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			failed := false
			for _, name := range args {
				if err := checkOne(e, name); err != nil {
					e.complain(err)
					failed = true
				}
			}
			if failed {
				return &exit{code: report.ExitUsage}
			}
			return nil
		},
	}
}

func checkOne(e *env, name string) error {
	text, file, err := scenarios.Read(e.stdin, name)
	if err != nil {
		return err
	}
	s, err := scenarios.Parse(text, file)
	if err != nil {
		return err
	}
	fmt.Fprintf(e.stdout, "%s: ok: %s, sha256 %s\n", file, s.Name, s.SHA256())
	return nil
}
