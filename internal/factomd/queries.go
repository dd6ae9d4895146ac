package factomd

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/FactomProject/factom"
)

// maxListed bounds the entries that a block may list. A busy minute has some
// thousands; a reply of 64 MiB cannot have more than this.
const maxListed = 1 << 20

// Version returns the version that the node says it has.
func (c *Client) Version(ctx context.Context) (string, error) {
	var reply factom.Properties
	err := c.Call(ctx, "properties", nil, &reply)
	return Printable(reply.FactomdVersion, 64), err
}

// A Minute is where the network is, as one node sees it.
type Minute struct {
	LeaderHeight uint32    // of the block that the process lists have finished
	SavedHeight  uint32    // of the newest directory block in the node's database
	Minute       int       // 0 to 10, of the block being built
	BlockSeconds int       // length of a directory block
	Stalled      bool      // the node says so; it flickers when blocks last 10 s or less
	Clock        time.Time // the node's when it answered, or zero
}

// Minute returns where the network is. It is the cheapest call there is.
func (c *Client) Minute(ctx context.Context) (Minute, error) {
	var reply factom.CurrentMinuteInfo
	if err := c.Call(ctx, "current-minute", nil, &reply); err != nil {
		return Minute{}, err
	}
	if !isHeight(reply.LeaderHeight) || !isHeight(reply.DirectoryBlockHeight) ||
		reply.Minute < 0 || reply.Minute > 10 ||
		reply.DirectoryBlockInSeconds < 0 || reply.DirectoryBlockInSeconds > 24*60*60 {
		return Minute{}, c.Wrong("current-minute", "reply out of range", fmt.Sprintf("%+v", reply))
	}
	m := Minute{
		LeaderHeight: uint32(reply.LeaderHeight),
		SavedHeight:  uint32(reply.DirectoryBlockHeight),
		Minute:       int(reply.Minute),
		BlockSeconds: int(reply.DirectoryBlockInSeconds),
		Stalled:      reply.StallDetected,
	}
	if reply.CurrentTime > 0 {
		m.Clock = time.Unix(0, reply.CurrentTime)
	}
	return m, nil
}

func isHeight(h int64) bool { return h >= 0 && h <= math.MaxUint32 }

// A DirectoryBlock lists the blocks of all chains that got something.
type DirectoryBlock struct {
	Height    uint32
	NetworkID uint32
	KeyMR     Hash
	Previous  Hash // key MR of the block before it, or zero where it does not say
	// Root is the key MR that follows from what the block says and lists, or zero if
	// it does not say enough. Whether it has to be the same is for the caller to
	// judge.
	Root   Hash
	Chains []BlockRef
}

// A BlockRef names the block of one chain.
type BlockRef struct{ ChainID, KeyMR Hash }

// IsSystemChain reports whether a chain is the admin (0a), entry-credit (0c) or
// factoid (0f) chain, which every directory block lists and which hold no
// entries.
func IsSystemChain(id Hash) bool {
	last := id[31]
	id[31] = 0
	return id.IsZero() && (last == 0x0a || last == 0x0c || last == 0x0f)
}

type heightParams struct {
	Height uint32 `json:"height"`
	NoRaw  bool   `json:"noraw"`
}

// DirectoryBlock returns the directory block of a height. Where there is none
// yet the node refuses with [CodeNotFound].
func (c *Client) DirectoryBlock(ctx context.Context, height uint32) (DirectoryBlock, error) {
	const method = "dblock-by-height"
	var reply struct {
		DBlock *factom.DBlock `json:"dblock"`
	}
	read := func(d *json.Decoder) error { return d.Decode(&reply) }
	if err := c.query(ctx, method, heightParams{height, true}, c.maxReply, read); err != nil {
		return DirectoryBlock{}, err
	}
	if reply.DBlock == nil {
		return DirectoryBlock{}, c.Wrong(method, "reply is malformed", "no block in it")
	}
	block, err := directoryBlock(reply.DBlock)
	if err != nil {
		return DirectoryBlock{}, c.Wrong(method, "reply is malformed", err.Error())
	}
	if block.Height != height {
		return DirectoryBlock{}, c.Wrong(method, "reply for another block",
			fmt.Sprintf("asked for height %d, got %d", height, block.Height))
	}
	return block, nil
}

func directoryBlock(b *factom.DBlock) (DirectoryBlock, error) {
	id, height := int64(b.Header.NetworkID), int64(b.Header.DBHeight)
	if id < 0 || id > math.MaxUint32 || !isHeight(height) {
		return DirectoryBlock{}, errors.New("network id or height out of range")
	}
	keyMR, err := ParseHash(b.KeyMR)
	if err != nil {
		return DirectoryBlock{}, fmt.Errorf("key MR: %w", err)
	}
	block := DirectoryBlock{
		Height:    uint32(height),
		NetworkID: uint32(id),
		KeyMR:     keyMR,
		Chains:    make([]BlockRef, len(b.DBEntries)),
	}
	listed := make(map[Hash]struct{}, len(b.DBEntries))
	for i, e := range b.DBEntries {
		chain, chainErr := ParseHash(e.ChainID)
		key, keyErr := ParseHash(e.KeyMR)
		if err := errors.Join(chainErr, keyErr); err != nil {
			return DirectoryBlock{}, fmt.Errorf("chain %d: %w", i, err)
		}
		if _, twice := listed[chain]; twice {
			return DirectoryBlock{}, fmt.Errorf("chain %d: it is there twice", i)
		}
		listed[chain] = struct{}{}
		block.Chains[i] = BlockRef{chain, key}
	}
	if previous, err := ParseHash(b.Header.PrevKeyMR); err == nil {
		block.Previous = previous
	}
	block.Root = directoryBlockRoot(b, block.Chains)
	return block, nil
}

// directoryBlockRoot computes a key MR as factomd common/directoryBlock does: of
// the header's hash and the Merkle root of the list, which is in the header, too.
func directoryBlockRoot(b *factom.DBlock, chains []BlockRef) Hash {
	prevKeyMR, keyErr := ParseHash(b.Header.PrevKeyMR)
	prevFull, fullErr := ParseHash(b.Header.PrevFullHash)
	if keyErr != nil || fullErr != nil {
		return Hash{}
	}
	listed := make([]Hash, len(chains))
	for i, c := range chains {
		listed[i] = hashPair(c.ChainID, c.KeyMR)
	}
	body := merkleRoot(listed)
	header := []byte{byte(b.Header.Version)}
	header = binary.BigEndian.AppendUint32(header, uint32(b.Header.NetworkID))
	header = slices.Concat(header, body[:], prevKeyMR[:], prevFull[:])
	header = binary.BigEndian.AppendUint32(header, uint32(b.Header.Timestamp))
	header = binary.BigEndian.AppendUint32(header, uint32(b.Header.DBHeight))
	header = binary.BigEndian.AppendUint32(header, uint32(len(chains)))
	return hashPair(sha256.Sum256(header), body)
}

// merkleRoot is the root over some hashes, for which it has no use afterwards; of
// none it is zero. A hash without a partner is its own.
func merkleRoot(hashes []Hash) Hash {
	for len(hashes) > 1 {
		above := hashes[:0]
		for i := 0; i < len(hashes); i += 2 {
			above = append(above, hashPair(hashes[i], hashes[min(i+1, len(hashes)-1)]))
		}
		hashes = above
	}
	if len(hashes) == 0 {
		return Hash{}
	}
	return hashes[0]
}

func hashPair(left, right Hash) Hash { return sha256.Sum256(slices.Concat(left[:], right[:])) }

// An EntryBlock is what one chain got in one directory block.
type EntryBlock struct {
	ChainID Hash
	Height  uint32 // of the directory block
	Entries []Hash
}

// EntryBlock returns the block of a chain that keyMR names.
func (c *Client) EntryBlock(ctx context.Context, keyMR Hash) (EntryBlock, error) {
	var block EntryBlock
	err := c.query(ctx, "entry-block", map[string]Hash{"keymr": keyMR}, c.maxReply, func(d *json.Decoder) error {
		return object(d, func(name string) error {
			switch name {
			case "header":
				var header struct {
					ChainID Hash   `json:"chainid"`
					Height  uint32 `json:"dbheight"`
				}
				err := d.Decode(&header)
				block.ChainID, block.Height = header.ChainID, header.Height
				return err
			case "entrylist":
				return entryHashes(d, &block.Entries)
			}
			return skip(d)
		})
	})
	if err == nil && block.ChainID.IsZero() {
		err = c.Wrong("entry-block", "reply is malformed", "no chain id in it")
	}
	if err != nil {
		return EntryBlock{}, err
	}
	return block, nil
}

// entryHashes reads a list of objects and appends the entry hashes of those
// that have one.
func entryHashes(d *json.Decoder, dst *[]Hash) error {
	return array(d, maxListed, func() error {
		var listed struct {
			EntryHash Hash `json:"entryhash"`
		}
		err := d.Decode(&listed)
		if err == nil && !listed.EntryHash.IsZero() {
			*dst = append(*dst, listed.EntryHash)
		}
		return err
	})
}

// A Status is how far the node has seen a commit, an entry or a transaction get
// (factomd common/constants/ack.go).
type Status string

// The statuses.
const (
	StatusUnknown      Status = "Unknown"         // never seen, dropped, or held until something else arrives
	StatusInvalid      Status = "Invalid"         // the hash is of nothing that can be confirmed
	StatusNotConfirmed Status = "NotConfirmed"    // held, in no process list
	StatusACK          Status = "TransactionACK"  // in a leader's process list
	StatusConfirmed    Status = "DBlockConfirmed" // in a saved directory block
)

// Accepted reports whether a leader has it in its process list, or it is in a
// saved block.
func (s Status) Accepted() bool { return s == StatusACK || s == StatusConfirmed }

// Confirmed reports whether it is in a saved directory block.
func (s Status) Confirmed() bool { return s == StatusConfirmed }

func status(data factom.TransactionData) Status { return Status(Printable(data.Status, 32)) }

// An Ack is the status of an entry and of the commit that pays for it.
type Ack struct{ Commit, Entry Status }

type ackParams struct {
	Hash    Hash   `json:"hash"`
	ChainID string `json:"chainid"`
}

// Ack returns the status of an entry. It costs the node a scan of everything
// that waits, as long as the entry is in no block.
func (c *Client) Ack(ctx context.Context, entry Hash) (Ack, error) {
	// Any chain id but the system chains' says that the hash is an entry's; it
	// is not compared (factomd wsapi/ack.go).
	var reply factom.EntryStatus
	if err := c.Call(ctx, "ack", ackParams{entry, Hash{}.String()}, &reply); err != nil {
		return Ack{}, err
	}
	if reply.EntryHash != entry.String() {
		return Ack{}, c.Wrong("ack", "reply for another entry", reply.EntryHash)
	}
	return Ack{Commit: status(reply.CommitData), Entry: status(reply.EntryData)}, nil
}

// FactoidAck returns the status of a factoid transaction.
func (c *Client) FactoidAck(ctx context.Context, txid Hash) (Status, error) {
	var reply factom.FactoidTxStatus
	if err := c.Call(ctx, "ack", ackParams{txid, "f"}, &reply); err != nil {
		return "", err
	}
	if reply.TxID != txid.String() {
		return "", c.Wrong("ack", "reply for another transaction", reply.TxID)
	}
	return status(reply.TransactionData), nil
}

// ECBalance returns the entry credits of an address (EC...), what is in the
// current process list included.
func (c *Client) ECBalance(ctx context.Context, address string) (int64, error) {
	return c.balance(ctx, "entry-credit-balance", address)
}

// FactoidBalance returns the factoshis of an address (FA...), what is in the
// current process list included.
func (c *Client) FactoidBalance(ctx context.Context, address string) (int64, error) {
	return c.balance(ctx, "factoid-balance", address)
}

func (c *Client) balance(ctx context.Context, method, address string) (int64, error) {
	var reply struct {
		Balance *int64 `json:"balance"`
	}
	if err := c.Call(ctx, method, map[string]string{"address": address}, &reply); err != nil {
		return 0, err
	}
	if reply.Balance == nil {
		return 0, c.Wrong(method, "reply is malformed", "no balance in it")
	}
	return *reply.Balance, nil
}

// ECRate returns the price of one entry credit in factoshis, above 0.
func (c *Client) ECRate(ctx context.Context) (uint64, error) {
	var reply struct {
		Rate uint64 `json:"rate"`
	}
	if err := c.Call(ctx, "entry-credit-rate", nil, &reply); err != nil {
		return 0, err
	}
	if reply.Rate == 0 {
		return 0, c.Wrong("entry-credit-rate", "reply out of range", "a rate of 0")
	}
	return reply.Rate, nil
}

// TransactionRate returns how many transactions a second the node processes, by its
// own count: entries once, the first ones of chains twice, factoid transactions once,
// no commits. It is a moving average, of a third for what came since the last time
// that it was worked out, 3 s before or longer (factomd state/state.go,
// CalculateTransactionRate).
func (c *Client) TransactionRate(ctx context.Context) (float64, error) {
	const method = "tps-rate"
	var reply struct {
		Instant *float64 `json:"instanttxrate"`
	}
	if err := c.Call(ctx, method, nil, &reply); err != nil {
		return 0, err
	}
	if reply.Instant == nil || *reply.Instant < 0 || *reply.Instant > 1e9 {
		return 0, c.Wrong(method, "reply out of range", "its rate is missing, or is none")
	}
	return *reply.Instant, nil
}

// SubmitTransaction hands a factoid transaction to the node. Success says only
// that the node queued it: see [Client.FactoidAck].
func (c *Client) SubmitTransaction(ctx context.Context, tx []byte) error {
	const method = "factoid-submit"
	txid, err := transactionID(tx)
	if err != nil {
		return err
	}
	var reply struct {
		TxID string `json:"txid"`
	}
	if err := c.Call(ctx, method, map[string]string{"transaction": hex.EncodeToString(tx)}, &reply); err != nil {
		return err
	}
	if reply.TxID != txid.String() {
		return c.Wrong(method, "reply for another transaction", reply.TxID)
	}
	return nil
}

// Wrong is the error of a reply to a query that parses and cannot be right. It is
// for callers, too, who know more of what the answer must be: [ErrWrongReply].
func (c *Client) Wrong(method, message, detail string) error {
	return fmt.Errorf("asking %s for %s: %w", c.URL(), method, wrongReply(message, detail))
}
