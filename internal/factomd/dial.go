package factomd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// dialTimeout is how long a connection may take to come about.
const dialTimeout = 10 * time.Second

// A Gauge counts the open connections of the clients that share it. The zero
// Gauge is ready.
type Gauge struct{ open, most atomic.Int64 }

// Open returns how many connections are open, idle ones included.
func (g *Gauge) Open() int64 { return g.open.Load() }

// Most returns how many were open at once, at most.
func (g *Gauge) Most() int64 { return g.most.Load() }

// dial opens a TCP connection and counts it until it is closed.
func (g *Gauge) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{Timeout: dialTimeout}
	conn, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	n := g.open.Add(1)
	for most := g.most.Load(); n > most && !g.most.CompareAndSwap(most, n); {
		most = g.most.Load()
	}
	return &countedConn{TCPConn: conn.(*net.TCPConn), gauge: g}, nil
}

// A countedConn is a connection that its gauge counts as open.
type countedConn struct {
	*net.TCPConn
	gauge *Gauge
	once  sync.Once
}

func (c *countedConn) Close() error {
	c.once.Do(func() { c.gauge.open.Add(-1) })
	return c.TCPConn.Close()
}

// proxyFor returns the proxy by which the environment (HTTP_PROXY, HTTPS_PROXY
// and NO_PROXY, in capitals or not) has a node reached, or nil for none. Loopback
// never has one. The errors do not repeat it: there may be a password in it.
func proxyFor(node *url.URL) (*url.URL, error) {
	env := httpproxy.FromEnvironment()
	value := env.HTTPProxy
	if node.Scheme == "https" {
		value = env.HTTPSProxy
	}
	if value == "" {
		return nil, nil
	}
	// To httpproxy an address that it cannot read is none, and the node would be
	// reached directly. So it says only whether there is to be a proxy.
	env.HTTPProxy, env.HTTPSProxy = "http://any", "http://any"
	if wanted, err := env.ProxyFunc()(node); err != nil {
		return nil, fmt.Errorf("finding the proxy: %w", err)
	} else if wanted == nil {
		return nil, nil
	}
	if !strings.Contains(value, "://") {
		value = "http://" + value
	}
	proxy, err := url.Parse(value)
	switch {
	case err != nil, proxy.Hostname() == "", proxy.Path != "" && proxy.Path != "/", proxy.RawQuery != "", proxy.Fragment != "",
		!slices.Contains([]string{"http", "https", "socks5", "socks5h"}, proxy.Scheme):
		return nil, errors.New("the proxy that the environment names for " + node.Scheme + " cannot be used\n" +
			"    hint: a proxy is written http://host:port or http://user:password@host:port (or https, socks5, socks5h), " +
			"where what is special in a URL is written %40 for @, %2F for / and so on")
	}
	return proxy, nil
}

// proxyAnswer judges what a proxy says to a CONNECT.
func proxyAnswer(_ context.Context, _ *url.URL, _ *http.Request, r *http.Response) error {
	if r.StatusCode == http.StatusOK {
		return nil
	}
	return &Failure{Code: r.StatusCode, Message: "http " + strconv.Itoa(r.StatusCode), Detail: "from the proxy: " + http.StatusText(r.StatusCode)}
}
