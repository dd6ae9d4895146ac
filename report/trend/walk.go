package trend

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

// A place is a run's directory that was found.
type place struct {
	path    string // below the root, with slashes
	record  bool   // it has no report.json, and a run.json
	size    int64  // of that file, bytes
	changed int64  // nanoseconds of the Unix epoch
	page    bool   // it has a report.html
}

// find walks the tree below root and calls visit for each run's directory, in
// lexical order. Symbolic links to directories are not followed: what they lead to
// would count twice, or for ever. What cannot be read is told to problem, and left out.
func find(ctx context.Context, root string, visit func(place), problem func(path, message string)) error {
	if info, err := os.Stat(root); err != nil {
		return fmt.Errorf("looking for runs: %w", err)
	} else if !info.IsDir() {
		return fmt.Errorf("looking for runs: %s is no directory", root)
	}
	top, err := filepath.EvalSymlinks(root)
	if err != nil {
		return fmt.Errorf("looking for runs: %w", err)
	}
	return filepath.WalkDir(top, func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		rel, relErr := filepath.Rel(top, path)
		if relErr != nil {
			return relErr
		}
		rel = filepath.ToSlash(rel)
		if err != nil {
			if path == top {
				return fmt.Errorf("looking for runs: %w", err)
			}
			problem(rel, reason(err))
			return nil
		}
		if !d.IsDir() {
			return nil
		}
		p := place{path: rel}
		file := report.JSONFile
		info, err := os.Stat(filepath.Join(path, file))
		if err != nil {
			p.record, file = true, results.ManifestFile
			if info, err = os.Stat(filepath.Join(path, file)); err != nil {
				return nil
			}
		}
		if !info.Mode().IsRegular() {
			problem(rel, file+" is no file")
			return filepath.SkipDir
		}
		p.size, p.changed = info.Size(), info.ModTime().UnixNano()
		p.page = exists(filepath.Join(path, report.HTMLFile))
		visit(p)
		return filepath.SkipDir // nothing of a run's directory is another run
	})
}

func exists(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular()
}

// reason is an error without the path that it was met at, as it may be shown.
func reason(err error) string {
	if path := new(fs.PathError); errors.As(err, &path) {
		err = path.Err
	}
	// The decoder's own name says nothing to who has a broken file.
	return factomd.Printable(strings.ReplaceAll(err.Error(), "jsontext: ", ""), 300)
}
