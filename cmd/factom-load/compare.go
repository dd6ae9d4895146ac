package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/report/compare"
	"github.com/FactomProject/factom-load/scenarios"
)

func newCompareCommand(e *env) *cobra.Command {
	var (
		sides           runSides
		out, failOn     string
		accept, sheet   string
		tolerances, in  []string
		force, asJSON   bool
		base, candidate = sides.value("base"), sides.value("candidate")
	)
	c := &cobra.Command{
		Use:   "compare --base RUN[,RUN...]... --candidate RUN[,RUN...]...",
		Short: "Say whether runs of a scenario differ from others",
		Long: `Compare says whether runs of a scenario on one version of factomd have regressed
against runs on another. It compares runs and not entries, and takes 4 a side to
say anything; 6 are advised. RUN is a run's directory or a pattern; all arguments
that follow --base or --candidate belong to it, as a shell makes them of a pattern.
tag:NAME=VALUE stands for all runs with that tag below the directories of --in.
It exits with 3 if they regressed, and with 6 if there is no answer and
--fail-on inconclusive asks for one.

--accept names a list of differences that were decided on, each with the metric, the
reason and the last day (docs/statistics.md). What it covers has regressed all the
same, is marked as accepted wherever it stands, and does not make compare fail.

--release-sheet writes what those who sign off a release need on one page: versions,
runs and verdicts, what was not tested, known faults, and blanks for names and the
decision. A sheet on which a decision was ticked is not written over.`,
		Example: `  factom-load compare --base 'runs/*-v6.11' --candidate 'runs/*-v6.12' --out compared
  factom-load compare --base 'runs/*-v6.11' --candidate 'runs/*-v6.12' --accept known.yaml --release-sheet v6.12.md
  factom-load compare --base tag:version=v6.11.0 --candidate tag:version=v6.12.0 --in runs/steady`,
		RunE: func(c *cobra.Command, rest []string) error {
			if err := sides.takeRest(c, rest); err != nil {
				return err
			}
			if help, _ := c.Flags().GetBool("help"); help {
				return c.Help()
			}
			o := compare.Options{Force: force, ToolVersion: version()}
			for _, text := range tolerances {
				t, err := compare.ParseTolerance(text)
				if err != nil {
					return usage(err)
				}
				o.Tolerances = append(o.Tolerances, t)
			}
			if failOn != "regressed" && failOn != "inconclusive" {
				return usage(fmt.Errorf("--fail-on %q\n    hint: regressed, or inconclusive", failOn))
			}
			var err error
			if o.Accept, err = readAccepted(accept); err != nil {
				return err
			}
			o.AcceptFile = accept
			if err = checkSheet(sheet); err != nil {
				return usage(err)
			}
			if o.Base, err = findRuns("base", base.list, in); err != nil {
				return usage(err)
			}
			if o.Candidate, err = findRuns("candidate", candidate.list, in); err != nil {
				return usage(err)
			}
			result, err := compare.Runs(c.Context(), o)
			if err != nil {
				return err
			}
			if out != "" {
				err = compare.WriteFiles(out, result)
			}
			err = cmp.Or(err, writeOutput(sheet, false, result, compare.WriteReleaseSheet))
			if asJSON {
				err = cmp.Or(err, compare.WriteJSON(e.stdout, result))
			} else {
				err = cmp.Or(err, compare.WriteMarkdown(e.stdout, result))
			}
			if code := result.ExitCode(failOn == "inconclusive"); err == nil && code != 0 {
				return &exit{code: code}
			}
			return err
		},
	}
	f := c.Flags()
	f.SetInterspersed(false) // what follows a side's flag belongs to it
	f.Var(base, "base", "runs to compare with: directories or patterns, with commas between; repeatable")
	f.Var(candidate, "candidate", "runs that may have regressed, likewise")
	f.StringArrayVar(&in, "in", []string{"runs"}, "where the runs of tag:NAME=VALUE are looked for (`DIR`; repeatable)")
	f.StringVar(&out, "out", "", "also write "+compare.JSONFile+", "+compare.HTMLFile+" and "+compare.MarkdownFile+" into this directory")
	f.StringArrayVar(&tolerances, "tolerance", nil, "change of a metric that does not matter: accept.p95=5%, accept.p95=20ms, failed=0.1%; repeatable")
	f.StringVar(&failOn, "fail-on", "regressed", "what fails beside regressed: inconclusive, with exit code 6")
	f.StringVar(&accept, "accept", "", "list of differences that were decided on (`FILE`): what it covers stands as regressed, and does not fail")
	f.StringVar(&sheet, "release-sheet", "", "write the sign-off sheet of a release, with blanks for people, as Markdown (`FILE`)")
	f.BoolVar(&force, "force", false, "compare runs of different scenarios or networks all the same")
	f.BoolVar(&asJSON, "json", false, "print "+compare.JSONFile+" on standard output instead of the tables")
	return c
}

// readAccepted reads a list of accepted differences. What is wrong with it is bad use.
func readAccepted(file string) ([]scenarios.Acceptance, error) {
	if file == "" {
		return nil, nil
	}
	f, err := os.Open(file)
	if err != nil {
		return nil, usage(fmt.Errorf("--accept: %w", err))
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, scenarios.MaxBytes+1)) // one more, to be refused
	if err != nil {
		return nil, usage(fmt.Errorf("--accept: %w", err))
	}
	return scenarios.ParseAccepted(data, file)
}

// checkSheet refuses to write over a directory, or over what people have decided.
func checkSheet(file string) error {
	info, err := os.Stat(file)
	if err != nil || !info.IsDir() && !info.Mode().IsRegular() {
		return nil // there is none, or it is a pipe
	}
	if info.IsDir() {
		return fmt.Errorf("--release-sheet: %s is a directory", file)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("--release-sheet: %w", err)
	}
	if strings.Contains(strings.ToLower(string(text)), compare.SheetTicked) {
		return fmt.Errorf("--release-sheet: %s has a decision in it\n    hint: name another file, or move this one away", file)
	}
	return nil
}

// runSides are the runs of both sides as they are given, in any order.
type runSides struct{ newest *runList }

// A runList is a flag's runs.
type runList struct {
	name  string
	sides *runSides
	list  []string
}

func (s *runSides) value(name string) *runList { return &runList{name: name, sides: s} }

// takeRest takes the arguments that are no flags for those of the last side that was
// named, and goes on with the flags behind them.
func (s *runSides) takeRest(c *cobra.Command, rest []string) error {
	for len(rest) > 0 {
		if !strings.HasPrefix(rest[0], "-") {
			if s.newest == nil {
				return usage(fmt.Errorf("%q is a run of neither side\n    hint: --base %s, or --candidate %s", rest[0], rest[0], rest[0]))
			}
			if err := s.newest.Set(rest[0]); err != nil {
				return usage(err)
			}
			rest = rest[1:]
			continue
		}
		if err := c.Flags().Parse(rest); err != nil {
			return c.FlagErrorFunc()(c, err)
		}
		if left := c.Flags().Args(); len(left) < len(rest) {
			rest = left
		} else {
			return usage(fmt.Errorf("%q is no flag", rest[0]))
		}
	}
	return nil
}

// String implements pflag.Value.
func (l *runList) String() string { return strings.Join(l.list, ",") }

// Type implements pflag.Value.
func (l *runList) Type() string { return "RUN" }

// Set implements pflag.Value. A directory with commas in its name is one run.
func (l *runList) Set(text string) error {
	l.sides.newest = l
	parts := strings.Split(text, ",")
	if _, err := os.Stat(text); err == nil {
		parts = []string{text}
	}
	for _, part := range parts {
		if part == "" {
			return errors.New("a run's name is empty")
		}
		l.list = append(l.list, part)
	}
	return nil
}

// findRuns expands patterns, and tags by the runs below the directories in, and refuses
// what is no run's directory.
func findRuns(side string, list, in []string) (dirs []string, err error) {
	if len(list) == 0 {
		return nil, fmt.Errorf("--%s is missing\n    hint: factom-load compare --base RUN,RUN… --candidate RUN,RUN…", side)
	}
	for _, name := range list {
		found := []string{name}
		if strings.HasPrefix(name, tagPrefix) {
			if found, err = taggedRuns(name, in); err != nil {
				return nil, fmt.Errorf("--%s: %w", side, err)
			}
		} else if _, err := os.Stat(name); err != nil && strings.ContainsAny(name, "*?[") {
			if found, err = filepath.Glob(name); err != nil {
				return nil, fmt.Errorf("--%s: pattern %q: %w", side, name, err)
			}
			if len(found) == 0 {
				return nil, fmt.Errorf("--%s: nothing is called %s", side, name)
			}
		}
		for _, dir := range found {
			dir = filepath.Clean(dir)
			if err := checkDirectory(dir); err != nil {
				return nil, fmt.Errorf("--%s: %w", side, err)
			}
			if slices.Contains(dirs, dir) {
				return nil, fmt.Errorf("--%s has %s twice", side, dir)
			}
			dirs = append(dirs, dir)
		}
	}
	return dirs, nil
}
