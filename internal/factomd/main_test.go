package factomd

import (
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// testHash returns a hash made of one byte.
func testHash(b byte) (h Hash) {
	for i := range h {
		h[i] = b
	}
	return h
}
