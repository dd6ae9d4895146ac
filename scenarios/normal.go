package scenarios

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strconv"
)

// Normal is the scenario's normal form: what load is asked for, how far it is
// followed and what it must achieve, one value a line, in a fixed order and in
// fixed units. Two files with the same one ask for the same load.
//
// Left out are the name, the description, the network (which is compared apart),
// where a live feed is received, and the keys that pay. The names of phases are in: figures are compared phase
// by phase.
//
// The first line is the version of the form, to be raised with any change of what
// is there already. What was added later has a line only where it is used.
func (s *Scenario) Normal() []byte {
	var b bytes.Buffer
	line := func(key string, values ...any) {
		b.WriteString(key)
		for _, v := range values {
			b.WriteByte(' ')
			switch v := v.(type) {
			case float64:
				b.WriteString(strconv.FormatFloat(v, 'g', -1, 64))
			case Range:
				fmt.Fprintf(&b, "%d..%d", v.Min, v.Max)
			case string:
				b.WriteString(strconv.Quote(v))
			default:
				fmt.Fprint(&b, v)
			}
		}
		b.WriteByte('\n')
	}
	b.WriteString("factom-load/scenario/v1\n")
	line("seed", s.Seed)

	w := s.Workload
	line("chains", w.Chains)
	if w.Chains > 0 {
		line("choose", w.Choose.Kind, w.Choose.Zipf)
	}
	line("marker", w.Marker)
	for _, i := range w.Mix {
		line("item", i.Kind, i.Weight, i.Size, i.ExtIDs)
		for _, s := range i.Sizes {
			line("size", s.Bytes, s.Weight)
		}
		if l := i.Lognormal; l != nil {
			line("lognormal", l.Median, l.Sigma)
		}
		switch p := i.Payload; p.Kind {
		case Random:
		case FromFiles:
			line("payload", p.Kind, p.Files.SHA256)
		default:
			line("payload", p.Kind)
		}
	}

	l := s.Load
	if l.Closed() {
		line("users", l.Users, l.Think.Nanoseconds())
	}
	line("arrival", l.Arrival)
	line("in_flight", l.InFlight)
	line("late", l.Late)
	if l.Late == LateSkip {
		line("late_by_ns", l.LateBy.Nanoseconds())
	}
	line("submit_timeout_ns", l.SubmitTimeout.Nanoseconds())
	if l.Reveal != DefaultReveal {
		line("reveal", l.Reveal)
	}
	if s.Submit.Retry != DefaultRetry {
		line("submit_retry", s.Submit.Retry)
	}
	for _, p := range l.Phases {
		line("phase", p.Name, p.For.Nanoseconds(), p.From, p.To, p.Measured)
		switch {
		case p.Replay != nil:
			line("replay", p.Replay.SHA256)
		case p.Shape.Kind != Linear:
			line("shape", p.Shape.Kind, p.Shape.Steps, p.Shape.Period.Nanoseconds())
		}
	}
	if q := l.Search; q != nil {
		line("search", q.From, q.To, q.Step, q.Within)
		if q.Hold.Blocks > 0 {
			line("hold_blocks", q.Hold.Blocks)
		} else {
			line("hold_ns", q.Hold.Time.Nanoseconds())
		}
		for _, stop := range q.StopWhen {
			line("stop", stop.Expression)
		}
	}

	calls := func(name string, rate float64, inFlight int, arrival Arrival) {
		line(name, rate, inFlight)
		if arrival != l.Arrival {
			line(name+"_arrival", arrival)
		}
	}
	if q := s.Queries; q != nil {
		calls("queries", q.Rate, q.InFlight, q.Arrival)
		for _, i := range q.Mix {
			line("query", i.Method, i.Weight)
		}
	}
	if h := s.Hostile; h != nil {
		calls("hostile", h.Rate, h.InFlight, h.Arrival)
		for _, i := range h.Mix {
			line("hostile_kind", i.Kind, i.Weight)
		}
	}

	line("until", s.Confirm.Until)
	if t := s.Confirm.Timeout; t.Blocks > 0 {
		line("timeout_blocks", t.Blocks)
	} else {
		line("timeout_ns", t.Time.Nanoseconds())
	}
	if s.Observe.Content != DefaultContent {
		line("observe_content", s.Observe.Content)
	}
	if s.Observe.Merkle != DefaultMerkle {
		line("observe_merkle", s.Observe.Merkle)
	}
	line("budget", s.Credits.Budget)
	if t := s.Credits.TopUp; t != nil {
		line("topup", t.Below, t.Buy)
	}
	for _, t := range s.Thresholds {
		line("threshold", t.Expression)
	}
	for _, r := range s.Abort.Rules {
		line("abort", r.Expression)
	}
	if len(s.Abort.Rules) > 0 {
		line("abort_grace_ns", s.Abort.Grace.Nanoseconds())
	}
	line("primary", string(s.Primary))
	return b.Bytes()
}

// SHA256 is the hash of the normal form in hex: runs with the same one asked for
// the same load.
func (s *Scenario) SHA256() string {
	sum := sha256.Sum256(s.Normal())
	return hex.EncodeToString(sum[:])
}
