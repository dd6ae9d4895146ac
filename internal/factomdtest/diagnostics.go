package factomdtest

import "github.com/FactomProject/factom-load/internal/factomd"

// A Server is a leader or an audit server of the network.
type Server struct {
	ID     factomd.Hash
	Online bool // of an audit server
}

// Diagnostics is what a node says of how the network agrees on its blocks. The
// zero value is a follower of a network whose only leader makes blocks.
type Diagnostics struct {
	Leaders []Server // the network's own, if empty
	Audits  []Server
	// Behind is how many blocks the node is behind.
	Behind uint32
	// Syncing is the status while the node waits for Missing, or empty.
	Syncing string
	Missing []factomd.Hash
	// Election, if not nil, is for the place of the leader of this number, which is
	// also its VM.
	Election *int
	Round    int
	// Unknown says that the node is too old to know the call.
	Unknown bool
}

// Diagnose has the node say d from now on. Without it the node has one leader.
func (n *Node) Diagnose(d Diagnostics) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.diagnosis = d
}

func (n *Node) diagnosed() Diagnostics {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.diagnosis
}

// diagnostics answers as factomd's wsapi/wsapiV2.go does.
func (l *ledger) diagnostics(d Diagnostics) any {
	if len(d.Leaders) == 0 {
		d.Leaders = []Server{{ID: factomd.Hash{0x38, 0xba, 0xb1}}}
	}
	type object = map[string]any
	var leaders, audits []object // nil is null, as the node has it
	for i, s := range d.Leaders {
		leaders = append(leaders, object{"id": s.ID, "vm": i, "listheight": 0, "listlength": 0, "nextnil": 0})
	}
	for _, s := range d.Audits {
		audits = append(audits, object{"id": s.ID, "online": s.Online})
	}
	syncing := object{"status": "Processing"}
	if d.Syncing != "" {
		syncing = object{"status": d.Syncing, "received": len(d.Leaders) - len(d.Missing), "expected": len(d.Leaders), "missing": d.Missing}
	}
	elections := object{"inprogress": false}
	if e := d.Election; e != nil {
		elections = object{"inprogress": true, "vmindex": *e, "fedindex": *e, "fedid": d.Leaders[*e].ID, "round": d.Round}
	}
	return object{
		"name": "FNode0", "id": d.Leaders[0].ID, "publickey": factomd.Hash{}, "role": "Follower",
		"leaderheight": l.saved() + 1 - min(d.Behind, l.saved()+1), "currentminute": l.minute(),
		"currentminuteduration": 0, "previousminuteduration": 0,
		"balancehash": factomd.Hash{}, "tempbalancehash": factomd.Hash{}, "lastblockfromdbstate": false,
		"syncing": syncing, "authset": object{"leaders": leaders, "audits": audits}, "elections": elections,
	}
}
