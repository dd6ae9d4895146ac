package report

import (
	"bufio"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// Formats lists the formats of [Export].
func Formats() []string { return []string{"csv", "jsonl", "hdr", "junit", "markdown", FormatIncident} }

// ExportOptions say what an export is.
type ExportOptions struct {
	Format   string        // one of [Formats]
	Interval time.Duration // of hdr; 0 for whole phases
	Redact   bool          // leave out what others need not know, as [Redact] does
}

// exported is one planned entry in an export.
type exported struct {
	Hash        *factomd.Hash  `json:"hash"` // null for a slot that was skipped before its entry was made
	Kind        string         `json:"kind"`
	ChainID     *factomd.Hash  `json:"chain_id"`
	Phase       string         `json:"phase"`
	Endpoint    string         `json:"endpoint"`
	SizeBytes   int            `json:"size_bytes"`
	Credits     int            `json:"credits"`
	PlannedNS   int64          `json:"planned_ns"`
	SentNS      *int64         `json:"sent_ns"`
	CommittedNS *int64         `json:"committed_ns"`
	RevealedNS  *int64         `json:"revealed_ns"`
	AcceptedNS  *int64         `json:"accepted_ns"`
	ConfirmedNS *int64         `json:"confirmed_ns"`
	BlockHeight *uint32        `json:"block_height"`
	Outcome     string         `json:"outcome"`
	Ambiguous   bool           `json:"ambiguous"`
	Error       *exportedError `json:"error"`
	Stage       *string        `json:"stage"`
}

type exportedError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// csvColumns are the fields of [exported], the error as two.
var csvColumns = []string{
	"hash", "kind", "chain_id", "phase", "endpoint", "size_bytes", "credits",
	"planned_ns", "sent_ns", "committed_ns", "revealed_ns", "accepted_ns", "confirmed_ns",
	"block_height", "outcome", "ambiguous", "error_code", "error_message", "stage",
}

// Export writes the record in a run's directory in another format: csv and jsonl have
// a line for every planned entry, hdr the latencies of the measured phases, junit,
// markdown and incident what the report says of the run. Of a record that is not whole it writes
// what it can read, and the first three then fail.
func Export(w io.Writer, path string, o ExportOptions) error {
	m, err := results.ReadManifest(path)
	if err != nil {
		return err
	}
	say := func(s string) string { return s }
	if o.Redact {
		say = newRedactor(m, new(Report)).repeated
	}
	write := WriteMarkdown
	switch o.Format {
	case "csv", "jsonl":
		return exportEntries(w, path, m, o.Format, say)
	case "hdr":
		return exportHDR(w, path, m, o.Interval, say)
	case "junit":
		write = WriteJUnit
	case FormatIncident:
		write = WriteIncident
	case "markdown":
	default:
		return fmt.Errorf("no format %q\n    hint: one of %s", o.Format, strings.Join(Formats(), ", "))
	}
	r, err := Whole(path)
	if err == nil && o.Redact {
		r, err = Redact(m, r)
	}
	if err != nil {
		return err
	}
	return write(w, r)
}

// Whole returns the report of a whole run: that of its record, or, where a part of it
// alone is left, the one that was made before, with the notes of today.
func Whole(path string) (*Report, error) {
	r, err := Build(path)
	if !errors.Is(err, results.ErrReduced) {
		return r, err
	}
	m, err := results.ReadManifest(path)
	if err != nil {
		return nil, err
	}
	if r, err = ReadFile(path); err != nil {
		return nil, err
	}
	r.Run.Notes = notesOf(m)
	return r, nil
}

// exportEntries writes one line for every planned entry of the record, or of what is
// left of it, in planned order. say is asked for each text.
func exportEntries(w io.Writer, path string, m *results.Manifest, format string, say func(string) string) error {
	buffered := bufio.NewWriterSize(w, 1<<16)
	write, flush := jsonLines(buffered)
	if format == "csv" {
		write, flush = csvLines(buffered)
	}
	var phases []results.Phase
	left, err := results.ReadReduction(path)
	if err != nil {
		return err
	}
	pass := func(e *results.Entry) error { return write(export(e, m, phases, say)) }
	var sorted inOrder
	var part []*results.Entry // of a record that was reduced, whose entries do not follow on each other
	summary, err := results.ReadEntries(path, results.Reader{
		Phase: func(i int, p results.Phase) {
			for len(phases) <= i {
				phases = append(phases, results.Phase{})
			}
			phases[i] = p
		},
		Entry: func(e *results.Entry) error {
			kept := *e
			if left != nil {
				part = append(part, &kept)
				return nil
			}
			return sorted.add(&kept, pass)
		},
	})
	if err != nil {
		return err
	}
	slices.SortFunc(part, func(a, b *results.Entry) int { return cmp.Compare(a.Index, b.Index) })
	for _, e := range part {
		if err := pass(e); err != nil {
			return err
		}
	}
	if err := flush(); err != nil {
		return err
	}
	if err := buffered.Flush(); err != nil {
		return err
	}
	if why := incomplete(summary); why != "" {
		return fmt.Errorf("the export is not complete: %s", why)
	}
	return nil
}

// inOrder passes entries on in planned order. It holds those that came early.
type inOrder struct {
	next  uint64
	early map[uint64]*results.Entry
}

func (o *inOrder) add(e *results.Entry, pass func(*results.Entry) error) error {
	if o.early == nil {
		o.early = map[uint64]*results.Entry{}
	}
	o.early[e.Index] = e
	for {
		e, ok := o.early[o.next]
		if !ok {
			return nil
		}
		delete(o.early, o.next)
		o.next++
		if err := pass(e); err != nil {
			return err
		}
	}
}

func export(e *results.Entry, m *results.Manifest, phases []results.Phase, say func(string) string) *exported {
	x := &exported{
		Kind: e.Kind.String(), SizeBytes: e.Size, Credits: e.Credits,
		PlannedNS: e.Planned, SentNS: instant(e.Sent), CommittedNS: instant(e.Committed),
		RevealedNS: instant(e.Revealed), AcceptedNS: instant(e.Accepted), ConfirmedNS: instant(e.Confirmed),
		Outcome: e.Outcome.String(), Ambiguous: e.Ambiguous,
	}
	if !e.Hash.IsZero() {
		x.Hash, x.ChainID = &e.Hash, &e.Chain
	}
	if e.Phase < len(phases) {
		x.Phase = say(phases[e.Phase].Name)
	}
	if e.Endpoint < len(m.Network.Endpoints) {
		x.Endpoint = say(m.Network.Endpoints[e.Endpoint].URL)
	}
	if e.Confirmed != results.Never {
		x.BlockHeight = &e.Height
	}
	if e.Error != nil {
		x.Error = &exportedError{e.Error.Code, say(e.Error.Message)}
	}
	if e.Outcome == results.Lost {
		s := e.Stage.String()
		x.Stage = &s
	}
	return x
}

func instant(ns int64) *int64 {
	if ns == results.Never {
		return nil
	}
	return &ns
}

func jsonLines(w io.Writer) (write func(*exported) error, flush func() error) {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return func(x *exported) error { return enc.Encode(x) }, func() error { return nil }
}

func csvLines(w io.Writer) (write func(*exported) error, flush func() error) {
	c := csv.NewWriter(w)
	header := c.Write(csvColumns)
	row := make([]string, len(csvColumns))
	write = func(x *exported) error {
		row = append(row[:0],
			text(x.Hash), x.Kind, text(x.ChainID), x.Phase, x.Endpoint, strconv.Itoa(x.SizeBytes), strconv.Itoa(x.Credits),
			strconv.FormatInt(x.PlannedNS, 10), text(x.SentNS), text(x.CommittedNS), text(x.RevealedNS), text(x.AcceptedNS), text(x.ConfirmedNS),
			text(x.BlockHeight), x.Outcome, strconv.FormatBool(x.Ambiguous))
		if x.Error != nil {
			row = append(row, strconv.Itoa(x.Error.Code), x.Error.Message)
		} else {
			row = append(row, "", "")
		}
		return c.Write(append(row, text(x.Stage)))
	}
	return write, func() error {
		c.Flush()
		return cmp.Or(header, c.Error())
	}
}

// text writes a value that may be missing.
func text[T any](v *T) string {
	if v == nil {
		return ""
	}
	return fmt.Sprint(*v)
}
