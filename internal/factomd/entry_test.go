package factomd

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/FactomProject/factom"
	"pgregory.net/rapid"
)

// vector is the example of the protocol's description.
func vector() (*Entry, string) {
	e := &Entry{ExtIDs: [][]byte{[]byte("a"), []byte("b")}, Content: []byte("hello")}
	e.ChainID = ChainID(e.ExtIDs)
	return e, "203d895d40e77693cb3b63550d78b118318a942e67b7f76aa7d6ddcc56a5cfc9"
}

func TestVector(t *testing.T) {
	e, hash := vector()
	const chain = "e5a01fee14e0ed5c48714f22180f25ad8365b53f9779f79dc4a3d7e93963f94a"
	if e.ChainID.String() != chain {
		t.Errorf("chain id %s, want %s", e.ChainID, chain)
	}
	binary := e.Append(nil)
	if got, want := hex.EncodeToString(binary), "00"+chain+"000600016100016268656c6c6f"; got != want {
		t.Errorf("binary form\n%s, want\n%s", got, want)
	}
	if got := EntryHash(binary).String(); got != hash {
		t.Errorf("entry hash %s, want %s", got, hash)
	}
}

// entries draws entries up to the size that the network takes.
func entries() *rapid.Generator[*Entry] {
	return rapid.Custom(func(t *rapid.T) *Entry {
		e := &Entry{ExtIDs: rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 80), 0, 8).Draw(t, "extids")}
		e.Content = bytes.Repeat([]byte{7}, rapid.IntRange(0, MaxPayload-e.Payload()).Draw(t, "content"))
		if rapid.Bool().Draw(t, "first") {
			e.ChainID = ChainID(e.ExtIDs)
		} else {
			e.ChainID = Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "chain"))
		}
		return e
	})
}

func libraryEntry(e *Entry) *factom.Entry {
	return &factom.Entry{ChainID: e.ChainID.String(), ExtIDs: e.ExtIDs, Content: e.Content}
}

func TestEntryAgainstLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := entries().Draw(t, "entry")
		want := libraryEntry(e)
		binary := e.Append([]byte("before"))
		if !bytes.HasPrefix(binary, []byte("before")) {
			t.Fatal("Append has overwritten what was there")
		}
		binary = binary[len("before"):]
		if !bytes.Equal(binary, must(want.MarshalBinary())) {
			t.Fatal("another binary form")
		}
		if len(binary) != HeaderSize+e.Payload() {
			t.Fatalf("%d bytes, payload %d", len(binary), e.Payload())
		}
		if got := EntryHash(binary); !bytes.Equal(got[:], want.Hash()) {
			t.Fatal("another entry hash")
		}
		if got := ChainID(e.ExtIDs).String(); got != factom.ChainIDFromFields(e.ExtIDs) {
			t.Fatal("another chain id")
		}
		if got := Cost(e.Payload(), false); got != int(must(factom.EntryCost(want))) {
			t.Fatalf("costs %d for %d bytes", got, e.Payload())
		}
	})
}

func TestCost(t *testing.T) {
	for payload, want := range map[int]int{0: 1, 1: 1, 1024: 1, 1025: 2, 2048: 2, 10240: 10} {
		if got := Cost(payload, false); got != want {
			t.Errorf("%d bytes cost %d, want %d", payload, got, want)
		}
		if got := Cost(payload, true); got != want+10 {
			t.Errorf("a chain with %d bytes costs %d, want %d", payload, got, want+10)
		}
	}
}

// submitted is a JSON-RPC request that submits something.
type submittedRequest struct {
	JSONRPC string            `json:"jsonrpc"`
	Method  string            `json:"method"`
	Params  map[string]string `json:"params"`
}

// libraryRequest returns a request of the library and the bytes it submits.
func libraryRequest(t *rapid.T, r *factom.JSON2Request, err error, param string) (submittedRequest, []byte) {
	if err != nil {
		t.Fatal(err)
	}
	var request submittedRequest
	if err := json.Unmarshal([]byte(r.String()), &request); err != nil {
		t.Fatal(err)
	}
	return request, must(hex.DecodeString(request.Params[param]))
}

// checkRequest compares what AppendSubmit makes of binary with the library's.
func checkRequest(t *rapid.T, param string, want submittedRequest, wantBinary, binary []byte) {
	if !bytes.Equal(binary, wantBinary) {
		t.Fatalf("%s submits\n%x, want\n%x", want.Method, binary, wantBinary)
	}
	var got submittedRequest
	if err := json.Unmarshal(AppendSubmit(nil, want.Method, param, binary), &got); err != nil {
		t.Fatal(err)
	}
	if got.JSONRPC != want.JSONRPC || got.Method != want.Method || len(got.Params) != 1 || got.Params[param] != want.Params[param] {
		t.Fatalf("asks %v, want %v", got, want)
	}
}

// milliseconds reads the time of a commit.
func milliseconds(commit []byte) int64 {
	return int64(binary.BigEndian.Uint64(append([]byte{0, 0}, commit[1:7]...)))
}

func TestCommitsAgainstLibrary(t *testing.T) {
	key := LocalTestKey().EC()
	library := must(factom.MakeECAddress(must(hex.DecodeString("fb3b471b1dcdadfeb856bd0b02d8bf49ace0edd372a3d9f2a95b78ec12a324d6"))))
	rapid.Check(t, func(t *rapid.T) {
		e := entries().Draw(t, "entry")
		binary := e.Append(nil)
		hash := EntryHash(binary)

		request, err := factom.ComposeEntryCommit(libraryEntry(e), library)
		want, wantCommit := libraryRequest(t, request, err, ParamMessage)
		checkRequest(t, ParamMessage, want, wantCommit,
			AppendCommitEntry(nil, milliseconds(wantCommit), hash, Cost(e.Payload(), false), key))

		request, err = factom.ComposeEntryReveal(libraryEntry(e))
		want, wantReveal := libraryRequest(t, request, err, ParamEntry)
		checkRequest(t, ParamEntry, want, wantReveal, binary)

		e.ChainID = ChainID(e.ExtIDs)
		binary = e.Append(nil)
		hash = EntryHash(binary)
		request, err = factom.ComposeChainCommit(factom.NewChain(libraryEntry(e)), library)
		want, wantCommit = libraryRequest(t, request, err, ParamMessage)
		checkRequest(t, ParamMessage, want, wantCommit,
			AppendCommitChain(nil, milliseconds(wantCommit), e.ChainID, hash, Cost(e.Payload(), true), key))

		request, err = factom.ComposeChainReveal(factom.NewChain(libraryEntry(e)))
		want, wantReveal = libraryRequest(t, request, err, ParamEntry)
		checkRequest(t, ParamEntry, want, wantReveal, binary)
	})
}

// TestAppendKeepsWhatWasThere appends everything to one buffer.
func TestAppendKeepsWhatWasThere(t *testing.T) {
	key := LocalTestKey()
	alone := [][]byte{
		AppendCommitEntry(nil, 1, testHash(1), 2, key),
		AppendCommitChain(nil, 1, testHash(1), testHash(2), 11, key),
		AppendSubmit(nil, MethodCommitEntry, ParamMessage, []byte{1, 2}),
	}
	together := AppendCommitEntry([]byte("x"), 1, testHash(1), 2, key)
	together = AppendCommitChain(together, 1, testHash(1), testHash(2), 11, key)
	together = AppendSubmit(together, MethodCommitEntry, ParamMessage, []byte{1, 2})
	if want := append([]byte("x"), bytes.Join(alone, nil)...); !bytes.Equal(together, want) {
		t.Error("appending changes what is appended")
	}
	if len(alone[0]) != entryCommitSize || len(alone[1]) != chainCommitSize {
		t.Errorf("commits of %d and %d bytes", len(alone[0]), len(alone[1]))
	}
	if got, want := string(alone[2]), `{"jsonrpc":"2.0","id":0,"method":"commit-entry","params":{"message":"0102"}}`; got != want {
		t.Errorf("asks %s, want %s", got, want)
	}
}

// TestSubmitPathAllocations guards what is done for each entry under load.
func TestSubmitPathAllocations(t *testing.T) {
	e, _ := vector()
	key := LocalTestKey()
	buf := make([]byte, 0, 4096)
	allocations := testing.AllocsPerRun(100, func() {
		b := e.Append(buf)
		hash := EntryHash(b)
		b = AppendCommitEntry(b[len(b):], 1, hash, 1, key)
		AppendSubmit(b[len(b):], MethodCommitEntry, ParamMessage, b)
	})
	if allocations > 4 { // the hash's state, and the signature's
		t.Errorf("%v allocations an entry", allocations)
	}
}
