package main

import (
	"fmt"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/scenarios"
)

func newScenariosCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "scenarios [NAME]",
		Short: "List the library's scenarios, or print one",
		Args:  atMost(1, "one name"),
		RunE: func(c *cobra.Command, args []string) error {
			if len(args) == 1 {
				text, ok := scenarios.Lookup(args[0])
				if !ok {
					return usage(fmt.Errorf("the library has no scenario %q\n    hint: %s lists them", args[0], c.CommandPath()))
				}
				_, err := e.stdout.Write(text)
				return err
			}
			w := tabwriter.NewWriter(e.stdout, 0, 0, 2, ' ', 0)
			for _, name := range scenarios.Library() {
				text, _ := scenarios.Lookup(name)
				s, err := scenarios.Parse(text, name)
				if err != nil {
					return err
				}
				fmt.Fprintf(w, "%s\t%s\n", name, s.Description)
			}
			return w.Flush()
		},
	}
}
