package scenarios

import (
	"fmt"
	"math"
	"time"
)

// A Record says how a run's record is kept. It changes nothing of the load, so it
// is not in the normal form.
type Record struct {
	// Segment is above how many bytes a part of entries.log is closed, and
	// compressed: 64 KiB to 1 GiB.
	Segment int64
	Keep    Keep // what is left of the entries once the reports are written
	Sample  int  // with KeepFailures: how many confirmed entries are left as well
	// Checkpoint is how often reports of the run so far are written; 0 is never,
	// else 1 s to a day.
	Checkpoint time.Duration
}

// Keep says what is left of a record.
type Keep string

// What can be left of a record.
const (
	KeepAll      Keep = "all"
	KeepFailures Keep = "failures" // all but the plainly confirmed entries, and a sample of those
	KeepNone     Keep = "none"
)

const (
	minSegment    = 64 << 10
	maxSegment    = 1 << 30
	maxSample     = 1_000_000
	minCheckpoint = time.Second
	maxCheckpoint = 24 * time.Hour

	volumeHint     = "a size is written 64MiB; allowed are 64KiB to 1GiB"
	checkpointHint = "write 5m, or 0 for none; allowed are 1s to 24h"
)

func defaultRecord() Record {
	return Record{Segment: DefaultSegment, Keep: DefaultKeep, Sample: DefaultSample, Checkpoint: DefaultCheckpoint}
}

func (d *decoder) record(n *node, r *Record) bool {
	return d.sound(func() {
		d.fields(n,
			field{"segment", func(n *node) { value(d, n, parseVolume, &r.Segment) }},
			field{"keep", into(oneOf(d, KeepAll, KeepFailures, KeepNone), &r.Keep)},
			field{"sample", into(whole[int](d, 0, maxSample), &r.Sample)},
			field{"checkpoint", func(n *node) { value(d, n, parseCheckpoint, &r.Checkpoint) }},
		)
		if sample := n.get("sample"); sample != nil && r.Keep != KeepFailures {
			d.report(sample, fmt.Sprintf("there is no sample with keep: %s", r.Keep), "write keep: failures, or leave sample out")
		}
	})
}

// parseVolume reads the size of a segment, in bytes.
func parseVolume(text string) (int64, *Problem) {
	n, unit, ok := number(text)
	factor := map[string]float64{"B": 1, "kB": 1e3, "KiB": 1 << 10, "MB": 1e6, "MiB": 1 << 20, "GB": 1e9, "GiB": 1 << 30}[unit]
	bytes := n * factor
	switch {
	case !ok:
		return 0, complain("is not a size", volumeHint)
	case unit == "":
		return 0, complain("has no unit", volumeHint)
	case factor == 0:
		return 0, complain("has a unit that is not one of sizes", volumeHint)
	case bytes < minSegment || bytes > maxSegment:
		return 0, complain("is out of range", volumeHint)
	}
	return int64(math.Round(bytes)), nil
}

func parseCheckpoint(text string) (time.Duration, *Problem) {
	if text == "0" || text == "0s" {
		return 0, nil
	}
	every, p := parseDuration(text)
	if p == nil && (every < minCheckpoint || every > maxCheckpoint) {
		p = complain("is out of range", checkpointHint)
	}
	return every, p
}
