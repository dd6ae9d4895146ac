package results

import (
	"context"
	"time"
)

// An allowance spreads requests over time.
type allowance struct {
	spent float64 // requests that time has not made up for, above 0
	at    time.Time
}

// take waits until a request may be made, and reports whether ctx goes on.
func (a *allowance) take(ctx context.Context) bool {
	now := time.Now()
	a.spent = max(0, a.spent-checkRate*now.Sub(a.at).Seconds()) + 1
	a.at = now
	if over := a.spent - checkBurst; over > 0 {
		timer := time.NewTimer(time.Duration(over / checkRate * float64(time.Second)))
		defer timer.Stop()
		select {
		case <-ctx.Done():
		case <-timer.C:
		}
	}
	return ctx.Err() == nil
}
