//go:build unix

package results

import (
	"os"

	"golang.org/x/sys/unix"
)

// tryLock takes the lock of an open file, which ends with the process at the
// latest. It does not wait.
func tryLock(f *os.File) error {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
