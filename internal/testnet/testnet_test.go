package testnet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
	"unicode"

	gopsnet "github.com/shirou/gopsutil/v4/net"
	"go.uber.org/goleak"

	"github.com/FactomProject/factom-load/internal/testnet"
	"github.com/FactomProject/factom-load/internal/testnet/testnode"
)

func TestMain(m *testing.M) {
	if os.Getenv(parentEnv) != "" {
		parentToKill()
	}
	code := m.Run()
	http.DefaultClient.CloseIdleConnections()
	if err := goleak.Find(); code == 0 && err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

// realNode skips what needs a real node, unless there is time for it.
func realNode(t *testing.T) []string {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a real node")
	}
	return testnode.Command(t)
}

// tempDir makes a new directory the one for temporary files, and checks in the
// end that nothing was left there.
func tempDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	t.Cleanup(func() {
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
			t.Errorf("left behind: %q", left)
		}
	})
	return dir
}

func TestNetwork(t *testing.T) {
	command := realNode(t)
	tempDir(t)
	t.Setenv("FACTOM_LOAD_SECRET", secret)
	log := filepath.Join(t.TempDir(), "node.log")
	var progress []string
	n, err := testnet.Start(t.Context(), testnet.Options{
		Command:   command,
		BlockTime: 6 * time.Second,
		LogPath:   log,
		Progress:  func(s string) { progress = append(progress, s) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer n.Stop(context.Background())

	if len(progress) == 0 {
		t.Error("no progress was told")
	}
	if got := string(call(t, n, "properties", nil)); !strings.Contains(got, `"v6.12.0"`) {
		t.Errorf("properties %s, want the version v6.12.0", got)
	}
	t.Run("entries are taken at once", func(t *testing.T) { testTransaction(t, n) })
	t.Run("metrics", func(t *testing.T) {
		if got := get(t, n.MetricsURL()); !strings.Contains(got, "\nfactomd_state_") {
			t.Errorf("no factomd metrics at %s:\n%.500s", n.MetricsURL(), got)
		}
	})
	t.Run("loopback only", func(t *testing.T) { testLoopbackOnly(t, n.PID()) })
	t.Run("no secrets", func(t *testing.T) { testNoSecrets(t, n.PID()) })
	t.Run("signals do not end it", func(t *testing.T) {
		for _, s := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
			if err := syscall.Kill(n.PID(), s); err != nil {
				t.Fatal(err)
			}
		}
		// The engine's own handler would end the process after 3 s.
		waitForBlock(t, n, savedHeight(t, n)+1)
	})
	if err := n.Err(); err != nil {
		t.Errorf("Err of a running network: %v", err)
	}

	if err := n.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}
	select {
	case <-n.Done():
	default:
		t.Error("not done after Stop")
	}
	if err := n.Err(); err != nil {
		t.Errorf("Err after Stop: %v", err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Errorf("second Stop: %v", err)
	}
	if _, err := http.Get(n.Endpoint()); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("API after Stop: %v, want connection refused", err)
	}
	if text, err := os.ReadFile(log); err != nil || !bytes.Contains(text, []byte("v6.12.0")) {
		t.Errorf("log (%v):\n%s", err, text)
	}
}

// secret is in the environment of the tests, and no business of a node.
const secret = "a-secret-of-the-harness"

// testNoSecrets checks that what the process list and /proc show of the node has
// nothing of the harness's environment.
func testNoSecrets(t *testing.T, pid int) {
	read := false
	for _, name := range []string{"cmdline", "environ"} {
		text, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(pid), name))
		if err != nil {
			continue // not on this system
		}
		read = true
		if len(text) == 0 || bytes.Contains(text, []byte(secret)) {
			t.Errorf("its %s is %q", name, text)
		}
	}
	if !read {
		t.Skip("this system does not show it")
	}
}

// testLoopbackOnly checks that the node is not reached from, and reaches,
// nothing but this machine.
func testLoopbackOnly(t *testing.T, pid int) {
	sockets, err := gopsnet.ConnectionsPid("inet", int32(pid))
	if err != nil {
		t.Fatal(err)
	}
	listening := 0
	for _, s := range sockets {
		if s.Laddr.IP != "127.0.0.1" {
			t.Errorf("a socket on %s:%d (%s)", s.Laddr.IP, s.Laddr.Port, s.Status)
		}
		if s.Status == "LISTEN" {
			listening++
		} else if s.Raddr.IP != "127.0.0.1" {
			t.Errorf("a socket to %s:%d (%s)", s.Raddr.IP, s.Raddr.Port, s.Status)
		}
	}
	if listening < 2 {
		t.Errorf("found %d listening sockets, want the API's and the metrics' at least", listening)
	}
}

func TestTwoNetworks(t *testing.T) {
	command := realNode(t)
	tempDir(t)
	type started struct {
		n   *testnet.Network
		err error
	}
	var feeds [2]*feed
	results := make(chan started, len(feeds))
	for i := range feeds {
		feeds[i] = newFeed(t)
		go func() {
			n, err := testnet.Start(t.Context(), testnet.Options{
				Command:   command,
				BlockTime: 6 * time.Second,
				FeedAddr:  feeds[i].addr,
			})
			results <- started{n, err}
		}()
	}
	urls := map[string]bool{}
	for range feeds {
		r := <-results
		if r.err != nil {
			t.Fatal(r.err)
		}
		defer r.n.Stop(context.Background())
		urls[r.n.Endpoint()], urls[r.n.MetricsURL()] = true, true
		if got := get(t, r.n.MetricsURL()); !strings.Contains(got, "\nprocess_start_time_seconds") {
			t.Errorf("no metrics at %s", r.n.MetricsURL())
		}
	}
	if len(urls) != 4 {
		t.Errorf("the networks share addresses: %v", urls)
	}
	for _, f := range feeds {
		f.waitForEvents(t, 3)
	}
}

func TestNodeKilled(t *testing.T) {
	command := realNode(t)
	tempDir(t)
	n, err := testnet.Start(t.Context(), testnet.Options{Command: command, BlockTime: 6 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Kill(n.PID(), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	<-n.Done()
	if err := n.Err(); err == nil || !strings.Contains(err.Error(), "killed") || !strings.Contains(err.Error(), "LOCAL") {
		t.Errorf("Err: %v, want the signal and the end of the log", err)
	}
	if err := n.Stop(t.Context()); err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func TestStartFails(t *testing.T) {
	notEmpty := filepath.Join(t.TempDir(), "node.log")
	if err := os.WriteFile(notEmpty, []byte("of an earlier run\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name    string
		options testnet.Options
		want    []string // parts of the error
		without string   // not in the error
	}{
		{name: "no command", want: []string{"no command"}},
		{
			name:    "no such program",
			options: testnet.Options{Command: []string{"no-such-factomd", "node"}},
			want:    []string{"starting a local network", `"no-such-factomd"`, "not found"},
		},
		{
			name:    "not a program",
			options: testnet.Options{Command: []string{notEmpty}},
			want:    []string{notEmpty, "permission denied"},
		},
		{
			name:    "block time too short",
			options: testnet.Options{Command: shell("exit 0"), BlockTime: time.Second},
			want:    []string{"block time 1s", "from 6s to 10m0s"},
		},
		{
			name:    "block time in parts of a second",
			options: testnet.Options{Command: shell("exit 0"), BlockTime: 6500 * time.Millisecond},
			want:    []string{"block time 6.5s", "whole seconds"},
		},
		{
			name:    "log in no directory",
			options: testnet.Options{Command: shell("exit 0"), LogPath: filepath.Join(t.TempDir(), "none", "log")},
			want:    []string{"opening the node's log", "no such file"},
		},
		{
			name:    "ends at once",
			options: testnet.Options{Command: shell("echo first; echo cannot do it >&2; exit 7")},
			want:    []string{"ended by itself", "exit status 7", "first", "cannot do it"},
		},
		{
			name:    "ends at once without a word",
			options: testnet.Options{Command: shell("exit 0")},
			want:    []string{"exit status 0", "log is empty"},
		},
		{
			name:    "quotes its own run only",
			options: testnet.Options{Command: shell("echo of this run; exit 1"), LogPath: notEmpty},
			want:    []string{notEmpty, "of this run"},
			without: "earlier",
		},
		{
			name:    "hostile log",
			options: testnet.Options{Command: shell(`yes "$(printf '\033]0;x\007\233\377 spam')" | head -c 1000000; echo the end; exit 1`)},
			want:    []string{"spam", "the end"},
		},
		{
			name:    "never answers",
			options: testnet.Options{Command: shell("exec sleep 60"), ReadyTimeout: 200 * time.Millisecond},
			want:    []string{"not ready after 200ms", "log is empty"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tempDir(t)
			n, err := testnet.Start(t.Context(), tt.options)
			if err == nil {
				n.Stop(context.Background())
				t.Fatal("started")
			}
			text := err.Error()
			for _, want := range tt.want {
				if !strings.Contains(text, want) {
					t.Errorf("error %q lacks %q", text, want)
				}
			}
			if tt.without != "" && strings.Contains(text, tt.without) {
				t.Errorf("error %q has %q", text, tt.without)
			}
			if len(text) > 4<<10 {
				t.Errorf("an error of %d bytes", len(text))
			}
			if i := strings.IndexFunc(text, func(r rune) bool { return r != '\n' && !unicode.IsPrint(r) }); i >= 0 {
				t.Errorf("not printable from byte %d on: %q", i, text)
			}
		})
	}
}

func TestStartCancelled(t *testing.T) {
	command := realNode(t)
	tempDir(t)
	ctx, cancel := context.WithCancelCause(t.Context())
	reason := errors.New("changed my mind")
	n, err := testnet.Start(ctx, testnet.Options{
		Command:   command,
		BlockTime: 600 * time.Second, // its first minute is far away
		Progress: func(s string) {
			if strings.HasPrefix(s, "waiting") {
				time.AfterFunc(500*time.Millisecond, func() { cancel(reason) })
			}
		},
	})
	if err == nil {
		n.Stop(context.Background())
	}
	if !errors.Is(err, reason) {
		t.Errorf("error %v, want %v", err, reason)
	}
}

func TestStartAlreadyCancelled(t *testing.T) {
	tempDir(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := testnet.Start(ctx, testnet.Options{Command: shell("exit 0")}); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want %v", err, context.Canceled)
	}
}

// shell is a command that runs script and ignores the arguments of a node.
func shell(script string) []string { return []string{"sh", "-c", script, "sh"} }

// An api is what answers at a URL.
type api interface{ Endpoint() string }

// call is the result of an API method.
func call(t *testing.T, n api, method string, params any) json.RawMessage {
	t.Helper()
	request, err := json.Marshal(map[string]any{"jsonrpc": "2.0", "id": 1, "method": method, "params": params})
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Post(n.Endpoint(), "application/json", bytes.NewReader(request))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var reply struct{ Result, Error json.RawMessage }
	if err := json.NewDecoder(resp.Body).Decode(&reply); err != nil {
		t.Fatalf("%s: %v", method, err)
	}
	if reply.Error != nil {
		t.Fatalf("%s: %s", method, reply.Error)
	}
	return reply.Result
}

func get(t *testing.T, url string) string {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(body)
}

func savedHeight(t *testing.T, n api) int {
	t.Helper()
	var heights struct{ DirectoryBlockHeight int }
	if err := json.Unmarshal(call(t, n, "heights", nil), &heights); err != nil {
		t.Fatal(err)
	}
	return heights.DirectoryBlockHeight
}

// waitForBlock returns when a directory block of that height is saved; the
// test's own timeout is its limit.
func waitForBlock(t *testing.T, n api, height int) {
	t.Helper()
	for savedHeight(t, n) < height {
		time.Sleep(50 * time.Millisecond)
	}
}
