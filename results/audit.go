package results

import (
	"context"
	"fmt"
	"time"
)

// The audit's own limits: what it may cost a node that is in trouble anyway.
const (
	auditAcks    = 10_000
	auditTimeout = 30 * time.Second
)

// Audit finds out how far the missing entries came: whether their commits, and
// those of entries that were refused or failed, are in the entry credit blocks
// from a height to another, one call a block, and for the first of the missing
// what the node itself says (`ack`). What it can't find out within its limits
// stays as it is; the error says why it stopped early.
func Audit(ctx context.Context, c *Collector, node Node, from, to uint32) error {
	ctx, cancel := context.WithTimeout(ctx, auditTimeout)
	defer cancel()

	unpaid := c.Unpaid()
	for height := from; height <= to && len(unpaid) > 0; height++ {
		commits, err := node.Commits(ctx, height)
		if err != nil {
			return fmt.Errorf("looking for lost commits: %w", err)
		}
		for _, hash := range commits {
			if _, ours := unpaid[hash]; ours {
				c.Commit(hash)
				delete(unpaid, hash)
			}
		}
	}

	missing := c.Missing()
	for _, m := range missing[:min(len(missing), auditAcks)] {
		if m.Accepted {
			continue
		}
		ack, err := node.Ack(ctx, m.Hash)
		if err != nil {
			return fmt.Errorf("asking for a lost entry: %w", err)
		}
		m.Commit = m.Commit || ack.Commit.Accepted()
		m.Accepted = ack.Entry.Accepted()
		c.Audited(m)
	}
	return nil
}
