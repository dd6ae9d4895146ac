package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// queries are the reads beside the writes.
type queries struct {
	caller  *generator.Caller
	targets *targets
	mix     []scenarios.QueryItem
	nodes   []*factomd.Client
	network uint32
	payers  []string // their EC addresses
}

func (r *run) newQueries() *queries {
	s, n := r.Scenario, r.network
	q := &queries{mix: s.Queries.Mix, network: n.identity.ID}
	for _, p := range r.payers {
		q.payers = append(q.payers, p.address())
	}
	q.targets = newTargets(n.saved, len(n.endpoints) > 1)
	weights := make([]int, len(n.endpoints))
	for i, e := range n.endpoints {
		q.nodes, weights[i] = append(q.nodes, e.reader), e.weight
	}
	mix := make([]int, len(q.mix))
	for i, item := range q.mix {
		mix[i] = item.Weight
	}
	q.caller = generator.NewCaller(generator.CallerOptions{
		Kind: results.Query, Rate: s.Queries.Rate, Arrival: s.Queries.Arrival, InFlight: s.Queries.InFlight,
		Seed: s.Seed, Mix: mix, Endpoints: weights,
		Request: q.request, Called: r.collector.Called, Start: r.start,
	})
	return q
}

// read starts the queries, if there are any. What it returns ends them, and
// waits until the last is answered.
func (r *run) read(stop, abort context.Context) (end func()) {
	if r.queries == nil {
		return func() {}
	}
	r.queries.targets.made(r.collector.Chains())
	stop, cancel := context.WithCancel(stop)
	var group sync.WaitGroup
	group.Go(func() { r.queries.caller.Run(stop, abort) })
	return func() {
		cancel()
		group.Wait()
	}
}

// A question is one query, ready to be asked: it returns an error if there is no
// answer, or if the answer is not right.
type question func(ctx context.Context, node *factomd.Client) error

// request makes a draw into a query. As long as there is nothing that a method
// could ask for, the heights are asked for in its place.
func (q *queries) request(d generator.Draw) generator.Request {
	method := q.mix[d.Item].Method
	ask := q.question(method, &d)
	if ask == nil {
		method = scenarios.QueryHeights
		ask = q.question(method, &d)
	}
	node := q.nodes[d.Endpoint]
	return generator.Request{Name: string(method), Make: func(ctx context.Context) generator.Answer {
		return judge(ask(ctx, node))
	}}
}

// judge sorts how a query went. An error of the node is wrong, as each question
// has an answer; what came over the wire broken, or not at all, has failed.
func judge(err error) generator.Answer {
	rejected, _, _ := factomd.Classify(err)
	switch {
	case err == nil:
		return generator.Answer{Outcome: results.CallRight}
	case rejected, errors.Is(err, factomd.ErrWrongReply):
		return generator.Answer{Outcome: results.CallWrong, Err: err}
	}
	return generator.Answer{Outcome: results.CallFailed, Err: err}
}

// question draws what a method asks for. It is nil where there is nothing yet.
func (q *queries) question(method scenarios.QueryMethod, d *generator.Draw) question {
	t := q.targets
	switch method {
	case scenarios.QueryMinute:
		return func(ctx context.Context, node *factomd.Client) error {
			_, err := node.Minute(ctx)
			return err
		}
	case scenarios.QueryEntry:
		return about(t.entry, d, q.entry)
	case scenarios.QueryAck:
		return about(t.entry, d, q.ack)
	case scenarios.QueryChainHead:
		return about(t.chain, d, q.chainHead)
	case scenarios.QueryEntryBlock:
		return about(t.entryBlock, d, q.entryBlock)
	case scenarios.QueryDirectoryBlock:
		return about(t.directoryBlock, d, q.directoryBlock)
	case scenarios.QueryPending:
		return func(ctx context.Context, node *factomd.Client) error {
			_, err := node.PendingEntries(ctx)
			return err
		}
	case scenarios.QueryBalances:
		payer := q.payers[d.Below(len(q.payers))]
		return func(ctx context.Context, node *factomd.Client) error {
			balance, err := node.ECBalance(ctx, payer)
			if err == nil && balance < 0 {
				err = node.Wrong("entry-credit-balance", "reply out of range", fmt.Sprint(balance))
			}
			return err
		}
	}
	return func(ctx context.Context, node *factomd.Client) error {
		_, err := node.Heights(ctx)
		return err
	}
}

// about joins what is drawn and what is asked of it.
func about[T any](draw func(*generator.Draw) (T, bool), d *generator.Draw, ask func(context.Context, *factomd.Client, T) error) question {
	target, ok := draw(d)
	if !ok {
		return nil
	}
	return func(ctx context.Context, node *factomd.Client) error { return ask(ctx, node, target) }
}

// unknownYet reports whether a node may say so of what is in no saved block:
// success of a submit means that it is queued there, no more.
func unknownYet(err error, saved bool, want int) bool {
	rejected, code, _ := factomd.Classify(err)
	return rejected && code == want && !saved
}

func (q *queries) entry(ctx context.Context, node *factomd.Client, entry named) error {
	_, err := node.Entry(ctx, entry.hash)
	if unknownYet(err, entry.saved, factomd.CodeNotFound) {
		return nil
	}
	return err
}

func (q *queries) ack(ctx context.Context, node *factomd.Client, entry named) error {
	ack, err := node.Ack(ctx, entry.hash)
	switch {
	case err != nil:
		return err
	case entry.saved && !ack.Entry.Confirmed():
		return node.Wrong("ack", "a saved entry is not confirmed", string(ack.Entry))
	case !slices.Contains([]factomd.Status{
		factomd.StatusUnknown, factomd.StatusNotConfirmed, factomd.StatusACK, factomd.StatusConfirmed,
	}, ack.Entry):
		return node.Wrong("ack", "the status of an entry is none", string(ack.Entry))
	}
	return nil
}

func (q *queries) chainHead(ctx context.Context, node *factomd.Client, chain named) error {
	head, err := node.ChainHead(ctx, chain.hash)
	switch {
	case unknownYet(err, chain.saved, factomd.CodeMissingChainHead):
		return nil
	case err == nil && chain.saved && head.KeyMR.IsZero():
		return node.Wrong("chain-head", "a saved chain has no head", chain.hash.String())
	}
	return err
}

func (q *queries) entryBlock(ctx context.Context, node *factomd.Client, want entryBlock) error {
	got, err := node.EntryBlock(ctx, want.KeyMR)
	if err == nil && (got.ChainID != want.ChainID || got.Height != want.height || len(got.Entries) == 0) {
		return node.Wrong("entry-block", "reply for another block",
			fmt.Sprintf("chain %s at height %d with %d entries", got.ChainID, got.Height, len(got.Entries)))
	}
	return err
}

func (q *queries) directoryBlock(ctx context.Context, node *factomd.Client, want directoryBlock) error {
	got, err := node.DirectoryBlock(ctx, want.height)
	switch {
	case err != nil:
		return err
	case got.NetworkID != q.network || !want.keyMR.IsZero() && got.KeyMR != want.keyMR:
		return node.Wrong("dblock-by-height", "reply for another block", fmt.Sprintf("%s of network %08x", got.KeyMR, got.NetworkID))
	case got.Root != got.KeyMR:
		return node.Wrong("dblock-by-height", "a block and its key MR do not fit", fmt.Sprintf("%s, computed %s", got.KeyMR, got.Root))
	}
	return nil
}
