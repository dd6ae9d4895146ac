package results

import (
	"context"
	"fmt"
	"time"
)

// awakeSteps is how finely a patience is counted.
const awakeSteps = 50

// withPatience is [context.WithTimeout] for the time in which this process is
// awake: one that was suspended in the meantime, or had no processor, has not waited
// for an answer, which may be there when it goes on.
func withPatience(ctx context.Context, patience time.Duration) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancelCause(ctx)
	tick := time.NewTicker(patience / awakeSteps) // it drops the ticks that nobody waits for
	go func() {
		defer tick.Stop()
		for range awakeSteps {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
		cancel(fmt.Errorf("no answer for %s: %w", patience, context.DeadlineExceeded))
	}()
	return ctx, func() { cancel(nil) }
}
