package main

import (
	"bytes"
	"context"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/spf13/cobra"

	"github.com/FactomProject/factom-load/scenarios"
)

// A workflow has what the examples for CI share: on GitHub jobs with steps, on GitLab
// jobs with scripts.
type workflow struct {
	On   map[string]any `yaml:"on"`
	Jobs map[string]struct {
		RunsOn any `yaml:"runs-on"`
		Steps  []struct {
			Uses, Run string
		}
	}
}

// The examples for CI are YAML, and each command of ours in them is one.
func TestManualCI(t *testing.T) {
	manual := readManual(t, "docs/ci.md")
	blocks := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(manual, -1)
	if len(blocks) != 2 {
		t.Fatalf("docs/ci.md has %d examples, want those of GitHub and GitLab", len(blocks))
	}
	checkCommands(t, githubScripts(t, blocks[0][1]), 3)
	checkCommands(t, gitlabScripts(t, blocks[1][1]), 3)

	var shell []string
	for _, b := range regexp.MustCompile("(?ms)^```sh\n(.*?)^```$").FindAllStringSubmatch(manual, -1) {
		shell = append(shell, b[1])
	}
	checkCommands(t, shell, 2)
}

func githubScripts(t *testing.T, text string) (scripts []string) {
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		t.Fatal(err)
	}
	if len(w.On) == 0 || len(w.Jobs) == 0 {
		t.Error("the workflow has no events, or no jobs")
	}
	for name, job := range w.Jobs {
		if job.RunsOn == nil || len(job.Steps) == 0 {
			t.Errorf("job %s runs nowhere, or has no steps", name)
		}
		for _, s := range job.Steps {
			if (s.Uses == "") == (s.Run == "") {
				t.Errorf("a step of %s uses %q and runs %q", name, s.Uses, s.Run)
			}
			scripts = append(scripts, s.Run)
		}
	}
	return scripts
}

func gitlabScripts(t *testing.T, text string) (scripts []string) {
	var file map[string]any
	if err := yaml.Unmarshal([]byte(text), &file); err != nil {
		t.Fatal(err)
	}
	stages, _ := file["stages"].([]any)
	for name, value := range file {
		if name == "stages" || name == "variables" {
			continue
		}
		job, _ := value.(map[string]any)
		script, _ := job["script"].([]any)
		known := false
		for _, s := range stages {
			known = known || s == job["stage"]
		}
		if len(script) == 0 || !known {
			t.Errorf("job %s has %d commands, and its stage is %v", name, len(script), job["stage"])
		}
		for _, line := range script {
			text, ok := line.(string)
			if !ok {
				t.Errorf("a command of %s is %v", name, line)
			}
			scripts = append(scripts, text)
		}
	}
	return scripts
}

// checkCommands fails unless there are so many commands of ours, at least, and each is
// accepted as far as it can be without being carried out.
func checkCommands(t *testing.T, scripts []string, atLeast int) {
	t.Helper()
	found := 0
	command := regexp.MustCompile(`(?m)(?:^|[;&|]|\bdo)\s*(?:\./)?factom-load ([^;&|>\n]*)`)
	for _, script := range scripts {
		script = strings.ReplaceAll(script, "\\\n", " ")
		script = regexp.MustCompile(`\$\{\{.*?\}\}`).ReplaceAllString(script, "value")
		for _, c := range command.FindAllStringSubmatch(script, -1) {
			found++
			if err := accepts(shellWords(c[1])); err != nil {
				t.Errorf("factom-load %s: %v", c[1], err)
			}
		}
	}
	if found < atLeast {
		t.Errorf("%d commands of factom-load in %q, want %d", found, scripts, atLeast)
	}
}

// accepts reads a command line as the program would, but does nothing.
func accepts(args []string) error {
	root := newRoot(&env{stdin: strings.NewReader(""), stdout: new(bytes.Buffer), stderr: new(bytes.Buffer), getenv: func(string) string { return "" }})
	for _, c := range root.Commands() {
		c.RunE = func(c *cobra.Command, args []string) error {
			if c.Name() == "run" {
				_, _, err := scenarios.Read(strings.NewReader(""), args[0])
				return err
			}
			return nil
		}
	}
	root.SetArgs(args)
	return root.ExecuteContext(context.Background())
}

// shellWords splits a command as a shell does, variables aside.
func shellWords(s string) (words []string) {
	for _, w := range regexp.MustCompile(`(?:[^\s'"]|'[^']*'|"[^"]*")+`).FindAllString(s, -1) {
		words = append(words, strings.NewReplacer("'", "", `"`, "").Replace(w))
	}
	return words
}

// What is not a command of ours is found to be none.
func TestManualCommandsAreChecked(t *testing.T) {
	for _, bad := range []string{"run nosuch", "run smoke --juint x", "export", "run smoke --seed x", "nosuch", "report"} {
		if err := accepts(shellWords(bad)); err == nil {
			t.Errorf("factom-load %s is accepted", bad)
		}
	}
	for _, good := range []string{"run smoke --junit 'a b' --summary \"$X\"", "export runs/x --format hdr", "report x"} {
		if err := accepts(shellWords(good)); err != nil {
			t.Errorf("factom-load %s: %v", good, err)
		}
	}
}
