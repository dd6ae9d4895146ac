package factomd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	feedVersion = 1 // first byte of every frame
	feedHeader  = 5 // version, and the length in 4 bytes, little endian

	// maxFeedHead is how much of a frame is looked at, in bytes. An entry has at
	// most 10 KiB; only the frames of directory blocks are larger, and what is
	// wanted of them comes first. The rest streams by, never held.
	maxFeedHead = 32 << 10
	// maxFeedFrame is the length from which a frame is taken for garbage: a full
	// block of a fast network, with the content of its entries, is well below.
	maxFeedFrame = 1 << 30

	feedBuffer = 256 << 10 // of one connection, in bytes
)

// A Feed receives the live feed of factomd nodes, in protobuf and in JSON. The
// node is the one who dials, and needs the flag -enablelivefeedapi and
// -eventbroadcastcontent=always or -eventsendstatechange: with neither it says of
// commits alone that they are accepted. Anyone who can connect is believed to be a
// node.
type Feed struct {
	listener net.Listener
	mu       sync.Mutex // held while handle runs

	slotsMu sync.Mutex
	slots   feedSlots

	frames, bytes, skipped, bad    atomic.Uint64
	connections, refused, replaced atomic.Uint64
	maxBusy                        atomic.Int64
}

// FeedStats counts what a [Feed] has received.
type FeedStats struct {
	Frames      uint64 // received in whole or in part
	Bytes       uint64
	Skipped     uint64 // frames of which only the beginning was looked at
	Bad         uint64 // of the frames, those that made no sense; the last of a connection that is no feed, too
	Connections uint64 // accepted
	Refused     uint64 // connections for which there was no room
	Replaced    uint64 // of the connections accepted, those that made room for another one as they were silent
	// MaxBusy is the longest time that the receiver spent between two reads: an
	// event may have been seen that much later than it arrived.
	MaxBusy time.Duration
}

// ListenFeed listens for nodes. Without a host in addr it listens on loopback
// only, and on a free port if addr is empty.
func ListenFeed(addr string) (*Feed, error) {
	if addr == "" {
		addr = ":0"
	}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, fmt.Errorf("live feed: %w", err)
	}
	if host == "" {
		host = "127.0.0.1"
	}
	l, err := net.Listen("tcp", net.JoinHostPort(host, port))
	if err != nil {
		return nil, fmt.Errorf("live feed: %w", err)
	}
	return &Feed{listener: l}, nil
}

// Addr returns the address that it listens on, as host:port.
func (f *Feed) Addr() string { return f.listener.Addr().String() }

// Close stops listening. It is for a feed that is not run: [Feed.Run] does so
// itself.
func (f *Feed) Close() error { return f.listener.Close() }

// Stats returns what was received so far.
func (f *Feed) Stats() FeedStats {
	bad := f.bad.Load() // before the frames, which are counted first: it is never more
	return FeedStats{
		Frames:      f.frames.Load(),
		Bytes:       f.bytes.Load(),
		Skipped:     f.skipped.Load(),
		Bad:         bad,
		Connections: f.connections.Load(),
		Refused:     f.refused.Load(),
		Replaced:    f.replaced.Load(),
		MaxBusy:     time.Duration(f.maxBusy.Load()),
	}
}

// Run receives until ctx ends, and then returns nil. It calls handle, one call
// at a time, with the events of each read; the slice is used again after it
// returns. A connection that sends garbage is dropped, the node will dial again.
func (f *Feed) Run(ctx context.Context, handle func([]FeedEvent)) error {
	var serving sync.WaitGroup
	defer serving.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(ctx, func() { f.listener.Close() })()

	for {
		conn, err := f.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("live feed: %w", err)
		case err != nil: // out of files, or a caller that went away
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		slot, ok := f.take(conn)
		if !ok {
			f.refused.Add(1)
			conn.Close()
			continue
		}
		f.connections.Add(1)
		serving.Go(func() { f.serve(ctx, conn, slot, handle) })
	}
}

// take finds a place for a connection. One that has to make room is closed.
func (f *Feed) take(conn net.Conn) (slot int, ok bool) {
	host := conn.RemoteAddr().String()
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	f.slotsMu.Lock()
	defer f.slotsMu.Unlock()
	slot, silent, ok := f.slots.take(conn, host, time.Now())
	if silent != nil {
		f.replaced.Add(1)
		silent.Close()
	}
	return slot, ok
}

// serve reads one connection until it ends, sends garbage, or ctx ends.
func (f *Feed) serve(ctx context.Context, conn net.Conn, slot int, handle func([]FeedEvent)) {
	defer f.leave(slot, conn)
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()

	var (
		buf     = make([]byte, feedBuffer)
		pending int // bytes of buf that are the beginning of a frame
		scanner feedScanner
		events  []FeedEvent
	)
	for {
		n, err := conn.Read(buf[pending:])
		at := time.Now()
		if n > 0 {
			var rest []byte
			var garbage error
			events, rest, garbage = scanner.scan(events[:0], buf[:pending+n], at)
			pending = copy(buf, rest)
			if scanner.frames > scanner.bad {
				f.heard(slot, conn, at)
			}
			f.count(&scanner, n)
			for i := range events {
				events[i].Source = slot
			}
			if len(events) > 0 {
				f.mu.Lock()
				handle(events)
				f.mu.Unlock()
			}
			err = errors.Join(err, garbage)
		}
		f.busy(time.Since(at))
		if err != nil {
			return
		}
	}
}

func (f *Feed) heard(slot int, conn net.Conn, at time.Time) {
	f.slotsMu.Lock()
	defer f.slotsMu.Unlock()
	f.slots.heard(slot, conn, at)
}

func (f *Feed) leave(slot int, conn net.Conn) {
	f.slotsMu.Lock()
	defer f.slotsMu.Unlock()
	f.slots.leave(slot, conn, time.Now())
}

func (f *Feed) count(s *feedScanner, n int) {
	f.bytes.Add(uint64(n))
	f.frames.Add(s.frames)
	f.skipped.Add(s.skipped)
	f.bad.Add(s.bad)
	s.frames, s.skipped, s.bad = 0, 0, 0
}

func (f *Feed) busy(d time.Duration) {
	for {
		longest := f.maxBusy.Load()
		if int64(d) <= longest || f.maxBusy.CompareAndSwap(longest, int64(d)) {
			return
		}
	}
}

// A feedScanner cuts a stream into frames.
type feedScanner struct {
	skip                 int // bytes of a large frame that are still to pass by
	frames, skipped, bad uint64
}

var errFeedGarbage = errors.New("not a live feed")

// scan appends the events of the frames in b, all at the same instant, and
// returns what is left: the beginning of a frame, feedHeader+maxFeedHead bytes
// at most. After an error the stream has no meaning.
func (s *feedScanner) scan(events []FeedEvent, b []byte, at time.Time) ([]FeedEvent, []byte, error) {
	for {
		passed := min(s.skip, len(b))
		s.skip -= passed
		b = b[passed:]
		if len(b) > 0 && b[0] != feedVersion {
			s.frames++
			s.bad++
			return events, nil, errFeedGarbage
		}
		if len(b) < feedHeader {
			return events, b, nil
		}
		size := int(int32(binary.LittleEndian.Uint32(b[1:])))
		if size < 0 || size > maxFeedFrame {
			s.frames++
			s.bad++
			return events, nil, errFeedGarbage
		}
		head := min(size, maxFeedHead)
		if len(b) < feedHeader+head {
			return events, b, nil
		}
		event, ok, err := parseFeedEvent(b[feedHeader:feedHeader+head], head < size)
		if ok {
			event.At = at
			events = append(events, event)
		}
		s.frames++
		if err != nil {
			s.bad++
		}
		if head < size {
			s.skipped++
		}
		s.skip = size - head
		b = b[feedHeader+head:]
	}
}
