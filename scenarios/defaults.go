package scenarios

import "time"

// What a scenario says where its file says nothing. The only keys that a file
// must have are version and load.phases or load.search, in a phase for and rate, in
// a search from and to, in an item of a mix kind, of queries the rate and in an item
// of their mix method, and credits.key where the network is not a local one.
const (
	// DefaultSeed seeds everything that is drawn at random.
	DefaultSeed = 1

	// DefaultNodes and DefaultBlockTime describe the local network that a run
	// starts when the scenario names none. Below 10 s a minute of the block
	// comes close to the node's own 50 ms ticks, which blurs what is measured.
	DefaultNodes     = 1
	DefaultBlockTime = 10 * time.Second
	// DefaultDB leaves no trace on the disk; a long run wants the other one.
	DefaultDB = Map

	// DefaultEndpointWeight gives every endpoint the same share of the load.
	DefaultEndpointWeight = 1

	// DefaultKey pays for a local network: the key that is in every LOCAL
	// genesis block. With endpoints the scenario must say who pays.
	DefaultKey = LocalTestKey

	// DefaultBudget is in entry credits.
	DefaultBudget = 100_000

	// DefaultChains are made before the load; none are when no item of the mix
	// writes into them.
	DefaultChains = 10
	DefaultChoice = Uniform

	// DefaultMarker tells load from other traffic.
	DefaultMarker = "factom-load"

	// DefaultKind is what the only item of the default mix writes.
	DefaultKind   = KindEntry
	DefaultWeight = 1

	// DefaultMinSize and DefaultMaxSize are in bytes.
	DefaultMinSize = 100
	DefaultMaxSize = 1000

	// DefaultLognormalMax is the most of a lognormal size, in bytes: the most
	// that the network takes.
	DefaultLognormalMax = MaxSize

	DefaultPayload = Random

	// DefaultEntryExtIDs is the marker alone, DefaultChainExtIDs the marker
	// and the nonce that makes the chain id unique.
	DefaultEntryExtIDs = 1
	DefaultChainExtIDs = 2

	// DefaultThink is that of a load with users, who have a place in flight
	// each.
	DefaultThink = 0

	DefaultArrival       = Constant
	DefaultInFlight      = 5000
	DefaultLate          = LateSend
	DefaultLateBy        = time.Second
	DefaultSubmitTimeout = 30 * time.Second

	// DefaultReveal is what a careful client does: a node that refuses a commit
	// does not get its reveal.
	DefaultReveal = RevealAfter

	// DefaultRetry leaves a failed submit alone: what a retry mends, the figures
	// would not show.
	DefaultRetry = 0

	// DefaultQueriesInFlight is for queries; their default mix has every method,
	// of the same weight.
	DefaultQueriesInFlight = 100

	// DefaultMeasured is whether a phase counts in latencies and rates. A phase
	// without a name is called phase-1, phase-2 and so on by its place.
	DefaultMeasured = true

	// DefaultHostileInFlight bounds the hostile calls under way. Some wait until
	// the node has processed what they repeat.
	DefaultHostileInFlight = 20

	// DefaultHoldBlocks is the length of a search's step, in directory blocks: in
	// three an overload of a tenth shows in the backlog (package results, Backlog).
	DefaultHoldBlocks = 3
	// DefaultNarrowing is what part of a search's step its within is. The step
	// itself is a tenth of the way from the lowest to the highest rate, rounded up
	// to 1, 2 or 5 times a power of ten.
	DefaultNarrowing = 4

	DefaultUntil = UntilBlock
	// DefaultTimeoutBlocks is in directory blocks.
	DefaultTimeoutBlocks = 3

	// DefaultContent and DefaultMerkle make three requests for each directory block:
	// enough that a node which serves something else again and again is found in a run
	// of some blocks.
	DefaultContent = 2
	DefaultMerkle  = 1

	// DefaultAbortGrace is of the rules in abort_on, of which there are none by
	// default.
	DefaultAbortGrace = 30 * time.Second

	// The record of a run: segments that compress in a fraction of a second, and
	// all of it is kept.
	DefaultSegment = 64 << 20
	DefaultKeep    = KeepAll
	// DefaultSample is in confirmed entries, DefaultCheckpoint how often a run is
	// reported on before its end.
	DefaultSample     = 1000
	DefaultCheckpoint = 5 * time.Minute

	// DefaultPrimary is what compare decides by. There are no thresholds by
	// default: a run that loses entries fails without one.
	DefaultPrimary Metric = "accept.p95"
)

// LocalTestKey is the value of credits.key that stands for the public key which
// holds the coins of every LOCAL network. It pays on no other network.
const LocalTestKey = "local-test-key"

// defaultItem is the mix of a workload that lists none, and what an item of
// that kind is where it does not say.
func defaultItem(kind Kind) Item {
	item := Item{
		Kind:    kind,
		Weight:  DefaultWeight,
		Size:    Range{DefaultMinSize, DefaultMaxSize},
		ExtIDs:  Range{DefaultEntryExtIDs, DefaultEntryExtIDs},
		Payload: Payload{Kind: DefaultPayload},
	}
	if kind == KindChain {
		item.ExtIDs = Range{DefaultChainExtIDs, DefaultChainExtIDs}
	}
	return item
}

func defaultWorkload() Workload {
	return Workload{
		Chains: DefaultChains,
		Choose: Choice{Kind: DefaultChoice},
		Marker: DefaultMarker,
		Mix:    []Item{defaultItem(DefaultKind)},
	}
}

// defaultLoad has no phases: a file must list them.
func defaultLoad() Load {
	return Load{
		Think:         DefaultThink,
		Arrival:       DefaultArrival,
		InFlight:      DefaultInFlight,
		Late:          DefaultLate,
		LateBy:        DefaultLateBy,
		SubmitTimeout: DefaultSubmitTimeout,
		Reveal:        DefaultReveal,
	}
}

// defaultHostile has every kind, and no rate: a file must say it.
func defaultHostile() *Hostile {
	h := &Hostile{InFlight: DefaultHostileInFlight}
	for _, k := range HostileKinds() {
		h.Mix = append(h.Mix, HostileItem{Kind: k, Weight: DefaultWeight})
	}
	return h
}

// defaultStops is when a step of a search has not held, if it does not say, beside
// [errorStops]. Blocks and the backlog show an overload, which submit latency hides.
// An entry that comes just too late for a block is in the next: a healthy node stays
// well below two.
func defaultStops() []Stop { return stops("confirm.p99 > 2blocks", BacklogGrows) }

// errorStops are conditions that every search has: one of its own on the same metric
// can replace one of them, but a node that writes nothing has held nothing. A few
// errors in a hundred are a connection now and then, and no overload; a single entry
// that was taken and is in no block is too much.
func errorStops() []Stop { return stops("lost > 0", "failed > 1%", "rejected > 1%") }

func stops(texts ...string) (all []Stop) {
	for _, text := range texts {
		stop, _ := parseStop(text) // a test parses them
		all = append(all, stop)
	}
	return all
}

// defaultLocal is the network of a scenario that names none.
func defaultLocal() *Local {
	return &Local{Nodes: DefaultNodes, BlockTime: DefaultBlockTime, DB: DefaultDB}
}
