package scenarios

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const searching1 = `version: 1
load:
  search:
    from: 20/s
    to: 500/s
    step: 20/s
    within: 5/s
    hold: 30s
    stop_when: [confirm.p99  >  2blocks, backlog   grows]
`

func TestSearch(t *testing.T) {
	s := mustParse(t, searching1)
	q := s.Load.Search
	if q == nil || q.From != 20 || q.To != 500 || q.Step != 20 || q.Within != 5 || q.Hold != (Span{Time: 30 * time.Second}) {
		t.Fatalf("%+v", q)
	}
	if len(q.StopWhen) != 5 || q.StopWhen[0].Metric != "confirm.p99" || q.StopWhen[0].Blocks != 2 || q.StopWhen[0].Backlog ||
		!q.StopWhen[1].Backlog || q.StopWhen[1].Expression != BacklogGrows {
		t.Errorf("stop_when %+v", q.StopWhen)
	}
	// A condition of its own takes the place of one that every search has.
	for own, want := range map[string][]string{
		"[backlog grows]":               {"backlog grows", "lost > 0", "failed > 1%", "rejected > 1%"},
		"[failed > 5%, confirm.p50>1h]": {"failed > 5%", "confirm.p50 > 1h", "lost > 0", "rejected > 1%"},
		"[rejected > 2, lost > 3]":      {"rejected > 2", "lost > 3", "failed > 1%"},
	} {
		if got := expressions(mustParse(t, searching1, Override{"load.search.stop_when", own}).Load.Search.StopWhen); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", own, got, want)
		}
	}
	if held := mustParse(t, searching1, Override{"thresholds", "[search.held_per_s >= 6000/min]"}).Thresholds; len(held) != 1 || held[0].Metric != heldRate || held[0].Value != 100 {
		t.Errorf("%+v", held)
	}
	if len(s.Load.Phases) != 0 || s.Load.MaxRate() != 500 {
		t.Errorf("phases %v, up to %v/s", s.Load.Phases, s.Load.MaxRate())
	}
	if p := q.StepPhase(112.5, 10*time.Second); p.Name != "search-112.5" || p.For != 30*time.Second || p.From != 112.5 || p.To != 112.5 || !p.Measured {
		t.Errorf("%+v", p)
	}
	// What a scenario without a search asks for has the hash that it had.
	if normal := string(mustParse(t, example).Normal()); strings.Contains(normal, "search") || strings.Contains(normal, "stop") {
		t.Errorf("a search in\n%s", normal)
	}
	if normal := string(s.Normal()); !strings.Contains(normal, "search 20 500 20 5\nhold_ns 30000000000\nstop \"confirm.p99 > 2blocks\"\nstop \"backlog grows\"\nstop \"lost > 0\"\n") {
		t.Errorf("no search in\n%s", normal)
	}
	if s.Load.Search = nil; mustParse(t, example).Load.Search != nil {
		t.Error("a search that nobody asked for")
	}
}

func expressions(stops []Stop) (all []string) {
	for _, stop := range stops {
		all = append(all, stop.Expression)
	}
	return all
}

func TestSearchDefaults(t *testing.T) {
	q := mustParse(t, "version: 1\nload: {phases: [{for: 10s, rate: 5/s}], search: {from: 20/s, to: 500/s}}").Load
	if p := q.Phases[0]; p.Measured {
		t.Error("a phase before a search is measured")
	}
	s := q.Search
	if s.Step != 50 || s.Within != 12.5 || s.Hold != (Span{Blocks: 3}) {
		t.Errorf("%+v", s)
	}
	for _, stop := range s.StopWhen {
		if again, p := parseStop(stop.Expression); p != nil || again != stop {
			t.Errorf("%s: %+v, %v", stop.Expression, again, p)
		}
	}
	if want := []string{"confirm.p99 > 2blocks", "backlog grows", "lost > 0", "failed > 1%", "rejected > 1%"}; !slices.Equal(expressions(s.StopWhen), want) {
		t.Errorf("stop_when %q, want %q", expressions(s.StopWhen), want)
	}
	for _, test := range []struct{ from, to, step float64 }{{0, 1000, 100}, {20, 500, 50}, {5, 100, 10}, {10, 30, 2}, {1, 2, .1}, {1, 1.01, .001}, {100, 101, .1}} {
		if step := defaultStep(test.from, test.to); step != test.step {
			t.Errorf("%v to %v: a step of %v, want %v", test.from, test.to, step, test.step)
		}
	}
}

func TestSearchProblems(t *testing.T) {
	for _, test := range []struct{ name, from, to, want string }{
		{"the wrong way round", "to: 500/s", "to: 20/s", `
x.yaml:5:9: to: 20/s is not above the 20/s that the search begins with
    hint: for one rate use a phase: phases: [{for: 60s, rate: 50/s}]`},
		{"no end", "    to: 500/s\n", "", `
x.yaml:3:3: search: to is missing
    hint: a search is written search: {from: 20/s, to: 500/s, step: 20/s, hold: 3blocks, within: 5/s}`},
		{"from nothing", "from: 20/s", "from: 0/s", `
x.yaml:4:11: from: "0/s" is not above 0/s
    hint: a search is written search: {from: 20/s, to: 500/s, step: 20/s, hold: 3blocks, within: 5/s}`},
		{"a ramp", "step: 20/s", "step: 1..2/s", `
x.yaml:6:11: step: "1..2/s" is a ramp
    hint: a step of a search has one rate, for example 20/s`},
		{"a step too far", "step: 20/s", "step: 481/s", `
x.yaml:6:11: step: 481/s is more than lies between 20/s and 500/s
    hint: leave step out for about ten of them`},
		{"no step to speak of", "step: 20/s", "step: 2/s", `
x.yaml:6:11: step: there are more than 200 steps of 2/s between 20/s and 500/s
    hint: make them larger: what lies between two of them is searched too`},
		{"a rough end", "within: 5/s", "within: 21/s", `
x.yaml:7:13: within: 21/s is more than a step of 20/s
    hint: leave within out for a quarter of a step`},
		{"a fine end", "within: 5/s", "within: 0.01/s", `
x.yaml:7:13: within: 0.01/s is less than a thousandth of a step of 20/s
    hint: no node is that steady`},
		{"a short time", "hold: 30s", "hold: 29s", `
x.yaml:8:11: hold: 29s is shorter than 3 blocks of 10s
    hint: hold a step for 3blocks at least: what becomes of a backlog shows from block to block`},
		{"few blocks", "hold: 30s", "hold: 2.5blocks", `
x.yaml:8:11: hold: 2.5 blocks are fewer than 3
    hint: hold a step for 3blocks at least: what becomes of a backlog shows from block to block`},
		{"a short wait", "version: 1\n", "version: 1\nconfirm: {timeout: 19s}\n", `
x.yaml:2:20: timeout: 19s is shorter than 2 blocks of 10s
    hint: an entry that comes just too late for a block is in the next: leave it out for 3blocks, or no step will hold`},
		{"few blocks to wait", "version: 1\n", "version: 1\nnetwork: {endpoints: [{url: \"http://127.0.0.1:1/v2\"}]}\ncredits: {key: local-test-key}\nconfirm: {timeout: 1.9blocks}\n", `
x.yaml:4:20: timeout: 1.9 blocks are fewer than 2
    hint: an entry that comes just too late for a block is in the next: leave it out for 3blocks, or no step will hold`},
		{"hardly an entry", "from: 20/s", "from: 0.9/s", `
x.yaml:4:11: from: 0.9/s for 30s are 27 entries, fewer than 30
    hint: of so few no percentile says much: raise the lowest rate, or hold a step for longer`},
		{"no end of blocks", "hold: 30s\n    stop_when: [confirm.p99  >  2blocks, backlog   grows]\n", "hold: 1000blocks\nnetwork: {local: {block_time: 10m}}\n", `
x.yaml:3:3: search: the search plans up to 5.1e+09 entries, more than 1e+09
    hint: lower its rates or hold them for a shorter time`},
		{"no end of entries", "hold: 30s", "hold: 100h", `
x.yaml:3:3: search: the search plans up to 3.06e+09 entries, more than 1e+09
    hint: lower its rates or hold them for a shorter time`},
		{"no condition", "[confirm.p99  >  2blocks, backlog   grows]", "[]", `
x.yaml:9:16: stop_when: must have an item
    hint: leave the key out for the default, if it has one`},
		{"a backlog that shrinks", "backlog   grows", "backlog > 100", `
x.yaml:9:42: stop_when[1]: "backlog > 100" is not what can be said of a backlog
    hint: write backlog grows`},
		{"what must hold", "confirm.p99  >  2blocks", "confirm.p99 < 2blocks", `
x.yaml:9:17: stop_when[0]: "confirm.p99 < 2blocks" is what a step may come to, and here stands what is too much
    hint: turn it round: confirm.p99 > 2blocks`},
		{"a mean", "confirm.p99  >  2blocks", "confirm.mean > 5s", `
x.yaml:9:17: stop_when[0]: "confirm.mean > 5s" names confirm.mean, by which a step is not judged
    hint: it is judged by p50, p90, p95, p99, p999 or max of schedule, submit, accept or confirm, by failed, rejected and lost, or by backlog grows`},
		{"always", "confirm.p99  >  2blocks", "lost >= 0", `
x.yaml:9:17: stop_when[0]: "lost >= 0" always holds: nothing is below 0
    hint: write lost > 0`},
		{"twice", "backlog   grows", "confirm.p99 > 2 blocks", `
x.yaml:9:42: stop_when[1]: confirm.p99 > 2blocks is here twice
    hint: once will do`},
		{"no comparison", "confirm.p99  >  2blocks", "confirm.p99", `
x.yaml:9:17: stop_when[0]: "confirm.p99" has no comparison
    hint: a condition is written confirm.p99 > 2blocks, failed > 1% or backlog grows`},
		{"users", "load:\n", "load:\n  users: 5\n", `
x.yaml:2:1: load: phases is missing
    hint: a load is a list of phases: phases: [{for: 60s, rate: 50/s}]
x.yaml:4:3: search: a search has rates, and the load has users
    hint: keep one of them`},
		{"a measured phase", "load:\n", "load:\n  phases: [{for: 1s, rate: 1/s, measured: true}]\n", `
x.yaml:3:43: measured: the load has a search, and what is measured is the highest step of it that holds
    hint: leave it out: phases before a search are for warming up`},
		{"a phase's name", "load:\n", "load:\n  phases: [{name: search-20, for: 1s, rate: 1/s}]\n", `
x.yaml:3:19: name: "search-20" begins like the steps of the search
    hint: choose another name`},
		{"no blocks", "version: 1\n", "version: 1\nconfirm: {until: accepted}\n", `
x.yaml:2:18: until: a search waits for the blocks of each step
    hint: leave it out, or write until: block`},
		{"a threshold on nothing", "load:\n  search:", "thresholds: [search.held_per_s >= 100/s]\nload:\n  phases: [{for: 1s, rate: 1/s}]\n  serch:", `
x.yaml:2:14: thresholds[0]: "search.held_per_s" is never measured: the load has no search
    hint: a search is written search: {from: 20/s, to: 500/s, step: 20/s, hold: 3blocks, within: 5/s}
x.yaml:5:3: load: unknown key serch
    hint: did you mean search?`},
		{"hostile calls", "version: 1\n", "version: 1\nhostile: {rate: 1/s}\n", `
x.yaml:2:10: hostile: what hostile calls may cost during a search is not known
    hint: leave hostile out, or the search`},
		{"a misspelling", "within:", "witin:", `
x.yaml:7:5: search: unknown key witin
    hint: did you mean within?`},
		{"a key too high", "  search:", "  step: 5/s\n  search:", `
x.yaml:3:3: load: unknown key step
    hint: step is a key of load.search`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := Parse([]byte(strings.Replace(searching1, test.from, test.to, 1)), "x.yaml")
			if err == nil || "\n"+err.Error() != test.want {
				t.Errorf("%v\nwant%s", err, test.want)
			}
		})
	}
}

// Rates and lengths are the search's own.
func TestSearchTakesNoFlags(t *testing.T) {
	rate := 5.0
	for _, test := range []struct {
		rate   *float64
		length time.Duration
		flag   string
	}{{&rate, 0, "--rate"}, {nil, time.Minute, "--for"}, {&rate, time.Minute, "--rate"}} {
		s := mustParse(t, searching1)
		err := s.Override(test.rate, test.length)
		if want := test.flag + ": the load has a search, which has rates and lengths of its own\n    hint: change them with --set load.search.from=RATE, to, step or hold"; err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	if s := mustParse(t, searching1); s.Override(nil, 0) != nil {
		t.Error("no flag is refused")
	}
}

// Whatever the numbers, the rates go up from the first to the last, and halving
// comes to an end within the bounds, in no more steps than are foretold.
func TestSearchRates(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := drawSearch(t)
		rates := q.Rates()
		if rates[0] != q.From || rates[len(rates)-1] != q.To || !slices.IsSorted(rates) {
			t.Fatalf("%+v: %v", q, rates)
		}
		steps, sum := q.Most()
		at := rapid.IntRange(1, len(rates)-1).Draw(t, "the first that fails")
		held, failed := rates[at-1], rates[at]
		n, tried := at+1, 0.0
		for _, r := range rates[:at+1] {
			tried += r
		}
		for {
			rate, ok := q.Between(held, failed)
			if !ok {
				break
			}
			if !(rate > held && rate < failed) {
				t.Fatalf("%+v: %v is not between %v and %v", q, rate, held, failed)
			}
			n, tried = n+1, tried+rate
			if rapid.Bool().Draw(t, "holds") {
				held = rate
			} else {
				failed = rate
			}
		}
		if failed-held > q.Within+2*millionth {
			t.Fatalf("%+v ends between %v and %v", q, held, failed)
		}
		if n+1 > steps || tried+q.To > sum*(1+1e-9) {
			t.Fatalf("%+v: %d steps with %v entries/s in all, foretold were %d and %v at most", q, n+1, tried+q.To, steps, sum)
		}
	})
}

func drawSearch(t *rapid.T) *Search {
	q := &Search{From: float64(rapid.IntRange(1, 4000).Draw(t, "from")) / 4}
	q.To = q.From + float64(rapid.IntRange(1, 4000).Draw(t, "way"))/4
	q.Step = tidy((q.To - q.From) / (1 + rapid.Float64Range(0, 20).Draw(t, "steps")))
	q.Within = tidy(q.Step / (1 + rapid.Float64Range(0, 20).Draw(t, "parts")))
	if math.Min(q.Step, q.Within) <= 0 {
		t.Skip()
	}
	q.Step = min(q.Step, q.To-q.From)
	return q
}
