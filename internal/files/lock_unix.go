//go:build unix

package files

import (
	"os"

	"golang.org/x/sys/unix"
)

// TryLock takes the lock of an open file. It does not wait: an error says that another
// process has the lock, or that it cannot be had. The lock is that of the open file,
// which processes that inherit it share, and ends with the last of them at the
// latest.
func TryLock(f *os.File) error {
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
}
