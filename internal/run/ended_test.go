package run

import (
	"strings"
	"testing"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// The entries of a payer are charged as they are composed, which is before the
// node takes them from the balance.
func TestPayerEnded(t *testing.T) {
	type look struct{ have, charged int64 }
	start := time.Now()
	for _, c := range []struct {
		name        string
		had, bought int64
		every       time.Duration
		looks       []look
		want        string // of the last look; the others must say nothing
	}{
		{"all is well", 0, 500, time.Second, []look{{500, 20}, {400, 150}}, ""},
		{"exactly spent", 0, 500, time.Second, []look{{30, 500}, {5, 500}, {0, 500}, {0, 500}}, ""},
		{"more was there", 10_000, 0, time.Second, []look{{9_990, 20}, {9_500, 500}}, ""},
		{"refused entries are not paid", 0, 500, time.Second, []look{{9, 500}, {9, 500}}, ""},
		{"others spend", 0, 500, time.Second, []look{{300, 200}, {0, 210}, {0, 260}}, "others spend from it, or the node charges too much"},
		{"others spend all of more", 10_000, 0, time.Second, []look{{0, 210}, {0, 260}}, "others spend from it"},
		{"others spend a little", 10_000, 0, time.Second, []look{{9_000, 210}, {9_000, 260}}, ""},
		{"seen once", 0, 500, time.Second, []look{{0, 210}, {290, 210}, {0, 260}}, ""},
		{"a top-up is on its way", 0, 100, 5 * time.Second, []look{{3, 110}, {0, 150}, {0, 190}}, ""},
		{"a top-up does not come", 0, 100, 15 * time.Second, []look{{3, 110}, {0, 150}, {0, 190}}, "none that was bought has come for 30s"},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := &payer{ec: factomd.LocalTestKey().EC(), key: factomd.LocalTestKey(), had: c.had, bought: c.bought}
			for i, l := range c.looks {
				why, want := p.ended(l.have, l.charged, 10, start.Add(time.Duration(i)*c.every)), ""
				if i == len(c.looks)-1 {
					want = c.want
				}
				if (why == "") != (want == "") || !strings.Contains(why, want) {
					t.Errorf("look %d: %q, want %q", i, why, want)
				}
				if why != "" && !strings.HasPrefix(why, p.address()) {
					t.Errorf("no address: %q", why)
				}
			}
		})
	}
}
