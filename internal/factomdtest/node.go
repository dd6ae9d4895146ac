// Package factomdtest is a test double of a factomd: an HTTP server on loopback
// that behaves as the /v2 API does as far as a load tester can see, with faults
// to order. Commits, entries and transactions are decoded and checked by
// factomd's own code; what the double has of its own is the bookkeeping, which
// follows factomd's acceptance rules without its queues: what is taken is
// processed at once, unless a capacity is set.
package factomdtest

import (
	"crypto/sha256"
	"crypto/subtle"
	"crypto/tls"
	"encoding/hex"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/FactomProject/factomd/common/primitives"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// The network ids of directory block headers.
const (
	Main  uint32 = 0xfa92e5a2
	Test  uint32 = 0xfa92e5a3
	Local uint32 = 0xfa92e5a4
)

// Options configures a [Node]. The zero value is a node of a LOCAL network
// whose blocks close when they are told to, and on which the public test key
// has its 20,000 FCT.
type Options struct {
	// PeerOf makes a second API of that node's network: the options that
	// describe the network are taken from it.
	PeerOf *Node

	// NetworkID is Local if 0.
	NetworkID uint32
	// Genesis is the key MR of block 0; made up if zero.
	Genesis factomd.Hash
	// BlockTime is how long a directory block really lasts; if 0 it ends with
	// [Node.CloseBlock] alone.
	BlockTime time.Duration
	// BlockSeconds is how long the API says that a block lasts; if 0 it is
	// BlockTime in whole seconds, 1 at least.
	BlockSeconds int
	// Rate is the price of an entry credit in factoshis; 1000 if 0.
	Rate int64
	// Credits and Factoids are balances by address (EC..., FA...), in entry
	// credits and factoshis.
	Credits, Factoids map[string]int64
	// ClockAhead is how far the node's clock is ahead of the machine's.
	ClockAhead time.Duration
	// Capacity is how many reveals the network works off a second, in the order in
	// which they come. More are answered as fast as ever, and wait: for a process
	// list, and for a block. 0 is no limit.
	Capacity float64
	// Drop, if set, is asked at each stage of each entry: what it says true to is
	// gone without a word. First says that the entry begins a chain.
	Drop func(s Stage, entry factomd.Hash, first bool) bool

	// Forge, if set, is asked about each entry (by entry), each entry block (by
	// entry-block and raw-data) and each directory block (by dblock-by-height, which
	// can be altered alone) that is asked for, by its hash, and says how it is served
	// other than it was saved.
	Forge func(method string, of factomd.Hash) Forgery

	// Lax lists the rules that the node does not keep.
	Lax []Rule

	// User and Password are asked for with HTTP Basic if User is set.
	User, Password string
	// TLS makes it an https API, with a certificate that nobody signed.
	TLS bool
	// Fault, if set, is asked about every call; nil is no fault.
	Fault func(Call) *Fault
}

// A Stage is where an entry can get lost.
type Stage string

// The stages, by the words of report.json.
const (
	Commit   Stage = "commit"   // the commit was answered and reaches no process list
	Reveal   Stage = "reveal"   // the reveal likewise
	Accepted Stage = "accepted" // it was in a process list and gets into no block
)

// A Forgery is how a node serves what it has saved, other than it was.
type Forgery string

// The forgeries.
const (
	Hidden  Forgery = "hidden"  // it says that there is no such thing
	Altered Forgery = "altered" // other content, a list that lacks an entry, another body, or another key MR
)

// A Rule is something that a node must see to.
type Rule string

// The rules that a node can be lax about.
const (
	Signatures Rule = "signatures" // a commit is signed by the key that pays
	Timestamps Rule = "timestamps" // a commit is of the hour before or after
	Payment    Rule = "payment"    // an entry is paid for, in full, with credits that are there
	Sizes      Rule = "sizes"      // an entry has at most 10 KiB
	Repeats    Rule = "repeats"    // what was taken once is not taken again
	Charges    Rule = "charges"    // a commit is charged once
)

// A Call is what a fault can depend on.
type Call struct {
	Method string
	// Entry is the hash of the entry that a commit, a reveal or an ack is
	// about; zero for other methods.
	Entry factomd.Hash
}

// Submits reports whether it is a commit or a reveal.
func (c Call) Submits() bool { return c.commits() || c.reveals() }

func (c Call) commits() bool { return c.Method == "commit-entry" || c.Method == "commit-chain" }
func (c Call) reveals() bool { return c.Method == "reveal-entry" || c.Method == "reveal-chain" }

// A Node is one API.
type Node struct {
	opts   Options
	ledger *ledger
	server *httptest.Server
	closed chan struct{}
	once   sync.Once
	ticker sync.WaitGroup

	connections atomic.Int64
	open        atomic.Int64 // connections

	mu        sync.Mutex
	thaw      <-chan struct{} // closed unless the node is frozen
	counts    map[string]int
	diagnosis Diagnostics
}

// New starts a node that is closed when the test ends.
func New(t testing.TB, o Options) *Node {
	t.Helper()
	n := Start(o)
	t.Cleanup(n.Close)
	return n
}

// Start starts a node. The caller must close it.
func Start(o Options) *Node {
	n := &Node{opts: o, closed: make(chan struct{}), counts: map[string]int{}}
	n.Freeze()()
	if o.PeerOf != nil {
		n.ledger = o.PeerOf.ledger
	} else {
		n.ledger = newLedger(o)
		if o.BlockTime > 0 {
			n.ticker.Go(n.closeBlocks)
		}
	}
	n.server = httptest.NewUnstartedServer(http.HandlerFunc(n.serve))
	n.server.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		switch s {
		case http.StateNew:
			n.connections.Add(1)
			n.open.Add(1)
		case http.StateClosed, http.StateHijacked:
			n.open.Add(-1)
		}
	}
	if o.TLS {
		n.server.StartTLS()
	} else {
		n.server.Start()
	}
	return n
}

// closeBlocks closes a block each block time.
func (n *Node) closeBlocks() {
	tick := time.NewTicker(n.opts.BlockTime)
	defer tick.Stop()
	for {
		select {
		case <-n.closed:
			return
		case <-tick.C:
			n.ledger.closeBlock()
		}
	}
}

// Close cuts all connections; from then on they are refused. Blocks end too. It
// can be called twice.
func (n *Node) Close() {
	n.once.Do(func() {
		close(n.closed)
		n.ticker.Wait()
		n.server.CloseClientConnections()
		n.server.Close()
	})
}

// Settle waits until everything is heard that a caller sent which is gone by now: what
// it left in its connections is read, and they are closed. It is not for a node that
// others are connected to.
func (n *Node) Settle() {
	// Connections are accepted in their order: those before this one are, then.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, TLSClientConfig: &tls.Config{InsecureSkipVerify: true}}}
	if response, err := client.Get(n.server.URL); err == nil {
		response.Body.Close()
	}
	for n.open.Load() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// URL returns the address of the API.
func (n *Node) URL() string { return n.server.URL + "/v2" }

// Pin returns the SHA-256 of the certificate, with TLS.
func (n *Node) Pin() string {
	sum := sha256.Sum256(n.server.Certificate().Raw)
	return hex.EncodeToString(sum[:])
}

// Connections returns how many connections were made so far.
func (n *Node) Connections() int64 { return n.connections.Load() }

// Freeze has every call wait, unheard, until what it returns is called, once.
func (n *Node) Freeze() (thaw func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	frozen := make(chan struct{})
	n.thaw = frozen
	return func() { close(frozen) }
}

// Calls returns how often a method was called, faults included.
func (n *Node) Calls(method string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.counts[method]
}

// CloseBlock saves the block that is being built and returns its height.
func (n *Node) CloseBlock() uint32 { return n.ledger.closeBlock() }

// ChangeNetwork gives the blocks that close from now on another network id.
func (n *Node) ChangeNetwork(id uint32) {
	n.ledger.mu.Lock()
	defer n.ledger.mu.Unlock()
	n.ledger.network = id
}

// Chain returns the height of every entry that is in a saved block.
func (n *Node) Chain() map[factomd.Hash]uint32 {
	n.ledger.mu.Lock()
	defer n.ledger.mu.Unlock()
	saved := map[factomd.Hash]uint32{}
	for _, b := range n.ledger.blocks {
		for _, chain := range b.chains {
			for _, e := range chain.entries {
				saved[e] = b.height
			}
		}
	}
	return saved
}

// Chains returns the chains that exist, those of the block that is being built
// included.
func (n *Node) Chains() (chains []factomd.Hash) {
	n.ledger.mu.Lock()
	defer n.ledger.mu.Unlock()
	for chain := range n.ledger.exists {
		chains = append(chains, chain)
	}
	return chains
}

// Written returns how often an entry is in the saved blocks.
func (n *Node) Written(entry factomd.Hash) (times int) {
	n.ledger.mu.Lock()
	defer n.ledger.mu.Unlock()
	for _, b := range n.ledger.blocks {
		for _, chain := range b.chains {
			for _, e := range chain.entries {
				if e == entry {
					times++
				}
			}
		}
	}
	return times
}

// Spent returns how many entry credits all commits together were charged.
func (n *Node) Spent() int64 {
	n.ledger.mu.Lock()
	defer n.ledger.mu.Unlock()
	return n.ledger.spent
}

// Credits returns the balance of an address (EC...), in entry credits.
func (n *Node) Credits(address string) int64 {
	n.ledger.mu.Lock()
	defer n.ledger.mu.Unlock()
	return n.ledger.credits[body(address)]
}

// Spend takes entry credits from an address (EC...), as commits of others who
// have its key would.
func (n *Node) Spend(address string, credits int64) {
	n.ledger.mu.Lock()
	defer n.ledger.mu.Unlock()
	key := body(address)
	n.ledger.credits[key] -= min(credits, n.ledger.credits[key])
}

// Bought returns how many entry credits were bought with factoids.
func (n *Node) Bought() int64 {
	n.ledger.mu.Lock()
	defer n.ledger.mu.Unlock()
	return n.ledger.bought
}

// serve answers one request as factomd's wsapi does.
func (n *Node) serve(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path != "/v2" {
		http.NotFound(w, r)
		return
	}
	if !n.authorized(r) {
		w.Header().Add("WWW-Authenticate", `Basic realm="factomd RPC"`)
		http.Error(w, "401 Unauthorized.", http.StatusUnauthorized)
		return
	}
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client is gone
	}
	request, err := primitives.ParseJSON2Request(string(body))
	if err != nil {
		reply(w, nil, nil, invalidRequest)
		return
	}
	params, _ := json.Marshal(request.Params)
	call := Call{Method: request.Method, Entry: entryOf(request.Method, params)}
	n.mu.Lock()
	n.counts[call.Method]++
	thaw := n.thaw
	n.mu.Unlock()
	if !n.wait(r, thaw, 0) {
		return
	}

	var fault Fault
	if n.opts.Fault != nil {
		if f := n.opts.Fault(call); f != nil {
			fault = *f
		}
	}
	if fault.Delay > 0 && !n.wait(r, nil, fault.Delay) {
		return
	}
	var result any
	var failure *primitives.JSONError
	if !fault.Unheard {
		result, failure = n.answer(call.Method, params)
	}
	if fault.Hold > 0 && !n.wait(r, nil, fault.Hold) {
		return
	}
	if fault.Answer != nil {
		fault.Answer(w, r)
		return
	}
	reply(w, request.ID, result, failure)
}

// wait waits for a channel, if there is one, and else for a time. It reports
// whether the client and the node are still there.
func (n *Node) wait(r *http.Request, c <-chan struct{}, d time.Duration) bool {
	var timer <-chan time.Time
	if c == nil {
		timer = time.After(d)
	}
	select {
	case <-c:
	case <-timer:
	case <-r.Context().Done():
		return false
	case <-n.closed:
		return false
	}
	return true
}

func (n *Node) authorized(r *http.Request) bool {
	if n.opts.User == "" {
		return true
	}
	user, password, _ := r.BasicAuth()
	given, want := []byte(user+":"+password), []byte(n.opts.User+":"+n.opts.Password)
	return subtle.ConstantTimeCompare(given, want) == 1
}

// reply writes a JSON-RPC reply: errors come with HTTP 400 (factom-protocol:
// wsapi/wsapiV2.go).
func reply(w http.ResponseWriter, id, result any, failure *primitives.JSONError) {
	response := primitives.NewJSON2Response()
	response.ID, response.Result, response.Error = id, result, failure
	if failure != nil {
		w.WriteHeader(http.StatusBadRequest)
	}
	io.WriteString(w, response.String()) // a client that is gone is its own concern
}
