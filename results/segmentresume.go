package results

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// damagedSuffix marks a file of the record that is not part of it any longer.
const damagedSuffix = ".damaged"

func (s *segments) rewind() error {
	if s.newest == nil {
		return nil
	}
	if _, err := s.newest.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("reading the run's record: %w", err)
	}
	return nil
}

// reopen opens the record to go on with it, behind its last whole frame. Wherever it
// is itself killed, it can be repeated.
func (p *Past) reopen(o LogOptions) (_ *Log, err error) {
	removeIf(p.dir, isTemp)
	if n := p.Damage.number(); n > 0 {
		if err := p.backTo(n); err != nil {
			return nil, fmt.Errorf("setting the damage aside: %w", err)
		}
	}
	cut := p.Damage.Segment == EntriesFile
	if cut && p.closed > 0 && p.Damage.Offset <= int64(len(logMagic)) {
		// It may be that of another place: what it has is not lost.
		cut = false
		if err := setAside(p.dir, EntriesFile); err != nil {
			return nil, err
		}
	}
	f, err := os.OpenFile(filepath.Join(p.dir, EntriesFile), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, err
	}
	l := newLog(p.dir, f, o)
	if cut {
		if err = f.Truncate(p.Damage.Offset); err != nil {
			err = fmt.Errorf("cutting off the damage of the record: %w", err)
		}
	}
	if err == nil {
		l.size, err = p.begun(f)
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	l.closed = p.closed
	l.mu.Lock()
	defer l.mu.Unlock()
	for n := 1; n <= l.closed; n++ { // what the kill kept from being compressed
		if _, err := os.Stat(filepath.Join(p.dir, segmentName(n))); err == nil {
			l.pack(n)
		}
	}
	return l, nil
}

// begun returns the size of the newest segment, once it has its beginning.
func (p *Past) begun(f *os.File) (int64, error) {
	info, err := f.Stat()
	if err != nil || info.Size() > 0 {
		return info.Size(), err
	}
	return beginSegment(f, p.closed+1, p.before)
}

// backTo makes the whole frames of a damaged segment the newest one, and sets it and
// what comes after it aside: the newest first, so that a kill leaves no gap.
func (p *Past) backTo(n int) error {
	dir := p.dir
	if err := setAside(dir, EntriesFile); err != nil {
		return err
	}
	for later := p.closed; later > n; later-- {
		for _, name := range []string{segmentName(later) + packedSuffix, segmentName(later)} {
			if err := setAside(dir, name); err != nil {
				return err
			}
		}
	}
	if p.Damage.Offset > int64(len(logMagic)) {
		if err := p.copyWhole(filepath.Join(dir, EntriesFile)); err != nil {
			return err
		}
	}
	for _, name := range []string{segmentName(n) + packedSuffix, segmentName(n)} {
		if err := setAside(dir, name); err != nil {
			return err
		}
	}
	p.closed = n - 1
	return syncDir(dir)
}

// copyWhole copies what is before the damage.
func (p *Past) copyWhole(to string) error {
	in, err := openSegment(filepath.Join(p.dir, p.Damage.Segment))
	if err != nil {
		return err
	}
	defer in.close()
	out, err := os.OpenFile(to+tempSuffix, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = io.CopyN(out, in, p.Damage.Offset)
	if err = cmp.Or(err, out.Sync(), out.Close()); err != nil {
		return err
	}
	return os.Rename(to+tempSuffix, to)
}

// setAside renames a file that is there, over none.
func setAside(dir, name string) error {
	path := filepath.Join(dir, name)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	aside := path + damagedSuffix
	for i := 2; ; i++ {
		if _, err := os.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			return os.Rename(path, aside)
		}
		aside = fmt.Sprintf("%s%s.%d", path, damagedSuffix, i)
	}
}
