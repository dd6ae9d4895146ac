package factomd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A wire makes submits over plain HTTP/1.1 without net/http: one write and
// usually one read a call or a pair of calls, on kept connections, without an
// allocation. It knows the replies that factomd sends; any other one it hands to
// net/http's parser. TLS and proxies are not for it (see [Client.Submit]).
//
// It never sends a call twice: a connection that breaks while a call is under
// way fails that call.
//
// At full speed its two system calls a pair take 26 % of the program's CPU time,
// and all that it does beside them 5 %, with a deadline and the clock each time.
type wire struct {
	address string // host:port
	head    []byte // the request up to its length
	timeout time.Duration
	gauge   *Gauge

	mu     sync.Mutex
	idle   []*wireConn // the last used at the end
	closed bool
}

const (
	wireMaxBody = 64 << 10        // of the requests of one write; the largest entry makes 21 KB, and all of it fits a socket's buffer
	wireBuffer  = 8 << 10         // for a reply; a real one has 500 bytes
	wireTrusted = 1 * time.Second // how long an idle connection is taken to be alive without a look
)

func newWire(u *url.URL, header http.Header, timeout time.Duration, gauge *Gauge) *wire {
	port := u.Port()
	if port == "" {
		port = "80"
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, "POST %s HTTP/1.1\r\nHost: %s\r\n", u.EscapedPath(), u.Host)
	header.Write(&head) // to a buffer: cannot fail
	head.WriteString("Content-Length: ")
	return &wire{
		address: net.JoinHostPort(u.Hostname(), port), head: head.Bytes(), timeout: timeout, gauge: gauge,
	}
}

// wireConn is one connection and its buffers.
type wireConn struct {
	conn   net.Conn
	out    []byte
	in     []byte
	unread []byte    // of in: what came with a reply and after it
	broken error     // why nothing more can be read
	since  time.Time // when it became idle

	ctx     context.Context // the last one whose end closes the connection
	unwatch func() bool
}

// submit is [Client.Submit].
func (w *wire) submit(ctx context.Context, body []byte, want Hash) (sent, answered time.Time, err error) {
	c, err := w.take(ctx)
	if err != nil {
		return time.Time{}, time.Now(), transportFailure(orContext(ctx, err))
	}
	c.out = w.appendRequest(c.out[:0], body)
	sent = time.Now()
	_, c.broken = c.conn.Write(c.out)
	answered, err = c.answer(ctx, want)
	w.put(c, answered)
	return sent, answered, err
}

// submitTogether is [Client.SubmitTogether].
func (w *wire) submitTogether(ctx context.Context, commit, reveal []byte, want Hash) (p Pair) {
	c, err := w.take(ctx)
	if err != nil {
		p.noteCommit(time.Now(), transportFailure(orContext(ctx, err)))
		return p
	}
	c.out = w.appendRequest(c.out[:0], commit)
	c.out = w.appendRequest(c.out, reveal)
	p.Sent = time.Now()
	_, c.broken = c.conn.Write(c.out)
	answered, err := c.answer(ctx, want)
	p.noteCommit(answered, err)
	answered, err = c.answer(ctx, want)
	p.noteReveal(answered, err)
	w.put(c, answered)
	return p
}

func (w *wire) appendRequest(b, body []byte) []byte {
	b = append(b, w.head...)
	b = strconv.AppendInt(b, int64(len(body)), 10)
	b = append(b, "\r\n\r\n"...)
	return append(b, body...)
}

// errConnectionEnds is what a second request meets whose connection the node
// closes with the first one's reply.
var errConnectionEnds = fmt.Errorf("the node ended the connection with the reply before: %w", io.ErrUnexpectedEOF)

// answer reads and judges the reply to the next request that was written.
func (c *wireConn) answer(ctx context.Context, want Hash) (answered time.Time, err error) {
	var reply wireReply
	if c.broken == nil {
		reply, c.broken = c.read()
	}
	answered = time.Now()
	if err := c.broken; err != nil {
		if errors.Is(err, os.ErrDeadlineExceeded) {
			err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
		}
		return answered, transportFailure(orContext(ctx, err))
	}
	if !reply.keep {
		c.broken = errConnectionEnds
	}
	return answered, reply.judge(want)
}

// take returns a connection that is ready for a call.
func (w *wire) take(ctx context.Context) (*wireConn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	deadline := time.Now().Add(w.timeout)
	for {
		w.mu.Lock()
		n := len(w.idle)
		if n == 0 {
			w.mu.Unlock()
			break
		}
		c := w.idle[n-1]
		w.idle = w.idle[:n-1]
		w.mu.Unlock()
		if c.ctx.Err() != nil || time.Since(c.since) > wireTrusted && !c.alive() {
			c.close()
			continue
		}
		c.watch(ctx)
		if err := c.conn.SetDeadline(deadline); err != nil {
			c.close()
			continue
		}
		return c, nil
	}
	dialing, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	conn, err := w.gauge.dial(dialing, "tcp", w.address)
	if err != nil {
		return nil, err
	}
	c := &wireConn{conn: conn, in: make([]byte, wireBuffer)}
	c.watch(ctx)
	if err := conn.SetDeadline(deadline); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// put takes a connection back after its last reply.
func (w *wire) put(c *wireConn, now time.Time) {
	// Bytes that nobody asked for would be taken for the next reply.
	if c.broken != nil || len(c.unread) > 0 {
		c.close()
		return
	}
	c.since = now
	w.mu.Lock()
	closed := w.closed
	if !closed {
		w.idle = append(w.idle, c)
	}
	w.mu.Unlock()
	if closed {
		c.close()
	}
}

// close closes the idle connections; others follow when their calls end.
func (w *wire) close() {
	w.mu.Lock()
	idle := w.idle
	w.idle, w.closed = nil, true
	w.mu.Unlock()
	for _, c := range idle {
		c.close()
	}
}

// watch has the end of ctx close the connection. Calls of one run have the same
// context, so that this costs something only for the first.
func (c *wireConn) watch(ctx context.Context) {
	if c.ctx == ctx {
		return
	}
	if c.unwatch != nil {
		c.unwatch()
	}
	c.ctx = ctx
	c.unwatch = context.AfterFunc(ctx, func() { c.conn.Close() })
}

func (c *wireConn) close() {
	c.unwatch()
	c.conn.Close()
}

// alive reports whether an idle connection is open and silent, as it should be.
func (c *wireConn) alive() bool {
	raw, err := c.conn.(syscall.Conn).SyscallConn()
	if err != nil {
		return false
	}
	alive := false
	err = raw.Read(func(fd uintptr) bool {
		var b [1]byte
		_, _, err := unix.Recvfrom(int(fd), b[:], unix.MSG_PEEK|unix.MSG_DONTWAIT)
		alive = err == unix.EAGAIN || err == unix.EWOULDBLOCK
		return true
	})
	return err == nil && alive
}
