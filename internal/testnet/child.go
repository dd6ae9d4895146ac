package testnet

import (
	"fmt"
	"time"
)

// The files that a node's process inherits beside the standard three. Sockets
// that are handed over leave no port to race for, and the parent knows the
// addresses before the process runs.
const (
	// LifelineFD is the read end of a pipe that only the parent holds open, or the
	// lock of a node that outlives its parent.
	LifelineFD = 3
	APIFD      = 4 // listening socket of the API
	MetricsFD  = 5 // listening socket of the Prometheus metrics
)

// The databases that a node may keep its blocks in.
const (
	DBMap = "map" // in memory, and gone with the node
	DBLDB = "ldb" // LevelDB, on disk
)

// CheckDB says what is wrong with a database's name.
func CheckDB(name string) error {
	if name != DBMap && name != DBLDB {
		return fmt.Errorf("database %q: must be %s or %s", name, DBMap, DBLDB)
	}
	return nil
}

// The block times that a network runs with. With shorter ones a minute (a
// tenth of a block) comes near the engine's own sleeps of 50 ms, and factomd's
// own longest is that of the main network.
const (
	MinBlockTime = 6 * time.Second
	MaxBlockTime = 600 * time.Second
)

// CheckBlockTime says what is wrong with d as the time of a block.
func CheckBlockTime(d time.Duration) error {
	if d < MinBlockTime || d > MaxBlockTime || d%time.Second != 0 {
		return fmt.Errorf("block time %v: must be whole seconds from %v to %v", d, MinBlockTime, MaxBlockTime)
	}
	return nil
}
