package factomd

import (
	"context"
	"fmt"
	"slices"
)

// CodeUnknownMethod is the JSON-RPC code for a method that the node does not have
// (factomd wsapi/errors.go).
const CodeUnknownMethod = -32601

// maxServers bounds the servers that a node may list. MAIN has 65.
const maxServers = 1024

// Diagnostics is how the network agrees on its blocks, as one node sees it.
type Diagnostics struct {
	Height uint32 // of the block being built, which is above [Minute.LeaderHeight]
	Minute int    // 0 to 10, of that block
	// Leaders and Audits are the servers of that block by their identity chains,
	// in the node's order.
	Leaders []Hash
	Audits  []AuditServer
	// Waiting says which end the node waits for, of a minute or of a block; empty
	// while it processes messages. Missing are the leaders that it waits for.
	Waiting Wait
	Missing []Hash
	// Election is the one that goes on, or nil.
	Election *Election
}

// An AuditServer stands in for a leader that fails.
type AuditServer struct {
	ID     Hash
	Online bool
}

// A Wait is what a node waits for from all leaders before it goes on.
type Wait string

// The waits, by the node's words (factomd wsapi/wsapiV2.go, HandleV2Diagnostics).
const (
	WaitsForMinutes    Wait = "Syncing EOMs"   // the ends of the minute
	WaitsForSignatures Wait = "Syncing DBSigs" // the signatures of the block before
)

// An Election finds an audit server that takes a leader's place.
type Election struct {
	Leader Hash // that failed; zero if the node does not say
	VM     int  // that has no leader
	Round  int
}

// Diagnostics returns how the network agrees on its blocks. It costs the node a
// hash over all balances, twice: ask seldom. Nodes of old versions refuse it with
// [CodeUnknownMethod].
func (c *Client) Diagnostics(ctx context.Context) (Diagnostics, error) {
	const method = "diagnostics"
	var reply struct {
		Height  *int64 `json:"leaderheight"`
		Minute  int    `json:"currentminute"`
		Syncing *struct {
			Status  string `json:"status"`
			Missing []Hash `json:"missing"`
		} `json:"syncing"`
		Servers *struct {
			Leaders []struct {
				ID Hash `json:"id"`
			} `json:"leaders"`
			Audits []struct {
				ID     Hash `json:"id"`
				Online bool `json:"online"`
			} `json:"audits"`
		} `json:"authset"`
		Elections *struct {
			InProgress bool   `json:"inprogress"`
			VM         int    `json:"vmindex"`
			Leader     string `json:"fedid"`
			Round      int    `json:"round"`
		} `json:"elections"`
	}
	if err := c.Call(ctx, method, nil, &reply); err != nil {
		return Diagnostics{}, err
	}
	wrong := func(message, detail string) (Diagnostics, error) {
		return Diagnostics{}, c.Wrong(method, message, detail)
	}
	switch {
	case reply.Height == nil || reply.Syncing == nil || reply.Servers == nil || reply.Elections == nil:
		return wrong("reply is malformed", "a part of it is missing")
	case !isHeight(*reply.Height) || reply.Minute < 0 || reply.Minute > 10:
		return wrong("reply out of range", fmt.Sprintf("height %d, minute %d", *reply.Height, reply.Minute))
	case max(len(reply.Servers.Leaders), len(reply.Servers.Audits), len(reply.Syncing.Missing)) > maxServers:
		return wrong("reply out of range", fmt.Sprintf("more than %d servers", maxServers))
	}
	d := Diagnostics{Height: uint32(*reply.Height), Minute: reply.Minute}
	unnamed := slices.ContainsFunc(reply.Syncing.Missing, Hash.IsZero)
	for _, s := range reply.Servers.Leaders {
		d.Leaders = append(d.Leaders, s.ID)
		unnamed = unnamed || s.ID.IsZero()
	}
	for _, s := range reply.Servers.Audits {
		d.Audits = append(d.Audits, AuditServer(s))
		unnamed = unnamed || s.ID.IsZero()
	}
	if unnamed {
		return wrong("reply is malformed", "a server without an identity")
	}
	switch w := Wait(reply.Syncing.Status); w {
	case WaitsForMinutes, WaitsForSignatures:
		d.Waiting, d.Missing = w, reply.Syncing.Missing
	}
	if e := reply.Elections; e.InProgress {
		d.Election = &Election{VM: e.VM, Round: e.Round}
		if e.Leader != "" {
			var err error
			if d.Election.Leader, err = ParseHash(e.Leader); err != nil {
				return wrong("reply is malformed", "the leader of the election: "+err.Error())
			}
		}
		if e.VM < 0 || e.VM > maxServers || e.Round < 0 {
			return wrong("reply out of range", fmt.Sprintf("an election of VM %d, round %d", e.VM, e.Round))
		}
	}
	return d, nil
}
