package factomd

import (
	"crypto/sha512"

	"filippo.io/edwards25519"
	"filippo.io/edwards25519/field"
)

// A SignatureBatch makes the signatures of many commits for less than they cost
// one by one: the same signatures as [Key.Sign] makes, byte for byte.
//
// A third of an Ed25519 signature's time goes into a single division, which
// brings a point of the curve to its 32 bytes. Any number of divisions cost but
// one and three multiplications each if they are made together (Montgomery's
// trick). The zero SignatureBatch is empty; it can be used again and again, and
// then allocates nothing.
type SignatureBatch struct{ items []batchItem }

// batchItem is a signature in the making (RFC 8032, 5.1.6).
type batchItem struct {
	key     Key
	message []byte
	nonce   edwards25519.Scalar // r
	x, y, z field.Element       // R = r·B, in projective coordinates
	product field.Element       // of the z of this and all items before it
}

// maxSigned is the longest part of a commit that is signed, in bytes.
const maxSigned = chainCommitSigned

// Reset empties the batch.
func (b *SignatureBatch) Reset() { b.items = b.items[:0] }

// Add begins the signature of a message of at most 104 bytes, as the signed part
// of any commit is. The message must stay as it is until the batch is signed. This
// is where most of the time goes.
func (b *SignatureBatch) Add(k Key, message []byte) {
	if n := len(b.items); n < cap(b.items) {
		b.items = b.items[:n+1]
	} else {
		b.items = append(b.items, batchItem{})
	}
	n := len(b.items) - 1
	item := &b.items[n]
	item.key, item.message = k, message

	var buffer [32 + maxSigned]byte
	hashed := append(append(buffer[:0], k.expanded().prefix[:]...), message...)
	setHash(&item.nonce, hashed)
	var r edwards25519.Point
	r.ScalarBaseMult(&item.nonce)
	x, y, z, _ := r.ExtendedCoordinates()
	item.x.Set(x)
	item.y.Set(y)
	item.z.Set(z)
	item.product.Set(z)
	if n > 0 {
		item.product.Multiply(&b.items[n-1].product, z)
	}
}

// Sign completes the signatures and tells of each, the last first.
func (b *SignatureBatch) Sign(tell func(i int, signature [64]byte)) {
	if len(b.items) == 0 {
		return
	}
	var inverse field.Element // of the product of all z up to the item's
	inverse.Invert(&b.items[len(b.items)-1].product)
	for i := len(b.items) - 1; i >= 0; i-- {
		item := &b.items[i]
		one := inverse // of the item's z alone
		if i > 0 {
			one.Multiply(&inverse, &b.items[i-1].product)
			inverse.Multiply(&inverse, &item.z)
		}
		tell(i, item.sign(&one))
	}
}

// sign completes a signature with the inverse of z.
func (item *batchItem) sign(inverse *field.Element) (signature [64]byte) {
	var x, y field.Element
	x.Multiply(&item.x, inverse)
	y.Multiply(&item.y, inverse)
	copy(signature[:32], y.Bytes())
	signature[31] |= byte(x.IsNegative()) << 7

	var buffer [32 + 32 + maxSigned]byte
	hashed := append(append(append(buffer[:0], signature[:32]...), item.key.public[:]...), item.message...)
	var k, s edwards25519.Scalar
	setHash(&k, hashed)
	s.MultiplyAdd(&k, &item.key.expanded().scalar, &item.nonce)
	copy(signature[32:], s.Bytes())
	return signature
}

// setHash sets a scalar to the SHA-512 of a text, modulo the order of the group.
func setHash(s *edwards25519.Scalar, text []byte) {
	sum := sha512.Sum512(text)
	if _, err := s.SetUniformBytes(sum[:]); err != nil {
		panic(err) // of 64 bytes it cannot fail
	}
}

// expandedKey is what a seed comes to before it signs.
type expandedKey struct {
	scalar edwards25519.Scalar
	prefix [32]byte
}

func expand(seed []byte) *expandedKey {
	sum := sha512.Sum512(seed)
	var e expandedKey
	if _, err := e.scalar.SetBytesWithClamping(sum[:32]); err != nil {
		panic(err) // of 32 bytes it cannot fail
	}
	copy(e.prefix[:], sum[32:])
	return &e
}
