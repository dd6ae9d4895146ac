package node

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"

	"github.com/FactomProject/factomd/common/interfaces"
	"github.com/FactomProject/factomd/wsapi"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// inherit takes over the listening socket that the parent hands down as file fd.
func inherit(fd uintptr, what string) (net.Listener, error) {
	f := os.NewFile(fd, what)
	defer f.Close() // FileListener makes a duplicate
	l, err := net.FileListener(f)
	if err != nil {
		return nil, fmt.Errorf("taking over the socket of the %s: %w", what, err)
	}
	return l, nil
}

// holdAPI keeps the engine from serving its API on all interfaces, which it
// otherwise does without a choice, and returns what serves it on l. Closing what
// that returns ends the API.
//
// The engine starts no server on a port that is in wsapi.Servers, so one is put
// there that does not listen. Handlers, and what the engine wraps them in, are
// the engine's own. The API's version 1 is left out.
func holdAPI(l net.Listener) (serve func(interfaces.IState) io.Closer) {
	port := strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
	server := &wsapi.Server{Port: port}
	wsapi.Servers = map[string]*wsapi.Server{port: server}

	return func(state interfaces.IState) io.Closer {
		wsapi.ServersMutex.Lock()
		server.State = state
		wsapi.ServersMutex.Unlock()

		mux := http.NewServeMux()
		for path, handler := range map[string]http.HandlerFunc{
			"/v2":    wsapi.HandleV2,
			"/debug": wsapi.HandleDebug,
		} {
			mux.HandleFunc(path, wsapi.PanicRecovery()(wsapi.IDInjector(server)(wsapi.APILogger()(handler))))
		}
		api := &http.Server{Handler: mux}
		go api.Serve(l)
		return api
	}
}

// serveMetrics serves the engine's metrics on l.
//
// The engine also serves them, if it can, on port 9876 of all interfaces, and
// has no option against it. On Linux a listener on that port's loopback address
// stands in its way, and answers whoever looks for factomd's metrics at the
// usual place. Where that port is taken already, the engine does not get it
// either. (macOS lets both listen: there the engine's stays open.)
func serveMetrics(l net.Listener) {
	mux := http.NewServeMux()
	mux.Handle("/metrics", promhttp.Handler())
	go http.Serve(l, mux)
	if usual, err := net.Listen("tcp4", "127.0.0.1:9876"); err == nil {
		go http.Serve(usual, mux)
	}
}
