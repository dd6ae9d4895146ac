package scenarios

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseAccepted(t *testing.T) {
	got, err := ParseAccepted([]byte(`version: 1
accept:
  - metric: accept.p95
    scenario: steady
    candidate: v6.12.0
    up_to: 15%
    until: 2026-12-31
    reason: "every entry is signed twice: decided on 3 November"
  - metric: confirm.p99
    up_to: 20ms
    until: 2027-01-15
    reason: >
      a longer
      one
  - {metric: failed, up_to: 0.5%, until: 2026-12-31, reason: known}
  - {metric: confirmed_per_s, until: '2026-12-31', reason: known}
`), "known.yaml")
	if err != nil {
		t.Fatal(err)
	}
	end := time.Date(2026, 12, 31, 0, 0, 0, 0, time.UTC)
	want := []Acceptance{
		{Line: 3, Metric: "accept.p95", Scenario: "steady", Candidate: "v6.12.0", UpTo: Bound{Text: "15%", Share: 0.15}, Until: end, Reason: "every entry is signed twice: decided on 3 November"},
		{Line: 9, Metric: "confirm.p99", UpTo: Bound{Text: "20ms", Value: 20}, Until: end.AddDate(0, 0, 15), Reason: "a longer one"},
		{Line: 15, Metric: "failed", UpTo: Bound{Text: "0.5%", Value: 0.005}, Until: end, Reason: "known"},
		{Line: 16, Metric: "rates.confirmed_per_s", Until: end, Reason: "known"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if got, err := ParseAccepted([]byte("version: 1\naccept: []\n"), ""); err != nil || len(got) != 0 {
		t.Errorf("none: %v, %v", got, err)
	}
}

// Every problem is told with its place, and what to do.
func TestParseAcceptedProblems(t *testing.T) {
	const item = "version: 1\naccept:\n  - {metric: accept.p95, until: 2026-12-31, reason: x"
	for text, want := range map[string]string{
		"":                                 "k.yaml:1:1: the list is empty\n    hint: a list is written version: 1",
		"accept: []":                       "k.yaml:1:1: version is missing\n    hint: begin the file with version: 1",
		"version: 1":                       "k.yaml:1:1: accept is missing\n    hint: a list is written",
		"version: 2\naccept: []":           "k.yaml:1:10: version: version 2 is not supported",
		"version: 1\naccept: []\nuntil: x": "k.yaml:3:1: unknown key until\n    hint: keys here: version, accept",
		"version: 1\naccept: {}":           "k.yaml:2:9: accept: must be a list",
		"version: 1\naccept: [x]":          "k.yaml:2:10: accept[0]: must be a mapping of keys to values, is a single value\n    hint: keys here: metric, scenario",
		"version: 1\naccept: [{}]":         "k.yaml:2:10: accept[0]: metric is missing\n    hint: name what became worse",
		item + ", untill: 2026-12-31}":     "k.yaml:3:56: accept[0]: unknown key untill\n    hint: did you mean until?",
		item + ", marker: x}":              "k.yaml:3:56: accept[0]: unknown key marker\n    hint: keys here: metric, scenario, candidate, up_to, reason, until",
		item + ", until: 2027-01-01}":      "k.yaml:3:56: accept[0]: the key until is here twice",
		item + ", up_to: }":                "k.yaml:3:56: accept[0]: up_to has no value",
		item + ", up_to: 15}":              `up_to: "15" has no unit` + "\n    hint: a bound is written 15%",
		item + ", up_to: 0%}":              "up_to: \"0%\" is not above 0%",
		item + ", up_to: 1001%}":           "is more than 1000%\n    hint: leave up_to out",
		item + ", up_to: -5%}":             "up_to: \"-5%\" is not a duration\n    hint: a bound is written",
		item + ", up_to: [5%]}":            "up_to: must be a single value, is a list",
		item + "}\n  - {metric: accept.p95, until: 2027-01-01, reason: y}":               "k.yaml:4:5: accept[1]: accepts what line 3 does\n    hint: keep one",
		"version: 1\naccept: [{metric: accept.p96, until: 2026-12-31, reason: x}]":       `metric: "accept.p96" is not a metric` + "\n    hint: did you mean accept.p9",
		"version: 1\naccept: [{metric: sent, until: 2026-12-31, reason: x}]":             `metric: "sent" is not compared` + "\n    hint: compared are latencies",
		"version: 1\naccept: [{metric: queries.p95, until: 2026-12-31, reason: x}]":      `"queries.p95" is not compared`,
		"version: 1\naccept: [{metric: lost, until: 2026-12-31, reason: ''}]":            "reason: is empty\n    hint: write why it is accepted",
		"version: 1\naccept: [{metric: lost, until: 2026-12-31}]":                        "accept[0]: reason is missing\n    hint: say why",
		"version: 1\naccept: [{metric: lost, reason: x}]":                                "accept[0]: until is missing\n    hint: write the last day",
		"version: 1\naccept: [{metric: lost, until: 2026-02-30, reason: x}]":             `until: "2026-02-30" is not a date` + "\n    hint: write the last day",
		"version: 1\naccept: [{metric: lost, until: tomorrow, reason: x}]":               `until: "tomorrow" is not a date`,
		"version: 1\naccept: [{metric: lost, up_to: 3ms, until: 2026-12-31, reason: x}]": `up_to: "3ms" is not a share` + "\n    hint: a bound of lost is written 15%",
		"version: 1\naccept: &a []":                                                      "k.yaml:2:9: anchors, aliases and merge keys are not part of the list format",
		"version: 1\n---\naccept: []":                                                    "a list file has one document",
		strings.Repeat("#", 3) + "\xff":                                                  "not UTF-8 text",
		strings.Repeat("# long\n", MaxBytes/7+10):                                        "a list has a few dozen lines",
	} {
		got, err := ParseAccepted([]byte(text), "k.yaml")
		if err == nil {
			t.Errorf("%q is taken for %+v", text, got)
		} else if !strings.Contains(err.Error(), want) {
			t.Errorf("%.80q: %v\nwant %s", text, err, want)
		}
	}
}

func TestBound(t *testing.T) {
	share, value := Bound{Text: "15%", Share: 0.15}, Bound{Text: "20ms", Value: 20}
	for _, c := range []struct {
		b            Bound
		change, base float64
		want         bool
	}{
		{Bound{}, 1e9, 1, true},
		{share, 15, 100, true}, {share, -15, 100, true}, {share, 15.1, 100, false}, {share, 0.1, 0, false}, {share, math.NaN(), 100, false},
		{value, 20, 0, true}, {value, 20.1, 1000, false}, {value, math.NaN(), 1, false},
	} {
		if got := c.b.Within(c.change, c.base); got != c.want {
			t.Errorf("a change of %v from %v is within %q: %t", c.change, c.base, c.b.Text, got)
		}
	}
}

func FuzzParseAccepted(f *testing.F) {
	f.Add([]byte("version: 1\naccept:\n  - {metric: accept.p95, scenario: a, candidate: b, up_to: 15%, until: 2026-12-31, reason: x}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ParseAccepted(data, "k.yaml")
		for _, a := range list {
			if err != nil || a.Metric == "" || a.Reason == "" || a.Until.IsZero() || a.Line < 1 {
				t.Errorf("%+v, %v", a, err)
			}
		}
	})
}
