package main

import (
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/FactomProject/factom-load/scenarios"
)

// scenarioFlags are the flags that change a scenario.
type scenarioFlags struct {
	endpoints []string
	rate      rateFlag
	length    time.Duration
	seed      seedFlag
	sets      []string
}

// register adds the flags that need no network.
func (f *scenarioFlags) register(fl *pflag.FlagSet) {
	fl.Var(&f.rate, "rate", "one measured phase at this `RATE`, such as 50/s, instead of the scenario's")
	fl.DurationVar(&f.length, "for", 0, "one measured phase of this length instead of the scenario's (default: the sum of theirs)")
	fl.Var(&f.seed, "seed", "the `NUMBER` that schedule and entries follow from (default: the scenario's)")
	fl.StringArrayVar(&f.sets, "set", nil, "change a key of the scenario (`path=value`, such as load.in_flight=20; may be repeated)")
}

// A scenario as it will be run, and where it came from.
type loadedScenario struct {
	scenario  *scenarios.Scenario
	file      string
	text      []byte
	overrides []string
}

// load reads a scenario and applies the flags to it.
func (f *scenarioFlags) load(stdin io.Reader, name string) (*loadedScenario, error) {
	text, file, err := scenarios.Read(stdin, name)
	if err != nil {
		return nil, usage(err)
	}
	return f.apply(text, file)
}

// apply applies the flags to the text of a scenario.
func (f *scenarioFlags) apply(text []byte, file string) (_ *loadedScenario, err error) {
	l := &loadedScenario{file: file, text: text}
	var sets []scenarios.Override
	for _, arg := range f.sets {
		o, err := scenarios.ParseOverride(arg)
		if err != nil {
			return nil, usage(err)
		}
		sets = append(sets, o)
		l.overrides = append(l.overrides, "--set "+arg)
	}
	if l.scenario, err = scenarios.Parse(text, file, sets...); err != nil {
		return nil, usage(err)
	}
	var rate *float64
	if f.rate.set {
		rate = &f.rate.perSecond
		l.overrides = append(l.overrides, "--rate "+f.rate.String())
	}
	if f.length != 0 {
		l.overrides = append(l.overrides, "--for "+f.length.String())
	}
	if err := l.scenario.Override(rate, f.length); err != nil {
		return nil, usage(err)
	}
	if f.seed.set {
		l.scenario.Seed = f.seed.value
		l.overrides = append(l.overrides, "--seed "+f.seed.String())
	}
	if len(f.endpoints) > 0 {
		if err := l.scenario.UseEndpoints(f.endpoints); err != nil {
			return nil, usage(err)
		}
	}
	return l, nil
}

// rateFlag is a flag that holds one rate.
type rateFlag struct {
	perSecond float64
	text      string
	set       bool
}

var _ pflag.Value = (*rateFlag)(nil)

func (r *rateFlag) String() string { return r.text }
func (r *rateFlag) Type() string   { return "rate" }

func (r *rateFlag) Set(text string) error {
	from, to, err := scenarios.ParseRate(text)
	if err != nil {
		return err
	}
	if from != to {
		return fmt.Errorf("one rate is wanted, such as 50/s; a ramp is for the scenario's phases")
	}
	r.perSecond, r.text, r.set = from, text, true
	return nil
}

// seedFlag is a flag that may be left out: 0 is a seed too.
type seedFlag struct {
	value uint64
	set   bool
}

var _ pflag.Value = (*seedFlag)(nil)

func (s *seedFlag) String() string {
	if !s.set {
		return ""
	}
	return strconv.FormatUint(s.value, 10)
}

func (s *seedFlag) Type() string { return "number" }

func (s *seedFlag) Set(text string) (err error) {
	s.value, err = strconv.ParseUint(text, 10, 64)
	if err != nil {
		return fmt.Errorf("a whole number from 0 to 2^64-1 is wanted")
	}
	s.set = true
	return nil
}
