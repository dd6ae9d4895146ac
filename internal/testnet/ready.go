package testnet

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	pollEvery   = 50 * time.Millisecond
	pollTimeout = 2 * time.Second
	// maxReply is the most that is read of a reply, which has some 400 bytes.
	maxReply = 64 << 10
)

// minute is the place in the chain where the node says it is.
type minute struct {
	Height int `json:"leaderheight"`
	Saved  int `json:"directoryblockheight"`
	Minute int `json:"minute"`
}

// ready waits until the node is usable: until the minute that it tells has
// moved. It answers once it leads its network (package node), and closes a minute
// for the first time at the next tenth of a block on the wall clock; from then on
// an entry is acknowledged within milliseconds. In a new chain leaderheight stays 0
// until the first block is done, which is too long to wait for.
func (p *process) ready(ctx context.Context, timeout time.Duration) error {
	wait, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	client := &http.Client{Transport: &http.Transport{}, Timeout: pollTimeout}
	defer client.CloseIdleConnections()

	var first *minute
	state := "it has not answered"
	for {
		now, err := currentMinute(wait, client, p.endpoint)
		switch {
		case wait.Err() != nil: // says nothing about the node
		case err != nil:
			state = printable(err.Error())
		case first == nil:
			first = &now
			fallthrough
		case now == *first:
			state = fmt.Sprintf("it stays at height %d, minute %d", now.Height, now.Minute)
		default:
			return nil
		}
		select {
		case <-tick.C:
		case <-p.done:
			return p.err
		case <-wait.Done():
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			return fmt.Errorf("the node is not ready after %v: %s%s", timeout, state, p.log.quote())
		}
	}
}

func currentMinute(ctx context.Context, client *http.Client, url string) (minute, error) {
	const request = `{"jsonrpc":"2.0","id":0,"method":"current-minute"}`
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader([]byte(request)))
	if err != nil {
		return minute{}, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return minute{}, err
	}
	defer resp.Body.Close()
	var reply struct{ Result *minute }
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxReply)).Decode(&reply); err != nil {
		return minute{}, fmt.Errorf("reading current-minute (HTTP %d): %w", resp.StatusCode, err)
	}
	if reply.Result == nil {
		return minute{}, fmt.Errorf("current-minute without a result (HTTP %d)", resp.StatusCode)
	}
	return *reply.Result, nil
}
