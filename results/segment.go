package results

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/klauspost/compress/zstd"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// A record is divided into segments, each a log of its own whose records go on from
// those of the one before. EntriesFile is the newest, and always plain; a closed one
// is entries-000001.log and so on, until it is compressed to entries-000001.log.zst.
// Where a kill has left both, the plain one counts.

const (
	segmentPrefix = "entries-"
	segmentSuffix = ".log"
	packedSuffix  = ".zst"
	tempSuffix    = ".tmp"
)

// maxUnpacked is the most bytes that a compressed segment may come to: the largest
// that a scenario may ask for, and the frame that took it beyond.
const maxUnpacked = 1<<30 + maxFrame + frameHeader

// maxSegments is above the number of any segment: more of the smallest size than the
// largest load can fill.
const maxSegments = 1 << 21

// maxWindow bounds the memory for decompressing a segment.
const maxWindow = 8 << 20

// segmentName names the closed segment with a number, from 1.
func segmentName(n int) string { return fmt.Sprintf("%s%06d%s", segmentPrefix, n, segmentSuffix) }

// segmentNumber returns the number of a closed segment, plain or compressed.
func segmentNumber(name string) (n int, ok bool) {
	plain := strings.TrimSuffix(name, packedSuffix)
	n, err := strconv.Atoi(strings.TrimSuffix(strings.TrimPrefix(plain, segmentPrefix), segmentSuffix))
	return n, err == nil && n > 0 && n <= maxSegments && plain == segmentName(n)
}

// highestSegment returns the highest number of a closed segment, or 0.
func highestSegment(dir string) (highest int, err error) {
	names, err := namesIn(dir)
	for _, name := range names {
		if n, ok := segmentNumber(name); ok {
			highest = max(highest, n)
		}
	}
	return highest, err
}

// RecordSize returns how many bytes the record in a run's directory takes: 0 where it
// has none. Where a part of it is no plain file, that is an error.
func RecordSize(dir string) (bytes int64, err error) {
	names, err := namesIn(dir)
	if err != nil {
		return 0, err
	}
	for _, name := range names {
		if _, ok := segmentNumber(name); !ok && name != EntriesFile {
			continue
		}
		info, err := os.Lstat(filepath.Join(dir, name))
		if err != nil {
			return 0, err
		}
		if !info.Mode().IsRegular() {
			return 0, fmt.Errorf("%s is no plain file", name)
		}
		bytes += info.Size()
	}
	return bytes, nil
}

func namesIn(dir string) ([]string, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return f.Readdirnames(-1)
}

// segments are those of a record, to be read.
type segments struct {
	dir    string
	closed int      // they have the numbers 1 to closed, and some may be missing
	newest *os.File // nil where a kill came before it was begun
	before int64    // bytes of the closed segment that was read last, decompressed
}

// openSegments opens a record, which may be growing meanwhile: closed segments stay
// what they are, plain or compressed, and the newest is that after them.
func openSegments(dir string) (*segments, error) {
	for range 100 {
		closed, err := highestSegment(dir)
		if err != nil {
			return nil, err
		}
		newest, missing := os.Open(filepath.Join(dir, EntriesFile))
		if missing != nil && !errors.Is(missing, fs.ErrNotExist) {
			return nil, missing
		}
		now, err := highestSegment(dir)
		if err == nil && now != closed { // a rotation came in between
			newest.Close()
			continue
		}
		if err == nil && closed == 0 {
			err = missing
		}
		if err != nil {
			newest.Close()
			return nil, err
		}
		if newest != nil && reductionOf(newest) != nil {
			closed = 0 // they were to be removed
		}
		return &segments{dir: dir, closed: closed, newest: newest}, nil
	}
	return nil, errors.New("its segments keep changing")
}

func (s *segments) close() { s.newest.Close() } // a nil file takes it

// find returns the name that a closed segment has now.
func (s *segments) find(n int) (name string, size int64, ok bool) {
	// The plain file goes once the compressed one is in place.
	for _, name := range []string{segmentName(n), segmentName(n) + packedSuffix} {
		if info, err := os.Stat(filepath.Join(s.dir, name)); err == nil {
			return name, info.Size(), true
		}
	}
	return segmentName(n), 0, false
}

// after is how many bytes there are in the segments after a number, as they are on
// the disk.
func (s *segments) after(n int) (bytes int64) {
	for n++; n <= s.closed; n++ {
		_, size, _ := s.find(n)
		bytes += size
	}
	if info, err := s.newest.Stat(); err == nil {
		bytes += info.Size()
	}
	return bytes
}

// How a record is read.
type reading struct {
	growing bool    // it is being written: that its last frame is cut off is no damage
	until   *Damage // read only what is before it
}

// read tells v of every record in the whole frames, up to the first damage.
func (s *segments) read(v visitor, how reading) (Damage, error) {
	s.before = 0
	for n := 1; n <= s.closed; n++ {
		d, err := s.readClosed(n, v, how)
		if err != nil || d.Reason != "" {
			return d, err
		}
		if how.until != nil && how.until.number() == n {
			return Damage{}, nil
		}
	}
	if s.newest == nil {
		return Damage{}, nil
	}
	if info, err := s.newest.Stat(); err == nil && info.Size() < int64(len(logMagic)) && (how.growing || s.closed > 0 && info.Size() == 0) {
		return Damage{}, nil // it is about to be begun
	}
	d, err := readLog(how.upTo(s.newest, 0), s.inPlace(v, s.closed+1))
	if how.growing && d.Reason == frameCutOff {
		d = Damage{}
	}
	if d.Reason != "" {
		d.Segment = EntriesFile
	}
	return d, err
}

func (s *segments) readClosed(n int, v visitor, how reading) (d Damage, err error) {
	name, _, ok := s.find(n)
	if !ok {
		return Damage{Segment: name, Lost: s.after(n), Reason: "it is missing"}, nil
	}
	f, err := openSegment(filepath.Join(s.dir, name))
	if errors.Is(err, fs.ErrNotExist) { // it has been compressed just now
		name = segmentName(n) + packedSuffix
		f, err = openSegment(filepath.Join(s.dir, name))
	}
	if err != nil {
		return d, err
	}
	defer f.close()
	counted := &sticky{Reader: how.upTo(f, n)}
	d, err = readLog(counted, s.inPlace(v, n))
	if failed := f.failed(); failed != nil {
		return Damage{}, failed
	}
	if d.Reason != "" {
		f.explain(&d)
		d.Segment = name
		d.Lost += s.after(n)
	} else if how.until == nil || how.until.number() != n {
		s.before = counted.n
	}
	return d, err
}

// inPlace is v, with a check that segment number n goes on from what was read.
func (s *segments) inPlace(v visitor, n int) visitor { return &placed{v, n, s.before} }

type placed struct {
	visitor
	number int
	before int64
}

func (p *placed) segment(number int, before int64) error {
	if number != p.number || before != p.before {
		return fmt.Errorf("%w: it goes on from %d bytes of segment %d, and there are %d of segment %d",
			errMalformed, before, number-1, p.before, p.number-1)
	}
	return p.visitor.segment(number, before)
}

// upTo is what is to be read of segment number n, with 0 for the newest.
func (how reading) upTo(r io.Reader, n int) io.Reader {
	if how.until != nil && how.until.number() == n {
		return io.LimitReader(r, how.until.Offset)
	}
	return r
}

// A segmentFile is a closed segment that is being read, decompressed where it must be.
type segmentFile struct {
	io.Reader
	file     *os.File
	packed   *sticky // what is decompressed, or nil
	z        *zstd.Decoder
	unpacked *unpacker
}

// openSegment opens a segment, which may be damaged, or made to come to more than
// there is memory for.
func openSegment(path string) (*segmentFile, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(path, packedSuffix) {
		return &segmentFile{Reader: f, file: f}, nil
	}
	packed := &sticky{Reader: f}
	z, err := zstd.NewReader(packed, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(maxWindow))
	if err != nil {
		f.Close()
		return nil, err
	}
	unpacked := &unpacker{z: z, left: maxUnpacked}
	return &segmentFile{unpacked, f, packed, z, unpacked}, nil
}

func (f *segmentFile) close() {
	if f.z != nil {
		f.z.Close()
	}
	f.file.Close()
}

// failed returns why the file itself could not be read, or nil.
func (f *segmentFile) failed() error {
	if f.packed == nil {
		return nil
	}
	return f.packed.err
}

// explain says of damage what the decompression knows of it.
func (f *segmentFile) explain(d *Damage) {
	if f.packed == nil || f.unpacked.err == nil {
		return
	}
	if d.Reason == frameCutOff || d.Reason == noMagic {
		d.Reason = factomd.Printable(f.unpacked.err.Error(), maxErrorText)
	}
	if info, err := f.file.Stat(); err == nil {
		d.Lost += max(info.Size()-f.packed.n, 1)
	}
}

// sticky counts what is read, and keeps an error that is not the end.
type sticky struct {
	io.Reader
	n   int64
	err error
}

func (s *sticky) Read(p []byte) (int, error) {
	n, err := s.Reader.Read(p)
	s.n += int64(n)
	if err != nil && err != io.EOF {
		s.err = err
	}
	return n, err
}

// unpacker ends where what it decompresses is damaged, or too much: it says so once,
// as of a file that is cut off.
type unpacker struct {
	z    io.Reader
	left int64
	err  error
}

func (u *unpacker) Read(p []byte) (int, error) {
	if u.err != nil {
		return 0, io.EOF
	}
	if u.left == 0 {
		u.err = errors.New("it comes to more than any segment has")
		return 0, io.ErrUnexpectedEOF
	}
	n, err := u.z.Read(p[:min(int64(len(p)), u.left)])
	u.left -= int64(n)
	if err != nil && err != io.EOF {
		u.err = fmt.Errorf("its compression is damaged: %w", err)
		err = io.ErrUnexpectedEOF
	}
	return n, err
}
