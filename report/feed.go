package report

import (
	"math"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

func newFeed(f *results.Feed) *Feed {
	if f == nil {
		return nil
	}
	out := &Feed{
		Frames: f.Frames, Bytes: f.Bytes, Bad: f.Bad, Connections: f.Connections, Refused: f.Refused,
		Told: f.Told, Missed: f.Missed, Untrue: f.Untrue,
		GivenUpS: Number(math.NaN()), Why: factomd.Printable(f.Why, 500),
	}
	if f.GivenUp > 0 {
		out.GivenUpS = Number(seconds(f.GivenUp))
	}
	return out
}

// GivenUp reports whether the acceptance sample took over, and EndS when.
func (f *Feed) GivenUp() bool { return !math.IsNaN(f.EndS()) }
func (f *Feed) EndS() float64 { return float64(f.GivenUpS) }
