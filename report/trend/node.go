package trend

import (
	"errors"
	"math"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// node is what the series of a report says of a node that the run started.
type node struct {
	intervalS float64
	rows      int     // all of the series
	known     int     // of them, those with the node's CPU
	cores     float64 // sum over those
	rssPeak   float64 // bytes; NaN where none is known
}

// cpuSeconds is what the node took over the whole run; NaN where it is not known.
// The few seconds without a sample count as the others do.
func (n *node) cpuSeconds() float64 {
	if n.known == 0 {
		return math.NaN()
	}
	return n.cores / float64(n.known) * float64(n.rows) * n.intervalS
}

// read reads a series, whose columns are named before its rows, a row at a time.
func (n *node) read(dec *jsontext.Decoder) error {
	if err := begin(dec, '{', "series is no object"); err != nil {
		return err
	}
	cpu, rss := -1, -1
	for dec.PeekKind() != '}' {
		token, err := dec.ReadToken()
		if err != nil {
			return err
		}
		switch token.String() {
		case "interval_s":
			err = json.UnmarshalDecode(dec, &n.intervalS)
		case "columns":
			var columns []string
			err = json.UnmarshalDecode(dec, &columns)
			for i, c := range columns {
				switch c {
				case "node_cpu":
					cpu = i
				case "node_rss_bytes":
					rss = i
				}
			}
		case "rows":
			err = n.readRows(dec, cpu, rss)
		default:
			err = dec.SkipValue()
		}
		if err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

func (n *node) readRows(dec *jsontext.Decoder, cpu, rss int) error {
	if cpu < 0 && rss < 0 {
		return dec.SkipValue()
	}
	if err := begin(dec, '[', "the rows of the series are no list"); err != nil {
		return err
	}
	for dec.PeekKind() != ']' {
		if err := begin(dec, '[', "a row of the series is no list"); err != nil {
			return err
		}
		n.rows++
		for column := 0; dec.PeekKind() != ']'; column++ {
			if column != cpu && column != rss || dec.PeekKind() != '0' {
				if err := dec.SkipValue(); err != nil {
					return err
				}
				continue
			}
			token, err := dec.ReadToken()
			if err != nil {
				return err
			}
			if v := token.Float(); column == cpu {
				n.known++
				n.cores += v
			} else if !(n.rssPeak >= v) {
				n.rssPeak = v
			}
		}
		if _, err := dec.ReadToken(); err != nil {
			return err
		}
	}
	_, err := dec.ReadToken()
	return err
}

// begin reads the token that begins an object or a list.
func begin(dec *jsontext.Decoder, kind jsontext.Kind, otherwise string) error {
	token, err := dec.ReadToken()
	if err == nil && token.Kind() != kind {
		err = errors.New(otherwise)
	}
	return err
}
