// Command factom-load loads a Factom network with entries and chains, follows
// every one of them into a directory block, and reports.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/internal/testnet/node"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/scenarios"
)

func main() {
	// The node has flags, signals and an output of its own: it is another
	// program that happens to be in the same file.
	if len(os.Args) > 1 && os.Args[1] == nodeCommand {
		os.Exit(node.Main(os.Args[2:]))
	}
	os.Exit(execute(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr))
}

// nodeCommand is the hidden subcommand that is the embedded node.
const nodeCommand = "node"

// env is what the commands have of the world.
type env struct {
	stdin          io.Reader
	stdout, stderr io.Writer
	getenv         func(string) string
}

// An exit is an error with an exit code of its own. Without an error it is
// silent: what there is to say was said.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string {
	if e.err == nil {
		return fmt.Sprintf("exit %d", e.code)
	}
	return e.err.Error()
}

func (e *exit) Unwrap() error { return e.err }

func usage(err error) error { return &exit{report.ExitUsage, err} }

// execute runs one command and returns its exit code.
func execute(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	e := &env{stdin: stdin, stdout: stdout, stderr: stderr, getenv: os.Getenv}
	root := newRoot(e)
	root.SetArgs(args)
	root.SetIn(stdin)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return report.ExitOK
	}
	var code *exit
	var problems scenarios.Errors
	var problem scenarios.Problem
	switch {
	case errors.As(err, &code):
		if code.err != nil {
			e.complain(code.err)
		}
		return code.code
	case errors.As(err, &problems), errors.As(err, &problem):
		e.complain(err)
		return report.ExitUsage
	}
	e.complain(err)
	if i := new(run.Interruption); errors.As(err, &i) && !i.Failure {
		return report.ExitInterrupted
	}
	return report.ExitCannot
}

// complain prints an error. Problems of a scenario begin with their file, as
// editors and people expect, so they get no prefix.
func (e *env) complain(err error) {
	var problems scenarios.Errors
	var refused *run.Refused
	switch {
	case errors.As(err, &problems):
		fmt.Fprintln(e.stderr, problems)
	case errors.As(err, &refused):
		fmt.Fprintf(e.stderr, "factom-load: refused: %v\n", err)
	default:
		fmt.Fprintf(e.stderr, "factom-load: %v\n", err)
	}
}

func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use:   "factom-load",
		Short: "Load tests for Factom networks",
		Long: `factom-load loads a Factom network with entries and chains from a scenario
file, follows every entry into a directory block, and writes report.json and
report.html. Without arguments to "run" it does so on a real factomd that it
starts itself.`,
		Version:       version(),
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          noArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w\n    hint: %s --help lists the flags", err, c.CommandPath()))
	})
	root.CompletionOptions.HiddenDefaultCmd = true
	root.AddCommand(
		newRunCommand(e), newPlanCommand(e), newCheckCommand(e), newScenariosCommand(e),
		newResumeCommand(e), newReportCommand(e), newExportCommand(e), newCheckpointCommand(e),
		newTestnetCommand(e), newFundCommand(e), newCompareCommand(e), newTrendCommand(e), newCleanCommand(e),
	)
	return root
}

// The argument rules of cobra, as bad use.
func noArgs(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("%s takes no argument, and got %q", c.CommandPath(), args[0])
	if c.HasAvailableSubCommands() {
		err = fmt.Errorf("there is no command %q\n    hint: %s --help lists them", args[0], c.CommandPath())
	}
	return usage(err)
}

func exactly(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) != n {
			return usage(fmt.Errorf("%s wants %s", c.CommandPath(), what))
		}
		return nil
	}
}

func atMost(n int, what string) cobra.PositionalArgs {
	return func(c *cobra.Command, args []string) error {
		if len(args) > n {
			return usage(fmt.Errorf("%s wants %s at most", c.CommandPath(), what))
		}
		return nil
	}
}

// version is the module's version, or the revision that the program was built
// from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	v := info.Main.Version
	if v != "" && v != "(devel)" {
		return v
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" && len(s.Value) >= 12 {
			return "devel-" + s.Value[:12]
		}
	}
	return "devel"
}
