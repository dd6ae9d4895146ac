package scenarios

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSizes(t *testing.T) {
	for text, want := range map[string]Item{
		"{100B: 80, 10KiB: 5, 1KiB: 15}": {Size: Range{100, 10240}, Sizes: []Size{{100, 80}, {1024, 15}, {10240, 5}}},
		"{1kB: 7}":                       {Size: Range{1000, 1000}},
		"{lognormal: {median: 300B, sigma: 0.8, max: 2kB}}": {Size: Range{29, 2000}, Lognormal: &Lognormal{300, 0.8}},
		"{lognormal: {median: 29B, sigma: 5}}":              {Size: Range{29, 10240}, Lognormal: &Lognormal{29, 5}},
	} {
		got := mustParse(t, minimal+"workload: {mix: [{kind: entry, size: "+text+"}]}").Workload.Mix[0]
		want.Kind, want.Weight, want.ExtIDs, want.Payload.Kind = KindEntry, 1, Range{1, 1}, Random
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	// The same sizes in another order are the same load.
	hash := func(sizes string) string {
		return mustParse(t, minimal+"workload: {mix: [{kind: entry, size: "+sizes+"}]}").SHA256()
	}
	if hash("{100B: 80, 1KiB: 20}") != hash("{1024B: 20, 0.1kB: 80}") {
		t.Error("the order of sizes counts")
	}
	if hash("{100B: 80, 1KiB: 20}") == hash("{100B: 80, 1KiB: 21}") {
		t.Error("the weights of sizes do not count")
	}
}

func TestFiles(t *testing.T) {
	dir := files(t, map[string]string{
		"docs/b.txt": "second", "docs/a.json": "{}", "docs/.hidden": "x", "docs/sub/c.txt": "x", "docs/c.txt": "", "docs/[x].txt": "odd",
		"same/1": "{}", "same/2": "second",
	})
	parse := func(path string) *Scenario {
		t.Helper()
		s, err := parseIn(dir, minimal+"workload: {mix: [{kind: entry, extids: 1..3, payload: {files: '"+path+"'}}]}")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	const around = 2 + len(DefaultMarker) + ContentNonce
	for _, test := range []struct {
		path  string
		names []string
		size  Range
	}{
		{"docs", []string{"[x].txt", "a.json", "b.txt", "c.txt"}, Range{around, around + 6 + 2*18}},
		{"docs/", []string{"[x].txt", "a.json", "b.txt", "c.txt"}, Range{around, around + 6 + 2*18}},
		{dir + "/docs/*.txt", []string{"[x].txt", "b.txt", "c.txt"}, Range{around, around + 6 + 2*18}},
		{"docs/[ab].*", []string{"a.json", "b.txt"}, Range{around + 2, around + 6 + 2*18}},
		{"docs/b.txt", []string{"b.txt"}, Range{around + 6, around + 6 + 2*18}},
		{"docs/[x].txt", []string{"[x].txt"}, Range{around + 3, around + 3 + 2*18}},
		{"docs/.*", []string{".hidden"}, Range{around + 1, around + 1 + 2*18}},
	} {
		item := parse(test.path).Workload.Mix[0]
		var names []string
		for _, f := range item.Payload.Files.List {
			names = append(names, f.Name)
		}
		if !slices.Equal(names, test.names) || item.Size != test.size || item.Payload.Kind != FromFiles || item.Payload.Files.Path != test.path {
			t.Errorf("%s: %v of %v, want %v of %v", test.path, names, item.Size, test.names, test.size)
		}
	}
	if got := string(parse("docs/b.txt").Workload.Mix[0].Payload.Files.List[0].Content); got != "second" {
		t.Errorf("the content is %q", got)
	}
	if parse("docs/[ab]*").SHA256() != parse("same").SHA256() {
		t.Error("the same contents under other names are another load")
	}
	if parse("docs/[ab]*").SHA256() == parse("docs/b*").SHA256() {
		t.Error("other contents are the same load")
	}
}

func TestFilesProblems(t *testing.T) {
	key := "Es" + strings.Repeat("x", 50)
	dir := files(t, map[string]string{
		"big/fits": strings.Repeat("x", 10240-29), "big/more": strings.Repeat("x", 10240-28), "big/most": strings.Repeat("x", 10241),
		"key/k": "pay with " + key, "empty/sub/x": "", "many/first": strings.Repeat("x", 6800),
	})
	for i := range MaxFiles {
		if err := os.Link(filepath.Join(dir, "many", "first"), filepath.Join(dir, "many", fmt.Sprintf("%05d", i))); err != nil {
			t.Fatal(err)
		}
	}
	for _, test := range []struct{ item, want string }{
		{"payload: {files: big}", `
x.yaml:3:49: files: "most" has more than 10240 bytes
    hint: that is the most that an entry may have`},
		{"payload: {files: big/mor*}", `
x.yaml:3:41: payload: "more" has 10212 bytes, and there is room for 10211
    hint: an entry has at most 10240 bytes, with the marker, the nonce and 1 ExtIDs`},
		{"payload: {files: big/fits}, extids: 1..600", `
x.yaml:3:68: extids: there is no room for a file
    hint: with files an ExtID has 16 bytes, and an entry at most 10240`},
		{"payload: {files: big/fits}, size: 200B", `
x.yaml:3:66: size: the payload's files have sizes of their own
    hint: leave size out, or choose another payload`},
		{"payload: {files: key}", `
x.yaml:3:49: files: "k" has a secret key in it, which would become public
    hint: remove it; if others have seen it, it is not secret any more`},
		{"payload: {files: empty}", `
x.yaml:3:49: files: "empty" has no file
    hint: it is a directory, a file, or a pattern such as samples/*.json; paths begin in the scenario's directory`},
		{"payload: {files: none/x}", `
x.yaml:3:49: files: "none/x" cannot be read: no such file or directory
    hint: paths begin in the scenario's directory`},
		{"payload: {files: 'big/['}", `
x.yaml:3:49: files: "big/[" is not a pattern
    hint: a * stands for any characters, a ? for one, [a-z] for one of these`},
		{"payload: {files: /dev/null}", `
x.yaml:3:49: files: "null" is not a file
    hint: paths begin in the scenario's directory`},
		{"payload: {files: many}", `
x.yaml:3:49: files: "many" has 10001 files, more than 10000
    hint: use a pattern that finds fewer`},
		{"payload: {file: big}", `
x.yaml:3:41: payload: files is missing
    hint: payload is random, text, json, zeros, or {files: DIRECTORY_OR_PATTERN}
x.yaml:3:42: payload: unknown key file
    hint: did you mean files?`},
	} {
		if got := problemsIn(t, dir, minimal+"workload: {mix: [{kind: entry, "+test.item+"}]}\n"); got != test.want {
			t.Errorf("%s\ngot:%s\nwant:%s", test.item, got, test.want)
		}
	}
	got := problemsIn(t, dir, minimal+"workload: {mix: [{kind: entry, payload: {files: 'many/0*'}}]}\n")
	if strings.Count(got, "takes the files above 64 MiB") != maxFileProblems {
		t.Errorf("files of more than 64 MiB: %.300s", got)
	}
}
