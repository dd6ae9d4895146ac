package run

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/scenarios"
)

// FundOptions says which entry credits to buy.
type FundOptions struct {
	// Endpoint is the node to hand the transaction to, and Expect the only network
	// that it may be of, as in a scenario.
	Endpoint scenarios.Endpoint
	Expect   string
	// Key is where the key is that the credits are for: env:NAME, file:PATH,
	// local-test-key, or its public address (EC...) itself.
	Key string
	// From is where the factoid key is that pays, as Key; the public test key by
	// default, or Key itself if it is a factoid key.
	From    string
	Credits int64 // to buy, 1 or more
	// Say is told what happens, a line at a time.
	Say func(format string, args ...any)
}

// Funded is what was bought.
type Funded struct {
	Address     string       `json:"address"`     // EC...
	Bought      int64        `json:"bought"`      // entry credits
	Balance     int64        `json:"balance"`     // entry credits of the address then
	Factoshis   uint64       `json:"factoshis"`   // that it cost, the fee included
	From        string       `json:"from"`        // FA...
	Transaction factomd.Hash `json:"transaction"` // its id
}

// Fund buys entry credits, and waits until they can be spent. A [*Refused] error
// means that nothing was paid.
func Fund(ctx context.Context, o FundOptions) (*Funded, error) {
	to, from, err := o.keys()
	if err != nil {
		return nil, &Refused{err}
	}
	n, err := connect(ctx, &scenarios.Scenario{
		Network: scenarios.Network{Endpoints: []scenarios.Endpoint{o.Endpoint}, Expect: o.Expect},
		Load:    scenarios.Load{InFlight: 1, SubmitTimeout: scenarios.DefaultSubmitTimeout},
	})
	if err != nil {
		return nil, &Refused{err}
	}
	defer n.close()
	if from.local && !n.identity.IsLocal() {
		return nil, &Refused{fmt.Errorf("local-test-key has factoids on LOCAL networks only, and this is %s\n"+
			"    hint: name a factoid key that has some: --from env:NAME or file:PATH", n.identity.Name)}
	}
	node := n.first()
	rate, err := node.ECRate(ctx)
	if err != nil {
		return nil, &Refused{err}
	}
	f := &Funded{Address: to.address, Bought: o.Credits, From: from.key.FactoidAddress(), Factoshis: factomd.BuyCost(uint64(o.Credits), rate)}
	have, err := node.FactoidBalance(ctx, f.From)
	if err != nil {
		return nil, &Refused{err}
	}
	if uint64(max(have, 0)) < f.Factoshis {
		return nil, &Refused{fmt.Errorf("%s has %.8f FCT, and %d entry credits cost %.8f FCT\n    hint: send it factoids, or buy fewer",
			f.From, float64(have)/1e8, o.Credits, float64(f.Factoshis)/1e8)}
	}
	tx, txid, err := factomd.BuyCredits(from.key, to.public, uint64(o.Credits), rate, time.Now().UnixMilli())
	if err != nil {
		return nil, &Refused{err}
	}
	f.Transaction = txid
	o.Say("buying %d entry credits for %s at %d factoshis each", o.Credits, to.address, rate)
	if err := node.SubmitTransaction(ctx, tx); err != nil {
		return nil, fmt.Errorf("buying entry credits: %w; transaction %s may come through all the same", err, txid)
	}
	if err := arrives(ctx, n, txid); err != nil {
		return nil, err
	}
	f.Balance, err = node.ECBalance(ctx, to.address)
	return f, err
}

// A recipient is whom credits are bought for.
type recipient struct {
	public  [32]byte
	address string
}

type source struct {
	key   factomd.Key
	local bool // it is the public test key
}

// keys reads who is funded, and by whom.
func (o FundOptions) keys() (to recipient, from source, err error) {
	var own source
	if to.public, err = factomd.ParseECAddress(o.Key); err == nil {
		to.address = o.Key
	} else {
		if own.key, own.local, err = readKey(o.Key); err != nil {
			return to, from, fmt.Errorf("--key: %w", err)
		}
		to.public, to.address = own.key.EC().ECPublic(), own.key.ECAddress()
	}
	switch {
	case o.From != "":
		if from.key, from.local, err = readKey(o.From); err != nil {
			return to, from, fmt.Errorf("--from: %w", err)
		}
		if !from.key.IsFactoid() {
			return to, from, errors.New("--from: it is an entry credit key, and only a factoid key (Fs...) can buy entry credits")
		}
	case own.key.IsFactoid():
		from = own
	default:
		from = source{factomd.LocalTestKey(), true}
	}
	return to, from, nil
}

// arrives waits until a transaction is in a process list: what it bought can be
// spent then.
func arrives(ctx context.Context, n *network, txid factomd.Hash) error {
	limit := time.Minute + 2*n.blockTime
	waiting, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		status, err := n.first().FactoidAck(waiting, txid)
		if err == nil && status.Accepted() {
			return nil
		}
		select {
		case <-tick.C:
		case <-waiting.Done():
			if ctx.Err() != nil {
				return fmt.Errorf("buying entry credits: %w; transaction %s may come through all the same", context.Cause(ctx), txid)
			}
			why := fmt.Errorf("buying entry credits: transaction %s did not come through for %s", txid, limit)
			return errors.Join(why, err)
		}
	}
}
