package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/scenarios"
)

// A payer is the key that pays for a run.
type payer struct {
	key   factomd.Key // as given: Es or Fs
	ec    factomd.Key // signs the commits
	local bool        // it is the public test key
	short int64       // entry credits to buy
}

func newPayer(from string) (*payer, error) {
	p := &payer{}
	if from == scenarios.LocalTestKey {
		p.key, p.local = factomd.LocalTestKey(), true
	} else {
		text, err := secret(from)
		if err != nil {
			return nil, fmt.Errorf("credits.key: %w", err)
		}
		if p.key, err = factomd.ParseKey(text); err != nil {
			return nil, fmt.Errorf("credits.key %s: %w", from, err)
		}
	}
	p.ec = p.key.EC()
	return p, nil
}

// check makes sure that a load of so many entry credits can be paid for.
func (p *payer) check(ctx context.Context, n *network, credits int64) error {
	if p.local && !n.identity.IsLocal() {
		return fmt.Errorf("credits.key local-test-key has credits on LOCAL networks only, and this is %s\n"+
			"    hint: name a funded key with credits.key: env:NAME or file:PATH", n.identity.Name)
	}
	have, err := n.first().ECBalance(ctx, p.ec.ECAddress())
	if err != nil {
		return err
	}
	if p.short = credits - have; p.short <= 0 {
		return nil
	}
	if !p.key.IsFactoid() {
		return fmt.Errorf("%s has %d entry credits, and the load costs %d\n"+
			"    hint: buy it %d more, or give the factoid key (Fs...) that is to buy them", p.ec.ECAddress(), have, credits, p.short)
	}
	rate, err := n.first().ECRate(ctx)
	if err != nil {
		return err
	}
	factoshis, err := n.first().FactoidBalance(ctx, p.key.FactoidAddress())
	if err != nil {
		return err
	}
	if cost := factomd.BuyCost(uint64(p.short), rate); uint64(max(factoshis, 0)) < cost {
		return fmt.Errorf("%s has %.8f FCT, and the %d entry credits that are missing cost %.8f FCT\n"+
			"    hint: send it factoids, or make the load smaller", p.key.FactoidAddress(), float64(factoshis)/1e8, p.short, float64(cost)/1e8)
	}
	return nil
}

// buy buys what check found missing, and waits until it can be spent.
func (p *payer) buy(ctx context.Context, n *network, credits int64, say func(string, ...any)) error {
	if p.short <= 0 {
		return nil
	}
	node := n.first()
	rate, err := node.ECRate(ctx)
	if err != nil {
		return err
	}
	tx, txid, err := factomd.BuyCredits(p.key, p.ec.ECPublic(), uint64(p.short), rate, time.Now().UnixMilli())
	if err != nil {
		return err
	}
	say("buying %d entry credits for %s at %d factoshis each", p.short, p.ec.ECAddress(), rate)
	if err := node.SubmitTransaction(ctx, tx); err != nil {
		return fmt.Errorf("buying entry credits: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, time.Minute+2*n.blockTime)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	var have int64
	for {
		if have, err = node.ECBalance(ctx, p.ec.ECAddress()); err == nil && have >= credits {
			return nil
		}
		select {
		case <-n.gone():
			return fmt.Errorf("buying entry credits: %w", n.local.Err())
		case <-tick.C:
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				why := fmt.Errorf("buying entry credits: %s has %d of %d after %s; transaction %s did not come through",
					p.ec.ECAddress(), have, credits, time.Minute+2*n.blockTime, txid)
				if err != nil {
					why = fmt.Errorf("%w: %w", why, err)
				}
				return why
			}
			return ctx.Err()
		}
	}
}
