package factomd

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
)

const (
	// HeaderSize is what an entry's binary form has before its payload: the
	// version, the chain id, and the length of the ExtIDs.
	HeaderSize = 35
	// MaxPayload is the most that an entry may carry, in bytes: its content,
	// its ExtIDs, and 2 bytes for each ExtID.
	MaxPayload = 10240
)

// chainCredits is what a new chain costs on top of its first entry.
const chainCredits = 10

// An Entry is what is written into a chain. Its payload must not be above
// [MaxPayload].
type Entry struct {
	ChainID Hash
	ExtIDs  [][]byte
	Content []byte
}

// Payload returns the size that the network charges for, in bytes.
func (e *Entry) Payload() int { return e.extIDsSize() + len(e.Content) }

func (e *Entry) extIDsSize() int {
	n := 0
	for _, id := range e.ExtIDs {
		n += 2 + len(id)
	}
	return n
}

// Append appends the binary form of e, which is what a reveal sends and what
// its hash is of: [HeaderSize] plus e.Payload() bytes.
func (e *Entry) Append(dst []byte) []byte {
	dst = append(dst, 0) // version
	dst = append(dst, e.ChainID[:]...)
	dst = binary.BigEndian.AppendUint16(dst, uint16(e.extIDsSize()))
	for _, id := range e.ExtIDs {
		dst = binary.BigEndian.AppendUint16(dst, uint16(len(id)))
		dst = append(dst, id...)
	}
	return append(dst, e.Content...)
}

// EntryHash returns the hash of an entry in binary form:
// SHA-256(SHA-512(binary) + binary).
func EntryHash(binary []byte) Hash {
	first := sha512.Sum512(binary)
	h := sha256.New()
	h.Write(first[:])
	h.Write(binary)
	var hash Hash
	h.Sum(hash[:0])
	return hash
}

// ChainID returns the id of the chain whose first entry has these ExtIDs: the
// SHA-256 of their SHA-256 hashes in a row.
func ChainID(extids [][]byte) Hash {
	h := sha256.New()
	for _, id := range extids {
		sum := sha256.Sum256(id)
		h.Write(sum[:])
	}
	var id Hash
	h.Sum(id[:0])
	return id
}

// Cost returns the price of an entry in entry credits: 1 for each KiB begun of
// its payload, at least 1, and 10 more if it begins a chain.
func Cost(payload int, newChain bool) int {
	credits := max(1, (payload+1023)/1024)
	if newChain {
		credits += chainCredits
	}
	return credits
}

// doubleHash returns SHA-256(SHA-256(b)).
func doubleHash(b []byte) Hash {
	first := sha256.Sum256(b)
	return sha256.Sum256(first[:])
}
