package markdown

import (
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"
	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/internal/factomd"
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
		"# [a](http://x)":         "`#` `[a](http://x)`",
		"www.x, 3.5 s - or 4: so": "`www.x`, 3.5 s - or 4: so",
		"- <b>":                   `\- \<b\>`,
		"1. @someone":             "1\\. `@someone`",
		"a | b\n---":              `a ¦ b ---`,
		"`":                       "`'`",
		"a`@b | c":                "`a'@b` ¦ c",
		"12:30:05, 5 %, ~ & !":    `12:30:05, 5 %, \~ \& !`,
		":tada: !12 %3 ~x &4 $y$": "`:tada:` `!12` `%3` `~x` `&4` `$y$`",
		"a#1 x@y.example GH":      "`a#1` `x@y.example` GH",
		"":                        None,
	} {
		if got := Text(in, 100); got != want {
			t.Errorf("Text(%q) = %q, want %q", in, got, want)
		}
	}
}

// read is what a reader sees of Markdown that is a paragraph of text and code, and the
// text alone, without code.
func read(t testing.TB, source string) (all, prose string) {
	t.Helper()
	src := []byte(source)
	root := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(src))
	err := ast.Walk(root, func(n ast.Node, entering bool) (ast.WalkStatus, error) {
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.Document, *ast.Paragraph, *ast.CodeSpan:
		case *ast.Text:
			value := string(n.Segment.Value(src))
			if n.Parent().Kind() != ast.KindCodeSpan {
				value = unescape.ReplaceAllString(value, "$1")
				prose += value
			}
			all += value
		default:
			t.Errorf("there is %s in %q", n.Kind(), source)
		}
		return ast.WalkContinue, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all, prose
}

var unescape = regexp.MustCompile(`\\([!-/:-@[-` + "`" + `{-~])`)

// What is written as text is read as it was, wherever in a line it is.
func TestTextIsReadAsItWas(t *testing.T) {
	parts := []string{
		"<b>", "</b>", "<br/>", "www.evil.example", "http://evil.example", "1. ", "- ", "+ ", "a", "===", "---", "__a__", "_a_", "*a*", "(a)", "    ", "a:b:", "~~a~~", "[a](b)", "![a](b)", "&lt;", "#", "@a", " ",
	}
	rapid.Check(t, func(rt *rapid.T) {
		s := rapid.OneOf(
			rapid.StringMatching(`[a1 .()+=<>_':;%/,-]{1,12}`),
			rapid.Map(rapid.SliceOfN(rapid.SampledFrom(parts), 1, 4), func(p []string) string { return strings.Join(p, "") }),
		).Draw(rt, "text")
		for _, before := range []string{"", "so: ", "(a) b, c "} {
			want := strings.Join(strings.Fields(s), " ")
			if got, _ := read(t, before+Text(s, 1000)); got != before+want && want != "" {
				rt.Errorf("%q is written %q, and read as %q", s, before+Text(s, 1000), got)
			}
		}
	})
}

// Whatever is quoted stays in its line and its cell, is read as it was written, and has
// nothing outside of code that could be made a link, a mention or a reference of.
func FuzzQuote(f *testing.F) {
	for _, s := range []string{
		"a`b|c\n# d <e> [f](g) @h\\", "\\`", "``", "<!--", "-->", "--- ***", "[a]: http://evil.example", "~~~ x", "```", "    x", "|-|", ":-:", "a@b.example",
		"1. x", "1) x", "- [x] y", "+ x", "===", "__a__ _a_ *b* **", "&lt; &#35;", "www.evil.example WWW.x", "\u202e", "$x$", ":tada:", "\\[a\\](b)", "a  \nb", "<b>x</b>", "a\\",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		code, words := Code(s, 200), Text(s, 200)
		for _, out := range []string{code, words} {
			if out == "" || strings.ContainsFunc(out, unicode.IsControl) || strings.Contains(out, "|") {
				t.Errorf("%q became %q", s, out)
			}
			// Whatever is a letter, a digit or the like is read as it was.
			all, prose := read(t, out)
			bars := strings.NewReplacer("|", "¦", "`", "'", "\\", "")
			if got, want := bars.Replace(all), bars.Replace(factomd.Printable(s, 200)); got != want && want != "" && all != None {
				t.Errorf("%q became %q, and is read as %q", s, out, got)
			}
			if strings.ContainsAny(prose, "@#$`") || strings.Contains(prose, "://") || strings.Contains(prose, "www.") {
				t.Errorf("%q became %q", s, out)
			}
		}
		if code != None && strings.Count(code, "`") != 2 {
			t.Errorf("%q became %q", s, code)
		}
		bare := ""
		for _, word := range strings.Fields(words) {
			if !strings.HasPrefix(word, "`") { // code
				bare += " " + word
			}
		}
		bare = strings.NewReplacer(`\\`, "", `\<`, "", `\[`, "", `\&`, "", `\*`, "", `\_`, "").Replace(bare)
		if strings.ContainsAny(bare, "`<[&*_") {
			t.Errorf("%q became %q", s, words)
		}
	})
}
