package markdown

import (
	"strings"
	"testing"
	"unicode"
)

func TestCode(t *testing.T) {
	for in, want := range map[string]string{
		"plain":            "`plain`",
		"a`b``c":           "`a'b''c`",
		"one\n# two\r\n":   "`one # two`",
		"cell | cell":      "`cell ¦ cell`",
		"":                 None,
		" \n ":             None,
		"\u202egnp":        "`?gnp`",
		"<script>@all</a>": "`<script>@all</a>`",
	} {
		if got := Code(in, 100); got != want {
			t.Errorf("Code(%q) = %q, want %q", in, got, want)
		}
	}
	if got := Code(strings.Repeat("x", 50), 10); got != "`xxxxxxxxx…`" {
		t.Errorf("too long: %q", got)
	}
}

func TestText(t *testing.T) {
	for in, want := range map[string]string{
		"It took 3 blocks, not 2": `It took 3 blocks, not 2`,
		"# [a](http://x)":         `\# \[a\](http\://x)`,
		"www.x, 3.5 s - or 4: so": `www\.x, 3.5 s - or 4: so`,
		"- <b>":                   `\- \<b\>`,
		"1. @someone":             `1\. (at)someone`,
		"a | b\n---":              `a ¦ b ---`,
		"`":                       "\\`",
		"":                        None,
	} {
		if got := Text(in, 100); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

// Whatever is quoted stays in its line and its cell, and what could begin something
// is quoted itself.
func FuzzQuote(f *testing.F) {
	f.Add("a`b|c\n# d <e> [f](g) @h\\")
	f.Add("\\`")
	f.Fuzz(func(t *testing.T, s string) {
		code, text := Code(s, 200), Text(s, 200)
		for _, out := range []string{code, text} {
			if out == "" || strings.ContainsFunc(out, unicode.IsControl) || strings.Contains(out, "|") {
				t.Errorf("%q became %q", s, out)
			}
		}
		if code != None && strings.Count(code, "`") != 2 {
			t.Errorf("%q became %q", s, code)
		}
		if strings.Contains(text, "@") {
			t.Errorf("%q became %q", s, text)
		}
		for bare := strings.NewReplacer(`\\`, "", "\\`", "", `\<`, "", `\[`, "", `\&`, "", `\*`, "", `\_`, "").Replace(text); strings.ContainsAny(bare, "`<[&*_"); {
			t.Fatalf("%q became %q", s, text)
		}
	})
}
