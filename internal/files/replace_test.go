package files

import (
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// A file is replaced whole or not at all, and without traces.
func TestReplace(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.json")
	for _, content := range []string{"first", "second, and longer", ""} {
		if err := Replace(path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != content {
			t.Errorf("read %q, %v", got, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o644 {
		t.Errorf("mode is %v, %v", info.Mode(), err)
	}

	target := filepath.Join(dir, "taken")
	if err := os.MkdirAll(filepath.Join(target, "full"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := Replace(target, []byte("x")); err == nil || !strings.Contains(err.Error(), "writing taken") {
		t.Errorf("over a directory: %v", err)
	}
	if err := Replace(filepath.Join(dir, "nowhere", "x"), nil); err == nil {
		t.Error("into no directory: no error")
	}
	if got, err := fs.Glob(os.DirFS(dir), "*"); err != nil || !slices.Equal(got, []string{"report.json", "taken"}) {
		t.Errorf("it left %v, %v", got, err)
	}
}
