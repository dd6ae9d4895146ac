// Package markdown quotes text for Markdown, so that nothing in it can end a
// paragraph, make a link or a tag, or call somebody.
package markdown

import (
	"strings"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// Blank stands for what people fill in.
const Blank = "____"

// None stands for what there is nothing of.
const None = "—"

// Code returns s as code within a line or a table's cell, cut to so many characters.
// No renderer agrees with another on how to write a backtick there, so it becomes an
// apostrophe, and a bar a broken one.
func Code(s string, limit int) string {
	s = strings.NewReplacer("`", "'", "|", "¦").Replace(factomd.Printable(s, limit))
	if strings.TrimSpace(s) == "" {
		return None
	}
	return "`" + s + "`"
}

// Text returns s as plain words within a line or a table's cell, cut to so many
// characters. What is written in it as Markdown or HTML is read as it was written.
func Text(s string, limit int) string {
	s = strings.TrimSpace(factomd.Printable(s, limit))
	if s == "" {
		return None
	}
	var b strings.Builder
	begins := true // a list or a line could, here
	for i, r := range s {
		switch {
		case r == '|':
			r = '¦' // a backslash before a bar divides a table's cell in some renderers
		case r == '@':
			b.WriteString("(at)") // a name after it would be told
			begins = false
			continue
		case strings.ContainsRune("\\`*_[]<>#~&$", r),
			begins && strings.ContainsRune("-+=.)", r),
			r == ':' && strings.HasPrefix(s[i:], "://"),
			r == '.' && i >= 3 && strings.EqualFold(s[i-3:i], "www"):
			b.WriteByte('\\')
		}
		begins = begins && '0' <= r && r <= '9'
		b.WriteRune(r)
	}
	return b.String()
}
