package factomd

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
)

// Commits returns the entry hashes that the commits of a height pay for, those
// of entries and those of chains, in the order of the entry-credit block. Where
// there is no block yet the node refuses with [CodeNotFound].
func (c *Client) Commits(ctx context.Context, height uint32) (commits []Hash, err error) {
	err = c.entryCreditBlock(ctx, height, func(d *json.Decoder) error { return entryHashes(d, &commits) })
	if err != nil {
		return nil, err
	}
	return commits, nil
}

// A Payment is a commit that is in an entry-credit block.
type Payment struct {
	Entry   Hash
	Payer   Hash // EC public key
	Credits int  // 1 to 20
}

// Payments returns the commits of a height, as [Client.Commits] does, with who
// paid how much for each.
func (c *Client) Payments(ctx context.Context, height uint32) (payments []Payment, err error) {
	err = c.entryCreditBlock(ctx, height, func(d *json.Decoder) error {
		return array(d, maxListed, func() error {
			// A block lists minutes and credits that were bought, too.
			var listed struct {
				Entry   Hash            `json:"entryhash"`
				Payer   json.RawMessage `json:"ecpubkey"`
				Credits int             `json:"credits"`
			}
			if err := d.Decode(&listed); err != nil || listed.Entry.IsZero() {
				return err
			}
			p := Payment{Entry: listed.Entry, Credits: listed.Credits}
			if err := json.Unmarshal(listed.Payer, &p.Payer); err != nil || p.Payer.IsZero() {
				return errors.New("a commit without a payer")
			}
			if p.Credits < 1 || p.Credits > maxCommit {
				return fmt.Errorf("a commit of %d credits", p.Credits)
			}
			payments = append(payments, p)
			return nil
		})
	})
	if err != nil {
		return nil, err
	}
	return payments, nil
}

// maxCommit is the most entry credits that a commit pays: a chain, and an entry of
// 10 KiB (factom-protocol.md, section 2).
const maxCommit = 20

// entryCreditBlock reads what the entry-credit block of a height lists. Where
// there is none yet the node refuses with [CodeNotFound].
func (c *Client) entryCreditBlock(ctx context.Context, height uint32, entries func(*json.Decoder) error) error {
	const method = "ecblock-by-height"
	var (
		answered uint32
		found    bool
	)
	within := func(d *json.Decoder, member string, read func() error) error {
		return object(d, func(name string) error {
			if name == member {
				return read()
			}
			return skip(d)
		})
	}
	err := c.query(ctx, method, heightParams{height, true}, c.maxReply, func(d *json.Decoder) error {
		return within(d, "ecblock", func() error {
			return object(d, func(name string) error {
				switch name {
				case "header":
					var header struct {
						Height uint32 `json:"dbheight"`
					}
					found = true
					err := d.Decode(&header)
					answered = header.Height
					return err
				case "body":
					return within(d, "entries", func() error { return entries(d) })
				}
				return skip(d)
			})
		})
	})
	switch {
	case err != nil:
		return err
	case !found:
		return c.Wrong(method, "reply is malformed", "no block in it")
	case answered != height:
		return c.Wrong(method, "reply for another block", fmt.Sprintf("asked for height %d, got %d", height, answered))
	}
	return nil
}
