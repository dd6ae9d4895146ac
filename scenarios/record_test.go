package scenarios

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRecord(t *testing.T) {
	plain, err := abortOf("")
	if err != nil || plain.Record != (Record{64 << 20, KeepAll, 1000, 5 * time.Minute}) {
		t.Errorf("by default: %+v, %v", plain.Record, err)
	}
	s, err := abortOf("record: {segment: 1.5MiB, keep: failures, sample: 7, checkpoint: 90s}\n")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(Record{3 << 19, KeepFailures, 7, 90 * time.Second}, s.Record); diff != "" {
		t.Error(diff)
	}
	if s.SHA256() != plain.SHA256() {
		t.Error("how the record is kept changes the hash of the load")
	}
	for text, want := range map[string]int64{"64KiB": 64 << 10, "1GiB": 1 << 30, "1GB": 1e9, "70kB": 70_000, "2 MB": 2e6} {
		if s, err := abortOf("record: {segment: " + text + "}\n"); err != nil || s.Record.Segment != want {
			t.Errorf("%s: %d, %v", text, s.Record.Segment, err)
		}
	}
	for _, off := range []string{"0", "0s"} {
		if s, err := abortOf("record: {checkpoint: " + off + "}\n"); err != nil || s.Record.Checkpoint != 0 {
			t.Errorf("%s: %v, %v", off, s.Record.Checkpoint, err)
		}
	}
}

func TestRecordProblems(t *testing.T) {
	for record, want := range map[string]string{
		"segment: 63KiB":                      `"63KiB" is out of range`,
		"segment: 1.1GiB":                     `"1.1GiB" is out of range`,
		"segment: 5":                          `"5" has no unit`,
		"segment: 5TiB":                       `"5TiB" has a unit that is not one of sizes`,
		"segment: big":                        `"big" is not a size`,
		"keep: some":                          `"some" is not one of all, failures, none`,
		"sample: 5":                           `there is no sample with keep: all`,
		"keep: none, sample: 5":               `there is no sample with keep: none`,
		"keep: failures, sample: 2000000":     `"2000000" is out of range`,
		"checkpoint: 999ms":                   `"999ms" is out of range`,
		"checkpoint: 25h":                     `"25h" is out of range`,
		"checkpoint: 5":                       `"5" has no unit`,
		"checkpoints: 5m":                     `did you mean checkpoint?`,
		"segment: 64MiB, segment: 64MiB":      `the key segment is here twice`,
		"keep: failures, sample: '7'":         `is text, not a number`,
		"segment: 99999999999999999999999GiB": `is out of range`,
	} {
		_, err := abortOf("record: {" + record + "}\n")
		if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "x.yaml:4:") {
			t.Errorf("%s: %v\nwant %s", record, err, want)
		}
	}
}
