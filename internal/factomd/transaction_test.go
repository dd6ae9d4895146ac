package factomd

import (
	"bytes"
	"math"
	"testing"

	"github.com/FactomProject/factomd/common/factoid"
	"github.com/FactomProject/factomd/common/primitives"
	"pgregory.net/rapid"
)

// TestTransactionAgainstFactomd builds the same purchase with factomd's own
// types, as its wallet does, and compares every byte.
func TestTransactionAgainstFactomd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := newKey(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed"), true)
		to := [32]byte(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "to"))
		credits := rapid.Uint64Range(1, 1e9).Draw(t, "credits")
		rate := rapid.Uint64Range(1, 1e9).Draw(t, "rate")
		ms := rapid.Int64Range(0, 1<<47).Draw(t, "ms")
		tx, txid, err := BuyCredits(key, to, credits, rate, ms)
		if err != nil {
			t.Fatal(err)
		}

		public := key.ECPublic()
		rcd := factoid.NewRCD_1(public[:])
		address, err := rcd.GetAddress()
		if err != nil {
			t.Fatal(err)
		}
		want := new(factoid.Transaction)
		want.SetTimestamp(primitives.NewTimestampFromMilliseconds(uint64(ms)))
		want.AddInput(address, credits*rate)
		want.AddRCD(rcd)
		want.AddECOutput(factoid.NewAddress(to[:]), credits*rate)
		fee, err := want.CalculateFee(rate)
		if err != nil {
			t.Fatal(err)
		}
		want.GetInputs()[0].SetAmount(credits*rate + fee)
		want.SetSignatureBlock(0, factoid.NewSingleSignatureBlock(key.private()[:32], must(want.MarshalBinarySig())))

		if !bytes.Equal(tx, must(want.MarshalBinary())) {
			t.Fatalf("transaction\n%x, want\n%x", tx, must(want.MarshalBinary()))
		}
		if !bytes.Equal(txid[:], want.GetSigHash().Bytes()) {
			t.Fatal("another transaction id")
		}
		if got, err := transactionID(tx); err != nil || got != txid {
			t.Fatalf("the transaction's id is read as %v, %v", got, err)
		}
		parsed := new(factoid.Transaction)
		if err := parsed.UnmarshalBinary(tx); err != nil {
			t.Fatal(err)
		}
		if err := parsed.ValidateSignatures(); err != nil {
			t.Fatal(err)
		}
		if paid := parsed.GetInputs()[0].GetAmount() - parsed.GetECOutputs()[0].GetAmount(); paid != fee {
			t.Fatalf("pays a fee of %d, want %d", paid, fee)
		}
	})
}

func TestVarint(t *testing.T) {
	check := func(t interface{ Fatalf(string, ...any) }, v uint64) {
		var want primitives.Buffer
		if err := primitives.EncodeVarInt(&want, v); err != nil {
			t.Fatalf("%v", err)
		}
		if got := appendVarint(nil, v); !bytes.Equal(got, want.DeepCopyBytes()) {
			t.Fatalf("%d is written as %x, want %x", v, got, want.DeepCopyBytes())
		}
	}
	for _, v := range []uint64{0, 1, 127, 128, 255, 256, 1<<14 - 1, 1 << 14, 1<<63 - 1, 1 << 63, math.MaxUint64} {
		check(t, v)
	}
	rapid.Check(t, func(t *rapid.T) { check(t, rapid.Uint64().Draw(t, "v")) })
}

func TestBuyCreditsRefuses(t *testing.T) {
	key := LocalTestKey()
	for name, buy := range map[string]func() error{
		"an EC key": func() error { _, _, err := BuyCredits(key.EC(), key.ECPublic(), 1, 1, 1); return err },
		"no key":    func() error { _, _, err := BuyCredits(Key{}, key.ECPublic(), 1, 1, 1); return err },
		"nothing":   func() error { _, _, err := BuyCredits(key, key.ECPublic(), 0, 1, 1); return err },
		"no rate":   func() error { _, _, err := BuyCredits(key, key.ECPublic(), 1, 0, 1); return err },
		"too much":  func() error { _, _, err := BuyCredits(key, key.ECPublic(), math.MaxInt64, 2, 1); return err },
		"wrapping":  func() error { _, _, err := BuyCredits(key, key.ECPublic(), math.MaxUint64, 1, 1); return err },
	} {
		if buy() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, tx := range [][]byte{nil, make([]byte, 9), {2, 0, 0, 0, 0, 0, 0, 200, 0, 1, 0}} {
		if id, err := transactionID(tx); err == nil {
			t.Errorf("%x has the id %s", tx, id)
		}
	}
}
