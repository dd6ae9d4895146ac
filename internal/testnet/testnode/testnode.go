// Package testnode finds or builds a node for tests. A test binary cannot be
// one itself: the engine is not free of data races, and cannot be started twice
// in a process.
package testnode

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

const (
	program = "github.com/FactomProject/factom-load/internal/testnet/testnode/cmd"
	source  = "github.com/FactomProject/factom-load/internal/testnet/node"
)

// Command is what runs a node, for testnet.Options. If the environment variable
// FACTOM_LOAD_NODE has the path of a factom-load, it is that one's node command;
// otherwise a program that is nothing else is built, without the race detector.
//
// The program is kept in the go command's build cache, so that packages share
// it and nothing is left behind.
func Command(tb testing.TB) []string {
	tb.Helper()
	if path := os.Getenv("FACTOM_LOAD_NODE"); path != "" {
		return []string{path, "node"}
	}
	// The go command reuses the result of a test while all that the test has
	// read is the same. It must know that the node's source is part of that.
	if _, err := os.ReadDir(run(tb, "go", "list", "-f", "{{.Dir}}", source)); err != nil {
		tb.Fatalf("reading the node's source: %v", err)
	}
	// With -exec, go run tells the path of what it has built. Right after a
	// build that is a temporary one, which is gone; the second time it is the
	// one in the cache.
	for range 2 {
		path := run(tb, "go", "run", "-race=false", "-cover=false", "-exec", "echo", program)
		if _, err := os.Stat(path); err == nil {
			return []string{path}
		}
	}
	tb.Fatal("building a node: the go command has not kept it in its cache")
	return nil
}

// run is what a command writes to its standard output.
func run(tb testing.TB, name string, args ...string) string {
	tb.Helper()
	cmd := exec.Command(name, args...)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%s: %v\n%s", cmd, err, &stderr)
	}
	return strings.TrimSpace(string(out))
}
