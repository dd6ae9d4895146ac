package run_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/results"
)

var tenUsers = plan{load: "users: 10, think: 50ms", phase: "for: 2s"}

func TestUsers(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	got := carryOut(t, tenUsers.scenario(n.URL()))
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	addsUp(t, got.Report)
	if got.Load != (report.Load{Model: "closed", Users: 10, ThinkMS: 50}) {
		t.Errorf("load %+v", got.Load)
	}
	if got.Run.EndedEarly != "" || n.Bought() != 5000 {
		t.Errorf("ended early: %q; %d entry credits were bought", got.Run.EndedEarly, n.Bought())
	}
	// 20 a second and user at most.
	if p := got.Totals.Planned; p < 3+20 || p > 3+10*41 || got.Totals.Skipped != 0 {
		t.Errorf("totals %+v", got.Totals)
	}
	for _, p := range got.Phases {
		if p.Rates.PlannedPerS != p.Rates.SentPerS {
			t.Errorf("phase %s: %v/s planned, %v/s sent", p.Name, p.Rates.PlannedPerS, p.Rates.SentPerS)
		}
	}
}

// The budget ends the sending, and that is a run that was carried out.
func TestUsersWithASmallBudget(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	p := tenUsers
	p.credits, p.phase = "key: local-test-key, budget: 100", "for: 1h"
	got := carryOut(t, p.scenario(n.URL()))
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	addsUp(t, got.Report)
	count(t, "planned", got.Totals.Planned, 3+100-33)
	count(t, "credits spent", got.Totals.CreditsSpent, 100)
	if n.Bought() != 100 || n.Spent() != 100 {
		t.Errorf("bought %d, spent %d", n.Bought(), n.Spent())
	}
	if want := "entries for the budget of 100 entry credits were sent"; got.Run.EndedEarly != want || got.Run.Interrupted || !strings.Contains(got.VerdictWhy, want) {
		t.Errorf("ended early: %q, interrupted: %v; %s", got.Run.EndedEarly, got.Run.Interrupted, got.VerdictWhy)
	}
}

// The last answer can take long: that is no time in which anything was planned, and
// whoever kills the run while it waits finds on record when sending ended, and why.
func TestTheLastAnswerIsLate(t *testing.T) {
	t.Parallel()
	const late = 3 * time.Second
	var reveals atomic.Int64
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Fault: func(c factomdtest.Call) *factomdtest.Fault {
		if c.Method == "reveal-entry" && reveals.Add(1) == 67 {
			return &factomdtest.Fault{Delay: late}
		}
		return nil
	}})
	p := tenUsers
	p.credits, p.phase = "key: local-test-key, budget: 100", "for: 1h"
	var killed results.Manifest
	got := carryOut(t, p.scenario(n.URL()), func(o *run.Options) {
		o.Say = func(format string, args ...any) {
			if strings.Contains(format, "waiting for what is out") {
				text, err := os.ReadFile(filepath.Join(o.Out, results.ManifestFile))
				if err = errors.Join(err, json.Unmarshal(text, &killed)); err != nil {
					t.Error(err)
				}
			}
		}
	})
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	addsUp(t, got.Report)
	if killed.SendEnded == 0 || killed.EndedEarly == "" || !killed.Ended.IsZero() {
		t.Errorf("on record while it waited: sending ended at %d, early: %q, the run at %v", killed.SendEnded, killed.EndedEarly, killed.Ended)
	}
	var last int64
	for _, e := range got.entries {
		last = max(last, e.Revealed)
	}
	// Nothing can have been planned for so long before the last answer.
	if waited := time.Duration(last - killed.SendEnded); waited < late/2 {
		t.Errorf("sending ended only %v before the last answer", waited)
	}
}

// Off LOCAL networks nobody knows how much users will write.
func TestUsersAreAskedFor(t *testing.T) {
	t.Parallel()
	key := factomd.LocalTestKey().EC().ECAddress()
	n := factomdtest.New(t, factomdtest.Options{NetworkID: factomdtest.Test, BlockTime: halfSecond, Credits: map[string]int64{key: 1}})
	text := tenUsers.scenario(n.URL())
	err := run.Do(t.Context(), t.Context(), run.Options{Scenario: parse(t, text), Text: text, ID: "id", Out: t.TempDir() + "/run"})
	if err == nil || !strings.Contains(err.Error(), "the load has 10 users, who write as fast as they are answered") ||
		!strings.Contains(err.Error(), "hint: agree on it with the network's operators, then say so with --yes") {
		t.Errorf("%v", err)
	}
}
