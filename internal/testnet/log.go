package testnet

import (
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"
)

// What an error quotes of the node's log, at most.
const (
	quoteBytes = 2 << 10
	quoteLines = 12
)

// nodeLog is the file of the node's output, from start on.
type nodeLog struct {
	*os.File
	start int64
	path  string // empty for one without a name
}

// openLog opens the log at path for appending. Without a path it has no name,
// and is gone with the last process that uses it.
func openLog(path string) (*nodeLog, error) {
	if path == "" {
		f, err := os.CreateTemp("", "factom-load-node-*.log")
		if err != nil {
			return nil, fmt.Errorf("making the node's log: %w", err)
		}
		os.Remove(f.Name())
		return &nodeLog{File: f}, nil
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("opening the node's log: %w", err)
	}
	start, err := f.Seek(0, io.SeekEnd)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("opening the node's log: %w", err)
	}
	return &nodeLog{File: f, start: start, path: path}, nil
}

// quote is the end of the log, fit to be the end of an error message.
func (l *nodeLog) quote() string {
	where := ""
	if l.path != "" {
		where = " " + l.path
	}
	lines := l.tail()
	if len(lines) == 0 {
		return "; its log" + where + " is empty"
	}
	return "; the end of its log" + where + ":\n    " + strings.Join(lines, "\n    ")
}

// tail is the last lines of the log that are not blank. What it cannot read it
// leaves out: it is for a message about something worse.
func (l *nodeLog) tail() []string {
	info, err := l.Stat()
	if err != nil {
		return nil
	}
	from := max(l.start, info.Size()-quoteBytes)
	text, _ := io.ReadAll(io.NewSectionReader(l.File, from, quoteBytes))
	var lines []string
	for line := range strings.Lines(string(text)) {
		if line = strings.TrimSpace(printable(line)); line != "" {
			lines = append(lines, line)
		}
	}
	return lines[max(0, len(lines)-quoteLines):]
}

// printable is s with a space for each rune that a terminal might act on.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return ' '
	}, s)
}
