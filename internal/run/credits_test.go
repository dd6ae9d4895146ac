package run_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/run"
	"github.com/FactomProject/factom-load/report"
)

// otherKey is an entry credit key, which cannot buy any.
const otherKey = "Es2Rf7iM6PdsqfYCo3D1tnAR65SkLENyWJG1deUzpRMQmbh9F3eG"

func address(t *testing.T, secret string) string {
	t.Helper()
	k, err := factomd.ParseKey(secret)
	if err != nil {
		t.Fatal(err)
	}
	return k.ECAddress()
}

// balances are those in the report's series, as far as they are known.
func (o outcome) balances() []float64 { return o.known("ec_balance") }

// known returns the known values of a column of the series.
func (o outcome) known(column string) (known []float64) {
	at := slices.Index(o.Series.Columns, column)
	for _, row := range o.Series.Rows {
		if v := float64(row[at]); v == v {
			known = append(known, v)
		}
	}
	return known
}

// A key that has exactly what the load costs pays for all of it, and that nothing
// is left while the last call is still out is no alarm.
func TestExactCredits(t *testing.T) {
	t.Parallel()
	key := factomd.LocalTestKey().EC().ECAddress()
	planned := generator.NewPlan(parse(t, plan{}.scenario("http://127.0.0.1:1"))).Total
	var reveals atomic.Uint64
	n := factomdtest.New(t, factomdtest.Options{
		BlockTime: halfSecond, Credits: map[string]int64{key: planned.Credits},
		Fault: func(c factomdtest.Call) *factomdtest.Fault {
			if strings.HasPrefix(c.Method, "reveal") && reveals.Add(1) == planned.Slots {
				return &factomdtest.Fault{Delay: 4 * halfSecond}
			}
			return nil
		},
	})
	got := carryOut(t, plan{}.scenario(n.URL()))
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	addsUp(t, got.Report)
	if n.Bought() != 0 || n.Credits(key) != 0 {
		t.Errorf("bought %d, %d left", n.Bought(), n.Credits(key))
	}
	if known := got.balances(); len(known) == 0 || slices.Max(known) > float64(planned.Credits) {
		t.Errorf("balances %v", known)
	}
}

// What others spend from the key ends the run before the API takes thousands of
// entries that nobody pays for.
func TestOthersSpend(t *testing.T) {
	t.Parallel()
	key := factomd.LocalTestKey().EC().ECAddress()
	n := after(t, 20, func(n *factomdtest.Node) { n.Spend(key, 1_000_000) })
	got := carryOut(t, long.scenario(n.URL()))
	got.verdict(t, report.Interrupted, report.ExitCannot)
	if !strings.Contains(got.Run.Why, key+" has 0 entry credits left") || !strings.Contains(got.Run.Why, "others spend from it") {
		t.Errorf("why: %q", got.Run.Why)
	}
	if got.Totals.Skipped < 100 {
		t.Errorf("totals %+v", got.Totals)
	}
}

// A top-up buys the same as a run without, in portions.
func TestTopUp(t *testing.T) {
	t.Parallel()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
	text := plan{credits: "key: local-test-key, topup: {below: 60, buy: 70}, budget: 5000", phase: "for: 5s, rate: 40/s"}.scenario(n.URL())
	got := carryOut(t, text)
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	addsUp(t, got.Report)
	cost := generator.NewPlan(parse(t, text)).Total.Credits
	count(t, "confirmed", got.Totals.Confirmed, int(got.Totals.Planned))
	if n.Bought() != cost || n.Spent() != cost {
		t.Errorf("bought %d, spent %d, planned %d", n.Bought(), n.Spent(), cost)
	}
	if orders, want := n.Calls("factoid-submit"), int((cost+69)/70); orders < want {
		t.Errorf("%d orders for %d entry credits, want %d", orders, cost, want)
	}
}

// An order that the node answers with an error is handed in again, and is
// processed once.
func TestTopUpGoesOn(t *testing.T) {
	t.Parallel()
	var said []string
	orders := 0
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Fault: func(c factomdtest.Call) *factomdtest.Fault {
		if c.Method == "factoid-submit" {
			if orders++; orders == 2 {
				return &factomdtest.Fault{Answer: factomdtest.HTML(502), Unheard: true}
			}
		}
		return nil
	}})
	text := plan{credits: "key: local-test-key, topup: {below: 100, buy: 120}, budget: 5000", phase: "for: 5s, rate: 20/s"}.scenario(n.URL())
	got := carryOut(t, text, func(o *run.Options) {
		o.Say = func(format string, args ...any) { said = append(said, format) }
	})
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	addsUp(t, got.Report)
	if cost := generator.NewPlan(parse(t, text)).Total.Credits; n.Bought() != cost {
		t.Errorf("bought %d of %d", n.Bought(), cost)
	}
	if !strings.Contains(strings.Join(said, "\n"), "topping up") {
		t.Errorf("the error was not told: %q", said)
	}
}

// Each of two keys pays for its share, and one of them buys it.
func TestTwoKeys(t *testing.T) {
	t.Setenv("OTHER_KEY", otherKey)
	other, test := address(t, otherKey), factomd.LocalTestKey().EC().ECAddress()
	n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond, Credits: map[string]int64{other: 1000}})
	text := plan{credits: "keys: [env:OTHER_KEY, local-test-key], budget: 5000"}.scenario(n.URL())
	got := carryOut(t, text)
	got.in(t, n)
	got.verdict(t, report.Pass, report.ExitOK)
	addsUp(t, got.Report)
	shares := generator.NewPlan(parse(t, text)).Shares
	if spent := 1000 - n.Credits(other); spent != shares[0] || n.Bought() != shares[1] || n.Credits(test) != 0 {
		t.Errorf("%s spent %d, the other one bought %d and has %d left; the shares are %d", other, spent, n.Bought(), n.Credits(test), shares)
	}
	if known := got.balances(); len(known) == 0 || known[len(known)-1] < float64(n.Credits(other)) || known[len(known)-1] > float64(1000+shares[1]) {
		t.Errorf("balances %v, in the end %d", known, n.Credits(other))
	}
}

// What keys cannot do is refused at the start, by their addresses.
func TestKeysRefused(t *testing.T) {
	t.Setenv("OTHER_KEY", otherKey)
	t.Setenv("SAME_KEY", otherKey)
	open := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(open, []byte(otherKey), 0o644); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, credits, want string }{
		{"the same key", "keys: [env:OTHER_KEY, env:SAME_KEY]", "env:OTHER_KEY and env:SAME_KEY are the same key, " + address(t, otherKey)},
		{"an open file", "keys: [local-test-key, 'file:" + open + "']", "credits.keys[1]: " + open + " can be read by others"},
		{"a poor key", "keys: [local-test-key, env:OTHER_KEY]", address(t, otherKey) + " has 0 entry credits, and its share of the load costs "},
		{"a key that cannot buy", "key: env:OTHER_KEY, topup: {below: 5, buy: 10}", "credits.topup: " + address(t, otherKey) + " cannot buy entry credits"},
		{"a small portion", "key: local-test-key, topup: {below: 5, buy: 32}", "the chains that are made before the load cost " + factomd.LocalTestKey().ECAddress() + " 33 entry credits, and it has 0 and buys 32"},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := factomdtest.New(t, factomdtest.Options{BlockTime: halfSecond})
			text := plan{credits: c.credits}.scenario(n.URL())
			err := run.Do(t.Context(), t.Context(), run.Options{Scenario: parse(t, text), Text: text, ID: "id", Out: filepath.Join(t.TempDir(), "run")})
			if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "\n    hint: ") {
				t.Errorf("%v\nwant %s", err, c.want)
			}
			if n.Calls("commit-chain") > 0 || n.Bought() > 0 {
				t.Error("something was paid")
			}
			if err != nil && strings.Contains(err.Error(), otherKey) {
				t.Error("the secret key is in the error")
			}
		})
	}
}
