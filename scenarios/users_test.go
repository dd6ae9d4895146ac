package scenarios

import (
	"strings"
	"testing"
	"time"
)

const closedLoop = `version: 1
load:
  users: 50
  think: 100ms
  phases:
    - {name: warmup, for: 10s, measured: false}
    - {for: 1m}
`

func TestUsers(t *testing.T) {
	l := mustParse(t, closedLoop).Load
	if !l.Closed() || l.Users != 50 || l.Think != 100*time.Millisecond || l.InFlight != 50 || l.MaxRate() != 0 {
		t.Errorf("%+v", l)
	}
	if len(l.Phases) != 2 || l.Phases[0].For != 10*time.Second || l.Phases[0].Measured || !l.Phases[1].Measured {
		t.Errorf("phases %+v", l.Phases)
	}
	if l := mustParse(t, closedLoop, Override{"load.in_flight", "60"}, Override{"load.think", "0s"}).Load; l.InFlight != 60 || l.Think != 0 {
		t.Errorf("%+v", l)
	}
	if mustParse(t, example).Load.Closed() {
		t.Error("a load with rates is a closed loop")
	}
}

func TestUsersProblems(t *testing.T) {
	for _, test := range []struct{ name, from, to, want string }{
		{"a rate", "{for: 1m}", "{for: 1m, rate: 5/s}", `
x.yaml:7:23: rate: the load has users, who write as fast as they are answered
    hint: leave rate out, or load.users`},
		{"no length", "{for: 1m}", "{name: load}", `
x.yaml:7:7: phases[1]: for is missing
    hint: say how long the phase lasts: for: 60s`},
		{"none of them", "users: 50", "users: 0", `
x.yaml:3:10: users: "0" is out of range
    hint: allowed is 1 to 100000`},
		{"a list", "users: 50", "users: [5]", `
x.yaml:3:10: users: must be a single value, is a list
    hint: write one value, without [...] or a dash before it`},
		{"no users", "  users: 50\n", "", `
x.yaml:3:10: think: goes with users
    hint: say how many there are: users: 50; a load with rates does not wait for answers
x.yaml:5:7: phases[0]: rate is missing
    hint: say how many entries a second: rate: 50/s; a pause is rate: 0/s
x.yaml:6:7: phases[1]: rate is missing
    hint: say how many entries a second: rate: 50/s; a pause is rate: 0/s`},
		{"a long think time", "100ms", "11m", `
x.yaml:4:10: think: "11m" is more than 10 minutes
    hint: for so little load use a rate, such as 1/min`},
		{"no unit", "100ms", "100", `
x.yaml:4:10: think: "100" has no unit
    hint: for seconds write 100s; a duration is written 10s, 1m30s or 2h`},
		{"little room", "think: 100ms", "in_flight: 49", `
x.yaml:4:14: in_flight: 49 places in flight are too few for 50 users
    hint: leave in_flight out: each user has one entry in flight at most`},
		{"arrivals", "think: 100ms", "arrival: poisson", `
x.yaml:4:12: arrival: goes with phases that have rates, not with users
    hint: leave it out: a user's next entry is due when the last one is answered and the think time is over`},
		{"late slots", "think: 100ms", "late: skip", `
x.yaml:4:9: late: goes with phases that have rates, not with users
    hint: leave it out: a user's next entry is due when the last one is answered and the think time is over`},
		{"nothing measured", "{for: 1m}", "{for: 1m, measured: false}", `
x.yaml:5:3: phases: no phase that sends is measured
    hint: leave measured: false to warm-up phases`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(strings.Replace(closedLoop, test.from, test.to, 1)), "x.yaml")
			if err == nil || "\n"+err.Error() != test.want {
				t.Errorf("%v\nwant%s", err, test.want)
			}
		})
	}
}

// Users make their own rate: only the length can be asked for.
func TestUsersAndFlags(t *testing.T) {
	s := mustParse(t, closedLoop)
	rate := 5.0
	const want = `--rate: the load has users, who write as fast as they are answered
    hint: for more or less load change their number with --set load.users=N`
	if err := s.Override(&rate, 0); err == nil || err.Error() != want {
		t.Errorf("--rate: %v", err)
	}
	if err := s.Override(nil, 20*time.Second); err != nil {
		t.Fatal(err)
	}
	if p := s.Load.Phases; len(p) != 2 || p[0].Name != "warmup" || p[1].Name != "load" || p[1].For != 20*time.Second {
		t.Errorf("--for: %+v", p)
	}
}

func TestUsersCountInTheHash(t *testing.T) {
	want := mustParse(t, closedLoop).SHA256()
	for _, set := range []Override{{"load.users", "51"}, {"load.think", "99ms"}, {"credits.topup", "{below: 1, buy: 2}"}} {
		if mustParse(t, closedLoop, set).SHA256() == want {
			t.Errorf("%v makes no difference", set)
		}
	}
	if mustParse(t, closedLoop, Override{"credits.keys", "[env:A, env:B]"}).SHA256() != want {
		t.Error("who pays makes a difference")
	}
}

func TestCredits(t *testing.T) {
	c := mustParse(t, minimal+"credits: {keys: [env:A, local-test-key, file:/b], budget: 900, topup: {below: 50, buy: 100}}\n").Credits
	if len(c.Keys) != 3 || c.Keys[0] != "env:A" || c.Keys[2] != "file:/b" || c.Budget != 900 || c.TopUp == nil || *c.TopUp != (TopUp{50, 100}) {
		t.Errorf("%+v", c)
	}
	for text, want := range map[string]string{
		"{key: env:A, keys: [env:B]}": `
x.yaml:3:29: keys: excludes key
    hint: keep one of them: key is the short form of a list of one`,
		"{keys: [env:A, env:A]}": `
x.yaml:3:25: keys[1]: "env:A" is here twice
    hint: name each key once`,
		"{keys: []}": `
x.yaml:3:17: keys: must have an item
    hint: name the keys that pay in turns: keys: [env:A, env:B]`,
		"{key: [env:A]}": `
x.yaml:3:16: key: must be a single value, is a list
    hint: for several keys that pay in turns write keys: [env:A, env:B]`,
		"{keys: env:A}": `
x.yaml:3:17: keys: must be a list, is a single value
    hint: begin each item with "- ", or write [...]`,
		"{keys: [A]}": `
x.yaml:3:18: keys[0]: must say where the secret key is, never hold it
    hint: use local-test-key (LOCAL networks only), env:NAME or file:PATH`,
		"{topup: {below: 5}}": `
x.yaml:3:18: topup: buy is missing
    hint: say how many entry credits to buy at a time: buy: 1000`,
		"{topup: {below: 0, buy: 5}}": `
x.yaml:3:26: below: "0" is out of range
    hint: allowed is 1 to 1000000000000`,
		"{topup: {below: 5, buy: 101}, budget: 100}": `
x.yaml:3:18: topup: buys 101 entry credits at once, and the budget is 100
    hint: buy a small part of the budget at a time`,
		"{topup: {below: 101, buy: 50}, budget: 100}": `
x.yaml:3:18: topup: buys below 101 entry credits, and the budget is 100
    hint: buy when a small part of the budget is left`,
	} {
		_, err := Parse([]byte(minimal+"credits: "+text+"\n"), "x.yaml")
		if err == nil || "\n"+err.Error() != want {
			t.Errorf("%s: %v\nwant%s", text, err, want)
		}
	}
}
