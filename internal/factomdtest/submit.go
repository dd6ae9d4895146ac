package factomdtest

import (
	"encoding/hex"
	"encoding/json"
	"time"

	"github.com/FactomProject/factomd/common/entryBlock"
	"github.com/FactomProject/factomd/common/entryCreditBlock"
	"github.com/FactomProject/factomd/common/factoid"
	"github.com/FactomProject/factomd/common/primitives"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// The errors of factomd wsapi/errors.go.
var (
	invalidRequest = primitives.NewJSONError(-32600, "Invalid Request", nil)
	unknownMethod  = primitives.NewJSONError(-32601, "Method not found", nil)
	blockNotFound  = primitives.NewJSONError(-32008, "Block not found", nil)
	objectNotFound = primitives.NewJSONError(-32008, "Object not found", nil)
	entryNotFound  = primitives.NewJSONError(-32008, "Entry not found", nil)
	noChainHead    = primitives.NewJSONError(-32009, "Missing Chain Head", nil)
)

func invalid(data string) *primitives.JSONError {
	return primitives.NewJSONError(-32602, "Invalid params", data)
}

// binary reads one parameter that holds bytes in hex.
func binary(params json.RawMessage, name string) ([]byte, bool) {
	var all map[string]any
	if json.Unmarshal(params, &all) != nil {
		return nil, false
	}
	text, _ := all[name].(string)
	b, err := hex.DecodeString(text)
	return b, err == nil && len(b) > 0
}

// hash reads one parameter that is a hash.
func hash(params json.RawMessage, name string) (h factomd.Hash, ok bool) {
	b, ok := binary(params, name)
	return h, ok && copy(h[:], b) == len(h) && len(b) == len(h)
}

// entryOf returns the hash of the entry that a call is about, or zero.
func entryOf(method string, params json.RawMessage) (h factomd.Hash) {
	c := Call{Method: method}
	switch message, _ := binary(params, "message"); {
	case method == "commit-entry" && len(message) >= 39:
		copy(h[:], message[7:39])
	case method == "commit-chain" && len(message) >= 103:
		copy(h[:], message[71:103])
	case c.reveals():
		if entry, ok := binary(params, "entry"); ok {
			return factomd.EntryHash(entry)
		}
	case method == "ack":
		h, _ = hash(params, "hash")
	}
	return h
}

func (l *ledger) commitEntry(params json.RawMessage) (any, *primitives.JSONError) {
	b, ok := binary(params, "message")
	c := entryCreditBlock.NewCommitEntry()
	if ok {
		_, err := c.UnmarshalBinaryData(b)
		ok = err == nil && (c.IsValid() || l.lax[Signatures])
	}
	if !ok {
		return nil, invalid("Invalid Commit Entry")
	}
	paid := &commit{
		entry: hashOf(c.EntryHash), txid: hashOf(c.GetSigHash()), credits: int64(c.Credits), payer: *c.ECPubKey, wire: c,
		stamp: c.GetTimestamp().GetTime(),
	}
	if failure := l.take(paid); failure != nil {
		return nil, failure
	}
	return map[string]any{"message": "Entry Commit Success", "txid": paid.txid, "entryhash": paid.entry}, nil
}

func (l *ledger) commitChain(params json.RawMessage) (any, *primitives.JSONError) {
	b, ok := binary(params, "message")
	c := entryCreditBlock.NewCommitChain()
	if ok {
		_, err := c.UnmarshalBinaryData(b)
		ok = err == nil && (c.IsValid() || l.lax[Signatures])
	}
	if !ok {
		return nil, invalid("Invalid Commit Chain")
	}
	paid := &commit{
		entry: hashOf(c.EntryHash), txid: hashOf(c.GetSigHash()), credits: int64(c.Credits), payer: *c.ECPubKey, wire: c,
		stamp: c.GetTimestamp().GetTime(), newChain: true, chainIDHash: hashOf(c.ChainIDHash),
	}
	if failure := l.take(paid); failure != nil {
		return nil, failure
	}
	return map[string]any{
		"message": "Chain Commit Success", "txid": paid.txid, "entryhash": paid.entry, "chainidhash": paid.chainIDHash,
	}, nil
}

// replayWindow is how far a commit's time may be off the node's own clock
// (factomd state/replay.go).
const replayWindow = time.Hour

// take processes a commit, unless one that pays as much is there. One that was
// heard before, or that is of another hour, is dropped without a word.
func (l *ledger) take(c *commit) *primitives.JSONError {
	if other := l.commits[c.entry]; other != nil && other.newChain == c.newChain && other.credits >= c.credits && !l.lax[Repeats] {
		return primitives.NewJSONError(-32011, "Repeated Commit", map[string]any{
			"info": "A commit with equal or greater payment already exists", "entryhash": c.entry,
		})
	}
	if off := (l.ahead + time.Since(c.stamp)).Abs(); off > replayWindow && !l.lax[Timestamps] {
		return nil
	}
	if l.heard[c.txid] && !l.lax[Repeats] {
		return nil
	}
	l.heard[c.txid] = true
	l.pay(c)
	return nil
}

func (l *ledger) reveal(params json.RawMessage) (any, *primitives.JSONError) {
	b, ok := binary(params, "entry")
	e := entryBlock.NewEntry()
	if ok {
		_, err := e.UnmarshalBinaryData(b)
		ok = err == nil && (e.IsValid() || l.lax[Sizes])
	}
	if !ok {
		return nil, invalid("Invalid Entry")
	}
	hash := hashOf(e.GetHash())
	first := hashOf(e.ChainID) == factomd.ChainID(e.ExternalIDs())
	if !l.drop(Reveal, hash, first) {
		l.enqueue(e)
	}
	return map[string]any{"message": "Entry Reveal Success", "entryhash": hash, "chainid": hashOf(e.ChainID)}, nil
}

func (l *ledger) submitTransaction(params json.RawMessage) (any, *primitives.JSONError) {
	b, ok := binary(params, "transaction")
	t := new(factoid.Transaction)
	if ok {
		_, err := t.UnmarshalBinaryData(b)
		ok = err == nil
	}
	if !ok {
		return nil, invalid("Unable to decode the transaction")
	}
	l.transfer(t)
	return map[string]any{"message": "Successfully submitted the transaction", "txid": hashOf(t.GetSigHash())}, nil
}
