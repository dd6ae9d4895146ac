package factomd

import (
	"bufio"
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
	"time"

	"golang.org/x/sys/unix"
)

// A wire makes submits over plain HTTP/1.1 without net/http: one write and
// usually one read a call, on kept connections, without an allocation. It knows
// the replies that factomd sends; any other one it hands to net/http's parser.
// TLS and proxies are not for it (see [Client.Submit]).
//
// It never sends a call twice: a connection that breaks while a call is under
// way fails that call.
type wire struct {
	address string // host:port
	head    []byte // the request up to its length
	timeout time.Duration
	dialer  net.Dialer

	mu     sync.Mutex
	idle   []*wireConn // the last used at the end
	closed bool
}

const (
	wireMaxBody = 64 << 10        // of a request; the largest entry makes 21 KB, and all of it fits a socket's buffer
	wireBuffer  = 8 << 10         // for a reply; a real one has 500 bytes
	wireTrusted = 1 * time.Second // how long an idle connection is taken to be alive without a look
)

func newWire(u *url.URL, header http.Header, timeout time.Duration) *wire {
	port := u.Port()
	if port == "" {
		port = "80"
	}
	var head bytes.Buffer
	fmt.Fprintf(&head, "POST %s HTTP/1.1\r\nHost: %s\r\n", u.EscapedPath(), u.Host)
	header.Write(&head) // to a buffer: cannot fail
	head.WriteString("Content-Length: ")
	return &wire{
		address: net.JoinHostPort(u.Hostname(), port), head: head.Bytes(), timeout: timeout,
		dialer: net.Dialer{Timeout: dialTimeout},
	}
}

// wireConn is one connection and its buffers.
type wireConn struct {
	conn  net.Conn
	out   []byte
	in    []byte
	since time.Time // when it became idle

	ctx     context.Context // the last one whose end closes the connection
	unwatch func() bool
}

// submit is [Client.Submit].
func (w *wire) submit(ctx context.Context, body []byte, want Hash) (sent, answered time.Time, err error) {
	deadline := time.Now().Add(w.timeout)
	c, err := w.take(ctx, deadline)
	if err != nil {
		return time.Time{}, time.Now(), transportFailure(orContext(ctx, err))
	}
	c.out = append(c.out[:0], w.head...)
	c.out = strconv.AppendInt(c.out, int64(len(body)), 10)
	c.out = append(c.out, "\r\n\r\n"...)
	c.out = append(c.out, body...)

	sent = time.Now()
	if _, err = c.conn.Write(c.out); err == nil {
		var reply wireReply
		reply, err = c.read()
		answered = time.Now()
		if err == nil {
			// The reply is in the connection's buffer: it is judged before the
			// connection goes back.
			f := reply.judge(want)
			if reply.keep {
				w.put(c, answered)
			} else {
				c.close()
			}
			return sent, answered, f
		}
	}
	c.close()
	if errors.Is(err, os.ErrDeadlineExceeded) {
		err = fmt.Errorf("%w: %w", context.DeadlineExceeded, err)
	}
	return sent, time.Now(), transportFailure(orContext(ctx, err))
}

// take returns a connection that is ready for a call.
func (w *wire) take(ctx context.Context, deadline time.Time) (*wireConn, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
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
	conn, err := w.dialer.DialContext(dialing, "tcp", w.address)
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

func (w *wire) put(c *wireConn, now time.Time) {
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
	tcp, ok := c.conn.(*net.TCPConn)
	if !ok {
		return true
	}
	raw, err := tcp.SyscallConn()
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

// wireReply is a reply whose body is still in its connection's buffer.
type wireReply struct {
	status int
	body   []byte
	keep   bool     // the connection can be used again
	failed *Failure // of the status alone
}

func (r *wireReply) judge(want Hash) error {
	if r.failed != nil {
		return r.failed
	}
	if r.status == http.StatusOK && isSuccess(r.body, want) {
		return nil
	}
	return submitted(r.body, r.status, want)
}

// read reads a reply.
func (c *wireConn) read() (wireReply, error) {
	n := 0
	for {
		m, err := c.conn.Read(c.in[n:])
		n += m
		if end := bytes.Index(c.in[:n], []byte("\r\n\r\n")); end >= 0 {
			status, length, plain := parseHead(c.in[:end+2])
			start := end + 4
			if !plain || start+length > len(c.in) {
				return c.readSlow(c.in[:n])
			}
			for n < start+length && err == nil {
				m, err = c.conn.Read(c.in[n:])
				n += m
			}
			if n < start+length {
				return wireReply{}, cutOff(err)
			}
			// Bytes that nobody asked for would be taken for the next reply.
			return wireReply{status: status, body: c.in[start : start+length], keep: n == start+length && err == nil}, nil
		}
		if err != nil {
			if n == 0 && err == io.EOF {
				return wireReply{}, io.EOF
			}
			return wireReply{}, cutOff(err)
		}
		if n == len(c.in) || bytes.Contains(c.in[:n], []byte("\n\n")) || bytes.Contains(c.in[:n], []byte("\n\r\n")) {
			return c.readSlow(c.in[:n]) // too long, or with line ends of its own
		}
	}
}

func cutOff(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// parseHead reads the head of a reply, up to and with the last header's line
// end. It knows just what factomd sends: plain is false for everything that
// needs a real parser.
func parseHead(head []byte) (status, length int, plain bool) {
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	switch {
	case bytes.ContainsAny(line, "\r\n"):
		return 0, 0, false
	case bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")):
		status = http.StatusOK
	case bytes.HasPrefix(line, []byte("HTTP/1.1 400 ")):
		status = http.StatusBadRequest
	default:
		return 0, 0, false
	}
	length = -1
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || bytes.ContainsAny(line, "\r\n") {
			return 0, 0, false
		}
		switch {
		case equalFold(name, "content-length"):
			n, ok := parseLength(bytes.TrimSpace(value))
			if !ok || length >= 0 {
				return 0, 0, false
			}
			length = n
		case equalFold(name, "transfer-encoding"), equalFold(name, "connection"), equalFold(name, "content-encoding"):
			return 0, 0, false
		}
	}
	return status, length, length >= 0
}

// equalFold is bytes.EqualFold for a lower-case ASCII word, without allocation.
func equalFold(name []byte, word string) bool {
	if len(name) != len(word) {
		return false
	}
	for i, b := range name {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != word[i] {
			return false
		}
	}
	return true
}

func parseLength(digits []byte) (int, bool) {
	if len(digits) == 0 || len(digits) > 9 {
		return 0, false
	}
	n := 0
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = n*10 + int(d-'0')
	}
	return n, true
}

// readSlow reads a reply of which begin was read already, with net/http.
func (c *wireConn) readSlow(begin []byte) (wireReply, error) {
	const most = maxSubmitReply + 64<<10 // body and head
	all := io.LimitReader(io.MultiReader(bytes.NewReader(bytes.Clone(begin)), c.conn), most)
	buffered := bufio.NewReader(all)
	response, err := http.ReadResponse(buffered, &http.Request{Method: http.MethodPost})
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return wireReply{}, err
	}
	defer response.Body.Close()
	if f := statusFailure(response.StatusCode, response.Header); f != nil {
		return wireReply{failed: f}, nil
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxSubmitReply+1))
	if err != nil {
		return wireReply{}, err
	}
	keep := !response.Close && len(body) <= maxSubmitReply && buffered.Buffered() == 0
	return wireReply{status: response.StatusCode, body: body, keep: keep}, nil
}

// isSuccess reports whether a reply is, to the letter, what factomd answers to a
// commit or a reveal of an entry that it took: a message, and then hashes, of
// which one is the entry's. Where it says no, a real parser has to look.
func isSuccess(reply []byte, want Hash) bool {
	const begin = `{"jsonrpc":"2.0","id":0,"result":{"message":"`
	rest, ok := bytes.CutPrefix(reply, []byte(begin))
	if !ok {
		return false
	}
	_, rest, ok = cutString(rest)
	found := false
	for ok && len(rest) > 0 && rest[0] == ',' {
		if rest, ok = bytes.CutPrefix(rest, []byte(`,"`)); !ok {
			return false
		}
		var name, value []byte
		if name, rest, ok = cutString(rest); !ok {
			return false
		}
		if rest, ok = bytes.CutPrefix(rest, []byte(`:"`)); !ok {
			return false
		}
		value, rest, ok = cutString(rest)
		if string(name) == "entryhash" {
			if found || !isHex(value, want) {
				return false
			}
			found = true
		}
	}
	return ok && found && string(rest) == "}}"
}

// cutString returns what comes before the quote that ends a JSON string, and
// what follows it. It does not know escapes.
func cutString(b []byte) (value, rest []byte, ok bool) {
	value, rest, ok = bytes.Cut(b, []byte(`"`))
	return value, rest, ok && bytes.IndexByte(value, '\\') < 0
}

// isHex reports whether text is h in lower-case hex.
func isHex(text []byte, h Hash) bool {
	const digits = "0123456789abcdef"
	if len(text) != 2*len(h) {
		return false
	}
	for i, b := range h {
		if text[2*i] != digits[b>>4] || text[2*i+1] != digits[b&15] {
			return false
		}
	}
	return true
}
