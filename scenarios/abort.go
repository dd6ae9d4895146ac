package scenarios

import (
	"fmt"
	"strings"
	"time"
)

// An Abort says when a run ends by itself, as its user would end it.
type Abort struct {
	Rules []AbortRule
	// Grace is how long a rule on a count must be met without a break. One on a
	// stall has a time of its own.
	Grace time.Duration
}

// An AbortRule is one condition on which a run ends.
type AbortRule struct {
	Expression string // as it was written, white space normalised
	On         AbortOn
	// Limit is what lost, failed and rejected must be above, in entries, or with
	// Fraction as a share, 0 to 1, of those that were submitted so far; and what
	// the credits must be below, of all keys together.
	Limit    float64
	Fraction bool
	For      Span // of a stall
}

// AbortOn names what an [AbortRule] looks at.
type AbortOn string

// What a rule can look at.
const (
	OnLost     AbortOn = "lost"     // accepted entries that are in neither block that could hold them
	OnFailed   AbortOn = "failed"   // entries
	OnRejected AbortOn = "rejected" // entries
	OnCredits  AbortOn = "credits"  // the balance
	OnStall    AbortOn = "stalled"  // no new saved block
)

const (
	maxAbortRules = 20
	maxGrace      = 24 * time.Hour
	abortHint     = "a rule is written lost > 0, failed > 1%, rejected > 10, stalled for 5m or credits < 1000"
)

func (d *decoder) abortRules(n *node, dst *[]AbortRule) bool {
	return d.sound(func() {
		for _, item := range d.list(n, 1, maxAbortRules) {
			var r AbortRule
			if value(d, item, parseAbortRule, &r) {
				*dst = append(*dst, r)
			}
		}
	})
}

func (d *decoder) grace(n *node, dst *time.Duration) bool {
	return value(d, n, func(text string) (time.Duration, *Problem) {
		grace, p := parseDuration(text)
		if p == nil && grace > maxGrace {
			p = complain("is longer than a day", "a rule that nobody sees met for a day ends nothing")
		}
		return grace, p
	}, dst)
}

func parseAbortRule(text string) (AbortRule, *Problem) {
	words := strings.Fields(strings.NewReplacer("<", " < ", ">", " > ").Replace(text))
	if len(words) < 3 {
		return AbortRule{}, complain("is no rule", abortHint)
	}
	op, limit := words[1], strings.Join(words[2:], "")
	r := AbortRule{On: AbortOn(words[0]), Expression: words[0] + " " + op + " " + limit}
	want := ">"
	switch r.On {
	case OnStall:
		want = "for"
	case OnCredits:
		want = "<"
	case OnLost, OnFailed, OnRejected:
	default:
		return r, complain(fmt.Sprintf("looks at %s, which no rule can", show(words[0])), abortHint)
	}
	if op != want {
		return r, complain(fmt.Sprintf("has %s where %s comes after %s", show(op), want, r.On), abortHint)
	}
	if r.On == OnStall {
		span, p := parseSpan(limit)
		if p != nil {
			return r, complain("has the time "+show(limit)+", which "+p.Message, p.Hint)
		}
		r.For = span
		return r, nil
	}
	n, unit, ok := number(limit)
	if ok && unit == "%" && (r.On == OnFailed || r.On == OnRejected) && n < 100 {
		r.Limit, r.Fraction = n/100, true
		return r, nil
	}
	whole, p := parseWhole(limit, 0, 1<<53)
	switch {
	case p != nil:
		return r, complain("has the limit "+show(limit)+", which "+p.Message, p.Hint)
	case r.On == OnCredits && whole == 0:
		return r, complain("is never met: a balance is not below 0", "write "+string(r.On)+" < 1 or more")
	}
	r.Limit = float64(whole)
	return r, nil
}
