package run

import (
	"cmp"
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// countTimeout bounds the reading of what others counted, and balanceSettles how
// long a balance may take to show what was charged: a node tells it when it has
// worked off its process list.
const (
	countTimeout   = 30 * time.Second
	balanceSettles = 2 * time.Second
)

// count reads what the network and its nodes counted, when the run is over and its
// entries are on record. What is not settled cannot be held against it.
func (r *run) count(abort context.Context) *results.Counters {
	soon, cancel := context.WithTimeout(context.WithoutCancel(abort), hasty)
	defer cancel()
	c := &results.Counters{Node: r.nodeMeter.read(soon), Rate: r.rates.read()}
	ctx, cancel := context.WithTimeout(abort, countTimeout)
	defer cancel()
	var err error
	why := r.unsettled
	if why == "" {
		if c.Balances, err = r.countBalances(ctx); err != nil {
			why = printableError(err)
		}
	}
	if why != "" {
		c.Balances, c.Commits = results.Balances{Why: why}, results.ChainCommits{Why: why}
		return c
	}
	if c.Commits, err = r.countCommits(ctx); err != nil {
		c.Commits = results.ChainCommits{Why: printableError(err)}
	}
	return c
}

func printableError(err error) string { return factomd.Printable(err.Error(), 500) }

// countBalances adds up what the payers had, bought and have.
func (r *run) countBalances(ctx context.Context) (b results.Balances, err error) {
	patience := time.Now().Add(balanceSettles)
	for i, p := range r.payers {
		var have int64
		for {
			var node *factomd.Client
			if have, node, err = r.balanceOf(ctx, p); err == nil {
				err = p.settleOrder(ctx, node)
			}
			if err != nil {
				return b, err
			}
			if p.had+p.bought-have == r.generator.Charged(i) || time.Now().After(patience) {
				break
			}
			select {
			case <-ctx.Done():
				return b, ctx.Err()
			case <-time.After(balanceSettles / 8):
			}
		}
		b.Before += p.had
		b.Bought += p.bought
		b.After += have
	}
	return b, nil
}

// settleOrder finds out what became of an order of entry credits that is out.
func (p *payer) settleOrder(ctx context.Context, node *factomd.Client) error {
	if p.order == nil {
		return nil
	}
	status, err := node.FactoidAck(ctx, p.order.txid)
	if err != nil {
		return err
	}
	if !status.Accepted() {
		return fmt.Errorf("an order of %d entry credits for %s has not come through", p.order.credits, p.address())
	}
	p.arrived()
	return nil
}

// countCommits reads what the payers paid for in the blocks of the run, from the
// first endpoint that has them.
func (r *run) countCommits(ctx context.Context) (c results.ChainCommits, err error) {
	counts := r.collector.Counts()
	var keys []factomd.Hash
	for _, p := range r.payers {
		keys = append(keys, p.ec.ECPublic())
	}
	to := r.network.saved
	if s := r.observer.State(); s != nil {
		to = s.Scanned
	}
	for _, e := range r.network.endpoints {
		var paid *results.Paid
		if paid, err = results.ReadPaid(ctx, e.client, keys, r.network.saved+1, to, counts.Planned-counts.Skipped); err == nil {
			return paid.Apart(r.Out, r.collector.Watched)
		}
	}
	return c, err
}

// rateInterval is the time between two questions for the node's transaction rate,
// rateSettles how many of its answers still have much of what was before the load in
// them, as a moving average of which two thirds stay each time, and leastRates how
// many more of them say something.
const (
	rateInterval = 5 * time.Second
	rateSettles  = 6
	leastRates   = 6
)

// A rateMeter asks an endpoint for its transaction rate while the load goes on.
type rateMeter struct {
	skipped, polls int
	sum            float64
	first, last    rateSent
}

type rateSent struct {
	at           time.Time
	transactions uint64
}

// watchRate asks until ctx ends.
func (r *run) watchRate(ctx context.Context) {
	every(ctx, rateInterval, func() (more bool) {
		if r.stage.Load().name != StageLoad || !r.sending() {
			return true
		}
		s := r.generator.Submits()
		sent := rateSent{time.Now(), s.CommitEntry + 2*s.CommitChain}
		rate, err := r.network.first().TransactionRate(ctx)
		if err != nil {
			return true // that a node does not answer shows elsewhere
		}
		r.rates.told(rate, sent)
		return true
	})
}

func (m *rateMeter) told(rate float64, sent rateSent) {
	if m.skipped < rateSettles {
		m.skipped++
		m.first = sent
		return
	}
	m.polls++
	m.sum += rate
	m.last = sent
}

// read returns what was seen, or nil if the load was too short for it.
func (m *rateMeter) read() *results.NodeRate {
	if m.polls < leastRates {
		return nil
	}
	return &results.NodeRate{
		Counted: m.sum / float64(m.polls), Polls: m.polls,
		Sent: float64(m.last.transactions-m.first.transactions) / m.last.at.Sub(m.first.at).Seconds(),
	}
}

// A submitMeter counts submits by their method.
type submitMeter struct{ commitEntry, commitChain, reveal atomic.Uint64 }

func (m *submitMeter) add(request []byte) {
	switch factomd.SubmitMethod(request) {
	case factomd.MethodCommitEntry:
		m.commitEntry.Add(1)
	case factomd.MethodCommitChain:
		m.commitChain.Add(1)
	case factomd.MethodRevealEntry, factomd.MethodRevealChain:
		m.reveal.Add(1)
	}
}

// A nodeMeter reads what a node counted between two instants. Nil reads nothing.
type nodeMeter struct {
	url  string
	sent func() results.Calls // by the harness, so far

	before, sentBefore results.Calls
	failed             error
}

// newNodeMeter begins to count, if the network has metrics.
func (r *run) newNodeMeter(ctx context.Context) *nodeMeter {
	if r.network.metrics == "" {
		return nil
	}
	m := &nodeMeter{url: r.network.metrics, sent: r.sent}
	m.sentBefore = m.sent()
	m.before, m.failed = nodeCalls(ctx, m.url)
	return m
}

// sent returns what the harness sent so far. It is right while nothing is under way.
func (r *run) sent() (c results.Calls) {
	now := r.measured()
	c.All = now.Observed.Requests + now.Harness.SubmitRequests + now.Harness.QueryRequests + now.Harness.HostileRequests
	c.Repeats = now.Harness.RetryRequests
	for _, p := range r.payers {
		c.Repeats += p.again
	}
	if r.generator != nil {
		c.Submits = r.generator.Submits()
	}
	c.CommitEntry += r.hostileSubmits.commitEntry.Load()
	c.CommitChain += r.hostileSubmits.commitChain.Load()
	c.Reveal += r.hostileSubmits.reveal.Load()
	return c
}

// read returns what was counted since the meter began.
func (m *nodeMeter) read(ctx context.Context) *results.NodeCalls {
	if m == nil {
		return nil
	}
	n := &results.NodeCalls{Sent: less(m.sent(), m.sentBefore)}
	now, err := nodeCalls(ctx, m.url)
	if err = cmp.Or(m.failed, err); err != nil {
		n.Why = printableError(err)
		return n
	}
	if now.All < m.before.All {
		n.Why = "the node counts from the beginning again: it was restarted"
		return n
	}
	n.Counted = less(now, m.before)
	return n
}

func less(a, b results.Calls) results.Calls {
	return results.Calls{
		Submits: results.Submits{
			CommitEntry: a.CommitEntry - min(a.CommitEntry, b.CommitEntry),
			CommitChain: a.CommitChain - min(a.CommitChain, b.CommitChain),
			Reveal:      a.Reveal - min(a.Reveal, b.Reveal),
		},
		All: a.All - min(a.All, b.All), Repeats: a.Repeats - min(a.Repeats, b.Repeats),
	}
}

// The metrics of a factomd that count. Its times mean nothing (factom-protocol.md,
// section 8; factomd wsapi/instrumentation.go, engine/instrumentation.go).
const (
	commitEntryCalls = "factomd_wsapi_v2_api_call_commitentry_ns_count"
	commitChainCalls = "factomd_wsapi_v2_api_call_commitchain_ns_count"
	revealCalls      = "factomd_wsapi_v2_api_call_reventry_ns_count"
	allCalls         = "factomd_wsapi_v2_api_general_call_ns_count"
	tossedMessages   = "factomd_state_msg_replay_toss_total"
)

// nodeCalls reads what a node has counted since it was started.
func nodeCalls(ctx context.Context, url string) (c results.Calls, err error) {
	figures, err := factomd.Metrics(ctx, url, commitEntryCalls, commitChainCalls, revealCalls, allCalls, tossedMessages)
	if err != nil {
		return c, err
	}
	for name, to := range map[string]*uint64{
		commitEntryCalls: &c.CommitEntry, commitChainCalls: &c.CommitChain, revealCalls: &c.Reveal,
		allCalls: &c.All, tossedMessages: &c.Repeats,
	} {
		figure, ok := figures[name]
		if !ok {
			return c, fmt.Errorf("reading the metrics at %s: they lack %s", url, name)
		}
		*to = uint64(min(figure, 1<<53))
	}
	return c, nil
}
