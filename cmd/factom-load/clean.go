package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

func newCleanCommand(e *env) *cobra.Command {
	var keep string
	var dryRun bool
	c := &cobra.Command{
		Use:   "clean DIR --keep AGE",
		Short: "Remove what old runs have on record of their entries",
		Long: `Clean goes through DIR and the directories below it, without following links. Of
each run that ended longer ago than AGE it removes the entries on record (entries.log
and its older parts), which make nearly all of a run's size. run.json, report.json and
report.html stay; they cannot be made anew then. A run in progress, one that was
killed, and one without final reports are left alone.`,
		Example: `  factom-load clean runs --keep 30d --dry-run`,
		Args:    exactly(1, "one directory"),
		RunE: func(_ *cobra.Command, args []string) error {
			age, err := parseAge(keep)
			if err != nil {
				return err
			}
			if info, err := os.Stat(args[0]); err != nil || !info.IsDir() {
				return usage(fmt.Errorf("%s is no directory", args[0]))
			}
			return (&cleaner{env: e, before: time.Now().Add(-age), dryRun: dryRun}).clean(args[0])
		},
	}
	c.Flags().StringVar(&keep, "keep", "", "leave alone what ended within this `AGE`, such as 30d or 12h")
	c.Flags().BoolVar(&dryRun, "dry-run", false, "remove nothing, and say what would be removed")
	return c
}

// parseAge reads a length of time in days, or in a smaller unit.
func parseAge(text string) (time.Duration, error) {
	const most = math.MaxInt64 / int64(24*time.Hour)
	if days, ok := strings.CutSuffix(text, "d"); ok {
		if n, err := strconv.ParseUint(days, 10, 32); err == nil && int64(n) <= most {
			return time.Duration(n) * 24 * time.Hour, nil
		}
	} else if age, err := time.ParseDuration(text); err == nil && age >= 0 {
		return age, nil
	}
	if text == "" {
		return 0, usage(errors.New("--keep is missing\n    hint: --keep 30d leaves the runs of the last 30 days alone"))
	}
	return 0, usage(fmt.Errorf("--keep %q is no age\n    hint: write 30d or 12h", text))
}

// A cleaner removes the entries of runs that ended before an instant.
type cleaner struct {
	env    *env
	before time.Time
	dryRun bool

	runs, failed int
	bytes        int64
}

// errKept says why the record of a run that is old enough is left alone.
type errKept string

func (e errKept) Error() string { return string(e) }

func (c *cleaner) clean(root string) error {
	root, err := filepath.EvalSymlinks(root) // the one that the user named
	if err != nil {
		return err
	}
	if err := eachRun(root, c.run, c.fail); err != nil {
		return err
	}
	verb := "removed"
	if c.dryRun {
		verb = "to be removed"
	}
	fmt.Fprintf(c.env.stdout, "%s %s, of %d runs that ended before %s\n", report.Bytes(uint64(c.bytes)), verb, c.runs, utc(c.before.UTC()))
	if c.failed > 0 {
		return &exit{report.ExitCannot, fmt.Errorf("%d runs could not be looked at or cleaned", c.failed)}
	}
	return nil
}

func (c *cleaner) fail(path string, err error) {
	c.failed++
	c.env.complain(fmt.Errorf("%s: %w", path, err))
}

// run removes the entries of a run, if they are to be removed.
func (c *cleaner) run(path string) {
	old, err := c.old(path)
	if err == nil && !old {
		return
	}
	if err == nil {
		err = results.CheckUnlocked(path)
	}
	var size, left int64
	if err == nil {
		size, err = results.RecordSize(path)
	}
	if err == nil && size == 0 {
		return // others have removed it
	}
	if err == nil && !c.dryRun {
		err = run.Drop(path, func() error {
			if old, err := c.old(path); err != nil || old {
				return err
			}
			return errKept("it has ended anew")
		})
		if err == nil {
			left, err = results.RecordSize(path)
		}
	}
	var kept errKept
	switch {
	case errors.As(err, &kept), errors.Is(err, results.ErrLocked):
		fmt.Fprintf(c.env.stderr, "left alone: %s: %v\n", path, err)
	case err != nil:
		c.fail(path, err)
	default:
		c.runs++
		c.bytes += size - left
		fmt.Fprintf(c.env.stdout, "%10s  %s\n", report.Bytes(uint64(size-left)), path)
	}
}

// old reports whether a run has entries on record and ended long enough ago. It is an
// error, or [errKept], if they must stay all the same.
func (c *cleaner) old(path string) (bool, error) {
	m, err := results.ReadManifest(path)
	if err != nil {
		return false, err
	}
	if m.Ended.IsZero() {
		if m.Started.Before(c.before) {
			return false, errKept("the run is in progress, or was killed (see resume)")
		}
		return false, nil
	}
	if !m.Ended.Before(c.before) {
		return false, nil
	}
	reduced, err := results.ReadReduction(path)
	if err != nil || reduced != nil && m.Record != nil {
		return false, err
	}
	if _, err := os.Stat(filepath.Join(path, report.HTMLFile)); err != nil {
		return false, errKept("it has no " + report.HTMLFile + " (see report)")
	}
	switch r, err := report.ReadFile(path); {
	case err != nil:
		return false, errKept("it has no " + report.JSONFile + " that can be read (see report)")
	case r.Run.Partial || r.Run.ID != m.ID:
		return false, errKept("its " + report.JSONFile + " is not of the whole run (see report)")
	}
	return true, nil
}
