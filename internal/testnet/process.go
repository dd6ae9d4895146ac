package testnet

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync/atomic"
	"syscall"
)

// A process is that of a node, as its parent sees it.
type process struct {
	cmd      *exec.Cmd
	endpoint string
	metrics  string
	log      *nodeLog

	stopping atomic.Bool
	done     chan struct{}
	err      error // why the node ended by itself; fixed when done is closed
}

// launch says how the process of a node is started.
type launch struct {
	Options
	home     string // absolute
	life     *os.File
	detached bool
	// api and metrics are where it listens.
	api, metrics place
}

// start starts the node's process. The caller closes life, and waits for the
// process.
func (l launch) start() (_ *process, err error) {
	program, err := exec.LookPath(l.Command[0])
	if err != nil {
		return nil, err
	}
	// The process runs in another directory than ours.
	if program, err = filepath.Abs(program); err != nil {
		return nil, err
	}
	log, err := openLog(l.LogPath)
	if err != nil {
		return nil, err
	}
	p := &process{log: log, done: make(chan struct{})}
	defer func() {
		if err != nil {
			log.Close()
		}
	}()

	api, apiAddr, err := l.api.listen()
	if err != nil {
		return nil, fmt.Errorf("opening a socket for the API: %w", err)
	}
	defer api.Close()
	metrics, metricsAddr, err := l.metrics.listen()
	if err != nil {
		return nil, fmt.Errorf("opening a socket for the metrics: %w", err)
	}
	defer metrics.Close()
	p.endpoint = "http://" + apiAddr + "/v2"
	p.metrics = "http://" + metricsAddr + "/metrics"

	p.cmd = exec.Command(program, l.args()...)
	p.cmd.Dir = l.home
	// Keys may be in our environment; none of it is the node's business.
	p.cmd.Env = []string{"HOME=" + l.home}
	p.cmd.Stdout, p.cmd.Stderr = log.File, log.File
	p.cmd.ExtraFiles = []*os.File{LifelineFD - 3: l.life, APIFD - 3: api, MetricsFD - 3: metrics}
	// A group of its own, which the terminal's Ctrl-C does not reach, and a session
	// of its own for one that outlives the terminal.
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: !l.detached, Setsid: l.detached}
	return p, p.cmd.Start()
}

func (l launch) args() []string {
	args := append([]string(nil), l.Command[1:]...)
	args = append(args, "--home", l.home, "--block-time", l.BlockTime.String(), "--db", l.DB)
	if l.FeedAddr != "" {
		args = append(args, "--feed", l.FeedAddr)
		if l.FeedJSON {
			args = append(args, "--feed-json")
		}
		if l.FeedChanges {
			args = append(args, "--feed-changes")
		}
	}
	if l.detached {
		args = append(args, "--detached")
	}
	return args
}

// wait follows the process to its end.
func (p *process) wait() {
	p.cmd.Wait() // the process state says the same as the error
	if !p.stopping.Load() {
		p.err = fmt.Errorf("the node ended by itself (%v)%s", p.cmd.ProcessState, p.log.quote())
	}
	p.log.Close()
	close(p.done)
}

// A place is an address to listen on: a free port of 127.0.0.1 where it is empty, and
// where the address is taken, unless it must be that one.
type place struct {
	addr string
	must bool
}

// listen opens a socket there.
func (p place) listen() (*os.File, string, error) {
	addr := p.addr
	if addr == "" {
		addr = "127.0.0.1:0"
	}
	l, err := net.Listen("tcp4", addr)
	switch {
	case err != nil && p.must:
		return nil, "", fmt.Errorf("%s is taken, or is no address of this machine: %w", p.addr, err)
	case err != nil:
		l, err = net.Listen("tcp4", "127.0.0.1:0")
	}
	if err != nil {
		return nil, "", err
	}
	defer l.Close() // File is a duplicate
	f, err := l.(*net.TCPListener).File()
	return f, l.Addr().String(), err
}
