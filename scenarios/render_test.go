package scenarios

import (
	"bytes"
	"fmt"
	"slices"
	"strconv"
)

// render writes a scenario out, with nothing left to a default and in spellings
// that files seldom use.
func render(s *Scenario) []byte {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	decimal := func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }
	span := func(t Span) string { return pick(decimal(t.Blocks)+" blocks", t.Time.String(), t.Blocks > 0) }
	quote := strconv.QuoteToASCII

	if s.Primary != "" {
		p("compare:\n  primary: %s", s.Primary)
	}
	if len(s.Thresholds) > 0 {
		p("thresholds:")
		for _, t := range s.Thresholds {
			p("- %q", t.Expression)
		}
	}
	if len(s.Abort.Rules) > 0 {
		p("abort_grace: %dns\nabort_on:", s.Abort.Grace)
		for _, r := range s.Abort.Rules {
			p("- %q", r.Expression)
		}
	}
	p("record:\n  checkpoint: %s\n  keep: %s\n  segment: %d B", s.Record.Checkpoint, s.Record.Keep, s.Record.Segment)
	if s.Record.Keep == KeepFailures {
		p("  sample: %d", s.Record.Sample)
	}
	p("confirm:\n  timeout: %s\n  until: %s", span(s.Confirm.Timeout), s.Confirm.Until)
	p("observe:\n  merkle: %d\n  content: %d", s.Observe.Merkle, s.Observe.Content)
	if f := s.Observe.LiveFeed; f != nil {
		p("  live_feed:\n    listen: %s", quote(f.Listen))
	}
	l := s.Load
	p("load:\n  in_flight: %d\n  submit_timeout: %dns\n  reveal: %s", l.InFlight, l.SubmitTimeout, l.Reveal)
	if l.Closed() {
		p("  think: %dns\n  users: %d", l.Think, l.Users)
	} else {
		p("  arrival: %s\n  late: %s\n  late_by: %dns", l.Arrival, l.Late, l.LateBy)
	}
	if q := l.Search; q != nil {
		p("  search:\n    to: %s /s\n    from: %s /s\n    within: %s /s\n    step: %s /s\n    hold: %s\n    stop_when:",
			decimal(q.To), decimal(q.From), decimal(q.Within), decimal(q.Step), span(q.Hold))
		for _, s := range q.StopWhen {
			p("    - %q", s.Expression)
		}
	}
	p("  phases:")
	for _, f := range l.Phases {
		p("  -\n    measured: %v # ?\n    for: %dns\n    name: %s", f.Measured, f.For, quote(f.Name))
		if f.Replay != nil {
			p("    replay: %s", quote(f.Replay.Path))
			continue
		}
		if l.Closed() {
			continue
		}
		shape := map[ShapeKind]string{
			Steps: fmt.Sprintf(" in  %d  steps", f.Shape.Steps), Spike: "  spike", Sine: fmt.Sprintf(" sine %dns", f.Shape.Period),
		}[f.Shape.Kind]
		p("    rate: %s /s..%s /s%s", decimal(f.From), decimal(f.To), shape)
	}
	if h := s.Hostile; h != nil {
		p("hostile:\n  arrival: %s\n  in_flight: %d\n  rate: %s /s\n  mix:", h.Arrival, h.InFlight, decimal(h.Rate))
		for _, i := range h.Mix {
			p("  - weight: %d\n    kind: %s", i.Weight, quote(string(i.Kind)))
		}
	}
	if q := s.Queries; q != nil {
		p("queries:\n  arrival: %s\n  in_flight: %d\n  rate: %s /s\n  mix:", q.Arrival, q.InFlight, decimal(q.Rate))
		for _, i := range q.Mix {
			p("  - weight: %d\n    method: %s", i.Weight, i.Method)
		}
	}
	w := s.Workload
	p("workload:\n  chains: %d\n  marker: %s", w.Chains, quote(w.Marker))
	switch {
	case w.Choose.Kind == Zipf:
		p("  choose: {zipf: %s}", decimal(w.Choose.Zipf))
	case w.Chains > 0:
		p("  choose: %s", w.Choose.Kind)
	}
	p("  mix:")
	for _, i := range w.Mix {
		p("  - extids: %d..%d\n    weight: %d\n    kind: %s", i.ExtIDs.Min, i.ExtIDs.Max, i.Weight, i.Kind)
		if i.Payload.Kind == FromFiles {
			p("    payload: {files: %s}", quote(i.Payload.Files.Path))
			continue
		}
		p("    payload: %s", i.Payload.Kind)
		switch {
		case i.Lognormal != nil:
			p("    size:\n      lognormal: {max: %dB, sigma: %s, median: %dB}", i.Size.Max, decimal(i.Lognormal.Sigma), i.Lognormal.Median)
		case len(i.Sizes) > 0:
			p("    size:")
			for _, size := range slices.Backward(i.Sizes) {
				p("      %dB: %d", size.Bytes, size.Weight)
			}
		default:
			p("    size: %dB..%dB", i.Size.Min, i.Size.Max)
		}
	}
	p("credits:\n  budget: %d\n  keys:", s.Credits.Budget)
	for _, key := range s.Credits.Keys {
		p("  - %s", quote(key))
	}
	if t := s.Credits.TopUp; t != nil {
		p("  topup: {buy: %d, below: %d}", t.Buy, t.Below)
	}
	p("network:")
	if s.Network.Expect != "" {
		p("  expect: %s", quote(s.Network.Expect))
	}
	if local := s.Network.Local; local != nil {
		p("  local: {block_time: %s, nodes: %d, db: %s}", local.BlockTime, local.Nodes, local.DB)
	} else {
		p("  endpoints:")
		for _, e := range s.Network.Endpoints {
			p("  - url: %s\n    weight: %d", quote(e.URL), e.Weight)
			if e.Auth != "" {
				p("    auth: %s", quote(e.Auth))
			}
		}
	}
	p("seed: %d\nname: %s\ndescription: %s\nversion: 1", s.Seed, quote(s.Name), quote(s.Description))
	return b.Bytes()
}
