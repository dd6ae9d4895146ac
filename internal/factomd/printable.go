package factomd

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Printable returns s as it may be shown on a terminal or in a report: white
// space becomes single spaces, everything else that does not print (escape
// sequences, control characters, marks that reorder text, broken UTF-8) becomes
// '?', and what is longer than limit characters is cut and ends in '…'.
func Printable(s string, limit int) string {
	if limit <= 0 {
		return ""
	}
	var b strings.Builder
	length, space := 0, false
	for _, r := range s {
		if unicode.IsSpace(r) {
			space = length > 0
			continue
		}
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			r = '?'
		}
		if space {
			b.WriteByte(' ')
			length++
			space = false
		}
		b.WriteRune(r)
		if length++; length > limit {
			return cut(b.String(), limit)
		}
	}
	return b.String()
}

// cut returns the first limit-1 characters of s and '…'.
func cut(s string, limit int) string {
	n := 0
	for i := range s {
		if n++; n == limit {
			return strings.TrimRight(s[:i], " ") + "…"
		}
	}
	return s
}
