package factomd

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// A script is a node that reads the two requests of a pair, writes what it is
// told, and then goes on or ends the connection.
type script struct {
	text        string
	ends        bool
	connections atomic.Int64
	requests    atomic.Int64
}

func (s *script) start(t *testing.T, o Options) *Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.connections.Add(1)
			go s.serve(conn)
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	o.URL = "http://" + l.Addr().String()
	return client(t, o)
}

func (s *script) serve(conn net.Conn) {
	defer conn.Close()
	in := bufio.NewReader(conn)
	for {
		for range 2 {
			request, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			io.Copy(io.Discard, request.Body)
			s.requests.Add(1)
		}
		io.WriteString(conn, s.text)
		if s.ends {
			return
		}
	}
}

var (
	commitBody = []byte(`{"method":"commit-entry"}`)
	revealBody = []byte(`{"method":"reveal-entry"}`)
)

const refusal = `{"jsonrpc":"2.0","id":0,"error":{"code":-32602,"message":"Invalid params"}}`

func chunked(body string) string {
	return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strconv.FormatInt(int64(len(body)), 16) + "\r\n" + body + "\r\n0\r\n\r\n"
}

// Whatever the first reply is, the second is read as what it is; a reveal without
// a reply has failed, and nothing is ever sent twice.
func TestTogether(t *testing.T) {
	want := testHash(1)
	committed := withHashes(entrySuccess, want)
	ok := httpReply("200 OK", "Date: x\r\nContent-Type: text/plain; charset=utf-8\r\n", committed)
	revealed := httpReply("200 OK", "", withHashes(revealSuccess, want))
	refused := httpReply("400 Bad Request", "", refusal)
	long := `{"jsonrpc":"2.0","id":0,"result":{"message":"` + strings.Repeat("x", 20<<10) + `","entryhash":"` + want.String() + `"}}`
	type pair struct {
		class               string // of the error
		committed, revealed bool   // answered
		kept                bool   // the connection is used again
	}
	for _, c := range []struct {
		name string
		text string
		ends bool // the connection, after that
		want pair
	}{
		{"as factomd answers", ok + revealed, false, pair{"", true, true, true}},
		{"commit refused", refused + revealed, false, pair{"Invalid params", true, true, true}},
		{"reveal refused", ok + refused, false, pair{"Invalid params", true, true, true}},
		{"commit chunked", chunked(committed) + revealed, false, pair{"", true, true, true}},
		{"both chunked", chunked(committed) + chunked(committed), false, pair{"", true, true, true}},
		{"commit longer than the buffer", httpReply("200 OK", "", long) + revealed, false, pair{"", true, true, true}},
		{"reveal longer than the buffer", ok + httpReply("200 OK", "", long), false, pair{"", true, true, true}},
		{"commit with too many headers", httpReply("200 OK", strings.Repeat("X: y\r\n", 5000), committed) + revealed, false, pair{"", true, true, true}},
		{"with interim replies", "HTTP/1.1 100 Continue\r\n\r\n" + ok + "HTTP/1.1 102 Processing\r\n\r\n" + revealed, false, pair{"", true, true, true}},
		{"not authorised", strings.Repeat(httpReply("401 Unauthorized", "", "401 Unauthorized."), 2), false, pair{"http 401", false, false, true}},
		{"commit met an error of a proxy", httpReply("502 Bad Gateway", "", "<html>Bad Gateway</html>") + revealed, false, pair{"http 502", false, true, true}},
		{"commit met a page", httpReply("200 OK", "", "<!DOCTYPE html><html>Welcome</html>") + revealed, false, pair{"reply is not JSON", false, true, true}},
		{"commit met an error that ends the connection", httpReply("503 Service Unavailable", "Connection: close\r\n", ""), true, pair{"http 503", false, false, false}},
		{"commit of another entry", httpReply("200 OK", "", withHashes(entrySuccess, testHash(2))) + revealed, false, pair{"reply for another entry", false, true, true}},
		{"reveal of another entry", ok + httpReply("200 OK", "", withHashes(revealSuccess, testHash(2))), false, pair{"reply for another entry", true, false, true}},
		{"closed with the commit's reply", httpReply("200 OK", "Connection: close\r\n", committed), true, pair{"reply cut short", true, false, false}},
		{"closed after the commit's reply", ok, true, pair{"reply cut short", true, false, false}},
		{"closed without a reply", "", true, pair{"reply cut short", false, false, false}},
		{"commit cut", ok[:len(ok)-5], true, pair{"reply cut short", false, false, false}},
		{"reveal cut", ok + revealed[:len(revealed)-5], true, pair{"reply cut short", true, false, false}},
		{"one reply for both", ok, false, pair{"timeout", true, false, false}},
		{"three replies", ok + revealed + ok, false, pair{"", true, true, false}},
		{"something else between the replies", ok + "SSH-2.0-OpenSSH\r\n\r\n" + revealed, true, pair{"reply is not HTTP", true, false, false}},
		{"another protocol", "SSH-2.0-OpenSSH\r\n\r\n", true, pair{"reply is not HTTP", false, false, false}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			o := Options{}
			if c.want.class == "timeout" {
				o.Timeout = time.Second
			}
			s := &script{text: c.text, ends: c.ends}
			node := s.start(t, o)
			for range 2 {
				p := node.SubmitTogether(t.Context(), commitBody, revealBody, want)
				_, _, class := Classify(p.Err)
				got := pair{class, !p.Committed.IsZero(), !p.Revealed.IsZero(), c.want.kept}
				if c.ends && class == "connection reset" {
					got.class = c.want.class // it was closed with bytes on the way
				}
				if got != c.want {
					t.Fatalf("%+v, want %+v: %v", got, c.want, p.Err)
				}
				if p.Sent.IsZero() || p.Calls != 2 || got.committed && p.Committed.Before(p.Sent) ||
					got.committed && got.revealed && p.Revealed.Before(p.Committed) {
					t.Errorf("%+v", p)
				}
			}
			if n := s.connections.Load(); (n == 1) != c.want.kept {
				t.Errorf("two pairs by %d connections", n)
			}
			if n := s.requests.Load(); n != 4 {
				t.Errorf("%d requests for two pairs", n)
			}
		})
	}
}

// Without a connection nothing is sent, and one call has failed.
func TestTogetherNotSent(t *testing.T) {
	c := client(t, Options{URL: "http://127.0.0.1:1"}) // nobody listens there
	p := c.SubmitTogether(t.Context(), commitBody, revealBody, testHash(1))
	if _, _, class := Classify(p.Err); class != "connection refused" || p.Calls != 1 || !p.Sent.IsZero() {
		t.Errorf("%+v", p)
	}
}

func TestTogetherCancel(t *testing.T) {
	want := testHash(1)
	s := &script{text: httpReply("200 OK", "", withHashes(entrySuccess, want))}
	node := s.start(t, Options{})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for s.requests.Load() < 2 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	p := node.SubmitTogether(ctx, commitBody, revealBody, want)
	if _, _, class := Classify(p.Err); class != "canceled" || p.Sent.IsZero() || !p.Revealed.IsZero() {
		t.Errorf("counted as %q: %+v", class, p)
	}
	if p = node.SubmitTogether(ctx, commitBody, revealBody, want); p.Err == nil || !p.Sent.IsZero() {
		t.Errorf("a pair was sent although its context had ended: %+v", p)
	}
}

// What is too large for one write goes out in two calls, and the second not after
// a rejection.
func TestTogetherTooLarge(t *testing.T) {
	want := testHash(1)
	var calls atomic.Int64
	answer := httpReply("200 OK", "", withHashes(entrySuccess, want))
	node := raw(t, func(int, int, string) string { calls.Add(1); return answer })
	large := bytes.Repeat([]byte("x"), wireMaxBody)
	if p := node.SubmitTogether(t.Context(), commitBody, large, want); p.Err != nil || p.Calls != 2 || calls.Load() != 2 {
		t.Errorf("%d calls: %+v", calls.Load(), p)
	}
	answer = httpReply("400 Bad Request", "", refusal)
	p := node.SubmitTogether(t.Context(), commitBody, large, want)
	if !isRejection(p.Err) || p.Calls != 1 || calls.Load() != 3 {
		t.Errorf("%d calls: %+v", calls.Load(), p)
	}
}

// A stream is a connection that brings what it has, some bytes at a time.
type stream struct {
	net.Conn
	rest  []byte
	piece int
}

func (s *stream) Read(p []byte) (int, error) {
	if len(s.rest) == 0 {
		return 0, io.EOF
	}
	n := copy(p, s.rest[:min(s.piece, len(s.rest))])
	s.rest = s.rest[n:]
	return n, nil
}

// What is read as the two replies of a pair is what net/http reads, however the
// bytes arrive.
func FuzzTwoReplies(f *testing.F) {
	want := testHash(1)
	success := withHashes(entrySuccess, want)
	ok := httpReply("200 OK", "Date: x\r\n", success)
	for _, text := range []string{
		ok + ok, chunked(success) + ok, ok + chunked(success), httpReply("400 Bad Request", "", refusal) + ok,
		httpReply("401 Unauthorized", "", "401 Unauthorized.") + ok, "HTTP/1.1 204 No Content\r\n\r\n" + ok,
		"HTTP/1.1 100 Continue\r\n\r\n" + ok + ok, ok + "HTTP/1.1 100 Continue\r\n\r\n" + ok, ok + "garbage\r\n\r\n" + ok,
		httpReply("200 OK", "Connection: close\r\n", success) + ok, "HTTP/1.0 200 OK\r\n\r\n" + success,
		httpReply("200 OK", strings.Repeat("X: y\r\n", 2000), success) + ok, ok + "\r\n" + ok, ok[:len(ok)-3],
		strings.ReplaceAll(ok, "\r\n", "\n") + ok,
	} {
		for _, piece := range []byte{0, 6, 255} {
			f.Add([]byte(text), piece)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte, piece byte) {
		theirs := bufio.NewReader(bytes.NewReader(text))
		c := &wireConn{conn: &stream{rest: text, piece: 1 + 8*int(piece)}, in: make([]byte, wireBuffer)}
		for range 2 {
			reply, err := c.read()
			response, wrong := readFinal(theirs)
			var body []byte
			if wrong == nil {
				body, wrong = io.ReadAll(response.Body)
			}
			switch {
			case err != nil && wrong == nil:
				if len(text) < maxSubmitReply {
					t.Errorf("%v, where net/http reads %q", err, body)
				}
				return
			case err != nil || wrong != nil:
				return // a head that net/http refuses may be taken: see FuzzParseHead
			}
			if reply.status != response.StatusCode || len(body) <= maxSubmitReply && reply.failed == nil && !bytes.Equal(reply.body, body) {
				t.Errorf("status %d and %q, where net/http reads %d and %q", reply.status, reply.body, response.StatusCode, body)
			}
			if reply.keep == response.Close && len(body) <= maxSubmitReply {
				t.Errorf("kept: %v, where net/http closes: %v", reply.keep, response.Close)
			}
			if !reply.keep {
				return
			}
		}
		rest, _ := io.ReadAll(io.MultiReader(bytes.NewReader(c.unread), c.conn))
		left, _ := io.ReadAll(theirs)
		if !bytes.Equal(rest, left) {
			t.Errorf("%q is left, where net/http leaves %q", rest, left)
		}
	})
}

// canned answers each request of a connection with the same bytes, without a
// parser or an allocation: a request ends with the only "}}" in it.
func canned(t testing.TB, reply []byte) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in, out := make([]byte, 64<<10), make([]byte, 0, 64<<10)
				end := []byte("}}")
				for {
					n, err := conn.Read(in)
					if err != nil {
						return
					}
					out = out[:0]
					for range bytes.Count(in[:n], end) {
						out = append(out, reply...)
					}
					conn.Write(out)
				}
			}()
		}
	}()
	return "http://" + l.Addr().String()
}

func cannedReply(hash Hash) []byte {
	return []byte(httpReply("200 OK", "Date: Tue, 24 Nov 2026 00:00:00 GMT\r\nContent-Type: text/plain; charset=utf-8\r\n", withHashes(entrySuccess, hash)))
}

// Neither way of submitting costs an allocation on a kept connection.
func TestSubmitAllocates(t *testing.T) {
	hash := testHash(1)
	c := client(t, Options{URL: canned(t, cannedReply(hash))})
	commit := AppendSubmit(nil, MethodCommitEntry, ParamMessage, make([]byte, entryCommitSize))
	reveal := AppendSubmit(nil, MethodRevealEntry, ParamEntry, make([]byte, 1000))
	ctx := t.Context()
	for name, submit := range map[string]func() Pair{
		"after":    func() Pair { return SubmitAfter(ctx, c, commit, reveal, hash) },
		"together": func() Pair { return c.SubmitTogether(ctx, commit, reveal, hash) },
	} {
		n := testing.AllocsPerRun(200, func() {
			if p := submit(); p.Err != nil || p.Calls != 2 {
				t.Errorf("%s: %+v", name, p)
			}
		})
		if n > 0 {
			t.Errorf("%s: %v allocations a pair", name, n)
		}
	}
}

// A pair whose commit nobody heard of has the commit's error, be the reveal's
// what it may.
func TestSubmitAfterErrors(t *testing.T) {
	cut, refusal := &Failure{Message: "reply cut short"}, &Failure{Rejected: true, Code: -32602}
	answers := []error{cut, refusal}
	p := SubmitAfter(t.Context(), submitFunc(func() (err error) { err, answers = answers[0], answers[1:]; return err }), nil, nil, Hash{})
	if !errors.Is(p.Err, cut) || p.Calls != 2 || !p.Committed.IsZero() || p.Revealed.IsZero() {
		t.Errorf("%+v", p)
	}
}

type submitFunc func() error

func (f submitFunc) Submit(context.Context, []byte, Hash) (sent, answered time.Time, err error) {
	return time.Now(), time.Now(), f()
}
