package scenarios

import (
	"fmt"
	"slices"
	"time"
)

// Override is what --rate and --for do: one measured phase named load takes the
// place of all measured phases, at the rate, by default the highest of theirs,
// and for the length, by default the sum of theirs. Phases that are not measured
// stay. A closed loop takes no rate, and a search neither rate nor length. A nil
// rate and a length of 0 are left to the default; with both it does nothing. The
// error is a [Problem], and then the scenario is as it was.
func (s *Scenario) Override(rate *float64, length time.Duration) error {
	if rate == nil && length == 0 {
		return nil
	}
	at := position{file: "--rate"}
	if rate == nil {
		at.file = "--for"
	}
	closed := s.Load.Closed()
	if closed && rate != nil {
		return complain("the load has users, who write as fast as they are answered",
			"for more or less load change their number with --set load.users=N").at(at, "load.users")
	}
	if s.Load.Search != nil {
		return complain("the load has a search, which has rates and lengths of its own",
			"change them with --set load.search.from=RATE, to, step or hold").at(at, "load.search")
	}
	load := Phase{Name: "load", Measured: true}
	place := -1
	var phases []Phase
	taken := make(map[string]bool)
	for _, p := range s.Load.Phases {
		if !p.Measured {
			phases = append(phases, p)
			taken[p.Name] = true
			continue
		}
		if place < 0 {
			place = len(phases)
		}
		load.For += p.For
		load.To = max(load.To, p.highest())
	}
	if rate != nil {
		load.To = *rate
	}
	if length != 0 {
		load.For = length
	}
	load.From = load.To
	for i := 2; taken[load.Name]; i++ {
		load.Name = fmt.Sprintf("load-%d", i)
	}
	if place < 0 {
		place = len(phases)
	}
	phases = slices.Insert(phases, place, load)

	switch {
	case !closed && !(load.To > 0 && load.To <= MaxRate):
		return complain("the rate is out of range", fmt.Sprintf("allowed is above 0/s, up to %d/s", MaxRate)).at(at, "")
	case load.For <= 0 || load.For > MaxDuration:
		return complain("the length is out of range", "allowed is above 0s, up to 30 days (720h)").at(position{file: "--for"}, "")
	}
	if p := scheduleProblem(phases, kindOfLoad(closed, false)); p != nil {
		return p.at(at, "load.phases")
	}
	s.Load.Phases = phases
	return nil
}

// UseEndpoints is what --endpoint does: the run uses these endpoints, in equal
// shares, instead of the scenario's network. What the scenario expects of the
// network stays. The error is of type [Errors], and then the scenario is as it
// was.
func (s *Scenario) UseEndpoints(urls []string) error {
	var endpoints []Endpoint
	var problems Errors
	at := position{file: "--endpoint"}
	for _, text := range urls {
		u, p := parseURL(text)
		if p == nil && slices.ContainsFunc(endpoints, func(e Endpoint) bool { return e.URL == u }) {
			p = complain(show(u)+" is there twice", "name each endpoint once")
		}
		if p != nil && p.Hint == authHint {
			p.Hint = "use --set 'network.endpoints=[{url: ..., auth: env:NAME}]'; the variable holds user:password"
		}
		if p != nil {
			problems = append(problems, p.at(at, "network.endpoints"))
			continue
		}
		endpoints = append(endpoints, Endpoint{URL: u, Weight: DefaultEndpointWeight})
	}
	switch {
	case len(urls) == 0:
		problems = append(problems, complain("there is none", "for example --endpoint http://127.0.0.1:8088/v2").at(at, ""))
	case len(urls) > maxEndpoints:
		problems = append(problems, complain(fmt.Sprintf("there are more than %d", maxEndpoints), "").at(at, ""))
	}
	if err := problems.err(""); err != nil {
		return err
	}
	s.Network = Network{Endpoints: endpoints, Expect: s.Network.Expect}
	return nil
}
