package testnet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/FactomProject/factom-load/internal/files"
)

// The files of the directory of a network that outlives what started it. The node
// holds the first lock from its first instant to its last, and its process id is in
// the file. The second one is held by what starts or ends the node.
const (
	nodeLockFile    = "node.lock"
	commandLockFile = "command.lock"
	stateFile       = "testnet.json"
	nodeLogFile     = "node.log"
	homeDir         = "home"
)

// downPatience is how long a node may take to end itself: its own limit is half of
// that.
const downPatience = 10 * time.Second

// ErrNone says that a directory has no network.
var ErrNone = errors.New("there is no testnet")

// UpOptions says which network to start. Of Options its LogPath and Dir are not
// used, and BlockTime and DB are those that the directory's network had before, if
// they are not set.
type UpOptions struct {
	Options
	Dir string // the network's own
	// Addr is the host:port of the API. By default it is the one from before, or a
	// free port of 127.0.0.1.
	Addr string
}

// A Status is what is known of a network in a directory.
type Status struct {
	Dir     string `json:"dir"`
	Running bool   `json:"running"`
	// Endpoint and Metrics are URLs. They are those from before if the node does not
	// run.
	Endpoint  string    `json:"endpoint"`
	Metrics   string    `json:"metrics"`
	PID       int       `json:"pid"` // 0 if it does not run
	DB        string    `json:"db"`
	BlockTime string    `json:"block_time"`
	FeedAddr  string    `json:"live_feed,omitempty"` // that the node sends to
	Started   time.Time `json:"started"`             // the last time
	// Height and Minute are where the chain is. They are null if the node does not
	// answer.
	Height *int `json:"height"`
	Minute *int `json:"minute"`
}

// A stored status is what must be known of a node beside its lock.
func (s Status) store() error {
	s.Running, s.PID, s.Height, s.Minute = false, 0, nil, nil
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	return files.Replace(filepath.Join(s.Dir, stateFile), append(b, '\n'))
}

func load(dir string) (Status, error) {
	var s Status
	b, err := os.ReadFile(filepath.Join(dir, stateFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, fmt.Errorf("%s: %w", dir, ErrNone)
	}
	if err == nil {
		err = json.Unmarshal(b, &s)
	}
	if err == nil {
		var api, metrics *url.URL
		api, err = url.Parse(s.Endpoint)
		if err == nil {
			metrics, err = url.Parse(s.Metrics)
		}
		if err == nil && (api.Host == "" || metrics.Host == "") {
			err = errors.New("no address in it")
		}
	}
	if err != nil {
		return s, fmt.Errorf("reading the testnet's state, %s: %w", stateFile, err)
	}
	s.Dir = dir
	return s, nil
}

// Up starts a network that outlives this process, and waits until it is usable; the
// blocks of a network that was in the directory before are still there if they were
// kept on disk. If it runs already, Up says so and changes nothing.
func Up(ctx context.Context, o UpOptions) (s Status, started bool, err error) {
	if s, started, err = up(ctx, o); err != nil {
		return s, started, fmt.Errorf("starting a testnet: %w", err)
	}
	return s, started, nil
}

func up(ctx context.Context, o UpOptions) (s Status, started bool, err error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return s, false, err
	}
	before, err := load(dir)
	if known := err == nil; known {
		if o.BlockTime == 0 {
			o.BlockTime, _ = time.ParseDuration(before.BlockTime) // fill checks it
		}
		if o.DB == "" {
			o.DB = before.DB
		}
	} else if !errors.Is(err, ErrNone) {
		return s, false, err
	}
	if err := o.fill(); err != nil {
		return s, false, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return s, false, err
	}
	command, err := lock(dir, commandLockFile)
	if err != nil {
		return s, false, err
	}
	defer command.Close()
	life, err := lock(dir, nodeLockFile)
	for range 10 { // a look at the lock takes it for a moment
		if pid, _ := holder(dir); !errors.Is(err, errHeld) || pid != 0 {
			break
		}
		time.Sleep(pollEvery)
		life, err = lock(dir, nodeLockFile)
	}
	if errors.Is(err, errHeld) {
		s, err = Look(ctx, dir)
		return s, false, err
	}
	if err != nil {
		return s, false, err
	}
	defer life.Close() // the node has it too
	if err := life.Truncate(0); err != nil {
		return s, false, err
	}
	home := filepath.Join(dir, homeDir)
	if o.DB == DBMap { // nothing that is there belongs to the new chain
		if err := os.RemoveAll(home); err != nil {
			return s, false, err
		}
	}
	if err := os.MkdirAll(home, 0o700); err != nil {
		return s, false, err
	}

	o.LogPath = filepath.Join(dir, nodeLogFile)
	l := launch{Options: o.Options, home: home, life: life, detached: true, api: place{o.Addr, true}}
	if before.Endpoint != "" {
		l.metrics.addr = host(before.Metrics)
		if o.Addr == "" {
			l.api = place{addr: host(before.Endpoint)}
		}
	}
	o.Progress("starting a factomd node")
	p, err := l.start()
	if err != nil {
		return s, false, err
	}
	go p.wait()
	defer func() {
		if err != nil {
			p.stopping.Store(true)
			p.cmd.Process.Kill() // fails harmlessly when it has ended
			<-p.done
		}
	}()
	s = Status{
		Dir: dir, Endpoint: p.endpoint, Metrics: p.metrics, DB: o.DB, BlockTime: o.BlockTime.String(),
		FeedAddr: o.FeedAddr, Started: time.Now().UTC().Truncate(time.Second),
	}
	// Whoever finds the lock taken must find the rest.
	if err := s.store(); err != nil {
		return s, false, err
	}
	o.Progress("waiting for the node's first minute")
	if err := p.ready(ctx, o.ReadyTimeout); err != nil {
		return s, false, err
	}
	s, err = Look(ctx, dir)
	return s, true, err
}

func host(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Host
}

// errHeld says that a lock is held.
var errHeld = errors.New("locked")

// lock opens a file of the directory and locks it.
func lock(dir, name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	if err := files.TryLock(f); err != nil {
		f.Close()
		if name == commandLockFile {
			return nil, fmt.Errorf("another command is busy with the testnet in %s", dir)
		}
		return nil, errHeld
	}
	return f, nil
}

// holder returns the process id of the node of a directory, or 0 if none runs.
func holder(dir string) (pid int, err error) {
	f, err := os.Open(filepath.Join(dir, nodeLockFile))
	if errors.Is(err, fs.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	defer f.Close()
	if files.TryLock(f) == nil {
		return 0, nil
	}
	b := make([]byte, 20)
	n, _ := f.Read(b)
	pid, err = strconv.Atoi(strings.TrimSpace(string(b[:n])))
	if err != nil || pid <= 1 {
		return 0, fmt.Errorf("the testnet in %s is just being started, or its %s was changed", dir, nodeLockFile)
	}
	return pid, nil
}

// Look returns what is known of the network in a directory. It is [ErrNone] if there
// never was one.
func Look(ctx context.Context, dir string) (Status, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return Status{}, err
	}
	s, err := load(dir)
	if err != nil {
		return s, err
	}
	if s.PID, err = holder(dir); err != nil {
		return s, err
	}
	if s.Running = s.PID > 0; !s.Running {
		return s, nil
	}
	client := &http.Client{Transport: &http.Transport{}, Timeout: pollTimeout}
	defer client.CloseIdleConnections()
	if now, err := currentMinute(ctx, client, s.Endpoint); err == nil {
		s.Height, s.Minute = &now.Saved, &now.Minute
	}
	return s, nil
}

// Down ends the network in a directory, and waits until it is gone. A node that takes
// longer than 10 s is killed. Nothing is wrong if none runs. What was in no saved
// block is lost; the blocks are kept if they are on disk, unless purge is set.
func Down(ctx context.Context, dir string, purge bool) (stopped bool, err error) {
	if stopped, err = down(ctx, dir, purge); err != nil && !errors.Is(err, ErrNone) {
		return stopped, fmt.Errorf("ending the testnet: %w", err)
	}
	return stopped, err
}

func down(ctx context.Context, dir string, purge bool) (stopped bool, err error) {
	dir, err = filepath.Abs(dir)
	if err != nil {
		return false, err
	}
	if _, err := os.Stat(filepath.Join(dir, stateFile)); err != nil {
		return false, fmt.Errorf("%s: %w", dir, ErrNone)
	}
	command, err := lock(dir, commandLockFile)
	if err != nil {
		return false, err
	}
	defer command.Close()
	if stopped, err = end(ctx, dir); err != nil || !purge {
		return stopped, err
	}
	for _, name := range []string{homeDir, stateFile, nodeLogFile, nodeLockFile, commandLockFile} {
		err = errors.Join(err, os.RemoveAll(filepath.Join(dir, name)))
	}
	os.Remove(dir) // unless there is something else in it
	return stopped, err
}

// end ends the node's process.
func end(ctx context.Context, dir string) (stopped bool, err error) {
	pid, err := holder(dir)
	if pid == 0 || err != nil {
		return false, err
	}
	p, err := os.FindProcess(pid)
	if err != nil {
		return false, err
	}
	defer p.Release()
	// The process that is held now is the node if the node is still there: its id
	// cannot have passed to another one meanwhile.
	if again, err := holder(dir); again != pid || err != nil {
		return true, err
	}
	if err := p.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return false, err
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	patience := time.NewTimer(downPatience)
	defer patience.Stop()
	for {
		if pid, err := holder(dir); pid == 0 {
			return true, err
		}
		select {
		case <-ctx.Done():
			return false, context.Cause(ctx)
		case <-patience.C:
			if err := p.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
				return false, err
			}
		case <-tick.C:
		}
	}
}
