package scenarios

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"strings"
)

// Parse reads a scenario file, with the overrides put in place, later ones over
// earlier ones. It returns either a complete scenario or an error of type
// [Errors] that has every problem of the file and of the overrides. The name
// of the file is for messages, and for the scenario's name where it has none.
// Files that the scenario names are read, from the file's directory.
func Parse(data []byte, file string, sets ...Override) (*Scenario, error) {
	src := source{file: file}
	root := src.read(data, "", "")
	d := &decoder{dir: filepath.Dir(file), problems: src.problems}
	if root != nil && root.kind == null {
		d.report(root, "the scenario is empty", "the smallest one is: version: 1, and load: {phases: [{for: 60s, rate: 50/s}]}")
		return nil, d.problems.err(file)
	}
	for _, set := range sets {
		d.override(root, set)
	}
	if root == nil {
		return nil, d.problems.err(file)
	}
	s := d.scenario(root, file)
	if err := d.problems.err(file); err != nil {
		return nil, err
	}
	return s, nil
}

func (d *decoder) scenario(root *node, file string) *Scenario {
	s := &Scenario{
		Name:     nameOf(file),
		Seed:     DefaultSeed,
		Credits:  Credits{Budget: DefaultBudget},
		Workload: defaultWorkload(),
		Load:     defaultLoad(),
		Submit:   Submit{Retry: DefaultRetry},
		Confirm:  Confirm{Until: DefaultUntil, Timeout: Span{Blocks: DefaultTimeoutBlocks}},
		Observe:  Observe{Content: DefaultContent, Merkle: DefaultMerkle},
		Primary:  DefaultPrimary,
		Abort:    Abort{Grace: DefaultAbortGrace},
		Record:   defaultRecord(),
	}
	mixOK := true
	d.fields(root,
		field{"version", d.version},
		field{"name", into(d.name, &s.Name)},
		field{"description", into(d.line, &s.Description)},
		field{"seed", into(whole[uint64](d, 0, math.MaxUint64), &s.Seed)},
		field{"network", into(d.network, &s.Network)},
		field{"credits", into(d.credits, &s.Credits)},
		field{"workload", func(n *node) { mixOK = d.workload(n, &s.Workload) }},
		field{"load", into(d.load, &s.Load)},
		field{"submit", into(d.submit, &s.Submit)},
		field{"queries", into(d.queries, &s.Queries)},
		field{"hostile", into(d.hostile, &s.Hostile)},
		field{"confirm", into(d.confirm, &s.Confirm)},
		field{"observe", into(d.observe, &s.Observe)},
		field{"thresholds", into(d.thresholds, &s.Thresholds)},
		field{"abort_on", into(d.abortRules, &s.Abort.Rules)},
		field{"abort_grace", into(d.grace, &s.Abort.Grace)},
		field{"record", into(d.record, &s.Record)},
		field{"compare", into(d.compare, &s.Primary)},
	)
	d.require(root, "version", "begin the file with version: 1")
	d.require(root, "load", phasesHint)
	// The keys come in any order: the load's arrival may be the last.
	if q := s.Queries; q != nil {
		q.Arrival = cmp.Or(q.Arrival, s.Load.Arrival)
	}
	if h := s.Hostile; h != nil {
		h.Arrival = cmp.Or(h.Arrival, s.Load.Arrival)
	}
	if mixOK {
		d.playable(s.Workload)
	}
	d.payer(root, s)
	d.reachable(root, s)
	d.hostileFits(root, s)
	d.ownFeed(root)
	if s.Network.Local == nil && s.Network.Endpoints == nil {
		s.Network.Local = defaultLocal()
	}
	d.searchable(root, s)
	if n := root.get("abort_grace"); n != nil && root.get("abort_on") == nil {
		d.report(n, "there is no rule for a grace", "add abort_on: [lost > 0]")
	}
	return s
}

// version reads the key that has one value.
func (d *decoder) version(n *node) {
	var v uint64
	if whole[uint64](d, 0, math.MaxUint64)(n, &v) && v != Version {
		d.report(n, fmt.Sprintf("version %d is not supported", v), fmt.Sprintf("this program reads version %d", Version))
	}
}

// nameOf makes a scenario's name of its file's.
func nameOf(file string) string {
	base := filepath.Base(file)
	base = strings.TrimSuffix(strings.TrimSuffix(base, ".yaml"), ".yml")
	name := strings.Map(func(r rune) rune {
		if notInName(r) {
			return '-'
		}
		return r
	}, base)
	name = strings.TrimLeft(name, ".-")
	return pick("scenario", name[:min(len(name), 64)], name == "")
}

func (d *decoder) confirm(n *node, c *Confirm) bool {
	return d.sound(func() {
		d.fields(n,
			field{"until", into(oneOf(d, UntilBlock, UntilAccepted), &c.Until)},
			field{"timeout", into(d.span, &c.Timeout)},
		)
	})
}

func (d *decoder) compare(n *node, primary *Metric) bool {
	return d.sound(func() {
		d.fields(n, field{"primary", into(d.latencyMetric, primary)})
	})
}

// reachable reports what asks for figures that the run will not have: confirm
// latencies where it does not wait for confirmations, and those of queries, of
// hostile calls and of checks where there are none.
func (d *decoder) reachable(root *node, s *Scenario) {
	judge := func(n *node, m Metric) {
		switch {
		case s.Confirm.Until == UntilAccepted && strings.HasPrefix(string(m), "confirm."):
			d.report(n, show(string(m))+" is never measured with confirm.until: accepted", "use accept, or confirm: {until: block}")
		case root.get("queries") == nil && m.OfQueries():
			d.report(n, show(string(m))+" is never measured without queries", "add queries: {rate: 20/s}")
		case s.Hostile == nil && m.ofHostile():
			d.report(n, show(string(m))+" is never measured without hostile calls", "add hostile: {rate: 2/s}")
		case s.Hostile == nil && s.Queries == nil && !s.Observe.Finds() && m == Findings:
			d.report(n, "there are no findings without checks, hostile calls or queries", "leave observe out: its defaults make checks")
		}
	}
	if n := root.get("compare").get("primary"); n != nil {
		judge(n, s.Primary)
	}
	thresholds := root.get("thresholds")
	if thresholds == nil || len(thresholds.items) != len(s.Thresholds) {
		return // some were refused, and said so
	}
	for i, t := range s.Thresholds {
		judge(thresholds.items[i], t.Metric)
	}
}
