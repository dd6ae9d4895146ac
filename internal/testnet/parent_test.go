package testnet_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/testnet"
)

// parentEnv holds the node's program in a process that is the parent to be killed.
const parentEnv = "TESTNET_PARENT_OF"

// parentToKill starts a network, tells its endpoint, and waits for its own end.
func parentToKill() {
	n, err := testnet.Start(context.Background(), testnet.Options{
		Command:   strings.Fields(os.Getenv(parentEnv)),
		BlockTime: testnet.MinBlockTime,
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Println(n.Endpoint())
	select {}
}

// A node must not outlive its parent, however that ends, nor leave its home.
func TestParentKilled(t *testing.T) {
	command := realNode(t)
	dir := t.TempDir()
	parent := exec.Command(os.Args[0])
	parent.Env = append(os.Environ(), parentEnv+"="+strings.Join(command, " "), "TMPDIR="+dir)
	parent.Stderr = os.Stderr
	out, err := parent.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := parent.Start(); err != nil {
		t.Fatal(err)
	}
	endpoint, err := bufio.NewReader(out).ReadString('\n')
	endpoint = strings.TrimSpace(endpoint)
	if err != nil {
		parent.Process.Kill()
		t.Fatalf("the parent has not started a network: %v", err)
	}
	left := func() []string {
		files, _ := filepath.Glob(filepath.Join(dir, "*"))
		return files
	}
	if len(left()) == 0 {
		t.Error("no home in the directory for temporary files")
	}

	parent.Process.Kill()
	parent.Wait()
	deadline := time.Now().Add(20 * time.Second)
	for {
		response, err := http.Get(endpoint)
		if err == nil {
			response.Body.Close() // it answered once more
		}
		refused := errors.Is(err, syscall.ECONNREFUSED)
		if refused && len(left()) == 0 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after its parent: API refuses connections: %t; left behind: %q", refused, left())
		}
		time.Sleep(20 * time.Millisecond)
	}
}
