package factomd

import (
	"encoding/hex"
	"encoding/json"
	"testing"

	"github.com/FactomProject/factom"
	"github.com/FactomProject/factom/wallet"
)

// A purchase is, byte for byte, what the factom library's wallet composes and
// signs for the same amounts at the same time.
func TestBuyCreditsIsTheWallets(t *testing.T) {
	const rate = 1000
	from := LocalTestKey()
	for _, credits := range []uint64{1, 127, 1480, 50_000, 20_000_000} {
		w, err := wallet.NewMapDBWallet()
		if err != nil {
			t.Fatal(err)
		}
		address, err := factom.GetFactoidAddress(localTestSecret)
		if err != nil {
			t.Fatal(err)
		}
		const name = "purchase"
		for _, step := range []error{
			w.InsertFCTAddress(address),
			w.NewTransaction(name),
			w.AddInput(name, address.String(), (credits+BuyFee)*rate),
			w.AddECOutput(name, from.ECAddress(), credits*rate),
			w.SignTransaction(name, true),
		} {
			if step != nil {
				t.Fatal(step)
			}
		}
		request, err := w.ComposeTransaction(name)
		if err != nil {
			t.Fatal(err)
		}
		var params struct{ Transaction string }
		if err := json.Unmarshal(request.Params, &params); err != nil {
			t.Fatal(err)
		}
		want, err := hex.DecodeString(params.Transaction)
		if err != nil {
			t.Fatal(err)
		}
		var ms int64 // the wallet's time is its own
		for _, b := range want[1:7] {
			ms = ms<<8 | int64(b)
		}
		got, _, err := BuyCredits(from, from.ECPublic(), credits, rate, ms)
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != string(want) {
			t.Errorf("%d credits:\n got %x\nwant %x", credits, got, want)
		}
	}
}
