package factomd

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"syscall"

	"github.com/FactomProject/factom"
)

// The reasons that callers tell apart. Test for them with [errors.Is].
var (
	// ErrUnauthorized is returned when the node wants other HTTP Basic
	// credentials than it got.
	ErrUnauthorized = errors.New("the node refuses the user and password (HTTP 401)")
	// ErrNotFactomd is returned when what answers does not speak JSON-RPC.
	ErrNotFactomd = errors.New("no factomd answers there")
	// ErrWrongReply is returned when a node answers, and the answer cannot be
	// right: it is about something else, or has values that do not exist.
	ErrWrongReply = errors.New("the reply is wrong")
	// ErrNotReady is returned by [Client.Identify] when the node has not loaded
	// its blocks yet.
	ErrNotReady = errors.New("the node has not loaded its blocks yet")
	// ErrNetworkMismatch is returned by [Client.Identify] when the genesis block
	// and the newest block name different networks.
	ErrNetworkMismatch = errors.New("the node's genesis block and its newest block are of different networks")
)

// CodeNotFound is the JSON-RPC code for: no such block, entry or object, or not
// yet (factomd wsapi/errors.go).
const CodeNotFound = -32008

// CodeRepeatedCommit is the JSON-RPC code for a commit whose entry has one already
// that is not revealed yet and pays as much (factomd wsapi/errors.go).
const CodeRepeatedCommit = -32011

// The lengths in characters that texts of a node are cut to.
const (
	maxMessage = 200
	maxExcerpt = 80
)

// A Failure is why a call did not succeed.
type Failure struct {
	// Rejected says that the node answered, with a JSON-RPC error.
	Rejected bool
	// Code is the error's code if Rejected, else the HTTP status, or 0 where
	// there was none or it was 200.
	Code int
	// Message names the kind of failure. Failures of one kind have the same
	// message, without addresses, ports or hashes, so that they can be counted.
	Message string
	// Detail is for people: what was met this time. It may be empty.
	Detail string

	cause error
}

// Error implements error.
func (f *Failure) Error() string {
	s := f.Message
	if f.Rejected {
		s = "the node refused: " + s + " (" + strconv.Itoa(f.Code) + ")"
	}
	if f.Detail != "" {
		s += ": " + f.Detail
	}
	return s
}

// Unwrap returns the cause: one of the package's errors, a context's or a
// network error.
func (f *Failure) Unwrap() error { return f.cause }

// Classify sorts an error of a [Client] for counting: see [Failure] for what
// rejected, code and message are. Of nil it returns nothing.
func Classify(err error) (rejected bool, code int, message string) {
	if err == nil {
		return false, 0, ""
	}
	f := transportFailure(err)
	return f.Rejected, f.Code, f.Message
}

// transportFailure classifies what went wrong between here and the node.
func transportFailure(err error) *Failure {
	if f, ok := errors.AsType[*Failure](err); ok {
		return f // it is classified: a proxy's answer, for one
	}
	message := transportClass(err)
	return &Failure{Message: message, Detail: Printable(err.Error(), maxMessage), cause: err}
}

func transportClass(err error) string {
	var (
		netErr  net.Error
		dns     *net.DNSError
		cert    *tls.CertificateVerificationError
		notTLS  tls.RecordHeaderError
		text    = err.Error()
		isNet   = errors.As(err, &netErr)
		notHTTP = strings.Contains(text, "malformed HTTP") || strings.Contains(text, "malformed MIME header")
	)
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded), isNet && netErr.Timeout():
		return "timeout"
	case errors.As(err, &dns):
		return "dial: unknown host"
	case errors.Is(err, syscall.ECONNREFUSED):
		return "connection refused"
	case errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE),
		errors.Is(err, net.ErrClosed), // by the transport, which met the end while it wrote
		strings.Contains(text, "server closed idle connection"):
		return "connection reset"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "dial: no route"
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return noPorts
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.ENFILE):
		return noFiles
	case errors.As(err, &cert):
		return "tls: certificate not trusted"
	case errors.As(err, &notTLS), errors.Is(err, http.ErrSchemeMismatch):
		return "tls: the other side does not speak it"
	case notHTTP:
		return "reply is not HTTP"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return "reply cut short"
	}
	return "transport error"
}

// The messages of failures that the machine of the caller causes.
const (
	noPorts = "dial: no local port left"
	noFiles = "dial: too many open files"
)

// OwnLimit reports whether failures with such a message come of a limit of the
// caller's own machine, and say nothing of the node.
func OwnLimit(message string) bool { return message == noPorts || message == noFiles }

// statusFailure is the failure of a reply by its HTTP status alone, or nil where
// the body has to say: factomd sends results with 200 and JSON-RPC errors with
// 400.
func statusFailure(status int, header http.Header) *Failure {
	switch {
	case status == http.StatusOK, status == http.StatusBadRequest:
		return nil
	case status == http.StatusUnauthorized:
		return &Failure{Code: status, Message: "http 401",
			Detail: "give the node's rpcuser and rpcpass", cause: ErrUnauthorized}
	case status >= 300 && status < 400:
		return &Failure{Code: status, Message: "redirect refused",
			Detail: "it leads to " + Printable(header.Get("Location"), maxExcerpt) + "; use the node's own URL", cause: ErrNotFactomd}
	}
	return &Failure{Code: status, Message: "http " + strconv.Itoa(status), Detail: http.StatusText(status)}
}

// notJSONRPC is the failure of a reply that is something else; it quotes how the
// reply begins.
func notJSONRPC(status int, start []byte) *Failure {
	message := "reply is not JSON"
	if first := bytes.TrimLeft(start, " \t\r\n"); len(first) > 0 && (first[0] == '{' || first[0] == '[') {
		message = "reply is not JSON-RPC"
	}
	return badReply(status, message, start, ErrNotFactomd)
}

// cutReply is the failure of a reply that ends too early, or is empty.
func cutReply(status int, start []byte) *Failure {
	return badReply(status, "reply cut short", start, io.ErrUnexpectedEOF)
}

func badReply(status int, message string, start []byte, cause error) *Failure {
	if status == http.StatusOK {
		status = 0
	}
	return &Failure{Code: status, Message: message, Detail: strconv.Quote(Printable(string(start), maxExcerpt)), cause: cause}
}

// wrongReply is the failure of a reply to another question.
func wrongReply(message, detail string) *Failure {
	return &Failure{Message: message, Detail: Printable(detail, maxMessage), cause: ErrWrongReply}
}

// rejection is the failure that a JSON-RPC error reports.
func rejection(e *factom.JSONError) *Failure {
	message := e.Message
	if data := dataText(e.Data); data != "" {
		message += ": " + data
	}
	return &Failure{Rejected: true, Code: e.Code, Message: Printable(longHex.ReplaceAllString(message, "(hash)"), maxMessage)}
}

// longHex finds the hashes in a message: no two failures have the same.
var longHex = regexp.MustCompile(`[0-9a-fA-F]{32,}`)

// dataText renders the data of a JSON-RPC error: a text, or an object that has
// one under "info" (factomd wsapi/wsapiV2.go).
func dataText(data any) string {
	switch data := data.(type) {
	case nil:
		return ""
	case string:
		return data
	case map[string]any:
		if info, ok := data["info"].(string); ok {
			return info
		}
	}
	b, err := json.Marshal(data)
	if err != nil {
		return ""
	}
	return string(b)
}
