package factomdtest

import (
	"encoding/base64"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
)

// A Proxy is a forward proxy for http, and for https by CONNECT. It reaches the
// hosts that it is told of, by names that nobody else knows.
type Proxy struct {
	hosts     map[string]string // host:port, by the name's
	auth      string            // what Proxy-Authorization must be; "" is anything
	server    *httptest.Server
	transport *http.Transport
	tunnels   sync.WaitGroup

	forwarded, connected atomic.Int64
}

// StartProxy starts a proxy for some hosts, given as host:port by host:port. It
// asks for the user and the password if there is a user. The caller must close
// it, after its clients.
func StartProxy(hosts map[string]string, user, password string) *Proxy {
	p := &Proxy{hosts: hosts, transport: &http.Transport{}}
	if user != "" {
		p.auth = "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	p.server = httptest.NewServer(http.HandlerFunc(p.serve))
	return p
}

// Addr is the proxy's host:port.
func (p *Proxy) Addr() string { return p.server.Listener.Addr().String() }

// Forwarded returns how many requests it passed on, and Connected how many
// connections.
func (p *Proxy) Forwarded() int64 { return p.forwarded.Load() }

// Connected returns how many connections it passed on.
func (p *Proxy) Connected() int64 { return p.connected.Load() }

// Close waits for what is under way.
func (p *Proxy) Close() {
	p.server.Close()
	p.tunnels.Wait()
	p.transport.CloseIdleConnections()
}

func (p *Proxy) serve(w http.ResponseWriter, r *http.Request) {
	if p.auth != "" && r.Header.Get("Proxy-Authorization") != p.auth {
		http.Error(w, "who are you?", http.StatusProxyAuthRequired)
		return
	}
	host, known := p.hosts[r.Host]
	switch {
	case !known:
		http.Error(w, "no such host", http.StatusBadGateway)
	case r.Method == http.MethodConnect:
		p.connected.Add(1)
		p.tunnel(w, host)
	default:
		p.forwarded.Add(1)
		forward := httputil.ReverseProxy{Transport: p.transport, Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(&url.URL{Scheme: "http", Host: host})
		}}
		forward.ServeHTTP(w, r)
	}
}

// tunnel joins the client with a host, until either ends its connection.
func (p *Proxy) tunnel(w http.ResponseWriter, host string) {
	there, err := net.Dial("tcp", host)
	if err != nil {
		http.Error(w, "the host does not answer", http.StatusBadGateway)
		return
	}
	here, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		there.Close()
		return // the client is gone
	}
	io.WriteString(here, "HTTP/1.1 200 Connection established\r\n\r\n")
	join := func(to net.Conn, from io.Reader) {
		io.Copy(to, from)
		here.Close()
		there.Close()
	}
	p.tunnels.Go(func() { join(there, buffered) })
	p.tunnels.Go(func() { join(here, there) })
}
