package report

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// HostileKind has the figures of one kind of hostile calls, over all phases but
// for the latencies, which are of the measured ones.
type HostileKind struct {
	Kind     string `json:"kind"`
	Expected string `json:"expected"` // what a node must do about it
	Count    uint64 `json:"count"`    // calls that were due: the sum of the next three
	Right    uint64 `json:"right"`    // answered as expected
	Wrong    uint64 `json:"wrong"`    // answered otherwise, each a finding
	Failed   uint64 `json:"failed"`   // not answered: transport, timeout, HTTP error, or not sent for want of room in flight
	// CreditsSpent is what the calls cost that were answered as expected, in
	// entry credits. It is not in the totals, which are of planned entries.
	CreditsSpent uint64 `json:"credits_spent"`
	// LatencyMS is of the answered calls, from their planned instants. Of a call
	// that is prepared, such as by the commit that it repeats, only the request
	// that matters is timed: its planned instant is moved by the preparation.
	LatencyMS Latency         `json:"latency_ms"`
	Answers   []HostileAnswer `json:"answers"`
}

// HostileAnswer is one kind of answer to hostile calls, wanted or not.
type HostileAnswer struct {
	Code    int    `json:"code"`    // JSON-RPC code (negative), HTTP status, or 0
	Message string `json:"message"` // success, or as in errors
	Count   uint64 `json:"count"`
}

// Finding is something that a node did and must not do.
type Finding struct {
	AtS float64 `json:"at_s"` // when it was seen first, seconds since the start
	// Kind is wrong-answer, forbidden-entry (an entry is in a block that nobody
	// paid for, or that is not valid) or repeated-entry (it is there twice).
	Kind   string `json:"kind"`
	Name   string `json:"name"` // of the calls: a kind of hostile calls, or a method of queries
	Detail string `json:"detail"`
	Count  uint64 `json:"count"`
}

// success is the message of an answer that is no error.
const success = "success"

// hostileFold collects hostile calls.
type hostileFold map[scenarios.HostileKind]*hostileRow

type hostileRow struct {
	HostileKind
	latency distribution
	answers map[results.Error]uint64
}

func (f hostileFold) add(c results.Call, measured bool) {
	kind := scenarios.HostileKind(c.Name)
	row := f[kind]
	if row == nil {
		row = &hostileRow{answers: map[results.Error]uint64{}}
		row.Kind, row.Expected = c.Name, kind.Expected()
		f[kind] = row
	}
	row.Count++
	switch c.Outcome {
	case results.CallRight:
		row.Right++
		row.CreditsSpent += uint64(kind.Charged())
	case results.CallWrong:
		row.Wrong++
	default:
		row.Failed++
	}
	if measured && c.Outcome != results.CallFailed {
		row.latency.record(c.Ended - c.Planned)
	}
	row.answers[answerOf(c)]++
}

func answerOf(c results.Call) results.Error {
	if c.Err == nil {
		return results.Error{Message: success}
	}
	return *c.Err
}

// rows returns the kinds in the order that a scenario has them by default.
func (f hostileFold) rows() ([]HostileKind, error) {
	order := scenarios.HostileKinds()
	place := func(r HostileKind) int {
		if i := slices.Index(order, scenarios.HostileKind(r.Kind)); i >= 0 {
			return i
		}
		return len(order)
	}
	rows := []HostileKind{}
	for _, row := range f {
		var err error
		if row.LatencyMS, err = row.latency.latency(methodClock, 0); err != nil {
			return nil, err
		}
		row.Answers = []HostileAnswer{}
		for e, n := range row.answers {
			row.Answers = append(row.Answers, HostileAnswer{Code: e.Code, Message: e.Message, Count: n})
		}
		slices.SortFunc(row.Answers, func(a, b HostileAnswer) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Code, b.Code), cmp.Compare(a.Message, b.Message))
		})
		rows = append(rows, row.HostileKind)
	}
	slices.SortFunc(rows, func(a, b HostileKind) int {
		return cmp.Or(cmp.Compare(place(a), place(b)), cmp.Compare(a.Kind, b.Kind))
	})
	return rows, nil
}

// moreFindings stands for those that are not kept apart.
const moreFindings = "(more findings than are kept apart)"

// findingFold counts findings that are alike, [MaxListed] of them apart.
type findingFold struct {
	alike map[results.Finding]*Finding // without their instants
}

func (f *findingFold) add(found results.Finding) {
	at := seconds(found.At)
	found.At = 0
	if f.alike == nil {
		f.alike = map[results.Finding]*Finding{}
	}
	if f.alike[found] == nil && len(f.alike) >= MaxListed {
		found.Name, found.Detail = "", moreFindings
	}
	row := f.alike[found]
	if row == nil {
		row = &Finding{AtS: at, Kind: string(found.Kind), Name: found.Name, Detail: found.Detail}
		f.alike[found] = row
	}
	row.Count++
	row.AtS = min(row.AtS, at)
}

// call adds a call's answer if it is wrong.
func (f *findingFold) call(c results.Call) {
	if c.Outcome != results.CallWrong {
		return
	}
	answer := answerOf(c)
	detail := "answered with " + answer.Message
	if answer.Code != 0 {
		detail += fmt.Sprintf(" (%d)", answer.Code)
	}
	f.add(results.Finding{At: max(c.Planned, c.Ended), Kind: results.WrongAnswer, Name: c.Name, Detail: detail})
}

// rows returns the findings, the earliest first.
func (f *findingFold) rows() []Finding {
	rows := []Finding{}
	for _, row := range f.alike {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b Finding) int {
		return cmp.Or(cmp.Compare(a.AtS, b.AtS), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Detail, b.Detail))
	})
	return rows
}

func findingsText(n uint64) string {
	if n == 1 {
		return "1 finding"
	}
	return fmt.Sprintf("%d findings", n)
}

// hostileTotal is the sum over all kinds.
func (r *Report) hostileTotal() (sum HostileKind) {
	for _, row := range r.Hostile {
		sum.Count += row.Count
		sum.Right += row.Right
		sum.Wrong += row.Wrong
		sum.Failed += row.Failed
		sum.CreditsSpent += row.CreditsSpent
	}
	return sum
}

// findings is how many there are, those of checks included.
func (r *Report) findings() uint64 { return countOf(r.Findings) + countOf(r.Integrity.Findings) }

func countOf(findings []Finding) (n uint64) {
	for _, f := range findings {
		n += f.Count
	}
	return n
}
