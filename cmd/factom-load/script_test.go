package main

import (
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io/fs"
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
)

func TestMain(m *testing.M) {
	flag.Set("test.parallel", "8") // scripts wait for blocks, most of the time
	testscript.Main(m, map[string]func(){"factom-load": main})
}

// The scripts know, beside testscript's own commands and these below, the
// variables KEY and ADDRESS: a secret key (Es...) and its public address.
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
			env.Values[filesKey{}], err = files(env.WorkDir)
			return err
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"double":         double,
			"exits":          exits,
			"leaves-nothing": leavesNothing,
			"lines":          lines,
			"nowhere":        nowhere,
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
		drop    = fl.Bool("drop", false, "forget a quarter of the reveals")
		refuse  = fl.Bool("refuse", false, "refuse a quarter of the commits")
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
		o.Drop = func(s factomdtest.Stage, h factomd.Hash) bool { return s == factomdtest.Reveal && quarter(h) }
	}
	o.Fault = func(c factomdtest.Call) *factomdtest.Fault {
		switch {
		case *html:
			return &factomdtest.Fault{Unheard: true, Answer: factomdtest.HTML(200)}
		case *refuse && c.Method == "commit-entry" && quarter(c.Entry):
			return &factomdtest.Fault{Unheard: true, Answer: factomdtest.Refuse(-32603, "Internal error", "boom")}
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

type filesKey struct{}

func files(dir string) (list []string, err error) {
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
	now, err := files(ts.Getenv("WORK"))
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
		list, err := files(ts.MkAbs(dir))
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

// disk SIZE DIR makes a directory on a disk of its own, with so much room. The
// script is skipped where that is not allowed: it takes root, or the right to
// mount.
func disk(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 || neg {
		ts.Fatalf("usage: disk SIZE DIR")
	}
	dir := ts.MkAbs(args[1])
	ts.Check(os.Mkdir(dir, 0o777))
	if err := mountDisk(dir, args[0]); errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EPERM) {
		ts.Check(os.Remove(dir))
		ts.Setenv("DISK", "")
		return
	} else {
		ts.Check(err)
	}
	ts.Setenv("DISK", dir)
	ts.Defer(func() { unmountDisk(dir) })
}
