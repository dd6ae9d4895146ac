package factomd

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
)

// The network ids of the networks that factomd knows by name, and MAIN's genesis
// block (key MR of the directory block of height 0).
const (
	idMain  = 0xfa92e5a2
	idTest  = 0xfa92e5a3
	idLocal = 0xfa92e5a4

	genesisMain = "64d4352b134280305599363ea388c2a9c3c64dc3ee6e0100893262e372bf064b"
)

// A Network is the network that a node takes part in.
type Network struct {
	ID      uint32 // of the directory block headers
	Name    string // MAIN, TEST, LOCAL, or CUSTOM for all others
	Genesis Hash   // key MR of the first directory block
}

// IsMain reports whether this is the production network, by its id or by its
// genesis block.
func (n Network) IsMain() bool { return n.ID == idMain || n.Genesis.String() == genesisMain }

// IsLocal reports whether this is a LOCAL network: one for tests, whose coins are
// everybody's.
func (n Network) IsLocal() bool { return n.ID == idLocal && !n.IsMain() }

func newNetwork(genesis DirectoryBlock) Network {
	n := Network{ID: genesis.NetworkID, Name: "CUSTOM", Genesis: genesis.KeyMR}
	switch {
	case n.IsMain():
		n.Name = "MAIN"
	case n.ID == idTest:
		n.Name = "TEST"
	case n.ID == idLocal:
		n.Name = "LOCAL"
	}
	return n
}

// Identify says which network the node takes part in, by its genesis block and
// its newest saved one. It fails with [ErrNotReady] while the node has no
// genesis block, and with [ErrNetworkMismatch] where the two blocks disagree.
func (c *Client) Identify(ctx context.Context) (Network, error) {
	genesis, err := c.DirectoryBlock(ctx, 0)
	if err != nil {
		return Network{}, notReady(err)
	}
	now, err := c.Minute(ctx)
	if err != nil {
		return Network{}, err
	}
	newest, err := c.DirectoryBlock(ctx, now.SavedHeight)
	if err != nil {
		return Network{}, notReady(err)
	}
	if newest.NetworkID != genesis.NetworkID {
		return Network{}, fmt.Errorf("identifying %s: %w: %08x at height 0, %08x at height %d",
			c.URL(), ErrNetworkMismatch, genesis.NetworkID, newest.NetworkID, newest.Height)
	}
	return newNetwork(genesis), nil
}

// notReady adds [ErrNotReady] to the refusal of a block.
func notReady(err error) error {
	if rejected, code, _ := Classify(err); rejected && code == CodeNotFound {
		return fmt.Errorf("%w: %w", ErrNotReady, err)
	}
	return err
}

// CustomID returns the id of the custom network with a name: the first four
// bytes of the name's SHA-256 (factomd engine/factomParams.go).
func CustomID(name string) uint32 {
	sum := sha256.Sum256([]byte(name))
	return binary.BigEndian.Uint32(sum[:])
}
