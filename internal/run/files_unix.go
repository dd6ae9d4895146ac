//go:build unix

package run

import (
	"math"

	"golang.org/x/sys/unix"
)

// fileLimit returns how many files the process may have open. The Go runtime has
// raised the limit as far as it could.
func fileLimit() uint64 {
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_NOFILE, &limit) != nil {
		return math.MaxUint64
	}
	return uint64(limit.Cur)
}
