// Package markdown quotes text for Markdown, so that nothing in it can end a
// paragraph, make a link or a tag, or call somebody.
package markdown

import (
	"strings"
	"unicode/utf8"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// Blank stands for what people fill in.
const Blank = "____"

// None stands for what there is nothing of.
const None = "—"

// Code returns s as code within a line or a table's cell, cut to so many characters:
// there GitHub and GitLab see neither Markdown nor HTML, links, mentions or references.
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
// characters. What is written in it as Markdown or HTML is read as it was written. A
// word that GitHub or GitLab could make a link, a mention or a reference of is code:
// they look for these in what was rendered, where a backslash is gone.
func Text(s string, limit int) string {
	list := strings.Fields(factomd.Printable(s, limit))
	if len(list) == 0 {
		return None
	}
	begins := true // a list or a line could, here
	for i, word := range list {
		if refers(word) {
			core := strings.TrimRight(word, ".,;") // of the sentence, most often
			if !strings.Contains(core, "(") {
				core = strings.TrimRight(core, ")")
			}
			list[i], begins = Code(core, len(core))+word[len(core):], false
			continue
		}
		list[i] = escape(word, begins)
		begins = false
	}
	return strings.Join(list, " ")
}

// refers reports whether a word could be made a link, a mention, a reference, a formula
// or code. GitLab's references begin with one of many signs.
func refers(word string) bool {
	if strings.ContainsAny(word, "@#$`") || strings.Contains(word, "://") || strings.Contains(strings.ToLower(word), "www.") {
		return true
	}
	for i, r := range word {
		rest := word[i+utf8.RuneLen(r):]
		switch {
		case rest == "" || strings.ContainsAny(rest[:1], ".,;:)"):
		case r == ':' && strings.Contains(rest, ":") && !strings.ContainsAny(rest[:1], "0123456789"), // a picture's name, and no time of day
			strings.ContainsRune("!%&~", r):
			return true
		}
	}
	return false
}

// escape takes the meaning from what has one in Markdown or HTML.
func escape(word string, begins bool) string {
	var b strings.Builder
	for _, r := range word {
		switch {
		case r == '|':
			r = '¦' // a backslash before a bar divides a table's cell in some renderers
		case strings.ContainsRune("\\*_[]<>~&", r), begins && strings.ContainsRune("-+=.)", r):
			b.WriteByte('\\')
		}
		begins = begins && '0' <= r && r <= '9'
		b.WriteRune(r)
	}
	return b.String()
}
