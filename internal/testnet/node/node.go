// Package node is the process of one factomd node: the engine of the factomd in
// go.mod, cut off from every network but loopback, and bound to the process that
// started it, or to the lock of its directory (package testnet).
//
// It is a process of its own because the engine cannot be stopped, nor started
// twice: its nodes, flags, metrics and listeners are globals, and it writes to
// the standard output.
package node

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/FactomProject/factomd/common/constants/runstate"
	"github.com/FactomProject/factomd/common/interfaces"
	"github.com/FactomProject/factomd/engine"
	"github.com/spf13/pflag"

	"github.com/FactomProject/factom-load/internal/testnet"
)

// factomdVersion is the release that the factomd commit in go.mod belongs to.
// The engine answers it to the API's properties; factomd's own builds set it
// with a linker flag.
const factomdVersion = "v6.12.0"

// Main runs a node until it is told to end. It returns, with the exit code of the
// process, only if it could not start; it refuses to be started by hand.
func Main(args []string) int {
	o, err := parse(args)
	if err == nil {
		err = run(o)
	}
	if errors.Is(err, pflag.ErrHelp) {
		return 0
	}
	fmt.Fprintln(os.Stderr, "node:", err)
	return 1
}

type options struct {
	home      string        // absolute
	blockTime time.Duration // see testnet.CheckBlockTime
	db        string        // see testnet.CheckDB
	feed      string        // host:port, or empty
	detached  bool          // it outlives its parent, and keeps its home

	feedJSON, feedChanges bool
}

func parse(args []string) (options, error) {
	var o options
	f := pflag.NewFlagSet("node", pflag.ContinueOnError)
	f.StringVar(&o.home, "home", "", "directory for the node: empty and removed in the end, unless the node is detached")
	f.DurationVar(&o.blockTime, "block-time", testnet.MinBlockTime, "time of a directory block, in whole seconds")
	f.StringVar(&o.db, "db", testnet.DBMap, "where the blocks are kept: map (memory) or ldb (disk)")
	f.StringVar(&o.feed, "feed", "", "host:port that takes the live feed")
	f.BoolVar(&o.detached, "detached", false, "outlive the parent, until SIGTERM")
	f.BoolVar(&o.feedJSON, "feed-json", false, "live feed in JSON, not in protobuf")
	f.BoolVar(&o.feedChanges, "feed-changes", false, "live feed with changes of state, not with content")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return o, errors.Join(testnet.CheckBlockTime(o.blockTime), testnet.CheckDB(o.db))
}

// run starts the engine and does not return, unless it could not.
func run(o options) error {
	end, err := o.bind()
	if err != nil {
		return err
	}
	api, err := inherit(testnet.APIFD, "API")
	if err != nil {
		return err
	}
	metrics, err := inherit(testnet.MetricsFD, "metrics")
	if err != nil {
		return err
	}
	if err := writeConfig(o.home); err != nil {
		return err
	}
	flags, err := engineFlags(o, api.Addr())
	if err != nil {
		return err
	}

	serveMetrics(metrics)
	openAPI := holdAPI(api)
	engine.FactomdVersion = factomdVersion
	state := engine.Factomd(engine.ParseCmdLine(flags), false)
	o.ignoreSignals() // the engine has begun to handle Ctrl-C
	end(state, func() io.Closer {
		loaded(state)
		return openAPI(state)
	})
	return nil
}

// An ending serves the API until the node is told to end, and ends the process.
type ending func(state interfaces.IState, serve func() io.Closer)

// bind makes sure that somebody can end the node, and returns how it ends.
func (o options) bind() (ending, error) {
	o.ignoreSignals()
	f := os.NewFile(testnet.LifelineFD, "lifeline")
	info, err := f.Stat()
	switch {
	case err == nil && !o.detached && info.Mode()&os.ModeNamedPipe != 0:
		if err := checkEmpty(o.home); err != nil {
			return nil, err
		}
		go endWithParent(f, o.home)
		return func(_ interfaces.IState, serve func() io.Closer) {
			serve()
			select {}
		}, nil
	case err == nil && o.detached && info.Mode().IsRegular():
		if !filepath.IsAbs(o.home) {
			return nil, fmt.Errorf("--home %q: must be an absolute path", o.home)
		}
		// The lock is held by whoever has the file open: by this process, as
		// soon as its parent is gone. It must be known by then whom to end.
		if _, err := f.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0); err != nil {
			return nil, fmt.Errorf("writing this process's id into its lock: %w", err)
		}
		return endWithSignal(f), nil
	}
	return nil, errors.New("this is for factom-load itself to start (file 3 is not its pipe, nor its lock)")
}

// loaded waits until the node has read the blocks that are in its database, and
// leads its network. Before that the engine answers as if its chain were empty,
// and takes entries that it then forgets.
func loaded(state interfaces.IState) {
	for !state.GetDBFinished() || !state.IsRunLeader() {
		time.Sleep(20 * time.Millisecond)
	}
}

// endWithParent ends the process when the parent, the last that could write to
// the lifeline, has closed its end or has ended in whatever way.
func endWithParent(lifeline *os.File, home string) {
	io.Copy(io.Discard, lifeline)
	// If the parent has ended, nobody else removes it.
	os.RemoveAll(home)
	os.Exit(0)
}

// stopPatience is how long the engine may take to close its database.
const stopPatience = 5 * time.Second

// endWithSignal ends the process at a SIGTERM: it closes the API, so that nothing is
// taken that would be in no block, and then the database. It holds on to the lock.
func endWithSignal(lock *os.File) ending {
	term := make(chan os.Signal, 1)
	signal.Notify(term, syscall.SIGTERM)
	return func(state interfaces.IState, serve func() io.Closer) {
		serving := make(chan io.Closer, 1)
		go func() { serving <- serve() }()
		<-term
		select {
		case api := <-serving:
			api.Close()
		default: // it still reads its database
		}
		state.(interface{ ShutdownNode(exitCode int) }).ShutdownNode(0)
		for end := time.Now().Add(stopPatience); state.GetRunState() != runstate.Stopped && time.Now().Before(end); {
			time.Sleep(20 * time.Millisecond)
		}
		lock.Close()
		os.Exit(0)
	}
}

// ignoreSignals leaves the life of the process to the parent, or to SIGTERM alone. A
// Ctrl-C or a service manager's SIGTERM may reach both, when the parent still waits
// for what it has sent to be confirmed here.
func (o options) ignoreSignals() {
	signal.Ignore(os.Interrupt, syscall.SIGHUP)
	if !o.detached {
		signal.Ignore(syscall.SIGTERM)
	}
}

// checkEmpty refuses a home that this process had better not remove.
func checkEmpty(home string) error {
	if !filepath.IsAbs(home) {
		return fmt.Errorf("--home %q: must be an absolute path", home)
	}
	files, err := os.ReadDir(home)
	if err != nil {
		return fmt.Errorf("--home: %w", err)
	}
	if len(files) > 0 {
		return fmt.Errorf("--home %s: must be empty", home)
	}
	return nil
}
