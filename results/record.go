package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/FactomProject/factom-load/internal/files"
)

// The files of a run's directory.
const (
	ManifestFile = "run.json"
	EntriesFile  = "entries.log"
	SeriesFile   = "series.log"
	NodeLogFile  = "node.log"
	lockFile     = "run.lock"
	reserveFile  = "reserve"
)

// reserveSize is the room in bytes that a run keeps on its disk for its reports:
// what fills the disk in the middle of a run must not keep them from being
// written.
const reserveSize = 2 << 20

// ManifestSchema identifies the format of run.json.
const ManifestSchema = "factom-load/run/v1"

// A Manifest says what a run is. It is written before the first byte that costs
// anything, and completed when the run ends: until then Ended is zero.
type Manifest struct {
	Schema      string            `json:"schema"`
	ID          string            `json:"id"`
	ToolVersion string            `json:"tool_version"`
	Started     time.Time         `json:"started"`
	Seed        uint64            `json:"seed"`
	Salt        string            `json:"salt"`
	Tags        map[string]string `json:"tags"`
	Notes       []Note            `json:"notes,omitempty"`
	// Redact says that its reports leave out what others need not know, unless they are
	// asked for otherwise.
	Redact      bool             `json:"redact,omitempty"`
	Scenario    ManifestScenario `json:"scenario"`
	Load        Load             `json:"load,omitzero"` // older records have none: their loops are open
	Environment Environment      `json:"environment"`
	Network     Network          `json:"network"`

	// SendEnded is when the last slot had its turn, the budget met an entry that
	// it did not pay for, or sending was stopped, in nanoseconds since the start;
	// 0 until the calls are over, too.
	SendEnded   int64     `json:"send_ended_ns,omitempty"`
	Ended       time.Time `json:"ended,omitzero"`
	Interrupted bool      `json:"interrupted"`
	// Resumed has each time that the run was taken up again after the harness was
	// killed.
	Resumed []Resumption `json:"resumed,omitempty"`
	Why     string       `json:"why,omitempty"`     // why it was interrupted
	Failure bool         `json:"failure,omitempty"` // it was not the user who interrupted it
	// EndedEarly is why sending ended before the load's own end although nothing
	// interrupted it.
	EndedEarly string `json:"ended_early,omitempty"`
	// FindingsOpen says that the wait ended before the blocks were read that could
	// hold what the last hostile calls brought about.
	FindingsOpen bool    `json:"findings_open,omitempty"`
	Search       *Search `json:"search,omitempty"` // written anew after each step
	// Record is what was left of entries.log after the reports were written, if that
	// is not all.
	Record   *Reduction `json:"record,omitempty"`
	Observed Observed   `json:"observed"`
	Harness  Harness    `json:"harness"`
	// Counters is nil where a run was killed, and in older records.
	Counters *Counters `json:"counters,omitempty"`
}

// ManifestScenario is the scenario as it was given, and what it came to.
type ManifestScenario struct {
	Name        string   `json:"name"`
	Description string   `json:"description"`
	File        string   `json:"file"`
	Text        string   `json:"text"`      // verbatim
	Overrides   []string `json:"overrides"` // flags that changed it, in order
	SHA256      string   `json:"sha256"`    // of the normalised form
	Thresholds  []string `json:"thresholds"`
	Primary     string   `json:"primary"`
}

// Load says what decided when an entry was due.
type Load struct {
	Model   string  `json:"model"` // OpenLoop or ClosedLoop
	Users   int     `json:"users"` // of a closed loop
	ThinkMS float64 `json:"think_ms"`
}

// The models of a load: its schedule decides when an entry is due, or the answers
// to a number of users do.
const (
	OpenLoop   = "open"
	ClosedLoop = "closed"
)

// Environment is the machine that makes the load.
type Environment struct {
	Host        string `json:"host"`
	OS          string `json:"os"`
	Arch        string `json:"arch"`
	CPUs        int    `json:"cpus"`
	MemoryBytes uint64 `json:"memory_bytes"`
	Go          string `json:"go"`
}

// A Resumption is a killed run's being taken up again, to account for what it sent.
type Resumption struct {
	At          time.Time `json:"at"`           // UTC
	GapS        float64   `json:"gap_s"`        // since the newest instant on record
	ToolVersion string    `json:"tool_version"` // of the program that did it
	DamageBytes int64     `json:"damage_bytes"` // at the end of entries.log, which were cut off
	NodeGone    bool      `json:"node_gone"`    // the node ended with the harness: nobody could be asked
}

// Network is the network under load.
type Network struct {
	ID           string     `json:"id"`
	Name         string     `json:"name"`
	BlockSeconds float64    `json:"block_seconds"`
	Embedded     bool       `json:"embedded"`
	DB           string     `json:"db,omitempty"` // map or ldb, of an embedded node; older records have none
	Endpoints    []Endpoint `json:"endpoints"`

	// Genesis is the key MR of block 0, and Saved the height of the newest block
	// before the run, with its key MR: they say which chain it is. Older records
	// have none.
	Genesis    string `json:"genesis,omitempty"`
	Saved      uint32 `json:"saved_height,omitempty"`
	SavedBlock string `json:"saved_block,omitempty"`
}

// Endpoint is one API of the network.
type Endpoint struct {
	URL       string `json:"url"`
	Version   string `json:"factomd_version"`
	SubmitsBy string `json:"submits_by"` // direct, direct-together or net/http
}

// Observed says how well the run could see, measured while it ran.
type Observed struct {
	AcceptMethod        string  `json:"accept_method"`
	AcceptResolutionMS  float64 `json:"accept_resolution_ms"`
	ConfirmResolutionMS float64 `json:"confirm_resolution_ms"`
	Requests            uint64  `json:"requests"` // of the observer alone
	Minutes             Minutes `json:"minutes,omitzero"`
	// Integrity is of the checks, whose requests are among the observer's.
	Integrity Integrity `json:"integrity,omitzero"`
	Feed      *Feed     `json:"feed,omitempty"` // or nil
}

// How acceptance was seen.
const (
	MethodLiveFeed  = "live-feed"
	MethodAckSample = "ack-sample"
	// MethodFeedThenSample: by the live feed until that was lost.
	MethodFeedThenSample = "live-feed, ack-sample"
)

// Feed says what the receiver of a live feed got.
type Feed struct {
	Frames      uint64 `json:"frames"`
	Bytes       uint64 `json:"bytes"`
	Bad         uint64 `json:"bad"`
	Connections uint64 `json:"connections"`
	Refused     uint64 `json:"refused"`
	Told        uint64 `json:"told"` // as in [FeedCounts]
	Missed      uint64 `json:"missed"`
	Untrue      uint64 `json:"untrue"`
	// GivenUp is when the acceptance sample took over, in nanoseconds since the
	// run's start, and Why the reason; 0 if it never did.
	GivenUp int64  `json:"given_up_ns,omitempty"`
	Why     string `json:"why,omitempty"`
}

// Harness is what the load generator itself did and cost.
type Harness struct {
	CPUSeconds     float64 `json:"cpu_s"`
	MaxRSSBytes    uint64  `json:"max_rss_bytes"`
	SubmitRequests uint64  `json:"submit_requests"`
	RetryRequests  uint64  `json:"retry_requests,omitempty"` // of them, those that sent something again
	ConnectionsMax uint64  `json:"connections_max"`          // open at once, idle ones included; 0 where older versions wrote it
	QueryRequests  uint64  `json:"query_requests,omitempty"`
	// HostileRequests are those of hostile calls, with what prepares them.
	HostileRequests uint64  `json:"hostile_requests,omitempty"`
	GCPauseMaxMS    float64 `json:"gc_pause_max_ms"`
	PauseMaxMS      float64 `json:"pause_max_ms"`
}

// Recall takes in what a run measured of itself while it went on, if the manifest
// does not have it as the run was killed.
func (m *Manifest) Recall(s Series) {
	if m.Ended.IsZero() && s.Measured != nil {
		m.Observed, m.Harness = s.Measured.Observed, s.Measured.Harness
	}
}

// A Directory is the directory of a run in progress. It is locked until it is
// closed.
type Directory struct {
	Path string
	lock *os.File
	made []string // directories that were not there before, the innermost first
}

// ErrExists says that a directory already holds something.
var ErrExists = errors.New("it exists already and is not empty")

// ErrLocked says that another process is writing to a run's directory.
var ErrLocked = errors.New("a run is in progress there, or another command is at work on it")

// ErrLink says that a directory's name is a symbolic link.
var ErrLink = errors.New("it is a symbolic link")

// Create makes the directory of a new run. An empty directory may be there
// already; a symbolic link to one is [ErrLink], as a run is written where its
// user sees it, and anything else is [ErrExists], or [ErrLocked].
func Create(path string) (*Directory, error) {
	d := &Directory{Path: path}
	if info, err := os.Lstat(path); err == nil && info.Mode()&fs.ModeSymlink != 0 {
		return nil, fmt.Errorf("run directory %s: %w", path, ErrLink)
	}
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		d.made = missing(path)
		if err := os.MkdirAll(path, 0o755); err != nil {
			return nil, fmt.Errorf("making the run's directory: %w", err)
		}
	case err != nil:
		return nil, fmt.Errorf("making the run's directory: %w", err)
	case len(entries) > 0:
		if err := CheckUnlocked(path); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("run directory %s: %w", path, ErrExists)
	}
	if d.lock, err = acquire(filepath.Join(path, lockFile)); err != nil {
		return nil, err
	}
	return d, nil
}

// Reopen locks the directory of a run that was killed. It is [ErrLocked] if the run
// is in progress.
func Reopen(path string) (*Directory, error) {
	lock, err := acquire(filepath.Join(path, lockFile))
	if err != nil {
		return nil, err
	}
	return &Directory{Path: path, lock: lock}, nil
}

// missing returns the directories that have to be made for a path, the innermost
// first.
func missing(path string) (dirs []string) {
	for {
		if _, err := os.Lstat(path); err == nil || path == filepath.Dir(path) {
			return dirs
		}
		dirs = append(dirs, path)
		path = filepath.Dir(path)
	}
}

func acquire(name string) (*os.File, error) {
	for {
		f, err := os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			return nil, fmt.Errorf("locking the run's directory: %w", err)
		}
		if err := files.TryLock(f); err != nil {
			f.Close()
			return nil, fmt.Errorf("run directory %s: %w", filepath.Dir(name), ErrLocked)
		}
		if named(f, name) {
			return f, nil
		}
		f.Close() // who had the lock has removed the file since it was opened
	}
}

// named reports whether an open file is the one of a name.
func named(f *os.File, name string) bool {
	open, errOpen := f.Stat()
	there, errThere := os.Lstat(name)
	return errOpen == nil && errThere == nil && os.SameFile(open, there)
}

// CheckUnlocked returns [ErrLocked] if a run is in progress in the directory.
func CheckUnlocked(path string) error {
	f, err := os.OpenFile(filepath.Join(path, lockFile), os.O_RDWR, 0)
	if err != nil {
		return nil // no lock, or none that we could take
	}
	defer f.Close()
	if err := files.TryLock(f); err != nil {
		return fmt.Errorf("run directory %s: %w", path, ErrLocked)
	}
	return nil
}

// Close ends the lock. The files stay.
func (d *Directory) Close() error {
	err := os.Remove(d.lock.Name())
	return errors.Join(err, d.lock.Close())
}

// Discard removes the files of a run that never began, and the directories that
// were made for it. It keeps anything that is not the run's.
func (d *Directory) Discard() {
	d.Release()
	d.Close()
	for _, name := range []string{ManifestFile, EntriesFile, SeriesFile, NodeLogFile} {
		os.Remove(filepath.Join(d.Path, name))
	}
	removeIf(d.Path, func(name string) bool { _, segment := segmentNumber(name); return segment || isTemp(name) })
	for _, dir := range d.made {
		os.Remove(dir)
	}
}

// CleanUp removes what a run that was killed has left beside its record.
func (d *Directory) CleanUp() error {
	d.Release()
	if r, err := ReadReduction(d.Path); err == nil && r != nil {
		return removeSegments(d.Path)
	}
	return nil
}

func removeIf(dir string, unwanted func(name string) bool) {
	names, _ := namesIn(dir) // most often there is nothing to remove
	for _, name := range names {
		if unwanted(name) {
			os.Remove(filepath.Join(dir, name))
		}
	}
}

// Reserve takes the room that [Directory.Release] gives back for the reports.
func (d *Directory) Reserve() error {
	f, err := d.Open(reserveFile)
	if err == nil {
		_, err = f.Write(make([]byte, reserveSize))
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		return fmt.Errorf("keeping room for the reports: %w", err)
	}
	return nil
}

// Release ends a Reserve, if there was one, and removes what was not written to its
// end.
func (d *Directory) Release() {
	removeIf(d.Path, func(name string) bool { return name == reserveFile || isTemp(name) })
}

// Open makes a file of the run for appending.
func (d *Directory) Open(name string) (*os.File, error) {
	f, err := os.OpenFile(filepath.Join(d.Path, name), os.O_CREATE|os.O_EXCL|os.O_WRONLY|os.O_APPEND, 0o644)
	if err != nil {
		return nil, fmt.Errorf("making %s: %w", name, err)
	}
	return f, nil
}

// WriteManifest replaces run.json, whole or not at all.
func (d *Directory) WriteManifest(m *Manifest) error {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	if err := enc.Encode(m); err != nil {
		return fmt.Errorf("writing %s: %w", ManifestFile, err)
	}
	return files.Replace(filepath.Join(d.Path, ManifestFile), b.Bytes())
}

// ReadManifest reads the run.json of a run's directory.
func ReadManifest(path string) (*Manifest, error) {
	data, err := os.ReadFile(filepath.Join(path, ManifestFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s is not a run's directory: it has no %s", path, ManifestFile)
	}
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", ManifestFile, err)
	}
	m := new(Manifest)
	if err := json.Unmarshal(data, m); err != nil {
		return nil, fmt.Errorf("reading %s of %s: %w", ManifestFile, path, err)
	}
	if m.Schema != ManifestSchema {
		return nil, fmt.Errorf("%s of %s has schema %q; this program reads %q", ManifestFile, path, m.Schema, ManifestSchema)
	}
	return m, nil
}
