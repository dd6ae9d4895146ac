package report

import (
	"maps"
	"slices"

	"github.com/FactomProject/factom-load/results"
)

// notesOf are the notes of a run, never nil.
func notesOf(m *results.Manifest) []Note {
	notes := []Note{}
	for _, n := range m.Notes {
		notes = append(notes, Note(n))
	}
	return notes
}

// Shown are the notes that a page or a paper shows, however many a record has.
func Shown(notes []Note) []Note { return notes[:min(len(notes), results.MostNotes)] }

// tagTexts are the tags of a run, sorted, as a page or a paper shows them.
func tagTexts(tags map[string]string) (list []string) {
	for _, key := range slices.Sorted(maps.Keys(tags)) {
		list = append(list, key+" = "+tags[key])
	}
	return list
}
