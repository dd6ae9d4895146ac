package run

import (
	"testing"
	"time"
)

// What a node says of its rate is held against what was sent in the same time, once
// its moving average has settled.
func TestRateMeter(t *testing.T) {
	var m rateMeter
	begin := time.Now()
	for i := range rateSettles + leastRates {
		if got := m.read(); got != nil {
			t.Fatalf("after %d answers: %+v", i, got)
		}
		rate := 100.0
		if i < rateSettles {
			rate = 7
		}
		m.told(rate, rateSent{begin.Add(time.Duration(i) * rateInterval), uint64(500 * i)})
	}
	if got := m.read(); got == nil || got.Counted != 100 || got.Sent != 100 || got.Polls != leastRates {
		t.Errorf("%+v", got)
	}
}
