package results

import (
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"
)

// Limits of the notes of a run.
const (
	MostNotes = 100  // of a run
	MostNote  = 1000 // characters of one
)

// A Note is what a person has to say of a run.
type Note struct {
	At   time.Time `json:"at"` // UTC
	Text string    `json:"text"`
}

// NewNote makes a note of a text that can be printed on one line.
func NewNote(at time.Time, text string) (Note, error) {
	text = strings.TrimSpace(text)
	switch n := utf8.RuneCountInString(text); {
	case n == 0:
		return Note{}, errors.New("a note is empty")
	case n > MostNote:
		return Note{}, fmt.Errorf("a note has %d characters, of %d at most\n    hint: say it shorter, or name the paper that says it", n, MostNote)
	}
	for _, c := range text {
		if c == utf8.RuneError || !unicode.IsPrint(c) {
			return Note{}, fmt.Errorf("a note has the character %U, which does not print\n    hint: a note is one line of plain text; repeat the flag for more", c)
		}
	}
	return Note{At: at.UTC(), Text: text}, nil
}

// NewNotes makes notes of texts, for a run that has some already.
func NewNotes(at time.Time, texts []string, already int) ([]Note, error) {
	if n := already + len(texts); n > MostNotes {
		return nil, fmt.Errorf("the run would have %d notes, of %d at most\n    hint: say it in fewer, or keep a paper of your own beside the run", n, MostNotes)
	}
	var notes []Note
	for _, text := range texts {
		n, err := NewNote(at, text)
		if err != nil {
			return nil, err
		}
		notes = append(notes, n)
	}
	return notes, nil
}

// AddNotes adds to the notes of a run, whether it came to its end or was killed. It is
// [ErrLocked] if the run is in progress. A run.json that cannot be replaced stays as it
// was.
func AddNotes(path string, at time.Time, texts []string) (err error) {
	dir, err := Reopen(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, dir.Close()) }()
	m, err := ReadManifest(path)
	if err != nil {
		return err
	}
	notes, err := NewNotes(at, texts, len(m.Notes))
	if err != nil {
		return err
	}
	m.Notes = append(m.Notes, notes...)
	return dir.WriteManifest(m)
}
