package factomd

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// The lengths in bytes of the binary form of an entry block (factomd
// common/entryBlock/eblockHeader.go): four hashes, and three numbers of 4 bytes.
const (
	hashSize         = 32
	entryBlockHeader = 4*hashSize + 3*4
)

// MaxRawEntries is how many entries an entry block can have of which the binary form
// is read.
const MaxRawEntries = 1 << 17

// minuteMarks is how many marks of minutes are in a block at most.
const minuteMarks = 10

// maxRawReply bounds the reply with such a block: in hex, with some JSON around it.
const maxRawReply = 2*(entryBlockHeader+hashSize*(MaxRawEntries+minuteMarks)) + 1<<10

// A RawEntryBlock is an entry block by its own bytes, to which its key MR commits.
type RawEntryBlock struct {
	ChainID  Hash
	Previous Hash   // key MR of the chain's block before it, or zero
	Sequence uint32 // of the chain's blocks, from 0
	Height   uint32 // of the directory block
	Entries  []Hash // in order, without the marks of minutes between them
	// Root is the key MR that follows from the bytes. Whether it has to be the one
	// that was asked for is for the caller to judge.
	Root Hash
}

// RawEntryBlock returns the entry block that keyMR names, from its binary form. A
// block that the node does not know is refused with [CodeNotFound]; of one with more
// than [MaxRawEntries] the reply is too large.
func (c *Client) RawEntryBlock(ctx context.Context, keyMR Hash) (RawEntryBlock, error) {
	const method = "raw-data"
	var reply struct {
		Data string `json:"data"`
	}
	read := func(d *json.Decoder) error { return d.Decode(&reply) }
	if err := c.query(ctx, method, map[string]Hash{"hash": keyMR}, min(c.maxReply, maxRawReply), read); err != nil {
		return RawEntryBlock{}, err
	}
	raw, err := hex.DecodeString(reply.Data)
	if err != nil {
		return RawEntryBlock{}, c.Wrong(method, "reply is malformed", "it is not hex")
	}
	block, err := parseEntryBlock(raw)
	if err != nil {
		return RawEntryBlock{}, c.Wrong(method, "reply is malformed", err.Error())
	}
	return block, nil
}

// parseEntryBlock reads the binary form of an entry block, and computes its key MR
// as factomd common/entryBlock does: of the header's hash and the Merkle root of the
// body, which is in the header, too.
func parseEntryBlock(raw []byte) (b RawEntryBlock, err error) {
	if len(raw) < entryBlockHeader {
		return b, fmt.Errorf("an entry block of %d bytes", len(raw))
	}
	header, body := raw[:entryBlockHeader], raw[entryBlockHeader:]
	numbers := header[4*hashSize:]
	count := binary.BigEndian.Uint32(numbers[8:])
	if uint64(len(body)) != uint64(count)*hashSize {
		return b, fmt.Errorf("an entry block whose header says that %d hashes follow, with %d bytes of them", count, len(body))
	}
	b = RawEntryBlock{
		ChainID:  Hash(header[:hashSize]),
		Previous: Hash(header[2*hashSize:]),
		Sequence: binary.BigEndian.Uint32(numbers),
		Height:   binary.BigEndian.Uint32(numbers[4:]),
	}
	if b.ChainID.IsZero() {
		return RawEntryBlock{}, errors.New("an entry block without a chain id")
	}
	hashes := make([]Hash, 0, count)
	for h := range slices.Chunk(body, hashSize) {
		hash := Hash(h)
		hashes = append(hashes, hash)
		if !isMinuteMark(hash) {
			b.Entries = append(b.Entries, hash)
		}
	}
	b.Root = hashPair(sha256.Sum256(header), merkleRoot(hashes))
	return b, nil
}

// isMinuteMark tells what stands in an entry block after the entries of a minute: 31
// zeros and the minute's number, 1 to 10 (factomd common/entryBlock/eblockBody.go).
func isMinuteMark(h Hash) bool {
	minute := h[hashSize-1]
	h[hashSize-1] = 0
	return h.IsZero() && minute >= 1 && minute <= minuteMarks
}
