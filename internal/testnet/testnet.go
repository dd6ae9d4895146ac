// Package testnet runs a Factom network of one real factomd node on loopback.
//
// The node is a process of its own (package node, which this one does not
// import, so that it stays light). It talks to no other node, and listens on
// loopback alone. It may live as long as the process that starts it ([Start]), or
// for as long as one likes ([Up]).
//
// No node of the first kind is ever left behind. The parent stops it; a pipe that
// only the parent holds open ends it when the parent ends in whatever way, kill -9
// included; and each of the two removes the node's home. Signals do not end
// it: on Ctrl-C the parent may still have something to wait for.
package testnet

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// Options of a network. Command is needed, the rest has defaults.
type Options struct {
	// Command is the program and the first arguments that run a node, such as
	// the program's own path and "node".
	Command []string
	// BlockTime is the time of a directory block: whole seconds from
	// MinBlockTime to MaxBlockTime, 15 s by default.
	BlockTime time.Duration
	// DB is where the node keeps its blocks: DBMap by default, or DBLDB.
	DB string
	// Dir is where the directory is made that is the node's home, and removed in the
	// end; that for temporary files by default.
	Dir string
	// LogPath is the file that the node's standard output and error are
	// appended to. By default they are kept for error messages alone.
	LogPath string
	// FeedAddr is the host:port that takes the node's live feed (protobuf,
	// every event with its content). It must listen before the node starts,
	// which else tries again only after 10 s. By default there is no feed.
	FeedAddr string
	// FeedJSON has the feed in JSON, and FeedChanges has it tell of what is
	// accepted as a change of state, without the content.
	FeedJSON, FeedChanges bool
	// ReadyTimeout limits the wait for the node to be usable. That takes about
	// 2 s and one of the network's minutes (a tenth of a block); the default
	// is 60 s and two of them.
	ReadyTimeout time.Duration
	// Progress is told what is being done, in a few words.
	Progress func(string)
}

const (
	defaultBlockTime = 15 * time.Second
	// stopGrace is how long a node may take to clean up before it is killed.
	stopGrace = 3 * time.Second
)

func (o *Options) fill() error {
	if len(o.Command) == 0 {
		return errors.New("no command to run a node with")
	}
	if o.BlockTime == 0 {
		o.BlockTime = defaultBlockTime
	}
	if o.DB == "" {
		o.DB = DBMap
	}
	if o.ReadyTimeout == 0 {
		o.ReadyTimeout = time.Minute + 2*o.BlockTime/10
	}
	if o.Progress == nil {
		o.Progress = func(string) {}
	}
	return errors.Join(CheckBlockTime(o.BlockTime), CheckDB(o.DB))
}

// Network is a running network of one node.
type Network struct {
	*process
	lifeline *os.File // the node ends when this is closed
	home     string
	cleanup  error // why its home is still there; fixed when gone is closed
	gone     chan struct{}
}

// Start starts a network and waits until it is usable. With an error nothing
// is left of it. The end of ctx ends that wait; a network that was returned
// runs until Stop.
func Start(ctx context.Context, o Options) (*Network, error) {
	n, err := start(ctx, o)
	if err != nil {
		return nil, fmt.Errorf("starting a local network: %w", err)
	}
	return n, nil
}

func start(ctx context.Context, o Options) (*Network, error) {
	if err := o.fill(); err != nil {
		return nil, err
	}
	if err := context.Cause(ctx); err != nil {
		return nil, err
	}
	o.Progress("starting a factomd node")
	n, err := o.launch()
	if err != nil {
		return nil, err
	}
	o.Progress("waiting for the node's first minute")
	if err := n.ready(ctx, o.ReadyTimeout); err != nil {
		return nil, errors.Join(err, n.Stop(ctx))
	}
	return n, nil
}

// launch starts the node's process, and follows it to its end.
func (o Options) launch() (*Network, error) {
	home, err := makeHome(o.Dir)
	if err != nil {
		return nil, err
	}
	end, lifeline, err := os.Pipe()
	if err != nil {
		os.RemoveAll(home)
		return nil, fmt.Errorf("opening a pipe to the node: %w", err)
	}
	defer end.Close()
	p, err := launch{Options: o, home: home, life: end}.start()
	if err != nil {
		lifeline.Close()
		os.RemoveAll(home)
		return nil, err
	}
	n := &Network{process: p, lifeline: lifeline, home: home, gone: make(chan struct{})}
	go n.clean()
	return n, nil
}

// clean follows the process to its end, and removes what it leaves.
func (n *Network) clean() {
	n.wait()
	n.lifeline.Close()
	if err := os.RemoveAll(n.home); err != nil {
		n.cleanup = fmt.Errorf("removing the node's home: %w", err)
	}
	close(n.gone)
}

func makeHome(dir string) (string, error) {
	home, err := os.MkdirTemp(dir, "factom-load-node-")
	if err != nil {
		return "", fmt.Errorf("making a home for the node: %w", err)
	}
	return filepath.Abs(home)
}

// Endpoint is the URL of the node's API: http://127.0.0.1:PORT/v2.
func (n *Network) Endpoint() string { return n.endpoint }

// MetricsURL is where the node serves its Prometheus metrics.
func (n *Network) MetricsURL() string { return n.metrics }

// PID is the node's process id.
func (n *Network) PID() int { return n.cmd.Process.Pid }

// Done is closed when the node has ended, for whatever reason, and its home is
// removed.
func (n *Network) Done() <-chan struct{} { return n.gone }

// Err says how the node ended, with the end of its log, if it ended by itself.
// It is nil while the node runs and after Stop.
func (n *Network) Err() error {
	select {
	case <-n.gone:
		return n.err
	default:
		return nil
	}
}

// Stop ends the node, waits until its process is gone, and removes its home.
// A node that takes longer than 3 s, or than ctx allows, is killed. Stop may be
// called more than once. Its error is that the home could not be removed.
func (n *Network) Stop(ctx context.Context) error {
	n.stopping.Store(true)
	n.lifeline.Close() // fails harmlessly the second time
	grace := time.NewTimer(stopGrace)
	defer grace.Stop()
	select {
	case <-n.gone:
	case <-ctx.Done():
	case <-grace.C:
	}
	n.cmd.Process.Kill() // fails harmlessly when it has ended
	<-n.gone
	return n.cleanup
}
