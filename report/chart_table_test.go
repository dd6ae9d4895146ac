package report

import (
	"math"
	"reflect"
	"testing"
)

func TestChartTable(t *testing.T) {
	c := chart{x: axis{title: "time", format: secondsText}, panels: []panel{
		{name: "submit", y: latencyAxis("latency", 1, 1000), marks: []mark{
			{kind: markRibbon, at: []datum{{x: 1, y: 7}}},
			{label: "p50", at: []datum{{x: 1, y: 2}, {x: 2, y: math.NaN()}, {x: 3, y: 4}}},
			{label: "max", at: []datum{{x: 1, y: 1500}, {x: 3, y: 9}}},
		}},
		{y: axis{title: "entries"}, marks: []mark{{label: "own", steps: true, at: []datum{{x: 0, y: 5}, {x: 1.5, y: 5}, {x: 1.5, y: 61}, {x: 2.5, y: 61}}}}},
	}}
	want := figureTable{[]string{"time", "submit p50", "submit max", "entries"}, [][]string{
		{"1 s", "2.00 ms", "1.50 s", "5"}, {"2 s", "—", "—", "61"}, {"3 s", "4.00 ms", "9.00 ms", "—"},
	}}
	if got := c.table(); !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Every drawing has its values as a table, and in words.
func TestEveryFigureHasATable(t *testing.T) {
	for _, f := range figures(shortRun(t)) {
		if f.Missing == "" && (len(f.Table.Rows) < 5 || len(f.Table.Rows) > mostWindows || len(f.Summary) < 30) {
			t.Errorf("%s has %d rows, and says %q", f.ID, len(f.Table.Rows), f.Summary)
		}
		for _, row := range f.Table.Rows {
			if len(row) != len(f.Table.Head) {
				t.Errorf("%s: %v under %v", f.ID, row, f.Table.Head)
			}
		}
	}
}
