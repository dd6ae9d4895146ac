package results

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// A network that stops for a while is told of once, and one that keeps its pace,
// with a node whose word flickers, not at all.
func TestPace(t *testing.T) {
	const poll = 300 * time.Millisecond
	second := int64(time.Second)
	for name, c := range map[string]struct {
		minute  func(at int64) int // since the start
		stalled func(at int64) bool
		want    []EventKind
	}{
		"its own pace, flickering": {
			func(at int64) int { return int(at / second) },
			func(at int64) bool { return at%second > 600*ms },
			nil,
		},
		"a long minute": {
			func(at int64) int { return int(min(at, 5*second)/second + max(0, at-7400*ms)/second) },
			func(int64) bool { return false },
			[]EventKind{LongMinute},
		},
		"a stall": {
			func(at int64) int { return int(min(at, 5*second)/second + max(0, at-15*second)/second) },
			func(at int64) bool { return at > 7*second && at < 15*second },
			[]EventKind{StallBegin, StallEnd},
		},
		"it only says so": {
			func(at int64) int { return int(at / second) },
			func(at int64) bool { return at > 7*second && at < 15*second },
			[]EventKind{StallBegin, StallEnd},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var got []EventKind
			p := newPace(10*time.Second, func(e Event) {
				got = append(got, e.Kind)
				if e.Kind == StallBegin && (e.At < 5*second || e.At > 7500*ms) {
					t.Errorf("the stall began at %d ms", e.At/ms)
				}
			})
			for at := int64(0); at < 30*second; at += int64(poll) {
				m := c.minute(at)
				p.polled("node", NodeState{At: at, Minute: factomd.Minute{
					LeaderHeight: uint32(m / 10), Minute: m % 10, Stalled: c.stalled(at),
				}})
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
			if m := p.minutes; m.Count == 0 || m.MeanS < 0.9 || m.MaxS < m.MeanS {
				t.Errorf("minutes: %+v", m)
			}
		})
	}
}

// A block is long by the one before; those that are read together are not.
func TestPaceOfBlocks(t *testing.T) {
	var got []Event
	p := newPace(10*time.Second, func(e Event) { got = append(got, e) })
	for i, at := range []int64{4000, 14_000, 30_000, 30_000, 40_000} {
		p.saved(Block{Height: uint32(i), Seen: at * ms})
	}
	if diff := cmp.Diff([]Event{{At: 30_000 * ms, Kind: LongBlock,
		Detail: "block 2 was seen 16s after the one before, a block of the network takes 10s"}}, got); diff != "" {
		t.Error(diff)
	}
}

// One broken connection is no event, and an outage is two.
func TestReach(t *testing.T) {
	var r reach
	var got []Event
	broken := errors.New("connection refused")
	for at, failure := range []error{nil, broken, nil, broken, broken, broken, nil, nil} {
		if e, ok := r.asked("node", int64(at)*1000*ms, failure); ok {
			got = append(got, Event{At: e.At, Kind: e.Kind, Endpoint: e.Endpoint})
		}
	}
	if diff := cmp.Diff([]Event{{3000 * ms, NodeDown, "", "node"}, {6000 * ms, NodeUp, "", "node"}}, got); diff != "" {
		t.Error(diff)
	}
	silent := fmt.Errorf("no answer: %w", context.DeadlineExceeded)
	if e, ok := r.asked("node", 8000*ms, silent); !ok || e.Kind != NodeDown || e.At != 8000*ms {
		t.Errorf("silent for all of its time: %v, %v", e, ok)
	}
	if e, ok := r.asked("node", 9000*ms, silent); ok {
		t.Errorf("told of again: %v", e)
	}
}

// Only time in which the harness is awake is waited for an answer.
func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		start := time.Now()
		ctx, cancel := withPatience(t.Context(), pollPatience)
		defer cancel()
		<-ctx.Done()
		if waited := time.Since(start); waited != pollPatience || !errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
			t.Errorf("after %v: %v", waited, context.Cause(ctx))
		}
	})
	ctx, cancel := withPatience(t.Context(), pollPatience)
	cancel()
	if errors.Is(context.Cause(ctx), context.DeadlineExceeded) {
		t.Errorf("an answer in time: %v", context.Cause(ctx))
	}
}
