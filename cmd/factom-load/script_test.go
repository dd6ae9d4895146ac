package main

import (
	"encoding/csv"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/FactomProject/factom"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/internal/factomdtest"
	"github.com/FactomProject/factom-load/internal/syntheticrun"
	"github.com/FactomProject/factom-load/results"
)

func TestMain(m *testing.M) {
	flag.Set("test.parallel", "8") // scripts wait for blocks, most of the time
	testscript.Main(m, map[string]func(){"factom-load": main})
}

// The scripts know, beside testscript's own commands and these below, the
// variables KEY and ADDRESS: a secret key (Es...) and its public address; and
// they find tiny.yaml in their directory.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                "testdata/script",
		RequireUniqueNames: true,
		Setup: func(env *testscript.Env) error {
			key, err := factom.MakeECAddress([]byte("a seed of 32 bytes for the tests"))
			if err != nil {
				return err
			}
			env.Setenv("KEY", key.SecString())
			env.Setenv("ADDRESS", key.PubString())
			tiny, err := os.ReadFile("testdata/tiny.yaml")
			if err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(env.WorkDir, "tiny.yaml"), tiny, 0o666); err != nil {
				return err
			}
			env.Values[filesKey{}], err = filesIn(env.WorkDir)
			return err
		},
		Condition: func(cond string) (bool, error) {
			switch cond {
			case "disk": // a disk can be made for the script; it takes the right to mount
				return canMount(), nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"await":          await,
			"double":         double,
			"exits":          exits,
			"leaves-nothing": leavesNothing,
			"fill":           fill,
			"lines":          lines,
			"nowhere":        nowhere,
			"planned":        planned,
			"proxy":          proxy,
			"private":        private,
			"signal":         sendSignal,
			"synthetic":      synthetic,
			"disk":           disk,
		},
	})
}

// double [flags] starts a double of a factomd and sets URL, or the variable that
// -as names.
func double(ts *testscript.TestScript, neg bool, args []string) {
	fl := flag.NewFlagSet("double", flag.ContinueOnError)
	var (
		as      = fl.String("as", "URL", "variable for the URL")
		network = fl.String("network", "", "main or test; else LOCAL")
		genesis = fl.String("genesis", "", "key MR of block 0")
		auth    = fl.String("auth", "", "user:password")
		credits = fl.Int64("credits", 0, "balance of ADDRESS")
		poor    = fl.Bool("poor", false, "the public test key has nothing")
		html    = fl.Bool("html", false, "answer with a page")
		closed  = fl.Bool("closed", false, "refuse connections")
		drop    = fl.Bool("drop", false, "forget a quarter of the reveals, but of first entries")
		refuse  = fl.Bool("refuse", false, "refuse a quarter of the commits of entries")
	)
	if err := fl.Parse(args); err != nil || neg || fl.NArg() > 0 {
		ts.Fatalf("usage: double [flags]")
	}
	o := factomdtest.Options{
		BlockTime: 500 * time.Millisecond,
		Credits:   map[string]int64{ts.Getenv("ADDRESS"): *credits},
	}
	o.User, o.Password, _ = strings.Cut(*auth, ":")
	switch *network {
	case "main":
		o.NetworkID = factomdtest.Main
	case "test":
		o.NetworkID = factomdtest.Test
	}
	if *genesis != "" {
		h, err := factomd.ParseHash(*genesis)
		ts.Check(err)
		o.Genesis = h
	}
	if *poor {
		o.Factoids = map[string]int64{factomd.LocalTestKey().FactoidAddress(): 0}
	}
	quarter := func(h factomd.Hash) bool { return h[0]%4 == 0 }
	if *drop {
		o.Drop = func(s factomdtest.Stage, h factomd.Hash, first bool) bool {
			return s == factomdtest.Reveal && !first && quarter(h)
		}
	}
	o.Fault = func(c factomdtest.Call) *factomdtest.Fault {
		switch {
		case c.Submits() && c.Method != "commit-chain" && c.Method != "reveal-chain":
			f := &factomdtest.Fault{Delay: 600 * time.Millisecond}
			if *refuse && c.Method == "commit-entry" && quarter(c.Entry) {
				f.Unheard, f.Answer = true, factomdtest.Refuse(-32603, "Internal error", "boom")
			}
			return f
		case *html:
			return &factomdtest.Fault{Unheard: true, Answer: factomdtest.HTML(200)}
		}
		return nil
	}
	n := factomdtest.Start(o)
	ts.Defer(n.Close)
	if *closed {
		n.Close()
	}
	ts.Setenv(*as, n.URL())
}

// proxy [-auth user:password] starts a proxy, by which alone factomd.invalid:8088
// is found: the double in URL. It sets PROXY to the proxy's host:port.
func proxy(ts *testscript.TestScript, neg bool, args []string) {
	fl := flag.NewFlagSet("proxy", flag.ContinueOnError)
	auth := fl.String("auth", "", "user:password")
	if err := fl.Parse(args); err != nil || neg || fl.NArg() > 0 {
		ts.Fatalf("usage: proxy [-auth user:password]")
	}
	node, err := url.Parse(ts.Getenv("URL"))
	ts.Check(err)
	user, password, _ := strings.Cut(*auth, ":")
	p := factomdtest.StartProxy(map[string]string{"factomd.invalid:8088": node.Host}, user, password)
	ts.Defer(p.Close)
	ts.Setenv("PROXY", p.Addr())
}

// synthetic [flags] NAME writes the records of runs that never were, NAME-1 and so on.
func synthetic(ts *testscript.TestScript, neg bool, args []string) {
	fl := flag.NewFlagSet("synthetic", flag.ContinueOnError)
	var (
		n        = fl.Int("n", 1, "number of runs")
		seed     = fl.Uint64("seed", 1, "of the first, and in steps of two")
		level    = fl.Float64("level", 1, "factor of the accept latency")
		version  = fl.String("version", "6.11.0", "of factomd")
		scenario = fl.String("scenario", "5ca1ab1e", "its hash")
		tag      = fl.String("tag", "", "key=value")
	)
	if err := fl.Parse(args); err != nil || neg || fl.NArg() != 1 {
		ts.Fatalf("usage: synthetic [flags] NAME")
	}
	for i := range *n {
		ts.Check(syntheticrun.Write(ts.MkAbs(fmt.Sprintf("%s-%d", fl.Arg(0), i+1)), syntheticrun.Run{
			Seed: *seed + 2*uint64(i), Level: *level,
			Change: func(m *results.Manifest) {
				m.Network.Endpoints[0].Version, m.Scenario.SHA256 = *version, *scenario
				if key, value, ok := strings.Cut(*tag, "="); ok {
					m.Tags = map[string]string{key: value}
					m.Notes = []results.Note{{At: m.Started, Text: "of " + value}}
				}
			},
		}))
	}
}

// exits CODE program [arguments] runs a program, which must exit with the code.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 2 || neg {
		ts.Fatalf("usage: exits CODE program [arguments]")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// fill FILE puts the values of variables in the places of $NAME in a file.
func fill(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: fill FILE")
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(os.Expand(ts.ReadFile(args[0]), ts.Getenv)), 0o666))
}

// await FILE waits until a file is there.
func await(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: await FILE")
	}
	for range 1200 {
		if _, err := os.Stat(ts.MkAbs(args[0])); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("%s does not come", args[0])
}

// signal NAME sends a signal to the programs in the background. The script's own
// kill knows two of them.
func sendSignal(ts *testscript.TestScript, neg bool, args []string) {
	signals := map[string]syscall.Signal{"TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "STOP": syscall.SIGSTOP, "CONT": syscall.SIGCONT}
	if len(args) != 1 || signals[args[0]] == 0 || neg {
		ts.Fatalf("usage: signal TERM|HUP|STOP|CONT")
	}
	for _, c := range ts.BackgroundCmds() {
		ts.Check(c.Process.Signal(signals[args[0]]))
	}
}

// private DIR fails if a file or a directory below it can be written by others
// than its owner.
func private(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 1 || neg {
		ts.Fatalf("usage: private DIR")
	}
	list, err := filesIn(ts.MkAbs(args[0]))
	ts.Check(err)
	for _, f := range list {
		info, err := os.Lstat(f)
		ts.Check(err)
		if info.Mode().Perm()&0o022 != 0 {
			ts.Fatalf("%s has mode %v", f, info.Mode())
		}
	}
}

type filesKey struct{}

func filesIn(dir string) (list []string, err error) {
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		list = append(list, path)
		return err
	})
	return list, err
}

// leaves-nothing fails if there is a file or a directory that was not there when
// the script began.
func leavesNothing(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) > 0 || neg {
		ts.Fatalf("usage: leaves-nothing")
	}
	now, err := filesIn(ts.Getenv("WORK"))
	ts.Check(err)
	before := ts.Value(filesKey{}).([]string)
	for _, f := range now {
		if !slices.Contains(before, f) {
			ts.Fatalf("%s was left behind", f)
		}
	}
}

// lines N FILE fails unless the file has so many lines.
func lines(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: lines N FILE")
	}
	if got := strings.Count(ts.ReadFile(args[1]), "\n"); fmt.Sprint(got) != args[0] {
		ts.Fatalf("%s has %d lines, want %s", args[1], got, args[0])
	}
}

// planned JSONL CSV fails unless both exports have the same entries, in planned
// order.
func planned(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: planned JSONL CSV")
	}
	rows, err := csv.NewReader(strings.NewReader(ts.ReadFile(args[1]))).ReadAll()
	ts.Check(err)
	last := int64(-1)
	d := json.NewDecoder(strings.NewReader(ts.ReadFile(args[0])))
	for _, row := range rows[1:] {
		var e struct {
			Hash      string `json:"hash"`
			PlannedNS int64  `json:"planned_ns"`
		}
		ts.Check(d.Decode(&e))
		if e.Hash != row[0] || fmt.Sprint(e.PlannedNS) != row[7] || e.PlannedNS < last {
			ts.Fatalf("%+v after %d; the other export has %v", e, last, row)
		}
		last = e.PlannedNS
	}
	if d.More() {
		ts.Fatalf("%s has more lines", args[0])
	}
}

// nowhere TEXT [DIR]... fails if the text is in what the last program printed,
// or in a file of the directories, however it is written: as it is or in hex.
func nowhere(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) < 1 || args[0] == "" || neg {
		ts.Fatalf("usage: nowhere TEXT [DIR]...")
	}
	check := func(name, content string) {
		for _, text := range []string{args[0], hex.EncodeToString([]byte(args[0]))} {
			if strings.Contains(content, text) {
				ts.Fatalf("%s has %q in it", name, text)
			}
		}
	}
	check("stdout", ts.ReadFile("stdout"))
	check("stderr", ts.ReadFile("stderr"))
	read := 0
	for _, dir := range args[1:] {
		list, err := filesIn(ts.MkAbs(dir))
		ts.Check(err)
		for _, f := range list {
			if info, err := os.Stat(f); err == nil && info.Mode().IsRegular() {
				check(f, ts.ReadFile(f))
				read++
			}
		}
	}
	if len(args) > 1 && read == 0 {
		ts.Fatalf("no file was read")
	}
}

// disk SIZE DIR makes a directory on a disk of its own, with so much room, and disk
// protect DIR makes that read-only. See the condition disk.
func disk(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) == 2 && args[0] == "protect" {
		ts.Check(protectDisk(ts.MkAbs(args[1])))
		return
	}
	if len(args) != 2 || neg {
		ts.Fatalf("usage: disk SIZE|protect DIR")
	}
	dir := ts.MkAbs(args[1])
	ts.Check(os.Mkdir(dir, 0o777))
	ts.Check(mountDisk(dir, args[0]))
	ts.Defer(func() { unmountDisk(dir) })
}
