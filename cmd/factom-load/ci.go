package main

import (
	"bytes"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/report"
)

// A ciJob is the job of a CI server that the program runs in, if it does.
type ciJob struct {
	github, gitlab bool
	summary        string // the file of GitHub for the summary of a step
}

func ciOf(getenv func(string) string) ciJob {
	return ciJob{
		github:  getenv("GITHUB_ACTIONS") == "true",
		gitlab:  getenv("GITLAB_CI") == "true",
		summary: getenv("GITHUB_STEP_SUMMARY"),
	}
}

// ownsSummary reports whether a file is the summary of a step, to which every program
// of the step adds.
func (c ciJob) ownsSummary(name string) bool {
	if c.summary == "" || name == "" {
		return false
	}
	a, errA := filepath.Abs(name)
	b, errB := filepath.Abs(c.summary)
	return errA == nil && errB == nil && a == b
}

// printSummary prints a summary for people, on GitLab as a section of the log that is
// folded away if all is well.
func (c ciJob) printSummary(w io.Writer, r *report.Report, dir string, now func() time.Time) error {
	var b bytes.Buffer
	if err := report.WriteSummary(&b, r, dir); err != nil {
		return err
	}
	text := b.String()
	if c.github {
		// Wherever that stands in a line, it begins a command to the runner; a node's
		// message may have it.
		text = strings.ReplaceAll(text, "##[", "##(")
	}
	if c.gitlab {
		at := now().Unix()
		text = fmt.Sprintf("\x1b[0Ksection_start:%d:factom_load[collapsed=%t]\r\x1b[0Kfactom-load: %s\n%s\x1b[0Ksection_end:%d:factom_load\r\x1b[0K\n",
			at, r.ExitCode == report.ExitOK, r.Verdict, text, at)
	}
	_, err := io.WriteString(w, text)
	return err
}

// mostAnnotations is how many errors, and how many warnings, GitHub shows of a step.
const mostAnnotations = 10

// annotate tells GitHub what the page of the workflow's run must show. It goes to
// standard error, which the runner reads too: standard output may be a report.
// GitLab has nothing of that kind.
func (c ciJob) annotate(w io.Writer, r *report.Report) {
	if !c.github {
		return
	}
	shown := map[string]int{}
	for _, a := range r.Annotations() {
		kind := "error"
		if a.Warning {
			kind = "warning"
		}
		switch shown[kind]++; {
		case shown[kind] < mostAnnotations:
			fmt.Fprintf(w, "::%s title=%s::%s\n", kind, commandProperty("factom-load: "+a.Title), commandData(a.Message))
		case shown[kind] == mostAnnotations:
			fmt.Fprintf(w, "::%s title=%s::%s\n", kind, commandProperty("factom-load"), "and more; see the summary")
		}
	}
}

// commandData escapes the message of a workflow command, and commandProperty a value
// before it.
func commandData(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A").Replace(s)
}

func commandProperty(s string) string {
	return strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A", ":", "%3A", ",", "%2C").Replace(s)
}
