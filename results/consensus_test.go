package results

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// A reply is what endpoint number from says, one poll after the reply before.
type diagnosis struct {
	from     int
	height   uint32
	minute   int
	leaders  string // one letter each; "ab" if empty
	audits   string // in capitals who is offline
	waits    factomd.Wait
	missing  string
	election string // letter of the leader, and round
	silent   bool
}

func ids(letters string) (ids []factomd.Hash) {
	for _, l := range letters {
		ids = append(ids, factomd.Hash{byte(l), 1})
	}
	return ids
}

func (d diagnosis) reply() factomd.Diagnostics {
	if d.leaders == "" {
		d.leaders = "ab"
	}
	r := factomd.Diagnostics{Height: d.height, Minute: d.minute, Leaders: ids(d.leaders), Waiting: d.waits, Missing: ids(d.missing)}
	for _, a := range d.audits {
		id := ids(strings.ToLower(string(a)))[0]
		r.Audits = append(r.Audits, factomd.AuditServer{ID: id, Online: string(a) == strings.ToLower(string(a))})
	}
	if d.election != "" {
		r.Election = &factomd.Election{Leader: ids(d.election[:1])[0], VM: 1, Round: int(d.election[1] - '0')}
	}
	return r
}

// Each event is true of the network, or of the endpoint that it names, and comes
// once.
func TestConsensus(t *testing.T) {
	const eom = factomd.WaitsForMinutes
	second := int64(time.Second)
	// a, b and c are these in events.
	const a, b, c = "610100000000", "620100000000", "630100000000"
	for name, test := range map[string]struct {
		told []diagnosis // at 5 s, 10 s and so on
		want []Event
	}{
		"nothing": {[]diagnosis{{}, {height: 1}, {height: 2}, {from: 1, height: 2}}, nil},
		"an election": {
			[]diagnosis{{}, {election: "b0"}, {election: "b2"}, {}},
			[]Event{
				{10 * second, ElectionBegin, "for VM 1, the place of " + b + ": in round 0", "one"},
				{20 * second, ElectionEnd, "for VM 1, the place of " + b + ": not told of any more after 10s, round 2 was the last seen", "one"},
			},
		},
		"an election that endpoints hear of one after the other": {
			[]diagnosis{{election: "b0"}, {from: 1}, {election: "b1"}, {from: 1, election: "b1"}, {}, {from: 1, election: "b1"}, {}, {from: 1}},
			[]Event{
				{5 * second, ElectionBegin, "for VM 1, the place of " + b + ": in round 0", "one"},
				{40 * second, ElectionEnd, "for VM 1, the place of " + b + ": not told of any more after 35s, round 1 was the last seen", "two"},
			},
		},
		"one election after the other": {
			[]diagnosis{{election: "a0"}, {election: "b0"}, {silent: true}},
			[]Event{
				{5 * second, ElectionBegin, "for VM 1, the place of " + a + ": in round 0", "one"},
				{10 * second, ElectionEnd, "for VM 1, the place of " + a + ": not told of any more after 5s, round 0 was the last seen", "one"},
				{10 * second, ElectionBegin, "for VM 1, the place of " + b + ": in round 0", "one"},
				{15 * second, ElectionEnd, "for VM 1, the place of " + b + ": not told of any more after 5s, round 0 was the last seen", "one"},
			},
		},
		"leaders change places with an audit server": {
			[]diagnosis{{leaders: "ba", audits: "c"}, {leaders: "ab", audits: "c"}, {leaders: "ac", audits: "b"}, {leaders: "ca", audits: "b"}, {leaders: "ac", audits: "b"}},
			[]Event{
				{15 * second, LeaderChange, "in: " + c + "; out: " + b + "; 2 lead", "one"},
				{15 * second, AuditChange, "in: " + b + "; out: " + c + "; 1 stand in", "one"},
			},
		},
		"a set that flaps": {
			[]diagnosis{{}, {leaders: "ac"}, {}, {leaders: "ac"}, {leaders: "abc"}, {}},
			nil,
		},
		"endpoints that hear of a change one after the other": {
			[]diagnosis{
				{}, {from: 1}, {leaders: "abc"}, {from: 1}, {leaders: "abc"}, {from: 1}, {leaders: "abc"}, {from: 1, leaders: "abc"}, {leaders: "abc"}, {from: 1, leaders: "abc"},
			},
			[]Event{{15 * second, LeaderChange, "in: " + c + "; 3 lead", "one"}},
		},
		"an endpoint that goes through the past": {
			[]diagnosis{{height: 9}, {from: 1, height: 9}, {height: 9}, {from: 1, leaders: "c", height: 8}, {height: 9}, {from: 1, leaders: "c", height: 8}, {height: 9}, {from: 1, height: 9}},
			nil,
		},
		"audit servers": {
			[]diagnosis{
				{minute: 2, audits: "cd"}, {minute: 3, audits: "CD"}, {minute: 4, audits: "CD"}, {minute: 5, audits: "c"}, {minute: 6, audits: "c"},
			},
			[]Event{
				{10 * second, AuditOffline, c + ", 640100000000", "one"},
				{20 * second, AuditChange, "out: 640100000000; 1 stand in", "one"},
				{20 * second, AuditOnline, c, "one"},
			},
		},
		"audit servers at the beginning of a block": {
			[]diagnosis{
				{minute: 5, audits: "cd"}, {height: 1, audits: "CD"}, {height: 1, minute: 1, audits: "CD"}, {height: 1, minute: 5, audits: "cd"}, {height: 2, audits: "CD"},
			},
			nil,
		},
		"it waits a moment each minute": {
			[]diagnosis{{minute: 1, waits: eom, missing: "a"}, {minute: 2, waits: eom, missing: "b"}, {height: 1, minute: 2, waits: eom}, {height: 1, minute: 2}},
			nil,
		},
		"it waits long": {
			[]diagnosis{{minute: 1, waits: eom, missing: "ab"}, {silent: true}, {minute: 1, waits: eom, missing: "b"}, {minute: 1, waits: eom}, {minute: 2, waits: eom}},
			[]Event{
				{5 * second, SyncBegin, "in minute 1 of block 0 it has waited for the ends for 10s so far; missing now: " + b, "one"},
				{25 * second, SyncEnd, "it is in minute 2 of block 0, 20s after it was first seen to wait", "one"},
			},
		},
		"an endpoint falls behind": {
			[]diagnosis{{height: 5}, {from: 1, height: 4}, {height: 6}, {from: 1, height: 4}, {height: 6}, {from: 1, height: 5}, {height: 7}, {from: 1, height: 7}},
			[]Event{
				{20 * second, NodeBehind, "it builds block 4, and one was at block 6 5s before", "two"},
				{40 * second, NodeCaughtUp, "it builds block 7", "two"},
			},
		},
		"one goes on while the other does not answer": {
			[]diagnosis{{height: 5}, {from: 1, height: 5}, {silent: true}, {from: 1, height: 3}},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			c := NewConsensus([]string{"one", "two"})
			var got []Event
			for i, d := range test.told {
				at := int64(i+1) * 5 * second
				if d.silent {
					got = append(got, c.Silent(d.from, at)...)
					continue
				}
				got = append(got, c.Told(d.from, at, d.reply())...)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

// A network of many servers, or a node that makes them up, gives no long texts.
func TestConsensusNamesFew(t *testing.T) {
	c := NewConsensus([]string{"one"})
	c.Told(0, 0, diagnosis{}.reply())
	var many factomd.Diagnostics
	for i := range 1000 {
		many.Leaders = append(many.Leaders, factomd.Hash{byte(i), byte(i >> 8), 1})
	}
	c.Told(0, 1, many)
	events := c.Told(0, 2, many)
	if len(events) != 1 || len(events[0].Detail) > 300 || !strings.Contains(events[0].Detail, " and 994 more") {
		t.Errorf("%+v", events)
	}
}

// asker is an endpoint that counts when it was asked.
type asker struct {
	takes  time.Duration
	err    error
	asked  []time.Duration
	begins time.Time
}

func (a *asker) Diagnostics(ctx context.Context) (d factomd.Diagnostics, err error) {
	a.asked = append(a.asked, time.Since(a.begins))
	select {
	case <-ctx.Done():
		return d, ctx.Err()
	case <-time.After(a.takes):
		return d, a.err
	}
}

// No node hashes its balances more often than it must, all of them together are
// asked no more often than one, and one that does not know the call is left alone.
func TestConsensusAsksSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		old := &asker{begins: now, err: &factomd.Failure{Rejected: true, Code: factomd.CodeUnknownMethod}}
		slow, broken := &asker{begins: now, takes: time.Hour}, &asker{begins: now, err: errors.New("broken")}
		ctx, cancel := context.WithTimeout(t.Context(), 42*time.Second)
		defer cancel()
		NewConsensus([]string{"old", "slow", "broken"}).Run(ctx, []DiagnosticsNode{old, slow, broken}, now, func(e Event) { t.Errorf("%+v", e) })
		const s = time.Second
		for _, c := range []struct {
			name string
			node *asker
			want []time.Duration
		}{
			{"old", old, []time.Duration{0}},
			{"slow", slow, []time.Duration{5 * s, 20 * s, 35 * s}}, // it takes 5 s until it is given up
			{"broken", broken, []time.Duration{15 * s, 30 * s}},
		} {
			if diff := cmp.Diff(c.want, c.node.asked); diff != "" {
				t.Errorf("%s: -want +got:\n%s", c.name, diff)
			}
		}
	})
}
