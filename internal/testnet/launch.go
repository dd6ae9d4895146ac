package testnet

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
)

// launch starts the node's process and follows it to its end.
func launch(o Options) (_ *Network, err error) {
	program, err := exec.LookPath(o.Command[0])
	if err != nil {
		return nil, err
	}
	// The process runs in another directory than ours.
	if program, err = filepath.Abs(program); err != nil {
		return nil, err
	}
	home, err := makeHome()
	if err != nil {
		return nil, err
	}
	log, err := openLog(o.LogPath)
	if err != nil {
		os.RemoveAll(home)
		return nil, err
	}
	n := &Network{home: home, log: log, done: make(chan struct{})}
	defer func() {
		if err != nil {
			n.log.Close()
			os.RemoveAll(home)
		}
	}()

	api, apiAddr, err := listen()
	if err != nil {
		return nil, fmt.Errorf("opening a socket for the API: %w", err)
	}
	defer api.Close()
	metrics, metricsAddr, err := listen()
	if err != nil {
		return nil, fmt.Errorf("opening a socket for the metrics: %w", err)
	}
	defer metrics.Close()
	n.endpoint = "http://" + apiAddr + "/v2"
	n.metrics = "http://" + metricsAddr + "/metrics"

	end, lifeline, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("opening a pipe to the node: %w", err)
	}
	defer end.Close()
	n.lifeline = lifeline

	n.cmd = exec.Command(program, nodeArgs(o, home)...)
	n.cmd.Dir = home
	// Keys may be in our environment; none of it is the node's business.
	n.cmd.Env = []string{"HOME=" + home}
	n.cmd.Stdout, n.cmd.Stderr = log.File, log.File
	n.cmd.ExtraFiles = []*os.File{LifelineFD - 3: end, APIFD - 3: api, MetricsFD - 3: metrics}
	// A group of its own, which the terminal's Ctrl-C does not reach.
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := n.cmd.Start(); err != nil {
		lifeline.Close()
		return nil, err
	}
	go n.wait()
	return n, nil
}

func nodeArgs(o Options, home string) []string {
	args := append([]string(nil), o.Command[1:]...)
	args = append(args, "--home", home, "--block-time", o.BlockTime.String())
	if o.FeedAddr != "" {
		args = append(args, "--feed", o.FeedAddr)
		if o.FeedJSON {
			args = append(args, "--feed-json")
		}
		if o.FeedChanges {
			args = append(args, "--feed-changes")
		}
	}
	return args
}

// wait follows the process to its end, and removes what it leaves.
func (n *Network) wait() {
	n.cmd.Wait() // the process state says the same as the error
	n.lifeline.Close()
	if !n.stopping.Load() {
		n.err = fmt.Errorf("the node ended by itself (%v)%s", n.cmd.ProcessState, n.log.quote())
	}
	n.log.Close()
	if err := os.RemoveAll(n.home); err != nil {
		n.cleanup = fmt.Errorf("removing the node's home: %w", err)
	}
	close(n.done)
}

func makeHome() (string, error) {
	home, err := os.MkdirTemp("", "factom-load-node-")
	if err != nil {
		return "", fmt.Errorf("making a home for the node: %w", err)
	}
	return filepath.Abs(home)
}

// listen opens a socket on a free port of the loopback address.
func listen() (*os.File, string, error) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		return nil, "", err
	}
	defer l.Close() // File is a duplicate
	f, err := l.File()
	return f, l.Addr().String(), err
}
