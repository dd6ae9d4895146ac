package testnet_test

import (
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/testnet"
)

// kept is a network that outlives what started it.
type kept struct{ testnet.Status }

func (k kept) Endpoint() string { return k.Status.Endpoint }

// up starts a network that is ended with the test.
func up(t *testing.T, o testnet.UpOptions) (k kept, started bool) {
	t.Helper()
	s, started, err := testnet.Up(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { testnet.Down(context.Background(), o.Dir, true) })
	if !s.Running || s.PID == 0 || s.Height == nil {
		t.Fatalf("after Up: %+v", s)
	}
	return kept{s}, started
}

func down(t *testing.T, dir string, purge, want bool) {
	t.Helper()
	if stopped, err := testnet.Down(t.Context(), dir, purge); err != nil || stopped != want {
		t.Fatalf("Down: %t, %v; want %t", stopped, err, want)
	}
}

func look(t *testing.T, dir string) testnet.Status {
	t.Helper()
	s, err := testnet.Look(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// keyMR is what tells one chain from another.
func keyMR(t *testing.T, n api, height int) string {
	t.Helper()
	var reply struct {
		DBlock struct{ KeyMR string }
	}
	if err := json.Unmarshal(call(t, n, "dblock-by-height", map[string]any{"height": height, "noraw": true}), &reply); err != nil || reply.DBlock.KeyMR == "" {
		t.Fatalf("block %d: %v", height, err)
	}
	return reply.DBlock.KeyMR
}

// What is in saved blocks is there again, at the same address, however the node
// ended.
func TestKept(t *testing.T) {
	o := testnet.UpOptions{
		Options: testnet.Options{Command: realNode(t), BlockTime: 6 * time.Second, DB: testnet.DBLDB},
		Dir:     filepath.Join(t.TempDir(), "net"),
	}
	first, started := up(t, o)
	if !started {
		t.Error("it was not started")
	}
	again, started := up(t, o)
	if started || again.PID != first.PID {
		t.Errorf("a second Up: started %t, process %d and then %d", started, first.PID, again.PID)
	}
	t.Run("entries are taken at once", func(t *testing.T) { testTransaction(t, first) })
	t.Run("metrics", func(t *testing.T) {
		if got := get(t, first.Metrics); !strings.Contains(got, "\nfactomd_state_") {
			t.Errorf("no factomd metrics at %s:\n%.500s", first.Metrics, got)
		}
	})
	t.Run("loopback only", func(t *testing.T) { testLoopbackOnly(t, first.PID) })
	for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGHUP} {
		if err := syscall.Kill(first.PID, s); err != nil {
			t.Fatal(err)
		}
	}
	waitForBlock(t, first, 1)
	block := keyMR(t, first, 1)

	o.BlockTime, o.DB = 0, "" // as before
	restarted := func(why string) kept {
		t.Helper()
		now, started := up(t, o)
		if !started || now.PID == first.PID || now.Endpoint() != first.Endpoint() || now.Metrics != first.Metrics || now.BlockTime != "6s" || now.DB != testnet.DBLDB {
			t.Errorf("after %s: started %t, %+v; was %+v", why, started, now, first)
		}
		if *now.Height < 1 || keyMR(t, now, 1) != block {
			t.Errorf("after %s: height %d, and block 1 is %s, not %s", why, *now.Height, keyMR(t, now, 1), block)
		}
		return now
	}
	down(t, o.Dir, false, true)
	if s := look(t, o.Dir); s.Running || s.PID != 0 || s.Height != nil {
		t.Errorf("after Down: %+v", s)
	}
	if _, err := http.Get(first.Endpoint()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("API after Down: %v, want connection refused", err)
	}
	down(t, o.Dir, false, false)
	second := restarted("Down")

	if err := syscall.Kill(second.PID, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	for look(t, o.Dir).Running {
		time.Sleep(20 * time.Millisecond)
	}
	restarted("kill -9")
	t.Run("entries are taken again", func(t *testing.T) { testTransaction(t, second) })

	down(t, o.Dir, true, true)
	if _, err := os.Stat(o.Dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("after a purge: %v", err)
	}
	if _, err := testnet.Look(t.Context(), o.Dir); !errors.Is(err, testnet.ErrNone) {
		t.Errorf("Look after a purge: %v", err)
	}
	if _, err := testnet.Down(t.Context(), o.Dir, true); !errors.Is(err, testnet.ErrNone) {
		t.Errorf("Down after a purge: %v", err)
	}
}

// A network in memory is a new one each time.
func TestKeptInMemory(t *testing.T) {
	o := testnet.UpOptions{
		Options: testnet.Options{Command: realNode(t), BlockTime: 6 * time.Second},
		Dir:     t.TempDir(),
	}
	first, _ := up(t, o)
	waitForBlock(t, first, 1)
	block := keyMR(t, first, 1)
	down(t, o.Dir, false, true)
	second, _ := up(t, o)
	if *second.Height != 0 {
		t.Errorf("it begins at height %d", *second.Height)
	}
	waitForBlock(t, second, 1)
	if keyMR(t, second, 1) == block {
		t.Error("it has the old chain's block")
	}
}

// However many start it at once, there is one node.
func TestUpAtOnce(t *testing.T) {
	o := testnet.UpOptions{
		Options: testnet.Options{Command: realNode(t), BlockTime: 6 * time.Second},
		Dir:     t.TempDir(),
	}
	t.Cleanup(func() { testnet.Down(context.Background(), o.Dir, true) })
	var (
		mu      sync.Mutex
		pids    = map[int]int{}
		started int
		group   sync.WaitGroup
	)
	for range 5 {
		group.Go(func() {
			s, new, err := testnet.Up(t.Context(), o)
			mu.Lock()
			defer mu.Unlock()
			switch {
			case err == nil:
				pids[s.PID]++
			case !strings.Contains(err.Error(), "another command is busy"):
				t.Error(err)
			}
			if new {
				started++
			}
		})
	}
	group.Wait()
	if len(pids) != 1 || started != 1 {
		t.Errorf("processes %v, %d started", pids, started)
	}
}

// What could not be started leaves no process and no lock behind.
func TestUpFails(t *testing.T) {
	taken, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	pid := filepath.Join(t.TempDir(), "pid")
	tests := []struct {
		name    string
		options testnet.UpOptions
		want    string
	}{
		{"ends at once", testnet.UpOptions{Options: testnet.Options{Command: shell("echo cannot do it >&2; exit 7")}}, "cannot do it"},
		{"never answers", testnet.UpOptions{Options: testnet.Options{Command: shell("echo $$ >" + pid + "; exec sleep 60"), ReadyTimeout: 200 * time.Millisecond}}, "not ready after 200ms"},
		{"address taken", testnet.UpOptions{Options: testnet.Options{Command: shell("exit 0")}, Addr: taken.Addr().String()}, "is taken"},
		{"block time", testnet.UpOptions{Options: testnet.Options{Command: shell("exit 0"), BlockTime: time.Second}}, "block time 1s"},
		{"database", testnet.UpOptions{Options: testnet.Options{Command: shell("exit 0"), DB: "bolt"}}, `database "bolt": must be map or ldb`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Dir = t.TempDir()
			for range 2 {
				_, _, err := testnet.Up(t.Context(), tt.options)
				if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "starting a testnet") {
					t.Fatalf("Up: %v, want %q", err, tt.want)
				}
				if s, err := testnet.Look(t.Context(), tt.options.Dir); err == nil && s.Running {
					t.Errorf("it runs: %+v", s)
				}
			}
		})
	}
	b, err := os.ReadFile(pid)
	if err != nil {
		t.Fatal(err)
	}
	if n, err := strconv.Atoi(strings.TrimSpace(string(b))); err != nil || syscall.Kill(n, 0) == nil {
		t.Errorf("process %q is still there (%v)", b, err)
	}
}

// No other process is ended in the place of a node: neither by an id that was left
// behind, nor by one that is made up.
func TestDownHitsNobodyElse(t *testing.T) {
	bystander := []string{"sleep", "60"}
	p, err := os.StartProcess("/bin/sleep", bystander, &os.ProcAttr{})
	if err != nil {
		t.Skip(err)
	}
	defer func() { p.Kill(); p.Wait() }()
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("testnet.json", `{"endpoint": "http://127.0.0.1:1/v2", "metrics": "http://127.0.0.1:1/metrics"}`)
	write("node.lock", strconv.Itoa(p.Pid)+"\n")
	down(t, dir, false, false)

	held, err := os.Open(filepath.Join(dir, "node.lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	if err := syscall.Flock(int(held.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	for _, text := range []string{"", "1\n", "-1\n", "0\n", "node\n"} {
		write("node.lock", text)
		if _, err := testnet.Down(t.Context(), dir, false); err == nil || !strings.Contains(err.Error(), "its node.lock was changed") {
			t.Errorf("with %q in the lock: %v", text, err)
		}
	}
	if err := p.Signal(syscall.Signal(0)); err != nil {
		t.Errorf("the bystander: %v", err)
	}
}
