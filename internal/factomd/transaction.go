package factomd

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"math/bits"
)

const (
	transactionHeader = 10      // version, time, and three counts
	transactionProof  = 33 + 64 // the redeem condition and the signature of one input
)

// BuyFee is what [BuyCredits] costs besides, in entry credits: 1 for the size, 10
// for the output, 1 for the signature.
const BuyFee = 12

// BuyCredits returns a signed transaction that turns factoids of from into
// entry credits of the key toECPublic, and its id. The rate is in factoshis for
// one entry credit. The input is credits*rate plus the fee of 12*rate, which is
// what factomd asks of one input and one output below 1 KiB. For ms see
// [AppendCommitEntry].
func BuyCredits(from Key, toECPublic [32]byte, credits, rate uint64, ms int64) (tx []byte, txid Hash, err error) {
	if !from.IsFactoid() {
		return nil, Hash{}, errors.New("buying entry credits takes a factoid key (Fs...)")
	}
	if credits == 0 || rate == 0 {
		return nil, Hash{}, fmt.Errorf("buying %d entry credits at a rate of %d factoshis: both must be above 0", credits, rate)
	}
	overflow, input := bits.Mul64(credits+BuyFee, rate)
	if overflow != 0 || input > math.MaxInt64 || credits+BuyFee < credits {
		return nil, Hash{}, fmt.Errorf("buying %d entry credits at a rate of %d factoshis: more than a transaction can hold", credits, rate)
	}
	public := from.ECPublic()
	condition := append([]byte{1}, public[:]...)
	source := doubleHash(condition)

	tx = append(tx, 2) // version
	tx = appendMilliseconds(tx, ms)
	tx = append(tx, 1, 0, 1) // inputs, factoid outputs, entry-credit outputs
	tx = appendVarint(tx, input)
	tx = append(tx, source[:]...)
	tx = appendVarint(tx, credits*rate)
	tx = append(tx, toECPublic[:]...)
	txid = sha256.Sum256(tx)
	signature := from.Sign(tx)
	tx = append(tx, condition...)
	return append(tx, signature[:]...), txid, nil
}

// BuyCost returns what [BuyCredits] takes from the factoid address, in factoshis,
// or the largest number if it is more than that.
func BuyCost(credits, rate uint64) uint64 {
	overflow, cost := bits.Mul64(credits+BuyFee, rate)
	if overflow != 0 || credits+BuyFee < credits {
		return math.MaxUint64
	}
	return cost
}

// transactionID returns the id of a transaction whose inputs are all signed
// with one key each: the hash of what comes before their proofs.
func transactionID(tx []byte) (Hash, error) {
	if len(tx) < transactionHeader {
		return Hash{}, errors.New("not a transaction: too short")
	}
	signed := len(tx) - int(tx[7])*transactionProof
	if signed < transactionHeader {
		return Hash{}, errors.New("not a transaction: signatures are missing")
	}
	return sha256.Sum256(tx[:signed]), nil
}

// appendVarint appends v in groups of 7 bits, the most significant first, with
// the high bit set on all but the last.
func appendVarint(dst []byte, v uint64) []byte {
	for shift := 63; shift > 0; shift -= 7 {
		if v>>shift != 0 {
			dst = append(dst, byte(v>>shift)|0x80)
		}
	}
	return append(dst, byte(v)&0x7f)
}
