package factomd

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	entrySuccess  = `{"jsonrpc":"2.0","id":0,"result":{"message":"Entry Commit Success","txid":"TX","entryhash":"EH"}}`
	chainSuccess  = `{"jsonrpc":"2.0","id":0,"result":{"message":"Chain Commit Success","txid":"TX","entryhash":"EH","chainidhash":"TX"}}`
	revealSuccess = `{"jsonrpc":"2.0","id":0,"result":{"message":"Entry Reveal Success","entryhash":"EH","chainid":"TX"}}`
)

func withHashes(reply string, entry Hash) string {
	return strings.NewReplacer("EH", entry.String(), "TX", testHash(7).String()).Replace(reply)
}

func TestIsSuccess(t *testing.T) {
	want := testHash(1)
	for _, reply := range []string{entrySuccess, chainSuccess, revealSuccess} {
		if !isSuccess([]byte(withHashes(reply, want)), want) {
			t.Errorf("%s is not known", reply)
		}
		if isSuccess([]byte(withHashes(reply, testHash(2))), want) {
			t.Errorf("%s is taken for another entry's", reply)
		}
	}
	if isSuccess([]byte(withHashes(`{"jsonrpc":"2.0","id":0,"result":{"message":"x"}}`, want)), want) {
		t.Error("a reply without the entry's hash is taken for a success")
	}
}

// What the short cut takes for a success, the parser takes for one too.
func FuzzIsSuccess(f *testing.F) {
	want := testHash(1)
	for _, reply := range []string{entrySuccess, chainSuccess, revealSuccess, withHashes(entrySuccess, want) + revealSuccess,
		`{"jsonrpc":"2.0","id":0,"result":{"message":"\"","entryhash":"EH"}}`,
		`{"jsonrpc":"2.0","id":0,"result":{"message":"","entryhash":"EH","entryhash":"TX"}}`} {
		f.Add([]byte(withHashes(reply, want)))
	}
	f.Fuzz(func(t *testing.T, reply []byte) {
		if !isSuccess(reply, want) {
			return
		}
		// encoding/json refuses control characters in strings, which nothing
		// is read from here.
		if err := submitted(reply, http.StatusOK, want); err != nil && !hasControl(reply) {
			t.Errorf("%q: %v", reply, err)
		}
	})
}

func hasControl(b []byte) bool {
	return bytes.ContainsFunc(b, func(r rune) bool { return r < ' ' })
}

// What the short cut reads from a head, net/http reads too.
func FuzzParseHead(f *testing.F) {
	for _, head := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 12\r\n",
		"HTTP/1.1 400 Bad Request\r\nDate: x\r\ncontent-length:0\r\nX: y\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
		"HTTP/1.1 200 OK\r\nContent-Length: +1\r\n",
		"HTTP/1.1 200 OK\r\n Content-Length: 1\r\nContent-Length: 1\r\n",
	} {
		f.Add([]byte(head))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		if bytes.Contains(head, []byte("\r\n\r\n")) || !bytes.HasSuffix(head, []byte("\r\n")) {
			return // never given to it
		}
		status, length, plain := parseHead(head)
		if !plain {
			return
		}
		text := string(head) + "\r\n" + strings.Repeat("x", min(length, 1<<16))
		response, err := http.ReadResponse(bufio.NewReader(strings.NewReader(text)), &http.Request{Method: http.MethodPost})
		if err != nil {
			return // stricter: the reply would have failed, and does so by its body
		}
		if response.StatusCode != status || response.ContentLength != int64(length) || response.Close {
			t.Errorf("%q: status %d and %d, length %d and %d", head, status, response.StatusCode, length, response.ContentLength)
		}
	})
}

// raw serves connections by hand: answer is given each request's body, and
// returns what goes to the wire; "" closes the connection.
func raw(t *testing.T, answer func(connection, call int, body string) string) *Client {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for connection := 0; ; connection++ {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				in := bufio.NewReader(conn)
				for call := 0; ; call++ {
					request, err := http.ReadRequest(in)
					if err != nil {
						return
					}
					body, _ := io.ReadAll(request.Body)
					reply := answer(connection, call, string(body))
					if reply == "" {
						return
					}
					io.WriteString(conn, reply)
				}
			}()
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return client(t, Options{URL: "http://" + l.Addr().String(), Timeout: 2 * time.Second})
}

func httpReply(status, headers, body string) string {
	return "HTTP/1.1 " + status + "\r\n" + headers + "Content-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

func TestWireReplies(t *testing.T) {
	want := testHash(1)
	success := withHashes(entrySuccess, want)
	big := `{"jsonrpc":"2.0","id":0,"result":{"message":"` + strings.Repeat("x", 20<<10) + `","entryhash":"` + want.String() + `"}}`
	for _, c := range []struct {
		name  string
		reply string
		want  string // class of the error, "" for success
		kept  bool   // the connection is used again
	}{
		{"as factomd answers", httpReply("200 OK", "Date: x\r\nContent-Type: text/plain; charset=utf-8\r\n", success), "", true},
		{"chunked", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + strconv.FormatInt(int64(len(success)), 16) + "\r\n" + success + "\r\n0\r\n\r\n", "", true},
		{"with an interim reply", "HTTP/1.1 100 Continue\r\n\r\n" + httpReply("200 OK", "", success), "", true},
		{"of an old server", "HTTP/1.0 200 OK\r\nContent-Length: " + strconv.Itoa(len(success)) + "\r\n\r\n" + success, "", false},
		{"that closes", httpReply("200 OK", "Connection: close\r\n", success), "", false},
		{"larger than the buffer", httpReply("200 OK", "", big), "", true},
		{"with too many headers", httpReply("200 OK", strings.Repeat("X: y\r\n", 5000), success), "", true},
		{"rejected", httpReply("400 Bad Request", "", `{"jsonrpc":"2.0","id":0,"error":{"code":-32602,"message":"Invalid params"}}`), "Invalid params", true},
		{"of two entries", httpReply("200 OK", "", withHashes(entrySuccess, testHash(3))), "reply for another entry", true},
		{"with more than its length", httpReply("200 OK", "", success) + "HTTP/1.1", "", false},
		{"cut", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{", "reply cut short", false},
		{"of another protocol", "SSH-2.0-OpenSSH\r\n\r\n", "reply is not HTTP", false},
		{"redirect", httpReply("302 Found", "Location: http://127.0.0.1:1/\r\n", ""), "redirect refused", true},
		{"not authorised", httpReply("401 Unauthorized", "", "401 Unauthorized."), "http 401", true},
	} {
		t.Run(c.name, func(t *testing.T) {
			var connections atomic.Int64
			node := raw(t, func(connection, call int, _ string) string {
				connections.Store(int64(connection + 1))
				if c.want == "reply cut short" && call > 0 {
					return ""
				}
				return c.reply
			})
			for range 2 {
				sent, answered, err := node.Submit(t.Context(), []byte(`{"method":"commit-entry"}`), want)
				_, _, message := Classify(err)
				if c.want == "reply cut short" && message == "timeout" {
					message = "reply cut short" // the server keeps the connection open
				}
				if message != c.want {
					t.Fatalf("counted as %q, want %q: %v", message, c.want, err)
				}
				if sent.IsZero() || answered.Before(sent) {
					t.Errorf("sent %v, answered %v", sent, answered)
				}
			}
			if n := connections.Load(); (n == 1) != c.kept {
				t.Errorf("two calls by %d connections", n)
			}
		})
	}
}

// A connection that the node closed while it was idle is not used, however long
// ago that was; one that breaks under a call fails the call, which is not sent
// again.
func TestWireClosedConnections(t *testing.T) {
	want := testHash(1)
	var calls atomic.Int64
	node := raw(t, func(connection, call int, _ string) string {
		calls.Add(1)
		if connection == 0 && call == 1 {
			return ""
		}
		return httpReply("200 OK", "", withHashes(entrySuccess, want))
	})
	submit := func() string {
		_, _, err := node.Submit(t.Context(), []byte(`{}`), want)
		_, _, message := Classify(err)
		return message
	}
	if got := submit(); got != "" {
		t.Fatal(got)
	}
	if got := submit(); got != "reply cut short" && got != "connection reset" {
		t.Errorf("a connection that broke under a call: %q", got)
	}
	if got := submit(); got != "" {
		t.Errorf("the call after that: %q", got)
	}
	if n := calls.Load(); n != 3 {
		t.Errorf("%d requests arrived, want 3", n)
	}
	c := node.wire.idle[0]
	c.since = time.Now().Add(-time.Hour)
	if !c.alive() {
		t.Error("an open connection is taken for a closed one")
	}
	c.conn.(*countedConn).CloseRead()
	if c.alive() {
		t.Error("a closed connection is taken for an open one")
	}
	if got := submit(); got != "" {
		t.Errorf("after an idle connection was closed: %q", got)
	}
}

func TestWireCancel(t *testing.T) {
	hold := make(chan struct{})
	node := raw(t, func(int, int, string) string { <-hold; return "" })
	defer close(hold)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(50*time.Millisecond, cancel)
	sent, _, err := node.Submit(ctx, []byte(`{}`), Hash{})
	if _, _, message := Classify(err); message != "canceled" || sent.IsZero() {
		t.Errorf("sent %v, counted as %q: %v", sent, message, err)
	}
	if sent, _, err = node.Submit(ctx, []byte(`{}`), Hash{}); err == nil || !sent.IsZero() {
		t.Errorf("a call was sent although its context had ended: %v", err)
	}
}

func BenchmarkWire(b *testing.B) {
	hash := testHash(1)
	c, err := New(Options{URL: canned(b, cannedReply(hash))})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	body := AppendSubmit(nil, MethodCommitEntry, ParamMessage, make([]byte, entryCommitSize))
	for name, submit := range map[string]func(context.Context, []byte, Hash) (time.Time, time.Time, error){
		"wire": c.Submit, "net-http": c.submitStandard,
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			b.SetParallelism(16)
			b.RunParallel(func(pb *testing.PB) {
				ctx := context.Background()
				for pb.Next() {
					if _, _, err := submit(ctx, body, hash); err != nil {
						b.Error(err)
					}
				}
			})
		})
	}
}
