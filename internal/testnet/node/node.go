// Package node is the process of one embedded factomd node: the engine of the
// factomd in go.mod, cut off from every network but loopback, and bound to the
// life of the process that started it (package testnet).
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
	"syscall"
	"time"

	"github.com/FactomProject/factomd/engine"
	"github.com/spf13/pflag"

	"github.com/FactomProject/factom-load/internal/testnet"
)

// factomdVersion is the release that the factomd commit in go.mod belongs to.
// The engine answers it to the API's properties; factomd's own builds set it
// with a linker flag.
const factomdVersion = "v6.12.0"

// Main runs a node until its parent ends. It returns, with the exit code of the
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
	feed      string        // host:port, or empty

	feedJSON, feedChanges bool
}

func parse(args []string) (options, error) {
	var o options
	f := pflag.NewFlagSet("node", pflag.ContinueOnError)
	f.StringVar(&o.home, "home", "", "empty directory for the node; removed when the parent ends")
	f.DurationVar(&o.blockTime, "block-time", testnet.MinBlockTime, "time of a directory block, in whole seconds")
	f.StringVar(&o.feed, "feed", "", "host:port that takes the live feed")
	f.BoolVar(&o.feedJSON, "feed-json", false, "live feed in JSON, not in protobuf")
	f.BoolVar(&o.feedChanges, "feed-changes", false, "live feed with changes of state, not with content")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return o, testnet.CheckBlockTime(o.blockTime)
}

// run starts the engine and does not return, unless it could not.
func run(o options) error {
	lifeline, err := openLifeline()
	if err != nil {
		return err
	}
	if err := checkEmpty(o.home); err != nil {
		return err
	}
	go endWithParent(lifeline, o.home)
	ignoreSignals()

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
	ignoreSignals() // the engine has begun to handle Ctrl-C
	openAPI(state)
	select {}
}

func openLifeline() (*os.File, error) {
	f := os.NewFile(testnet.LifelineFD, "lifeline")
	if info, err := f.Stat(); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return nil, errors.New("this is for factom-load itself to start (file 3 is not its pipe)")
	}
	return f, nil
}

// endWithParent ends the process when the parent, the last that could write to
// the lifeline, has closed its end or has ended in whatever way.
func endWithParent(lifeline *os.File, home string) {
	io.Copy(io.Discard, lifeline)
	// If the parent has ended, nobody else removes it.
	os.RemoveAll(home)
	os.Exit(0)
}

// ignoreSignals leaves the life of the process to the parent. A Ctrl-C or a
// service manager's SIGTERM may reach both, when the parent still waits for
// what it has sent to be confirmed here.
func ignoreSignals() {
	signal.Ignore(os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
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
