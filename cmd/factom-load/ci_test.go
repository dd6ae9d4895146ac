package main

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/report"
)

// unescape undoes what GitHub's runner does, in its order.
func unescape(s string) string {
	for _, pair := range [][2]string{{"%0D", "\r"}, {"%0A", "\n"}, {"%3A", ":"}, {"%2C", ","}, {"%25", "%"}} {
		s = strings.ReplaceAll(s, pair[0], pair[1])
	}
	return s
}

func TestCommandEscaping(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.OneOf(rapid.String(), rapid.StringMatching(`[%:,\r\n0ACD235a]*`)).Draw(t, "text")
		if got := commandProperty(s); strings.ContainsAny(got, "\r\n:,") || unescape(got) != s {
			t.Errorf("%q becomes %q", s, got)
		}
		if got := commandData(s); strings.ContainsAny(got, "\r\n") || strings.Count(got, "%") < strings.Count(s, "%") {
			t.Errorf("%q becomes %q", s, got)
		}
	})
}

// Whatever a report says, there is one line for each annotation, and not more than
// GitHub shows.
func TestAnnotations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.Just("\n::set-env name=PATH::x\r\n::stop-commands::y"))
		r := &report.Report{Verdict: report.Lost, ExitCode: 4, Harness: report.Harness{Valid: true}, Totals: report.Totals{Lost: 3}}
		r.Thresholds = append(r.Thresholds, report.ThresholdResult{Expression: "lost == 0", Value: 3})
		for range rapid.IntRange(0, 20).Draw(t, "thresholds") {
			r.Thresholds = append(r.Thresholds, report.ThresholdResult{Expression: text.Draw(t, "expression")})
		}
		r.Integrity.Findings = []report.Finding{{Kind: text.Draw(t, "kind"), Count: 1}}
		r.Findings = []report.Finding{{Kind: text.Draw(t, "kind"), Name: text.Draw(t, "name"), Detail: text.Draw(t, "detail"), Count: 1}}
		var b bytes.Buffer
		ciJob{github: true}.annotate(&b, r)
		errors, warnings := 0, 0
		for line := range strings.Lines(b.String()) {
			switch {
			case strings.HasPrefix(line, "::error title=factom-load"):
				errors++
			case strings.HasPrefix(line, "::warning title=factom-load"):
				warnings++
			default:
				t.Errorf("a line is %q", line)
			}
		}
		if want := min(2+len(r.Thresholds)-1, 10); errors != want || warnings != 1 {
			t.Errorf("%d errors and %d warnings of %d thresholds, want %d:\n%s", errors, warnings, len(r.Thresholds), want, b.String())
		}
		b.Reset()
		if (ciJob{}).annotate(&b, r); b.Len() > 0 {
			t.Errorf("without GitHub: %s", b.String())
		}
	})
}

// A node's message in the summary gives GitHub's runner no commands.
func TestSummaryHasNoCommands(t *testing.T) {
	r := &report.Report{Verdict: report.Pass, Errors: []report.Error{{Message: "##[add-mask]a", Count: 1}}}
	for github, want := range map[bool]bool{true: false, false: true} {
		var b bytes.Buffer
		if err := (ciJob{github: github}).printSummary(&b, r, "run", time.Now); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "##["); got != want {
			t.Errorf("on GitHub %t: %s", github, b.String())
		}
	}
	var b bytes.Buffer
	at := time.Unix(1700000000, 0)
	if err := (ciJob{gitlab: true}).printSummary(&b, r, "run", func() time.Time { return at }); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("\x1b[0Ksection_start:%d:factom_load[collapsed=true]\r\x1b[0Kfactom-load: pass\n", at.Unix()); !strings.HasPrefix(b.String(), want) {
		t.Errorf("the section begins %.200q", b.String())
	}
}
