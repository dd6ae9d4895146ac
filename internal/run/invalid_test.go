package run_test

import (
	"runtime"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
)

// On one core no machine makes 30,000 entries a second and is their server too.
// The run must say that its figures are the harness's.
func TestHarnessIsTheLimit(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1)) // not in parallel with others
	n := factomdtest.New(t, factomdtest.Options{BlockTime: time.Second})
	got := carryOut(t, plan{
		mix:   "{kind: entry, size: 1KiB}",
		load:  "in_flight: 30000",
		phase: "for: 100ms, rate: 30000/s",
	}.scenario(n.URL()), measured, func(o *run.Options) { o.AboveCeiling = true })
	got.verdict(t, report.Invalid, report.ExitInvalid)
	h := got.Harness
	if h.Valid || h.Why == "" || h.OwnScheduleP99MS <= h.OwnScheduleLimitMS || h.OwnScheduleLimitMS < 10 || h.MissedSlots == 0 {
		t.Errorf("harness %+v", h)
	}
}
