package results

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"sync/atomic"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// pollInterval is how often an observer asks for the node's height. It keeps
// the fixed polling under 4 requests a second.
const pollInterval = 300 * time.Millisecond

// blocksAPoll is how many blocks are read at most before the height is asked for
// again. A node that catches up has many; one that lies has no end of them.
const blocksAPoll = 20

// maxSighting is how many entries of one directory block are taken in at most.
const maxSighting = 4 << 20

// pollPatience is how long a node may take to tell its height before another one
// is asked.
const pollPatience = 5 * time.Second

// A Node is what an [Observer] asks of a node's API; [factomd.Client] has it.
type Node interface {
	Minute(context.Context) (factomd.Minute, error)
	DirectoryBlock(context.Context, uint32) (factomd.DirectoryBlock, error)
	EntryBlock(context.Context, factomd.Hash) (factomd.EntryBlock, error)
	Commits(context.Context, uint32) ([]factomd.Hash, error)
	Ack(context.Context, factomd.Hash) (factomd.Ack, error)
}

// ErrNetworkChanged says that a node serves blocks of another network than at
// the start of the run.
var ErrNetworkChanged = errors.New("the node changed its network")

// ObserverOptions configures an [Observer].
type ObserverOptions struct {
	// Nodes are asked in order: the first that answers is asked until it fails,
	// or lacks blocks that were read already.
	Nodes []Node
	// NetworkID is what every block must carry.
	NetworkID uint32
	// From is the saved height at the start; blocks above it are read.
	From uint32
	// URLs are the nodes', for events; without them there are none.
	URLs []string
	// BlockTime is the network's own, for events of what lasts longer; without it
	// there are none.
	BlockTime time.Duration
	// Newest is the saved height that the node told at Asked, if it is above From:
	// nobody saw the blocks up to it being saved.
	Newest uint32
	Asked  time.Time
	// Start is the run's start, from which instants are counted.
	Start time.Time
	// Checker is told of each block that was read; nil checks nothing.
	Checker *Checker
	// Saved is told of each block that was read, if it is not nil.
	Saved func(Block)
}

// An Observer reads directory blocks as they are saved and tells a [Collector]
// what they hold. It makes one call a poll, and for each block one call and one
// more for each chain of the setup that has entries in it: what it costs a node
// grows with blocks, not with entries.
type Observer struct {
	opts      ObserverOptions
	collector *Collector
	wake      chan struct{}
	current   int       // of opts.Nodes
	next      uint32    // height to read
	newest    uint32    // the highest saved height that a poll saw
	unread    []sight   // of the heights from next to newest, ascending
	lastPoll  time.Time // when the last answered poll was sent
	pace      *pace
	reach     []reach // of each node

	state      atomic.Pointer[NodeState]
	resolution atomic.Int64 // nanoseconds
}

// A sight is the instant at which a height and those below it, down to the last
// sight's, were first seen saved.
type sight struct {
	height uint32
	at     int64
}

// NodeState is what the last poll saw.
type NodeState struct {
	factomd.Minute
	At      int64 // when it was answered, nanoseconds since the run's start
	Scanned uint32
}

// NewObserver returns an observer that tells c.
func NewObserver(c *Collector, o ObserverOptions) *Observer {
	watch := &Observer{
		opts: o, collector: c, wake: make(chan struct{}, 1), next: o.From + 1, newest: o.From, lastPoll: o.Asked,
		pace: newPace(o.BlockTime, c.Event), reach: make([]reach, len(o.URLs)),
	}
	if o.Newest > o.From {
		watch.newest = o.Newest
		watch.unread = []sight{{o.Newest, int64(o.Asked.Sub(o.Start))}}
	}
	return watch
}

// Wake makes the observer look at once, because something hints at a new block.
func (o *Observer) Wake() {
	select {
	case o.wake <- struct{}{}:
	default:
	}
}

// State returns what the last poll saw, or nil before the first.
func (o *Observer) State() *NodeState { return o.state.Load() }

// Resolution is how late a block can at most have been seen: the longest time
// from a poll that did not see it to the answer of the one that did.
func (o *Observer) Resolution() time.Duration { return time.Duration(o.resolution.Load()) }

// Minutes returns how long the network's minutes lasted. It is for when Run has
// returned.
func (o *Observer) Minutes() Minutes { return o.pace.minutes }

// asked follows whether the node that is polled answers, which it was asked for at an
// instant: a refusal is an answer.
func (o *Observer) asked(ctx context.Context, sent time.Time, err error) {
	if o.current >= len(o.reach) || ctx.Err() != nil {
		return
	}
	if rejected, _, _ := factomd.Classify(err); rejected {
		err = nil
	}
	at := int64(time.Since(o.opts.Start))
	if err != nil {
		at = int64(sent.Sub(o.opts.Start))
	}
	if e, ok := o.reach[o.current].asked(o.opts.URLs[o.current], at, err); ok {
		o.collector.Event(e)
	}
}

// url is that of the node that is polled, or empty.
func (o *Observer) url() string {
	if o.current < len(o.opts.URLs) {
		return o.opts.URLs[o.current]
	}
	return ""
}

// Run observes until ctx ends. It returns an error only where going on would be
// wrong; a node that does not answer is asked again.
func (o *Observer) Run(ctx context.Context) error {
	ticker := time.NewTicker(pollInterval)
	defer ticker.Stop()
	for {
		if err := o.poll(ctx); errors.Is(err, ErrNetworkChanged) {
			return err
		} else if err != nil && ctx.Err() == nil {
			o.current = (o.current + 1) % len(o.opts.Nodes)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		case <-o.wake:
		}
	}
}

// poll asks for the height once, and reads the blocks that are new.
func (o *Observer) poll(ctx context.Context) error {
	node := o.opts.Nodes[o.current]
	sent := time.Now()
	asking, cancel := withPatience(ctx, pollPatience)
	minute, err := node.Minute(asking)
	if late := context.Cause(asking); err != nil && errors.Is(late, context.DeadlineExceeded) {
		err = late
	}
	cancel()
	o.asked(ctx, sent, err)
	if err != nil {
		return err
	}
	answered := time.Now()
	seen := int64(answered.Sub(o.opts.Start))
	if minute.SavedHeight > o.newest {
		if !o.lastPoll.IsZero() {
			o.resolution.Store(max(o.resolution.Load(), int64(answered.Sub(o.lastPoll))))
		}
		o.newest = minute.SavedHeight
		o.unread = append(o.unread, sight{o.newest, seen})
	}
	o.lastPoll = sent
	state := NodeState{Minute: minute, At: seen, Scanned: o.next - 1}
	o.state.Store(&state)
	o.pace.polled(o.url(), state)
	for range blocksAPoll {
		if o.next > minute.SavedHeight {
			// Only a height whose blocks are there to read is believed.
			o.collector.Polled(int64(sent.Sub(o.opts.Start)), minute.SavedHeight)
			break
		}
		s, err := o.read(ctx, node, o.next)
		if rejected, code, _ := factomd.Classify(err); rejected && code == factomd.CodeNotFound {
			o.newest, o.unread = o.next-1, nil // it was not saved when the node said so
		}
		if err != nil {
			return err
		}
		s.Seen = o.firstSeen(o.next)
		b := o.collector.Block(s.Sighting)
		o.opts.Checker.saved(o.current, &s)
		o.pace.saved(b)
		if o.opts.Saved != nil {
			o.opts.Saved(b)
		}
		o.next++
		o.state.Store(&NodeState{Minute: minute, At: seen, Scanned: o.next - 1})
	}
	if uint64(minute.SavedHeight)+1 < uint64(o.next) {
		return errBehind
	}
	return nil
}

// errBehind says that a node lacks blocks that another one has, or that it had:
// it is loading its database, or is cut off.
var errBehind = errors.New("the node is behind")

// firstSeen returns when a height was first seen saved, be it long before its
// block could be read. Heights are asked for in order.
func (o *Observer) firstSeen(height uint32) int64 {
	for len(o.unread) > 1 && o.unread[0].height < height {
		o.unread = o.unread[1:]
	}
	return o.unread[0].at
}

// A scan is a directory block, as it was read from a node.
type scan struct {
	Sighting
	block factomd.DirectoryBlock
	read  []readBlock // in order: each one's entries follow the last one's
}

// A readBlock is an entry block whose entries are known, up to an end in
// [Sighting.Entries].
type readBlock struct {
	factomd.BlockRef
	end int
}

// reader returns which of the entry blocks that were read holds a place.
func (s *scan) reader(place int) int {
	return sort.Search(len(s.read), func(i int) bool { return s.read[i].end > place })
}

// holder returns the entry block that holds a drawn entry.
func (s *scan) holder(d drawn) factomd.BlockRef {
	if d.place >= 0 {
		return s.read[s.reader(d.place)].BlockRef
	}
	i := slices.IndexFunc(s.block.Chains, func(r factomd.BlockRef) bool { return r.ChainID == d.chain })
	return s.block.Chains[i]
}

// listed returns what the entry block of a drawn entry lists, or nil if it was not
// read.
func (s *scan) listed(d drawn) []factomd.Hash {
	if d.place < 0 {
		return nil
	}
	i, begin := s.reader(d.place), 0
	if i > 0 {
		begin = s.read[i-1].end
	}
	return s.Entries[begin:s.read[i].end]
}

// read fetches what a directory block holds of the run's chains.
func (o *Observer) read(ctx context.Context, node Node, height uint32) (s scan, err error) {
	s.Height = height
	block, err := node.DirectoryBlock(ctx, height)
	if err != nil {
		return s, err
	}
	s.block = block
	if block.NetworkID != o.opts.NetworkID {
		return s, fmt.Errorf("%w: block %d is of network %08x, not %08x",
			ErrNetworkChanged, height, block.NetworkID, o.opts.NetworkID)
	}
	for _, ref := range block.Chains {
		if factomd.IsSystemChain(ref.ChainID) {
			continue
		}
		s.Chains = append(s.Chains, ref.ChainID)
		if !o.collector.Tracks(ref.ChainID) {
			continue
		}
		entries, err := node.EntryBlock(ctx, ref.KeyMR)
		if err != nil {
			return s, err
		}
		if entries.ChainID != ref.ChainID || entries.Height != height {
			return s, fmt.Errorf("reading block %d: the entry block %s is of chain %s and block %d, not of chain %s",
				height, ref.KeyMR, entries.ChainID, entries.Height, ref.ChainID)
		}
		s.Entries = append(s.Entries, entries.Entries...)
		s.read = append(s.read, readBlock{ref, len(s.Entries)})
		if len(s.Entries) > maxSighting {
			return s, fmt.Errorf("reading block %d: it lists more than %d entries", height, maxSighting)
		}
	}
	return s, nil
}
