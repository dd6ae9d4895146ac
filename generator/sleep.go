package generator

import (
	"context"
	"time"
)

// sleepUntil waits until an instant and reports whether it did: ctx may end
// first. It is late by some 60 µs, where the runtime's timers are rounded up to
// the next millisecond: the last stretch is the kernel timer's, for which ctx is
// not looked at.
func (t *kernelTimer) sleepUntil(ctx context.Context, until time.Time) bool {
	const rough = 2 * time.Millisecond // more than the runtime's timers are late by
	if !sleepRoughly(ctx, until.Add(-rough)) {
		return false
	}
	for left := time.Until(until); left > 0; left = time.Until(until) {
		t.sleep(left)
	}
	return ctx.Err() == nil
}

// sleepRoughly is sleepUntil with the runtime's timers alone.
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
