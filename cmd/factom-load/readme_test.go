package main

import (
	"os"
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/scenarios"
)

// The scenario file in the README is one.
func TestReadmeScenario(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, block := range strings.Split(string(readme), "```yaml\n")[1:] {
		text, _, _ := strings.Cut(block, "```")
		if !strings.HasPrefix(text, "version: 1") {
			continue // a part of one
		}
		found = true
		if _, err := scenarios.Parse([]byte(text), "README.md"); err != nil {
			t.Error(err)
		}
	}
	if !found {
		t.Error("the README has no scenario file")
	}
}
