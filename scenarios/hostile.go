package scenarios

import "fmt"

// Hostile is traffic that a node must take in its stride: requests that are
// wrong, repeated or not paid for. They are no entries of the load.
type Hostile struct {
	Rate     float64 // calls a second, during all phases of the load
	Arrival  Arrival // that of the load by default
	InFlight int     // most calls under way
	Mix      []HostileItem
}

// A HostileItem is one component of the hostile mix.
type HostileItem struct {
	Kind   HostileKind
	Weight int // relative share of the calls, 1 or more
}

// HostileKind names a way to be hostile. What a node does with each is in
// factom-protocol.md, section 2, and was seen on factomd v6.12.0.
type HostileKind string

// The kinds of hostile calls.
const (
	RepeatedCommit      HostileKind = "repeated-commit"
	RepeatedReveal      HostileKind = "repeated-reveal"
	RevealWithoutCommit HostileKind = "reveal-without-commit"
	CommitWithoutReveal HostileKind = "commit-without-reveal"
	UnderpaidCommit     HostileKind = "underpaid-commit"
	UnpaidKey           HostileKind = "unpaid-key"
	WrongSignature      HostileKind = "wrong-signature"
	StaleTimestamp      HostileKind = "stale-timestamp"
	FutureTimestamp     HostileKind = "future-timestamp"
	MalformedHex        HostileKind = "malformed-hex"
	OversizeEntry       HostileKind = "oversize-entry"
	UnknownMethod       HostileKind = "unknown-method"
	HugeBody            HostileKind = "huge-body"
)

// A hostileRule is what is known of a kind: what a node must do about it, the
// entry credits that this costs, and the most that it costs with a node that
// does otherwise.
type hostileRule struct {
	kind          HostileKind
	expected      string
	charged, most int
}

// hostileRules are in the order in which reports list them.
func hostileRules() []hostileRule {
	return []hostileRule{
		{RepeatedCommit, "refused with -32011 once the first commit is processed, charged once", 1, 3},
		{RepeatedReveal, "taken, dropped: the entry is written once", 1, 1},
		{RevealWithoutCommit, "taken, held: the entry is never written", 0, 0},
		{CommitWithoutReveal, "taken and charged; nothing is written", 1, 1},
		{UnderpaidCommit, "taken and charged, the reveal is held: an entry of 2 KiB for 1 credit is never written", 1, 1},
		{UnpaidKey, "taken, held: an entry that a key without credits pays for is never written", 0, 0},
		{WrongSignature, "refused with -32602, and the entry is never written", 0, 1},
		{StaleTimestamp, "taken, dropped: a commit of 90 minutes ago is not charged, its entry never written", 0, 1},
		{FutureTimestamp, "taken, dropped: a commit 90 minutes ahead is not charged, its entry never written", 0, 1},
		{MalformedHex, "refused with -32602", 0, 0},
		{OversizeEntry, "its commit is taken and charged, its reveal refused with -32602: never written", 10, 10},
		{UnknownMethod, "refused with -32601", 0, 0},
		{HugeBody, "a reveal of 5 MiB is refused with -32602", 0, 0},
	}
}

// HostileKinds returns all kinds, in the order in which reports list them.
func HostileKinds() []HostileKind {
	rules := hostileRules()
	kinds := make([]HostileKind, len(rules))
	for i, r := range rules {
		kinds[i] = r.kind
	}
	return kinds
}

func (k HostileKind) rule() hostileRule {
	for _, r := range hostileRules() {
		if r.kind == k {
			return r
		}
	}
	return hostileRule{kind: k}
}

// Expected says in a few words what a node must do with a call of the kind, or
// nothing for a kind that is not known.
func (k HostileKind) Expected() string { return k.rule().expected }

// Charged is what a call costs in entry credits with a node that does what it
// must.
func (k HostileKind) Charged() int { return k.rule().charged }

// MostCharged is the most that a call can cost in entry credits, whatever the
// node does.
func (k HostileKind) MostCharged() int { return k.rule().most }

const hostileHint = "hostile: {rate: 2/s} sends every kind; {rate: 2/s, mix: [{kind: repeated-commit, weight: 1}]} chooses"

func (d *decoder) hostile(n *node, dst **Hostile) bool {
	h := defaultHostile()
	*dst = h
	return d.sound(func() {
		d.fields(n,
			field{"rate", into(d.ownRate, &h.Rate)},
			field{"arrival", into(oneOf(d, Constant, Poisson), &h.Arrival)},
			field{"in_flight", into(whole[int](d, 1, maxInFlight), &h.InFlight)},
			field{"mix", into(d.hostileMix, &h.Mix)},
		)
		d.require(n, "rate", hostileHint)
	})
}

func (d *decoder) hostileMix(n *node, dst *[]HostileItem) bool {
	*dst = nil
	return d.sound(func() {
		seen := make(map[HostileKind]bool)
		for _, item := range d.list(n, 1, maxItems) {
			i := HostileItem{Weight: DefaultWeight}
			d.fields(item,
				field{"kind", into(oneOf(d, HostileKinds()...), &i.Kind)},
				field{"weight", into(whole[int](d, 1, maxWeight), &i.Weight)},
			)
			d.require(item, "kind", hostileHint)
			if i.Kind != "" && seen[i.Kind] {
				d.report(item.get("kind"), "the same kind is here twice", "give it a higher weight instead")
			}
			seen[i.Kind] = true
			*dst = append(*dst, i)
		}
	})
}

// hostileFits reports hostile traffic that the rest of the scenario cannot
// carry: its entries go into the setup's chains, whose blocks are read to the end.
func (d *decoder) hostileFits(root *node, s *Scenario) {
	h := s.Hostile
	if h == nil {
		return
	}
	if until := root.get("confirm").get("until"); until != nil && s.Confirm.Until == UntilAccepted {
		d.report(until, "what hostile calls must not bring about shows in blocks", "leave it out, or write until: block")
	}
	var seconds float64
	for _, p := range s.Load.Phases {
		seconds += p.For.Seconds()
	}
	switch calls := h.Rate * seconds; {
	case s.Workload.Chains == 0:
		d.report(root.get("hostile"), "there is no chain for its entries", "make at least 1: workload: {chains: 1}")
	case calls > MaxSlots:
		d.report(root.get("hostile"), fmt.Sprintf("it plans %.3g calls, more than %.0e", calls, float64(MaxSlots)), "lower its rate")
	}
}
