package main

import (
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// tagPrefix begins what stands for all runs with a tag: tag:version=v6.12.0.
const tagPrefix = "tag:"

// eachRun calls found for every run's directory below a directory, in the order of their
// names and without following links, and failed for what cannot be looked at.
func eachRun(root string, found func(dir string), failed func(dir string, err error)) error {
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			failed(path, err)
			return fs.SkipDir
		}
		if !d.IsDir() {
			return nil
		}
		if info, err := os.Lstat(filepath.Join(path, results.ManifestFile)); err != nil || !info.Mode().IsRegular() {
			return nil
		}
		found(path)
		return fs.SkipDir
	})
}

// taggedRuns returns the runs below directories that have a tag, given as tag:NAME=VALUE.
// A run that cannot be read is an error: it could be one of them.
func taggedRuns(tag string, roots []string) (dirs []string, err error) {
	key, value, ok := strings.Cut(strings.TrimPrefix(tag, tagPrefix), "=")
	if !ok || key == "" {
		return nil, fmt.Errorf("%q names no tag and its value\n    hint: %sversion=v6.12.0", tag, tagPrefix)
	}
	runs, values := 0, map[string]int{} // runs by the value that they have of the tag
	keys := map[string]bool{}
	for _, root := range roots {
		if info, err := os.Stat(root); err != nil {
			return nil, fmt.Errorf("%s: no runs there: %w\n    hint: --in names the directory with the runs", tag, err)
		} else if !info.IsDir() {
			return nil, fmt.Errorf("%s: %s is no directory", tag, root)
		}
		var unread error
		err := eachRun(root+string(filepath.Separator), func(dir string) { // a link that the user names is followed
			m, err := results.ReadManifest(dir)
			if err != nil {
				if unread == nil {
					unread = err
				}
				return
			}
			runs++
			for k := range m.Tags {
				keys[k] = true
			}
			has, tagged := m.Tags[key]
			if tagged {
				values[has]++
			}
			if tagged && has == value {
				dirs = append(dirs, filepath.Clean(dir))
			}
		}, func(dir string, err error) { unread = err })
		if err == nil {
			err = unread
		}
		if err != nil {
			return nil, fmt.Errorf("%s: %w", tag, err)
		}
	}
	if len(dirs) > 0 {
		return dirs, nil
	}
	where := strings.Join(roots, ", ")
	switch {
	case runs == 0:
		return nil, fmt.Errorf("%s: there are no runs below %s\n    hint: --in names the directory with the runs", tag, where)
	case len(values) > 0:
		var there []string
		for _, v := range slices.Sorted(maps.Keys(values)) {
			there = append(there, fmt.Sprintf("%s (%d)", factomd.Printable(v, 60), values[v]))
		}
		return nil, fmt.Errorf("%s: none of the %d runs below %s has that tag\n    hint: %s is %s", tag, runs, where, factomd.Printable(key, 60), some(there))
	case len(keys) > 0:
		var there []string
		for _, k := range slices.Sorted(maps.Keys(keys)) {
			there = append(there, factomd.Printable(k, 60))
		}
		return nil, fmt.Errorf("%s: none of the %d runs below %s has a tag of that name\n    hint: there is %s", tag, runs, where, some(there))
	}
	return nil, fmt.Errorf("%s: none of the %d runs below %s has any tag\n    hint: run --tag %s=%s makes one", tag, runs, where, factomd.Printable(key, 60), factomd.Printable(value, 60))
}

// some joins the first of many.
func some(list []string) string {
	const most = 12
	if more := len(list) - most; more > 0 {
		return strings.Join(list[:most], ", ") + fmt.Sprintf(" and %d more", more)
	}
	return strings.Join(list, ", ")
}
