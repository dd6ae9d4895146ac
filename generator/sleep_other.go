//go:build !linux

package generator

import "time"

// kernelSleep sleeps for d.
func kernelSleep(d time.Duration) { time.Sleep(d) }
