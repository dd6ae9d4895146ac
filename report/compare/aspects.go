package compare

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/FactomProject/factom-load/report"
)

// aspects says in what the runs of both sides are alike, and in what they are not.
func aspects(fit [2][]*measured) []Aspect {
	list := []Aspect{}
	for _, a := range []struct {
		name   string
		weight Weight
		of     func(*measured) string
	}{
		{"scenario", Required, func(m *measured) string {
			return m.r.Run.Scenario.Name + " " + m.r.Run.Scenario.SHA256
		}},
		{"network", Required, func(m *measured) string { return m.r.Network.Name + " " + m.r.Network.ID }},
		{"block time", Shown, func(m *measured) string { return report.Figure(m.r.Network.BlockSeconds) + " s" }},
		{"node", Shown, nodeText},
		{"endpoints", Shown, func(m *measured) string { return strconv.Itoa(len(m.r.Network.Endpoints)) }},
		{"submits by", Shown, submitsBy},
		{"accept seen by", Shown, func(m *measured) string { return cmp.Or(m.r.LatencyMS.Accept.Method, "not seen") }},
		{"host", Shown, func(m *measured) string { return m.r.Environment.Host }},
		{"system", Shown, func(m *measured) string { return m.r.Environment.OS + "/" + m.r.Environment.Arch }},
		{"CPUs", Shown, func(m *measured) string { return strconv.Itoa(m.r.Environment.CPUs) }},
		{"memory", Shown, func(m *measured) string { return report.Bytes(m.r.Environment.MemoryBytes) }},
		{"factom-load", Shown, func(m *measured) string { return m.r.Run.ToolVersion }},
		{"sending", Shown, func(m *measured) string {
			if why := m.r.Run.EndedEarly; why != "" {
				return "ended early: " + why
			}
			return "went on to the end of the load"
		}},
		{"verdict of the run", Shown, func(m *measured) string { return string(m.r.Verdict) }},
		{"factomd", Expected, versionText},
		{"tags", Expected, tagsText},
	} {
		list = append(list, aspect(a.name, a.weight, fit, a.of))
	}
	return list
}

func aspect(name string, weight Weight, fit [2][]*measured, of func(*measured) string) Aspect {
	a := Aspect{Name: name, Weight: weight, Values: []AspectValue{}}
	for side, runs := range fit {
		for _, run := range runs {
			value := strings.TrimSpace(of(run))
			at := slices.IndexFunc(a.Values, func(v AspectValue) bool { return v.Value == value })
			if at < 0 {
				at = len(a.Values)
				a.Values = append(a.Values, AspectValue{Value: value})
			}
			if side == 0 {
				a.Values[at].Base++
			} else {
				a.Values[at].Candidate++
			}
		}
	}
	slices.SortStableFunc(a.Values, func(x, y AspectValue) int { return cmp.Compare(x.Value, y.Value) })
	a.Same = len(a.Values) <= 1
	return a
}

func nodeText(m *measured) string {
	n := m.r.Network
	switch {
	case !n.Embedded:
		return "not started by the run"
	case n.DB == "":
		return "started by the run"
	}
	return fmt.Sprintf("started by the run, blocks in %s", n.DB)
}

func submitsBy(m *measured) string {
	var list []string
	for _, e := range m.r.Network.Endpoints {
		if !slices.Contains(list, e.SubmitsBy) {
			list = append(list, e.SubmitsBy)
		}
	}
	return strings.Join(list, ", ")
}

func tagsText(m *measured) string {
	var list []string
	for _, key := range slices.Sorted(maps.Keys(m.r.Run.Tags)) {
		list = append(list, key+"="+m.r.Run.Tags[key])
	}
	return cmp.Or(strings.Join(list, ", "), "none")
}
