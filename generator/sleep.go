package generator

import (
	"context"
	"time"
)

// SleepUntil waits until an instant and reports whether it did: ctx may end
// first. It is late by some 50 µs, where the runtime's timers are rounded up to
// the next millisecond: the last stretch is slept in the kernel, for which ctx
// is not looked at.
func SleepUntil(ctx context.Context, until time.Time) bool {
	const rough = 2 * time.Millisecond // more than a timer is late by
	if !sleepRoughly(ctx, until.Add(-rough)) {
		return false
	}
	for left := time.Until(until); left > 0; left = time.Until(until) {
		kernelSleep(left) // a signal ends it early
	}
	return ctx.Err() == nil
}

// sleepRoughly is SleepUntil with the runtime's timers alone.
func sleepRoughly(ctx context.Context, until time.Time) bool {
	d := time.Until(until)
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
