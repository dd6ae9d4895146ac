package node

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/FactomProject/factom-load/internal/testnet"
)

// engineFlags are the command line of the engine.
func engineFlags(o options, api net.Addr) ([]string, error) {
	_, port, err := net.SplitHostPort(api.String())
	if err != nil {
		return nil, fmt.Errorf("address of the API: %w", err)
	}
	flags := []string{
		"-network=LOCAL",
		"-enablenet=false", // no peer-to-peer, no seed
		"-count=1",
		"-db=" + engineDB(o.db),
		"-blktime=" + strconv.Itoa(int(o.blockTime/time.Second)),
		"-startdelay=0", // there are no peers to catch up with
		"-factomhome=" + o.home,
		"-port=" + port,
		"-controlpanelsetting=disabled",
		"-logPort=-1", // an impossible port: the profiler is not served
		"-sim_stdin=false",
		"-checkheads=false",
		"-fast=false",
		"-wrproc=false", // no copies of the blocks on disk
	}
	if o.feed == "" {
		return flags, nil
	}
	host, feedPort, err := net.SplitHostPort(o.feed)
	if err != nil {
		return nil, fmt.Errorf("--feed: %w", err)
	}
	format := "protobuf"
	if o.feedJSON {
		format = "json"
	}
	// With state changes off and content always an accepted commit and an accepted
	// reveal come as what they are, with hash and chain.
	content := "always"
	if o.feedChanges {
		content = "once"
	}
	return append(flags,
		"-enablelivefeedapi",
		"-eventreceiverprotocol=tcp",
		"-eventreceiverhost="+host,
		"-eventreceiverport="+feedPort,
		"-eventformat="+format,
		"-eventsendstatechange="+strconv.FormatBool(o.feedChanges),
		"-eventbroadcastcontent="+content,
		"-persistentreconnect",
	), nil
}

// engineDB is what the engine calls a database.
func engineDB(name string) string {
	if name == testnet.DBLDB {
		return "LDB"
	}
	return "Map"
}

// config replaces defaults of the engine that no flag can turn off: a fixed
// local port that the live feed is sent from, on which a second node would
// fail, and a list of peers on the Internet.
const config = `[app]
LocalSeedURL = ""

[LiveFeedAPI]
EventSenderPort = 0
`

func writeConfig(home string) error {
	dir := filepath.Join(home, ".factom", "m2")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("making the node's home: %w", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "factomd.conf"), []byte(config), 0o600); err != nil {
		return fmt.Errorf("writing the node's configuration: %w", err)
	}
	return nil
}
