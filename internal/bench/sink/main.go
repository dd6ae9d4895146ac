// Command sink is a server that takes commits and reveals as fast as it can and
// forgets them: what load generators are measured against. It answers as factomd
// does, with the hash of each entry, and anything else with a reply of the same
// size.
package main

import (
	"bufio"
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"

	"github.com/spf13/pflag"

	"github.com/FactomProject/factom-load/internal/factomd"
)

func main() {
	listen := pflag.String("listen", "127.0.0.1:0", "address to listen on; it is printed")
	pflag.Parse()
	l, err := net.Listen("tcp", *listen)
	if err != nil {
		fmt.Fprintln(os.Stderr, "sink:", err)
		os.Exit(1)
	}
	fmt.Println(l.Addr())
	go func() { // whoever started it may end
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}()
	for {
		conn, err := l.Accept()
		if err != nil {
			fmt.Fprintln(os.Stderr, "sink:", err)
			os.Exit(1)
		}
		go serve(conn)
	}
}

// serve answers the requests of one connection.
func serve(conn net.Conn) {
	defer conn.Close()
	s := session{in: bufio.NewReaderSize(conn, 64<<10)}
	for {
		if err := s.next(); err != nil {
			return
		}
		if s.in.Buffered() > 0 {
			continue // more to answer at once
		}
		if _, err := conn.Write(s.out); err != nil {
			return
		}
		s.out = s.out[:0]
	}
}

// A session is a connection's buffers.
type session struct {
	in     *bufio.Reader
	body   []byte
	binary []byte
	out    []byte
}

var errTooLong = errors.New("request too long")

// next reads a request and appends its reply to s.out.
func (s *session) next() error {
	length := 0
	for {
		line, err := s.in.ReadSlice('\n')
		if err != nil {
			return err
		}
		line = bytes.TrimRight(line, "\r\n")
		if len(line) == 0 {
			break
		}
		if name, value, ok := bytes.Cut(line, []byte(":")); ok && bytes.EqualFold(name, []byte("Content-Length")) {
			if length, err = strconv.Atoi(string(bytes.TrimSpace(value))); err != nil || length < 0 || length > 1<<20 {
				return errTooLong
			}
		}
	}
	if cap(s.body) < length {
		s.body = make([]byte, length)
	}
	s.body = s.body[:length]
	if _, err := io.ReadFull(s.in, s.body); err != nil {
		return err
	}
	hash := s.entryHash()
	const (
		begin = `{"jsonrpc":"2.0","id":0,"result":{"message":"Entry Commit Success","txid":"`
		key   = `","entryhash":"`
		end   = `"}}`
	)
	s.out = append(s.out, "HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 00:00:00 GMT\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: "...)
	s.out = strconv.AppendInt(s.out, int64(len(begin)+len(key)+len(end)+4*len(hash)), 10)
	s.out = append(append(s.out, "\r\n\r\n"...), begin...)
	s.out = append(hex.AppendEncode(s.out, hash[:]), key...)
	s.out = append(hex.AppendEncode(s.out, hash[:]), end...)
	return nil
}

// entryHash returns the hash of the entry that a request commits to or reveals.
func (s *session) entryHash() (hash factomd.Hash) {
	field := func(name string) (binary []byte, ok bool) {
		_, rest, ok := bytes.Cut(s.body, []byte(`"`+name+`":"`))
		if !ok {
			return nil, false
		}
		text, _, ok := bytes.Cut(rest, []byte(`"`))
		var err error
		s.binary, err = hex.AppendDecode(s.binary[:0], text)
		return s.binary, ok && err == nil
	}
	if commit, ok := field(factomd.ParamMessage); ok {
		switch len(commit) {
		case 136:
			copy(hash[:], commit[7:])
		case 200:
			copy(hash[:], commit[71:])
		}
	} else if entry, ok := field(factomd.ParamEntry); ok {
		hash = factomd.EntryHash(entry)
	}
	return hash
}
