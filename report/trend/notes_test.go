package trend_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/report/trend"
)

// The newest notes of a run stand beside it, from the index as from the reports.
func TestNotes(t *testing.T) {
	root := t.TempDir()
	put(t, root, "plain", sample(0, 1))
	r := sample(1, 1)
	for i := range 9 {
		r.Run.Notes = append(r.Run.Notes, report.Note{At: time.Date(2026, 3, 1, 12, i, 0, 0, time.UTC), Text: fmt.Sprintf("<i>seen</i> %d", i)})
	}
	put(t, root, "noted", r)
	for _, from := range []string{"reports", "index"} {
		runs := build(t, root, trend.Options{}).Groups[0].Runs
		if len(runs) != 2 || runs[0].Notes == nil || len(runs[0].Notes) != 0 {
			t.Fatalf("from the %s: %+v", from, runs)
		}
		if n := runs[1].Notes; len(n) != 5 || n[0] != r.Run.Notes[4] || n[4] != r.Run.Notes[8] {
			t.Errorf("from the %s: %+v", from, n)
		}
	}
	page, tree := pageOf(t, t.TempDir(), root, trend.Options{})
	checkPage(t, page, tree)
	if !strings.Contains(textOf(tree), "Note: <i>seen</i> 8") {
		t.Error("the page has no note")
	}
}
