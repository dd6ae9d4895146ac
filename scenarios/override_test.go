package scenarios

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestParseOverride(t *testing.T) {
	got, err := ParseOverride("load.phases[0].rate=5/s..10/s")
	if want := (Override{"load.phases[0].rate", "5/s..10/s"}); err != nil || got != want {
		t.Errorf("%v, %v", got, err)
	}
	got, err = ParseOverride("thresholds[0]=lost == 0")
	if want := (Override{"thresholds[0]", "lost == 0"}); err != nil || got != want {
		t.Errorf("a value with = in it: %v, %v", got, err)
	}
	for arg, want := range map[string]string{
		"load.in_flight":     "--set: there is no =",
		"load..in_flight=1":  "--set load..in_flight: is not a path of the scenario",
		"=1":                 "--set : is not a path of the scenario",
		"load.phases[x]=1":   "--set load.phases[x]: is not a path of the scenario",
		"load.phases[0=1":    "--set load.phases[0: is not a path of the scenario",
		"load.phases[0]x=1":  "--set load.phases[0]x: is not a path of the scenario",
		"load.phases[0][]=1": "--set load.phases[0][]: is not a path of the scenario",
		"a b=1":              "--set a b: is not a path of the scenario",
	} {
		_, err := ParseOverride(arg)
		if err == nil || !strings.HasPrefix(err.Error(), want+"\n    hint: write --set ") {
			t.Errorf("%s: %v", arg, err)
		}
	}
}

func TestSets(t *testing.T) {
	base := mustParse(t, example)
	for _, test := range []struct {
		name string
		sets []Override
		want func(*Scenario)
	}{
		{"a value", []Override{{"load.in_flight", "20"}}, func(s *Scenario) { s.Load.InFlight = 20 }},
		{"an item", []Override{{"load.phases[1].rate", "7/s"}}, func(s *Scenario) { s.Load.Phases[1].From, s.Load.Phases[1].To = 7, 7 }},
		{"dots", []Override{{"load.phases.1.rate", "7/s"}}, func(s *Scenario) { s.Load.Phases[1].From, s.Load.Phases[1].To = 7, 7 }},
		{"a threshold", []Override{{"thresholds[2]", "lost < 5"}}, func(s *Scenario) {
			s.Thresholds[2] = Threshold{Expression: "lost < 5", Metric: "lost", Op: "<", Value: 5}
		}},
		{"a new key", []Override{{"load.late", "skip"}}, func(s *Scenario) { s.Load.Late = LateSkip }},
		{"flow", []Override{{"workload.choose", "{zipf: 1.5}"}}, func(s *Scenario) { s.Workload.Choose = Choice{Zipf, 1.5} }},
		{"a new key in a new mapping", []Override{{"workload.choose", "{}"}, {"workload.choose.zipf", "2"}}, func(s *Scenario) { s.Workload.Choose = Choice{Zipf, 2} }},
		{"nothing left", []Override{{"thresholds", "[]"}}, func(s *Scenario) { s.Thresholds = nil }},
		{"the last one wins", []Override{{"seed", "1"}, {"seed", "2"}}, func(s *Scenario) { s.Seed = 2 }},
		{"quotes", []Override{{"name", `"q"`}}, func(s *Scenario) { s.Name = "q" }},
	} {
		want := mustParse(t, example)
		test.want(want)
		got := mustParse(t, example, test.sets...)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
		if cmp.Equal(base, got) {
			t.Errorf("%s: changes nothing", test.name)
		}
	}
	// A key of the smallest file, from nothing.
	if got := mustParse(t, minimal, Override{"network.local.block_time", "20s"}).Network.Local.BlockTime; got != 20*time.Second {
		t.Errorf("block time = %v", got)
	}
}

func TestBadSets(t *testing.T) {
	for _, test := range []struct{ path, value, want string }{
		{"load.phases[0].rate", "50", `
--set load.phases[0].rate: rate: "50" has no unit
    hint: say per what: 50/s or 50/min`},
		{"load.in_fligth", "5", `
--set load.in_fligth: load: unknown key in_fligth
    hint: did you mean in_flight?`},
		{"laod.in_flight", "5", `
--set laod.in_flight: unknown key laod
    hint: did you mean load?`},
		{"load.phases[3].rate", "5/s", `
--set load.phases[3].rate: load.phases has no item 3
    hint: it has 3, counted from 0; to add one set the whole list`},
		{"load.phases.rate", "5/s", `
--set load.phases.rate: load.phases is a list and has no key rate
    hint: write --set load.in_flight=20, or --set 'load.phases[0].rate=5/s'`},
		{"load[0]", "5", `
--set load[0]: load is not a list
    hint: write --set load.in_flight=20, or --set 'load.phases[0].rate=5/s'`},
		{"seed.x", "5", `
--set seed.x: seed is a single value and has no key x
    hint: write --set load.in_flight=20, or --set 'load.phases[0].rate=5/s'`},
		{"network.endpoints[0].url", "http://h/v2", `
--set network.endpoints[0].url: network.endpoints is not in the file
    hint: set it as a whole`},
		{"seed", "", `
--set seed: seed has no value
    hint: give it one, or leave the key out`},
		{"seed", "[1", `
--set seed: not valid YAML: sequence end token ']' not found
    hint: check the value's brackets and quotes, and put the whole argument in single quotes`},
		{"seed", "*x", `
--set seed: anchors, aliases and merge keys are not part of the scenario format
    hint: write the value out in each place; put text that begins with & or * in quotes`},
		{"workload.mix[0].size", "20B", `
--set workload.mix[0].size: size: size is too small for an entry
    hint: 35 bytes or more hold the marker, the nonce and 3 ExtIDs`},
	} {
		_, err := Parse([]byte(example), "x.yaml", Override{test.path, test.value})
		if err == nil {
			t.Errorf("%s=%s is accepted", test.path, test.value)
			continue
		}
		if got := "\n" + err.Error(); got != test.want {
			t.Errorf("got:%s\nwant:%s", got, test.want)
		}
	}
}

// An override that replaces lines of the file moves no other place, and its own
// problems come last.
func TestSetsKeepPlaces(t *testing.T) {
	text := example + "sead: 1\n"
	_, err := Parse([]byte(text), "x.yaml", Override{"load.phases", "[{for: 1s, rate: 1/s}]"}, Override{"seed", "x"}, Override{"workload", "{chains: 3}"})
	problems, _ := errors.AsType[Errors](err)
	if len(problems) != 2 || problems[0].Line != strings.Count(text, "\n") || problems[0].Column != 1 || problems[1].File != "--set seed" {
		t.Errorf("%v", err)
	}
}

func TestRateAndFor(t *testing.T) {
	rate := func(f float64) *float64 { return &f }
	phase := func(name string, seconds time.Duration, from, to float64, measured bool) Phase {
		return Phase{Name: name, For: seconds * time.Second, From: from, To: to, Measured: measured}
	}
	warm, ramp, steady := phase("warmup", 10, 5, 5, false), phase("ramp", 30, 5, 100, true), phase("steady", 60, 80, 80, true)
	for _, test := range []struct {
		name   string
		phases []Phase
		rate   *float64
		length time.Duration
		want   []Phase
	}{
		{"neither", []Phase{warm, ramp}, nil, 0, []Phase{warm, ramp}},
		{"rate", []Phase{warm, ramp, steady}, rate(7), 0, []Phase{warm, phase("load", 90, 7, 7, true)}},
		{"for", []Phase{warm, ramp, steady}, nil, 20 * time.Second, []Phase{warm, phase("load", 20, 100, 100, true)}},
		{"both", []Phase{ramp, warm, steady}, rate(0.5), time.Second, []Phase{phase("load", 1, .5, .5, true), warm}},
		{"name taken", []Phase{phase("load", 10, 1, 1, false), ramp}, rate(1), 0, []Phase{phase("load", 10, 1, 1, false), phase("load-2", 30, 1, 1, true)}},
	} {
		s := &Scenario{Load: Load{Phases: test.phases}}
		if err := s.Override(test.rate, test.length); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(test.want, s.Load.Phases); diff != "" {
			t.Errorf("%s: %s", test.name, diff)
		}
	}
	for _, test := range []struct {
		rate   *float64
		length time.Duration
	}{{rate(0), 0}, {rate(-1), 0}, {rate(MaxRate + 1), 0}, {rate(math.NaN()), 0}, {nil, -1}, {nil, MaxDuration + 1}, {rate(MaxRate), MaxDuration}} {
		s := mustParse(t, example)
		if err := s.Override(test.rate, test.length); err == nil || !strings.HasPrefix(err.Error(), "--") {
			t.Errorf("%+v: %v", test, err)
		}
		if !cmp.Equal(s, mustParse(t, example)) {
			t.Errorf("%+v: refused and yet it changed the scenario", test)
		}
	}
}

func TestUseEndpoints(t *testing.T) {
	s := mustParse(t, example)
	if err := s.UseEndpoints([]string{"http://127.0.0.1:8088", "https://h.example/x"}); err != nil {
		t.Fatal(err)
	}
	want := Network{Endpoints: []Endpoint{{URL: "http://127.0.0.1:8088/v2", Weight: 1}, {URL: "https://h.example/x", Weight: 1}}, Expect: "LOCAL"}
	if diff := cmp.Diff(want, s.Network); diff != "" {
		t.Error(diff)
	}
	before := s.Network
	err := s.UseEndpoints([]string{"http://me:hunter2@h/v2", "h:8088", "http://h", "http://h/v2"})
	const text = `--endpoint: a URL with a user name or password in it is refused
    hint: use --set 'network.endpoints=[{url: ..., auth: env:NAME}]'; the variable holds user:password
--endpoint: "h:8088" is not an http or https URL
    hint: for example http://127.0.0.1:8088/v2
--endpoint: "http://h/v2" is there twice
    hint: name each endpoint once`
	if err == nil || err.Error() != text {
		t.Errorf("got:\n%v\nwant:\n%s", err, text)
	}
	if !cmp.Equal(before, s.Network) {
		t.Error("refused and yet it changed the network")
	}
	if err := s.UseEndpoints(nil); err == nil {
		t.Error("no endpoint at all is accepted")
	}
}

func TestParseRate(t *testing.T) {
	if from, to, err := ParseRate("5/s..300/min"); from != 5 || to != 5 || err != nil {
		t.Errorf("%v, %v, %v", from, to, err)
	}
	const want = "\"50\" has no unit\n    hint: say per what: 50/s or 50/min"
	if _, _, err := ParseRate("50"); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

func FuzzOverride(f *testing.F) {
	f.Add("load.phases[0].rate=5/s")
	f.Add("workload={mix: [{kind: chain, size: 200B}]}")
	f.Add("load.phases.1.x=~")
	f.Fuzz(func(t *testing.T, arg string) {
		o, err := ParseOverride(arg)
		if err != nil {
			return
		}
		_, err = Parse([]byte(example), "x.yaml", o)
		problems, _ := errors.AsType[Errors](err)
		if err != nil && len(problems) == 0 {
			t.Errorf("%s: %v", arg, err)
		}
	})
}
