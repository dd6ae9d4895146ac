package factomd

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	"github.com/FactomProject/factom"
)

// Options says how to reach a node.
type Options struct {
	// URL is the API, for example http://127.0.0.1:8088/v2. Without a path it
	// is /v2.
	URL string
	// User and Password are for HTTP Basic authentication; without a user none
	// is sent.
	User, Password string
	// CA has the certificate authorities that are trusted, in PEM form, and Pin
	// the SHA-256 of the only certificate that is, see [ParsePin]. Without
	// either the system's authorities are.
	CA  []byte
	Pin string
	// Timeout ends one call; 30 s if 0.
	Timeout time.Duration
	// MaxReply bounds the reply to a query in bytes, but for pending entries, of
	// which nothing is kept; 64 MiB if 0.
	MaxReply int64
	// Connections is how many idle connections are kept; 64 if 0. Calls that
	// are under way at the same time have one each, however many.
	Connections int
	// Gauge counts the client's connections, if it is not nil.
	Gauge *Gauge
}

// maxReply is the default of [Options.MaxReply].
const maxReply = 64 << 20

// A Client talks to one node. It may be used by many goroutines at once.
type Client struct {
	url       *url.URL
	header    http.Header
	timeout   time.Duration
	maxReply  int64
	transport *http.Transport // used without an http.Client: it follows no redirects
	wire      *wire           // for submits; nil where it can't be
	requests  atomic.Int64
	replies   sync.Pool // of *bytes.Buffer, for the replies to submits
}

// New returns a client for a node. It sends nothing.
func New(o Options) (*Client, error) {
	u, err := parseURL(o.URL)
	if err != nil {
		return nil, err
	}
	trust, err := tlsConfig(o.CA, o.Pin)
	if err != nil {
		return nil, err
	}
	proxy, err := proxyFor(u)
	if err != nil {
		return nil, err
	}
	if o.Gauge == nil {
		o.Gauge = new(Gauge)
	}
	c := &Client{
		url: u,
		header: http.Header{
			"Content-Type": {"application/json"},
			"User-Agent":   {"factom-load"},
		},
		timeout:  orDefault(o.Timeout, 30*time.Second),
		maxReply: orDefault(o.MaxReply, maxReply),
		replies:  sync.Pool{New: func() any { return new(bytes.Buffer) }},
	}
	if o.User != "" {
		c.header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(o.User+":"+o.Password)))
	}
	c.transport = &http.Transport{
		Proxy:                  http.ProxyURL(proxy),
		OnProxyConnectResponse: proxyAnswer,
		DialContext:            o.Gauge.dial,
		TLSHandshakeTimeout:    10 * time.Second,
		TLSClientConfig:        trust,
		MaxIdleConnsPerHost:    orDefault(o.Connections, 64),
		IdleConnTimeout:        90 * time.Second,
		DisableCompression:     true,
		MaxResponseHeaderBytes: 64 << 10,
	}
	if u.Scheme == "http" && proxy == nil {
		c.wire = newWire(u, c.header, c.timeout, o.Gauge)
	}
	return c, nil
}

// orDefault returns v, or instead where v is not above 0.
func orDefault[T int | int64 | time.Duration](v, instead T) T {
	if v > 0 {
		return v
	}
	return instead
}

// parseURL checks a node's URL. Its errors do not repeat it: there may be a
// password in it.
func parseURL(s string) (*url.URL, error) {
	u, err := url.Parse(s)
	switch {
	case err != nil:
		return nil, errors.New("the node's URL cannot be read; it should look like http://127.0.0.1:8088/v2")
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("the node's URL must begin with http:// or https://")
	case u.User != nil:
		return nil, errors.New("the node's URL must not have a user or password in it; give them apart")
	case u.Hostname() == "":
		return nil, errors.New("the node's URL names no host")
	case u.RawQuery != "" || u.ForceQuery || u.Fragment != "":
		return nil, errors.New("the node's URL must end with its path, which is /v2")
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v2"
	}
	return u, nil
}

// URL returns the node's URL, in which there are never credentials.
func (c *Client) URL() string { return c.url.String() }

// SubmitsBy names the code that makes the submits, of pairs together or not:
// "direct" or "direct-together" for the program's own (see [Client.Submit]), or
// "net/http", which makes one call after the other.
func (c *Client) SubmitsBy(together bool) string {
	switch {
	case c.wire == nil:
		return "net/http"
	case together:
		return "direct-together"
	}
	return "direct"
}

// Requests returns how many queries were made so far, submits not counted.
func (c *Client) Requests() int64 { return c.requests.Load() }

// Close closes the idle connections.
func (c *Client) Close() {
	c.transport.CloseIdleConnections()
	if c.wire != nil {
		c.wire.close()
	}
}

// maxCallReply bounds the reply to a [Client.Call] in bytes. Only blocks are
// larger than a few hundred, and those are read piece by piece.
const maxCallReply = 1 << 20

// Call makes one JSON-RPC call and stores its result, as [json.Unmarshal]
// would. The error has a [Failure] in it.
func (c *Client) Call(ctx context.Context, method string, params, result any) error {
	return c.query(ctx, method, params, min(c.maxReply, maxCallReply), func(d *json.Decoder) error { return d.Decode(result) })
}

// query makes one JSON-RPC call and has read read its result as it arrives.
func (c *Client) query(ctx context.Context, method string, params any, limit int64, read func(*json.Decoder) error) error {
	c.requests.Add(1)
	if err := c.exchange(ctx, method, params, limit, read); err != nil {
		return fmt.Errorf("asking %s for %s: %w", c.URL(), method, err)
	}
	return nil
}

func (c *Client) exchange(ctx context.Context, method string, params any, limit int64, read func(*json.Decoder) error) error {
	body, err := json.Marshal(factom.NewJSON2Request(method, 0, params))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	request := c.request(ctx)
	request.Body = io.NopCloser(bytes.NewReader(body))
	request.ContentLength = int64(len(body))
	request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(body)), nil }

	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return transportFailure(orContext(ctx, err))
	}
	defer discard(response)
	if f := statusFailure(response.StatusCode, response.Header); f != nil {
		return f
	}
	reply := &limitedReader{r: response.Body, left: limit}
	err = readReply(reply, response.StatusCode, read)
	if reply.err != nil {
		return transportFailure(orContext(ctx, reply.err))
	}
	return err
}

// discard ends a reply. One that is known to be short is read to its end, which
// keeps the connection; any other one is cut off.
func discard(response *http.Response) {
	if response.ContentLength >= 0 && response.ContentLength <= maxSubmitReply {
		io.Copy(io.Discard, response.Body)
	}
	response.Body.Close()
}

// request returns a POST to the node; body and length are still to be set.
func (c *Client) request(ctx context.Context) *http.Request {
	r := http.Request{
		Method: http.MethodPost,
		URL:    c.url,
		Host:   c.url.Host,
		Header: c.header, // a transport only reads it
	}
	return r.WithContext(ctx)
}

// orContext returns the context's error where it explains err better: a
// transport may report a cancellation in words of its own.
func orContext(ctx context.Context, err error) error {
	if ctx.Err() != nil && (errors.Is(err, net.ErrClosed) || transportClass(err) == "transport error") {
		return ctx.Err()
	}
	return err
}

// readReply reads a whole JSON-RPC reply. Failures of the reader itself are
// left to the caller.
func readReply(reply *limitedReader, status int, read func(*json.Decoder) error) error {
	var (
		d        = json.NewDecoder(reply)
		rejected *factom.JSONError
		answered bool
		wrong    error // what read made of the result
	)
	err := object(d, func(name string) error {
		switch name {
		case "result":
			if answered {
				return errors.New("two results")
			}
			answered = true
			wrong = read(d)
			return wrong
		case "error":
			return d.Decode(&rejected)
		}
		return skip(d)
	})
	if err == nil { // nothing may follow; reading to the end frees the connection
		if _, err = d.Token(); err == io.EOF {
			err = nil
		} else if err == nil {
			err = errors.New("more than one JSON value")
		}
	}
	var syntax *json.SyntaxError
	switch {
	case reply.exceeded:
		return &Failure{Message: "reply too large", Detail: fmt.Sprintf("more than %d bytes", reply.read)}
	case errors.Is(wrong, errTooMany):
		return &Failure{Message: "reply too large", Detail: wrong.Error()}
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return cutReply(status, reply.start)
	case wrong != nil && !errors.As(err, &syntax):
		return wrongReply("reply is malformed", wrong.Error())
	case err != nil:
		return notJSONRPC(status, reply.start)
	case rejected != nil && rejected.Code != 0:
		return rejection(rejected)
	case !answered || status != http.StatusOK:
		return notJSONRPC(status, reply.start)
	}
	return nil
}

// A limitedReader reads at most left bytes and keeps the first of them for
// error messages, and the error that was not the end.
type limitedReader struct {
	r        io.Reader
	left     int64
	read     int64
	start    []byte
	exceeded bool
	err      error
}

var errTooLarge = errors.New("reply too large")

func (l *limitedReader) Read(p []byte) (int, error) {
	// One byte more than allowed tells a reply that just fits from a larger one.
	if int64(len(p)) > l.left+1 {
		p = p[:l.left+1]
	}
	n, err := l.r.Read(p)
	if int64(n) > l.left {
		n, err = int(l.left), errTooLarge
		l.exceeded = true
	}
	l.left -= int64(n)
	l.read += int64(n)
	if missing := 4*maxExcerpt - len(l.start); missing > 0 {
		l.start = append(l.start, p[:min(n, missing)]...)
	}
	if err != nil && err != io.EOF && !l.exceeded {
		l.err = err
	}
	return n, err
}
