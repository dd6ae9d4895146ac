package run_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
)

// A node whose clock is off takes what is of another time, and drops what is of
// ours: that is no finding.
func TestClocksThatAreApart(t *testing.T) {
	t.Parallel()
	const stale, other = "hostile: {rate: 5/s, mix: [{kind: unknown-method}, {kind: stale-timestamp}]}\n", "hostile: {rate: 5/s, mix: [{kind: unknown-method}]}\n"
	for _, test := range []struct {
		ahead         time.Duration
		hostile       string
		warned, taken bool
	}{
		{0, stale, false, true},
		{4 * time.Minute, stale, false, true},
		{-9 * time.Minute, stale, true, true},
		{31 * time.Minute, stale, false, false},
		{-31 * time.Minute, stale, false, false},
		{31 * time.Minute, other, true, true},
		{-31 * time.Minute, "", true, true},
	} {
		t.Run(fmt.Sprint(test.ahead, test.hostile), func(t *testing.T) {
			t.Parallel()
			n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, ClockAhead: test.ahead})
			var said strings.Builder
			var saying sync.Mutex
			text := plan{phase: "for: 500ms, rate: 5/s"}.scenario(n.URL()) + test.hostile
			err := run.Do(t.Context(), t.Context(), run.Options{
				Scenario: parse(t, text), Text: text, ID: "id", Out: filepath.Join(t.TempDir(), "run"),
				Say: func(format string, args ...any) {
					saying.Lock()
					defer saying.Unlock()
					fmt.Fprintf(&said, format+"\n", args...)
				},
			})
			clock := "the clock of " + n.URL() + " is " + test.ahead.Abs().String()
			if (err == nil) != test.taken || err != nil && !strings.HasPrefix(err.Error(), clock) {
				t.Errorf("%v\nwant %s", err, clock)
			}
			if strings.Contains(said.String(), clock) != test.warned {
				t.Errorf("it said:\n%s\nwant %s: %v", &said, clock, test.warned)
			}
		})
	}
}
