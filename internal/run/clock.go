package run

import (
	"fmt"
	"slices"
	"time"

	"github.com/FactomProject/factom-load/scenarios"
)

// maxSkew is how far a node's clock may be off the harness's without a word: it
// drops commits whose time is more than an hour off (factom-protocol.md, section
// 2). The hostile calls whose time is meant to be off by more need clocks that are
// not further apart than maxHostileSkew.
const (
	maxSkew        = 5 * time.Minute
	maxHostileSkew = 10 * time.Minute
)

// A skew is how far the clock of an endpoint is ahead of the harness's.
type skew struct {
	url string
	by  time.Duration
}

// skewOf compares the time that a node told with when it was asked.
func skewOf(url string, told, asked, answered time.Time) skew {
	if told.IsZero() {
		return skew{url: url}
	}
	return skew{url, told.Sub(asked.Add(answered.Sub(asked) / 2))}
}

func (s skew) String() string {
	way := "ahead of"
	if s.by < 0 {
		way = "behind"
	}
	return fmt.Sprintf("the clock of %s is %s %s this machine's", s.url, s.by.Abs().Round(time.Minute), way)
}

// inTime refuses hostile calls whose commits would be of another time to the node
// than is meant, and warns of clocks that are apart.
func (r *run) inTime() error {
	s := r.network.skew
	timed := func(i scenarios.HostileItem) bool {
		return i.Kind == scenarios.StaleTimestamp || i.Kind == scenarios.FutureTimestamp
	}
	if h := r.Scenario.Hostile; h != nil && s.by.Abs() > maxHostileSkew && slices.ContainsFunc(h.Mix, timed) {
		return fmt.Errorf("%v: whether it must take a commit of %s or %s is not certain then\n"+
			"    hint: set the clocks right, or leave these kinds out of hostile.mix", s, scenarios.StaleTimestamp, scenarios.FutureTimestamp)
	}
	if s.by.Abs() > maxSkew {
		r.Say("%v: a node drops commits whose time is more than an hour off its own", s)
	}
	return nil
}
