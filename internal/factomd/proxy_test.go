package factomd_test

import (
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
)

// noProxies clears what the machine's own environment says of proxies.
func noProxies(t *testing.T) {
	for _, name := range []string{"http_proxy", "https_proxy", "no_proxy", "REQUEST_METHOD"} {
		t.Setenv(name, "")
		t.Setenv(strings.ToUpper(name), "")
	}
}

func newClient(t *testing.T, o factomd.Options) *factomd.Client {
	t.Helper()
	c, err := factomd.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// An entry is a commit and a reveal that the double takes.
func entry() (commit, reveal []byte, hash factomd.Hash) {
	e := factomd.Entry{ExtIDs: [][]byte{[]byte("a"), []byte("b")}}
	e.ChainID = factomd.ChainID(e.ExtIDs)
	binary := e.Append(nil)
	hash = factomd.EntryHash(binary)
	paid := factomd.AppendCommitChain(nil, 1_600_000_000_000, e.ChainID, hash, 11, factomd.LocalTestKey().EC())
	return factomd.AppendSubmit(nil, factomd.MethodCommitChain, factomd.ParamMessage, paid),
		factomd.AppendSubmit(nil, factomd.MethodRevealChain, factomd.ParamEntry, binary), hash
}

// Every call goes by the proxy that the environment names, and only there the
// node's name means something.
func TestProxy(t *testing.T) {
	for _, c := range []struct {
		variable string
		tls      bool
		auth     bool
	}{
		{"http_proxy", false, false},
		{"HTTP_PROXY", false, true},
		{"https_proxy", true, true},
		{"HTTPS_PROXY", true, false},
	} {
		t.Run(c.variable, func(t *testing.T) {
			noProxies(t)
			node := factomdtest.New(t, factomdtest.Options{TLS: c.tls, User: "node", Password: "secret"})
			address, err := url.Parse(node.URL())
			if err != nil {
				t.Fatal(err)
			}
			user, password, login := "", "", ""
			if c.auth {
				user, password, login = "me", "p@ss/word", "me:p%40ss%2Fword@"
			}
			proxy := factomdtest.StartProxy(map[string]string{"factomd.invalid:8088": address.Host}, user, password)
			t.Cleanup(proxy.Close)
			t.Setenv(c.variable, "http://"+login+proxy.Addr())

			o := factomd.Options{URL: address.Scheme + "://factomd.invalid:8088/v2", User: "node", Password: "secret"}
			if c.tls {
				o.Pin = node.Pin()
			}
			client := newClient(t, o)
			if _, err := client.Identify(t.Context()); err != nil {
				t.Fatal(err)
			}
			commit, reveal, hash := entry()
			if p := client.SubmitTogether(t.Context(), commit, reveal, hash); p.Err != nil || p.Calls != 2 || p.Revealed.Before(p.Committed) {
				t.Errorf("%+v", p)
			}
			if by := client.SubmitsBy(true); by != "net/http" {
				t.Errorf("submits by %s", by)
			}
			if forwarded, connected := proxy.Forwarded() > 0, proxy.Connected() > 0; forwarded == c.tls || connected != c.tls {
				t.Errorf("the proxy forwarded %d requests and made %d connections", proxy.Forwarded(), proxy.Connected())
			}
		})
	}
}

// What a proxy that lets nobody in says is told without the password.
func TestProxyRefuses(t *testing.T) {
	proxy := factomdtest.StartProxy(nil, "me", "right")
	t.Cleanup(proxy.Close)
	for _, scheme := range []string{"http", "https"} {
		noProxies(t)
		t.Setenv(scheme+"_proxy", "http://me:hunter2@"+proxy.Addr())
		client := newClient(t, factomd.Options{URL: scheme + "://factomd.invalid:8088/v2"})
		_, query := client.Version(t.Context())
		_, _, submit := client.Submit(t.Context(), []byte("{}"), factomd.Hash{})
		for _, err := range []error{query, submit} {
			if _, _, message := factomd.Classify(err); message != "http 407" || !strings.Contains(err.Error(), "Proxy Authentication Required") {
				t.Errorf("%s: counted as %q: %v", scheme, message, err)
			}
			if strings.Contains(err.Error(), "hunter2") {
				t.Errorf("%s: the error shows the password: %v", scheme, err)
			}
		}
	}
}

// Which nodes are reached by a proxy, as Go has it; submits are made by hand just
// where there is none.
func TestProxyOrNot(t *testing.T) {
	const proxy = "http://me:hunter2@proxy.invalid:3128"
	for _, c := range []struct {
		env  string // of http_proxy, https_proxy and no_proxy
		url  string
		want string
	}{
		{"", "http://factomd.invalid:8088", "direct"},
		{proxy, "http://factomd.invalid:8088", "net/http"},
		{"proxy.invalid:3128", "http://factomd.invalid:8088", "net/http"},
		{"socks5://proxy.invalid:1080", "http://factomd.invalid:8088", "net/http"},
		{proxy, "http://127.0.0.1:8088", "direct"},
		{proxy, "http://[::1]:8088", "direct"},
		{proxy, "http://localhost:8088", "direct"},
		{proxy + " factomd.invalid", "http://factomd.invalid:8088", "direct"},
		{proxy + " .invalid", "http://factomd.invalid:8088", "direct"},
		{proxy + " factomd.invalid:1", "http://factomd.invalid:8088", "net/http"},
		{proxy + " 10.0.0.0/8,other", "http://10.1.2.3:8088", "direct"},
		{proxy + " *", "http://factomd.invalid:8088", "direct"},
		{"http://me:hunter2/x@proxy.invalid", "http://factomd.invalid:8088", ""},
		{"http://me:h@nter2/x@proxy.invalid", "http://factomd.invalid:8088", ""},
		{"http://me:h@nter2?x@proxy.invalid", "https://factomd.invalid:8088", ""},
		{"http://", "http://factomd.invalid:8088", ""},
		{"socks5h://proxy.invalid:1080", "https://factomd.invalid:8088", "net/http"},
		{"http://me:hunter2%zz@proxy.invalid:3128", "http://factomd.invalid:8088", ""},
		{"me:hunter2%zz@proxy.invalid:3128", "https://factomd.invalid:8088", ""},
		{"http://me:hunter2@proxy.invalid:port", "https://factomd.invalid:8088", ""},
		{"ftp://me:hunter2@proxy.invalid:1", "http://factomd.invalid:8088", ""},
		{"http://me:hunter2%zz@proxy.invalid:3128", "http://127.0.0.1:8088", "direct"},
		{"ftp://proxy.invalid:1 factomd.invalid", "http://factomd.invalid:8088", "direct"},
	} {
		noProxies(t)
		value, no, _ := strings.Cut(c.env, " ")
		t.Setenv("http_proxy", value)
		t.Setenv("https_proxy", value)
		t.Setenv("no_proxy", no)
		client, err := factomd.New(factomd.Options{URL: c.url})
		switch {
		case err != nil && c.want != "", err == nil && c.want == "":
			t.Errorf("%q for %s: %v", c.env, c.url, err)
		case err != nil:
			if strings.Contains(err.Error(), "nter2") || !strings.Contains(err.Error(), "\n    hint: ") {
				t.Errorf("%q for %s: %v", c.env, c.url, err)
			}
		case client.SubmitsBy(false) != c.want:
			t.Errorf("%q for %s: submits by %s, want %s", c.env, c.url, client.SubmitsBy(false), c.want)
		}
	}
}

// Fifty at a time, under TLS and with a password, calls go by connections that are
// kept: a handshake for each place in flight, not for each call.
func TestTLSConnectionsAreKept(t *testing.T) {
	const inFlight, calls = 50, 40
	node := factomdtest.New(t, factomdtest.Options{TLS: true, User: "node", Password: "secret"})
	gauge := new(factomd.Gauge)
	client := newClient(t, factomd.Options{
		URL: node.URL(), Pin: node.Pin(), User: "node", Password: "secret", Connections: inFlight, Gauge: gauge,
	})
	commit, reveal, hash := entry()
	round := func() (connections int64) {
		before := node.Connections()
		var group sync.WaitGroup
		for range inFlight {
			group.Go(func() {
				for range calls {
					if p := factomd.SubmitAfter(t.Context(), client, commit, reveal, hash); p.Committed.IsZero() {
						t.Errorf("%+v", p)
					}
				}
			})
		}
		group.Wait()
		return node.Connections() - before
	}
	// At first a call that waits for its handshake may be overtaken by a connection
	// that becomes free, and net/http makes more than there are places.
	if n := round(); n > 4*inFlight || gauge.Most() > n {
		t.Errorf("%d connections for at least %d calls in %d places; the client counts %d at once", n, inFlight*calls, inFlight, gauge.Most())
	}
	if n := round(); n > inFlight/2 {
		t.Errorf("%d more connections for as many calls again", n)
	}
	client.Close()
	if n := gauge.Open(); n != 0 {
		t.Errorf("%d connections are open at the end", n)
	}
}
