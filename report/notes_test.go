package report

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/results"
)

// What people said of a run, before it and after, is in all that is read of it.
func TestNotes(t *testing.T) {
	rec := record(t)
	rec.manifest.Tags = map[string]string{"version": "v6.12.0"}
	rec.manifest.Notes = []results.Note{
		{At: rec.manifest.Started, Text: "on the new machine"},
		{At: rec.manifest.Started.Add(48 * time.Hour), Text: "its disk was full"},
	}
	every(rec)
	r := rec.build()
	if len(r.Run.Notes) != 2 || r.Run.Notes[1] != (Note{rec.manifest.Notes[1].At, "its disk was full"}) {
		t.Fatalf("the notes are %+v", r.Run.Notes)
	}
	var json, terminal bytes.Buffer
	if err := WriteJSON(&json, r); err != nil {
		t.Fatal(err)
	}
	if err := WriteSummary(&terminal, r, "run"); err != nil {
		t.Fatal(err)
	}
	page, root := pageOf(t, r)
	for name, text := range map[string]string{
		"JSON": json.String(), "page": page, "summary": terminal.String(),
		"Markdown": markdownOf(t, r), "incident": incidentOf(t, r),
	} {
		for _, want := range []string{"version", "v6.12.0", "on the new machine", "its disk was full"} {
			if !strings.Contains(text, want) {
				t.Errorf("%s does not say %q", name, want)
			}
		}
	}
	if got := textOf(byID(root, "notes")); got != "Notes on the new machine (2026-11-24 12:00:00 UTC) its disk was full (2026-11-26 12:00:00 UTC)" {
		t.Errorf("the page says %q", got)
	}
	if got := terminal.String(); !strings.Contains(got, "\ntags      version = v6.12.0\nnote      2026-11-24 12:00:00: on the new machine\n") {
		t.Errorf("the summary is\n%s", got)
	}
}

// A terminal shows notes of others as text.
func TestNotesOnTerminal(t *testing.T) {
	var b bytes.Buffer
	r := hostileRun(t)
	r.Run.ID, r.Run.Scenario, r.VerdictWhy = "", Scenario{}, ""
	if err := WriteSummary(&b, r, "run"); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		if (strings.HasPrefix(line, "note ") || strings.HasPrefix(line, "tags ")) && strings.ContainsAny(line, "\x00\x1b\u202e") {
			t.Errorf("it prints %q", line)
		}
	}
	if !strings.Contains(b.String(), "\nnote ") {
		t.Error("it has no note")
	}
}
