package factomdtest

import (
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/FactomProject/factomd/common/primitives"
)

// A Fault is what goes wrong with a call.
type Fault struct {
	// Delay passes before the node acts on the call.
	Delay time.Duration
	// Unheard says that the node never acts on it.
	Unheard bool
	// Hold passes between what the node does and its answer.
	Hold time.Duration
	// Answer answers instead of the node; nil is the node's own answer, or if
	// it did not hear the call an empty one.
	Answer http.HandlerFunc
}

// Refuse answers with a JSON-RPC error.
func Refuse(code int, message, data string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		reply(w, 0, nil, primitives.NewJSONError(code, message, data))
	}
}

// Says answers with a status and a body, whatever they are.
func Says(status int, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(status)
		io.WriteString(w, body)
	}
}

// HTML answers with a page, as a proxy or another server would.
func HTML(status int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.WriteHeader(status)
		io.WriteString(w, "<!DOCTYPE html>\n<html><body><h1>"+http.StatusText(status)+"</h1></body></html>\n")
	}
}

// Redirect answers with a redirection to a URL.
func Redirect(to string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, to, http.StatusTemporaryRedirect) }
}

// Truncated answers with the beginning of a reply.
func Truncated() http.HandlerFunc {
	return Says(http.StatusOK, `{"jsonrpc":"2.0","id":0,"result":{"mess`)
}

// WrongEntry answers with the success of another entry.
func WrongEntry() http.HandlerFunc {
	return Says(http.StatusOK, `{"jsonrpc":"2.0","id":0,"result":{"message":"Entry Commit Success","txid":"`+
		strings.Repeat("00", 32)+`","entryhash":"`+strings.Repeat("ab", 32)+`"}}`)
}

// Another answers with a result that is well-formed and about something else: the
// reply to the same question asked about another hash, height or address.
func Another(method string) http.HandlerFunc {
	other := strings.Repeat("ab", 32)
	result := map[string]string{
		"heights":              `{"leaderheight":-1,"directoryblockheight":-1,"entryblockheight":-1,"entryheight":-1}`,
		"current-minute":       `{"leaderheight":1,"directoryblockheight":1,"minute":99,"directoryblockinseconds":10}`,
		"entry":                `{"chainid":"` + other + `","content":"00","extids":[]}`,
		"entry-block":          `{"header":{"chainid":"` + other + `","dbheight":4294967295},"entrylist":[]}`,
		"chain-head":           `{"chainhead":"","chaininprocesslist":false}`,
		"ack":                  `{"entryhash":"` + other + `","commitdata":{"status":"Unknown"},"entrydata":{"status":"Unknown"}}`,
		"pending-entries":      `[{"entryhash":"","status":"TransactionACK"}]`,
		"entry-credit-balance": `{"balance":-1}`,
		"dblock-by-height":     `{"dblock":{"keymr":"` + other + `","header":{"networkid":1,"dbheight":4294967295},"dbentries":[]}}`,
	}[method]
	return Says(http.StatusOK, `{"jsonrpc":"2.0","id":0,"result":`+result+`}`)
}

// Endless answers without end.
func Endless() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		filler := strings.Repeat("x", 1<<15)
		io.WriteString(w, `{"jsonrpc":"2.0","id":0,"result":"`)
		for r.Context().Err() == nil {
			if _, err := io.WriteString(w, filler); err != nil {
				return
			}
		}
	}
}

// Silence never answers: the client has to give up.
func Silence() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) { <-r.Context().Done() }
}

// Reset resets the connection.
func Reset() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		c, _, err := w.(http.Hijacker).Hijack()
		if err != nil {
			return // it is reset already
		}
		c.(*net.TCPConn).SetLinger(0)
		c.Close()
	}
}

// Drip answers with a byte each tenth of a second, without end.
func Drip() http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"jsonrpc":"2.0","id":0,"result":"`)
		for {
			http.NewResponseController(w).Flush()
			select {
			case <-r.Context().Done():
				return
			case <-time.After(100 * time.Millisecond):
			}
			if _, err := io.WriteString(w, "x"); err != nil {
				return
			}
		}
	}
}
