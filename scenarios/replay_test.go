package scenarios

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// files writes files into a directory, for a scenario test.yaml in it.
func files(t testing.TB, contents map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for name, text := range contents {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func parseIn(dir, text string) (*Scenario, error) {
	return Parse([]byte(text), filepath.Join(dir, "x.yaml"))
}

// problemsIn are those of a scenario in dir, which is left out of the text.
func problemsIn(t testing.TB, dir, text string) string {
	t.Helper()
	s, err := parseIn(dir, text)
	if s != nil || err == nil {
		t.Fatalf("no problem with\n%s", text)
	}
	return "\n" + strings.ReplaceAll(err.Error(), dir+string(filepath.Separator), "")
}

const replaying = "version: 1\nload: {phases: [{replay: r.csv}]}\n"

func TestReplay(t *testing.T) {
	ms := time.Millisecond
	for _, test := range []struct {
		name, csv string
		want      []Recorded
	}{
		{"instants", "at_s\n0\n0.5\n0.5\n12.25\n", []Recorded{{0, 0, -1}, {500 * ms, 0, -1}, {500 * ms, 0, -1}, {12250 * ms, 0, -1}}},
		{"all columns", "at_s,size,chain\n0.001,200,0\n1e1,,9\n10,10240,\n", []Recorded{{ms, 200, 0}, {10 * time.Second, 0, 9}, {10 * time.Second, 10240, -1}}},
		{"chains", "at_s,chain\n1,3\n", []Recorded{{time.Second, 0, 3}}},
		{"spelling", "\uFEFF at_s , size\r\n 1 , 100 \r\n2,\r\n\r\n", []Recorded{{time.Second, 100, -1}, {2 * time.Second, 0, -1}}},
		{"no end of line", "at_s\n0.000000001", []Recorded{{1, 0, -1}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, err := parseIn(files(t, map[string]string{"r.csv": test.csv}), replaying)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.Sum256([]byte(test.csv))
			want := Phase{
				Name: "phase-1", For: test.want[len(test.want)-1].At, Measured: true,
				Replay: &Replay{Path: "r.csv", SHA256: hex.EncodeToString(sum[:]), Rows: test.want},
			}
			if diff := cmp.Diff(want, s.Load.Phases[0]); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// A phase's length cuts a recording, and both count in the hash; its rate is the
// most within a second.
func TestReplayLength(t *testing.T) {
	dir := files(t, map[string]string{
		"r.csv": "at_s\n0\n1\n1.5\n1.9\n2\n9\n", "sub/same.csv": "at_s\n0\n1\n1.5\n1.9\n2\n9\n", "other.csv": "at_s\n0\n1\n1.5\n1.9\n2\n9\n\n",
	})
	parse := func(phase string) *Scenario {
		t.Helper()
		s, err := parseIn(dir, "version: 1\nload: {phases: [{"+phase+"}]}\n")
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	whole := parse("replay: r.csv")
	for _, test := range []struct {
		phase  string
		length time.Duration
		count  float64
		rate   float64
		same   bool
	}{
		{"replay: r.csv", 9 * time.Second, 6, 3, true},
		{"replay: sub/same.csv, for: 9s", 9 * time.Second, 6, 3, true},
		{"replay: '" + dir + "/r.csv'", 9 * time.Second, 6, 3, true},
		{"replay: other.csv", 9 * time.Second, 6, 3, false},
		{"replay: r.csv, for: 1500ms", 1500 * time.Millisecond, 3, 2, false},
		{"replay: r.csv, for: 1m", time.Minute, 6, 3, false},
	} {
		s := parse(test.phase)
		p := s.Load.Phases[0]
		if p.For != test.length || p.Expected() != test.count || s.Load.MaxRate() != test.rate {
			t.Errorf("%s: %v, %v entries, up to %v/s; want %v, %v, %v", test.phase, p.For, p.Expected(), s.Load.MaxRate(), test.length, test.count, test.rate)
		}
		if same := s.SHA256() == whole.SHA256(); same != test.same {
			t.Errorf("%s: same hash %v, want %v", test.phase, same, test.same)
		}
	}
	if err := whole.Override(nil, time.Minute); err != nil || whole.Load.Phases[0].Rate() != "3/s" {
		t.Errorf("--for makes %s of it, %v", whole.Load.Phases[0].Rate(), err)
	}
}

func TestReplayProblems(t *testing.T) {
	const header = "at_s,size,chain\n"
	many := header + strings.Repeat("x,1,1\n", 30)
	for _, test := range []struct{ name, csv, text, want string }{
		{"header", "time,size\n1,2\n", replaying, `
r.csv:1:1: "time,size" is not the header of a recording
    hint: a recording is CSV with the header at_s, at_s,size, at_s,chain or at_s,size,chain`},
		{"empty", "", replaying, `
r.csv:1:1: "" is not the header of a recording
    hint: a recording is CSV with the header at_s, at_s,size, at_s,chain or at_s,size,chain`},
		{"no rows", "at_s\n", replaying, `
r.csv:1:1: the recording has no arrivals
    hint: a recording is CSV with the header at_s, at_s,size, at_s,chain or at_s,size,chain`},
		{"rows", header + "0,200\n,1,1\n-1,1,1\n5,200B,1\n4,0,-1\n1700000000,10241,1\ninf,1,100000\n\n6,,\n", replaying, `
r.csv:2:1: the row has not as many values as the header: 2, not 3
    hint: a value may be empty, its comma stays
r.csv:3:1: at_s: "" is not a number of seconds
    hint: for example 12.5, since the phase's start
r.csv:4:1: at_s: "-1" is before the phase's start
    hint: the first arrival may be at 0
r.csv:5:3: size: "200B" is not a whole number
    hint: allowed is 1 to 10240, in plain digits
r.csv:6:1: at_s: "4" is before the row above it
    hint: sort the rows by at_s
r.csv:6:3: size: "0" is out of range
    hint: allowed is 1 to 10240
r.csv:6:5: chain: "-1" is not a whole number
    hint: allowed is 0 to 99999, in plain digits
r.csv:7:1: at_s: "1700000000" is after more than 30 days
    hint: instants are in seconds since the phase's start, not since 1970
r.csv:7:12: size: "10241" is out of range
    hint: allowed is 1 to 10240
r.csv:8:1: at_s: "inf" is not a number of seconds
    hint: for example 12.5, since the phase's start
r.csv:8:7: chain: "100000" is out of range
    hint: allowed is 0 to 99999
r.csv:9:1: the row has not as many values as the header: 1, not 3
    hint: a value may be empty, its comma stays`},
		{"a long line", header + strings.Repeat("1", 1001) + "\n", replaying, `
r.csv:2:1: a line of more than 1000 bytes
    hint: is this the right file? a recording is CSV with the header at_s, at_s,size, at_s,chain or at_s,size,chain`},
		{"all at once", "at_s\n0\n0\n", replaying, `
x.yaml:2:26: replay: all arrivals are at 0 s, which is no length of a phase
    hint: say how long it lasts: for: 1s`},
		{"no file", "", strings.Replace(replaying, "r.csv", "q.csv", 1), `
x.yaml:2:26: replay: "q.csv" cannot be read: no such file or directory
    hint: paths begin in the scenario's directory`},
		{"no regular file", "", strings.Replace(replaying, "r.csv", "/dev/zero", 1), `
x.yaml:2:26: replay: "/dev/zero" is not a file
    hint: paths begin in the scenario's directory`},
		{"a directory", "", strings.Replace(replaying, "r.csv", "'.'", 1), `
x.yaml:2:26: replay: "." is not a file
    hint: paths begin in the scenario's directory`},
		{"no path", "", strings.Replace(replaying, "r.csv", "''", 1), `
x.yaml:2:26: replay: "" is not a path
    hint: for example recorded/monday.csv, beginning in the scenario's directory`},
		{"a rate too", "at_s\n1\n", strings.Replace(replaying, "r.csv", "r.csv, rate: 5/s", 1), `
x.yaml:2:26: replay: the phase has a rate too
    hint: keep one of them: a recording has its own instants`},
		// What depends on the workload.
		{"too small, no such chain", header + "1,100,1\n1,,\n2,28,0\n3,100,10\n4,29,9\n", replaying, `
r.csv:4:3: size: 28 is too small for an entry
    hint: 29 bytes or more hold the marker and the nonce
r.csv:5:7: chain: there is no chain 10
    hint: workload.chains is 10, and the first one is 0`},
		{"too small for JSON", "at_s,size\n1,66\n", replaying + "workload: {mix: [{kind: entry}, {kind: entry, size: 200B, payload: json}]}\n", `
r.csv:2:3: size: 66 is too small for an entry
    hint: 67 bytes or more hold the marker and the nonce`},
		{"no entries", "at_s\n1\n", replaying + "workload: {mix: [{kind: chain}]}\n", `
x.yaml:2:26: replay: a recording is of entries, and the mix has none
    hint: add {kind: entry} to workload.mix`},
		{"sizes and files", "at_s,size\n1,66\n", replaying + "workload: {mix: [{kind: entry, payload: {files: r.csv}}]}\n", `
r.csv:2:3: the recording has sizes, and files as payload have their own
    hint: remove the column size, or choose another payload`},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := files(t, map[string]string{"r.csv": test.csv})
			if got := problemsIn(t, dir, test.text); got != test.want {
				t.Errorf("got:%s\nwant:%s", got, test.want)
			}
		})
	}

	// The scenario's problems come first, and a flood of others ends.
	dir := files(t, map[string]string{"a.csv": many, "b.csv": "x\n"})
	got := problemsIn(t, dir, "version: 1\nload: {phases: [{replay: a.csv}, {name: b, replay: b.csv}]}\nseed: x\n")
	if lines := strings.Split(got, "\n"); !strings.HasPrefix(lines[1], "x.yaml:3:7: seed:") || !strings.HasPrefix(lines[3], "a.csv:2:1: at_s:") ||
		strings.Count(got, "a.csv:") != maxReplayProblems+1 || strings.Count(got, "b.csv:1:1") != 1 {
		t.Errorf("got:%s", got)
	}
}

func TestReplayLimits(t *testing.T) {
	dir := t.TempDir()
	f, err := os.Create(filepath.Join(dir, "r.csv"))
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Truncate(MaxReplayBytes + 1); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if got, want := problemsIn(t, dir, replaying), `
x.yaml:2:26: replay: "r.csv" has more than 64 MiB
    hint: cut the recording into several phases`; got != want {
		t.Errorf("got:%s\nwant:%s", got, want)
	}

	rows := rowReader{file: "r.csv", most: 3}
	if rows.read("at_s\n0\n1\n2\n"); len(rows.rows) != 3 || len(rows.problems) > 0 {
		t.Errorf("3 rows of 3: %v", rows.problems)
	}
	rows = rowReader{file: "r.csv", most: 3}
	rows.read("at_s\n0\n1\n2\n3\n")
	if got, want := rows.problems.Error(), "r.csv:5:1: the recording has more than 3 arrivals\n    hint: cut it into several phases"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func FuzzReplay(f *testing.F) {
	for _, text := range []string{
		"at_s\n0\n1\n", "at_s,size,chain\n0.5,200,1\n1e1,,\n", "at_s,chain\r\n1,0\r\n\r\n", "\uFEFFat_s,size\n1\n", "at_s\nNaN\n-0\n0x1p4\n1_0\n", "at_s\n2\n1\n",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := rowReader{file: "r.csv", most: 1000}
		r.read(text)
		if len(r.problems) > maxReplayProblems+4 {
			t.Errorf("%d problems", len(r.problems))
		}
		for _, p := range r.problems {
			if p.Line < 1 || p.Column < 1 || p.Message == "" {
				t.Errorf("%+v", p)
			}
		}
		if len(r.problems) > 0 {
			return
		}
		if len(r.rows) == 0 || len(r.rows) > strings.Count(text, "\n") {
			t.Errorf("%d rows", len(r.rows))
		}
		var last time.Duration
		for _, row := range r.rows {
			if row.At < last || row.At > MaxDuration || row.Size < 0 || row.Size > MaxSize || row.Chain < -1 || row.Chain >= maxChains {
				t.Errorf("%+v after %v", row, last)
			}
			last = row.At
		}
	})
}
