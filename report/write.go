package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
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
