package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/scenarios"
)

// A payer is a key that pays for a share of a run. All numbers are of entry
// credits.
type payer struct {
	key   factomd.Key // as given: Es or Fs
	ec    factomd.Key // signs the commits
	local bool        // it is the public test key
	share int64       // what it has to pay for at most
	setup int64       // of that, for the chains, which are made first
	topUp *scenarios.TopUp

	had    int64  // balance before the run
	bought int64  // since, and seen on the network
	order  *order // to be seen yet, or nil
	again  uint64 // times that orders were handed in again

	low      time.Time // since when it cannot pay the next entry; zero if it can
	lowPolls int       // that saw that
}

// An order is entry credits that were paid for with factoids.
type order struct {
	credits int64
	tx      []byte
	txid    factomd.Hash
	at      time.Time
}

// newPayers reads the keys of a scenario.
func newPayers(c scenarios.Credits, plan generator.Plan) ([]*payer, error) {
	var payers []*payer
	from := map[string]string{} // by address
	field := func(i int) string {
		if len(c.Keys) == 1 {
			return "credits.key"
		}
		return fmt.Sprintf("credits.keys[%d]", i)
	}
	for i, source := range c.Keys {
		p := &payer{share: plan.Shares[i], setup: plan.Setup[i], topUp: c.TopUp}
		var err error
		if p.key, p.local, err = readKey(source); err != nil {
			return nil, fmt.Errorf("%s: %w", field(i), err)
		}
		p.ec = p.key.EC()
		if c.TopUp != nil && !p.key.IsFactoid() {
			return nil, fmt.Errorf("credits.topup: %s cannot buy entry credits, its key is an entry credit key\n"+
				"    hint: give the factoid key (Fs...) that is to buy them, or leave topup out and buy them beforehand", p.address())
		}
		if other, twice := from[p.address()]; twice {
			return nil, fmt.Errorf("credits.keys: %s and %s are the same key, %s\n    hint: name each key once", other, source, p.address())
		}
		from[p.address()] = source
		payers = append(payers, p)
	}
	return payers, nil
}

// readKey reads a secret key from local-test-key, env:NAME or file:PATH, and says
// whether it is the first.
func readKey(source string) (key factomd.Key, local bool, err error) {
	if source == scenarios.LocalTestKey {
		return factomd.LocalTestKey(), true, nil
	}
	text, err := secret(source)
	if err != nil {
		return key, false, err
	}
	if key, err = factomd.ParseKey(text); err != nil {
		return key, false, fmt.Errorf("%s: %w", source, err)
	}
	return key, false, nil
}

func (p *payer) address() string { return p.ec.ECAddress() }

// check makes sure that the payer's share can be paid for. What costs so much, and
// how it would cost less, is for the user.
func (p *payer) check(ctx context.Context, n *network, what, less string) (err error) {
	if p.local && !n.identity.IsLocal() {
		return fmt.Errorf("local-test-key has credits on LOCAL networks only, and this is %s\n"+
			"    hint: name a funded key in its place, env:NAME or file:PATH", n.identity.Name)
	}
	if p.had, err = n.first().ECBalance(ctx, p.address()); err != nil {
		return err
	}
	short := p.share - p.had
	if short <= 0 {
		return nil
	}
	if !p.key.IsFactoid() {
		return fmt.Errorf("%s has %d entry credits, and %s %d\n"+
			"    hint: buy it %d more, or give the factoid key (Fs...) that is to buy them, or %s", p.address(), p.had, what, p.share, short, less)
	}
	portions := int64(1)
	if t := p.topUp; t != nil {
		portions = (short-1)/t.Buy + 1
		if p.had+p.portion(p.had, true, 0) < p.setup {
			return fmt.Errorf("credits.topup: the chains that are made before the load cost %s %d entry credits, and it has %d and buys %d\n"+
				"    hint: raise credits.topup.buy and below, or make fewer chains", p.address(), p.setup, p.had, t.Buy)
		}
	}
	rate, err := n.first().ECRate(ctx)
	if err != nil {
		return err
	}
	factoshis, err := n.first().FactoidBalance(ctx, p.key.FactoidAddress())
	if err != nil {
		return err
	}
	if cost := factomd.BuyCost(uint64(short+(portions-1)*factomd.BuyFee), rate); uint64(max(factoshis, 0)) < cost {
		return fmt.Errorf("%s has %.8f FCT, and the %d entry credits that are missing cost %.8f FCT\n"+
			"    hint: send it factoids, or %s", p.key.FactoidAddress(), float64(factoshis)/1e8, short, float64(cost)/1e8, less)
	}
	return nil
}

// portion is how many entry credits to buy at a balance: what the share is short
// of, and with a top-up a part of it, once the balance is low. When no more is
// sent, only what the entries so far, which were charged so many credits, still
// want is bought.
func (p *payer) portion(balance int64, sending bool, charged int64) int64 {
	need := p.share
	if !sending {
		need = min(need, charged)
	}
	need -= p.had + p.bought
	switch {
	case need <= 0 || p.order != nil:
		return 0
	case p.topUp == nil:
		return need
	case balance >= p.topUp.Below:
		return 0
	}
	return min(need, p.topUp.Buy)
}

// buy orders entry credits. An order that could not be handed in stays, and can
// be handed in again.
func (p *payer) buy(ctx context.Context, node *factomd.Client, credits int64, say func(string, ...any)) error {
	rate, err := node.ECRate(ctx)
	if err != nil {
		return err
	}
	o := &order{credits: credits, at: time.Now()}
	if o.tx, o.txid, err = factomd.BuyCredits(p.key, p.ec.ECPublic(), uint64(credits), rate, o.at.UnixMilli()); err != nil {
		return err
	}
	p.order = o
	say("buying %d entry credits for %s at %d factoshis each", credits, p.address(), rate)
	return node.SubmitTransaction(ctx, o.tx)
}

// arrived notes that what was ordered can be spent.
func (p *payer) arrived() {
	p.bought += p.order.credits
	p.order, p.low, p.lowPolls = nil, time.Time{}, 0
}

// fund buys for all payers what they need to begin with, and waits until it can
// be spent.
func (r *run) fund(ctx context.Context) error {
	for _, p := range r.payers {
		if credits := p.portion(p.had, true, 0); credits > 0 {
			if err := p.buy(ctx, r.network.first(), credits, r.Say); err != nil {
				return fmt.Errorf("buying entry credits: %w", err)
			}
		}
	}
	limit := time.Minute + 2*r.network.blockTime
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	for _, p := range r.payers {
		if p.order == nil {
			continue
		}
		if err := p.await(ctx, r.network, limit); err != nil {
			return err
		}
		p.arrived()
	}
	return nil
}

// await waits until the first order can be spent. Nothing is sent yet: the
// balance says so.
func (p *payer) await(ctx context.Context, n *network, limit time.Duration) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	want := p.had + p.order.credits
	for {
		have, err := n.first().ECBalance(ctx, p.address())
		if err == nil && have >= want {
			return nil
		}
		select {
		case <-n.gone():
			return fmt.Errorf("buying entry credits: %w", n.local.Err())
		case <-tick.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				why := fmt.Errorf("buying entry credits: %s has %d of %d after %s; transaction %s did not come through",
					p.address(), have, want, limit, p.order.txid)
				if err != nil {
					why = fmt.Errorf("%w: %w", why, err)
				}
				return why
			}
			return ctx.Err()
		}
	}
}
