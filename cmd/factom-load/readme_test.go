package main

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/scenarios"
)

// The scenario files in the manual are some, and so are its parts of one.
func TestManualScenarios(t *testing.T) {
	for _, file := range []string{"README.md", "docs/scenarios.md"} {
		manual := readManual(t, file)
		blocks := regexp.MustCompile("(?ms)^( *)```yaml\n(.*?)^ *```$").FindAllStringSubmatch(manual, -1)
		if len(blocks) == 0 {
			t.Errorf("%s has no scenario file", file)
		}
		for _, b := range blocks {
			text := strings.TrimPrefix(strings.ReplaceAll("\n"+b[2], "\n"+b[1], "\n"), "\n")
			if !strings.HasPrefix(text, "version: 1") {
				text = "version: 1\n" + text
			}
			if !strings.Contains(text, "\nload:") {
				text += "load: {phases: [{for: 1s, rate: 1/s}]}\n"
			}
			if _, err := scenarios.Parse([]byte(text), file); err != nil {
				t.Errorf("%v\n%s", err, text)
			}
		}
	}
}

// What can be named in a scenario, or in the place of one, is in the manual.
func TestManualNames(t *testing.T) {
	readme := readManual(t, "README.md")
	for _, name := range scenarios.Library() {
		if !strings.Contains(readme, "`"+name+"`") {
			t.Errorf("the README does not tell of the scenario %s", name)
		}
	}
}

func readManual(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile("../../" + file)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
