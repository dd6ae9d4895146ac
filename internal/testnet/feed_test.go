package testnet_test

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// feed is a receiver of a node's live feed.
type feed struct {
	addr   string
	events chan int // the length of each
}

func newFeed(t *testing.T) *feed {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	f := &feed{addr: l.Addr().String(), events: make(chan int, 1000)}
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		r := bufio.NewReader(c)
		for {
			var header struct {
				Version byte
				Length  int32
			}
			if binary.Read(r, binary.LittleEndian, &header) != nil || header.Version != 1 {
				return
			}
			if _, err := io.CopyN(io.Discard, r, int64(header.Length)); err != nil {
				return
			}
			f.events <- int(header.Length)
		}
	}()
	return f
}

func (f *feed) waitForEvents(t *testing.T, count int) {
	t.Helper()
	for i := range count {
		select {
		case <-f.events:
		case <-time.After(20 * time.Second):
			t.Fatalf("%d events on the live feed, want %d", i, count)
		}
	}
}
