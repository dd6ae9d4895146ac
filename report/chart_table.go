package report

import (
	"cmp"
	"math"
	"slices"
)

// tablePoints are the rows that the table of a chart over time has, about.
const tablePoints = 40

// A figureTable is a chart's values for those who do not see it.
type figureTable struct {
	Head []string
	Rows [][]string
}

// table returns the labelled values of a chart, a row for each of their places on the
// x axis. What changes in steps has in each row the value of the last step; elsewhere
// a series without a value at a place has none in its row.
func (c chart) table() figureTable {
	t := figureTable{Head: []string{c.x.title}}
	var columns []mark
	var formats []func(float64) string
	var xs []float64
	for _, p := range c.panels {
		named := slices.DeleteFunc(slices.Clone(p.marks), func(m mark) bool { return m.label == "" || len(m.at) == 0 })
		for _, m := range named {
			head := m.label
			switch {
			case len(named) == 1:
				head = p.y.title
			case p.name != "":
				head = p.name + " " + m.label
			}
			t.Head, columns, formats = append(t.Head, head), append(columns, m), append(formats, p.y.text())
			if m.steps {
				continue
			}
			for _, d := range m.at {
				xs = append(xs, d.x)
			}
		}
	}
	slices.Sort(xs)
	for _, x := range slices.Compact(xs) {
		row, known := []string{c.x.text()(x)}, false
		for i, m := range columns {
			v := m.valueAt(x)
			known = known || !math.IsNaN(v)
			row = append(row, formats[i](v))
		}
		if known {
			t.Rows = append(t.Rows, row)
		}
	}
	return t
}

// valueAt returns a mark's value at a place, NaN where it has none.
func (m mark) valueAt(x float64) float64 {
	i, found := slices.BinarySearchFunc(m.at, x, func(d datum, x float64) int { return cmp.Compare(d.x, x) })
	switch {
	case found:
		return m.at[i].y - m.at[i].base(m.kind)
	case m.steps && i > 0 && i < len(m.at):
		return m.at[i-1].y
	}
	return math.NaN()
}

// base is where a bar begins, which may stand on another.
func (d datum) base(kind markKind) float64 {
	if kind == markBars {
		return d.low
	}
	return 0
}

// text is how values on an axis are written.
func (a axis) text() func(float64) string {
	if a.format != nil {
		return a.format
	}
	return roughText
}
