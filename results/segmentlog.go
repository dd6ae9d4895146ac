package results

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/klauspost/compress/zstd"
)

// LogOptions says how the record of a run is divided.
type LogOptions struct {
	Segment int64 // above how many bytes a segment is closed and compressed; 0 is never
	// Say is told, once, that segments cannot be compressed; it may be nil. The
	// record is whole without.
	Say func(format string, args ...any)
}

// A Log is the record of a run that is being written, see [NewCollector]. It closes
// a segment when it is large enough, and compresses it in the background.
type Log struct {
	LogOptions
	dir string

	syncing sync.Mutex // held for a whole Sync: what is older is on the disk first

	mu      sync.Mutex
	newest  *os.File
	size    int64      // of the newest
	closed  int        // segments, numbered from 1
	toSync  []*os.File // closed ones, oldest first
	toPack  []int      // closed ones
	packing bool
	said    bool
	packer  sync.WaitGroup

	step func(what string) error // before each step of a rotation; for tests
}

// OpenLog begins the record of a run.
func (d *Directory) OpenLog(o LogOptions) (*Log, error) {
	f, err := d.Open(EntriesFile)
	if err != nil {
		return nil, err
	}
	return newLog(d.Path, f, o), nil
}

func newLog(dir string, newest *os.File, o LogOptions) *Log {
	return &Log{LogOptions: o, dir: dir, newest: newest, step: func(string) error { return nil }}
}

// Write appends one frame.
func (l *Log) Write(frame []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.Segment > 0 && l.size > l.Segment {
		if err := l.rotate(); err != nil {
			return 0, fmt.Errorf("beginning a new segment: %w", err)
		}
	}
	n, err := l.newest.Write(frame)
	l.size += int64(n)
	return n, err
}

// rotate closes the newest segment and begins another. Nothing waits for the disk
// here: the next Sync does.
func (l *Log) rotate() error {
	path := filepath.Join(l.dir, EntriesFile)
	if err := l.step("rename the newest"); err != nil {
		return err
	}
	if err := os.Rename(path, filepath.Join(l.dir, segmentName(l.closed+1))); err != nil {
		return err
	}
	l.closed++
	if err := l.step("create the next"); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	l.toSync = append(l.toSync, l.newest)
	l.newest = f
	if err := l.step("begin the next"); err != nil {
		return err
	}
	if l.size, err = beginSegment(f, l.closed+1, l.size); err == nil {
		l.pack(l.closed)
	}
	return err
}

// beginSegment writes what segment number n, which goes on from one of so many bytes,
// begins with. It returns how much that is.
func beginSegment(w io.Writer, n int, before int64) (int64, error) {
	begin := []byte(logMagic)
	if n > 1 {
		var first logWriter
		first.segment(n, before)
		begin = first.frame(begin)
	}
	written, err := w.Write(begin)
	return int64(written), err
}

// Sync waits until the disk has all that was written before.
func (l *Log) Sync() error {
	l.syncing.Lock()
	defer l.syncing.Unlock()
	l.mu.Lock()
	closed, newest := l.toSync, l.newest
	l.toSync = nil
	l.mu.Unlock()
	var err error
	for _, f := range closed {
		err = cmp.Or(err, f.Sync())
		f.Close()
	}
	if len(closed) > 0 {
		err = cmp.Or(err, syncDir(l.dir))
	}
	return cmp.Or(err, newest.Sync())
}

// Close waits for the disk and for the compression.
func (l *Log) Close() error {
	err := l.Sync()
	l.packer.Wait()
	return errors.Join(err, l.newest.Close())
}

// pack has a closed segment compressed. The caller holds the lock.
func (l *Log) pack(n int) {
	l.toPack = append(l.toPack, n)
	if l.packing {
		return
	}
	l.packing = true
	l.packer.Go(func() {
		for {
			l.mu.Lock()
			if len(l.toPack) == 0 {
				l.packing = false
				l.mu.Unlock()
				return
			}
			n := l.toPack[0]
			l.toPack = l.toPack[1:]
			l.mu.Unlock()
			if err := packSegment(l.dir, segmentName(n), l.step); err != nil && !l.said && l.Say != nil {
				l.Say("%s stays as it is: %v", segmentName(n), err)
				l.said = true // by this goroutine alone, there is one at a time
			}
		}
	})
}

// packSegment compresses a closed segment. Until the compressed one is whole and on
// the disk, the plain one stays.
func packSegment(dir, name string, step func(string) error) (err error) {
	plain := filepath.Join(dir, name)
	packed := plain + packedSuffix
	temp := packed + tempSuffix
	defer func() {
		if err != nil {
			err = fmt.Errorf("compressing it: %w", err)
		}
	}()
	if err := step("compress"); err != nil {
		return err
	}
	if err := compressFile(plain, temp); err != nil {
		return err
	}
	if err := step("rename the compressed"); err != nil {
		return err
	}
	if err := os.Rename(temp, packed); err != nil {
		return err
	}
	if err := syncDir(dir); err != nil {
		return err
	}
	if err := step("remove the plain"); err != nil {
		return err
	}
	return os.Remove(plain)
}

func compressFile(from, to string) (err error) {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	os.Remove(to) // left by a kill
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	z, err := zstd.NewWriter(out, zstd.WithEncoderConcurrency(1), zstd.WithLowerEncoderMem(true),
		zstd.WithEncoderLevel(zstd.SpeedDefault), zstd.WithWindowSize(1<<20))
	if err != nil {
		return err
	}
	_, err = io.Copy(z, yielding{in})
	if err = cmp.Or(err, z.Close(), out.Sync()); err != nil {
		os.Remove(to) // the disk may be full
		return err
	}
	return nil
}

// yielding lets others go first at each block: the load does not wait for the
// compression, be it on a single core.
type yielding struct{ io.Reader }

func (y yielding) Read(p []byte) (int, error) {
	runtime.Gosched()
	return y.Reader.Read(p)
}

// syncDir waits until the disk has the names in a directory. Not every system can.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// isTemp reports whether a name is one that a run gives to what it has not written
// to the end.
func isTemp(name string) bool {
	base, _, ok := strings.Cut(name, tempSuffix)
	if _, segment := segmentNumber(base); segment {
		return ok
	}
	switch base {
	case ManifestFile, EntriesFile, "report.json", "report.html":
		return ok
	}
	return false
}
