package factomd

import (
	"bytes"
	"encoding/hex"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"
)

// echo answers reveals as factomd does.
func echo(t *testing.T) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := readRequest(t, r)
		text := bytes.Trim(q.Params[ParamEntry], `"`)
		entry, err := hex.DecodeString(string(text))
		if err != nil || q.Method != MethodRevealEntry {
			t.Errorf("%+v: %v", q, err)
		}
		io.WriteString(w, `{"jsonrpc":"2.0","id":0,"result":{"message":"Entry Reveal Success","entryhash":"`+
			EntryHash(entry).String()+`","chainid":"`+testHash(0).String()+`"}}`)
	}
}

func TestSubmit(t *testing.T) {
	c := node(t, Options{}, echo(t))
	e, _ := vector()
	binary := e.Append(nil)
	before := time.Now()
	sent, answered, err := c.Submit(t.Context(), AppendSubmit(nil, MethodRevealEntry, ParamEntry, binary), EntryHash(binary))
	if err != nil {
		t.Fatal(err)
	}
	if sent.Before(before) || answered.Before(sent) || time.Now().Before(answered) {
		t.Errorf("begun %v, sent %v, answered %v", before, sent, answered)
	}
	_, _, err = c.Submit(t.Context(), AppendSubmit(nil, MethodRevealEntry, ParamEntry, binary), testHash(1))
	if _, _, message := Classify(err); message != "reply for another entry" {
		t.Errorf("counted as %q: %v", message, err)
	}
	if c.Requests() != 0 {
		t.Error("submits are counted as queries")
	}
}

func TestSubmitWithoutConnection(t *testing.T) {
	c := client(t, Options{URL: "http://127.0.0.1:1"}) // nobody listens there
	sent, answered, err := c.Submit(t.Context(), []byte("{}"), Hash{})
	if err == nil || !sent.IsZero() || answered.IsZero() {
		t.Errorf("sent %v, answered %v, %v", sent, answered, err)
	}
}

// TestSubmitFromManyGoroutines submits with one buffer for each goroutine, which
// is overwritten as soon as a call returns.
func TestSubmitFromManyGoroutines(t *testing.T) {
	c := node(t, Options{Connections: 8}, echo(t))
	var group sync.WaitGroup
	for worker := range byte(8) {
		group.Go(func() {
			var binary, body []byte
			for i := range byte(50) {
				e := Entry{ChainID: testHash(worker), Content: bytes.Repeat([]byte{i}, int(i)*200)}
				binary = e.Append(binary[:0])
				body = AppendSubmit(body[:0], MethodRevealEntry, ParamEntry, binary)
				if _, _, err := c.Submit(t.Context(), body, EntryHash(binary)); err != nil {
					t.Errorf("worker %d, entry %d: %v", worker, i, err)
				}
			}
		})
	}
	group.Wait()
}

// TestSubmitReturnsTheBody has nodes that answer before they have read the
// request, or never do. The race detector sees if the body is touched after the
// call.
func TestSubmitReturnsTheBody(t *testing.T) {
	body := make([]byte, 64<<20) // more than the sockets hold
	check := func(answer, want string) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		overwritten, done := make(chan struct{}), make(chan struct{})
		go func() {
			defer close(done)
			conn, err := l.Accept()
			if err != nil {
				return
			}
			defer conn.Close()
			io.ReadFull(conn, make([]byte, 1)) // an answer before the request is none
			io.WriteString(conn, answer)
			<-overwritten
			io.Copy(io.Discard, conn)
		}()
		c := client(t, Options{URL: "http://" + l.Addr().String(), Timeout: 200 * time.Millisecond})
		_, _, err = c.Submit(t.Context(), body, Hash{})
		if _, _, message := Classify(err); message != want {
			t.Errorf("counted as %q, want %q: %v", message, want, err)
		}
		close(overwritten)
		for i := 0; i < len(body); i += 4096 {
			body[i]++
		}
		c.Close()
		l.Close()
		<-done
	}
	check("", "timeout")
	check("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n", "http 401")
}

func BenchmarkSubmit(b *testing.B) {
	hash := testHash(1)
	reply := `{"jsonrpc":"2.0","id":0,"result":{"message":"Entry Commit Success","txid":"` + hash.String() + `","entryhash":"` + hash.String() + `"}}`
	server := httptest.NewServer(says(200, reply))
	defer server.Close()
	c, err := New(Options{URL: server.URL})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	body := AppendSubmit(nil, MethodCommitEntry, ParamMessage, make([]byte, entryCommitSize))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, _, err := c.Submit(b.Context(), body, hash); err != nil {
				b.Error(err)
			}
		}
	})
}
