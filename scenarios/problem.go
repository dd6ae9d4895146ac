package scenarios

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// A Problem is one thing that is wrong with a scenario, and what to do about it.
type Problem struct {
	// File is the scenario's file, or the flag that the problem is in, for
	// example "--set load.in_flight".
	File string
	// Line and Column count from 1, columns in characters; both are 0 where
	// the problem is not in a file.
	Line, Column int
	// Path is the place in the scenario, for example load.phases[0].rate.
	Path    string
	Message string
	Hint    string // may be empty
}

// Error is "file:line:column: message", with the hint on a line of its own.
func (p Problem) Error() string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File)
		if p.Line > 0 {
			fmt.Fprintf(&b, ":%d:%d", p.Line, p.Column)
		}
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	if p.Hint != "" {
		b.WriteString("\n    hint: ")
		b.WriteString(p.Hint)
	}
	return b.String()
}

// Errors is every problem of a scenario: those of the file by their place, then
// those of files that it names, then those of flags. As an error it is never
// empty.
type Errors []Problem

// Error has the problems one after another.
func (e Errors) Error() string {
	lines := make([]string, len(e))
	for i, p := range e {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// err is e in its final order, that of file first, or nil when there are no
// problems.
func (e Errors) err(file string) error {
	if len(e) == 0 {
		return nil
	}
	slices.SortStableFunc(e, func(a, b Problem) int {
		return cmp.Or(
			cmp.Compare(min(b.Line, 1), min(a.Line, 1)),
			cmp.Compare(pick("", a.File, a.File == file), pick("", b.File, b.File == file)),
			cmp.Compare(a.Line, b.Line),
			cmp.Compare(a.Column, b.Column),
		)
	})
	return e
}

// complain is a problem whose place is not known yet.
func complain(message, hint string) *Problem {
	return &Problem{Message: message, Hint: hint}
}

// at is the problem, put at its place, with secrets and control characters
// taken out: problems end up in terminals and in the logs of CI servers.
func (p Problem) at(pos position, path string) Problem {
	p.File, p.Line, p.Column = pos.file, pos.line, pos.column
	p.Path, p.Message, p.Hint = clean(path), clean(p.Message), clean(p.Hint)
	return p
}

var (
	// secretKey finds Factom secret keys in their human form, Es or Fs and 50
	// more characters of base58, and cut or mistyped ones: of the rest of a key
	// little is left to guess.
	secretKey = regexp.MustCompile(`[EF]s[1-9A-HJ-NP-Za-km-z]{40,}`)
	userInfo  = regexp.MustCompile(`//[^/\s]*@`)
)

func clean(s string) string {
	s = secretKey.ReplaceAllString(s, "[secret]")
	s = userInfo.ReplaceAllString(s, "//[secret]@")
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '�'
		}
		return r
	}, s)
}

// show quotes a piece of the file for a message: never whole when it is long,
// never a secret.
func show(text string) string {
	const most = 60
	text = clean(text)
	if r := []rune(text); len(r) > most {
		text = string(r[:most]) + "..."
	}
	return strconv.Quote(text)
}

// nearest is the candidate that text is most likely a misspelling of, or "".
func nearest(text string, candidates []string) string {
	best, least := "", min(3, max(1, len(text)/3))+1
	if len(text) > 40 {
		return best
	}
	for _, c := range candidates {
		if d := distance(strings.ToLower(text), c); d < least {
			best, least = c, d
		}
	}
	return best
}

// distance is the least number of insertions, deletions, substitutions and swaps
// of neighbours between two words, in bytes.
func distance(a, b string) int {
	d := make([][]int, len(a)+1) // d[i][j] is that of a[:i] and b[:j]
	for i := range d {
		d[i] = make([]int, len(b)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		for j := 1; j <= len(b); j++ {
			substitute := d[i-1][j-1]
			if a[i-1] != b[j-1] {
				substitute++
			}
			d[i][j] = min(substitute, d[i-1][j]+1, d[i][j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}
