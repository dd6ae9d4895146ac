package factomd

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/FactomProject/btcutil/base58"
	"github.com/FactomProject/factom"
)

// addressLength is the length of every Factom address, secret or public, in
// characters: base58 of 38 bytes.
const addressLength = 52

// localTestSecret is published in factomd's source. It owns 20,000 FCT in the
// genesis block of LOCAL and custom networks and nothing that is worth anything.
const localTestSecret = "Fs3E9gV6DXsYzf7Fqx1fVBQPQXV695eP3k5XbmHEZVRLkMdD9qCK"

// A Key is an entry-credit key (Es...) or a factoid key (Fs...). Printing it in
// any way shows its public address. The zero Key is no key: it prints, but
// cannot sign.
type Key struct {
	// Functions, because fmt follows everything else: where it meets a Key in
	// an unexported field of something, it cannot call the methods below.
	private  func() ed25519.PrivateKey
	expanded func() *expandedKey
	public   [32]byte
	factoid  bool
}

// ParseKey reads a secret key: Es... or Fs..., white space around it ignored.
// The error never has the input in it.
func ParseKey(secret string) (Key, error) {
	secret = strings.TrimSpace(secret)
	if len(secret) != addressLength {
		return Key{}, errors.New("not a Factom key: want the 52 characters of an Es... or Fs... key")
	}
	switch factom.AddressStringType(secret) {
	case factom.ECSec:
		a, err := factom.GetECAddress(secret)
		if err != nil {
			return Key{}, errors.New("not a valid Es... key")
		}
		return newKey(a.SecBytes()[:32], false), nil
	case factom.FactoidSec:
		a, err := factom.GetFactoidAddress(secret)
		if err != nil {
			return Key{}, errors.New("not a valid Fs... key")
		}
		return newKey(a.SecBytes()[:32], true), nil
	case factom.ECPub:
		return Key{}, errors.New("this is a public address (EC...): the secret key (Es...) is needed to sign")
	case factom.FactoidPub:
		return Key{}, errors.New("this is a public address (FA...): the secret key (Fs...) is needed to sign")
	}
	return Key{}, errors.New("not a Factom key: the checksum is wrong, is a character missing or mistyped?")
}

// ParseECAddress reads a public entry-credit address (EC...), white space around it
// ignored. The error never has the input in it: it may be a secret.
func ParseECAddress(address string) (public [32]byte, err error) {
	address = strings.TrimSpace(address)
	if len(address) != addressLength || factom.AddressStringType(address) != factom.ECPub {
		return public, errors.New("not a public entry-credit address: want the 52 characters of an EC... address")
	}
	// Two bytes of prefix, the key, four bytes of checksum, which was checked.
	return [32]byte(base58.Decode(address)[2:34]), nil
}

// ECKey returns the entry-credit key of a seed.
func ECKey(seed [32]byte) Key { return newKey(seed[:], false) }

func newKey(seed []byte, factoid bool) Key {
	private, expanded := ed25519.NewKeyFromSeed(seed), expand(seed)
	return Key{
		private:  func() ed25519.PrivateKey { return private },
		expanded: func() *expandedKey { return expanded },
		public:   [32]byte(private[32:]),
		factoid:  factoid,
	}
}

// LocalTestKey returns the factoid key that is rich on LOCAL networks and
// public: never use it where credits are worth something.
func LocalTestKey() Key {
	k, err := ParseKey(localTestSecret)
	if err != nil {
		panic(err) // the constant is wrong
	}
	return k
}

// IsFactoid reports whether k was an Fs... key, one that can buy credits.
func (k Key) IsFactoid() bool { return k.factoid }

// EC returns the entry-credit key of the same seed: k itself for an Es... key,
// and for an Fs... key the one that its bought credits go to.
func (k Key) EC() Key {
	k.factoid = false
	return k
}

// ECAddress returns the public entry-credit address (EC...) of the seed.
func (k Key) ECAddress() string {
	return (&factom.ECAddress{Pub: &k.public}).PubString()
}

// FactoidAddress returns the public factoid address (FA...) of the seed.
func (k Key) FactoidAddress() string {
	return (&factom.FactoidAddress{RCD: &factom.RCD1{Pub: &k.public}}).String()
}

// ECPublic returns the ed25519 public key.
func (k Key) ECPublic() [32]byte { return k.public }

// Sign returns the ed25519 signature of message.
func (k Key) Sign(message []byte) [64]byte {
	return [64]byte(ed25519.Sign(k.private(), message))
}

// String returns the public address: FA... for a factoid key, else EC...
func (k Key) String() string {
	switch {
	case k.private == nil:
		return "(no key)"
	case k.factoid:
		return k.FactoidAddress()
	}
	return k.ECAddress()
}

// GoString implements [fmt.GoStringer]: the public address.
func (k Key) GoString() string { return k.String() }

// Format implements [fmt.Formatter]: the public address, whatever the verb.
func (k Key) Format(f fmt.State, _ rune) { io.WriteString(f, k.String()) }

// MarshalText implements [encoding.TextMarshaler]: the public address. There is
// no way back.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.String()), nil }
