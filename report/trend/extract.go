package trend

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/report"
)

// The most that is read of one report. A report of eleven days, second by second,
// has less; the texts are cut, and of tags and notes there are so many.
const (
	mostBytes = 256 << 20
	mostText  = 120
	mostTags  = 20
	mostNotes = 5 // the newest ones
)

// extract is the part of a report.json that a trend is made of.
type extract struct {
	Schema  string
	Verdict report.Verdict
	Run     struct {
		ID       string            `json:"id"`
		Started  time.Time         `json:"started"`
		Tags     map[string]string `json:"tags"`
		Notes    []report.Note     `json:"notes"`
		Partial  bool              `json:"partial"`
		Scenario struct {
			Name   string `json:"name"`
			SHA256 string `json:"sha256"`
		} `json:"scenario"`
	}
	Environment struct {
		Host string `json:"host"`
	}
	Network struct {
		ID        string `json:"id"`
		Name      string `json:"name"`
		Embedded  bool   `json:"embedded"`
		Endpoints []struct {
			FactomdVersion string `json:"factomd_version"`
		} `json:"endpoints"`
	}
	Totals totals
	Rates  struct {
		ConfirmedPerS float64 `json:"confirmed_per_s"`
	}
	LatencyMS latencies
	Harness   struct {
		OwnScheduleP99MS float64 `json:"own_schedule_p99_ms"`
	}
	node node
}

type totals struct {
	Planned   uint64 `json:"planned"`
	Confirmed uint64 `json:"confirmed"`
	Lost      uint64 `json:"lost"`
	Rejected  uint64 `json:"rejected"`
	Failed    uint64 `json:"failed"`
}

type latencies struct {
	Submit  latency `json:"submit"`
	Accept  latency `json:"accept"`
	Confirm latency `json:"confirm"`
}

type latency struct {
	Count uint64  `json:"count"`
	P50   float64 `json:"p50"`
	P95   float64 `json:"p95"`
	P99   float64 `json:"p99"`
}

// readReport reads a report.json once, from its beginning to its end, and keeps
// nothing of what it does not need: a night's series is most of it.
func readReport(in io.Reader) (*extract, error) {
	limited := &io.LimitedReader{R: in, N: mostBytes + 1}
	dec := jsontext.NewDecoder(limited)
	e := &extract{node: node{rssPeak: math.NaN()}}
	err := e.read(dec)
	if limited.N <= 0 {
		return nil, fmt.Errorf("it has more than %d MiB", mostBytes>>20)
	}
	if err != nil {
		return nil, err
	}
	return e, e.check()
}

func (e *extract) read(dec *jsontext.Decoder) error {
	if dec.PeekKind() != '{' {
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
		return errors.New("it is no JSON object")
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	into := map[string]any{
		"schema": &e.Schema, "verdict": &e.Verdict, "run": &e.Run, "environment": &e.Environment, "network": &e.Network,
		"totals": &e.Totals, "rates": &e.Rates, "latency_ms": &e.LatencyMS, "harness": &e.Harness,
	}
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		name := token.String()
		switch target := into[name]; {
		case name == "series":
			err = e.node.read(dec)
		case target == nil:
			err = dec.SkipValue()
		default:
			err = json.UnmarshalDecode(dec, target)
		}
		if err != nil {
			return err
		}
		if name == "schema" && e.Schema != report.Schema {
			return fmt.Errorf("it has the schema %q, and this program reads %q", factomd.Printable(e.Schema, mostText), report.Schema)
		}
	}
	if _, err := dec.ReadToken(); err != nil {
		return err
	}
	if _, err := dec.ReadToken(); err != io.EOF {
		return errors.New("something follows the report")
	}
	return nil
}

// check refuses what a report cannot say, and cuts its texts.
func (e *extract) check() error {
	switch e.Verdict {
	case report.Pass, report.Fail, report.Lost, report.Invalid, report.Interrupted:
	default:
		return fmt.Errorf("it has the verdict %q", factomd.Printable(string(e.Verdict), mostText))
	}
	switch {
	case e.Schema == "":
		return errors.New("it has no schema")
	case e.Run.ID == "":
		return errors.New("it has no run.id")
	case e.Run.Started.IsZero():
		return errors.New("it has no run.started")
	}
	for _, m := range metrics() {
		v := m.of(e)
		if math.IsInf(v, 0) || v < 0 || m.Unit == Ratio && v > 1 {
			return fmt.Errorf("its %s cannot be %g", m.Name, v)
		}
	}
	for _, s := range []*string{&e.Run.ID, &e.Run.Scenario.Name, &e.Run.Scenario.SHA256, &e.Environment.Host, &e.Network.ID, &e.Network.Name} {
		*s = factomd.Printable(*s, mostText)
	}
	tags := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(e.Run.Tags)) {
		if len(tags) < mostTags {
			tags[factomd.Printable(k, mostText)] = factomd.Printable(e.Run.Tags[k], mostText)
		}
	}
	e.Run.Tags = tags
	e.Run.Notes = e.Run.Notes[max(0, len(e.Run.Notes)-mostNotes):]
	for i, n := range e.Run.Notes {
		e.Run.Notes[i] = report.Note{At: n.At.UTC(), Text: factomd.Printable(n.Text, mostText)}
	}
	return nil
}
