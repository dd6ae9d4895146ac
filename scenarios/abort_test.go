package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func abortOf(lines string) (*Scenario, error) {
	return Parse([]byte("version: 1\ncredits: {key: local-test-key}\nload: {phases: [{for: 1s, rate: 5/s}]}\n"+lines), "x.yaml")
}

func TestAbort(t *testing.T) {
	s, err := abortOf("abort_on: [lost>0, failed > 1 %, rejected > 10, stalled for 5m, stalled  for 3blocks, credits < 1000]\nabort_grace: 1ms\n")
	if err != nil {
		t.Fatal(err)
	}
	want := Abort{Rules: []AbortRule{
		{Expression: "lost > 0", On: OnLost},
		{Expression: "failed > 1%", On: OnFailed, Limit: 0.01, Fraction: true},
		{Expression: "rejected > 10", On: OnRejected, Limit: 10},
		{Expression: "stalled for 5m", On: OnStall, For: Span{Time: 5 * time.Minute}},
		{Expression: "stalled for 3blocks", On: OnStall, For: Span{Blocks: 3}},
		{Expression: "credits < 1000", On: OnCredits, Limit: 1000},
	}, Grace: time.Millisecond}
	if diff := cmp.Diff(want, s.Abort); diff != "" {
		t.Error(diff)
	}
	without, err := abortOf("")
	if err != nil || without.Abort.Rules != nil || without.Abort.Grace != DefaultAbortGrace {
		t.Errorf("%+v, %v", without.Abort, err)
	}
	if s.SHA256() == without.SHA256() {
		t.Error("rules that can cut the load short do not show in the hash")
	}
}

func TestAbortProblems(t *testing.T) {
	for rule, want := range map[string]string{
		"lost":            `is no rule`,
		"lost < 1":        `has "<" where > comes after lost`,
		"credits > 5":     `has ">" where < comes after credits`,
		"credits < 0":     `is never met: a balance is not below 0`,
		"lost > 1%":       `has the limit "1%"`,
		"failed > 100%":   `has the limit "100%"`,
		"stalled > 5m":    `has ">" where for comes after stalled`,
		"stalled for 5":   `has the time "5"`,
		"backlog > 5":     `looks at "backlog", which no rule can`,
		"rejected > -1":   `has the limit "-1"`,
		"failed > 1 > 2%": `has the limit "1>2%"`,
	} {
		_, err := abortOf("abort_on: ['" + rule + "']\n")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x.yaml:4:12") {
			t.Errorf("%s: %v\nwant %s", rule, err, want)
		}
	}
	for _, lines := range []string{"abort_on: []\n", "abort_on: [lost > 0]\nabort_grace: 25h\n", "abort_grace: 30s\n"} {
		if _, err := abortOf(lines); err == nil {
			t.Errorf("%q is not refused", lines)
		}
	}
}
