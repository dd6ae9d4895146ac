package factomd

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/pem"
	"errors"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

// A node with a certificate that nobody knows is talked to if its certificate
// or its authority is named, and else not at all.
func TestTLS(t *testing.T) {
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, withHashes(entrySuccess, testHash(1)))
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	defer server.Close()
	raw := server.Certificate().Raw
	sum := sha256.Sum256(raw)
	pin := hex.EncodeToString(sum[:])
	colons := strings.ToUpper(pin[:2])
	for i := 2; i < len(pin); i += 2 {
		colons += ":" + strings.ToUpper(pin[i:i+2])
	}
	other := sha256.Sum256(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw}))

	for _, c := range []struct {
		name  string
		o     Options
		class string
	}{
		{"nothing is known", Options{}, "tls: certificate not trusted"},
		{"its authority", Options{CA: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: raw})}, ""},
		{"pinned", Options{Pin: pin}, ""},
		{"pinned as openssl prints it", Options{Pin: colons}, ""},
		{"another is pinned", Options{Pin: hex.EncodeToString(other[:])}, "tls: certificate not trusted"},
	} {
		c.o.URL = server.URL
		node := client(t, c.o)
		if node.wire != nil {
			t.Fatal("submits would go out without TLS")
		}
		sent, _, err := node.Submit(t.Context(), []byte(`{}`), testHash(1))
		if _, _, class := Classify(err); class != c.class {
			t.Errorf("%s: counted as %q, want %q: %v", c.name, class, c.class, err)
		}
		if sent.IsZero() == (c.class == "") {
			t.Errorf("%s: sent %v", c.name, sent)
		}
	}
}

func TestTLSOptions(t *testing.T) {
	for _, o := range []Options{
		{CA: []byte("no certificate")},
		{Pin: "abcd"},
		{Pin: strings.Repeat("x", 64)},
		{CA: []byte("x"), Pin: strings.Repeat("0", 64)},
	} {
		o.URL = "https://127.0.0.1:1"
		if _, err := New(o); err == nil || errors.Is(err, io.EOF) {
			t.Errorf("%+v is taken: %v", o, err)
		}
	}
}
