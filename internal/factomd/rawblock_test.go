package factomd

import (
	"bytes"
	"encoding/hex"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/FactomProject/factomd/common/entryBlock"
	"github.com/FactomProject/factomd/common/primitives"
)

// rawBlock has factomd's own code make an entry block with so many entries, and a
// minute's mark after each few of them.
func rawBlock(t testing.TB, entries int) (*entryBlock.EBlock, []byte) {
	t.Helper()
	b := entryBlock.NewEBlock()
	header := b.GetHeader()
	header.SetChainID(primitives.Sha([]byte("chain")))
	header.SetPrevKeyMR(primitives.Sha([]byte("previous")))
	header.SetPrevFullHash(primitives.Sha([]byte("full")))
	header.SetEBSequence(3)
	header.SetDBHeight(uint32(entries))
	for i := range entries {
		b.GetBody().AddEBEntry(primitives.Sha([]byte(strconv.Itoa(i))))
		if i%4 == 3 || i == entries-1 {
			b.GetBody().AddEndOfMinuteMarker(byte(i/4%10 + 1))
		}
	}
	raw, err := b.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	return b, raw
}

// serveRaw is a node that has one piece of raw data.
func serveRaw(t *testing.T, data string) *Client {
	return asked(t, "raw-data", "hash="+localGenesis, `{"result":{"data":"`+data+`"}}`)
}

// The key MR of an entry block is computed as factomd's own code does, however its
// entries and the marks between them divide into halves.
func TestRawEntryBlock(t *testing.T) {
	for entries := range 45 {
		b, raw := rawBlock(t, entries)
		want, err := b.KeyMR()
		if err != nil {
			t.Fatal(err)
		}
		got, err := serveRaw(t, hex.EncodeToString(raw)).RawEntryBlock(t.Context(), hash(localGenesis))
		if err != nil {
			t.Fatal(err)
		}
		var listed []Hash
		for i := range entries {
			listed = append(listed, primitives.Sha([]byte(strconv.Itoa(i))).Fixed())
		}
		if got.Root.String() != want.String() || got.Height != uint32(entries) || got.Sequence != 3 || !slices.Equal(got.Entries, listed) ||
			got.ChainID != primitives.Sha([]byte("chain")).Fixed() || got.Previous != primitives.Sha([]byte("previous")).Fixed() {
			t.Errorf("with %d entries: key MR %s, got %+v", entries, want, got)
		}
	}
}

// Whatever byte of a block is another one, its key MR is another one, too, or it is
// no block.
func TestRawEntryBlockIsCommittedTo(t *testing.T) {
	_, raw := rawBlock(t, 7)
	whole, err := parseEntryBlock(raw)
	if err != nil {
		t.Fatal(err)
	}
	for i := range raw {
		forged := bytes.Clone(raw)
		forged[i] ^= 1
		if b, err := parseEntryBlock(forged); err == nil && b.Root == whole.Root {
			t.Errorf("byte %d of %d can be changed", i, len(raw))
		}
	}
}

// What is no block is wrong, and what has no end is not read.
func TestHostileRawEntryBlock(t *testing.T) {
	_, raw := rawBlock(t, 5)
	whole := hex.EncodeToString(raw)
	for name, data := range map[string]string{
		"nothing": "", "no hex": "zz" + whole[2:], "odd": whole[1:], "a header": whole[:200], "cut": whole[:len(whole)-2],
		"a hash less": whole[:len(whole)-64], "a hash more": whole + strings.Repeat("ab", 32), "no chain": strings.Repeat("00", 32) + whole[64:],
	} {
		_, err := serveRaw(t, data).RawEntryBlock(t.Context(), hash(localGenesis))
		if _, _, message := Classify(err); message != "reply is malformed" {
			t.Errorf("%s: %v", name, err)
		}
	}
	for name, reply := range map[string]string{"a number": `{"data":7}`, "deep": strings.Repeat("[", 20_000), "a list": `[]`} {
		_, err := asked(t, "raw-data", "hash="+localGenesis, `{"result":`+reply+`}`).RawEntryBlock(t.Context(), hash(localGenesis))
		if err == nil {
			t.Errorf("%s is a block", name)
		}
	}
	_, err := node(t, Options{}, func(w http.ResponseWriter, r *http.Request) {
		io.Copy(io.Discard, r.Body)
		io.WriteString(w, `{"result":{"data":"`)
		for filler := strings.Repeat("00", 1<<15); ; {
			if _, err := io.WriteString(w, filler); err != nil {
				return
			}
		}
	}).RawEntryBlock(t.Context(), hash(localGenesis))
	if _, _, message := Classify(err); message != "reply too large" {
		t.Errorf("without end: %v", err)
	}
}

// FuzzRawEntryBlock reads hostile bytes.
func FuzzRawEntryBlock(f *testing.F) {
	for _, entries := range []int{0, 1, 2, 5, 40} {
		_, raw := rawBlock(f, entries)
		f.Add(raw)
		f.Add(raw[:len(raw)-1])
	}
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, entryBlockHeader))
	f.Fuzz(func(t *testing.T, raw []byte) {
		b, err := parseEntryBlock(raw)
		if err != nil {
			return
		}
		if hashes := (len(raw) - entryBlockHeader) / hashSize; len(b.Entries) > hashes {
			t.Errorf("%d entries in %d hashes", len(b.Entries), hashes)
		}
		theirs, err := entryBlock.UnmarshalEBlock(raw)
		if err != nil {
			t.Fatalf("factomd does not read it: %v", err)
		}
		// factomd writes the body's root anew: only where it was right the two agree.
		stated := Hash(raw[hashSize : 2*hashSize])
		if stated != theirs.GetBody().MR().Fixed() {
			return
		}
		if want, err := theirs.KeyMR(); err != nil || b.Root != want.Fixed() {
			t.Errorf("key MR %s, want %s, %v", b.Root, want, err)
		}
	})
}
