package testnet

import (
	"fmt"
	"time"
)

// The files that a node's process inherits beside the standard three. Sockets
// that are handed over leave no port to race for, and the parent knows the
// addresses before the process runs.
const (
	LifelineFD = 3 // read end of a pipe that only the parent holds open
	APIFD      = 4 // listening socket of the API
	MetricsFD  = 5 // listening socket of the Prometheus metrics
)

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
