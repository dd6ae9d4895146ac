package report

import (
	"bytes"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/results"
)

// series writes a series.log.
func (r *recording) series(write func(*bytes.Buffer) error) {
	r.t.Helper()
	var b bytes.Buffer
	err := write(&b)
	f, open := r.dir.Open(results.SeriesFile)
	if err := errors.Join(err, open); err != nil {
		r.t.Fatal(err)
	}
	_, err = f.Write(b.Bytes())
	if err := errors.Join(err, f.Close()); err != nil {
		r.t.Fatal(err)
	}
}

// What a node had in its queues is in the series and in a chart of its own, second by
// second where it is known; odd figures of a record are none.
func TestQueuesChart(t *testing.T) {
	rec := record(t)
	every(rec)
	rec.series(func(b *bytes.Buffer) (err error) {
		for i, s := range []results.Sample{
			{}, {NodeQueues: &results.NodeQueues{API: 15_000, Unlisted: 10_050}, NodeHolding: new(2)},
			{NodeQueues: &results.NodeQueues{API: 40, Unlisted: 9}}, {NodeQueues: &results.NodeQueues{API: -1, Unlisted: 9}, NodeHolding: new(-7)},
		} {
			s.At = int64(i+1) * 1e9
			err = errors.Join(err, results.AppendSample(b, s))
		}
		return err
	})
	r := rec.build()
	for column, want := range map[string][]float64{
		"node_api_queue": {math.NaN(), 15_000, 40, math.NaN()}, "node_unlisted": {math.NaN(), 10_050, 9, math.NaN()},
		"node_holding": {math.NaN(), 2, math.NaN(), math.NaN()},
	} {
		for i, got := range r.Series.column(column)[:4] {
			if got != want[i] && !(math.IsNaN(got) && math.IsNaN(want[i])) {
				t.Errorf("%s of second %d is %v, want %v", column, i, got, want[i])
			}
		}
	}
	f, c := queuesChart(r, 600)
	for _, want := range []string{"Highest API queue of the node, messages: 15,000.", "not in a process list, messages: 10,050.", "Highest holding of the node, messages: 2."} {
		if !strings.Contains(c.desc, want) {
			t.Errorf("%q is not in %q", want, c.desc)
		}
	}
	if table := c.table(); f.Missing != "" || len(c.panels) != 3 || len(table.Head) != 4 || len(table.Rows) != 2 {
		t.Errorf("%q, %d panels, %v", f.Missing, len(c.panels), table)
	}
}

// Where they are not known, the report says why.
func TestQueuesUnknown(t *testing.T) {
	r := shortRun(t)
	for want, embedded := range map[string]bool{"it is of an older version, or": true, "of a node that the run itself starts": false} {
		r.Network.Embedded = embedded
		if f, _ := queuesChart(r, 600); !strings.Contains(f.Missing, want) {
			t.Errorf("%q, want %q", f.Missing, want)
		}
	}
}

// Others' commits of a block are told where they are known, in its row, its bar and,
// if they were many, the story.
func TestOthersCommits(t *testing.T) {
	rec := record(t)
	every(rec)
	rec.series(func(b *bytes.Buffer) error {
		return errors.Join(
			results.AppendCommits(b, results.BlockCommits{Height: 1, Commits: 23, Others: 20}),
			results.AppendCommits(b, results.BlockCommits{Height: 2, Commits: 2, Others: 3}), // more than there are
			results.AppendCommits(b, results.BlockCommits{Height: 3}),
			results.AppendCommits(b, results.BlockCommits{Height: 77, Commits: 5, Others: 5}),
		)
	})
	r := rec.build()
	if b := r.Blocks[0]; b.Commits == nil || *b.Commits != 23 || *b.OthersCommits != 20 || b.OthersCommitsText() != "20" {
		t.Errorf("block 1: %+v", b)
	}
	if b := r.Blocks[1]; b.Commits != nil || b.OthersCommits != nil || b.OthersCommitsText() != noFigure {
		t.Errorf("block 2: %+v", b)
	}
	if b := r.Blocks[2]; b.OthersCommits == nil || *b.OthersCommits != 0 {
		t.Errorf("block 3: %+v", b)
	}

	f, c := blockChart(r, 600)
	if !strings.Contains(c.desc, "Others’ commits in them: 20.") || !strings.Contains(f.Caption, "whatever chains") {
		t.Errorf("%q, %q", c.desc, f.Caption)
	}
	marks := c.panels[0].marks
	if len(marks) != 2 || marks[1].label != "others’ commits" || !strings.Contains(marks[1].class, "hollow") {
		t.Fatalf("marks %+v", marks)
	}
	if bars := marks[1].at; len(bars) != 1 || bars[0].low != 3 || bars[0].y != 23 || !strings.Contains(bars[0].tip, "3 own entries, 20 others’ commits") {
		t.Errorf("bars of others %+v", bars)
	}
	if tip := marks[0].at[1].tip; !strings.Contains(tip, "others’ commits not known") {
		t.Errorf("the bar of block 2 says %q", tip)
	}

	told := r.Story[len(r.Story)-1]
	if told.Kind != "others" || told.Figures["others_commits"] != 20 || !strings.Contains(told.Sentence, "20 of the 23 commits") || !strings.Contains(told.Sentence, "Those of 1 of 3 blocks are not known.") {
		t.Errorf("the story ends with %+v", told)
	}
	*r.Blocks[0].OthersCommits = 2
	if s := othersStory(r); s != nil {
		t.Errorf("2 of 23 are told of: %+v", s)
	}
}

// A run beside others in which nothing stood out is still one, and a long story has
// room for them.
func TestOthersComeLast(t *testing.T) {
	r := shortRun(t)
	before := len(story(r))
	r.Blocks[0].Commits, r.Blocks[0].OthersCommits = new(uint64(10)), new(uint64(5))
	got := story(r)
	if len(got) != before+1 || got[before].Kind != "others" {
		t.Errorf("%d sentences, then %+v", before, got)
	}
	r = troubledRun(t)
	r.Blocks[0].Commits, r.Blocks[0].OthersCommits = new(uint64(1e6)), new(uint64(1e6))
	if got := story(r); len(got) > mostSentences || got[len(got)-1].Kind != "others" {
		t.Errorf("%+v", got)
	}
}
