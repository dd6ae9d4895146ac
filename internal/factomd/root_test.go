package factomd_test

import (
	"encoding/json"
	"net/http"
	"strconv"
	"testing"

	"github.com/FactomProject/factomd/common/directoryBlock"
	"github.com/FactomProject/factomd/common/primitives"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
)

// The key MR of a block is computed as factomd's own code does, whatever is in it
// and however its list divides into halves.
func TestDirectoryBlockRoot(t *testing.T) {
	var reply string
	node := factomdtest.New(t, factomdtest.Options{Fault: func(factomdtest.Call) *factomdtest.Fault {
		return &factomdtest.Fault{Answer: factomdtest.Says(http.StatusOK, reply)}
	}})
	client := newClient(t, factomd.Options{URL: node.URL()})
	b := directoryBlock.NewDirectoryBlock(nil).(*directoryBlock.DirectoryBlock)
	for n := range 20 {
		made := func(m int) *primitives.Hash { return primitives.Sha([]byte(strconv.Itoa(n + m))).(*primitives.Hash) }
		b.Header.SetVersion(byte(n))
		b.Header.SetNetworkID(uint32(n) << 27)
		b.Header.SetDBHeight(uint32(n))
		b.Header.SetTimestamp(primitives.NewTimestampFromMinutes(uint32(29_000_000 + n)))
		b.Header.SetPrevKeyMR(made(1000))
		b.Header.SetPrevFullHash(made(2000))
		text, err := json.Marshal(map[string]any{"result": map[string]any{"dblock": b}})
		if err != nil {
			t.Fatal(err)
		}
		reply = string(text)
		want := b.GetKeyMR().String()
		if got, err := client.DirectoryBlock(t.Context(), uint32(n)); err != nil || got.Root.String() != want || got.KeyMR.String() != want {
			t.Errorf("with %d chains: key MR %s, computed %s, want %s: %v", len(got.Chains), got.KeyMR, got.Root, want, err)
		}
		b.AddEntry(made(3000), made(4000))
		b.Sort()
	}
}
