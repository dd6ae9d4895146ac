package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

func newResumeCommand(e *env) *cobra.Command {
	var (
		endpoints []string
		timeout   time.Duration
		out       outputs
	)
	c := &cobra.Command{
		Use:   "resume RUN",
		Short: "Account for a run whose harness was killed",
		Long: `Resume takes up a run that was killed: it never sends, looks for what the run
sent in every block since, waits for what is out as the run would have, and
makes the reports. It exits with what was found. A run that came to its end is
reported on as it is.`,
		Args: exactly(1, "the directory of one run"),
		RunE: func(c *cobra.Command, args []string) error {
			if timeout < 0 {
				return usage(errors.New("--timeout must not be negative"))
			}
			dir := args[0]
			if err := checkRun(dir); err != nil {
				return err
			}
			if err := out.prepare(ciOf(e.getenv)); err != nil {
				return err
			}
			return e.resume(c.Context(), dir, run.ResumeOptions{
				Dir: dir, Endpoints: endpoints, Timeout: timeout, ToolVersion: version(),
			}, out)
		},
	}
	fl := c.Flags()
	fl.StringArrayVar(&endpoints, "endpoint", nil, "ask this API instead of the run's (`URL`; may be repeated)")
	fl.DurationVar(&timeout, "timeout", 0, "wait for what is out so long instead of confirm.timeout")
	out.register(fl, "no messages, no summary")
	return c
}

func (e *env) resume(ctx context.Context, dir string, o run.ResumeOptions, out outputs) error {
	m, err := results.ReadManifest(dir)
	if err != nil {
		return err
	}
	if left, err := results.ReadReduction(dir); err != nil {
		return err
	} else if left != nil { // its run came to its end, and was reported on
		r, err := report.ReadFile(dir)
		if err != nil {
			return err
		}
		return e.present(r, dir, out)
	}
	loaded, err := recorded(m)
	if err != nil && m.Ended.IsZero() {
		return err
	}
	if m.Ended.IsZero() {
		o.Scenario = loaded.scenario
		screen := newScreen(e.stderr, out.quiet)
		defer screen.close()
		o.Say = screen.say
		stop, _, release := signals(ctx, screen.say)
		defer release()
		if err := run.Resume(stop, o); err != nil {
			return err
		}
		screen.close()
	}
	r, err := writeReports(dir)
	if err != nil {
		return err
	}
	if loaded != nil {
		if err := run.Retain(dir, loaded.scenario.Record); err != nil {
			e.complain(fmt.Errorf("all of the record is kept: %w", err))
		}
	}
	return e.present(r, dir, out)
}

// recorded makes the scenario of a run's manifest anew, with the flags that changed
// it. It must be the same load: the files that a scenario names can have changed.
func recorded(m *results.Manifest) (*loadedScenario, error) {
	var (
		f    scenarioFlags
		args []string
		fl   = pflag.NewFlagSet("overrides", pflag.ContinueOnError)
	)
	f.register(fl)
	for _, override := range m.Scenario.Overrides {
		name, value, _ := strings.Cut(override, " ")
		args = append(args, name, value)
	}
	if err := fl.Parse(args); err != nil {
		return nil, fmt.Errorf("the overrides of the record: %w", err)
	}
	loaded, err := f.apply([]byte(m.Scenario.Text), m.Scenario.File)
	if err != nil {
		return nil, err
	}
	if sum := loaded.scenario.SHA256(); sum != m.Scenario.SHA256 {
		return nil, fmt.Errorf("the scenario of the record is not what was run: its hash is %.12s, not %.12s\n"+
			"    hint: resume with the version that ran it (%s), and the files that the scenario names as they were", sum, m.Scenario.SHA256, m.ToolVersion)
	}
	if m.Network.Embedded {
		return loaded, nil
	}
	// Those of --endpoint are in the list of endpoints alone.
	var own, was []string
	for _, endpoint := range loaded.scenario.Network.Endpoints {
		own = append(own, endpoint.URL)
	}
	for _, endpoint := range m.Network.Endpoints {
		was = append(was, endpoint.URL)
	}
	if slices.Equal(own, was) {
		return loaded, nil
	}
	return loaded, loaded.scenario.UseEndpoints(was)
}
