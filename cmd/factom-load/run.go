package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// defaultScenario is what run alone runs.
const defaultScenario = "smoke"

type runFlags struct {
	scenario scenarioFlags
	salt     string
	out      string
	tags     map[string]string
	notes    []string
	deadline time.Duration
	stopFile string
	yes      bool
	redact   bool
	outputs  outputs
}

func newRunCommand(e *env) *cobra.Command {
	f := &runFlags{}
	c := &cobra.Command{
		Use:   "run [SCENARIO]",
		Short: "Load a network and report",
		Long: `Run carries out a scenario: a file, "-" for standard input, or a name of the
library (see "factom-load scenarios"); smoke if there is none. Without endpoints
it starts a factomd of its own on this machine.

Ctrl-C stops sending, waits for what is out, and writes the report; a second
one stops the waiting.`,
		Example: `  factom-load run
  factom-load run steady --rate 50/s --for 60s --tag version=v6.12.0
  factom-load run steady --tag version=v6.12.0 --note "with the new database cache"
  factom-load run my.yaml --endpoint http://127.0.0.1:8088/v2`,
		Args: atMost(1, "one scenario"),
		RunE: func(c *cobra.Command, args []string) error {
			name := defaultScenario
			if len(args) > 0 {
				name = args[0]
			}
			return f.run(c.Context(), e, name)
		},
	}
	fl := c.Flags()
	f.scenario.register(fl)
	fl.StringArrayVar(&f.scenario.endpoints, "endpoint", nil, "load this API instead of a local node (`URL`; may be repeated)")
	fl.StringVar(&f.salt, "salt", "", "make the same entries as the run with this `SALT` (default: the run's id)")
	fl.StringVar(&f.out, "out", "", "the run's directory (`DIR`; default runs/<UTC time>-<scenario>)")
	fl.StringToStringVar(&f.tags, "tag", nil, "a tag for the report (`key=value`; may be repeated)")
	fl.Lookup("tag").DefValue = "" // an empty list would be shown as []
	fl.StringArrayVar(&f.notes, "note", nil, "what people should know of the run (`TEXT`; may be repeated; report --note adds what is learned later)")
	fl.DurationVar(&f.deadline, "deadline", 0, "end the run after this time, waiting included (default none)")
	fl.StringVar(&f.stopFile, "stop-file", "", "stop, as Ctrl-C does, once this `FILE` exists")
	fl.BoolVar(&f.yes, "yes", false, fmt.Sprintf("allow, on a network that is not LOCAL, more than %[1]g entries/s or %[1]g queries/s, users, and hostile calls", run.RateCeiling))
	fl.BoolVar(&f.redact, "redact", false, "leave out of the reports what others need not know, as report --redact does; the record has it")
	f.outputs.register(fl, "no progress, no messages, no summary")
	return c
}

func (f *runFlags) run(ctx context.Context, e *env, name string) error {
	loaded, err := f.scenario.load(e.stdin, name)
	if err != nil {
		return err
	}
	if f.deadline < 0 {
		return usage(errors.New("--deadline must not be negative"))
	}
	if err := f.outputs.prepare(ciOf(e.getenv)); err != nil {
		return err
	}
	now := time.Now().UTC()
	notes, err := results.NewNotes(now, f.notes, 0)
	if err != nil {
		return usage(fmt.Errorf("--note: %w", err))
	}
	self, err := os.Executable()
	if err != nil {
		return fmt.Errorf("finding this program, which is also the node: %w", err)
	}
	id := newID(now)
	out := f.out
	if out == "" {
		out = filepath.Join("runs", now.Format("20060102T150405Z")+"-"+fileName(loaded.scenario.Name))
		if _, err := os.Stat(out); err == nil {
			out += "-" + id[len(id)-4:] // two runs in one second
		}
	}

	screen := newScreen(e.stderr, f.outputs.quiet)
	defer screen.close()
	stop, abort, release := signals(ctx, screen.say)
	defer release()
	err = run.Do(stop, abort, run.Options{
		Scenario: loaded.scenario, File: loaded.file, Text: string(loaded.text), Overrides: loaded.overrides,
		ID: id, Salt: f.salt, Out: out, Tags: f.tags, Notes: notes, Redact: f.redact, ToolVersion: version(),
		NodeCommand:  []string{self, nodeCommand},
		AboveCeiling: f.yes, Deadline: f.deadline, StopFile: f.stopFile,
		Checkpoint: checkpoint(self, out),
		Say:        screen.say, Watch: screen.show,
	})
	screen.close()
	if err != nil {
		return err
	}
	r, err := writeReports(out)
	if err != nil {
		return err
	}
	if err := run.Retain(out, loaded.scenario.Record); err != nil {
		e.complain(fmt.Errorf("all of the record is kept: %w", err))
	}
	return e.present(r, out, f.outputs)
}

// newID returns a run's id: its time and something random.
func newID(now time.Time) string {
	var b [4]byte
	rand.Read(b[:]) // never fails
	return now.Format("20060102T150405Z") + "-" + hex.EncodeToString(b[:])
}

// fileName makes a scenario's name fit for a directory's.
func fileName(name string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z', r >= '0' && r <= '9', r == '-', r == '_', r == '.':
			return r
		}
		return '-'
	}, name)
	clean = strings.Trim(clean, ".-")
	if clean == "" {
		return "run"
	}
	return clean[:min(len(clean), 60)]
}

// signals turns the user's signals into the two steps of stopping.
func signals(ctx context.Context, say func(string, ...any)) (stop, abort context.Context, release func()) {
	abort, aborting := context.WithCancel(ctx)
	stop, stopping := context.WithCancelCause(abort)
	ch := make(chan os.Signal, 2)
	// A terminal that goes away ends a run as its user would; what is written to
	// it then, or to a pipe that nobody reads, is lost, and the report is not.
	signal.Notify(ch, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	signal.Ignore(syscall.SIGPIPE)
	done := make(chan struct{})
	go func() {
		for n := 0; ; n++ {
			select {
			case <-done:
				return
			case s := <-ch:
				if n > 0 {
					say("not waiting any longer (once more to end at once, without a report)")
					aborting()
					signal.Stop(ch)
					return
				}
				say("stopping: no more is sent; waiting for what is out (once more to stop waiting)")
				stopping(&run.Interruption{Why: "stopped by the user (" + s.String() + ")"})
			}
		}
	}()
	return stop, abort, func() {
		signal.Stop(ch)
		close(done)
		stopping(nil)
		aborting()
	}
}

// writeReports makes the two reports of a run's directory anew, as the run was asked to.
func writeReports(dir string) (*report.Report, error) {
	return (&reporter{dir: dir}).write(report.Build)
}
