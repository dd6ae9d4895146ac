package factomdtest

import (
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"time"

	"github.com/FactomProject/factomd/common/primitives"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// answer carries out one call.
func (n *Node) answer(method string, params json.RawMessage) (any, *primitives.JSONError) {
	l := n.ledger
	l.mu.Lock()
	defer l.mu.Unlock()
	l.workOff()
	switch method {
	case "commit-entry":
		return l.commitEntry(params)
	case "commit-chain":
		return l.commitChain(params)
	case "reveal-entry", "reveal-chain":
		return l.reveal(params)
	case "factoid-submit":
		return l.submitTransaction(params)
	case "ack":
		return l.ack(params)
	case "factoid-ack":
		id, ok := hash(params, "txid")
		if !ok {
			return nil, invalid("")
		}
		return l.factoidAck(id)
	case "tps-rate":
		return map[string]any{"totaltxrate": 0.5, "instanttxrate": 0.5}, nil
	case "properties":
		return map[string]any{"factomdversion": "6.12.0", "factomdapiversion": "2.0"}, nil
	case "heights":
		return map[string]any{
			"directoryblockheight": l.saved(), "leaderheight": l.saved(),
			"entryblockheight": l.saved(), "entryheight": l.saved(),
		}, nil
	case "current-minute":
		return l.currentMinute(), nil
	case "diagnostics":
		d := n.diagnosed()
		if d.Unknown {
			return nil, unknownMethod
		}
		return l.diagnostics(d), nil
	case "dblock-by-height":
		return l.directoryBlock(params)
	case "ecblock-by-height":
		return l.entryCreditBlock(params)
	case "entry-block":
		return l.entryBlock(params)
	case "entry":
		return l.entry(params)
	case "raw-data":
		return l.rawData(params)
	case "chain-head":
		return l.chainHead(params)
	case "pending-entries":
		return l.pendingEntries(), nil
	case "entry-credit-rate":
		return map[string]any{"rate": l.rate}, nil
	case "entry-credit-balance":
		return balance(params, primitives.ValidateECUserStr, l.credits)
	case "factoid-balance":
		return balance(params, primitives.ValidateFUserStr, l.factoids)
	}
	return nil, unknownMethod
}

func balance(params json.RawMessage, valid func(string) bool, balances map[[32]byte]int64) (any, *primitives.JSONError) {
	var request struct{ Address string }
	if json.Unmarshal(params, &request) != nil {
		return nil, invalid("")
	}
	var key [32]byte
	if valid(request.Address) {
		key = body(request.Address)
	} else if b, err := hex.DecodeString(request.Address); err == nil && len(b) == len(key) {
		key = [32]byte(b)
	} else {
		return nil, invalid("Invalid Address")
	}
	return map[string]any{"balance": balances[key]}, nil
}

func (l *ledger) currentMinute() any {
	minute := l.minute()
	return map[string]any{
		"leaderheight": l.saved(), "directoryblockheight": l.saved(), "minute": minute,
		"currentblockstarttime":   l.began.UnixNano(),
		"currentminutestarttime":  l.began.Add(time.Duration(minute) * l.blockTime / 10).UnixNano(),
		"currenttime":             time.Now().Add(l.ahead).UnixNano(),
		"directoryblockinseconds": l.blockSeconds,
		"stalldetected":           false, "faulttimeout": 120, "roundtimeout": 30,
	}
}

// atHeight returns the saved block that a call names by its height.
func (l *ledger) atHeight(params json.RawMessage) (*block, *primitives.JSONError) {
	var request struct{ Height int64 }
	if json.Unmarshal(params, &request) != nil || request.Height < 0 {
		return nil, invalid("Invalid Block Height passed")
	}
	if request.Height >= int64(len(l.blocks)) {
		return nil, blockNotFound
	}
	return l.blocks[request.Height], nil
}

// The chains of every directory block that hold no entries.
var systemChains = []string{strings.Repeat("00", 31) + "0a", strings.Repeat("00", 31) + "0c", strings.Repeat("00", 31) + "0f"}

func (l *ledger) directoryBlock(params json.RawMessage) (any, *primitives.JSONError) {
	b, failure := l.atHeight(params)
	if failure != nil {
		return nil, failure
	}
	keyMR := b.keyMR
	if l.forge("dblock-by-height", keyMR) == Altered {
		keyMR[0] ^= 1
	}
	return map[string]any{"dblock": map[string]any{
		"header": b.wire.Header, "dbentries": b.wire.DBEntries,
		"dbhash": b.wire.DBHash, "keymr": keyMR, "headerhash": b.wire.HeaderHash,
	}, "rawdata": ""}, nil
}

func (l *ledger) entryCreditBlock(params json.RawMessage) (any, *primitives.JSONError) {
	b, failure := l.atHeight(params)
	if failure != nil {
		return nil, failure
	}
	entries := []any{map[string]int{"serverindexnumber": 0}}
	for _, c := range b.commits {
		entries = append(entries, c.wire)
	}
	for minute := 1; minute <= 10; minute++ {
		entries = append(entries, map[string]int{"number": minute})
	}
	return map[string]any{"ecblock": map[string]any{
		"header": map[string]any{
			"bodyhash": unique(), "prevheaderhash": unique(), "prevfullhash": unique(), "dbheight": b.height,
			"headerexpansionarea": "", "objectcount": len(entries), "bodysize": 0,
			"chainid": systemChains[1], "ecchainid": systemChains[1],
		},
		"body": map[string]any{"entries": entries},
	}, "rawdata": ""}, nil
}

func (l *ledger) entryBlock(params json.RawMessage) (any, *primitives.JSONError) {
	key, ok := hash(params, "keymr")
	if !ok {
		return nil, invalid("Invalid Hash")
	}
	c, how := l.byKey[key], l.forge("entry-block", key)
	if c == nil || how == Hidden {
		return nil, blockNotFound
	}
	began := l.blocks[c.height].closed.Unix() / 60 * 60
	type row struct {
		EntryHash factomd.Hash `json:"entryhash"`
		Timestamp int64        `json:"timestamp"`
	}
	rows := make([]row, len(c.entries))
	for i, e := range c.entries {
		rows[i] = row{e, began + 60}
	}
	if how == Altered {
		rows = rows[1:]
	}
	return map[string]any{
		"header": map[string]any{
			"blocksequencenumber": c.sequence, "chainid": c.chainID, "prevkeymr": c.previous, "timestamp": began, "dbheight": c.height,
		},
		"entrylist": rows,
	}, nil
}

func (l *ledger) entry(params json.RawMessage) (any, *primitives.JSONError) {
	id, ok := hash(params, "hash")
	if !ok {
		return nil, invalid("Invalid Hash")
	}
	e, how := l.entries[id], l.forge("entry", id)
	if e == nil || e.gone || how == Hidden {
		return nil, entryNotFound
	}
	extIDs := []string{}
	for _, x := range e.ExternalIDs() {
		extIDs = append(extIDs, hex.EncodeToString(x))
	}
	content := e.GetContent()
	if how == Altered {
		content = append(slices.Clone(content), '!')
	}
	return map[string]any{"chainid": hashOf(e.ChainID), "content": hex.EncodeToString(content), "extids": extIDs}, nil
}

// rawData has entry blocks and entries alone.
func (l *ledger) rawData(params json.RawMessage) (any, *primitives.JSONError) {
	id, ok := hash(params, "hash")
	if !ok {
		return nil, invalid("Invalid Hash")
	}
	var raw []byte
	if c := l.byKey[id]; c != nil {
		raw = c.raw
	} else if e := l.entries[id]; e != nil && !e.gone {
		raw, _ = e.MarshalBinary() // as it was read
	}
	how := l.forge("raw-data", id)
	if raw == nil || how == Hidden {
		return nil, objectNotFound
	}
	if how == Altered {
		raw = slices.Clone(raw)
		raw[len(raw)-33] ^= 1 // of a block, in its last entry
	}
	return map[string]any{"data": hex.EncodeToString(raw)}, nil
}

// forge says how what a hash names is served.
func (l *ledger) forge(method string, of factomd.Hash) Forgery {
	if l.forgery == nil {
		return ""
	}
	return l.forgery(method, of)
}

// chainHead answers as factomd's wsapi/wsapiV2.go does.
func (l *ledger) chainHead(params json.RawMessage) (any, *primitives.JSONError) {
	id, ok := hash(params, "chainid")
	if !ok {
		return nil, invalid("Invalid Hash")
	}
	head, pending := "", false
	if c := l.heads[id]; c != nil {
		head = c.keyMR.String()
	}
	for _, c := range l.building.chains {
		pending = pending || c.chainID == id
	}
	if head == "" && !pending {
		return nil, noChainHead
	}
	return map[string]any{"chainhead": head, "chaininprocesslist": pending}, nil
}

// pendingEntries lists what is in no saved block, as factomd's state/state.go
// does: commits without a reveal have no chain id.
func (l *ledger) pendingEntries() any {
	type row struct {
		EntryHash factomd.Hash  `json:"entryhash"`
		ChainID   *factomd.Hash `json:"chainid"`
		Status    string        `json:"status"`
	}
	rows := []row{}
	for _, c := range l.building.chains {
		for _, e := range c.entries {
			rows = append(rows, row{e, &c.chainID, acknowledged})
		}
	}
	for _, c := range l.building.commits {
		if l.entries[c.entry] == nil {
			rows = append(rows, row{c.entry, nil, acknowledged})
		}
	}
	return rows
}

// The statuses of factomd common/constants/ack.go that the double can see.
const (
	unknown      = "Unknown"
	acknowledged = "TransactionACK"
	confirmed    = "DBlockConfirmed"
)

// ack answers as factomd's wsapi/ack.go and state/ack.go do. What waits for
// credits, a commit or a chain is Unknown there, too.
func (l *ledger) ack(params json.RawMessage) (any, *primitives.JSONError) {
	var request struct{ ChainID string }
	if json.Unmarshal(params, &request) != nil || len(request.ChainID) != 64 && request.ChainID != "c" && request.ChainID != "f" {
		return nil, invalid("ChainID must be 64 hex encoded characters")
	}
	id, ok := hash(params, "hash")
	if !ok {
		return nil, invalid("Hash must be 64 hex encoded characters")
	}
	type data struct {
		Status string `json:"status"`
	}
	type status struct {
		CommitTxID string `json:"committxid"`
		EntryHash  string `json:"entryhash"`
		CommitData data   `json:"commitdata"`
		EntryData  data   `json:"entrydata"`
	}
	switch request.ChainID {
	case "f", systemChains[2]:
		return l.factoidAck(id)
	case "c", systemChains[1]:
		return status{CommitTxID: id.String(), CommitData: data{l.commitStatus(id)}}, nil
	}
	s := status{EntryHash: id.String(), CommitData: data{unknown}, EntryData: data{unknown}}
	c := l.commits[id]
	if e := l.entries[id]; e != nil {
		c = e.commit
		s.EntryData.Status = l.reached(e.height)
		if e.gone {
			// It is in the filter against repetitions, and in no block.
			s.EntryData.Status = acknowledged
		}
	}
	if c != nil {
		s.CommitTxID, s.CommitData.Status = c.txid.String(), l.reached(c.height)
	}
	return s, nil
}

func (l *ledger) commitStatus(txid factomd.Hash) string {
	for _, b := range append(l.blocks[:len(l.blocks):len(l.blocks)], l.building) {
		for _, c := range b.commits {
			if c.txid == txid {
				return l.reached(c.height)
			}
		}
	}
	return unknown
}

// reached says how far what is in the block of a height has come.
func (l *ledger) reached(height uint32) string {
	if height <= l.saved() {
		return confirmed
	}
	return acknowledged
}

func (l *ledger) factoidAck(id factomd.Hash) (any, *primitives.JSONError) {
	s := unknown
	if height, ok := l.paid[id]; ok {
		s = l.reached(height)
	}
	return map[string]any{"txid": id, "status": s}, nil
}
