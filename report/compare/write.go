package compare

import (
	"fmt"
	"io"
	"os"

	"github.com/FactomProject/factom-load/report"
)

// The files of a comparison.
const (
	JSONFile     = "compare.json"
	HTMLFile     = "compare.html"
	MarkdownFile = "compare.md"
)

// WriteJSON writes compare.json.
func WriteJSON(w io.Writer, c *Comparison) error { return report.EncodeJSON(w, JSONFile, c) }

// WriteFiles writes the comparison into a directory, which it makes, each file whole or
// not at all.
func WriteFiles(dir string, c *Comparison) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("making the comparison's directory: %w", err)
	}
	return report.WriteAll(dir,
		report.File{Name: JSONFile, Write: func(w io.Writer) error { return WriteJSON(w, c) }},
		report.File{Name: HTMLFile, Write: func(w io.Writer) error { return WriteHTML(w, c) }},
		report.File{Name: MarkdownFile, Write: func(w io.Writer) error { return WriteMarkdown(w, c) }})
}
