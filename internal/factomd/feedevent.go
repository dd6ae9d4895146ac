package factomd

import (
	"errors"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
)

// FeedKind says what a [FeedEvent] is about.
type FeedKind int

// The kinds of events.
const (
	FeedCommit FeedKind = iota + 1 // of an entry or of a chain
	FeedReveal
	FeedChange // of a commit's or a reveal's state: which, only the order says
	FeedMinute // a minute of the block being built has begun
	FeedBlock  // a directory block was saved
)

// String returns the kind in a word.
func (k FeedKind) String() string {
	switch k {
	case FeedCommit:
		return "commit"
	case FeedReveal:
		return "reveal"
	case FeedChange:
		return "change"
	case FeedMinute:
		return "minute"
	case FeedBlock:
		return "block"
	}
	return "unknown"
}

// A FeedEvent is one thing that a node has seen.
type FeedEvent struct {
	Kind FeedKind
	// Accepted, of commits, reveals and changes: it is in a leader's process list.
	// If not, it has arrived at the node.
	Accepted bool
	// Entry is the hash of the entry, of commits, reveals and changes. A node sends
	// a change with it for an entry's commit and then for its reveal; for the
	// commit of a chain it has the hash of the chain's id.
	Entry Hash
	// Source numbers the sender, from 0 to below [FeedSources]. A node that dials
	// again keeps its number, unless others do so at the same time.
	Source int
	At     time.Time // when it was read; the feed has no times of its own
	Height uint32    // of minutes: the block being built; of blocks: the block, or 0 if not known
	Minute int       // of minutes: 1 to 10
}

// inState takes in an entity's state, and reports whether it is of interest: a
// rejection can be about a copy of what was accepted.
func (e *FeedEvent) inState(state uint64) bool {
	e.Accepted = state == stateAccepted
	return e.Accepted || state == stateRequested
}

// The field numbers of the messages, from factomd's
// events/eventmessages/*.proto.
const (
	eventSource           = 1
	eventChainCommit      = 4
	eventEntryCommit      = 5
	eventEntryReveal      = 6
	eventStateChange      = 7
	eventDirectoryBlock   = 8
	eventProcessList      = 9
	commitState           = 1
	entryCommitHash       = 2
	chainCommitHash       = 3
	revealState           = 1
	revealEntry           = 2
	entryHash             = 1
	changeHash            = 1
	changeState           = 2
	blockCommitBlock      = 1
	blockHeader           = 1
	headerHeight          = 5
	processListNewBlock   = 1
	processListNewMinute  = 2
	newBlockHeight        = 1
	newMinuteMinute       = 1
	newMinuteHeight       = 2
	sourceLive            = 0
	stateRequested        = 0
	stateAccepted         = 1
	firstMinuteOfNewBlock = 1 // when factomd reports a new block (state/stateConsensus.go)
)

var errFeedMessage = errors.New("not a message of the live feed")

// parseFeedEvent reads a FactomEvent, or its beginning only if part is set. It
// returns false for events of no interest: other kinds, rejections, and replays of
// old blocks.
//
// JSON begins with a brace. No protobuf does: as a tag it would be of field 15, and
// a FactomEvent has those from 1 to 11.
func parseFeedEvent(b []byte, part bool) (FeedEvent, bool, error) {
	if len(b) > 0 && b[0] == '{' {
		return parseFeedJSON(b, part)
	}
	return parseFeedProtobuf(b, part)
}

func parseFeedProtobuf(b []byte, part bool) (FeedEvent, bool, error) {
	var (
		event  FeedEvent
		ok     bool
		source = uint64(sourceLive)
	)
	err := fields(b, part, func(n protowire.Number, v uint64, sub []byte) (err error) {
		switch n {
		case eventSource:
			source = v
		case eventChainCommit:
			event.Kind = FeedCommit
			ok, err = parseState(&event, sub, part, commitState, chainCommitHash, nil)
		case eventEntryCommit:
			event.Kind = FeedCommit
			ok, err = parseState(&event, sub, part, commitState, entryCommitHash, nil)
		case eventEntryReveal:
			event.Kind = FeedReveal
			ok, err = parseState(&event, sub, part, revealState, revealEntry, func(entry []byte) ([]byte, error) {
				return bytesField(entry, part, entryHash)
			})
		case eventStateChange:
			event.Kind = FeedChange
			ok, err = parseState(&event, sub, part, changeState, changeHash, nil)
		case eventDirectoryBlock:
			event.Kind, ok = FeedBlock, len(sub) > 0
			event.Height, err = parseBlockHeight(sub, part)
		case eventProcessList:
			event.Kind = FeedMinute
			ok, err = parseMinute(&event, sub, part)
		}
		return err
	})
	ok = ok && err == nil && source == sourceLive
	if !ok {
		return FeedEvent{}, false, err
	}
	return event, true, nil
}

// parseState reads a commit, a reveal or a change: its state, and the entry's hash, which
// inner finds in the field if it is not the field itself.
func parseState(event *FeedEvent, b []byte, part bool, state, hash protowire.Number, inner func([]byte) ([]byte, error)) (bool, error) {
	entityState := uint64(stateRequested)
	var found []byte
	err := fields(b, part, func(n protowire.Number, v uint64, sub []byte) (err error) {
		switch n {
		case state:
			entityState = v
		case hash:
			found = sub
			if inner != nil {
				found, err = inner(sub)
			}
		}
		return err
	})
	if err != nil {
		return false, err
	}
	if len(found) != len(event.Entry) {
		return false, unlessPart(part && len(found) < len(event.Entry))
	}
	copy(event.Entry[:], found)
	return event.inState(entityState), nil
}

// parseBlockHeight reads the height of a DirectoryBlockCommit; it is 0 if that
// is not in the part at hand.
func parseBlockHeight(b []byte, part bool) (uint32, error) {
	block, err := bytesField(b, part, blockCommitBlock)
	if err != nil {
		return 0, err
	}
	header, err := bytesField(block, part, blockHeader)
	if err != nil {
		return 0, err
	}
	var height uint64
	err = fields(header, part, func(n protowire.Number, v uint64, _ []byte) error {
		if n == headerHeight {
			height = v
		}
		return nil
	})
	return uint32(height), err
}

func parseMinute(event *FeedEvent, b []byte, part bool) (ok bool, err error) {
	err = fields(b, part, func(n protowire.Number, _ uint64, sub []byte) error {
		switch n {
		case processListNewBlock:
			ok, event.Minute = true, firstMinuteOfNewBlock
			return fields(sub, part, func(n protowire.Number, v uint64, _ []byte) error {
				if n == newBlockHeight {
					event.Height = uint32(v)
				}
				return nil
			})
		case processListNewMinute:
			ok = true
			return fields(sub, part, func(n protowire.Number, v uint64, _ []byte) error {
				switch n {
				case newMinuteMinute:
					event.Minute = int(min(v, 10))
				case newMinuteHeight:
					event.Height = uint32(v)
				}
				return nil
			})
		}
		return nil
	})
	return ok, err
}

// bytesField returns the last field of that number, or nothing.
func bytesField(b []byte, part bool, number protowire.Number) (found []byte, err error) {
	err = fields(b, part, func(n protowire.Number, _ uint64, sub []byte) error {
		if n == number {
			found = sub
		}
		return nil
	})
	return found, err
}

// fields calls field for each field of a message that is a number or has a
// length, and passes over the others. If b is only the beginning of the message,
// it hands over what there is of the last field and leaves it at that.
func fields(b []byte, part bool, field func(n protowire.Number, v uint64, sub []byte) error) error {
	for len(b) > 0 {
		number, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return unlessPart(part)
		}
		b = b[n:]
		var (
			value uint64
			sub   []byte
		)
		switch kind {
		case protowire.VarintType:
			value, n = protowire.ConsumeVarint(b)
		case protowire.BytesType:
			sub, n = protowire.ConsumeBytes(b)
			if n < 0 && part {
				if _, prefix := protowire.ConsumeVarint(b); prefix > 0 {
					return field(number, 0, b[prefix:])
				}
			}
		default:
			if n = protowire.ConsumeFieldValue(number, kind, b); n >= 0 {
				b = b[n:]
				continue
			}
		}
		if n < 0 {
			return unlessPart(part)
		}
		b = b[n:]
		if err := field(number, value, sub); err != nil {
			return err
		}
	}
	return nil
}

func unlessPart(part bool) error {
	if part {
		return nil
	}
	return errFeedMessage
}
