package scenarios

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestHostile(t *testing.T) {
	every := &Hostile{Rate: 2, Arrival: Constant, InFlight: 20}
	for _, k := range HostileKinds() {
		every.Mix = append(every.Mix, HostileItem{k, 1})
	}
	for text, want := range map[string]*Hostile{
		"":                       nil,
		"hostile: {rate: 2/s}\n": every,
		"hostile: {rate: 30/min, in_flight: 3, mix: [{kind: huge-body}, {kind: unpaid-key, weight: 7}]}\n": {
			Rate: 0.5, Arrival: Constant, InFlight: 3, Mix: []HostileItem{{HugeBody, 1}, {UnpaidKey, 7}},
		},
	} {
		if diff := cmp.Diff(want, mustParse(t, minimal+text).Hostile); diff != "" {
			t.Errorf("%s%s", text, diff)
		}
	}
	// The mix of chains alone needs no chain for itself.
	mustParse(t, minimal+"workload: {chains: 1, mix: [{kind: chain}]}\nhostile: {rate: 1/s}\n")
}

func TestHostileProblems(t *testing.T) {
	for text, want := range map[string]string{
		"hostile: {}": `
x.yaml:3:10: hostile: rate is missing
    hint: hostile: {rate: 2/s} sends every kind; {rate: 2/s, mix: [{kind: repeated-commit, weight: 1}]} chooses`,
		"hostile: 2/s": `
x.yaml:3:10: hostile: must be a mapping of keys to values, is a single value
    hint: keys here: rate, arrival, in_flight, mix`,
		"hostile: {rate: 1/s..2/s, in_flight: 0, mix: []}": `
x.yaml:3:17: rate: "1/s..2/s" is a ramp
    hint: write one rate, for example 20/s: it is the same in all phases
x.yaml:3:38: in_flight: "0" is out of range
    hint: allowed is 1 to 100000
x.yaml:3:46: mix: must have an item
    hint: leave the key out for the default, if it has one`,
		"hostile: {rate: 0/s}": `
x.yaml:3:17: rate: "0/s" makes no calls
    hint: write a rate above 0/s, or leave the section out`,
		"hostile: {rate: 1/s, mix: [{kind: huge-boddy}, {weight: 2}, {kind: unpaid-key}, {kind: unpaid-key, weight: 0}]}": `
x.yaml:3:35: kind: "huge-boddy" is not one of repeated-commit, repeated-reveal, reveal-without-commit, commit-without-reveal, underpaid-commit, unpaid-key, wrong-signature, stale-timestamp, future-timestamp, malformed-hex, oversize-entry, unknown-method, huge-body
    hint: did you mean huge-body?
x.yaml:3:48: mix[1]: kind is missing
    hint: hostile: {rate: 2/s} sends every kind; {rate: 2/s, mix: [{kind: repeated-commit, weight: 1}]} chooses
x.yaml:3:88: kind: the same kind is here twice
    hint: give it a higher weight instead
x.yaml:3:108: weight: "0" is out of range
    hint: allowed is 1 to 1000000`,
		"hostile: {rate: 1/s}\nworkload: {mix: [{kind: chain}]}": `
x.yaml:3:10: hostile: there is no chain for its entries
    hint: make at least 1: workload: {chains: 1}`,
		"hostile: {rate: 1/s}\nconfirm: {until: accepted}": `
x.yaml:4:18: until: what hostile calls must not bring about shows in blocks
    hint: leave it out, or write until: block`,
		"observe: {content: 0, merkle: 0}\nthresholds: [findings == 0]": `
x.yaml:4:14: thresholds[0]: there are no findings without checks, hostile calls or queries
    hint: leave observe out: its defaults make checks`,
		"thresholds: [findings == 0, hostile.wrong == 0]": `
x.yaml:3:29: thresholds[1]: "hostile.wrong" is never measured without hostile calls
    hint: add hostile: {rate: 2/s}`,
		"hostile: {rate: 100000/s}\nload: {phases: [{for: 100h, rate: 1/s}]}": `
x.yaml:3:10: hostile: it plans 3.6e+10 calls, more than 1e+09
    hint: lower its rate`,
	} {
		begin := minimal
		if strings.Contains(text, "load: {phases") {
			begin = "version: 1\n\n"
		}
		_, err := Parse([]byte(begin+text+"\n"), "x.yaml")
		if err == nil {
			t.Errorf("accepted: %s", text)
			continue
		}
		if diff := cmp.Diff(want, "\n"+err.Error()); diff != "" {
			t.Errorf("%s\n%s", text, diff)
		}
	}
}

// What is asked of a node counts, and a scenario without it keeps its hash.
func TestHostileHash(t *testing.T) {
	base := mustParse(t, minimal+"hostile: {rate: 2/s}\n")
	if strings.Contains(string(mustParse(t, minimal).Normal()), "hostile") {
		t.Error("a scenario without hostile calls says something of them")
	}
	for _, set := range []Override{
		{"hostile.rate", "3/s"}, {"hostile.in_flight", "21"}, {"hostile.arrival", "poisson"}, {"hostile.mix", "[{kind: huge-body}]"},
	} {
		if mustParse(t, minimal+"hostile: {rate: 2/s}\n", set).SHA256() == base.SHA256() {
			t.Errorf("%v does not change the hash", set)
		}
	}
}

func TestHostileRules(t *testing.T) {
	for _, k := range HostileKinds() {
		if k.Expected() == "" || k.Charged() > k.MostCharged() {
			t.Errorf("%s: %q, charged %d of at most %d", k, k.Expected(), k.Charged(), k.MostCharged())
		}
	}
	if k := HostileKind("of-tomorrow"); k.Expected() != "" || k.MostCharged() != 0 {
		t.Error("a kind that is not known has rules")
	}
}
