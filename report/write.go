package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/FactomProject/factom-load/internal/files"
)

// The reports in a run's directory.
const (
	JSONFile = "report.json"
	HTMLFile = "report.html"
)

// WriteJSON writes report.json.
func WriteJSON(w io.Writer, r *Report) error { return EncodeJSON(w, JSONFile, r) }

// EncodeJSON writes a file of that name as all JSON of this program is written.
func EncodeJSON(w io.Writer, name string, v any) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Errorf("writing %s: %w", name, err)
	}
	return nil
}

// ReadFile reads the report.json of a run's directory.
func ReadFile(dir string) (*Report, error) {
	data, err := os.ReadFile(filepath.Join(dir, JSONFile))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", JSONFile, err)
	}
	r := new(Report)
	if err := json.Unmarshal(data, r); err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", JSONFile, dir, err)
	}
	if r.Schema != Schema {
		return nil, fmt.Errorf("%s of %s has schema %q; this program reads %q", JSONFile, dir, r.Schema, Schema)
	}
	return r, nil
}

// WriteFiles writes both reports into a run's directory, each whole or not at
// all.
func WriteFiles(dir string, r *Report) error {
	return WriteAll(dir,
		File{JSONFile, func(w io.Writer) error { return WriteJSON(w, r) }},
		File{HTMLFile, func(w io.Writer) error { return WriteHTML(w, r) }})
}

// A File is what [WriteAll] writes.
type File struct {
	Name  string
	Write func(io.Writer) error
}

// WriteAll writes files into a directory, each whole or not at all.
func WriteAll(dir string, all ...File) error {
	for _, f := range all {
		var b bytes.Buffer
		if err := f.Write(&b); err != nil {
			return err
		}
		if err := files.Replace(filepath.Join(dir, f.Name), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
