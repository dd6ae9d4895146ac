package factomd

import (
	"bytes"
	"encoding/hex"
)

// The lengths of commits in bytes, and of the part of them that is signed.
const (
	entryCommitSize   = 136
	chainCommitSize   = 200
	entryCommitSigned = 40
	chainCommitSigned = 104
)

// The methods that submit, with the name of their parameter.
const (
	MethodCommitEntry = "commit-entry" // ParamMessage
	MethodCommitChain = "commit-chain" // ParamMessage
	MethodRevealEntry = "reveal-entry" // ParamEntry
	MethodRevealChain = "reveal-chain" // ParamEntry

	ParamMessage = "message"
	ParamEntry   = "entry"
)

// AppendCommitEntry appends the 136 bytes that pay for an entry of a chain that
// exists. See [AppendUnsignedCommitEntry] for ms and the credits.
func AppendCommitEntry(dst []byte, ms int64, entry Hash, credits int, k Key) []byte {
	start := len(dst)
	dst = AppendUnsignedCommitEntry(dst, ms, entry, credits)
	return AppendSignature(dst, k, k.Sign(dst[start:]))
}

// AppendUnsignedCommitEntry appends the part of a commit that is signed. The time
// ms is Unix milliseconds: a node drops, without a word, what is more than an hour
// off its own clock. The credits are 1 to 10.
func AppendUnsignedCommitEntry(dst []byte, ms int64, entry Hash, credits int) []byte {
	dst = append(dst, 0) // version
	dst = appendMilliseconds(dst, ms)
	dst = append(dst, entry[:]...)
	return append(dst, byte(credits))
}

// AppendCommitChain appends the 200 bytes that pay for a new chain and its
// first entry. See [AppendUnsignedCommitChain] for ms and the credits.
func AppendCommitChain(dst []byte, ms int64, chain, entry Hash, credits int, k Key) []byte {
	start := len(dst)
	dst = AppendUnsignedCommitChain(dst, ms, chain, entry, credits)
	return AppendSignature(dst, k, k.Sign(dst[start:]))
}

// AppendUnsignedCommitChain appends the part of a commit that is signed. See
// [AppendUnsignedCommitEntry] for ms; the credits are 11 to 20.
func AppendUnsignedCommitChain(dst []byte, ms int64, chain, entry Hash, credits int) []byte {
	var both [64]byte
	copy(both[:], entry[:])
	copy(both[32:], chain[:])
	weld := doubleHash(both[:])
	chainHash := doubleHash(chain[:])

	dst = append(dst, 0) // version
	dst = appendMilliseconds(dst, ms)
	dst = append(dst, chainHash[:]...)
	dst = append(dst, weld[:]...)
	dst = append(dst, entry[:]...)
	return append(dst, byte(credits))
}

// AppendSubmit appends the JSON-RPC request that submits binary, for example
//
//	{"jsonrpc":"2.0","id":0,"method":"commit-entry","params":{"message":"00..."}}
//
// Method and param are sent as they are.
func AppendSubmit(dst []byte, method string, param string, binary []byte) []byte {
	dst = append(dst, `{"jsonrpc":"2.0","id":0,"method":"`...)
	dst = append(dst, method...)
	dst = append(dst, `","params":{"`...)
	dst = append(dst, param...)
	dst = append(dst, `":"`...)
	dst = hex.AppendEncode(dst, binary)
	return append(dst, `"}}`...)
}

// SubmitMethod returns the method of a request that [AppendSubmit] made, or of one
// that looks alike.
func SubmitMethod(request []byte) string {
	_, rest, _ := bytes.Cut(request[:min(len(request), 100)], []byte(`"method":"`))
	method, _, _ := bytes.Cut(rest, []byte(`"`))
	return string(method)
}

// appendMilliseconds appends the low 48 bits of ms.
func appendMilliseconds(dst []byte, ms int64) []byte {
	return append(dst, byte(ms>>40), byte(ms>>32), byte(ms>>24), byte(ms>>16), byte(ms>>8), byte(ms))
}

// AppendSignature completes a commit whose signed part it is appended to.
func AppendSignature(dst []byte, k Key, signature [64]byte) []byte {
	public := k.ECPublic()
	dst = append(dst, public[:]...)
	return append(dst, signature[:]...)
}
