package factomd

import (
	"fmt"
	"net"
	"testing"
	"time"
)

// TestFeedSlots has senders come, fall silent, leave and come back.
func TestFeedSlots(t *testing.T) {
	var (
		slots feedSlots
		now   = time.Unix(1e9, 0)
		names = map[net.Conn]string{}
	)
	conn := func(name string) net.Conn {
		c, _ := net.Pipe()
		names[c] = name
		return c
	}
	enter := func(c net.Conn, host string) (slot int, closed string, ok bool) {
		now = now.Add(time.Second)
		slot, old, ok := slots.take(c, host, now)
		return slot, names[old], ok
	}
	want := func(c net.Conn, host string, slot int, closed string) {
		t.Helper()
		if s, old, ok := enter(c, host); !ok || s != slot || old != closed {
			t.Errorf("%s of %s: slot %d, in the place of %q, %v; want %d, %q", names[c], host, s, old, ok, slot, closed)
		}
	}
	a, b, c := conn("a"), conn("b"), conn("c")
	want(a, "node-1", 0, "")
	want(b, "node-2", 1, "")
	want(c, "node-1", 2, "") // two nodes on one host
	slots.leave(1, b, now)
	want(conn("d"), "node-3", 3, "") // the free slot is node-2's
	want(conn("b again"), "node-2", 1, "")

	// a says nothing for longer than a node does, c goes on.
	now = now.Add(feedSilence)
	slots.heard(2, c, now)
	a2 := conn("a again")
	want(a2, "node-1", 0, "a")
	slots.heard(0, a, now.Add(time.Hour)) // what was on its way
	slots.leave(0, a, now)                // is too late to free the slot
	if slots[0].conn != a2 || slots[0].since.After(now) {
		t.Error("a connection that was replaced still counts")
	}

	slots = feedSlots{}
	var all []net.Conn
	for i := range FeedSources {
		all = append(all, conn(fmt.Sprint(i)))
		want(all[i], fmt.Sprint("host-", i), i, "")
	}
	if _, _, ok := enter(conn("one too many"), "host-x"); ok {
		t.Errorf("%d connections are served", FeedSources+1)
	}
	now = now.Add(feedSilence)
	for _, i := range []int{0, 1, 2, 4, 5, 6, 7} {
		slots.heard(i, all[i], now)
	}
	want(conn("x"), "host-x", 3, "3") // the longest silent of all
	slots.leave(9, all[9], now)
	slots.leave(8, all[8], now.Add(time.Second))
	want(conn("y"), "host-y", 9, "") // the longest free
}
