//go:build !linux

package generator

import "time"

// A kernelTimer sleeps with the runtime's precision.
type kernelTimer struct{}

func newKernelTimer() *kernelTimer { return &kernelTimer{} }

func (*kernelTimer) sleep(d time.Duration) { time.Sleep(d) }

func (*kernelTimer) close() {}
