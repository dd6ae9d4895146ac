package scenarios

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// The limits of a payload's files.
const (
	MaxFiles      = 10_000
	MaxFilesBytes = 64 << 20

	maxFileProblems = 20
)

// What stands around a payload's text, in bytes: the nonce in hex, which is the
// text's first word, or a member of the JSON object.
const (
	TextNonce = 2 * ContentNonce

	JSONBefore  = `{"nonce":"`
	JSONBetween = `","text":"`
	JSONAfter   = `"}`
)

// FileExtID is the length of the ExtIDs, but for the marker and a chain's nonce,
// that go with a file: the file alone decides the entry's size.
const FileExtID = 16

// MinContent is the least content, in bytes, of an entry with that payload: what
// makes it unique. A chain's first entry has its nonce in an ExtID, and may do
// without, except where the nonce is part of the form.
func (k PayloadKind) MinContent(of Kind) int {
	switch {
	case k == Text:
		return TextNonce
	case k == JSON:
		return len(JSONBefore) + TextNonce + len(JSONBetween) + len(JSONAfter)
	case of == KindChain:
		return 0
	}
	return ContentNonce
}

const payloadHint = "payload is random, text, json, zeros, or {files: DIRECTORY_OR_PATTERN}"

// payload reads a kind, or {files: samples/*.json}.
func (d *decoder) payload(n *node, dst *Payload) bool {
	switch {
	case n.kind == mapping:
		files := &Files{}
		ok := d.sound(func() {
			d.fields(n, field{"files", into(d.files, files)})
			d.require(n, "files", payloadHint)
		})
		*dst = Payload{FromFiles, files} // whatever is wrong with them
		return ok
	case n.kind == scalar && n.text == string(FromFiles):
		d.report(n, "files need their path", "write payload: {files: DIRECTORY_OR_PATTERN}")
		return false
	}
	return oneOf(d, Random, Text, JSON, Zeros)(n, &dst.Kind)
}

// files reads the contents of all files of a directory, or of those whose names
// match a pattern.
func (d *decoder) files(n *node, dst *Files) bool {
	var path string
	if !d.path(n, &path) {
		return false
	}
	return d.sound(func() {
		dir, names, p := listFiles(d.resolve(path))
		if p != nil {
			d.report(n, show(path)+" "+p.Message, p.Hint)
			return
		}
		dst.Path = path
		h, left, wrong := sha256.New(), int64(MaxFilesBytes), 0
		for _, name := range names {
			content, p := readContent(filepath.Join(dir, name), left)
			if p != nil {
				d.report(n, show(name)+" "+p.Message, p.Hint)
				if wrong++; wrong == maxFileProblems {
					return
				}
				continue
			}
			left -= int64(len(content))
			h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(content))))
			h.Write(content)
			dst.List = append(dst.List, File{name, content})
		}
		dst.SHA256 = hex.EncodeToString(h.Sum(nil))
	})
}

// listFiles finds the files that path, a directory, a file or a pattern in its
// last part, stands for, by name.
func listFiles(path string) (dir string, names []string, p *Problem) {
	dir, pattern := path, "*"
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		dir, pattern = filepath.Split(path)
		dir = filepath.Clean(dir)
	}
	exact := err == nil && !info.IsDir() // also where its name looks like a pattern
	if _, err := filepath.Match(pattern, ""); err != nil && !exact {
		return "", nil, complain("is not a pattern", "a * stands for any characters, a ? for one, [a-z] for one of these")
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return "", nil, unreadable(err)
	}
	for _, e := range entries {
		name := e.Name()
		matches, _ := filepath.Match(pattern, name)
		switch {
		case exact && name != pattern, !exact && !matches:
			continue
		case strings.HasPrefix(name, ".") && !strings.HasPrefix(pattern, "."):
			continue // hidden ones must be asked for
		}
		if info, err := os.Stat(filepath.Join(dir, name)); err == nil && info.IsDir() {
			continue
		}
		names = append(names, name)
	}
	switch {
	case len(names) == 0:
		return "", nil, complain("has no file", "it is a directory, a file, or a pattern such as samples/*.json; paths begin in the scenario's directory")
	case len(names) > MaxFiles:
		return "", nil, complain(fmt.Sprintf("has %d files, more than %d", len(names), MaxFiles), "use a pattern that finds fewer")
	}
	return dir, names, nil
}

// readContent reads a file that may become an entry.
func readContent(path string, left int64) ([]byte, *Problem) {
	f, p := openRegular(path)
	if p != nil {
		return nil, p
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, MaxSize+1))
	switch {
	case err != nil:
		return nil, unreadable(err)
	case len(content) > MaxSize:
		return nil, complain(fmt.Sprintf("has more than %d bytes", MaxSize), "that is the most that an entry may have")
	case int64(len(content)) > left:
		return nil, complain(fmt.Sprintf("takes the files above %d MiB", MaxFilesBytes>>20), "use fewer files")
	case holdsKey(content):
		return nil, complain("has a secret key in it, which would become public", "remove it; if others have seen it, it is not secret any more")
	}
	return content, nil
}

// holdsKey is whether a secret key is in content. Most are ruled out without the
// expression, which takes 64 MiB a second or two.
func holdsKey(content []byte) bool {
	return (bytes.Contains(content, []byte("Es")) || bytes.Contains(content, []byte("Fs"))) && secretKey.Match(content)
}

// fileSizes is the least and the most payload of the item's files, in bytes.
func (i Item) fileSizes(marker string) Range {
	sizes := Range{MaxSize, 0}
	for _, f := range i.Payload.Files.List {
		sizes.Min = min(sizes.Min, i.FileSize(marker, f, i.ExtIDs.Min))
		sizes.Max = max(sizes.Max, i.FileSize(marker, f, i.ExtIDs.Max))
	}
	return sizes
}

// filesFit reports files that do not fit into an entry, and sets the item's
// size.
func (d *decoder) filesFit(m *mixed, marker string) {
	i, wrong := &m.item, 0
	if i.FileSize(marker, File{}, i.ExtIDs.Max) > MaxSize {
		d.report(m.node.get("extids"), "there is no room for a file", fmt.Sprintf("with files an ExtID has %d bytes, and an entry at most %d", FileExtID, MaxSize))
		return
	}
	for _, f := range i.Payload.Files.List {
		if over := i.FileSize(marker, f, i.ExtIDs.Max) - MaxSize; over > 0 && wrong < maxFileProblems {
			d.report(m.node.get("payload"), fmt.Sprintf("%s has %d bytes, and there is room for %d", show(f.Name), len(f.Content), len(f.Content)-over),
				fmt.Sprintf("an entry has at most %d bytes, with the marker, the nonce and %d ExtIDs", MaxSize, i.ExtIDs.Max))
			wrong++
		}
	}
	i.Size = i.fileSizes(marker)
}
