package report

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// Reconciliation is one thing that both sides counted, the harness from what
// became of its entries and calls, the other one by itself. That it does not add up
// is no failure of the run: others may use its keys, its chains, or its node.
type Reconciliation struct {
	What       string `json:"what"`
	Harness    Number `json:"harness"`
	Node       Number `json:"node"`       // the network's or the node's figure
	Difference Number `json:"difference"` // node − harness
	// OK says that the difference is within what the note allows; null where one of
	// the figures is not known.
	OK   *bool  `json:"ok" jsonschema:"nullable"`
	Note string `json:"note"`
}

// What is held against each other.
const (
	countCredits       = "credits"            // the balances' fall
	countCommits       = "commits"            // in the entry-credit blocks
	countCommitCredits = "commit-credits"     // likewise
	countChainEntries  = "chain-entries"      // in the run's chains
	countCommitEntries = "commit-entry-calls" // of a node's own metrics, as those that follow
	countCommitChains  = "commit-chain-calls"
	countReveals       = "reveal-calls"
	countCalls         = "calls"
	countRepeats       = "repeats"
	countRate          = "transactions-per-s" // by the node's moving average
)

// A tolerance is how far the other side's figure may be below and above the
// harness's, and why.
type tolerance struct {
	below, above uint64
	why          string
}

// exact is the tolerance of what must be the same.
func exact() tolerance { return tolerance{why: "must be equal"} }

// reconciled makes a row. What it may mean is said where it does not add up.
func reconciled(what string, harness, node uint64, within tolerance, more, less string) Reconciliation {
	difference := float64(node) - float64(harness)
	ok := difference >= -float64(within.below) && difference <= float64(within.above)
	notes := []string{within.why}
	switch {
	case !ok && difference > 0:
		notes = append(notes, more)
	case !ok:
		notes = append(notes, less)
	}
	return Reconciliation{
		What: what, Harness: Number(harness), Node: Number(node), Difference: Number(difference), OK: &ok,
		Note: strings.Join(slices.DeleteFunc(notes, func(n string) bool { return n == "" }), "; "),
	}
}

// notKnown makes a row of what the other side did not tell.
func notKnown(what string, harness uint64, why string) Reconciliation {
	return Reconciliation{
		What: what, Harness: Number(harness), Node: Number(math.NaN()), Difference: Number(math.NaN()),
		Note: notKnownNote + factomd.Printable(why, 500),
	}
}

// notKnownNote begins the note of a row of which a side is not known.
const notKnownNote = "not known: "

// unread is why a record has no counters.
const unread = "the record ends before it was read, or is of an older version"

// reconcile makes the rows from what is in the report already, and on record.
func (f *fold) reconcile(r *Report) []Reconciliation {
	c := f.m.Counters
	if c == nil {
		c = &results.Counters{Balances: results.Balances{Why: unread}, Commits: results.ChainCommits{Why: unread}}
	}
	hostile := hostileCharges(r.Hostile)
	rows := []Reconciliation{f.credits(r, c.Balances, hostile)}
	rows = append(rows, f.commits(r, c.Commits)...)
	if len(r.Blocks) > 0 {
		rows = append(rows, chainEntries(r.Blocks))
	}
	if c.Rate != nil {
		rows = append(rows, nodeRate(*c.Rate))
	}
	if c.Node != nil {
		rows = append(rows, nodeCalls(r, *c.Node)...)
	}
	if f.incomplete {
		for i := range rows {
			rows[i].unknowable()
		}
	}
	return rows
}

// unknowable takes back what a row says of the two sides: what the harness counted is
// not all on record.
func (r *Reconciliation) unknowable() {
	r.Harness, r.Difference, r.OK = Number(math.NaN()), Number(math.NaN()), nil
	if !strings.HasPrefix(r.Note, notKnownNote) {
		r.Note = notKnownNote + "a part of the run's own record is missing"
	}
}

// charges is what calls cost: as they were answered, and beyond that at most.
type charges struct{ known, atMost uint64 }

// hostileCharges is what hostile calls cost. One that was not answered as expected
// may have cost nothing, or whatever its kind can.
func hostileCharges(kinds []HostileKind) (c charges) {
	for _, k := range kinds {
		c.known += k.CreditsSpent
		c.atMost += (k.Wrong + k.Failed) * uint64(scenarios.HostileKind(k.Kind).MostCharged())
	}
	return c
}

func (f *fold) credits(r *Report, b results.Balances, hostile charges) Reconciliation {
	spent := r.Totals.CreditsSpent + hostile.known
	if b.Why != "" {
		return notKnown(countCredits, spent, b.Why)
	}
	within := exact()
	if hostile.atMost > 0 {
		within = tolerance{above: hostile.atMost, why: fmt.Sprintf("may be up to %d more, for hostile calls that were not answered as expected", hostile.atMost)}
	}
	fell := b.Before + b.Bought - b.After
	note := fmt.Sprintf("%d before, %d bought, %d left", b.Before, b.Bought, b.After)
	if fell < 0 {
		ok := false
		return Reconciliation{
			What: countCredits, Harness: Number(spent), Node: Number(fell), Difference: Number(fell - int64(spent)), OK: &ok,
			Note: note + "; the balances rose: somebody else buys credits for the keys",
		}
	}
	row := reconciled(countCredits, spent, uint64(fell), within,
		"others pay with the run's keys, or the node charged more than the commits say",
		"others bought credits for the keys, the node did not charge for all commits, or it had not worked off all of them when it was asked")
	row.Note = note + "; " + row.Note
	return row
}

func (f *fold) commits(r *Report, c results.ChainCommits) []Reconciliation {
	if c.Why != "" {
		return []Reconciliation{notKnown(countCommits, f.paid, c.Why), notKnown(countCommitCredits, r.Totals.CreditsSpent, c.Why)}
	}
	less := "commits that the harness saw taken are in no block, or were of an earlier run with the same salt"
	var more []string
	if c.Others > 0 {
		names := make([]string, 0, len(c.Examples))
		for _, e := range c.Examples[:min(len(c.Examples), 3)] {
			names = append(names, factomd.Printable(e, 64))
		}
		more = append(more, fmt.Sprintf("%d of them are not the run's (%s): somebody else pays with its keys, or did shortly before it began",
			c.Others, strings.Join(names, ", ")))
	}
	if c.Repeated > 0 {
		more = append(more, fmt.Sprintf("%d pay for an entry that a commit before had paid for", c.Repeated))
	}
	if len(more) == 0 {
		more = append(more, "entries that the harness calls unpaid are paid for")
	}
	rule := exact().why
	if n := r.Totals.Accepted; n > 0 {
		rule = fmt.Sprintf("may be fewer by those of the %d entries that are accepted, and whose block was not waited for", n)
	}
	rule = fmt.Sprintf("%s; blocks %d to %d", rule, c.From, c.To)
	number := tolerance{below: r.Totals.Accepted, why: rule}
	credits := tolerance{below: f.acceptedCredits, why: rule}
	const above = "see the number of commits, or their credits are not those that the entries cost"
	return []Reconciliation{
		reconciled(countCommits, f.paid, c.Own+c.Others, number, strings.Join(more, "; "), less),
		reconciled(countCommitCredits, r.Totals.CreditsSpent, c.OwnCredits+c.OthersCredits, credits, above, above),
	}
}

func chainEntries(blocks []Block) Reconciliation {
	var own, all uint64
	for _, b := range blocks {
		own += b.OwnEntries
		all += b.Entries
	}
	return reconciled(countChainEntries, own, all, exact(),
		"somebody else writes into the run's chains", "")
}

// rateTolerance is how far a node's transaction rate may be from what was sent: as a
// moving average it lags behind a load that changes.
const rateTolerance = 0.2

// nodeRate holds a node's own transaction rate against what was sent.
func nodeRate(n results.NodeRate) Reconciliation {
	ok := math.Abs(n.Counted-n.Sent) <= max(rateTolerance*n.Sent, 1)
	note := fmt.Sprintf("may differ by 20 %%, as it is a moving average that lags behind a changing rate; mean of %d answers", n.Polls)
	switch {
	case !ok && n.Counted > n.Sent:
		note += "; others write on this network, too"
	case !ok:
		note += "; the node does not keep up with what it is sent, or the rate changed much"
	}
	return Reconciliation{
		What: countRate, Harness: Number(n.Sent), Node: Number(n.Counted), Difference: Number(n.Counted - n.Sent), OK: &ok, Note: note,
	}
}

// givenUp is how many requests of the observer may be cut off when a run ends, so
// that a node may not have heard of them.
const givenUp = 6

// nodeCalls holds a node's own counts of API calls against what was sent to it.
func nodeCalls(r *Report, n results.NodeCalls) []Reconciliation {
	rows := []struct {
		what       string
		sent, node uint64
	}{
		{countCommitEntries, n.Sent.CommitEntry, n.Counted.CommitEntry},
		{countCommitChains, n.Sent.CommitChain, n.Counted.CommitChain},
		{countReveals, n.Sent.Reveal, n.Counted.Reveal},
		{countCalls, n.Sent.All, n.Counted.All},
		{countRepeats, n.Sent.Repeats, n.Counted.Repeats},
	}
	unheard := unansweredSubmits(r)
	const others, lost = "others call the API of this node", "calls did not come to the node, or it did not count them"
	var list []Reconciliation
	for _, row := range rows {
		within, more, less := exact(), others, lost
		switch row.what {
		case countRepeats:
			row.sent += hostileRepeats(r.Hostile)
			within = tolerance{below: row.sent, why: "may be fewer: what was sent again may not have come before, and a commit that is processed is refused, not tossed"}
			more, less = "the node tossed messages that it had not been sent twice, or others sent it some", ""
		case countCalls:
			within = tolerance{below: unheard + r.QueriesTotal.Failed + givenUp, why: fmt.Sprintf(
				"may be up to %d fewer: what was given up or broke may not have come to the node", unheard+r.QueriesTotal.Failed+givenUp)}
		default:
			if unheard > 0 {
				within = tolerance{below: unheard, why: fmt.Sprintf("may be up to %d fewer: what was not answered may not have come to the node", unheard)}
			}
		}
		if n.Why != "" {
			list = append(list, notKnown(row.what, row.sent, n.Why))
			continue
		}
		list = append(list, reconciled(row.what, row.sent, row.node, within, more, less))
	}
	return list
}

// unansweredSubmits is how many commits and reveals, hostile ones included, were
// not answered by the node itself, at most.
func unansweredSubmits(r *Report) (n uint64) {
	for _, e := range r.Errors {
		if e.Code >= 0 {
			n += 2 * e.Count
		}
	}
	n += r.Harness.RetryRequests
	for _, k := range r.Hostile {
		n += 3 * k.Failed // steps of a call
	}
	return n
}

// hostileRepeats is how many hostile calls have a message in them that a node
// tosses as repeated, or as not of its time, which its filter does not tell apart.
// It refuses a repeated commit before that.
func hostileRepeats(kinds []HostileKind) (n uint64) {
	for _, k := range kinds {
		switch scenarios.HostileKind(k.Kind) {
		case scenarios.RepeatedReveal, scenarios.StaleTimestamp, scenarios.FutureTimestamp:
			n += k.Count
		case scenarios.RepeatedCommit:
			n += k.Count - k.Right
		}
	}
	return n
}

// A reconciledRow is a row as the page shows it.
type reconciledRow struct {
	Reconciliation
	Name, Means            string
	HarnessText, NodeText  string
	DifferenceText, Result string
	Class                  string
}

func reconciledRows(r *Report) []reconciledRow {
	var rows []reconciledRow
	for _, row := range r.Reconciliation {
		view := reconciledRow{Reconciliation: row, Result: "not known"}
		view.Name, view.Means = reconciledTerm(row.What)
		view.HarnessText, view.NodeText, view.DifferenceText = knownText(row.Harness), knownText(row.Node), knownText(row.Difference)
		if row.Difference > 0 {
			view.DifferenceText = "+" + view.DifferenceText
		}
		if row.OK != nil {
			view.Result, view.Class = "does not add up", "bad"
			if *row.OK {
				view.Result, view.Class = "adds up", "ok"
			}
		}
		rows = append(rows, view)
	}
	return rows
}

// knownText is a number with its sign, or a dash.
func knownText(n Number) string {
	switch f := float64(n); {
	case math.IsNaN(f):
		return noFigure
	case f != math.Trunc(f):
		return strings.Replace(fmt.Sprintf("%.1f", f), "-", "−", 1)
	case f < 0:
		return "−" + countText(uint64(-f))
	default:
		return countText(uint64(f))
	}
}

// reconciledTerm names a row, and says where its two figures are from.
func reconciledTerm(what string) (name, means string) {
	switch what {
	case countCredits:
		return "entry credits spent", "by what became of entries and hostile calls; by the keys’ balances: before, plus bought, minus after"
	case countCommits:
		return "commits paid", "entries whose commits were seen, written or in vain; commits of the run’s keys in the entry-credit blocks, those of hostile calls left out"
	case countCommitCredits:
		return "entry credits of these commits", "of the same entries; of the same commits"
	case countChainEntries:
		return "entries in the run’s chains", "own confirmed entries; all entries in the blocks of the chains of the setup, and the first of each other own chain, those of hostile calls left out"
	case countRate:
		return "transactions a second", "entries sent, chains’ first ones twice; by the node’s tps-rate, a moving average"
	case countCommitEntries:
		return "commit-entry calls", "sent; counted by the node’s metrics"
	case countCommitChains:
		return "commit-chain calls", "sent; counted by the node’s metrics"
	case countReveals:
		return "reveal calls", "of entries and chains, sent; counted by the node’s metrics"
	case countCalls:
		return "API calls of all methods", "sent by the load, its queries, hostile calls and the observer; counted by the node’s metrics"
	case countRepeats:
		return "messages repeated", "sent again: retries, orders of entry credits, hostile calls that repeat something or are of another hour; tossed by the node"
	}
	return factomd.Printable(what, 64), ""
}

// oddText says how many counts do not add up, or nothing if there are none.
func oddText(rows []Reconciliation) string {
	odd := 0
	for _, r := range rows {
		if r.OK != nil && !*r.OK {
			odd++
		}
	}
	switch odd {
	case 0:
		return ""
	case 1:
		return "1 count does not add up"
	}
	return fmt.Sprintf("%d counts do not add up", odd)
}
