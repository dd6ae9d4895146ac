package testnet_test

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"testing"
	"time"
)

// testSeed is the public key of everybody's: it holds the coins of the genesis
// block of LOCAL networks.
const testSeed = "fb3b471b1dcdadfeb856bd0b02d8bf49ace0edd372a3d9f2a95b78ec12a324d6"

// testTransaction buys entry credits: a network is usable when its leader
// acknowledges that.
func testTransaction(t *testing.T, n api) {
	seed, err := hex.DecodeString(testSeed)
	if err != nil {
		t.Fatal(err)
	}
	key := ed25519.NewKeyFromSeed(seed)
	public := key.Public().(ed25519.PublicKey)
	rcd := append([]byte{1}, public...)
	address := sha256.Sum256(rcd)
	address = sha256.Sum256(address[:])

	const credits, fee = 1_000_000, 12_000 // factoshis
	tx := []byte{2}
	tx = append(tx, binary.BigEndian.AppendUint64(nil, uint64(time.Now().UnixMilli()))[2:]...)
	tx = append(tx, 1, 0, 1) // inputs, outputs, outputs in entry credits
	tx = append(appendVarint(tx, credits+fee), address[:]...)
	tx = append(appendVarint(tx, credits), public...)
	id := sha256.Sum256(tx)
	signed := append(append(append([]byte(nil), tx...), rcd...), ed25519.Sign(key, tx)...)

	call(t, n, "factoid-submit", map[string]string{"transaction": hex.EncodeToString(signed)})
	deadline := time.Now().Add(20 * time.Second)
	for {
		var ack struct{ Status string }
		result := call(t, n, "ack", map[string]string{"hash": hex.EncodeToString(id[:]), "chainid": "f"})
		if err := json.Unmarshal(result, &ack); err != nil {
			t.Fatal(err)
		}
		if ack.Status == "TransactionACK" || ack.Status == "DBlockConfirmed" {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not acknowledged: %s", result)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// appendVarint appends n in groups of 7 bits, the most significant first.
func appendVarint(b []byte, n uint64) []byte {
	groups := []byte{byte(n & 0x7f)}
	for n >>= 7; n > 0; n >>= 7 {
		groups = append([]byte{byte(n&0x7f) | 0x80}, groups...)
	}
	return append(b, groups...)
}
