package factomd

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/FactomProject/factom"
	"pgregory.net/rapid"
)

func TestHash(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := Hash(rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "hash"))
		parsed, err := ParseHash(h.String())
		if err != nil || parsed != h {
			t.Fatalf("%v became %v, %v", h, parsed, err)
		}
		var again Hash
		text, err := json.Marshal(h)
		if err == nil {
			err = json.Unmarshal(text, &again)
		}
		if err != nil || again != h {
			t.Fatalf("%v became %v in JSON, %v", h, again, err)
		}
	})
	for _, bad := range []string{"", "00", strings.Repeat("0", 63), strings.Repeat("0", 66), strings.Repeat("g", 64)} {
		if h, err := ParseHash(bad); err == nil || !h.IsZero() {
			t.Errorf("ParseHash(%q) = %v, %v", bad, h, err)
		}
	}
}

func TestLocalTestKey(t *testing.T) {
	k := LocalTestKey()
	if got, want := k.FactoidAddress(), "FA2jK2HcLnRdS94dEcU27rF3meoJfpUcZPSinpb7AwQvPRY6RL1Q"; got != want {
		t.Errorf("factoid address %s, want %s", got, want)
	}
	if !k.IsFactoid() || k.EC().IsFactoid() {
		t.Error("the test key is a factoid key, its EC key is not")
	}
	if k.EC().ECAddress() != k.ECAddress() || k.EC().String() != k.ECAddress() {
		t.Error("the EC key of the seed has another address")
	}
}

// TestKeysAgainstLibrary makes keys of random seeds with the client library and
// compares addresses and signatures.
func TestKeysAgainstLibrary(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seed := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "seed")
		message := rapid.SliceOf(rapid.Byte()).Draw(t, "message")
		ec, err := factom.MakeECAddress(bytes.Clone(seed))
		if err != nil {
			t.Fatal(err)
		}
		fct, err := factom.MakeFactoidAddress(bytes.Clone(seed))
		if err != nil {
			t.Fatal(err)
		}
		for _, secret := range []string{ec.SecString(), " " + fct.SecString() + "\n"} {
			k, err := ParseKey(secret)
			if err != nil {
				t.Fatal(err)
			}
			if k.ECAddress() != ec.PubString() || k.FactoidAddress() != fct.String() {
				t.Fatalf("addresses %s, %s; want %s, %s", k.ECAddress(), k.FactoidAddress(), ec, fct)
			}
			if k.Sign(message) != *ec.Sign(message) {
				t.Fatal("another signature")
			}
			if k.ECPublic() != *ec.Pub {
				t.Fatal("another public key")
			}
		}
	})
}

// TestKeyIsNeverShown prints keys in every way and looks for their secret in
// every form.
func TestKeyIsNeverShown(t *testing.T) {
	factoid := LocalTestKey()
	const seed = "fb3b471b1dcdadfeb856bd0b02d8bf49ace0edd372a3d9f2a95b78ec12a324d6"
	ec, err := factom.MakeECAddress(must(hex.DecodeString(seed)))
	if err != nil {
		t.Fatal(err)
	}
	credit, err := ParseKey(ec.SecString())
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range []Key{factoid, credit} {
		type holder struct{ hidden Key }
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, verb+"\n", k)
			fmt.Fprintf(&out, verb+"\n", &k)
			fmt.Fprintf(&out, verb+"\n", holder{k})
			fmt.Fprintf(&out, verb+"\n", []any{k, holder{k}})
		}
		json.NewEncoder(&out).Encode(map[string]any{"key": k, "holder": holder{k}})
		slog.New(slog.NewTextHandler(&out, nil)).Info("key", "key", k, "holder", holder{k})
		slog.New(slog.NewJSONHandler(&out, nil)).Info("key", "key", k)

		printed := strings.ToLower(out.String())
		for _, secret := range []string{seed, localTestSecret, ec.SecString(), "251 59 71 27", "0xfb, 0x3b", "fb 3b 47"} {
			if strings.Contains(printed, strings.ToLower(secret)) {
				t.Errorf("%s is shown in\n%s", secret, out.String())
			}
		}
		if !strings.Contains(out.String(), k.String()) {
			t.Errorf("the public address is not shown in\n%s", out.String())
		}
	}
	if got := fmt.Sprint(Key{}); got != "(no key)" {
		t.Errorf("no key prints as %q", got)
	}
}

func TestParseKeyRefuses(t *testing.T) {
	k := LocalTestKey()
	mistyped := strings.Replace(localTestSecret, "9", "8", 1)
	for name, input := range map[string]string{
		"empty":    "",
		"short":    localTestSecret[:51],
		"long":     localTestSecret + "1",
		"mistyped": mistyped,
		"EC":       k.ECAddress(),
		"FA":       k.FactoidAddress(),
		"no ASCII": strings.Repeat("é", 26),
		"spaces":   strings.Repeat(" ", 52),
	} {
		_, err := ParseKey(input)
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if input != "" && strings.Contains(err.Error(), input) {
			t.Errorf("%s: the error repeats the input: %v", name, err)
		}
	}
	if _, err := ParseKey(k.FactoidAddress()); !strings.Contains(err.Error(), "Fs...") {
		t.Errorf("a public address gets no hint: %v", err)
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(localTestSecret)
	f.Add(LocalTestKey().ECAddress())
	f.Add(strings.Repeat("1", 52))
	f.Add("\xff")
	f.Fuzz(func(t *testing.T, secret string) {
		k, err := ParseKey(secret)
		if err != nil {
			if len(secret) == addressLength && strings.Contains(err.Error(), secret) {
				t.Errorf("the error repeats the input: %v", err)
			}
			return
		}
		if factom.AddressStringType(k.ECAddress()) != factom.ECPub {
			t.Errorf("the key's address is not one: %s", k.ECAddress())
		}
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
