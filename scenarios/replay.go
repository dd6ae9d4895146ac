package scenarios

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// The limits of a recording.
const (
	MaxReplayBytes = 64 << 20
	MaxReplayRows  = 10_000_000

	maxReplayLine     = 1000
	maxReplayProblems = 20
)

const replayHint = "a recording is CSV with the header at_s, at_s,size, at_s,chain or at_s,size,chain"

// Until is the arrivals of a phase of that length.
func (r *Replay) Until(length time.Duration) []Recorded {
	n := sort.Search(len(r.Rows), func(i int) bool { return r.Rows[i].At > length })
	return r.Rows[:n]
}

// peak is the most arrivals within a second.
func (r *Replay) peak(length time.Duration) int {
	rows, most, first := r.Until(length), 0, 0
	for i := range rows {
		for rows[i].At-rows[first].At >= time.Second {
			first++
		}
		most = max(most, i-first+1)
	}
	return most
}

// A recording is a replay as it was read, with what a workload may make
// impossible.
type recording struct {
	node     *node
	smallest *mark // size
	highest  *mark // chain
}

// A mark is a value of a recording and where it stands.
type mark struct {
	value int
	at    position
}

func (d *decoder) replay(n *node, p *Phase) {
	var path string
	if !d.path(n, &path) {
		return
	}
	full := d.resolve(path)
	text, sum, problem := readText(full)
	if problem != nil {
		d.report(n, show(path)+" "+problem.Message, problem.Hint)
		return
	}
	r := rowReader{file: full, path: n.path, most: MaxReplayRows}
	r.read(text)
	if d.problems = append(d.problems, r.problems...); len(r.problems) > 0 {
		return
	}
	p.Replay = &Replay{Path: path, SHA256: sum, Rows: r.rows}
	d.replays = append(d.replays, recording{n, r.smallest, r.highest})
}

// lastInstant is the length of a phase that does not say it.
func (d *decoder) lastInstant(n *node, p *Phase) {
	p.For = p.Replay.Rows[len(p.Replay.Rows)-1].At
	if p.For == 0 {
		d.report(n, "all arrivals are at 0 s, which is no length of a phase", "say how long it lasts: for: 1s")
	}
}

// playable judges the recordings by the workload.
func (d *decoder) playable(w Workload) {
	need, files, entries := 0, false, false
	for _, i := range w.Mix {
		if i.Kind == KindEntry {
			i.ExtIDs = Range{1, 1}
			need = max(need, i.MinSize(w.Marker))
			files = files || i.Payload.Kind == FromFiles
			entries = true
		}
	}
	for _, r := range d.replays {
		rows := func(m *mark, message, hint string) {
			d.problems = append(d.problems, complain(message, hint).at(m.at, r.node.path))
		}
		if !entries {
			d.report(r.node, "a recording is of entries, and the mix has none", "add {kind: entry} to workload.mix")
			continue
		}
		if m := r.smallest; m != nil && files {
			rows(m, "the recording has sizes, and files as payload have their own", "remove the column size, or choose another payload")
		} else if m != nil && m.value < need {
			rows(m, fmt.Sprintf("size: %d is too small for an entry", m.value), fmt.Sprintf("%d bytes or more hold the marker and the nonce", need))
		}
		if m := r.highest; m != nil && m.value >= w.Chains {
			rows(m, fmt.Sprintf("chain: there is no chain %d", m.value), fmt.Sprintf("workload.chains is %d, and the first one is 0", w.Chains))
		}
	}
}

// path reads the path of a file.
func (d *decoder) path(n *node, dst *string) bool {
	var text string
	if !d.scalar(n, &text) {
		return false
	}
	if !isPath(text) {
		d.report(n, show(text)+" is not a path", "for example recorded/monday.csv, beginning in the scenario's directory")
		return false
	}
	*dst = text
	return true
}

func (d *decoder) resolve(path string) string {
	if filepath.IsAbs(path) {
		return filepath.Clean(path)
	}
	return filepath.Join(d.dir, path)
}

// readText reads a file of at most [MaxReplayBytes], with its SHA-256 in hex.
func readText(path string) (text, sum string, p *Problem) {
	f, p := openRegular(path)
	if p != nil {
		return "", "", p
	}
	defer f.Close()
	var b strings.Builder
	h := sha256.New()
	n, err := io.Copy(io.MultiWriter(&b, h), io.LimitReader(f, MaxReplayBytes+1))
	switch {
	case err != nil:
		return "", "", unreadable(err)
	case n > MaxReplayBytes:
		return "", "", complain(fmt.Sprintf("has more than %d MiB", MaxReplayBytes>>20), "cut the recording into several phases")
	}
	return b.String(), hex.EncodeToString(h.Sum(nil)), nil
}

// openRegular opens what is neither a directory nor a device, which may block.
func openRegular(path string) (*os.File, *Problem) {
	switch info, err := os.Stat(path); {
	case err != nil:
		return nil, unreadable(err)
	case !info.Mode().IsRegular():
		return nil, complain("is not a file", "paths begin in the scenario's directory")
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, unreadable(err)
	}
	return f, nil
}

// unreadable says why a file cannot be read, without its path.
func unreadable(err error) *Problem {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		err = e.Err
	}
	return complain("cannot be read: "+err.Error(), "paths begin in the scenario's directory")
}

// A rowReader reads the rows of a recording.
type rowReader struct {
	file, path string
	most       int // rows
	problems   Errors

	columns  []string
	rows     []Recorded
	line     int
	last     time.Duration
	smallest *mark
	highest  *mark
}

func (r *rowReader) read(text string) {
	text = strings.TrimRight(strings.TrimPrefix(text, "\uFEFF"), " \t\r\n")
	header, text, more := strings.Cut(text, "\n")
	r.line = 1
	if !r.header(strings.TrimSuffix(header, "\r")) {
		return
	}
	if !more {
		r.report(0, "", "the recording has no arrivals", replayHint)
		return
	}
	r.rows = make([]Recorded, 0, min(strings.Count(text, "\n")+1, r.most))
	for more {
		var line string
		line, text, more = strings.Cut(text, "\n")
		r.line++
		if len(r.rows) == r.most {
			r.report(0, "", fmt.Sprintf("the recording has more than %d arrivals", r.most), "cut it into several phases")
			return
		}
		r.row(strings.TrimSuffix(line, "\r"))
		if len(r.problems) > maxReplayProblems {
			r.problems = r.problems[:maxReplayProblems]
			r.report(0, "", "there are more problems from here on", "mend those above first")
			return
		}
	}
}

// report records a problem at a byte of the line.
func (r *rowReader) report(at int, before, message, hint string) {
	place := position{r.file, r.line, 1 + utf8.RuneCountInString(before[:at])}
	r.problems = append(r.problems, complain(message, hint).at(place, r.path))
}

func (r *rowReader) header(line string) bool {
	if r.tooLong(line) {
		return false
	}
	for name := range strings.SplitSeq(line, ",") {
		r.columns = append(r.columns, strings.TrimSpace(name))
	}
	switch strings.Join(r.columns, ",") {
	case "at_s", "at_s,size", "at_s,chain", "at_s,size,chain":
		return true
	}
	r.report(0, "", show(line)+" is not the header of a recording", replayHint)
	return false
}

func (r *rowReader) tooLong(line string) bool {
	if len(line) <= maxReplayLine {
		return false
	}
	r.report(0, "", fmt.Sprintf("a line of more than %d bytes", maxReplayLine), "is this the right file? "+replayHint)
	return true
}

func (r *rowReader) row(line string) {
	if r.tooLong(line) {
		return
	}
	if n := strings.Count(line, ",") + 1; n != len(r.columns) {
		r.report(0, "", fmt.Sprintf("the row has not as many values as the header: %d, not %d", n, len(r.columns)),
			"a value may be empty, its comma stays")
		return
	}
	row := Recorded{Chain: -1}
	rest, at := line, 0
	for _, column := range r.columns {
		var cell string
		cell, rest, _ = strings.Cut(rest, ",")
		text := strings.TrimSpace(cell)
		var p *Problem
		switch {
		case column == "at_s":
			if row.At, p = parseInstant(text); p == nil && row.At < r.last {
				p = complain("is before the row above it", "sort the rows by at_s")
			}
			r.last = max(r.last, row.At)
		case text == "": // left to the mix
		case column == "size":
			row.Size, p = r.whole(text, 1, MaxSize)
			r.mark(&r.smallest, row.Size, p, func(old, new int) bool { return new < old }, line, at)
		default:
			row.Chain, p = r.whole(text, 0, maxChains-1)
			r.mark(&r.highest, row.Chain, p, func(old, new int) bool { return new > old }, line, at)
		}
		if p != nil {
			r.report(at, line, column+": "+show(text)+" "+p.Message, p.Hint)
		}
		at += len(cell) + 1
	}
	r.rows = append(r.rows, row)
}

func (r *rowReader) whole(text string, low, high uint64) (int32, *Problem) {
	n, p := parseWhole(text, low, high)
	return int32(n), p
}

// mark keeps the place of a value that goes further than the one before it.
func (r *rowReader) mark(m **mark, value int32, p *Problem, further func(old, new int) bool, line string, at int) {
	if p == nil && (*m == nil || further((*m).value, int(value))) {
		*m = &mark{int(value), position{r.file, r.line, 1 + utf8.RuneCountInString(line[:at])}}
	}
}

// parseInstant reads seconds, to the nanosecond.
func parseInstant(text string) (time.Duration, *Problem) {
	seconds, err := strconv.ParseFloat(text, 64)
	if err != nil || strings.Trim(text, "0123456789.eE+-") != "" {
		return 0, complain("is not a number of seconds", "for example 12.5, since the phase's start")
	}
	switch {
	case seconds < 0:
		return 0, complain("is before the phase's start", "the first arrival may be at 0")
	case seconds > MaxDuration.Seconds():
		return 0, complain("is after more than 30 days", "instants are in seconds since the phase's start, not since 1970")
	}
	return time.Duration(math.Round(seconds * 1e9)), nil
}
