package factomdtest_test

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rich starts a node on which a key has credits.
func rich(t *testing.T, o factomdtest.Options) (*factomdtest.Node, *factomd.Client, factomd.Key) {
	t.Helper()
	key := factomd.LocalTestKey().EC()
	if o.Credits == nil {
		o.Credits = map[string]int64{key.ECAddress(): 1000}
	}
	n := factomdtest.New(t, o)
	return n, client(t, n, factomd.Options{}), key
}

func client(t *testing.T, n *factomdtest.Node, o factomd.Options) *factomd.Client {
	t.Helper()
	o.URL = n.URL()
	c, err := factomd.New(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// written is an entry with its two requests.
type written struct {
	hash, chain    factomd.Hash
	commit, reveal []byte
}

func first(key factomd.Key, name string) written {
	e := factomd.Entry{ExtIDs: [][]byte{[]byte("test"), []byte(name)}, Content: []byte("first")}
	e.ChainID = factomd.ChainID(e.ExtIDs)
	binary := e.Append(nil)
	w := written{hash: factomd.EntryHash(binary), chain: e.ChainID}
	c := factomd.AppendCommitChain(nil, time.Now().UnixMilli(), e.ChainID, w.hash, 11, key)
	w.commit = factomd.AppendSubmit(nil, factomd.MethodCommitChain, factomd.ParamMessage, c)
	w.reveal = factomd.AppendSubmit(nil, factomd.MethodRevealChain, factomd.ParamEntry, binary)
	return w
}

func next(key factomd.Key, chain factomd.Hash, content string, credits int) written {
	e := factomd.Entry{ChainID: chain, ExtIDs: [][]byte{[]byte("test")}, Content: []byte(content)}
	binary := e.Append(nil)
	w := written{hash: factomd.EntryHash(binary), chain: chain}
	c := factomd.AppendCommitEntry(nil, time.Now().UnixMilli(), w.hash, credits, key)
	w.commit = factomd.AppendSubmit(nil, factomd.MethodCommitEntry, factomd.ParamMessage, c)
	w.reveal = factomd.AppendSubmit(nil, factomd.MethodRevealEntry, factomd.ParamEntry, binary)
	return w
}

func submit(t *testing.T, c *factomd.Client, body []byte, want factomd.Hash) {
	t.Helper()
	if _, _, err := c.Submit(context.Background(), body, want); err != nil {
		t.Fatal(err)
	}
}

func wantAck(t *testing.T, c *factomd.Client, entry factomd.Hash, commit, reveal factomd.Status) {
	t.Helper()
	ack, err := c.Ack(context.Background(), entry)
	if err != nil {
		t.Fatal(err)
	}
	if want := (factomd.Ack{Commit: commit, Entry: reveal}); ack != want {
		t.Errorf("ack %v, want %v", ack, want)
	}
}

func TestLifeOfAChain(t *testing.T) {
	n, c, key := rich(t, factomdtest.Options{})
	ctx := context.Background()
	chain := first(key, "a")
	entry := next(key, chain.chain, "hello", 1)

	// Reveals may come before what they wait for.
	submit(t, c, entry.reveal, entry.hash)
	submit(t, c, chain.reveal, chain.hash)
	submit(t, c, entry.commit, entry.hash)
	wantAck(t, c, entry.hash, factomd.StatusACK, factomd.StatusUnknown)
	submit(t, c, chain.commit, chain.hash)
	wantAck(t, c, entry.hash, factomd.StatusACK, factomd.StatusACK)
	wantAck(t, c, chain.hash, factomd.StatusACK, factomd.StatusACK)

	if head, err := c.ChainHead(ctx, chain.chain); err != nil || head != (factomd.ChainHead{Pending: true}) {
		t.Errorf("chain head %+v, %v", head, err)
	}
	if pending, err := c.PendingEntries(ctx); err != nil || pending != 2 {
		t.Errorf("%d pending entries, %v", pending, err)
	}

	height := n.CloseBlock()
	if head, err := c.ChainHead(ctx, chain.chain); err != nil || head.KeyMR.IsZero() || head.Pending {
		t.Errorf("chain head %+v, %v", head, err)
	}
	if pending, err := c.PendingEntries(ctx); err != nil || pending != 0 {
		t.Errorf("%d pending entries, %v", pending, err)
	}
	if heights, err := c.Heights(ctx); err != nil || heights.Saved != height {
		t.Errorf("heights %+v, %v", heights, err)
	}
	if e, err := c.Entry(ctx, entry.hash); err != nil || e.ChainID != chain.chain {
		t.Errorf("entry %+v, %v", e, err)
	}
	_, err := c.ChainHead(ctx, entry.hash)
	if _, code, _ := factomd.Classify(err); code != factomd.CodeMissingChainHead {
		t.Errorf("head of a chain that is none: %v", err)
	}
	wantAck(t, c, entry.hash, factomd.StatusConfirmed, factomd.StatusConfirmed)
	if minute, err := c.Minute(ctx); err != nil || minute.SavedHeight != height || minute.BlockSeconds != 1 {
		t.Errorf("minute %+v, %v; want saved height %d", minute, err, height)
	}
	block, err := c.DirectoryBlock(ctx, height)
	if err != nil {
		t.Fatal(err)
	}
	at := slices.IndexFunc(block.Chains, func(r factomd.BlockRef) bool { return r.ChainID == chain.chain })
	if at < 0 || block.NetworkID != factomdtest.Local || block.Root != block.KeyMR {
		t.Fatalf("block %+v", block)
	}
	entries, err := c.EntryBlock(ctx, block.Chains[at].KeyMR)
	if want := []factomd.Hash{chain.hash, entry.hash}; err != nil || !slices.Equal(entries.Entries, want) || entries.Height != height {
		t.Errorf("entry block %+v, %v; want %v", entries, err, want)
	}
	commits, err := c.Commits(ctx, height)
	if want := []factomd.Hash{entry.hash, chain.hash}; err != nil || !slices.Equal(commits, want) {
		t.Errorf("commits %v, %v; want %v", commits, err, want)
	}
	if saved := n.Chain(); len(saved) != 2 || saved[entry.hash] != height || saved[chain.hash] != height {
		t.Errorf("chain %v", saved)
	}
	balance, err := c.ECBalance(ctx, key.ECAddress())
	if err != nil || balance != 1000-12 || n.Spent() != 12 {
		t.Errorf("balance %d, %v, spent %d", balance, err, n.Spent())
	}
	var got struct {
		ChainID factomd.Hash
		Content string
	}
	if err := c.Call(ctx, "entry", map[string]any{"hash": entry.hash}, &got); err != nil || got.ChainID != chain.chain || got.Content != "68656c6c6f" {
		t.Errorf("entry %+v, %v", got, err)
	}

	// What is written already is taken once more, and changes nothing.
	again := next(key, chain.chain, "hello", 1)
	submit(t, c, again.commit, again.hash)
	submit(t, c, again.reveal, again.hash)
	n.CloseBlock()
	if n.Spent() != 12 || len(n.Chain()) != 2 {
		t.Errorf("after a repetition: spent %d, %d entries", n.Spent(), len(n.Chain()))
	}
	if n.Calls("commit-entry") != 2 || n.Calls("reveal-chain") != 1 {
		t.Errorf("%d commits of entries, %d reveals of chains", n.Calls("commit-entry"), n.Calls("reveal-chain"))
	}
}

func TestRefusedSubmits(t *testing.T) {
	_, c, key := rich(t, factomdtest.Options{})
	entry := next(key, factomd.Hash{1}, "hello", 1)
	submit(t, c, entry.commit, entry.hash)
	flip := func(body []byte, i int) []byte { // one hex digit, i from the end of the binary
		body = bytes.Clone(body)
		at := len(body) - len(`"}}`) - 1 - i
		if body[at]++; body[at] == '9'+1 || body[at] == 'f'+1 {
			body[at] = '0'
		}
		return body
	}
	cut := bytes.Replace(entry.reveal, []byte(`"entry":"00`), []byte(`"entry":"`), 1)
	for name, test := range map[string]struct {
		body    []byte
		code    int
		message string
	}{
		"paid already":     {entry.commit, -32011, "Repeated Commit: A commit with equal or greater payment already exists"},
		"wrong signature":  {flip(entry.commit, 70), -32602, "Invalid params: Invalid Commit Entry"},
		"malformed entry":  {cut, -32602, "Invalid params: Invalid Entry"},
		"unknown method":   {[]byte(`{"jsonrpc":"2.0","id":0,"method":"boom"}`), -32601, "Method not found"},
		"not a request":    {[]byte(`[]`), -32600, "Invalid Request"},
		"too many credits": {next(key, factomd.Hash{1}, "x", 11).commit, -32602, "Invalid params: Invalid Commit Entry"},
	} {
		_, _, err := c.Submit(context.Background(), test.body, entry.hash)
		if rejected, code, message := factomd.Classify(err); !rejected || code != test.code || message != test.message {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCreditsAreBought(t *testing.T) {
	n, c, _ := rich(t, factomdtest.Options{Credits: map[string]int64{}})
	ctx := context.Background()
	key := factomd.LocalTestKey()
	chain := first(key.EC(), "a")
	submit(t, c, chain.commit, chain.hash)
	submit(t, c, chain.reveal, chain.hash)
	wantAck(t, c, chain.hash, factomd.StatusUnknown, factomd.StatusUnknown) // no credits: it is held

	rate, err := c.ECRate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	before, err := c.FactoidBalance(ctx, key.FactoidAddress())
	if err != nil || before != 20_000*1e8 {
		t.Fatalf("%d factoshis, %v", before, err)
	}
	tx, txid, err := factomd.BuyCredits(key, key.ECPublic(), 100, rate, time.Now().UnixMilli())
	if err != nil {
		t.Fatal(err)
	}
	forged := bytes.Clone(tx)
	forged[len(forged)-1] ^= 1
	if err := c.SubmitTransaction(ctx, forged); err != nil || n.Bought() != 0 {
		t.Errorf("a forged transaction: %v, bought %d", err, n.Bought())
	}
	if err := c.SubmitTransaction(ctx, tx); err != nil {
		t.Fatal(err)
	}
	after, err := c.FactoidBalance(ctx, key.FactoidAddress())
	if err != nil || uint64(before-after) != factomd.BuyCost(100, rate) || n.Bought() != 100 {
		t.Errorf("it cost %d, %v, and brought %d", before-after, err, n.Bought())
	}
	if s, err := c.FactoidAck(ctx, txid); err != nil || s != factomd.StatusACK {
		t.Errorf("%s, %v", s, err)
	}
	wantAck(t, c, chain.hash, factomd.StatusACK, factomd.StatusACK)
	if balance, err := c.ECBalance(ctx, key.EC().ECAddress()); err != nil || balance != 100-11 {
		t.Errorf("%d credits, %v", balance, err)
	}
	n.CloseBlock()
	if s, err := c.FactoidAck(ctx, txid); err != nil || s != factomd.StatusConfirmed {
		t.Errorf("%s, %v", s, err)
	}
}

func TestDrops(t *testing.T) {
	for _, test := range []struct {
		stage               factomdtest.Stage
		commit, entry, then factomd.Status
		spent               int64
	}{
		{factomdtest.Commit, factomd.StatusUnknown, factomd.StatusUnknown, factomd.StatusUnknown, 0},
		{factomdtest.Reveal, factomd.StatusACK, factomd.StatusUnknown, factomd.StatusUnknown, 11},
		{factomdtest.Accepted, factomd.StatusACK, factomd.StatusACK, factomd.StatusACK, 11},
	} {
		n, c, key := rich(t, factomdtest.Options{Drop: func(s factomdtest.Stage, _ factomd.Hash, first bool) bool { return s == test.stage && first }})
		chain := first(key, "a")
		submit(t, c, chain.commit, chain.hash)
		submit(t, c, chain.reveal, chain.hash)
		wantAck(t, c, chain.hash, test.commit, test.entry)
		n.CloseBlock()
		ack, err := c.Ack(context.Background(), chain.hash)
		if err != nil || ack.Entry != test.then || len(n.Chain()) != 0 || n.Spent() != test.spent {
			t.Errorf("%s: %v, %v, in the chain %v, spent %d", test.stage, ack, err, n.Chain(), n.Spent())
		}
	}
}

func TestFaults(t *testing.T) {
	var fault atomic.Pointer[factomdtest.Fault]
	n, c, key := rich(t, factomdtest.Options{Fault: func(factomdtest.Call) *factomdtest.Fault { return fault.Load() }})
	impatient := client(t, n, factomd.Options{Timeout: 300 * time.Millisecond})
	for _, test := range []struct {
		answer  http.HandlerFunc
		code    int
		message string
	}{
		{factomdtest.HTML(500), 500, "http 500"},
		{factomdtest.HTML(200), 0, "reply is not JSON"},
		{factomdtest.Says(503, ""), 503, "http 503"},
		{factomdtest.Redirect("http://127.0.0.1:1/"), 307, "redirect refused"},
		{factomdtest.Truncated(), 0, "reply cut short"},
		{factomdtest.WrongEntry(), 0, "reply for another entry"},
		{factomdtest.Endless(), 0, "reply too large"},
		{factomdtest.Reset(), 0, "connection reset"},
		{factomdtest.Refuse(-32603, "Internal error", "boom"), -32603, "Internal error: boom"},
		{factomdtest.Silence(), 0, "timeout"},
	} {
		for _, unheard := range []bool{true, false} {
			name := test.message
			if unheard {
				name += ", unheard"
			}
			entry := first(key, name)
			fault.Store(&factomdtest.Fault{Unheard: unheard, Answer: test.answer})
			_, _, err := impatient.Submit(context.Background(), entry.commit, entry.hash)
			if _, code, message := factomd.Classify(err); code != test.code || message != test.message {
				t.Errorf("%s: %v", name, err)
			}
			fault.Store(nil)
			ack, err := c.Ack(context.Background(), entry.hash)
			if err != nil || ack.Commit.Accepted() == unheard {
				t.Errorf("%s: then %v, %v", name, ack, err)
			}
		}
	}
}

func TestFreeze(t *testing.T) {
	n, c, _ := rich(t, factomdtest.Options{})
	thaw := n.Freeze()
	ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
	defer cancel()
	if _, err := c.Version(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("frozen: %v", err)
	}
	thaw()
	if v, err := c.Version(context.Background()); err != nil || v == "" {
		t.Errorf("thawed: %q, %v", v, err)
	}
}

func TestNetworks(t *testing.T) {
	n, c, _ := rich(t, factomdtest.Options{NetworkID: factomdtest.Main})
	ctx := context.Background()
	if network, err := c.Identify(ctx); err != nil || !network.IsMain() {
		t.Errorf("%+v, %v", network, err)
	}
	n.ChangeNetwork(factomdtest.Test)
	n.CloseBlock()
	if _, err := c.Identify(ctx); !errors.Is(err, factomd.ErrNetworkMismatch) {
		t.Errorf("after a change: %v", err)
	}
	genesis, err := factomd.ParseHash("c1fdd8c0a09e55e8b5f5e92eacb695d915b83af79735236fbd9274e37b26adc7")
	if err != nil {
		t.Fatal(err)
	}
	_, c, _ = rich(t, factomdtest.Options{Genesis: genesis})
	if network, err := c.Identify(ctx); err != nil || network.Name != "LOCAL" || network.Genesis != genesis {
		t.Errorf("%+v, %v", network, err)
	}
}

func TestAuthorization(t *testing.T) {
	n := factomdtest.New(t, factomdtest.Options{User: "u", Password: "p"})
	if _, err := client(t, n, factomd.Options{User: "u", Password: "q"}).Version(context.Background()); !errors.Is(err, factomd.ErrUnauthorized) {
		t.Errorf("a wrong password: %v", err)
	}
	if _, err := client(t, n, factomd.Options{User: "u", Password: "p"}).Version(context.Background()); err != nil {
		t.Error(err)
	}
}

// TestPeersAndClosing has two nodes of one network: what one takes is in the
// blocks of the other, also when the first is gone.
func TestPeersAndClosing(t *testing.T) {
	n, c, key := rich(t, factomdtest.Options{})
	peer := factomdtest.New(t, factomdtest.Options{PeerOf: n})
	other := client(t, peer, factomd.Options{})
	chain := first(key, "a")
	submit(t, c, chain.commit, chain.hash)
	submit(t, other, chain.reveal, chain.hash)
	c.Close() // or the end of its connection would be all that the client sees
	n.Close()
	_, err := c.Version(context.Background())
	if _, _, message := factomd.Classify(err); message != "connection refused" {
		t.Errorf("closed: %v", err)
	}
	height := peer.CloseBlock()
	if saved := peer.Chain(); saved[chain.hash] != height {
		t.Errorf("chain %v, want a block at %d", saved, height)
	}
	if peer.Calls("reveal-chain") != 1 || peer.Calls("commit-chain") != 0 {
		t.Error("calls are counted by node")
	}
}

func TestBlocksCloseByTheClock(t *testing.T) {
	n := factomdtest.New(t, factomdtest.Options{BlockTime: 20 * time.Millisecond, BlockSeconds: 7})
	c := client(t, n, factomd.Options{})
	for start := time.Now(); ; {
		minute, err := c.Minute(context.Background())
		if err != nil || minute.BlockSeconds != 7 {
			t.Fatalf("%+v, %v", minute, err)
		}
		if minute.SavedHeight > 3 {
			break
		}
		if time.Since(start) > 30*time.Second {
			t.Fatal("no blocks close")
		}
	}
}

// Blocks have the key MRs that follow from their bytes, and each chain's follow one
// another; what is forged is another thing, or none.
func TestBlocksAndForgeries(t *testing.T) {
	var forged map[string]factomdtest.Forgery
	n, c, key := rich(t, factomdtest.Options{Forge: func(method string, of factomd.Hash) factomdtest.Forgery {
		return forged[method]
	}})
	ctx := context.Background()
	chain := first(key, "a")
	submit(t, c, chain.commit, chain.hash)
	submit(t, c, chain.reveal, chain.hash)
	var before factomd.RawEntryBlock
	for i := range 3 {
		want := []factomd.Hash{chain.hash}
		if i > 0 {
			want = nil
		}
		for _, content := range []string{"x", "y", "z"}[:i+1] {
			e := next(key, chain.chain, content+string(rune('0'+i)), 1)
			submit(t, c, e.commit, e.hash)
			submit(t, c, e.reveal, e.hash)
			want = append(want, e.hash)
		}
		height := n.CloseBlock()
		head, err := c.ChainHead(ctx, chain.chain)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := c.RawEntryBlock(ctx, head.KeyMR)
		if err != nil {
			t.Fatal(err)
		}
		listed, err := c.EntryBlock(ctx, head.KeyMR)
		if err != nil || raw.Root != head.KeyMR || raw.ChainID != chain.chain || raw.Height != height || raw.Sequence != uint32(i) ||
			raw.Previous != before.Root || !slices.Equal(raw.Entries, want) || !slices.Equal(listed.Entries, want) {
			t.Errorf("block %d: %+v, lists %v, want %v: %v", height, raw, listed.Entries, want, err)
		}
		block, err := c.DirectoryBlock(ctx, height)
		if err != nil {
			t.Fatal(err)
		}
		last, err := c.DirectoryBlock(ctx, height-1)
		if err != nil || block.Root != block.KeyMR || block.Previous != last.KeyMR {
			t.Errorf("block %d: key MR %s, computed %s, after %s: %v", height, block.KeyMR, block.Root, block.Previous, err)
		}
		before = raw
	}

	forged = map[string]factomdtest.Forgery{"entry": factomdtest.Altered, "entry-block": factomdtest.Altered, "raw-data": factomdtest.Altered, "dblock-by-height": factomdtest.Altered}
	if _, err := c.Entry(ctx, chain.hash); !errors.Is(err, factomd.ErrWrongReply) {
		t.Errorf("another content: %v", err)
	}
	if b, err := c.EntryBlock(ctx, before.Root); err != nil || !slices.Equal(b.Entries, before.Entries[1:]) {
		t.Errorf("another list: %v, %v", b, err)
	}
	if b, err := c.RawEntryBlock(ctx, before.Root); err != nil || b.Root == before.Root {
		t.Errorf("another body: %v, %v", b, err)
	}
	if b, err := c.DirectoryBlock(ctx, before.Height); err != nil || b.Root == b.KeyMR {
		t.Errorf("another key MR: %v, %v", b, err)
	}
	forged = map[string]factomdtest.Forgery{"entry": factomdtest.Hidden, "entry-block": factomdtest.Hidden, "raw-data": factomdtest.Hidden}
	_, entry := c.Entry(ctx, chain.hash)
	_, listed := c.EntryBlock(ctx, before.Root)
	_, raw := c.RawEntryBlock(ctx, before.Root)
	for _, err := range []error{entry, listed, raw} {
		if rejected, code, _ := factomd.Classify(err); !rejected || code != factomd.CodeNotFound {
			t.Errorf("hidden: %v", err)
		}
	}
}
