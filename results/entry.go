// Package results follows every planned entry to its outcome and keeps the
// record of a run.
//
// A [Collector] owns the life of each entry: it is told when an entry is
// planned and what became of its submission, hears of acceptance from a live
// feed or a [Sampler], and of confirmation from the directory blocks that an
// [Observer] reads. Everything that it learns goes to the run's record at once,
// so that a killed run can be accounted for; [Record] reads it back. Reports
// are folds over the record.
package results

import (
	"fmt"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// Never stands for an instant that did not come.
const Never int64 = -1

// An Entry is the whole life of one planned entry. Instants are nanoseconds of
// the harness's monotonic clock since the run's start, or [Never].
type Entry struct {
	Index    uint64       // position in planned order, from 0; setup chains come first
	Hash     factomd.Hash // zero if it was skipped before it was composed
	Chain    factomd.Hash // zero likewise
	Kind     Kind
	Phase    int
	Endpoint int
	Size     int // payload in bytes: content, ExtIDs, 2 bytes an ExtID
	Credits  int

	Planned   int64
	Sent      int64 // first byte of the commit handed to the socket
	Committed int64 // the commit call was answered
	Revealed  int64 // the reveal call was answered
	Accepted  int64 // first seen in a process list
	Confirmed int64 // first seen in a saved directory block
	GivenUp   int64 // skipped because it was too late, not because the run was stopped

	Height    uint32 // of the directory block, when confirmed
	Outcome   Outcome
	Stage     Stage // where it stopped, when lost; [StageReveal] too when it was refused or failed, and is paid for
	Late      bool  // it went out more than [LateAfter] after its planned instant
	Retried   int   // times that what a node had not answered was sent again
	Waited    bool  // the in-flight limit held it back
	Ambiguous bool  // confirmed although its submit was rejected or failed
	Unwatched bool  // its block was saved while nobody watched: Confirmed is when it was found
	Error     *Error
}

// Watched reports whether its block was seen being saved: only then is the instant
// of its confirmation one that a latency can count to.
func (e *Entry) Watched() bool { return e.Confirmed != Never && !e.Unwatched }

// Kind says what an entry is to its chain.
type Kind uint8

// The kinds of entries.
const (
	KindEntry Kind = iota // an entry in a chain that exists
	KindChain             // the first entry of a new chain
)

// String returns the word that exports use.
func (k Kind) String() string {
	if k == KindChain {
		return "chain"
	}
	return "entry"
}

// Outcome is what finally became of a planned entry: exactly one each.
type Outcome uint8

// The outcomes.
const (
	Pending   Outcome = iota // none yet: only in the record of a run that did not end
	Confirmed                // in a directory block
	Accepted                 // in a process list, and the wait was cut off before a saved block could show it
	Lost                     // the API said success, and no block has it
	Rejected                 // answered by a JSON-RPC error, never seen on the chain
	Failed                   // any other end without success, never seen on the chain
	Skipped                  // its slot passed without a send
)

var outcomeNames = [...]string{"pending", "confirmed", "accepted", "lost", "rejected", "failed", "skipped"}

// String returns the word that reports use.
func (o Outcome) String() string {
	if int(o) < len(outcomeNames) {
		return outcomeNames[o]
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// Stage is the last stage that a lost entry did not pass.
type Stage uint8

// The stages at which an entry can get lost.
const (
	NoStage       Stage = iota
	StageCommit         // its commit was never seen
	StageReveal         // its commit was seen, its reveal was not
	StageAccepted       // it was seen in a process list, then in no block
)

var stageNames = [...]string{"", "commit", "reveal", "accepted"}

// String returns the word that reports use, or "" for none.
func (s Stage) String() string {
	if int(s) < len(stageNames) {
		return stageNames[s]
	}
	return fmt.Sprintf("stage(%d)", uint8(s))
}

// Error is one kind of answer or failure that submits met.
type Error struct {
	Rejected bool   // a well-formed JSON-RPC error
	Code     int    // JSON-RPC code, HTTP status, or 0 for transport errors
	Message  string // printable and bounded
}

// Phase is one stretch of a run, of the setup or of the load. Its bounds are
// the planned ones; a run that was stopped did not reach all of them.
type Phase struct {
	Name     string
	Measured bool
	Start    int64 // nanoseconds since the run's start
	End      int64
}

// Block is one directory block that was saved during the run.
type Block struct {
	Height  uint32 `json:"height"`
	Seen    int64  `json:"seen"`    // when it was first seen saved, nanoseconds since the run's start
	Entries uint64 `json:"entries"` // in the chains of the run, others' included, those of hostile calls not
	Own     uint64 `json:"own"`     // of the run
}
