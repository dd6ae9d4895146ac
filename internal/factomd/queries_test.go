package factomd

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// The replies of a factomd v6.12.0 on a LOCAL network; lists are shortened.
const (
	minuteReply  = `{"jsonrpc":"2.0","id":0,"result":{"leaderheight":6,"directoryblockheight":5,"minute":8,"currentblockstarttime":1795561747018926692,"currentminutestarttime":1795561755013049128,"currenttime":1795561755351364820,"directoryblockinseconds":10,"stalldetected":true,"faulttimeout":4,"roundtimeout":4}}`
	genesisReply = `{"jsonrpc":"2.0","id":0,"result":{"dblock":{"dbhash":"9d13e5d3f7031bd774b7542380c2832fc2d887f9db67f254e4fc4d37b8f295ec","keymr":"c1fdd8c0a09e55e8b5f5e92eacb695d915b83af79735236fbd9274e37b26adc7","headerhash":"32d36d221937506493f7dfef182dfe12b4115e49e68430e17684c3c84b134a26","header":{"version":0,"networkid":4203931044,"bodymr":"c61aafca406f0dfe5e9825bd54e48f04320d97024281fbd0d5077ff3bbf6ce6b","prevkeymr":"0000000000000000000000000000000000000000000000000000000000000000","prevfullhash":"0000000000000000000000000000000000000000000000000000000000000000","timestamp":24018960,"dbheight":0,"blockcount":3,"chainid":"000000000000000000000000000000000000000000000000000000000000000d"},"dbentries":[{"chainid":"000000000000000000000000000000000000000000000000000000000000000a","keymr":"3a4014a3ea9ccbe3f64b6178972e4a8828317cc3ffb491accf1ee4f8fcce747f"},{"chainid":"000000000000000000000000000000000000000000000000000000000000000c","keymr":"a566023a9d7b824e4a12121ee38bc4d3c4987988f04eb8cfecc63570936d7c56"},{"chainid":"000000000000000000000000000000000000000000000000000000000000000f","keymr":"0f426b2433103e606fb16b9340c14d88da8a02268af3c58b9a7896fa86e2904f"}]}}}`
	localGenesis = "c1fdd8c0a09e55e8b5f5e92eacb695d915b83af79735236fbd9274e37b26adc7"

	chainHash, entryHash1, entryHash2 = "e5a01fee14e0ed5c48714f22180f25ad8365b53f9779f79dc4a3d7e93963f94a",
		"203d895d40e77693cb3b63550d78b118318a942e67b7f76aa7d6ddcc56a5cfc9",
		"5da8ef6a340fad49146a123a52c320b5de5c1d0fefbd93e54510eaf0498ad676"

	entryBlockReply  = `{"jsonrpc":"2.0","id":0,"result":{"header":{"blocksequencenumber":0,"chainid":"` + chainHash + `","prevkeymr":"0000000000000000000000000000000000000000000000000000000000000000","timestamp":1795561740,"dbheight":5},"entrylist":[{"entryhash":"` + entryHash1 + `","timestamp":1795561980},{"entryhash":"` + entryHash2 + `","timestamp":1795561980}]}}`
	commitsReply     = `{"jsonrpc":"2.0","id":0,"result":{"ecblock":{"header":{"bodyhash":"ef7a85d4bf868e34aff4edce479f6ee412161e1faa3596a112cd5ef75e96f59c","dbheight":5,"headerexpansionarea":"","objectcount":10,"bodysize":20},"body":{"entries":[{"serverindexnumber":0},{"number":1},{"ecpubkey":"718b","txid":"` + chainHash + `","index":0,"numec":10000},{"version":0,"millitime":"019d","chainidhash":"` + chainHash + `","weld":"` + chainHash + `","entryhash":"` + entryHash1 + `","credits":11,"ecpubkey":"` + leaderID + `","sig":"00"},{"version":0,"millitime":"019d","entryhash":"` + entryHash2 + `","credits":1,"ecpubkey":"` + leaderID + `","sig":"00"},{"number":2}]},"headerhash":"bc","fullhash":"40"},"rawdata":""}}`
	heightsReply     = `{"jsonrpc":"2.0","id":0,"result":{"directoryblockheight":6,"leaderheight":7,"entryblockheight":6,"entryheight":5,"missingentrycount":0,"entryblockdbheightprocessing":5,"entryblockdbheightcomplete":5}}`
	entryReply       = `{"jsonrpc":"2.0","id":0,"result":{"chainid":"` + chainHash + `","content":"68656c6c6f","extids":["61","62"]}}`
	leaderID         = "38bab1455b7bd7e5efd15c53c777c79d0c988e9210f1da49a99d95b3a6417be9"
	diagnosticsReply = `{"jsonrpc":"2.0","id":0,"result":{"name":"FNode0","id":"` + leaderID + `","publickey":"cc1985cdfae4e32b5a454dfda8ce5e1361558482684f3367649c3ad852c8e31a","role":"Leader","leaderheight":2,"currentminute":7,"currentminuteduration":304960381,"previousminuteduration":1795750153814212040,"balancehash":"0002722cf5d3d183c58ecfa0056ff6080fed3a65eb87c67e4b5932e0fb5b39fe","tempbalancehash":"000284fd214e0ce35c5c7b475080f1d1c84eb9b57b5e7dadd04d427a6fb64dcb","lastblockfromdbstate":false,"syncing":{"status":"Processing"},"authset":{"leaders":[{"id":"` + leaderID + `","vm":0,"listheight":44,"listlength":44,"nextnil":0}],"audits":null},"elections":{"inprogress":false}}}`
	// One of three leaders does not answer, in a network of five nodes.
	electionReply = `{"jsonrpc":"2.0","id":0,"result":{"name":"FNode0","id":"38bab1455b7bd7e5efd15c53c777c79d0c988e9210f1da49a99d95b3a6417be9","publickey":"cc1985cdfae4e32b5a454dfda8ce5e1361558482684f3367649c3ad852c8e31a","role":"Leader","leaderheight":9,"currentminute":6,"currentminuteduration":9022550495,"previousminuteduration":1795752081051687105,"balancehash":"00093098ad8883e75fb6826593dbdc36aa3058521021d5b8db17ae92c9d3e430","tempbalancehash":"00095dbc339e7316aea2683faf839c1b7b1ee2313db792112588118df066aa35","lastblockfromdbstate":false,"syncing":{"status":"Syncing EOMs","received":2,"expected":3,"missing":["8888881570f89283f3a516b6e5ed240f43f5ad7cb05132378c4a006abe7c2b93"]},"authset":{"leaders":[{"id":"38bab1455b7bd7e5efd15c53c777c79d0c988e9210f1da49a99d95b3a6417be9","vm":2,"listheight":7,"listlength":8,"nextnil":0},{"id":"8888881570f89283f3a516b6e5ed240f43f5ad7cb05132378c4a006abe7c2b93","vm":0,"listheight":7,"listlength":7,"nextnil":0},{"id":"8888888da6ed14ec63e623cab6917c66b954b361d530770b3f5f5188f87f1738","vm":1,"listheight":7,"listlength":8,"nextnil":0}],"audits":[{"id":"888888aeaac80d825ac9675cf3a6591916883bd9947e16ab752d39164d80a608","online":true}]},"elections":{"inprogress":true,"vmindex":0,"fedindex":1,"fedid":"8888881570f89283f3a516b6e5ed240f43f5ad7cb05132378c4a006abe7c2b93","round":1}}}`
	// The same network begins a block.
	signaturesReply = `{"jsonrpc":"2.0","id":0,"result":{"name":"FNode0","id":"38bab1455b7bd7e5efd15c53c777c79d0c988e9210f1da49a99d95b3a6417be9","publickey":"cc1985cdfae4e32b5a454dfda8ce5e1361558482684f3367649c3ad852c8e31a","role":"Leader","leaderheight":8,"currentminute":0,"currentminuteduration":8223530,"previousminuteduration":1795752065143767001,"balancehash":"00083098ad8883e75fb6826593dbdc36aa3058521021d5b8db17ae92c9d3e430","tempbalancehash":"00085dbc339e7316aea2683faf839c1b7b1ee2313db792112588118df066aa35","lastblockfromdbstate":false,"syncing":{"status":"Syncing DBSigs","received":1,"expected":3,"missing":["8888881570f89283f3a516b6e5ed240f43f5ad7cb05132378c4a006abe7c2b93","8888888da6ed14ec63e623cab6917c66b954b361d530770b3f5f5188f87f1738"]},"authset":{"leaders":[{"id":"38bab1455b7bd7e5efd15c53c777c79d0c988e9210f1da49a99d95b3a6417be9","vm":1,"listheight":0,"listlength":1,"nextnil":0},{"id":"8888881570f89283f3a516b6e5ed240f43f5ad7cb05132378c4a006abe7c2b93","vm":2,"listheight":0,"listlength":0,"nextnil":0},{"id":"8888888da6ed14ec63e623cab6917c66b954b361d530770b3f5f5188f87f1738","vm":0,"listheight":0,"listlength":0,"nextnil":0}],"audits":[{"id":"888888aeaac80d825ac9675cf3a6591916883bd9947e16ab752d39164d80a608","online":false}]},"elections":{"inprogress":false}}}`
	notFound        = `{"jsonrpc":"2.0","id":0,"error":{"code":-32008,"message":"Block not found"}}`
)

// asked answers one method, and checks the parameters.
func asked(t *testing.T, method, params, reply string) *Client {
	t.Helper()
	return node(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		q := readRequest(t, r)
		var got []string
		for name, value := range q.Params {
			got = append(got, name+"="+strings.Trim(string(value), `"`))
		}
		slices.Sort(got)
		if q.Method != method || strings.Join(got, " ") != params {
			t.Errorf("asked for %s %v, want %s %s", q.Method, got, method, params)
		}
		io.WriteString(w, reply)
	})
}

func hash(s string) Hash { return must(ParseHash(s)) }

func TestQueries(t *testing.T) {
	const ec, fa = "EC2dA7WjVEYVZvQLp3BqMuMwnM8YpYAqtRXtSZN6X5RJgZujGTJS", "FA2jK2HcLnRdS94dEcU27rF3meoJfpUcZPSinpb7AwQvPRY6RL1Q"
	tx, txid, err := BuyCredits(LocalTestKey(), LocalTestKey().ECPublic(), 1, 1000, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		method, params, reply string
		call                  func(context.Context, *Client) (any, error)
		want                  any
	}{
		{"properties", "", `{"result":{"factomdversion":"v6.12.0\u001b[2J","factomdapiversion":"2.0"}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.Version(ctx) }, "v6.12.0?[2J"},
		{"current-minute", "", minuteReply,
			func(ctx context.Context, c *Client) (any, error) { return c.Minute(ctx) },
			Minute{LeaderHeight: 6, SavedHeight: 5, Minute: 8, BlockSeconds: 10, Stalled: true, Clock: time.Unix(0, 1795561755351364820)}},
		{"diagnostics", "", diagnosticsReply,
			func(ctx context.Context, c *Client) (any, error) { return c.Diagnostics(ctx) },
			Diagnostics{Height: 2, Minute: 7, Leaders: []Hash{hash(leaderID)}}},
		{"diagnostics", "", electionReply,
			func(ctx context.Context, c *Client) (any, error) { return c.Diagnostics(ctx) },
			Diagnostics{
				Height: 9, Minute: 6, Leaders: []Hash{hash("38bab1455b7bd7e5efd15c53c777c79d0c988e9210f1da49a99d95b3a6417be9"), hash("8888881570f89283f3a516b6e5ed240f43f5ad7cb05132378c4a006abe7c2b93"), hash("8888888da6ed14ec63e623cab6917c66b954b361d530770b3f5f5188f87f1738")},
				Audits: []AuditServer{{hash("888888aeaac80d825ac9675cf3a6591916883bd9947e16ab752d39164d80a608"), true}}, Waiting: WaitsForMinutes, Missing: []Hash{hash("8888881570f89283f3a516b6e5ed240f43f5ad7cb05132378c4a006abe7c2b93")}, Election: &Election{Leader: hash("8888881570f89283f3a516b6e5ed240f43f5ad7cb05132378c4a006abe7c2b93"), VM: 0, Round: 1},
			}},
		{"diagnostics", "", signaturesReply,
			func(ctx context.Context, c *Client) (any, error) { return c.Diagnostics(ctx) },
			Diagnostics{
				Height: 8, Minute: 0, Leaders: []Hash{hash("38bab1455b7bd7e5efd15c53c777c79d0c988e9210f1da49a99d95b3a6417be9"), hash("8888881570f89283f3a516b6e5ed240f43f5ad7cb05132378c4a006abe7c2b93"), hash("8888888da6ed14ec63e623cab6917c66b954b361d530770b3f5f5188f87f1738")},
				Audits: []AuditServer{{hash("888888aeaac80d825ac9675cf3a6591916883bd9947e16ab752d39164d80a608"), false}}, Waiting: WaitsForSignatures, Missing: []Hash{hash("8888881570f89283f3a516b6e5ed240f43f5ad7cb05132378c4a006abe7c2b93"), hash("8888888da6ed14ec63e623cab6917c66b954b361d530770b3f5f5188f87f1738")},
			}},
		{"dblock-by-height", "height=0 noraw=true", genesisReply,
			func(ctx context.Context, c *Client) (any, error) { return c.DirectoryBlock(ctx, 0) },
			DirectoryBlock{Height: 0, NetworkID: 0xfa92e5a4, KeyMR: hash(localGenesis), Root: hash(localGenesis), Chains: []BlockRef{
				{Hash{31: 0x0a}, hash("3a4014a3ea9ccbe3f64b6178972e4a8828317cc3ffb491accf1ee4f8fcce747f")},
				{Hash{31: 0x0c}, hash("a566023a9d7b824e4a12121ee38bc4d3c4987988f04eb8cfecc63570936d7c56")},
				{Hash{31: 0x0f}, hash("0f426b2433103e606fb16b9340c14d88da8a02268af3c58b9a7896fa86e2904f")},
			}}},
		{"entry-block", "keymr=" + localGenesis, entryBlockReply,
			func(ctx context.Context, c *Client) (any, error) { return c.EntryBlock(ctx, hash(localGenesis)) },
			EntryBlock{ChainID: hash(chainHash), Height: 5, Entries: []Hash{hash(entryHash1), hash(entryHash2)}}},
		{"entry-block", "keymr=" + localGenesis, `{"result":{"entrylist":null,"header":{"dbheight":4294967295,"chainid":"` + chainHash + `"}}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.EntryBlock(ctx, hash(localGenesis)) },
			EntryBlock{ChainID: hash(chainHash), Height: 4294967295}},
		{"ecblock-by-height", "height=5 noraw=true", commitsReply,
			func(ctx context.Context, c *Client) (any, error) { return c.Commits(ctx, 5) },
			[]Hash{hash(entryHash1), hash(entryHash2)}},
		{"ecblock-by-height", "height=5 noraw=true", commitsReply,
			func(ctx context.Context, c *Client) (any, error) { return c.Payments(ctx, 5) },
			[]Payment{{hash(entryHash1), hash(leaderID), 11}, {hash(entryHash2), hash(leaderID), 1}}},
		{"ack", "chainid=" + Hash{}.String() + " hash=" + entryHash1,
			`{"result":{"committxid":"","entryhash":"` + entryHash1 + `","commitdata":{"status":"TransactionACK"},"entrydata":{"status":"Unknown"}}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.Ack(ctx, hash(entryHash1)) },
			Ack{Commit: StatusACK, Entry: StatusUnknown}},
		{"ack", "chainid=f hash=" + txid.String(),
			`{"result":{"txid":"` + txid.String() + `","transactiondate":1,"status":"DBlockConfirmed"}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.FactoidAck(ctx, txid) }, StatusConfirmed},
		{"entry-credit-balance", "address=" + ec, `{"result":{"balance":10000}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.ECBalance(ctx, ec) }, int64(10000)},
		{"factoid-balance", "address=" + fa, `{"result":{"balance":0}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.FactoidBalance(ctx, fa) }, int64(0)},
		{"heights", "", heightsReply,
			func(ctx context.Context, c *Client) (any, error) { return c.Heights(ctx) },
			Heights{Leader: 7, Saved: 6, EntryBlock: 6, Entry: 5}},
		{"entry", "hash=" + entryHash1, entryReply,
			func(ctx context.Context, c *Client) (any, error) { return c.Entry(ctx, hash(entryHash1)) },
			Entry{ChainID: hash(chainHash), ExtIDs: [][]byte{[]byte("a"), []byte("b")}, Content: []byte("hello")}},
		{"chain-head", "chainid=" + chainHash, `{"result":{"chainhead":"` + localGenesis + `","chaininprocesslist":true}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.ChainHead(ctx, hash(chainHash)) },
			ChainHead{KeyMR: hash(localGenesis), Pending: true}},
		{"chain-head", "chainid=" + chainHash, `{"result":{"chainhead":"","chaininprocesslist":true}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.ChainHead(ctx, hash(chainHash)) },
			ChainHead{Pending: true}},
		{"pending-entries", "", `{"result":[{"entryhash":"` + entryHash1 + `","chainid":"` + chainHash + `","status":"TransactionACK"},{"entryhash":"` + entryHash2 + `","chainid":null,"status":"NotConfirmed"}]}`,
			func(ctx context.Context, c *Client) (any, error) { return c.PendingEntries(ctx) }, 2},
		{"pending-entries", "", `{"result":null}`,
			func(ctx context.Context, c *Client) (any, error) { return c.PendingEntries(ctx) }, 0},
		{"entry-credit-rate", "", `{"result":{"rate":1000}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.ECRate(ctx) }, uint64(1000)},
		{"tps-rate", "", `{"result":{"totaltxrate":1.5,"instanttxrate":97.25}}`,
			func(ctx context.Context, c *Client) (any, error) { return c.TransactionRate(ctx) }, 97.25},
		{"factoid-submit", "transaction=" + hex.EncodeToString(tx), `{"result":{"message":"Successfully submitted the transaction","txid":"` + txid.String() + `"}}`,
			func(ctx context.Context, c *Client) (any, error) { return nil, c.SubmitTransaction(ctx, tx) }, nil},
	} {
		got, err := test.call(t.Context(), asked(t, test.method, test.params, test.reply))
		if err != nil {
			t.Errorf("%s %s: %v", test.method, test.params, err)
		} else if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s %s: -want +got:\n%s", test.method, test.params, diff)
		}
	}
}

// TestHostileReplies gives answers that parse and cannot be right.
func TestHostileReplies(t *testing.T) {
	minute := func(ctx context.Context, c *Client) error { _, err := c.Minute(ctx); return err }
	block := func(ctx context.Context, c *Client) error { _, err := c.DirectoryBlock(ctx, 7); return err }
	entries := func(ctx context.Context, c *Client) error { _, err := c.EntryBlock(ctx, testHash(1)); return err }
	commits := func(ctx context.Context, c *Client) error { _, err := c.Commits(ctx, 7); return err }
	payments := func(ctx context.Context, c *Client) error { _, err := c.Payments(ctx, 7); return err }
	paid := func(credits, payer string) string {
		return `{"ecblock":{"header":{"dbheight":7},"body":{"entries":[{"entryhash":"` + entryHash1 + `","credits":` + credits + `,"ecpubkey":` + payer + `}]}}}`
	}
	ack := func(ctx context.Context, c *Client) error { _, err := c.Ack(ctx, testHash(1)); return err }
	factoidAck := func(ctx context.Context, c *Client) error { _, err := c.FactoidAck(ctx, testHash(1)); return err }
	balance := func(ctx context.Context, c *Client) error { _, err := c.ECBalance(ctx, "EC"); return err }
	rate := func(ctx context.Context, c *Client) error { _, err := c.ECRate(ctx); return err }
	tps := func(ctx context.Context, c *Client) error { _, err := c.TransactionRate(ctx); return err }
	heights := func(ctx context.Context, c *Client) error { _, err := c.Heights(ctx); return err }
	entry := func(ctx context.Context, c *Client) error { _, err := c.Entry(ctx, hash(entryHash1)); return err }
	head := func(ctx context.Context, c *Client) error { _, err := c.ChainHead(ctx, hash(chainHash)); return err }
	pending := func(ctx context.Context, c *Client) error { _, err := c.PendingEntries(ctx); return err }
	diagnostics := func(ctx context.Context, c *Client) error { _, err := c.Diagnostics(ctx); return err }
	diagnosed := func(height, syncing, servers, elections string) string {
		return `{"leaderheight":` + height + `,"syncing":` + syncing + `,"authset":` + servers + `,"elections":` + elections + `}`
	}
	send := func(ctx context.Context, c *Client) error {
		tx, _, _ := BuyCredits(LocalTestKey(), [32]byte{}, 1, 1, 1)
		return c.SubmitTransaction(ctx, tx)
	}
	for _, test := range []struct {
		name, result string
		call         func(context.Context, *Client) error
		want         string
	}{
		{"minute 11", `{"minute":11}`, minute, "reply out of range"},
		{"negative height", `{"leaderheight":-1}`, minute, "reply out of range"},
		{"huge height", `{"directoryblockheight":4294967296}`, minute, "reply out of range"},
		{"huge block", `{"directoryblockinseconds":1000000}`, minute, "reply out of range"},
		{"height is a text", `{"leaderheight":"1"}`, minute, "reply is malformed"},
		{"no block", `{}`, block, "reply is malformed"},
		{"no key MR", `{"dblock":{"header":{"dbheight":7}}}`, block, "reply is malformed"},
		{"another block", `{"dblock":{"keymr":"` + localGenesis + `","header":{"dbheight":8}}}`, block, "reply for another block"},
		{"negative network", `{"dblock":{"keymr":"` + localGenesis + `","header":{"dbheight":7,"networkid":-5}}}`, block, "reply is malformed"},
		{"bad chain", `{"dblock":{"keymr":"` + localGenesis + `","header":{"dbheight":7},"dbentries":[{"chainid":"00","keymr":"00"}]}}`, block, "reply is malformed"},
		{"no header", `{"entrylist":[]}`, entries, "reply is malformed"},
		{"null block", `null`, entries, "reply is malformed"},
		{"a short hash", `{"header":{"chainid":"` + chainHash + `"},"entrylist":[{"entryhash":"00"}]}`, entries, "reply is malformed"},
		{"entries are no list", `{"header":{"chainid":"` + chainHash + `"},"entrylist":{}}`, entries, "reply is malformed"},
		{"a height that is none", `{"header":{"chainid":"` + chainHash + `","dbheight":-1}}`, entries, "reply is malformed"},
		{"no EC block", `{"ecblock":null}`, commits, "reply is malformed"},
		{"another EC block", `{"ecblock":{"header":{"dbheight":8},"body":{"entries":[]}}}`, commits, "reply for another block"},
		{"commits are no objects", `{"ecblock":{"header":{"dbheight":7},"body":{"entries":[1]}}}`, commits, "reply is malformed"},
		{"a commit for nothing", paid("0", `"`+leaderID+`"`), payments, "reply is malformed"},
		{"a commit for more than there is", paid("21", `"`+leaderID+`"`), payments, "reply is malformed"},
		{"a commit that nobody paid", paid("1", "null"), payments, "reply is malformed"},
		{"a commit of a key that is none", paid("1", `"718b"`), payments, "reply is malformed"},
		{"payments of another block", `{"ecblock":{"header":{"dbheight":8},"body":{"entries":[]}}}`, payments, "reply for another block"},
		{"another entry's ack", `{"entryhash":"` + chainHash + `","entrydata":{"status":"DBlockConfirmed"}}`, ack, "reply for another entry"},
		{"another transaction's ack", `{"txid":"` + chainHash + `","status":"DBlockConfirmed"}`, factoidAck, "reply for another transaction"},
		{"no transaction rate", `{"totaltxrate":1}`, tps, "reply out of range"},
		{"a transaction rate below 0", `{"instanttxrate":-1}`, tps, "reply out of range"},
		{"no heights", `{}`, heights, "reply out of range"},
		{"a negative height", `{"leaderheight":1,"directoryblockheight":-1,"entryblockheight":1,"entryheight":1}`, heights, "reply out of range"},
		{"another entry", `{"chainid":"` + chainHash + `","content":"68656c6c6f21","extids":["61","62"]}`, entry, "reply for another entry"},
		{"no entry", `null`, entry, "reply for another entry"},
		{"content that is not hex", `{"chainid":"` + chainHash + `","content":"x"}`, entry, "reply is malformed"},
		{"ExtIDs that are not hex", `{"chainid":"` + chainHash + `","extids":["x"]}`, entry, "reply is malformed"},
		{"an entry too large", `{"chainid":"` + chainHash + `","content":"` + strings.Repeat("00", MaxPayload+1) + `"}`, entry, "reply is malformed"},
		{"no head", `{}`, head, "reply is malformed"},
		{"a head that is none", `{"chainhead":"x"}`, head, "reply is malformed"},
		{"a head of zeros", `{"chainhead":"` + Hash{}.String() + `"}`, head, "reply is malformed"},
		{"neither saved nor pending", `{"chainhead":"","chaininprocesslist":false}`, head, "reply is malformed"},
		{"pending without a hash", `[{"status":"TransactionACK"}]`, pending, "reply is malformed"},
		{"pending is no list", `{}`, pending, "reply is malformed"},
		{"no diagnostics", `{}`, diagnostics, "reply is malformed"},
		{"a huge height", diagnosed("4294967296", "{}", "{}", "{}"), diagnostics, "reply out of range"},
		{"a minute that is none", diagnosed(`1,"currentminute":11`, "{}", "{}", "{}"), diagnostics, "reply out of range"},
		{"a leader without a name", diagnosed("1", "{}", `{"leaders":[{"vm":0}]}`, "{}"), diagnostics, "reply is malformed"},
		{"a leader by another name", diagnosed("1", "{}", `{"leaders":[{"id":"\u001b[2J"}]}`, "{}"), diagnostics, "reply is malformed"},
		{"who is missing has no name", diagnosed("1", `{"missing":[""]}`, "{}", "{}"), diagnostics, "reply is malformed"},
		{"an election of nobody", diagnosed("1", "{}", "{}", `{"inprogress":true,"fedid":"x"}`), diagnostics, "reply is malformed"},
		{"an election before the first round", diagnosed("1", "{}", "{}", `{"inprogress":true,"round":-1}`), diagnostics, "reply out of range"},
		{"thousands of leaders", diagnosed("1", "{}", `{"leaders":[{"id":"`+leaderID+`"}`+strings.Repeat(`,{"id":"`+leaderID+`"}`, maxServers)+`]}`, "{}"), diagnostics, "reply out of range"},
		{"no balance", `{}`, balance, "reply is malformed"},
		{"no rate", `{}`, rate, "reply out of range"},
		{"another transaction", `{"txid":"` + chainHash + `"}`, send, "reply for another transaction"},
	} {
		c := node(t, Options{}, says(200, `{"jsonrpc":"2.0","id":0,"result":`+test.result+`}`))
		err := test.call(t.Context(), c)
		if rejected, code, message := Classify(err); rejected || code != 0 || message != test.want {
			t.Errorf("%s: counted as %v, %d, %q, want %q: %v", test.name, rejected, code, message, test.want, err)
		}
		if !errors.Is(err, ErrWrongReply) {
			t.Errorf("%s: it does not count as a wrong reply: %v", test.name, err)
		}
		if err != nil && !strings.Contains(err.Error(), c.URL()) {
			t.Errorf("%s: the error does not say which node: %v", test.name, err)
		}
	}
}

// TestManyEntries reads a block of the size of a busy minute, and one that says
// it is endless.
func TestManyEntries(t *testing.T) {
	list := func(n int) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			io.Copy(io.Discard, r.Body)
			io.WriteString(w, `{"result":{"header":{"chainid":"`+chainHash+`"},"entrylist":[{"entryhash":"`+entryHash1+`"}`)
			for range n - 1 {
				if _, err := io.WriteString(w, `,{"entryhash":"`+entryHash2+`","timestamp":1795561980}`); err != nil {
					return
				}
			}
			io.WriteString(w, `]}}`)
		}
	}
	block, err := node(t, Options{}, list(10_000)).EntryBlock(t.Context(), testHash(1))
	if err != nil || len(block.Entries) != 10_000 {
		t.Errorf("%d entries, %v", len(block.Entries), err)
	}
	_, err = node(t, Options{MaxReply: 1 << 20}, list(100_000)).EntryBlock(t.Context(), testHash(1))
	if _, _, message := Classify(err); message != "reply too large" {
		t.Errorf("counted as %q: %v", message, err)
	}
}

func TestStatus(t *testing.T) {
	for status, want := range map[Status][2]bool{
		StatusUnknown: {false, false}, StatusInvalid: {false, false}, StatusNotConfirmed: {false, false},
		StatusACK: {true, false}, StatusConfirmed: {true, true}, "": {false, false}, "made up": {false, false},
	} {
		if got := [2]bool{status.Accepted(), status.Confirmed()}; got != want {
			t.Errorf("%q is accepted, confirmed: %v, want %v", status, got, want)
		}
	}
}

func TestIsSystemChain(t *testing.T) {
	for id, want := range map[Hash]bool{
		{31: 0x0a}: true, {31: 0x0c}: true, {31: 0x0f}: true,
		{31: 0x0d}: false, {}: false, {0: 1, 31: 0x0a}: false, hash(chainHash): false,
	} {
		if IsSystemChain(id) != want {
			t.Errorf("%v: %v", id, !want)
		}
	}
}

// chainOf answers as a node with a genesis block and a newest one.
func chainOf(genesis, newest string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body := string(must(io.ReadAll(r.Body)))
		switch {
		case strings.Contains(body, "current-minute"):
			io.WriteString(w, minuteReply)
		case strings.Contains(body, `"height":0`):
			io.WriteString(w, genesis)
		case strings.Contains(body, `"height":5`):
			io.WriteString(w, newest)
		}
	}
}

func blockReply(height int, network uint32, keyMR string) string {
	return fmt.Sprintf(`{"result":{"dblock":{"keymr":"%s","header":{"dbheight":%d,"networkid":%d}}}}`, keyMR, height, network)
}

func TestIdentify(t *testing.T) {
	const other = entryHash2
	for _, test := range []struct {
		name            string
		genesis, newest string
		want            Network
		main            bool
		err             error
	}{
		{name: "LOCAL", genesis: genesisReply, newest: blockReply(5, 0xfa92e5a4, other),
			want: Network{0xfa92e5a4, "LOCAL", hash(localGenesis)}},
		{name: "TEST", genesis: blockReply(0, 0xfa92e5a3, other), newest: blockReply(5, 0xfa92e5a3, other),
			want: Network{0xfa92e5a3, "TEST", hash(other)}},
		{name: "community testnet", genesis: blockReply(0, 0x883e093b, other), newest: blockReply(5, 0x883e093b, other),
			want: Network{0x883e093b, "CUSTOM", hash(other)}},
		{name: "MAIN", genesis: blockReply(0, 0xfa92e5a2, genesisMain), newest: blockReply(5, 0xfa92e5a2, other),
			want: Network{0xfa92e5a2, "MAIN", hash(genesisMain)}, main: true},
		{name: "MAIN by its id", genesis: blockReply(0, 0xfa92e5a2, other), newest: blockReply(5, 0xfa92e5a2, other),
			want: Network{0xfa92e5a2, "MAIN", hash(other)}, main: true},
		{name: "MAIN by its genesis block", genesis: blockReply(0, 0xfa92e5a4, genesisMain), newest: blockReply(5, 0xfa92e5a4, other),
			want: Network{0xfa92e5a4, "MAIN", hash(genesisMain)}, main: true},
		{name: "MAIN behind a LOCAL genesis block", genesis: genesisReply, newest: blockReply(5, 0xfa92e5a2, other),
			err: ErrNetworkMismatch},
		{name: "loading", genesis: notFound, err: ErrNotReady},
		{name: "newest block missing", genesis: genesisReply, newest: notFound, err: ErrNotReady},
		{name: "not a node", genesis: "<html>", err: ErrNotFactomd},
	} {
		got, err := node(t, Options{}, chainOf(test.genesis, test.newest)).Identify(t.Context())
		if got != test.want || got.IsMain() != test.main || !errors.Is(err, test.err) {
			t.Errorf("%s: %+v, main %v, %v; want %+v, %v, %v", test.name, got, got.IsMain(), err, test.want, test.main, test.err)
		}
	}
}
