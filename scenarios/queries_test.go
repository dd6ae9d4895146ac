package scenarios

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQueries(t *testing.T) {
	every := []QueryItem{
		{"heights", 1}, {"current-minute", 1}, {"entry", 1}, {"entry-block", 1}, {"chain-head", 1},
		{"ack", 1}, {"pending-entries", 1}, {"balances", 1}, {"dblock-by-height", 1},
	}
	for _, test := range []struct {
		text string
		want *Queries
	}{
		{"", nil},
		{"queries: {rate: 20/s}\n", &Queries{Rate: 20, Arrival: Constant, InFlight: 100, Mix: every}},
		{"queries:\n  rate: 90/min\n  in_flight: 7\n  mix:\n  - {method: heights, weight: 5}\n  - {method: entry}\n",
			&Queries{Rate: 1.5, Arrival: Constant, InFlight: 7, Mix: []QueryItem{{"heights", 5}, {"entry", 1}}}},
	} {
		if diff := cmp.Diff(test.want, mustParse(t, minimal+test.text).Queries); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.text, diff)
		}
	}
	if text := string(mustParse(t, minimal).Normal()); strings.Contains(text, "quer") {
		t.Errorf("a scenario without queries has another hash than before there were any:\n%s", text)
	}
	text := minimal + "queries: {rate: 20/s, mix: [{method: heights, weight: 2}]}\n"
	if got := string(mustParse(t, text).Normal()); !strings.Contains(got, "\nqueries 20 100\nquery heights 2\n") {
		t.Errorf("the normal form is\n%s", got)
	}
}

// What comes beside the load arrives as the load does, or as it says itself: users
// have no arrivals of their own.
func TestArrivalBesideTheLoad(t *testing.T) {
	const (
		rates = "version: 1\nload: {arrival: poisson, phases: [{for: 60s, rate: 50/s}]}\n"
		users = "version: 1\nload: {users: 5, phases: [{for: 60s}]}\n"
	)
	for _, test := range []struct {
		load, key string
		want      Arrival
		lines     int // of it in the normal form
	}{
		{rates, "", Poisson, 0},
		{rates, ", arrival: poisson", Poisson, 0},
		{rates, ", arrival: constant", Constant, 2},
		{users, "", Constant, 0},
		{users, ", arrival: poisson", Poisson, 2},
	} {
		beside := "queries: {rate: 20/s" + test.key + "}\nhostile: {rate: 2/s" + test.key + "}\n"
		for _, text := range []string{test.load + beside, strings.Replace(test.load, "load", beside+"load", 1)} {
			s := mustParse(t, text)
			if s.Queries.Arrival != test.want || s.Hostile.Arrival != test.want {
				t.Errorf("%s\nqueries arrive %s, hostile calls %s", text, s.Queries.Arrival, s.Hostile.Arrival)
			}
			if n := strings.Count(string(s.Normal()), "_arrival "); n != test.lines {
				t.Errorf("%s\n%d lines on it in\n%s", text, n, s.Normal())
			}
		}
	}
}

func TestQueryProblems(t *testing.T) {
	for _, test := range []struct{ text, want string }{
		{"queries: {}\n", "x.yaml:3:10: queries: rate is missing\n    hint: say how many queries a second: rate: 20/s"},
		{"queries: 20/s\n", "x.yaml:3:10: queries: must be a mapping of keys to values, is a single value\n    hint: keys here: rate, arrival, in_flight, mix"},
		{"queries: {rate: 0/s}\n", `x.yaml:3:17: rate: "0/s" makes no calls` + "\n    hint: write a rate above 0/s, or leave the section out"},
		{"queries: {rate: 1/s..5/s}\n", `x.yaml:3:17: rate: "1/s..5/s" is a ramp` + "\n    hint: write one rate, for example 20/s: it is the same in all phases"},
		{"queries: {rate: 20}\n", `x.yaml:3:17: rate: "20" has no unit` + "\n    hint: say per what: 20/s or 20/min"},
		{"queries: {rate: 20/s, arrival: burst}\n", `x.yaml:3:32: arrival: "burst" is not one of constant, poisson`},
		{"queries: {rate: 20/s, in_flight: 0}\n", `x.yaml:3:34: in_flight: "0" is out of range` + "\n    hint: allowed is 1 to 100000"},
		{"queries: {rate: 20/s, mix: []}\n", "x.yaml:3:28: mix: must have an item\n    hint: leave the key out for the default, if it has one"},
		{"queries: {rate: 20/s, mix: [{weight: 2}]}\n", "x.yaml:3:29: mix[0]: method is missing\n    hint: say what to ask for: method: heights"},
		{"queries: {rate: 20/s, mix: [{method: hieghts}]}\n", `x.yaml:3:38: method: "hieghts" is not one of heights, current-minute, entry, entry-block, chain-head, ack, pending-entries, balances, dblock-by-height` + "\n    hint: did you mean heights?"},
		{"queries: {rate: 20/s, mix: [{method: ack}, {method: ack}]}\n", "x.yaml:3:44: mix[1]: the method ack is in the mix twice\n    hint: add up their weights"},
		{"queries: {rate: 20/s, phases: []}\n", "x.yaml:3:23: queries: unknown key phases\n    hint: phases is a key of load"},
		{"thresholds: [queries.p95 < 300ms]\n", `x.yaml:3:14: thresholds[0]: "queries.p95" is never measured without queries` + "\n    hint: add queries: {rate: 20/s}"},
		{"queries: {rate: 1/s}\nthresholds: [queries.fialed == 0]\n", `x.yaml:4:14: thresholds[0]: "queries.fialed == 0" names "queries.fialed", which is not a metric` +
			"\n    hint: did you mean failed? after queries. comes one of count, right, wrong, failed, min, mean, stddev, p50, p90, p95, p99, p999, max"},
		{"queries: {rate: 1/s}\ncompare: {primary: queries.p95}\n", `x.yaml:4:20: primary: "queries.p95" is not of entries, which a comparison is about` +
			"\n    hint: latencies are one of schedule, submit, accept, confirm, commit_service, reveal_service, a dot, and one of min, mean, stddev, p50, p90, p95, p99, p999, max"},
	} {
		_, err := Parse([]byte(minimal+test.text), "x.yaml")
		if err == nil || err.Error() != test.want {
			t.Errorf("%s\ngot:  %v\nwant: %s", test.text, err, test.want)
		}
	}
}

func TestQueryThresholds(t *testing.T) {
	s := mustParse(t, minimal+"queries: {rate: 20/s}\nthresholds: [queries.p95 < 300ms, queries.failed < 1%, queries.wrong == 0, queries.count > 7]\n")
	want := []Threshold{
		{Expression: "queries.p95 < 300ms", Metric: "queries.p95", Op: "<", Value: 300},
		{Expression: "queries.failed < 1%", Metric: "queries.failed", Op: "<", Value: 0.01, Fraction: true},
		{Expression: "queries.wrong == 0", Metric: "queries.wrong", Op: "=="},
		{Expression: "queries.count > 7", Metric: "queries.count", Op: ">", Value: 7},
	}
	if diff := cmp.Diff(want, s.Thresholds); diff != "" {
		t.Error(diff)
	}
}
