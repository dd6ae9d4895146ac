package factomd

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
	"time"

	"github.com/FactomProject/factom"
)

// maxSubmitReply bounds the reply to a submit in bytes; a real one has 300.
const maxSubmitReply = 64 << 10

// Submit sends one commit or reveal: body is the whole JSON-RPC request (see
// [AppendSubmit]), want the entry's hash, which a success must repeat. Success
// says that the node queued it, no more.
//
// Sent is when a connection was at hand and the first byte was about to be
// written; it is zero if none was ever. Answered is when the whole reply was
// read or the call was given up. The error is a [*Failure]. Body may be used
// again as soon as Submit returns, even if the call was cut off.
//
// Calls go over connections of their own, written and read by hand (see [wire]),
// unless the node is reached by TLS or by a proxy, or body is none of factomd's:
// then net/http makes them.
func (c *Client) Submit(ctx context.Context, body []byte, want Hash) (sent, answered time.Time, err error) {
	if c.wire != nil && len(body) <= wireMaxBody {
		return c.wire.submit(ctx, body, want)
	}
	return c.submitStandard(ctx, body, want)
}

// A Pair is what became of an entry's two calls, its commit and its reveal.
type Pair struct {
	// Sent is when the first byte of the commit was about to be written; zero if
	// none ever was.
	Sent time.Time
	// Committed and Revealed are when the node answered the calls, be it with a
	// JSON-RPC error; zero if it did not.
	Committed, Revealed time.Time
	// Calls is how many were made: a commit, or both, and more with [Pair.Again].
	// Commits is how many of them were commits.
	Calls, Commits int
	// Tried says that the reveal's was among them.
	Tried bool
	// Err is the commit's [*Failure], or if it has none the reveal's.
	Err error

	commit, reveal error // how each call ended that was made last
}

// noteCommit takes in how a commit call ended.
func (p *Pair) noteCommit(answered time.Time, err error) {
	p.note(&p.Committed, answered, err)
	p.Commits++
	p.commit = err
	p.Err = cmp.Or(p.commit, p.reveal)
}

// noteReveal takes in how a reveal call ended.
func (p *Pair) noteReveal(answered time.Time, err error) {
	p.note(&p.Revealed, answered, err)
	p.Tried, p.reveal = true, err
	p.Err = cmp.Or(p.commit, p.reveal)
}

func (p *Pair) note(answer *time.Time, answered time.Time, err error) {
	p.Calls++
	if err == nil || isRejection(err) {
		*answer = answered
	}
}

// Unanswered reports whether a call failed in a way that sending the same bytes
// again may mend: the node did not answer it, and no limit of the caller's own
// machine was in the way.
func (p *Pair) Unanswered() bool {
	_, _, message := Classify(p.Err)
	return p.Err != nil && !isRejection(p.Err) && !OwnLimit(message)
}

// Again sends those of an entry's two calls again that were not answered, as
// [SubmitAfter] does. A node that has the commit already refuses it with
// [CodeRepeatedCommit], or says success and drops it by its replay filter: either
// is the success of a commit that was sent before (factom-protocol.md, section 2).
// Sent stays when the first byte was; Revealed is not before Committed.
func (p *Pair) Again(ctx context.Context, node Submitter, commit, reveal []byte, want Hash) {
	if p.Committed.IsZero() {
		sent, answered, err := node.Submit(ctx, commit, want)
		if f, ok := errors.AsType[*Failure](err); ok && f.Rejected && f.Code == CodeRepeatedCommit && !p.Sent.IsZero() {
			err = nil
		}
		p.noteCommit(answered, err)
		if p.Sent.IsZero() {
			p.Sent = sent
		}
		if isRejection(err) || sent.IsZero() || ctx.Err() != nil {
			return
		}
	}
	if p.Revealed.IsZero() {
		_, answered, err := node.Submit(ctx, reveal, want)
		p.noteReveal(answered, err)
	}
	if !p.Revealed.IsZero() && p.Revealed.Before(p.Committed) {
		p.Revealed = p.Committed
	}
}

func isRejection(err error) bool {
	f, ok := errors.AsType[*Failure](err)
	return ok && f.Rejected
}

// A Submitter makes single calls; [Client] does.
type Submitter interface {
	Submit(ctx context.Context, body []byte, want Hash) (sent, answered time.Time, err error)
}

// SubmitAfter makes an entry's two calls to a node back to back. The reveal goes
// out whatever became of the commit, as a commit that timed out may have arrived,
// but not after the node refused it, nothing was sent, or ctx ended.
func SubmitAfter(ctx context.Context, node Submitter, commit, reveal []byte, want Hash) (p Pair) {
	sent, answered, err := node.Submit(ctx, commit, want)
	p.Sent = sent
	p.noteCommit(answered, err)
	if isRejection(err) || sent.IsZero() || ctx.Err() != nil {
		return p
	}
	_, answered, err = node.Submit(ctx, reveal, want)
	p.noteReveal(answered, err)
	return p
}

// SubmitTogether makes an entry's two calls in one write on one connection, whose
// replies are read in order: the reveal goes out whatever the commit's answer. A
// node takes them one after the other all the same, and holds a reveal that comes
// to it before its commit (factom-protocol: pipelining is safe). Where net/http
// makes the calls (see [Client.Submit]), it is [SubmitAfter].
//
// Both calls have their time from the write on. A reveal that has no reply,
// because the connection ended after the commit's, may have arrived: it fails, and
// is not sent again.
func (c *Client) SubmitTogether(ctx context.Context, commit, reveal []byte, want Hash) Pair {
	if c.wire != nil && len(commit)+len(reveal) <= wireMaxBody {
		return c.wire.submitTogether(ctx, commit, reveal, want)
	}
	return SubmitAfter(ctx, c, commit, reveal, want)
}

func (c *Client) submitStandard(ctx context.Context, body []byte, want Hash) (sent, answered time.Time, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	traced := httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		// Called by RoundTrip itself, and again if it has to take another
		// connection because nothing could be written to the first.
		GotConn: func(httptrace.GotConnInfo) { sent = time.Now() },
	})
	loan := &loan{b: body, size: len(body)}
	defer loan.end()

	request := c.request(traced)
	request.ContentLength = int64(len(body))
	request.Body = &borrower{loan: loan}
	request.GetBody = func() (io.ReadCloser, error) { return &borrower{loan: loan}, nil }

	response, err := c.transport.RoundTrip(request)
	if err != nil {
		return sent, time.Now(), transportFailure(orContext(ctx, err))
	}
	defer discard(response)
	if f := statusFailure(response.StatusCode, response.Header); f != nil {
		return sent, time.Now(), f
	}
	reply := c.replies.Get().(*bytes.Buffer)
	defer c.replies.Put(reply)
	reply.Reset()
	_, err = reply.ReadFrom(io.LimitReader(response.Body, maxSubmitReply+1))
	answered = time.Now()
	if err != nil {
		return sent, answered, transportFailure(orContext(ctx, err))
	}
	return sent, answered, submitted(reply.Bytes(), response.StatusCode, want)
}

// submitted judges the reply to a commit or a reveal.
func submitted(reply []byte, status int, want Hash) error {
	if len(reply) > maxSubmitReply {
		return &Failure{Message: "reply too large", Detail: "more than 64 KiB"}
	}
	var parsed struct {
		Result *struct {
			EntryHash string `json:"entryhash"`
		} `json:"result"`
		Error *factom.JSONError `json:"error"`
	}
	err := json.Unmarshal(reply, &parsed)
	start := reply[:min(len(reply), 4*maxExcerpt)]
	var syntax *json.SyntaxError
	switch {
	case len(reply) == 0:
		return cutReply(status, nil)
	case errors.As(err, &syntax) && syntax.Offset >= int64(len(reply)) && reply[0] == '{':
		return cutReply(status, start)
	case err != nil:
		return notJSONRPC(status, start)
	case parsed.Error != nil && parsed.Error.Code != 0:
		return rejection(parsed.Error)
	case parsed.Result == nil || status != http.StatusOK:
		return notJSONRPC(status, start)
	case parsed.Result.EntryHash != want.String():
		return wrongReply("reply for another entry", parsed.Result.EntryHash)
	}
	return nil
}

// A loan is a request's body that the transport may read until the call ends.
// The transport writes in a goroutine of its own, which can outlive the call.
type loan struct {
	size int
	mu   sync.Mutex
	b    []byte // nil once the call has ended
}

var errLoanEnded = errors.New("the call has ended")

func (l *loan) end() {
	l.mu.Lock()
	l.b = nil
	l.mu.Unlock()
}

// A borrower reads the body once.
type borrower struct {
	loan *loan
	off  int
}

func (r *borrower) Read(p []byte) (int, error) {
	// The transport asks for the end after it has sent everything, when the
	// reply may have arrived already: this must not fail, or it would give up
	// the connection.
	if r.off == r.loan.size {
		return 0, io.EOF
	}
	r.loan.mu.Lock()
	defer r.loan.mu.Unlock()
	if r.loan.b == nil {
		return 0, errLoanEnded
	}
	n := copy(p, r.loan.b[r.off:])
	r.off += n
	return n, nil
}

func (*borrower) Close() error { return nil }
