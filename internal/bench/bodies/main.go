// Command bodies makes commits and reveals in advance, for load generators that
// cannot make their own: JSON targets for vegeta, and a script for wrk.
package main

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/spf13/pflag"

	"github.com/FactomProject/factom-load/internal/factomd"
)

func main() {
	url := pflag.String("url", "", "the API")
	pairs := pflag.Int("pairs", 1000, "how many commits, and as many reveals")
	size := pflag.Int("size", 1024, "payload of an entry in bytes")
	format := pflag.String("format", "vegeta", "vegeta or wrk")
	pflag.Parse()
	if err := write(*url, *pairs, *size, *format); err != nil {
		fmt.Fprintln(os.Stderr, "bodies:", err)
		os.Exit(1)
	}
}

func write(url string, pairs, size int, format string) error {
	out := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(out)
	if format == "wrk" {
		fmt.Fprint(out, "local bodies = {\n")
	}
	key := factomd.LocalTestKey().EC()
	for i := range pairs {
		content := make([]byte, size-13)
		binary.BigEndian.PutUint64(content, uint64(i))
		e := factomd.Entry{ExtIDs: [][]byte{[]byte("factom-load")}, Content: content}
		reveal := e.Append(nil)
		hash := factomd.EntryHash(reveal)
		commit := factomd.AppendCommitEntry(nil, time.Now().UnixMilli(), hash, factomd.Cost(size, false), key)
		for _, body := range [][]byte{
			factomd.AppendSubmit(nil, factomd.MethodCommitEntry, factomd.ParamMessage, commit),
			factomd.AppendSubmit(nil, factomd.MethodRevealEntry, factomd.ParamEntry, reveal),
		} {
			if format == "wrk" {
				fmt.Fprintf(out, "[[%s]],\n", body)
				continue
			}
			target := struct {
				Method string      `json:"method"`
				URL    string      `json:"url"`
				Body   []byte      `json:"body"` // in base64, as vegeta wants it
				Header http.Header `json:"header"`
			}{http.MethodPost, url, body, http.Header{"Content-Type": {"application/json"}}}
			if err := enc.Encode(target); err != nil {
				return err
			}
		}
	}
	if format == "wrk" {
		fmt.Fprint(out, `}
local requests = {}
local next = 0
init = function()
  for i, body in ipairs(bodies) do
    requests[i] = wrk.format("POST", nil, {["Content-Type"] = "application/json"}, body)
  end
end
request = function()
  next = next % #requests + 1
  return requests[next]
end
`)
	}
	return out.Flush()
}
