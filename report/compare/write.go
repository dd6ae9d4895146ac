package compare

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/FactomProject/factom-load/results"
)

// The files of a comparison.
const (
	JSONFile     = "compare.json"
	HTMLFile     = "compare.html"
	MarkdownFile = "compare.md"
)

// WriteJSON writes compare.json.
func WriteJSON(w io.Writer, c *Comparison) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	enc.SetEscapeHTML(false)
	if err := enc.Encode(c); err != nil {
		return fmt.Errorf("writing %s: %w", JSONFile, err)
	}
	return nil
}

// WriteFiles writes the comparison into a directory, which it makes, each file whole or
// not at all.
func WriteFiles(dir string, c *Comparison) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the comparison's directory: %w", err)
	}
	for _, file := range []struct {
		name  string
		write func(io.Writer, *Comparison) error
	}{{JSONFile, WriteJSON}, {HTMLFile, WriteHTML}, {MarkdownFile, WriteMarkdown}} {
		var b bytes.Buffer
		if err := file.write(&b, c); err != nil {
			return err
		}
		if err := results.WriteFile(filepath.Join(dir, file.name), b.Bytes()); err != nil {
			return err
		}
	}
	return nil
}
