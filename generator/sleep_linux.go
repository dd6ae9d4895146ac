package generator

import (
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// A kernelTimer sleeps with the kernel's precision. A sleep in a system call
// would do so too, but keep its processor: on a single core nobody else would
// run, nor hear of an answer, for up to 10 ms. This one waits in the runtime's
// poller, like for a connection.
type kernelTimer struct {
	fd   int
	file *os.File // nil if there is no such timer
}

func newKernelTimer() *kernelTimer {
	fd, err := unix.TimerfdCreate(unix.CLOCK_MONOTONIC, unix.TFD_NONBLOCK|unix.TFD_CLOEXEC)
	if err != nil {
		return &kernelTimer{}
	}
	return &kernelTimer{fd: fd, file: os.NewFile(uintptr(fd), "timer")}
}

// sleep sleeps for d, above 0.
func (t *kernelTimer) sleep(d time.Duration) {
	var expirations [8]byte
	if t.file != nil {
		spec := unix.ItimerSpec{Value: unix.NsecToTimespec(int64(d))}
		if unix.TimerfdSettime(t.fd, 0, &spec, nil) == nil {
			if _, err := t.file.Read(expirations[:]); err == nil {
				return
			}
		}
	}
	time.Sleep(d)
}

func (t *kernelTimer) close() {
	if t.file != nil {
		t.file.Close()
	}
}
