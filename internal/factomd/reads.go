package factomd

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// CodeMissingChainHead is the JSON-RPC code for a chain that is neither in a
// saved block nor in a process list (factomd wsapi/errors.go).
const CodeMissingChainHead = -32009

// Heights is how far a node has come.
type Heights struct {
	Leader     uint32 // of the block that the process lists have finished
	Saved      uint32 // of the newest directory block in the node's database
	EntryBlock uint32 // the entry blocks are there up to this
	Entry      uint32 // the entries are there up to this
}

// Heights returns how far the node has come.
func (c *Client) Heights(ctx context.Context) (Heights, error) {
	var reply struct {
		Leader     *int64 `json:"leaderheight"`
		Saved      *int64 `json:"directoryblockheight"`
		EntryBlock *int64 `json:"entryblockheight"`
		Entry      *int64 `json:"entryheight"`
	}
	if err := c.Call(ctx, "heights", nil, &reply); err != nil {
		return Heights{}, err
	}
	var h Heights
	for _, f := range []struct {
		to   *uint32
		from *int64
	}{{&h.Leader, reply.Leader}, {&h.Saved, reply.Saved}, {&h.EntryBlock, reply.EntryBlock}, {&h.Entry, reply.Entry}} {
		if f.from == nil || !isHeight(*f.from) {
			return Heights{}, c.Wrong("heights", "reply out of range", "a height is missing, or is none")
		}
		*f.to = uint32(*f.from)
	}
	return h, nil
}

// Entry returns the entry that a hash names, pending or saved. What the node
// sends is hashed: another entry is an [ErrWrongReply]. An entry that the node
// does not know is refused with [CodeNotFound].
func (c *Client) Entry(ctx context.Context, hash Hash) (Entry, error) {
	const method = "entry"
	var reply struct {
		ChainID Hash     `json:"chainid"`
		Content string   `json:"content"`
		ExtIDs  []string `json:"extids"`
	}
	if err := c.Call(ctx, method, map[string]Hash{"hash": hash}, &reply); err != nil {
		return Entry{}, err
	}
	e := Entry{ChainID: reply.ChainID}
	var err error
	if e.Content, err = hex.DecodeString(reply.Content); err != nil {
		return Entry{}, c.Wrong(method, "reply is malformed", "its content is not hex")
	}
	for _, text := range reply.ExtIDs {
		id, err := hex.DecodeString(text)
		if err != nil {
			return Entry{}, c.Wrong(method, "reply is malformed", "an ExtID is not hex")
		}
		e.ExtIDs = append(e.ExtIDs, id)
	}
	if e.Payload() > MaxPayload {
		return Entry{}, c.Wrong(method, "reply is malformed", fmt.Sprintf("an entry of %d bytes", e.Payload()))
	}
	if got := EntryHash(e.Append(nil)); got != hash {
		return Entry{}, c.Wrong(method, "reply for another entry", got.String())
	}
	return e, nil
}

// A ChainHead is where a chain ends.
type ChainHead struct {
	KeyMR   Hash // of the newest saved entry block, zero if there is none yet
	Pending bool // it has entries in a process list
}

// ChainHead returns where a chain ends. A chain that the node does not know is
// refused with [CodeMissingChainHead].
func (c *Client) ChainHead(ctx context.Context, chain Hash) (ChainHead, error) {
	const method = "chain-head"
	var reply struct {
		KeyMR   *string `json:"chainhead"`
		Pending bool    `json:"chaininprocesslist"`
	}
	if err := c.Call(ctx, method, map[string]Hash{"chainid": chain}, &reply); err != nil {
		return ChainHead{}, err
	}
	head := ChainHead{Pending: reply.Pending}
	switch {
	case reply.KeyMR == nil:
		return ChainHead{}, c.Wrong(method, "reply is malformed", "no chain head in it")
	case *reply.KeyMR == "" && !head.Pending:
		return ChainHead{}, c.Wrong(method, "reply is malformed", "the chain is neither saved nor pending")
	case *reply.KeyMR != "":
		var err error
		if head.KeyMR, err = ParseHash(*reply.KeyMR); err != nil || head.KeyMR.IsZero() {
			return ChainHead{}, c.Wrong(method, "reply is malformed", "the chain head is no hash")
		}
	}
	return head, nil
}

// PendingEntries returns how many entries wait, in process lists or before. It
// costs the node a scan and a copy of everything that waits.
func (c *Client) PendingEntries(ctx context.Context) (count int, err error) {
	err = c.query(ctx, "pending-entries", nil, maxReply, func(d *json.Decoder) error {
		count = 0
		return array(d, maxListed, func() error {
			var listed struct {
				EntryHash Hash `json:"entryhash"`
			}
			if err := d.Decode(&listed); err != nil {
				return err
			}
			if listed.EntryHash.IsZero() {
				return errors.New("no entry hash in it")
			}
			count++
			return nil
		})
	})
	return count, err
}
