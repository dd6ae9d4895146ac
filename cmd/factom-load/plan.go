package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/shirou/gopsutil/v4/mem"
	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/scenarios"
)

func newPlanCommand(e *env) *cobra.Command {
	var f scenarioFlags
	var a announceFlags
	c := &cobra.Command{
		Use:   "plan SCENARIO",
		Short: "Say what a scenario would send and cost",
		Long: `Plan walks through a scenario slot by slot, without a network: what it prints
is what a run will send, whatever its salt. With --announce it is a notice to those
who operate the network, in Markdown, with blanks for what people know.`,
		Args: exactly(1, "one scenario"),
		RunE: func(c *cobra.Command, args []string) error {
			l, err := f.load(e.stdin, args[0])
			if err != nil {
				return err
			}
			p := generator.NewPlan(l.scenario)
			notice, err := a.notice(l.scenario, p)
			switch {
			case err != nil:
				return err
			case notice != nil:
				err = notice.write(e.stdout)
			default:
				err = writePlan(e.stdout, l.scenario, p)
			}
			if err != nil {
				return err
			}
			if err := p.Refuse(l.scenario.Credits); err != nil {
				return &exit{report.ExitCannot, fmt.Errorf("a run would be refused: %w", err)}
			}
			return nil
		},
	}
	f.register(c.Flags())
	a.register(c.Flags())
	return c
}

func writePlan(out io.Writer, s *scenarios.Scenario, p generator.Plan) error {
	fmt.Fprintf(out, "%s: %s\n", s.Name, s.Description)
	fmt.Fprintf(out, "sha256   %s\n", s.SHA256())
	if l := s.Network.Local; l != nil {
		where := "in memory"
		if l.DB == scenarios.LDB {
			where = "on disk"
		}
		fmt.Fprintf(out, "network  a local factomd with %s blocks, which it keeps %s\n", l.BlockTime, where)
	}
	for _, n := range s.Network.Endpoints {
		fmt.Fprintf(out, "network  %s, weight %d\n", n.URL, n.Weight)
	}
	if l := s.Load; p.Closed {
		fmt.Fprintf(out, "users    %d, think %s, seed %d: as many entries as the node answers\n\n", l.Users, l.Think, s.Seed)
	} else {
		fmt.Fprintf(out, "arrival  %s, seed %d\n\n", l.Arrival, s.Seed)
	}

	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "phase\tlength\trate\tentries\tof them chains\tcredits\tpayload\tmeasured\t")
	for i, ph := range append(p.Phases, p.Total) {
		measured := ""
		if ph.Measured {
			measured = "yes"
		}
		sums := fmt.Sprintf("%d\t%d\t%d\t%s", ph.Slots, ph.Chains, ph.Credits, report.Bytes(uint64(ph.Bytes)))
		if setup := i == 0 && s.Workload.Chains > 0; p.Closed && !setup {
			sums = "-\t-\t-\t-" // nobody knows
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t\n", ph.Name, ph.Length.Round(time.Millisecond), ph.Rate, sums, measured)
	}
	if err := w.Flush(); err != nil {
		return err
	}

	writeSearch(out, s.Load.Search, p.Search)
	if p.Search != nil && p.Total.Credits > s.Credits.Budget {
		fmt.Fprintf(out, "\ncredits  %d before the search, more than the budget of %d entry credits\n", p.Total.Credits, s.Credits.Budget)
	} else if p.Search != nil {
		fmt.Fprintf(out, "\ncredits  at most the budget of %d entry credits, %d of them before the search\n", s.Credits.Budget, p.Total.Credits)
	} else if p.Closed {
		fmt.Fprintf(out, "\ncredits  at most the budget of %d entry credits, %d of them for the chains\n", s.Credits.Budget, p.Total.Credits-p.Hostile.Credits)
	} else {
		fmt.Fprintf(out, "\ncredits  %d of the budget of %d entry credits\n", p.Total.Credits, s.Credits.Budget)
	}
	if len(p.Shares) > 1 {
		for i, share := range p.Shares {
			fmt.Fprintf(out, "         %d from %s\n", share, s.Credits.Keys[i])
		}
	}
	if t := s.Credits.TopUp; t != nil {
		fmt.Fprintf(out, "         bought %d at a time by each key whose balance is below %d\n", t.Buy, t.Below)
	}
	if q := s.Queries; q != nil && p.Search != nil {
		fmt.Fprintf(out, "queries  %g/s beside the entries, until the search is over\n", q.Rate)
	} else if q != nil {
		var length time.Duration
		for _, phase := range s.Load.Phases {
			length += phase.For
		}
		fmt.Fprintf(out, "queries  about %.0f beside the entries, %g/s during the load\n", q.Rate*length.Seconds(), q.Rate)
	}
	if h := s.Hostile; h != nil {
		fmt.Fprintf(out, "hostile  up to %d calls beside the entries, %g/s during the load, at most %d of the credits\n", p.Hostile.Calls, h.Rate, p.Hostile.Credits)
	}
	if l := s.Network.Local; l != nil && l.DB == scenarios.Map {
		entries := p.Total.Slots
		if p.Budgeted() {
			entries = uint64(s.Credits.Budget) // at most, at a credit each
		}
		writeNodeMemory(out, entries)
	}
	if p.Search != nil {
		writeSearchLength(out, s, p)
		return nil
	}
	bound := "least"
	if p.Closed {
		bound = "most"
	}
	fmt.Fprintf(out, "duration %s of load at %s", p.Total.Length.Round(time.Second), bound)
	if l := s.Network.Local; l != nil && s.Confirm.Until == scenarios.UntilBlock {
		// The last entry waits for its block to be saved, one minute into the
		// next (factom-protocol.md, section 4).
		fmt.Fprintf(out, ", and up to %s more until the last entry is in a saved block", l.BlockTime+l.BlockTime/10)
	}
	fmt.Fprintln(out)
	return nil
}

// writeSearch says what a search will try, and the most that it comes to.
func writeSearch(out io.Writer, q *scenarios.Search, p *generator.SearchPlan) {
	if q == nil {
		return
	}
	hold := q.Hold.Time.String()
	if q.Hold.Blocks > 0 {
		hold = fmt.Sprintf("%g blocks", q.Hold.Blocks)
	}
	fmt.Fprintf(out, "\nsearch   %d rates from %g/s to %g/s, %s each; from the first that does not hold on, down to %g/s\n", p.Rates, q.From, q.To, hold, q.Within)
	for i, stop := range q.StopWhen {
		word := "or"
		if i == 0 {
			word = "a rate does not hold if"
		}
		fmt.Fprintf(out, "         %s %s\n", word, stop.Expression)
	}
	fmt.Fprintf(out, "         at most %d steps", p.Steps)
	if p.Slots > 0 {
		fmt.Fprintf(out, ", with %d entries for about %d entry credits", p.Slots, p.Credits)
	}
	fmt.Fprintln(out)
}

// writeSearchLength says how long it takes where each step is followed until its last
// entry is in a saved block, as it is if the rate holds.
func writeSearchLength(out io.Writer, s *scenarios.Scenario, p generator.Plan) {
	local := s.Network.Local
	if local == nil {
		fmt.Fprintf(out, "duration %s before the search, and that of its steps, each with about a block more\n", p.Total.Length.Round(time.Second))
		return
	}
	after := local.BlockTime + local.BlockTime/10
	each := s.Load.Search.Hold.Of(local.BlockTime) + after
	fmt.Fprintf(out, "duration %s before the search, and about %s for each step: %s if all rates hold, about %s for %d steps, and longer where a rate does not hold\n",
		p.Total.Length.Round(time.Second), each, (time.Duration(p.Search.Rates) * each).Round(time.Second), (time.Duration(p.Search.Steps) * each).Round(time.Second), p.Search.Steps)
}

// nodeEntryBytes is what a node that keeps its blocks in memory grows by with each
// entry (factomd-networks.md, section 4), and memoryShare the share of the machine's
// memory above which that is worth a warning.
const (
	nodeEntryBytes = 10_000
	memoryShare    = 0.25
)

// writeNodeMemory warns of a load whose entries take much of this machine's memory.
func writeNodeMemory(out io.Writer, entries uint64) {
	memory, err := mem.VirtualMemory()
	if err != nil {
		return // a machine that does not tell gets no warning
	}
	if grows := entries * nodeEntryBytes; float64(grows) > memoryShare*float64(memory.Total) {
		fmt.Fprintf(out, "memory   the local node will grow by some %s, as it keeps its blocks in memory, and this machine has %s\n"+
			"         hint: keep them on disk with network.local.db: ldb, or plan fewer entries\n", report.Bytes(grows), report.Bytes(memory.Total))
	}
}
