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
	"github.com/FactomProject/factom-load/results"
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

// make makes the reports of a run anew: those of a run in progress as far as it has
// come. What it writes is never older than what the run itself wrote at its end.
func (p *reporter) make() (*report.Report, error) {
	for {
		if running, err := inProgress(p.dir); err != nil {
			return nil, err
		} else if !running {
			r, err := p.ended()
			if errors.Is(err, results.ErrLocked) {
				continue // it was taken up meanwhile
			}
			return r, err
		}
		r, err := p.build(report.BuildPartial)
		if running, _ := inProgress(p.dir); !running {
			continue
		}
		if err == nil {
			err = report.WriteFiles(p.dir, r)
		}
		if running, _ := inProgress(p.dir); running {
			return r, err
		}
	}
}

// ended makes the reports of a run that is not in progress, and keeps resume and clean
// away from the record meanwhile.
func (p *reporter) ended() (r *report.Report, err error) {
	dir, err := results.Reopen(p.dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	if err := dir.CleanUp(); err != nil {
		return nil, err
	}
	return p.write(report.Build)
}

// inProgress reports whether a run is in progress. One that has ended, and is about
// to be reported on, is neither in progress nor to be touched: that is
// [results.ErrLocked].
func inProgress(dir string) (bool, error) {
	locked := results.CheckUnlocked(dir)
	if !errors.Is(locked, results.ErrLocked) {
		return false, locked
	}
	m, err := results.ReadManifest(dir)
	if err == nil && !m.Ended.IsZero() {
		return false, locked
	}
	return true, err
}
