package main

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/pflag"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/markdown"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/scenarios"
)

// announceFlags are the flags of plan that make a notice of it.
type announceFlags struct {
	announce bool
	at       string
	usual    rateFlag
}

func (f *announceFlags) register(fl *pflag.FlagSet) {
	fl.BoolVar(&f.announce, "announce", false, "write a notice to the network's operators, in Markdown")
	fl.StringVar(&f.at, "at", "", "with --announce: when the run is to begin (`TIME`, such as \"2026-12-01 14:00 UTC\")")
	fl.Var(&f.usual, "usual", "with --announce: the network's usual `RATE` of entries, such as 5/s")
}

// What a notice says of a node, all of factomd v6.12.0.
const (
	nodeQueue     = 10_000 // messages that each queue of a node takes (factom-protocol.md, section 1)
	entryMessages = 2      // a commit and a reveal
	entryCPU      = 2.4e-3 // seconds of a core an entry (factomd-networks.md, section 4)

	// mainBlock is the block time of the main network, which testnets most often have.
	mainBlock = 10 * time.Minute
)

const atHint = "write 2026-12-01T14:00:00Z, or 2026-12-01 14:00 UTC"

// parseAt reads an instant, and returns the zero time for an empty text.
func parseAt(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04 UTC", "2006-01-02 15:04:05 UTC"} {
		if at, err := time.Parse(layout, text); err == nil {
			return at.UTC(), nil
		}
	}
	return time.Time{}, usage(fmt.Errorf("--at %q is no instant\n    hint: %s", text, atHint))
}

// notice returns the notice that the flags ask for, or nil.
func (f *announceFlags) notice(s *scenarios.Scenario, p generator.Plan) (*notice, error) {
	at, err := parseAt(f.at)
	switch {
	case err != nil:
		return nil, err
	case !f.announce && (f.at != "" || f.usual.set):
		return nil, usage(errors.New("--at and --usual go with --announce"))
	case f.usual.set && f.usual.perSecond <= 0:
		return nil, usage(errors.New("--usual must be above 0"))
	case !f.announce:
		return nil, nil
	}
	return &notice{s: s, p: p, at: at, usual: f.usual.perSecond}, nil
}

// A notice tells the operators of a network of a load before it comes. What nobody but
// people know is left blank.
type notice struct {
	s     *scenarios.Scenario
	p     generator.Plan
	at    time.Time // or zero
	usual float64   // entries a second on the network without the load, or 0
	b     strings.Builder
}

// write writes it as Markdown.
func (n *notice) write(out io.Writer) error {
	n.line("# Load test of the network %s", orBlank(markdown.Code(n.s.Network.Expect, 64)))
	n.line("")
	n.line("To all who operate a node of this network: a load test is planned. This notice says what will be sent, when, what you may see, and how to have it stopped.")
	n.line("")
	n.line("- scenario: %s", markdown.Code(n.s.Name, 200))
	if n.s.Description != "" {
		n.line("- in its own words: %s", markdown.Text(n.s.Description, 500))
	}
	n.line("- fingerprint of the scenario (SHA-256): `%s`", n.s.SHA256())
	n.line("- who makes it: %s", markdown.Blank)
	n.line("- why: %s", markdown.Blank)
	n.when()
	n.sent()
	n.endpoints()
	n.share()
	n.effects()
	n.stop()
	_, err := io.WriteString(out, n.b.String())
	return err
}

func (n *notice) line(format string, args ...any) {
	fmt.Fprintf(&n.b, format, args...)
	n.b.WriteByte('\n')
}

func (n *notice) title(text string) { n.line("\n## %s\n", text) }

func orBlank(s string) string {
	if s == markdown.None {
		return markdown.Blank
	}
	return s
}

func (n *notice) when() {
	n.title("When")
	length := n.p.Total.Length.Round(time.Second)
	if n.at.IsZero() {
		n.line("- begins: %s UTC", markdown.Blank)
	} else {
		n.line("- begins: %s", utc(n.at))
	}
	switch {
	case n.p.Search != nil && n.p.Search.Length > 0:
		n.line("- sending takes at most about %s, and after each rate a pause until its entries are in a block", (length + n.p.Search.Length).Round(time.Second))
	case n.p.Search != nil:
		n.line("- sending takes %s, and then up to %d steps, each with a pause until its entries are in a block: until %s", length, n.p.Search.Steps, markdown.Blank)
	default:
		end := ""
		if !n.at.IsZero() {
			end = ", until about " + utc(n.at.Add(length))
		}
		most := ""
		if n.p.Closed {
			most = "at most "
		}
		n.line("- sending takes %s%s%s", most, length, end)
	}
	n.line("- after that nothing more is written; the test waits until its last entries are in a block, and gives up %s after the last one that came", spanText(n.s.Confirm.Timeout))
}

func utc(t time.Time) string { return t.Format("2006-01-02 15:04:05") + " UTC" }

func spanText(s scenarios.Span) string {
	if s.Blocks > 0 {
		return fmt.Sprintf("%g block times", s.Blocks)
	}
	return s.Time.String()
}

func (n *notice) sent() {
	s, p := n.s, n.p
	n.title("What will be sent")
	n.line("| phase | length | entries a second | entries | of them new chains | payload | entry credits |")
	n.line("|---|---:|---:|---:|---:|---:|---:|")
	for i, ph := range append(p.Phases, p.Total) {
		if p.Search != nil && i == len(p.Phases) {
			ph.Name, ph.Rate = "total before the search", ""
		}
		figures := fmt.Sprintf("%d | %d | %s | %d", ph.Slots, ph.Chains, report.Bytes(uint64(ph.Bytes)), ph.Credits)
		if setup := i == 0 && s.Workload.Chains > 0; p.Closed && !setup {
			figures = "as many as are answered | | | "
		}
		rate := ph.Rate
		if strings.HasPrefix(rate, "replay ") {
			rate = "as recorded" // the file's name tells nobody anything
		}
		n.line("| %s | %s | %s | %s |", markdown.Text(ph.Name, 100), ph.Length.Round(time.Millisecond), markdown.Text(strings.ReplaceAll(rate, "/s", ""), 100), figures)
	}
	n.line("")
	if q := s.Load.Search; q != nil {
		n.line("Then the highest rate is looked for that the network holds: from %g to %g entries a second, in at most %d steps.", q.From, q.To, p.Search.Steps)
		if p.Search.Slots > 0 {
			n.line("That is at most %d entries.", p.Search.Slots)
		}
		n.line("")
	}
	if p.Budgeted() {
		n.line("The whole test pays at most %d entry credits, and ends when they are spent.", s.Credits.Budget)
	} else {
		n.line("The whole test pays %d entry credits, and never more than %d.", p.Total.Credits, s.Credits.Budget)
	}
	n.line("")
	n.line("**How to tell it from other traffic:** the first ExtID of every entry is %s, in hex `%x`.", markdown.Code(s.Workload.Marker, 300), s.Workload.Marker)
	n.line("")
	if q := s.Queries; q != nil {
		var methods []string
		for _, item := range q.Mix {
			methods = append(methods, markdown.Code(string(item.Method), 64))
		}
		n.line("Beside the entries come %g reads a second: %s.", q.Rate, strings.Join(methods, ", "))
		n.line("")
	}
	if h := s.Hostile; h != nil {
		n.line("Beside the entries come **calls that are wrong, repeated or not paid for, on purpose**: %g a second, up to %d in all. This is what a node must do with them; please tell us where yours does otherwise:", h.Rate, p.Hostile.Calls)
		n.line("")
		for _, item := range h.Mix {
			n.line("- %s: %s", markdown.Code(string(item.Kind), 64), markdown.Text(item.Kind.Expected(), 200))
		}
		n.line("")
	}
	n.line("Watching costs an endpoint fewer than 4 reads a second, 2 more (or one for every 20 calls that write, if that is more) to see when entries are accepted, and a few reads for each block. Every other node gets what the network passes on, and no call.")
}

func (n *notice) endpoints() {
	n.title("Where it goes in")
	list := n.s.Network.Endpoints
	if len(list) == 0 {
		n.line("%s (the scenario names no endpoint: as it is, it starts a node of its own, and no network has a part in it)", markdown.Blank)
		return
	}
	total := 0
	for _, e := range list {
		total += e.Weight
	}
	n.line("| endpoint | share of the calls that write |")
	n.line("|---|---:|")
	for _, e := range list {
		n.line("| %s | %.0f %% |", markdown.Code(e.URL, 500), 100*float64(e.Weight)/float64(total))
	}
}

// highest is the highest rate in entries a second, or 0 where nobody knows.
func (n *notice) highest() float64 {
	if n.p.Closed {
		return 0
	}
	return n.s.Load.MaxRate()
}

// mean is the mean rate in entries a second, or 0 where nobody knows.
func (n *notice) mean() float64 {
	if length := n.p.Total.Length.Seconds(); !n.p.Budgeted() && length > 0 {
		return float64(n.p.Total.Slots) / length
	}
	return 0
}

func (n *notice) block() time.Duration {
	if l := n.s.Network.Local; l != nil {
		return l.BlockTime
	}
	return mainBlock
}

func (n *notice) share() {
	n.title("How much that is")
	mean, highest, block := n.mean(), n.highest(), n.block()
	row := func(what, unit string, times float64) {
		cell := func(rate float64) string {
			if rate == 0 {
				return markdown.None
			}
			return report.Figure(rate*times) + unit
		}
		n.line("| %s | %s | %s |", what, cell(mean), cell(highest))
	}
	n.line("| | on average | at most |")
	n.line("|---|---:|---:|")
	row("entries a second", "", 1)
	row("messages that the network passes on a second, a commit and a reveal for each entry", "", entryMessages)
	if length := n.p.Total.Length; length > 0 && length < block && !n.p.Budgeted() {
		n.line("| entries in a block of %s | | %d, all of them: the test is shorter than a block |", block, n.p.Total.Slots)
	} else {
		row("entries in a block of "+block.String(), "", block.Seconds())
	}
	if n.usual > 0 {
		row(fmt.Sprintf("beside the network's usual %g entries a second", n.usual), " %", 100/n.usual)
	} else {
		n.line("| beside the network's usual %s entries a second | %[1]s | %[1]s |", markdown.Blank)
	}
	n.line("")
	n.line("All commits of a minute pass through one leader; reveals are divided among the leaders by chain, and this test writes into %s.", chainsText(n.s, n.p))
}

func chainsText(s *scenarios.Scenario, p generator.Plan) string {
	switch fresh := p.Total.Chains - min(p.Total.Chains, uint64(s.Workload.Chains)); {
	case s.Workload.Chains == 0:
		return "new chains alone"
	case p.Budgeted() || fresh > 0:
		return fmt.Sprintf("%d chains and those that it begins on the way", s.Workload.Chains)
	}
	return fmt.Sprintf("%d chains", s.Workload.Chains)
}

func (n *notice) effects() {
	n.title("What you may see")
	n.line("These are rules of thumb, from a few runs of factomd v6.12.0 on small machines. Your node may do better or worse.")
	n.line("")
	highest := n.highest()
	if highest > 0 {
		n.line("- **CPU:** an entry takes some 2.4 ms of a core, so up to %s %% of one core at the highest rate.", report.Figure(100*highest*entryCPU))
	} else {
		n.line("- **CPU:** an entry takes some 2.4 ms of a core.")
	}
	memory := "- **Memory and disk:** a node that keeps its blocks in memory grows by about 10 kB an entry"
	if entries := n.p.Total.Slots; !n.p.Budgeted() {
		memory += fmt.Sprintf(", which is %s for all of them; on disk it is their payload (%s) and what stores it", report.Bytes(entries*nodeEntryBytes), report.Bytes(uint64(n.p.Total.Bytes)))
	}
	n.line("%s.", memory)
	queues := fmt.Sprintf("- **Queues:** each queue of a node takes %d messages", nodeQueue)
	if highest > 0 {
		queues += fmt.Sprintf("; one that nothing leaves is full after %s at the highest rate", lengthText(nodeQueue/(entryMessages*highest)))
	}
	n.line("%s. A node that falls behind still answers its API in milliseconds: its queues (`factomd_state_queue_current_general_api_vec`, `factomd_state_queue_current_general_inmsg_vec` of its metrics) and the lists of its leaders show it first.", queues)
	n.line("- **Limits that were seen:** one node on two cores, which it shared with the load, fell behind at about 500 entries a second in one series of runs, and only above 2,000 in another.")
	n.line("- **Blocks:** fuller, and in time. With more load than one node could take, blocks still closed in time, and entries came two or three blocks late; nothing was lost.")
	n.line("- **Elections:** none are expected. Where a leader did stop, the network stood still for about 10 s, an audit server took its place, and the old leader came back as an audit server. Should you see that, please note the time (UTC), your node's height and minute, and keep its log.")
}

// lengthText is so many seconds in words.
func lengthText(s float64) string {
	if s < 120 {
		return report.Figure(s) + " s"
	}
	return fmt.Sprintf("%.0f min", s/60)
}

func (n *notice) stop() {
	n.title("How to stop it")
	n.line("Anybody may ask for it to be stopped, without a reason.")
	n.line("")
	n.line("- call: %s", markdown.Blank)
	n.line("- or write to: %s", markdown.Blank)
	n.line("- those at the machine that makes the load stop it at once with Ctrl-C, with `kill -TERM` on its process, or by making the file %s that they gave with `--stop-file`", markdown.Blank)
	n.line("")
	n.line("Nothing more is written from then on. The test goes on reading until what it sent is in a block; a second Ctrl-C ends that, too.")
	if rules := n.s.Abort.Rules; len(rules) > 0 {
		var list []string
		for _, r := range rules {
			list = append(list, markdown.Code(r.Expression, 100))
		}
		n.line("")
		n.line("It stops by itself on any of these: %s.", strings.Join(list, ", "))
	}
	n.line("")
	n.line("## Afterwards\n")
	n.line("- the report will be at: %s", markdown.Blank)
	n.line("- please tell what you saw by: %s", markdown.Blank)
}
