package factomd

import (
	"bytes"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
)

// tlsConfig says whom a client trusts: the authorities in ca (PEM), or the
// system's if it is empty; or, whoever signed it, the one certificate whose
// SHA-256 is pin. factomd makes itself a certificate that nobody signed (its
// flag -tls), which is what a pin is for.
func tlsConfig(ca []byte, pin string) (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	switch {
	case len(ca) > 0 && pin != "":
		return nil, errors.New("a certificate authority and a pinned certificate exclude each other")
	case len(ca) > 0:
		c.RootCAs = x509.NewCertPool()
		if !c.RootCAs.AppendCertsFromPEM(ca) {
			return nil, errors.New("there is no certificate in PEM form in the certificate authority's file")
		}
	case pin != "":
		want, err := ParsePin(pin)
		if err != nil {
			return nil, err
		}
		// What is checked below takes the place of the usual checks.
		c.InsecureSkipVerify = true
		c.VerifyConnection = func(s tls.ConnectionState) error {
			if got := sha256.Sum256(s.PeerCertificates[0].Raw); !bytes.Equal(got[:], want[:]) {
				return &tls.CertificateVerificationError{
					UnverifiedCertificates: s.PeerCertificates,
					Err:                    fmt.Errorf("its SHA-256 is %x, and another one is pinned", got),
				}
			}
			return nil
		}
	}
	return c, nil
}

// ParsePin reads the SHA-256 of a certificate: 64 hex digits, with or without
// colons, as "openssl x509 -fingerprint -sha256" prints it.
func ParsePin(text string) (pin [32]byte, err error) {
	b, err := hex.DecodeString(strings.ReplaceAll(text, ":", ""))
	if err != nil || len(b) != len(pin) {
		return pin, errors.New("a pinned certificate is written as its SHA-256, in 64 hex digits")
	}
	return [32]byte(b), nil
}
