package run

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/generator"
	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/testnet"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// A network is what a run loads: endpoints that are there already, or a local
// node with a live feed.
type network struct {
	endpoints []endpoint
	identity  factomd.Network
	blockTime time.Duration
	saved     uint32       // height at the start
	block     factomd.Hash // key MR of the block at that height
	asked     time.Time    // when the first endpoint told the height
	skew      skew         // of the endpoint whose clock is off most

	connections factomd.Gauge // of all endpoints

	local   *testnet.Network // nil for endpoints
	metrics string           // URL of the metrics of the only endpoint, or empty
	feed    *factomd.Feed    // nil for endpoints whose live feed is not received
}

type endpoint struct {
	client *factomd.Client
	// reader is of the queries, and hostile of the hostile calls, with connections
	// and counts of their own; nil without any.
	reader  *factomd.Client
	hostile *factomd.Client
	weight  int
	version string
}

// maxQueryReply bounds the replies to the queries of the load, in bytes: as many
// as may be in flight are in memory at once. That is a block of some 28,000
// chains, or some 38,000 entries in one of them.
const maxQueryReply = 4 << 20

// newEndpoint makes the clients of an endpoint.
func newEndpoint(s *scenarios.Scenario, o factomd.Options, weight int) (e endpoint, err error) {
	e.weight = weight
	o.Timeout, o.Connections = s.Load.SubmitTimeout, s.Load.InFlight
	if e.client, err = factomd.New(o); err != nil {
		return e, err
	}
	if s.Queries != nil {
		o := o
		o.Connections, o.MaxReply = s.Queries.InFlight, maxQueryReply
		if e.reader, err = factomd.New(o); err != nil {
			return e, err
		}
	}
	if s.Hostile != nil {
		o.Connections = s.Hostile.InFlight
		e.hostile, err = factomd.New(o)
	}
	return e, err
}

// connectTimeout bounds the questions asked of an endpoint before a run.
const connectTimeout = 15 * time.Second

// connect reaches the scenario's endpoints and makes sure that they are of one
// network, and of one that may be loaded.
func connect(ctx context.Context, s *scenarios.Scenario) (_ *network, err error) {
	n := &network{}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	for _, e := range s.Network.Endpoints {
		user, password, err := credentials(e.Auth)
		if err != nil {
			return nil, fmt.Errorf("endpoint %s: %w", e.URL, err)
		}
		var ca []byte
		if e.CA != "" {
			if ca, err = os.ReadFile(e.CA); err != nil {
				return nil, fmt.Errorf("endpoint %s: reading the certificate authorities: %w", e.URL, err)
			}
		}
		made, err := newEndpoint(s, factomd.Options{URL: e.URL, User: user, Password: password, CA: ca, Pin: e.Pin, Gauge: &n.connections}, e.Weight)
		if err != nil {
			return nil, fmt.Errorf("endpoint %s: %w", e.URL, err)
		}
		n.endpoints = append(n.endpoints, made)
	}
	return n, n.identify(ctx, s.Network.Expect)
}

// startLocal starts the scenario's local network, with its output and its live
// feed coming to the run.
func (r *run) startLocal(ctx context.Context) (_ *network, err error) {
	n := &network{}
	defer func() {
		if err != nil {
			n.close()
		}
	}()
	if n.feed, err = factomd.ListenFeed(""); err != nil {
		return nil, err
	}
	r.Say("starting a local factomd with %s blocks", r.Scenario.Network.Local.BlockTime)
	o := testnet.Options{
		Command:   r.NodeCommand,
		BlockTime: r.Scenario.Network.Local.BlockTime,
		DB:        string(r.Scenario.Network.Local.DB),
		LogPath:   filepath.Join(r.dir.Path, results.NodeLogFile),
		FeedAddr:  n.feed.Addr(),
	}
	if o.DB == testnet.DBLDB {
		o.Dir = r.dir.Path // temporary files may be in memory
	}
	n.local, err = testnet.Start(ctx, o)
	if err != nil {
		return nil, err
	}
	made, err := newEndpoint(r.Scenario, factomd.Options{URL: n.local.Endpoint(), Gauge: &n.connections}, 1)
	if err != nil {
		return nil, err
	}
	n.endpoints, n.metrics = []endpoint{made}, n.local.MetricsURL()
	return n, n.identify(ctx, r.Scenario.Network.Expect)
}

// identify asks every endpoint what network it is of. MAIN is refused whatever
// the scenario says.
func (n *network) identify(ctx context.Context, expect string) error {
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	for i := range n.endpoints {
		e := &n.endpoints[i]
		url := e.client.URL()
		identity, err := e.client.Identify(ctx)
		if err != nil {
			return fmt.Errorf("%w%s", err, connectHint(err))
		}
		if identity.IsMain() {
			return fmt.Errorf("%s is a node of MAIN, the network that real users pay for: factom-load never loads it\n"+
				"    hint: use a testnet's endpoint, or none for a local network", url)
		}
		if expect != "" && !matches(identity, expect) {
			return fmt.Errorf("%s is a node of the network %s (%08x), and the scenario expects %s\n"+
				"    hint: check the endpoint, or network.expect", url, identity.Name, identity.ID, expect)
		}
		if i > 0 && identity != n.identity {
			return fmt.Errorf("%s is a node of the network %s (%08x, genesis %s), but %s is of %s (%08x, genesis %s)\n"+
				"    hint: all endpoints of a run must be of one network", url, identity.Name, identity.ID, identity.Genesis,
				n.endpoints[0].client.URL(), n.identity.Name, n.identity.ID, n.identity.Genesis)
		}
		n.identity = identity
		if e.version, err = e.client.Version(ctx); err != nil {
			return err
		}
		asked := time.Now()
		minute, err := e.client.Minute(ctx)
		if err != nil {
			return err
		}
		if s := skewOf(url, minute.Clock, asked, time.Now()); s.by.Abs() > n.skew.by.Abs() {
			n.skew = s
		}
		if minute.BlockSeconds <= 0 {
			return fmt.Errorf("%s does not say how long its blocks are", url)
		}
		blockTime := time.Duration(minute.BlockSeconds) * time.Second
		if i > 0 && blockTime != n.blockTime {
			return fmt.Errorf("%s has blocks of %s, and %s of %s\n    hint: all endpoints of a run must be of one network",
				url, blockTime, n.endpoints[0].client.URL(), n.blockTime)
		}
		n.blockTime = blockTime
		if i == 0 {
			n.saved, n.asked = minute.SavedHeight, asked // the observer begins with this endpoint
			newest, err := e.client.DirectoryBlock(ctx, n.saved)
			if err != nil {
				return err
			}
			n.block = newest.KeyMR
		} else if err := n.sameChain(ctx, e.client, min(n.saved, minute.SavedHeight)); err != nil {
			return err
		}
	}
	return nil
}

// sameChain compares a block of an endpoint with the first endpoint's: the
// genesis blocks of all LOCAL networks are the same, what follows is not.
func (n *network) sameChain(ctx context.Context, c *factomd.Client, height uint32) error {
	mine := n.block
	if height < n.saved {
		block, err := n.first().DirectoryBlock(ctx, height)
		if err != nil {
			return err
		}
		mine = block.KeyMR
	}
	other, err := c.DirectoryBlock(ctx, height)
	if err != nil {
		return err
	}
	if mine != other.KeyMR {
		return fmt.Errorf("%s and %s are of the same kind of network, but of two: their blocks %d differ\n"+
			"    hint: all endpoints of a run must be of one network", c.URL(), n.first().URL(), height)
	}
	return nil
}

func connectHint(err error) string {
	switch {
	case errors.Is(err, factomd.ErrUnauthorized):
		return "\n    hint: name the user and the password in the scenario: auth: env:NAME or file:PATH, which hold user:password"
	case errors.Is(err, factomd.ErrNotFactomd):
		return "\n    hint: the API of a factomd is usually at http://HOST:8088/v2"
	case errors.Is(err, factomd.ErrNotReady):
		return "\n    hint: wait until the node has loaded its blocks, and try again"
	}
	switch rejected, code, _ := factomd.Classify(err); {
	case code == http.StatusProxyAuthRequired:
		return "\n    hint: the proxy that the environment names wants http://user:password@host:port"
	case !rejected:
		return "\n    hint: is the node running, and is this its address? Without --endpoint a local one is started"
	}
	return ""
}

// matches reports whether a network has a name or an id (8 hex digits). A custom
// network's own name is not in its blocks, only the id that it hashes to.
func matches(n factomd.Network, expect string) bool {
	return strings.EqualFold(n.Name, expect) || strings.EqualFold(fmt.Sprintf("%08x", n.ID), expect) ||
		n.ID == factomd.CustomID(expect)
}

// credentials reads "user:password" from where a scenario says that it is.
func credentials(from string) (user, password string, err error) {
	if from == "" {
		return "", "", nil
	}
	text, err := secret(from)
	if err != nil {
		return "", "", err
	}
	user, password, ok := strings.Cut(text, ":")
	if !ok || user == "" {
		return "", "", fmt.Errorf("auth %s does not hold user:password", from)
	}
	return user, password, nil
}

// secret reads a secret from env:NAME or file:PATH. A file that others can read
// is refused.
func secret(from string) (string, error) {
	kind, name, _ := strings.Cut(from, ":")
	switch kind {
	case "env":
		text := strings.TrimSpace(os.Getenv(name))
		if text == "" {
			return "", fmt.Errorf("the environment variable %s is not set", name)
		}
		return text, nil
	case "file":
		info, err := os.Stat(name)
		if err != nil {
			return "", fmt.Errorf("reading a secret: %w", err)
		}
		if mode := info.Mode().Perm(); mode&0o077 != 0 {
			return "", fmt.Errorf("%s can be read by others (its mode is %04o)\n    hint: chmod 600 %s", name, mode, name)
		}
		if info.Size() > 4096 {
			return "", fmt.Errorf("%s is too long for a secret", name)
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return "", fmt.Errorf("reading a secret: %w", err)
		}
		return strings.TrimSpace(string(text)), nil
	}
	return "", errors.New("it does not say where a secret is: write env:NAME or file:PATH") // it may be one
}

// each returns something of every endpoint, in their order.
func each[T any](n *network, of func(endpoint) T) []T {
	list := make([]T, len(n.endpoints))
	for i, e := range n.endpoints {
		list[i] = of(e)
	}
	return list
}

func (n *network) submitters() []generator.Endpoint {
	return each(n, func(e endpoint) generator.Endpoint { return generator.Endpoint{Submitter: e.client, Weight: e.weight} })
}

func (n *network) nodes() []results.Node {
	return each(n, func(e endpoint) results.Node { return e.client })
}

func (n *network) diagnosticsNodes() []results.DiagnosticsNode {
	return each(n, func(e endpoint) results.DiagnosticsNode { return e.client })
}

func (n *network) committed() []results.CommitsNode {
	return each(n, func(e endpoint) results.CommitsNode { return e.client })
}

// checked are the nodes for checks.
func (n *network) checked() []results.CheckedNode {
	return each(n, func(e endpoint) results.CheckedNode { return e.client })
}

func (n *network) urls() []string {
	return each(n, func(e endpoint) string { return e.client.URL() })
}

// first is the endpoint that is asked for what all of them know.
func (n *network) first() *factomd.Client { return n.endpoints[0].client }

// answerTimeout bounds the wait for an endpoint's answer between the steps of a
// search.
const answerTimeout = 5 * time.Second

// answers asks every endpoint how far its blocks are, again and again until it
// answers or the time for it is over.
func (n *network) answers(ctx context.Context) error {
	for _, e := range n.endpoints {
		if err := e.answers(ctx); err != nil {
			return fmt.Errorf("%s: %w", e.client.URL(), err)
		}
	}
	return nil
}

func (e endpoint) answers(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, answerTimeout)
	defer cancel()
	for {
		_, err := e.client.Minute(ctx)
		if err == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			return err
		case <-time.After(250 * time.Millisecond):
		}
	}
}

// requests returns how many queries were made of all endpoints.
func (n *network) requests() (sum int64) {
	for _, e := range n.endpoints {
		sum += e.client.Requests()
	}
	return sum
}

// gone is closed when a local node ends by itself; nil, which blocks forever,
// for endpoints.
func (n *network) gone() <-chan struct{} {
	if n.local == nil {
		return nil
	}
	return n.local.Done()
}

// close lets go of everything. It can be called twice, and on nil.
func (n *network) close() {
	if n == nil {
		return
	}
	for _, e := range n.endpoints {
		e.client.Close()
		if e.hostile != nil {
			e.hostile.Close()
		}
		if e.reader != nil {
			e.reader.Close()
		}
	}
	if n.local != nil {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		_ = n.local.Stop(ctx) // the run is over either way
	}
	if n.feed != nil {
		n.feed.Close()
	}
}
