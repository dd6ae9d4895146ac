package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/FactomProject/factom-load/results"
)

// The reports in a run's directory.
const (
	JSONFile = "report.json"
	HTMLFile = "report.html"
)

// WriteJSON writes report.json.
func WriteJSON(w io.Writer, r *Report) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(r); err != nil {
		return fmt.Errorf("writing %s: %w", JSONFile, err)
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
	for _, file := range []struct {
		name  string
		write func(io.Writer, *Report) error
	}{{JSONFile, WriteJSON}, {HTMLFile, WriteHTML}} {
		var b bytes.Buffer
		if err := file.write(&b, r); err != nil {
			return err
		}
		if err := results.WriteFile(filepath.Join(dir, file.name), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
