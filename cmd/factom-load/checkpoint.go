package main

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"time"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/report"
)

// checkpointCommand is the hidden subcommand that reports on its parent's run.
const checkpointCommand = "checkpoint"

// newCheckpointCommand makes the report of a run so far in a process of its own: the
// run must not feel it. The process ends with its standard input, which the run holds
// open.
func newCheckpointCommand(e *env) *cobra.Command {
	return &cobra.Command{
		Use:    checkpointCommand + " RUN",
		Short:  "Report on the run of the parent process (internal)",
		Hidden: true,
		Args:   exactly(1, "the directory of one run"),
		RunE: func(_ *cobra.Command, args []string) error {
			if err := beNice(); err != nil {
				return fmt.Errorf("lowering the priority: %w", err)
			}
			go func() {
				io.Copy(io.Discard, e.stdin)
				os.Exit(report.ExitCannot)
			}()
			_, err := (&reporter{dir: args[0]}).make()
			return err
		},
	}
}

// checkpoint returns what has the reports of a run so far written, by this program.
func checkpoint(self, dir string) func(context.Context) error {
	return func(ctx context.Context) error {
		c := exec.CommandContext(ctx, self, checkpointCommand, dir)
		// Keys may be in our environment; none of it is the report's business. One
		// processor is enough for it, and little memory.
		c.Env = []string{"GOMAXPROCS=1", "GOGC=50"}
		c.SysProcAttr = ownGroup()
		c.WaitDelay = 10 * time.Second
		var said bytes.Buffer
		c.Stderr = &said
		lifeline, err := c.StdinPipe()
		if err != nil {
			return err
		}
		defer lifeline.Close()
		if err := c.Run(); err != nil {
			return errors.New(cmp.Or(factomd.Printable(said.String(), 500), err.Error()))
		}
		return nil
	}
}
