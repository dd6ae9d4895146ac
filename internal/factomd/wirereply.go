package factomd

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
)

// wireReply is a reply whose body is still in its connection's buffer.
type wireReply struct {
	status int
	body   []byte
	keep   bool     // the connection can be used again
	failed *Failure // of the status alone
}

func (r *wireReply) judge(want Hash) error {
	if r.failed != nil {
		return r.failed
	}
	if r.status == http.StatusOK && isSuccess(r.body, want) {
		return nil
	}
	return submitted(r.body, r.status, want)
}

// read reads the next reply, and keeps what came after it for the one after. The
// body of a reply is good until the next is read.
func (c *wireConn) read() (wireReply, error) {
	n := copy(c.in, c.unread)
	c.unread = nil
	for {
		if end := bytes.Index(c.in[:n], []byte("\r\n\r\n")); end >= 0 {
			status, length, plain := parseHead(c.in[:end+2])
			start := end + 4
			end = start + length
			if !plain || end > len(c.in) {
				return c.readSlow(c.in[:n])
			}
			for n < end {
				m, err := c.conn.Read(c.in[n:])
				if n += m; err != nil && n < end {
					return wireReply{}, cutOff(err)
				}
			}
			c.unread = c.in[end:n]
			return wireReply{status: status, body: c.in[start:end], keep: true}, nil
		}
		if n == len(c.in) || bytes.Contains(c.in[:n], []byte("\n\n")) || bytes.Contains(c.in[:n], []byte("\n\r\n")) {
			return c.readSlow(c.in[:n]) // too long, or with line ends of its own
		}
		m, err := c.conn.Read(c.in[n:])
		n += m
		if err != nil && m == 0 {
			if n == 0 && err == io.EOF {
				return wireReply{}, io.EOF
			}
			return wireReply{}, cutOff(err)
		}
	}
}

func cutOff(err error) error {
	if err == nil || err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// parseHead reads the head of a reply, up to and with the last header's line
// end. It knows just what factomd sends: plain is false for everything that
// needs a real parser.
func parseHead(head []byte) (status, length int, plain bool) {
	line, rest, _ := bytes.Cut(head, []byte("\r\n"))
	switch {
	case bytes.ContainsAny(line, "\r\n"):
		return 0, 0, false
	case bytes.HasPrefix(line, []byte("HTTP/1.1 200 ")):
		status = http.StatusOK
	case bytes.HasPrefix(line, []byte("HTTP/1.1 400 ")):
		status = http.StatusBadRequest
	default:
		return 0, 0, false
	}
	length = -1
	for len(rest) > 0 {
		line, rest, _ = bytes.Cut(rest, []byte("\r\n"))
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok || bytes.ContainsAny(line, "\r\n") {
			return 0, 0, false
		}
		switch {
		case equalFold(name, "content-length"):
			n, ok := parseLength(bytes.TrimSpace(value))
			if !ok || length >= 0 {
				return 0, 0, false
			}
			length = n
		case equalFold(name, "transfer-encoding"), equalFold(name, "connection"), equalFold(name, "content-encoding"):
			return 0, 0, false
		}
	}
	return status, length, length >= 0
}

// equalFold is bytes.EqualFold for a lower-case ASCII word, without allocation.
func equalFold(name []byte, word string) bool {
	if len(name) != len(word) {
		return false
	}
	for i, b := range name {
		if 'A' <= b && b <= 'Z' {
			b += 'a' - 'A'
		}
		if b != word[i] {
			return false
		}
	}
	return true
}

func parseLength(digits []byte) (int, bool) {
	if len(digits) == 0 || len(digits) > 9 {
		return 0, false
	}
	n := 0
	for _, d := range digits {
		if d < '0' || d > '9' {
			return 0, false
		}
		n = n*10 + int(d-'0')
	}
	return n, true
}

// readSlow reads a reply with net/http; of it, and of what follows, begin was
// read already.
func (c *wireConn) readSlow(begin []byte) (wireReply, error) {
	const most = maxSubmitReply + 64<<10 // body and head
	begun := bytes.NewReader(bytes.Clone(begin))
	buffered := bufio.NewReader(io.LimitReader(io.MultiReader(begun, c.conn), most))
	response, err := readFinal(buffered)
	if err != nil {
		if err == io.EOF {
			err = io.ErrUnexpectedEOF
		}
		return wireReply{}, err
	}
	defer response.Body.Close()
	reply := wireReply{status: response.StatusCode, failed: statusFailure(response.StatusCode, response.Header)}
	if reply.failed != nil && response.Close {
		return reply, nil // its body says nothing more, and may have no end
	}
	reply.body, err = io.ReadAll(io.LimitReader(response.Body, maxSubmitReply+1))
	if err != nil && reply.failed == nil {
		return wireReply{}, err
	}
	if reply.keep = err == nil && !response.Close && len(reply.body) <= maxSubmitReply; reply.keep {
		// Neither of the two holds more than c.in does: the reader fills its
		// buffer, which is smaller, from begin alone until that is used up.
		ahead, _ := buffered.Peek(buffered.Buffered())
		n := copy(c.in, ahead)
		m, _ := begun.Read(c.in[n:])
		c.unread = c.in[:n+m]
	}
	return reply, nil
}

// readFinal reads the head of a reply and passes over those that announce it.
func readFinal(r *bufio.Reader) (*http.Response, error) {
	for {
		response, err := http.ReadResponse(r, &http.Request{Method: http.MethodPost})
		if err != nil || response.StatusCode >= 200 || response.StatusCode == http.StatusSwitchingProtocols {
			return response, err
		}
	}
}

// isSuccess reports whether a reply is, to the letter, what factomd answers to a
// commit or a reveal of an entry that it took: a message, and then hashes, of
// which one is the entry's. Where it says no, a real parser has to look.
func isSuccess(reply []byte, want Hash) bool {
	const begin = `{"jsonrpc":"2.0","id":0,"result":{"message":"`
	rest, ok := bytes.CutPrefix(reply, []byte(begin))
	if !ok {
		return false
	}
	_, rest, ok = cutString(rest)
	found := false
	for ok && len(rest) > 0 && rest[0] == ',' {
		if rest, ok = bytes.CutPrefix(rest, []byte(`,"`)); !ok {
			return false
		}
		var name, value []byte
		if name, rest, ok = cutString(rest); !ok {
			return false
		}
		if rest, ok = bytes.CutPrefix(rest, []byte(`:"`)); !ok {
			return false
		}
		value, rest, ok = cutString(rest)
		if string(name) == "entryhash" {
			if found || !isHex(value, want) {
				return false
			}
			found = true
		}
	}
	return ok && found && string(rest) == "}}"
}

// cutString returns what comes before the quote that ends a JSON string, and
// what follows it. It does not know escapes.
func cutString(b []byte) (value, rest []byte, ok bool) {
	value, rest, ok = bytes.Cut(b, []byte(`"`))
	return value, rest, ok && bytes.IndexByte(value, '\\') < 0
}

// isHex reports whether text is h in lower-case hex.
func isHex(text []byte, h Hash) bool {
	const digits = "0123456789abcdef"
	if len(text) != 2*len(h) {
		return false
	}
	for i, b := range h {
		if text[2*i] != digits[b>>4] || text[2*i+1] != digits[b&15] {
			return false
		}
	}
	return true
}
