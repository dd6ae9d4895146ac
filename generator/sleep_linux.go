package generator

import (
	"time"

	"golang.org/x/sys/unix"
)

// kernelSleep sleeps for d, or until a signal comes.
func kernelSleep(d time.Duration) {
	ts := unix.NsecToTimespec(int64(d))
	_ = unix.Nanosleep(&ts, nil)
}
