package run

import (
	"context"
	"fmt"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// creditsInterval is the longest time between two looks at a balance, and
// balanceSpacing the shortest between the calls that many keys take.
const (
	creditsInterval = 5 * time.Second
	balanceSpacing  = 500 * time.Millisecond
)

// balancePatience is how long an endpoint may take to tell a balance: then the next
// one is asked, as a look at all of them must not take much longer than the time
// between two.
const balancePatience = 3 * time.Second

// topUpPatience is how long a top-up may take while there are no credits left.
const topUpPatience = 30 * time.Second

// orderLifetime is how long a transaction may be handed in: nodes drop what is
// an hour old (factom-protocol.md, section 2).
const orderLifetime = time.Hour

// A balance is what all payers had together.
type balance struct {
	at      time.Time
	credits int64
}

// credits returns what all payers have together, if that was seen of late.
func (r *run) credits() (sum int64, known bool) {
	b := r.balance.Load()
	if b == nil || time.Since(b.at) >= 2*r.creditsEvery() {
		return 0, false
	}
	return b.credits, true
}

// creditsEvery is how often balances are looked at: twice a block, but every 5 s
// at least, and with many keys seldom enough for two calls a second.
//
// There is a call for the balances of many addresses, which is not used: it reads
// a map of the node's without its lock while blocks are saved, which Go ends a
// process for (factomd state/factoidstate.go, GetMultipleECBalances).
func (r *run) creditsEvery() time.Duration {
	every := min(creditsInterval, r.network.blockTime/2)
	return max(every, time.Duration(len(r.payers))*balanceSpacing)
}

// watchCredits looks after the payers' balances until ctx ends: it puts them into
// the series, tops them up, and ends the sending when one of them cannot pay any
// more.
func (r *run) watchCredits(ctx context.Context) {
	tick := time.NewTicker(r.creditsEvery())
	defer tick.Stop()
	for {
		r.lookAtCredits(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (r *run) lookAtCredits(ctx context.Context) {
	var sum int64
	known := true
	for i, p := range r.payers {
		have, node, err := r.balanceOf(ctx, p)
		if err != nil {
			known = false // that the nodes do not answer shows elsewhere
			continue
		}
		sum += have
		sending, charged := r.sending(), r.generator.Charged(i)
		if p.topUp != nil {
			if err := p.keepUp(ctx, node, have, sending, charged, r.Say); err != nil && ctx.Err() == nil {
				r.Say("topping up %s: %v", p.address(), err)
			}
		}
		if why := p.ended(have, charged, r.plan.Dearest, time.Now()); why != "" && sending {
			r.interrupt(why)
		}
	}
	if known {
		r.balance.Store(&balance{time.Now(), sum})
	}
}

// sending reports whether more entries may be planned.
func (r *run) sending() bool {
	if r.stopped.Load() > 0 {
		return false
	}
	switch r.stage.Load().name {
	case StageSetup, StageSearch:
		return true
	case StageLoad:
		return r.Scenario.Load.Search != nil || r.generator.Ended() == 0
	}
	return false
}

// balanceOf asks the endpoints in turn, the one first that answered last, and
// returns the one that answered.
func (r *run) balanceOf(ctx context.Context, p *payer) (have int64, node *factomd.Client, err error) {
	for range r.network.endpoints {
		node = r.network.endpoints[r.teller].client
		asking, cancel := context.WithTimeout(ctx, balancePatience)
		have, err = node.ECBalance(asking, p.address())
		cancel()
		if err == nil || ctx.Err() != nil {
			return have, node, err
		}
		r.teller = (r.teller + 1) % len(r.network.endpoints)
	}
	return 0, nil, err
}

// keepUp sees to the order that is out, or makes the next one.
//
// An order that has not arrived is handed in again as long as something needs it:
// the same transaction is processed once, however often it comes. It is given up
// only where a node says that it has not arrived, and it cannot any more: what was
// merely not heard of may be bought twice otherwise.
func (p *payer) keepUp(ctx context.Context, node *factomd.Client, have int64, sending bool, charged int64, say func(string, ...any)) error {
	if o := p.order; o != nil {
		status, err := node.FactoidAck(ctx, o.txid)
		switch old := time.Since(o.at) > orderLifetime; {
		case err == nil && status.Accepted():
			p.arrived()
		case old && err != nil:
			return err
		case old:
			p.order = nil
		case sending || charged > p.had+p.bought:
			p.again++
			return node.SubmitTransaction(ctx, o.tx)
		}
	}
	if credits := p.portion(have, sending, charged); credits > 0 {
		return p.buy(ctx, node, credits, say)
	}
	return nil
}

// ended says why the payer cannot go on, or nothing while it can. Its entries
// were charged so many credits, those included that the node has yet to take from
// the balance; the dearest one costs so many.
//
// A balance that is low at the end of a run that spends all it has is no reason:
// what is missing must have been spent by others, or charged by a node that is lax
// about hostile calls (then the balance and the charges do not make up what there
// was), or be what a top-up did not bring (then
// more was charged than there was). Two looks must see it, and a top-up gets some
// time.
func (p *payer) ended(have, charged, dearest int64, now time.Time) (why string) {
	there := p.had + p.bought
	others, owed := have+charged < there, charged > there
	if have >= dearest || !others && !owed {
		p.low, p.lowPolls = time.Time{}, 0
		return ""
	}
	if p.lowPolls++; p.lowPolls == 1 {
		p.low = now
	}
	switch {
	case p.lowPolls < 2:
		return ""
	case others:
		return fmt.Sprintf("%s has %d entry credits left although its entries cost only %d of %d: others spend from it, "+
			"or the node charges too much; give the run a key of its own, or see the findings", p.address(), have, charged, there)
	case now.Sub(p.low) < topUpPatience:
		return ""
	}
	return fmt.Sprintf("%s has %d entry credits left, and none that was bought has come for %s; "+
		"raise credits.topup.below, or see whether %s has factoids", p.address(), have, now.Sub(p.low).Round(time.Second), p.key.FactoidAddress())
}
