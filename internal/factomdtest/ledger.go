package factomdtest

import (
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"github.com/FactomProject/factomd/common/directoryBlock"
	"github.com/FactomProject/factomd/common/entryBlock"
	"github.com/FactomProject/factomd/common/factoid"
	"github.com/FactomProject/factomd/common/interfaces"
	"github.com/FactomProject/factomd/common/primitives"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// A ledger is what the nodes of one network agree on: balances, the commits
// that are paid, and the blocks.
type ledger struct {
	rate         int64
	blockTime    time.Duration
	blockSeconds int
	drop         func(s Stage, entry factomd.Hash, first bool) bool
	forgery      func(method string, of factomd.Hash) Forgery
	ahead        time.Duration // of the machine's clock
	lax          map[Rule]bool
	capacity     float64 // reveals a second, or 0

	mu       sync.Mutex
	network  uint32
	credits  map[[32]byte]int64
	factoids map[[32]byte]int64
	spent    int64
	bought   int64

	commits map[factomd.Hash]*commit             // by entry hash: processed, with no reveal yet
	poor    []*commit                            // wait for credits
	waiting map[factomd.Hash][]*entryBlock.Entry // reveals, by the entry or the chain that they wait for
	entries map[factomd.Hash]*entry              // processed reveals
	exists  map[factomd.Hash]bool                // chains
	paid    map[factomd.Hash]uint32              // factoid transactions, with their heights
	heard   map[factomd.Hash]bool                // commits, by txid

	queue []*entryBlock.Entry // reveals that were answered and are to be worked off
	busy  time.Time           // until when the first of them takes

	blocks   []*block                     // the saved ones: its index is its height
	heads    map[factomd.Hash]*entryChain // the newest saved block of each chain
	byKey    map[factomd.Hash]*entryChain // saved, by their key MRs
	building *block
	began    time.Time // when the building of the block began
}

// A commit is one payment for an entry.
type commit struct {
	entry       factomd.Hash
	txid        factomd.Hash
	chainIDHash factomd.Hash // of a chain commit
	newChain    bool
	credits     int64
	payer       [32]byte
	stamp       time.Time
	height      uint32 // of the block that has it
	wire        any    // as the entry credit block shows it
}

// An entry is a reveal that was processed.
type entry struct {
	*entryBlock.Entry
	commit *commit
	height uint32
	gone   bool // dropped after that
}

// A block is a directory block with all that it refers to.
type block struct {
	height  uint32
	keyMR   factomd.Hash
	closed  time.Time
	wire    *directoryBlock.DirectoryBlock // once it is saved
	chains  []*entryChain
	commits []*commit
}

// An entryChain is an entry block: what one chain got in a directory block.
type entryChain struct {
	chainID factomd.Hash
	entries []factomd.Hash
	// Once it is saved:
	keyMR    factomd.Hash
	previous factomd.Hash // key MR of the chain's block before it, or zero
	sequence uint32
	height   uint32
	raw      []byte
}

func newLedger(o Options) *ledger {
	l := &ledger{
		rate: o.Rate, blockTime: o.BlockTime, blockSeconds: o.BlockSeconds, drop: o.Drop, forgery: o.Forge, capacity: o.Capacity,
		ahead:    o.ClockAhead,
		lax:      map[Rule]bool{},
		network:  o.NetworkID,
		credits:  map[[32]byte]int64{},
		factoids: map[[32]byte]int64{},
		commits:  map[factomd.Hash]*commit{},
		waiting:  map[factomd.Hash][]*entryBlock.Entry{},
		entries:  map[factomd.Hash]*entry{},
		exists:   map[factomd.Hash]bool{},
		paid:     map[factomd.Hash]uint32{},
		heard:    map[factomd.Hash]bool{},
		heads:    map[factomd.Hash]*entryChain{},
		byKey:    map[factomd.Hash]*entryChain{},
		building: &block{},
		began:    time.Now(),
	}
	for _, rule := range o.Lax {
		l.lax[rule] = true
	}
	if l.rate == 0 {
		l.rate = 1000
	}
	if l.network == 0 {
		l.network = Local
	}
	if l.blockSeconds == 0 {
		l.blockSeconds = max(1, int(l.blockTime/time.Second))
	}
	if l.drop == nil {
		l.drop = func(Stage, factomd.Hash, bool) bool { return false }
	}
	l.factoids[body(factomd.LocalTestKey().FactoidAddress())] = 20_000 * 1e8
	for address, n := range o.Credits {
		l.credits[body(address)] = n
	}
	for address, n := range o.Factoids {
		l.factoids[body(address)] = n
	}
	l.closeBlock()
	if !o.Genesis.IsZero() {
		l.blocks[0].keyMR = o.Genesis
	}
	l.closeBlock() // a node is usable when it has finished a block
	return l
}

// body returns the 32 bytes of an address: a public key or the hash of one.
func body(address string) (b [32]byte) {
	copy(b[:], primitives.ConvertUserStrToAddress(address))
	return b
}

func unique() (h factomd.Hash) {
	rand.Read(h[:]) // never fails
	return h
}

func hashOf(h interfaces.IHash) factomd.Hash { return h.Fixed() }

// closeBlock saves the block that is being built and begins the next.
func (l *ledger) closeBlock() uint32 {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.workOff()
	b := l.building
	b.closed = time.Now()
	for _, c := range b.chains {
		c.save(b.height, l.heads[c.chainID])
		l.heads[c.chainID], l.byKey[c.keyMR] = c, c
	}
	b.save(l.network, l.blocks)
	l.blocks = append(l.blocks, b)
	l.building = &block{height: b.height + 1}
	l.began = b.closed
	return b.height
}

// save has factomd's own code make the directory block, upon those before it.
func (b *block) save(network uint32, before []*block) {
	b.wire = directoryBlock.NewDirectoryBlock(nil).(*directoryBlock.DirectoryBlock)
	if len(before) > 0 {
		previous := before[len(before)-1]
		b.wire.Header.SetPrevKeyMR(primitives.NewHash(previous.keyMR[:]))
		b.wire.Header.SetPrevFullHash(previous.wire.DBHash)
	}
	b.wire.Header.SetNetworkID(network)
	b.wire.Header.SetDBHeight(b.height)
	b.wire.Header.SetTimestamp(primitives.NewTimestampFromMilliseconds(uint64(b.closed.UnixMilli())))
	for _, system := range b.wire.DBEntries {
		made := unique()
		system.SetKeyMR(primitives.NewHash(made[:]))
	}
	for _, c := range b.chains {
		b.wire.AddEntry(primitives.NewHash(c.chainID[:]), primitives.NewHash(c.keyMR[:]))
	}
	b.wire.Sort() // which its binary form does anyhow
	b.keyMR = hashOf(b.wire.GetKeyMR())
}

// save has factomd's own code make the entry block, upon the chain's one before it.
// All its entries are of the first minute.
func (c *entryChain) save(height uint32, before *entryChain) {
	c.height = height
	wire := entryBlock.NewEBlock()
	header, body := wire.GetHeader(), wire.GetBody()
	if before != nil {
		c.previous, c.sequence = before.keyMR, before.sequence+1
		full := sha256.Sum256(before.raw)
		header.SetPrevFullHash(primitives.NewHash(full[:]))
	}
	header.SetChainID(primitives.NewHash(c.chainID[:]))
	header.SetPrevKeyMR(primitives.NewHash(c.previous[:]))
	header.SetEBSequence(c.sequence)
	header.SetDBHeight(c.height)
	for _, e := range c.entries {
		body.AddEBEntry(primitives.NewHash(e[:]))
	}
	body.AddEndOfMinuteMarker(1)
	c.raw, _ = wire.MarshalBinary() // it has all that it needs
	key, _ := wire.KeyMR()
	c.keyMR = hashOf(key)
}

func (l *ledger) saved() uint32 { return uint32(len(l.blocks) - 1) }

// minute is the minute of the block that is being built.
func (l *ledger) minute() int {
	if l.blockTime == 0 {
		return 1
	}
	return min(9, int(10*time.Since(l.began)/l.blockTime))
}

// pay processes a commit, or puts it by until its payer has the credits.
func (l *ledger) pay(c *commit) {
	if _, written := l.entries[c.entry]; written && !l.lax[Repeats] {
		return
	}
	if l.credits[c.payer] < c.credits && !l.lax[Payment] {
		l.poor = append(l.poor, c)
		return
	}
	if l.drop(Commit, c.entry, c.newChain) {
		return
	}
	l.charge(c)
	if l.lax[Charges] {
		l.charge(c)
	}
	c.height = l.building.height
	l.commits[c.entry] = c
	l.building.commits = append(l.building.commits, c)
	l.release(c.entry)
}

func (l *ledger) charge(c *commit) {
	l.credits[c.payer] -= c.credits
	l.spent += c.credits
}

// release takes up the reveals that waited for an entry's commit or for a chain.
func (l *ledger) release(what factomd.Hash) {
	reveals := l.waiting[what]
	delete(l.waiting, what)
	for _, e := range reveals {
		l.write(e)
	}
}

// enqueue takes a reveal to be processed in its turn.
func (l *ledger) enqueue(e *entryBlock.Entry) {
	if l.capacity == 0 {
		l.write(e)
		return
	}
	if now := time.Now(); len(l.queue) == 0 && l.busy.Before(now) {
		l.busy = now
	}
	if len(l.queue) == 0 {
		l.busy = l.busy.Add(l.each())
	}
	l.queue = append(l.queue, e)
}

// each is how long a reveal takes.
func (l *ledger) each() time.Duration { return time.Duration(float64(time.Second) / l.capacity) }

// workOff processes the reveals whose time has come.
func (l *ledger) workOff() {
	for now := time.Now(); len(l.queue) > 0 && !l.busy.After(now); {
		l.write(l.queue[0])
		if l.queue = l.queue[1:]; len(l.queue) > 0 {
			l.busy = l.busy.Add(l.each())
		}
	}
}

// write processes a reveal whose commit and chain are there; other ones wait
// (factomd common/messages/revealEntry.go).
func (l *ledger) write(e *entryBlock.Entry) {
	hash, chain := hashOf(e.GetHash()), hashOf(e.ChainID)
	c := l.commits[hash]
	if before := l.entries[hash]; before != nil { // a repetition
		if l.lax[Repeats] {
			l.building.add(chain, hash)
		}
		return
	}
	if c == nil && l.lax[Payment] {
		c = &commit{entry: hash}
	}
	switch {
	case c == nil, !c.covers(e) && !l.lax[Payment]:
		l.waiting[hash] = append(l.waiting[hash], e)
		return
	case c.newChain && c.chainIDHash != chainIDHash(e.ExternalIDs()):
		return
	case !c.newChain && !l.exists[chain]:
		l.waiting[chain] = append(l.waiting[chain], e)
		return
	}
	delete(l.commits, hash)
	written := &entry{Entry: e, commit: c, height: l.building.height, gone: l.drop(Accepted, hash, c.newChain)}
	l.entries[hash] = written
	begins := !l.exists[chain]
	l.exists[chain] = true
	if !written.gone {
		l.building.add(chain, hash)
	}
	if begins {
		l.release(chain)
	}
}

// covers reports whether a commit pays for an entry's size.
func (c *commit) covers(e *entryBlock.Entry) bool {
	credits := c.credits
	if c.newChain {
		credits -= 10
	}
	return int64(e.KSize()) <= credits
}

func (b *block) add(chain, entry factomd.Hash) {
	for _, c := range b.chains {
		if c.chainID == chain {
			c.entries = append(c.entries, entry)
			return
		}
	}
	b.chains = append(b.chains, &entryChain{chainID: chain, entries: []factomd.Hash{entry}})
}

// chainIDHash is what a chain commit says about the first entry's ExtIDs: the
// double hash of the chain's id.
func chainIDHash(extIDs [][]byte) factomd.Hash {
	sums := sha256.New()
	for _, id := range extIDs {
		sum := sha256.Sum256(id)
		sums.Write(sum[:])
	}
	return factomd.Hash(primitives.Shad(sums.Sum(nil)).Fixed())
}

// transfer processes a factoid transaction. One that is not right is dropped
// without a word.
func (l *ledger) transfer(t *factoid.Transaction) {
	id := hashOf(t.GetSigHash())
	in, _ := t.TotalInputs()
	out, _ := t.TotalOutputs()
	ecs, _ := t.TotalECs()
	fee, err := t.CalculateFee(uint64(l.rate))
	if _, repeated := l.paid[id]; repeated || err != nil || t.Validate(1) != nil || t.ValidateSignatures() != nil || in < out+ecs+fee {
		return
	}
	for _, input := range t.GetInputs() {
		if l.factoids[input.GetAddress().Fixed()] < int64(input.GetAmount()) {
			return
		}
	}
	l.paid[id] = l.building.height
	for _, input := range t.GetInputs() {
		l.factoids[input.GetAddress().Fixed()] -= int64(input.GetAmount())
	}
	for _, output := range t.GetOutputs() {
		l.factoids[output.GetAddress().Fixed()] += int64(output.GetAmount())
	}
	for _, output := range t.GetECOutputs() {
		credits := int64(output.GetAmount()) / l.rate
		l.credits[output.GetAddress().Fixed()] += credits
		l.bought += credits
	}
	poor := l.poor
	l.poor = nil
	for _, c := range poor {
		l.pay(c)
	}
}
