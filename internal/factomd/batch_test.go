package factomd

import (
	"crypto/ed25519"
	"testing"

	"pgregory.net/rapid"
)

// A batch signs as crypto/ed25519 does, which has one signature for a message.
func TestSignatureBatch(t *testing.T) {
	var batch SignatureBatch
	rapid.Check(t, func(t *rapid.T) {
		var keys []Key
		var messages [][]byte
		batch.Reset()
		for range rapid.IntRange(0, 70).Draw(t, "signatures") {
			seed := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed")
			keys = append(keys, ECKey([32]byte(seed)))
			messages = append(messages, rapid.SliceOfN(rapid.Byte(), 0, maxSigned).Draw(t, "message"))
			batch.Add(keys[len(keys)-1], messages[len(messages)-1])
		}
		told := 0
		batch.Sign(func(i int, signature [64]byte) {
			told++
			public := keys[i].ECPublic()
			if signature != keys[i].Sign(messages[i]) || !ed25519.Verify(public[:], messages[i], signature[:]) {
				t.Errorf("signature %d differs", i)
			}
		})
		if told != len(keys) {
			t.Errorf("%d signatures of %d", told, len(keys))
		}
	})
}

func TestSignatureBatchAllocatesNothing(t *testing.T) {
	key, message := LocalTestKey().EC(), make([]byte, maxSigned)
	var batch SignatureBatch
	sign := func() {
		batch.Reset()
		for range 64 {
			batch.Add(key, message)
		}
		batch.Sign(func(int, [64]byte) {})
	}
	sign()
	if n := testing.AllocsPerRun(10, sign); n > 0 {
		t.Errorf("%g allocations", n)
	}
}
