package run

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/scenarios"
)

// Many queries may be in flight at once, and each reply is in memory: the load's
// own are bounded closely. What the observer must read, and what is only counted,
// may be larger.
func TestLargeReplies(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		request, _ := io.ReadAll(r.Body)
		from, item, to := `[`, `,{"entryhash":"%064x"}`, `]`
		if strings.Contains(string(request), `"dblock-by-height"`) {
			from, item, to = `{"dblock":{"header":{"networkid":1},"keymr":"`+strings.Repeat("ab", 32)+`","dbentries":[`, `,{"chainid":"%064x","keymr":"`+strings.Repeat("ab", 32)+`"}`, `]}}`
		}
		io.WriteString(w, `{"jsonrpc":"2.0","id":0,"result":`+from)
		for i := range 60_000 {
			text := fmt.Sprintf(item, i+1)
			if i == 0 {
				text = text[1:] // no comma
			}
			if _, err := io.WriteString(w, text); err != nil {
				return
			}
		}
		io.WriteString(w, to+`}`)
	}))
	defer server.Close()
	e, err := newEndpoint(&scenarios.Scenario{Queries: &scenarios.Queries{InFlight: 1}}, factomd.Options{URL: server.URL}, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer e.client.Close()
	defer e.reader.Close()
	if n, err := e.reader.PendingEntries(t.Context()); err != nil || n != 60_000 {
		t.Errorf("%d pending entries, %v", n, err)
	}
	if b, err := e.client.DirectoryBlock(t.Context(), 0); err != nil || len(b.Chains) != 60_000 {
		t.Errorf("the observer sees %d chains, %v", len(b.Chains), err)
	}
	_, err = e.reader.DirectoryBlock(t.Context(), 0)
	if _, _, message := factomd.Classify(err); message != "reply too large" {
		t.Errorf("a large block counts as %q: %v", message, err)
	}
}
