package results

import (
	"errors"
	"strings"
	"testing"
	"time"
)

func TestNewNote(t *testing.T) {
	at := time.Date(2026, 11, 24, 13, 0, 0, 0, time.FixedZone("", 3600))
	n, err := NewNote(at, "  the disk was full – »n3«  ")
	if err != nil || n.Text != "the disk was full – »n3«" || n.At.Format(time.RFC3339) != "2026-11-24T12:00:00Z" {
		t.Errorf("%+v, %v", n, err)
	}
	if _, err := NewNote(at, strings.Repeat("é", MostNote)); err != nil {
		t.Errorf("of the most characters: %v", err)
	}
	for text, want := range map[string]string{
		"": "empty", " \t": "empty", "a\nb": "U+000A", "\x1b[31m": "U+001B", "a\u202eb": "U+202E", "a\xff": "U+FFFD",
		strings.Repeat("x", MostNote+1): "1001 characters",
	} {
		if _, err := NewNote(at, text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.20q: %v", text, err)
		}
	}
	if _, err := NewNotes(at, []string{"one more"}, MostNotes); err == nil || !strings.Contains(err.Error(), "101 notes") {
		t.Errorf("above the most: %v", err)
	}
}

// Notes are added to what is on record, and to nothing that is being written.
func TestAddNotes(t *testing.T) {
	path := t.TempDir()
	d, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	m := &Manifest{Schema: ManifestSchema, ID: "a", Started: at, Notes: []Note{{at, "before"}}}
	if err := d.WriteManifest(m); err != nil {
		t.Fatal(err)
	}
	if err := AddNotes(path, at, []string{"meanwhile"}); !errors.Is(err, ErrLocked) {
		t.Errorf("of a run in progress: %v", err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	if err := AddNotes(path, at.Add(time.Hour), []string{"after", "long after"}); err != nil {
		t.Fatal(err)
	}
	if err := AddNotes(path, at, []string{"fine", "not\nfine"}); err == nil {
		t.Error("a bad note was added")
	}
	got, err := ReadManifest(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(got.Notes) != 3 || got.Notes[0].Text != "before" || got.Notes[2] != (Note{at.Add(time.Hour), "long after"}) || got.ID != "a" {
		t.Errorf("the notes are %+v", got.Notes)
	}
	if err := CheckUnlocked(path); err != nil {
		t.Error(err)
	}
}
