package scenarios

import (
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

//go:embed library/*.yaml
var library embed.FS

// Library has the names of the scenarios that come with the program, sorted.
func Library() []string {
	entries, _ := library.ReadDir("library") // embedded: it cannot fail
	names := make([]string, len(entries))
	for i, e := range entries {
		names[i] = strings.TrimSuffix(e.Name(), ".yaml")
	}
	return names
}

// Lookup finds the file of a scenario of the library.
func Lookup(name string) (data []byte, ok bool) {
	data, err := library.ReadFile("library/" + name + ".yaml")
	return data, err == nil
}

// Read reads the file of a scenario: "-" is stdin, what has a slash or ends in
// .yaml or .yml is a path, anything else is a name of the library or, failing
// that, a path. The returned file is its name for messages. What does not exist
// is an [fs.ErrNotExist].
func Read(stdin io.Reader, nameOrPath string) (data []byte, file string, err error) {
	switch {
	case nameOrPath == "-":
		data, err = readAll(stdin)
		file = "stdin"
	case looksLikePath(nameOrPath):
		data, err = readFile(nameOrPath)
		file = nameOrPath
	default:
		if data, ok := Lookup(nameOrPath); ok {
			return data, nameOrPath + ".yaml", nil
		}
		data, err = readFile(nameOrPath)
		file = nameOrPath
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, "", fmt.Errorf("no scenario %s: %w\n    hint: %sthe library has %s; for a file of your own give its path",
			show(nameOrPath), fs.ErrNotExist, guess(nameOrPath, Library()), strings.Join(Library(), ", "))
	case err != nil:
		return nil, "", fmt.Errorf("reading the scenario %s: %w", show(nameOrPath), err)
	}
	return data, file, nil
}

func looksLikePath(s string) bool {
	return strings.ContainsRune(s, '/') || strings.ContainsRune(s, os.PathSeparator) ||
		strings.HasSuffix(s, ".yaml") || strings.HasSuffix(s, ".yml")
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return readAll(f)
}

// readAll reads one byte more than a scenario may have, for [Parse] to refuse.
func readAll(r io.Reader) ([]byte, error) {
	return io.ReadAll(io.LimitReader(r, MaxBytes+1))
}
