package results

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// A Sample is one second of the harness and the node: a line of series.log.
// What entries did in that second is in entries.log.
type Sample struct {
	At       int64  `json:"at"` // end of the second, nanoseconds since the run's start
	Height   uint32 `json:"height"`
	Minute   int    `json:"minute"`
	Stalled  bool   `json:"stalled,omitempty"`
	Known    bool   `json:"known"` // the node's figures are of this second or the one before
	InFlight int    `json:"in_flight"`
	// Connections are open at the end of the second, idle ones included.
	Connections int     `json:"connections,omitempty"`
	CPUSeconds  float64 `json:"cpu_s"` // of the harness, since it started
	RSSBytes    uint64  `json:"rss_bytes"`
	Goroutines  int     `json:"goroutines"`
	// ECBalance is what the keys that pay have left, in entry credits; nil where it
	// is not known.
	ECBalance *int64 `json:"ec_balance,omitempty"`
	// Of the node's process where the run started it, else 0.
	NodeCPUSeconds float64 `json:"node_cpu_s,omitempty"`
	NodeRSSBytes   uint64  `json:"node_rss_bytes,omitempty"`
	// NodeQueues is what that node had not worked off, and NodeHolding how many messages
	// it held back, as it last told, up to 6 s before; nil where that is not known.
	NodeQueues  *NodeQueues `json:"node_queues,omitempty"`
	NodeHolding *int        `json:"node_holding,omitempty"`
}

// NodeQueues is what a node has taken in and not worked off, in messages: commits,
// reveals and factoid transactions.
type NodeQueues struct {
	API      int `json:"api"`      // in the API queue, or in calls that wait for room in it
	Unlisted int `json:"unlisted"` // taken from it, and in no process list
}

// AppendSample writes one line of series.log.
func AppendSample(w io.Writer, s Sample) error { return appendLine(w, s) }

// AppendBlock writes a line of another kind: a saved directory block.
func AppendBlock(w io.Writer, b Block) error {
	return appendLine(w, map[string]Block{"block": b})
}

// Measured is what a run measures of itself while it goes on. The manifest has it
// when the run ends; until then, and of a run that is killed, series.log has it.
type Measured struct {
	Observed Observed `json:"observed"`
	Harness  Harness  `json:"harness"`
}

// AppendMeasured writes what is measured so far into series.log.
func AppendMeasured(w io.Writer, m Measured) error {
	return appendLine(w, map[string]Measured{"measured": m})
}

// AppendCommits writes whose the commits of a block are.
func AppendCommits(w io.Writer, c BlockCommits) error {
	return appendLine(w, map[string]BlockCommits{"commits": c})
}

func appendLine(w io.Writer, row any) error {
	b, err := json.Marshal(row)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(b, '\n')); err != nil {
		return fmt.Errorf("writing %s: %w", SeriesFile, err)
	}
	return nil
}

// A Series is what series.log holds, but for the blocks, which entries.log has too.
type Series struct {
	Samples  []Sample
	Measured *Measured // the newest, or nil
	// Commits are of some of the blocks, by height.
	Commits map[uint32]BlockCommits
}

// ReadSeries reads the series.log of a run's directory, up to the first line that is
// torn or damaged. A run that did not live for a second has no samples.
func ReadSeries(path string) (s Series, err error) {
	f, err := os.Open(filepath.Join(path, SeriesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	if err != nil {
		return s, fmt.Errorf("reading %s: %w", SeriesFile, err)
	}
	defer f.Close()
	var last int64
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		var row struct {
			Sample
			Block    *Block        `json:"block"`
			Measured *Measured     `json:"measured"`
			Commits  *BlockCommits `json:"commits"`
		}
		switch err := json.Unmarshal(lines.Bytes(), &row); {
		case err == nil && row.Block != nil:
			continue
		case err == nil && row.Measured != nil:
			s.Measured = row.Measured
			continue
		case err == nil && row.Commits != nil:
			if s.Commits == nil {
				s.Commits = map[uint32]BlockCommits{}
			}
			s.Commits[row.Commits.Height] = *row.Commits
			continue
		case err != nil || row.At <= last:
			return s, nil
		}
		last = row.At
		s.Samples = append(s.Samples, row.Sample)
	}
	if err := lines.Err(); err != nil && !errors.Is(err, bufio.ErrTooLong) {
		return Series{}, fmt.Errorf("reading %s: %w", SeriesFile, err)
	}
	return s, nil
}
