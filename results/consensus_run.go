package results

import (
	"context"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// DiagnosticsInterval is the least time between two calls for diagnostics, to
// whichever endpoint: a node hashes all balances for each. An endpoint has as long
// to answer.
const DiagnosticsInterval = 5 * time.Second

// A DiagnosticsNode is an endpoint as a [Consensus] sees it; [factomd.Client] is one.
type DiagnosticsNode interface {
	Diagnostics(context.Context) (factomd.Diagnostics, error)
}

// Run asks the endpoints in turn, one each [DiagnosticsInterval], until ctx ends,
// and tells what happened. Instants count from start. An endpoint that does not
// know the call is asked no more.
func (c *Consensus) Run(ctx context.Context, nodes []DiagnosticsNode, start time.Time, tell func(Event)) {
	turns := make([]int, len(nodes))
	for i := range turns {
		turns[i] = i
	}
	pause := time.NewTimer(0)
	defer pause.Stop()
	for len(turns) > 0 {
		select {
		case <-ctx.Done():
			return
		case <-pause.C:
		}
		i := turns[0]
		turns = turns[1:]
		asking, cancel := context.WithTimeout(ctx, DiagnosticsInterval)
		d, err := nodes[i].Diagnostics(asking)
		cancel()
		if ctx.Err() != nil {
			return
		}
		for _, e := range c.took(i, int64(time.Since(start)), d, err) {
			tell(e)
		}
		if rejected, code, _ := factomd.Classify(err); !rejected || code != factomd.CodeUnknownMethod {
			turns = append(turns, i)
		}
		pause.Reset(DiagnosticsInterval)
	}
}

func (c *Consensus) took(i int, at int64, d factomd.Diagnostics, err error) []Event {
	if err != nil {
		return c.Silent(i, at)
	}
	return c.Told(i, at, d)
}
