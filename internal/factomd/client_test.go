package factomd

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// node starts a double of a node's API and returns a client of it.
func node(t *testing.T, o Options, answer http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	o.URL = server.URL
	return client(t, o)
}

func client(t *testing.T, o Options) *Client {
	t.Helper()
	c, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// listener accepts connections, reads a request of each, and lets answer have it.
func listener(t *testing.T, answer func(*net.TCPConn)) string {
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
			if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
				io.Copy(io.Discard, r.Body)
			}
			answer(conn.(*net.TCPConn))
			conn.Close()
		}
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return "http://" + l.Addr().String()
}

// request is what a double sees of a call.
type request struct {
	JSONRPC string                     `json:"jsonrpc"`
	Method  string                     `json:"method"`
	Params  map[string]json.RawMessage `json:"params"`
}

func readRequest(t *testing.T, r *http.Request) (q request) {
	if r.Method != http.MethodPost || r.URL.Path != "/v2" {
		t.Errorf("%s %s", r.Method, r.URL)
	}
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil || q.JSONRPC != "2.0" {
		t.Errorf("not a JSON-RPC request: %+v, %v", q, err)
	}
	return q
}

// says answers every call alike.
func says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

const repeatedCommit = `{"jsonrpc":"2.0","id":0,"error":{"code":-32011,"message":"Repeated Commit","data":{"info":"A commit with equal or greater payment already exists","entryhash":"203d895d40e77693cb3b63550d78b118318a942e67b7f76aa7d6ddcc56a5cfc9"}}}`

// TestFailures meets every kind of failure with a query and with a submit, and
// checks what is counted.
func TestFailures(t *testing.T) {
	want := testHash(0xab)
	success := `{"jsonrpc":"2.0","id":0,"result":{"message":"Entry Commit Success","entryhash":"` + want.String() + `"}}`
	endless := func(start string, filler string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.WriteString(w, start)
			for r.Context().Err() == nil {
				if _, err := io.WriteString(w, filler); err != nil {
					return
				}
			}
		}
	}
	closed := func() string {
		l := must(net.Listen("tcp", "127.0.0.1:0"))
		defer l.Close()
		return "http://" + l.Addr().String()
	}()
	type failure struct {
		rejected bool
		code     int
		message  string
	}
	tests := []struct {
		name   string
		answer http.HandlerFunc
		url    string // instead of answer
		want   failure
		is     error
	}{
		{name: "JSON-RPC error", answer: says(400, `{"jsonrpc":"2.0","id":0,"error":{"code":-32602,"message":"Invalid params","data":"Invalid Entry"}}`),
			want: failure{true, -32602, "Invalid params: Invalid Entry"}},
		{name: "JSON-RPC error with 200", answer: says(200, `{"error":{"code":-32603,"message":"Internal error"}}`),
			want: failure{true, -32603, "Internal error"}},
		{name: "repeated commit", answer: says(400, repeatedCommit),
			want: failure{true, -32011, "Repeated Commit: A commit with equal or greater payment already exists"}},
		{name: "hashes are no part of a kind", answer: says(400, `{"error":{"code":-32008,"message":"no 203d895d40e77693cb3b63550d78b118318a942e67b7f76aa7d6ddcc56a5cfc9","data":[1]}}`),
			want: failure{true, -32008, "no (hash): [1]"}},
		{name: "hostile error", answer: says(400, `{"error":{"code":-32000,"message":"\u001b[2J`+strings.Repeat("x", 5000)+`"}}`),
			want: failure{true, -32000, "?[2J" + strings.Repeat("x", 195) + "…"}},
		{name: "an error that is not one", answer: says(400, `{"error":"boom"}`),
			want: failure{false, 400, "reply is not JSON-RPC"}, is: ErrNotFactomd},
		{name: "an empty error", answer: says(400, `{"error":{}}`),
			want: failure{false, 400, "reply is not JSON-RPC"}, is: ErrNotFactomd},
		{name: "unauthorized", answer: says(401, "401 Unauthorized.\n"),
			want: failure{false, 401, "http 401"}, is: ErrUnauthorized},
		{name: "redirect", answer: func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, "/v3", http.StatusTemporaryRedirect) },
			want: failure{false, 307, "redirect refused"}, is: ErrNotFactomd},
		{name: "proxy error", answer: says(502, "<html>Bad Gateway</html>"),
			want: failure{false, 502, "http 502"}},
		{name: "server error", answer: says(500, success),
			want: failure{false, 500, "http 500"}},
		{name: "not found", answer: says(404, "404 page not found"),
			want: failure{false, 404, "http 404"}},
		{name: "HTML", answer: says(200, "<!DOCTYPE html><html>Welcome</html>"),
			want: failure{false, 0, "reply is not JSON"}, is: ErrNotFactomd},
		{name: "text with 400", answer: says(400, "400 Bad Request"),
			want: failure{false, 400, "reply is not JSON"}, is: ErrNotFactomd},
		{name: "other JSON", answer: says(200, `{"status":"ok"}`),
			want: failure{false, 0, "reply is not JSON-RPC"}, is: ErrNotFactomd},
		{name: "a JSON list", answer: says(200, `[1,2]`),
			want: failure{false, 0, "reply is not JSON-RPC"}, is: ErrNotFactomd},
		{name: "null", answer: says(200, `null`),
			want: failure{false, 0, "reply is not JSON"}, is: ErrNotFactomd},
		{name: "a result with 400", answer: says(400, success),
			want: failure{false, 400, "reply is not JSON-RPC"}, is: ErrNotFactomd},
		{name: "two replies", answer: says(200, success+success),
			want: failure{false, 0, "reply is not JSON-RPC"}, is: ErrNotFactomd},
		{name: "empty reply", answer: says(200, ""),
			want: failure{false, 0, "reply cut short"}, is: io.ErrUnexpectedEOF},
		{name: "cut JSON", answer: says(200, success[:40]),
			want: failure{false, 0, "reply cut short"}, is: io.ErrUnexpectedEOF},
		{name: "cut transfer", answer: func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("Content-Length", "1000")
			io.WriteString(w, success)
		}, want: failure{false, 0, "reply cut short"}, is: io.ErrUnexpectedEOF},
		{name: "endless JSON", answer: endless(`{"result":{"entryhash":"`, strings.Repeat("x", 4096)),
			want: failure{false, 0, "reply too large"}},
		{name: "endless space", answer: endless(success, strings.Repeat(" ", 4096)),
			want: failure{false, 0, "reply too large"}},
		{name: "never answers", answer: func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			<-r.Context().Done()
		}, want: failure{false, 0, "timeout"}, is: context.DeadlineExceeded},
		{name: "stops in the middle", answer: func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, `{"jsonrpc":`)
			w.(http.Flusher).Flush()
			<-r.Context().Done()
		}, want: failure{false, 0, "timeout"}, is: context.DeadlineExceeded},
		{name: "refused", url: closed,
			want: failure{false, 0, "connection refused"}},
		{name: "reset", url: listener(t, func(c *net.TCPConn) { c.SetLinger(0) }),
			want: failure{false, 0, "connection reset"}},
		{name: "not HTTP", url: listener(t, func(c *net.TCPConn) { io.WriteString(c, "SSH-2.0-OpenSSH\r\n\r\n") }),
			want: failure{false, 0, "reply is not HTTP"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			o := Options{MaxReply: 100 << 10, Timeout: 5 * time.Second, User: "alice", Password: "hunter2"}
			if test.want.message == "timeout" {
				o.Timeout = 50 * time.Millisecond
			}
			var c *Client
			if test.url != "" {
				o.URL = test.url
				c = client(t, o)
			} else {
				c = node(t, o, test.answer)
			}
			var result any
			query := c.Call(t.Context(), "heights", nil, &result)
			_, answered, submit := c.Submit(t.Context(), AppendSubmit(nil, MethodCommitEntry, ParamMessage, []byte{1}), want)
			if answered.IsZero() {
				t.Error("the submit has no end")
			}
			for name, err := range map[string]error{"query": query, "submit": submit} {
				rejected, code, message := Classify(err)
				if got := (failure{rejected, code, message}); err == nil || got != test.want {
					t.Errorf("%s: %+v, want %+v: %v", name, got, test.want, err)
				}
				if test.is != nil && !errors.Is(err, test.is) {
					t.Errorf("%s: %v is not: %v", name, err, test.is)
				}
				if err != nil && strings.Contains(err.Error(), "hunter2") {
					t.Errorf("%s: the error shows the password: %v", name, err)
				}
			}
		})
	}
}

// TestErrorTexts checks what a person reads.
func TestErrorTexts(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"HTML":         {says(200, "<html>\n\x1b[31mWelcome"+strings.Repeat("!", 500)), `asking URL for properties: reply is not JSON: "<html> ?[31mWelcome` + strings.Repeat("!", 60) + `…"`},
		"unauthorized": {says(401, ""), "asking URL for properties: http 401: give the node's rpcuser and rpcpass"},
		"rejected":     {says(400, `{"error":{"code":-32601,"message":"Method not found"}}`), "asking URL for properties: the node refused: Method not found (-32601)"},
		"redirect": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://elsewhere/v2", http.StatusMovedPermanently)
		},
			"asking URL for properties: redirect refused: it leads to https://elsewhere/v2; use the node's own URL"},
	} {
		c := node(t, Options{}, test.answer)
		_, err := c.Version(t.Context())
		if err == nil {
			t.Errorf("%s: no error", name)
			continue
		}
		if got := strings.ReplaceAll(err.Error(), c.URL(), "URL"); got != test.want {
			t.Errorf("%s:\n%s, want\n%s", name, got, test.want)
		}
	}
}

// TestClosedWhileWriting has the transport close a connection under its own
// write, because the node did.
func TestClosedWhileWriting(t *testing.T) {
	err := &net.OpError{Op: "readfrom", Net: "tcp", Err: fmt.Errorf("write: %w", net.ErrClosed)}
	if _, _, message := Classify(err); message != "connection reset" {
		t.Errorf("counted as %q", message)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if got := orContext(ctx, err); got != context.Canceled {
		t.Errorf("after a cancellation it is %v", got)
	}
}

func TestUnknownHost(t *testing.T) {
	err := &net.OpError{Op: "dial", Err: &net.DNSError{Err: "no such host", Name: "node.invalid", IsNotFound: true}}
	if _, _, message := Classify(err); message != "dial: unknown host" {
		t.Errorf("counted as %q", message)
	}
}

func TestCertificate(t *testing.T) {
	server := httptest.NewUnstartedServer(says(200, "{}"))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	_, err := client(t, Options{URL: server.URL}).Version(t.Context())
	if _, _, message := Classify(err); message != "tls: certificate not trusted" {
		t.Errorf("counted as %q: %v", message, err)
	}
	plain := node(t, Options{}, says(200, "{}"))
	_, err = client(t, Options{URL: strings.Replace(plain.URL(), "http:", "https:", 1)}).Version(t.Context())
	if _, _, message := Classify(err); message != "tls: the other side does not speak it" {
		t.Errorf("counted as %q: %v", message, err)
	}
}

func TestCanceled(t *testing.T) {
	c := node(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancelCause(t.Context())
	time.AfterFunc(20*time.Millisecond, func() { cancel(errors.New("the user has had enough")) })
	_, err := c.Version(ctx)
	if _, _, message := Classify(err); message != "canceled" || !errors.Is(err, context.Canceled) {
		t.Errorf("counted as %q: %v", message, err)
	}
	sent, _, err := c.Submit(ctx, []byte("{}"), Hash{})
	if _, _, message := Classify(err); message != "canceled" || !sent.IsZero() {
		t.Errorf("counted as %q, sent %v: %v", message, sent, err)
	}
}

func TestClassifyOthers(t *testing.T) {
	if rejected, code, message := Classify(nil); rejected || code != 0 || message != "" {
		t.Error("nil is counted as a failure")
	}
	if _, _, message := Classify(fmt.Errorf("run: %w", context.DeadlineExceeded)); message != "timeout" {
		t.Errorf("a deadline is counted as %q", message)
	}
	wrapped := fmt.Errorf("entry 7: %w", &Failure{Rejected: true, Code: -32602, Message: "Invalid params"})
	if rejected, code, message := Classify(wrapped); !rejected || code != -32602 || message != "Invalid params" {
		t.Errorf("a wrapped rejection is counted as %v, %d, %q", rejected, code, message)
	}
}

func TestNewRefuses(t *testing.T) {
	for _, bad := range []string{
		"", "127.0.0.1:8088", "ftp://127.0.0.1/v2", "http://", "http:///v2", "http://alice:hunter2@host/v2",
		"http://host/v2?hunter2=1", "http://host/v2#hunter2", "http://alice:hunter2@ho st/", "http://host:hunter2/",
	} {
		_, err := New(Options{URL: bad})
		if err == nil {
			t.Errorf("%q: accepted", bad)
		} else if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%q: the error repeats it: %v", bad, err)
		}
	}
	for url, want := range map[string]string{
		"http://127.0.0.1:8088":        "http://127.0.0.1:8088/v2",
		"http://127.0.0.1:8088/":       "http://127.0.0.1:8088/v2",
		"https://node.example/factom/": "https://node.example/factom/",
	} {
		if c := client(t, Options{URL: url}); c.URL() != want {
			t.Errorf("%s became %s", url, c.URL())
		}
	}
}

func TestAuthorization(t *testing.T) {
	check := func(user, password string, want bool) {
		c := node(t, Options{User: user, Password: password}, func(w http.ResponseWriter, r *http.Request) {
			gotUser, gotPassword, ok := r.BasicAuth()
			if ok != want || gotUser != user || ok && gotPassword != password {
				t.Errorf("credentials %q, %q, %v", gotUser, gotPassword, ok)
			}
			io.WriteString(w, `{"result":{"factomdversion":"v6"}}`)
		})
		if _, err := c.Version(t.Context()); err != nil {
			t.Error(err)
		}
		if strings.Contains(fmt.Sprint(c.URL()), password) && password != "" {
			t.Error("the URL shows the password")
		}
	}
	check("", "", false)
	check("alice", "hunter2:with a colon", true)
}

// TestConnectionsAreKept makes calls one after the other.
func TestConnectionsAreKept(t *testing.T) {
	var connections []string
	hash := testHash(1)
	c := node(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		connections = append(connections, r.RemoteAddr)
		q := readRequest(t, r)
		switch q.Method {
		case "properties":
			io.WriteString(w, `{"result":{"factomdversion":"v6"}}`)
		case MethodRevealEntry:
			io.WriteString(w, `{"result":{"entryhash":"`+hash.String()+`"}}`)
		default:
			w.WriteHeader(500)
			io.WriteString(w, strings.Repeat("sorry ", 100))
		}
	})
	for range 5 {
		if _, err := c.Version(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Larger than the transport's buffers, so that it goes out in parts.
		if _, _, err := c.Submit(t.Context(), AppendSubmit(nil, MethodRevealEntry, ParamEntry, bytes.Repeat([]byte{1}, 10275)), hash); err != nil {
			t.Fatal(err)
		}
		if _, err := c.ECRate(t.Context()); err == nil {
			t.Fatal("an HTTP error is no error")
		}
	}
	// The submits have a connection of their own.
	for i, other := range connections {
		if other != connections[i%3%2] {
			t.Fatalf("calls came by %v", connections)
		}
	}
	if got := c.Requests(); got != 10 {
		t.Errorf("%d queries counted, want 10: submits are not queries", got)
	}
}

// FuzzReply reads hostile replies as each kind of call does.
func FuzzReply(f *testing.F) {
	hash := testHash(1)
	f.Add([]byte(`{"result":{"entryhash":"`+hash.String()+`"}}`), 200)
	f.Add([]byte(`{"result":{"header":{"chainid":"`+hash.String()+`","dbheight":3},"entrylist":[{"entryhash":"`+hash.String()+`"}]}}`), 200)
	f.Add([]byte(`{"result":null,"result":[]}`), 200)
	f.Add([]byte(repeatedCommit), 400)
	f.Add([]byte(`{"error":{"code":1e99}}`), 400)
	f.Add([]byte(`[[[[[{"a":`), 400)
	f.Fuzz(func(t *testing.T, reply []byte, status int) {
		check := func(err error) {
			var failure *Failure
			if err == nil {
				if status != http.StatusOK {
					t.Errorf("%s with %d is a success", reply, status)
				}
				return
			}
			if !errors.As(err, &failure) {
				t.Fatalf("%T: %v", err, err)
			}
			if failure.Message == "" && failure.Code == 0 {
				t.Errorf("a failure without a reason: %#v", failure)
			}
			if Printable(failure.Message, maxMessage) != failure.Message {
				t.Errorf("message %q", failure.Message)
			}
		}
		check(submitted(reply, status, hash))
		var entries []Hash
		limited := &limitedReader{r: bytes.NewReader(reply), left: 1000}
		err := readReply(limited, status, func(d *json.Decoder) error {
			return object(d, func(name string) error {
				if name == "entrylist" {
					return entryHashes(d, &entries)
				}
				return skip(d)
			})
		})
		check(err)
		if len(entries)*64 > len(reply) {
			t.Errorf("%d entries in %d bytes", len(entries), len(reply))
		}
	})
}
