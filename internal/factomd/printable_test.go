package factomd

import (
	"testing"
	"unicode"
	"unicode/utf8"
)

func TestPrintable(t *testing.T) {
	for _, c := range []struct {
		in    string
		limit int
		want  string
	}{
		{"v6.12.0", 20, "v6.12.0"},
		{"  two\r\n\tlines ", 20, "two lines"},
		{"red \x1b[31malarm\x1b[0m", 40, "red ?[31malarm?[0m"},
		{"bell\a nul\x00", 20, "bell? nul?"},
		{"\u202edetrever", 20, "?detrever"},
		{"zero\u200bwidth", 20, "zero?width"},
		{"cut \xff\xfe", 20, "cut ??"},
		{"größer", 6, "größer"},
		{"größer", 5, "größ…"},
		{"abc", 1, "…"},
		{"abc", 0, ""},
		{"abc", -1, ""},
	} {
		if got := Printable(c.in, c.limit); got != c.want {
			t.Errorf("Printable(%q, %d) = %q, want %q", c.in, c.limit, got, c.want)
		}
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("v6.12.0", 10)
	f.Add("\x1b]0;title\a", 5)
	f.Add("a \u2028 b\xf0\x28", 3)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit %= 300
		got := Printable(s, limit)
		if n := utf8.RuneCountInString(got); n > max(limit, 0) {
			t.Errorf("%d characters, limit %d", n, limit)
		}
		for _, r := range got {
			if r == utf8.RuneError || !unicode.IsPrint(r) {
				t.Errorf("%q has %q", got, r)
			}
		}
		if again := Printable(got, limit); again != got {
			t.Errorf("%q becomes %q", got, again)
		}
	})
}
