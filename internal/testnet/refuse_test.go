package testnet_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// A node removes its home in the end, so it must not take one that holds
// anything, nor run without a parent to end it.
func TestNodeRefuses(t *testing.T) {
	command := realNode(t)
	precious := filepath.Join(t.TempDir(), "precious")
	if err := os.WriteFile(precious, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name     string
		args     []string
		byParent bool
		want     string
	}{
		{"started by hand", []string{"--home", t.TempDir()}, false, "for factom-load itself to start"},
		{"no home", nil, true, "must be an absolute path"},
		{"home in use", []string{"--home", filepath.Dir(precious)}, true, "must be empty"},
		{"home is missing", []string{"--home", filepath.Join(t.TempDir(), "none")}, true, "no such file"},
		{"no sockets", []string{"--home", t.TempDir()}, true, "taking over the socket of the API"},
		{"block time", []string{"--home", t.TempDir(), "--block-time", "5s"}, true, "from 6s to 10m0s"},
		{"argument", []string{"more"}, true, `unexpected argument "more"`},
		{"flag of the engine", []string{"--enablenet"}, true, "unknown flag: --enablenet"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), command[0], append(command[1:], tt.args...)...)
			if tt.byParent {
				end, lifeline, err := os.Pipe()
				if err != nil {
					t.Fatal(err)
				}
				defer end.Close()
				defer lifeline.Close()
				cmd.ExtraFiles = []*os.File{end}
			}
			out, err := cmd.CombinedOutput()
			if cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), tt.want) {
				t.Errorf("%v, output %q; want exit code 1 and %q", err, out, tt.want)
			}
		})
	}
	if _, err := os.Stat(precious); err != nil {
		t.Error(err)
	}
}
