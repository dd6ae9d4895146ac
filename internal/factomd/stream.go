package factomd

import (
	"encoding/json"
	"errors"
	"fmt"
)

// The functions here read JSON as it arrives, so that a reply of a whole block
// is never held as text. All of them accept null for "nothing".

var errTooMany = errors.New("too many elements")

// object reads one JSON object and calls member for each of its members, with
// the decoder in front of the value. Member must read it, or [skip] it.
func object(d *json.Decoder, member func(name string) error) error {
	return container(d, '{', func() error {
		name, err := d.Token()
		if err != nil {
			return err
		}
		return member(name.(string)) // the decoder allows nothing else there
	})
}

// array reads one JSON array of at most limit elements and calls element for
// each, with the decoder in front of it.
func array(d *json.Decoder, limit int, element func() error) error {
	n := 0
	return container(d, '[', func() error {
		if n++; n > limit {
			return fmt.Errorf("%w: more than %d", errTooMany, limit)
		}
		return element()
	})
}

func container(d *json.Decoder, open json.Delim, each func() error) error {
	switch token, err := d.Token(); {
	case err != nil:
		return err
	case token == nil:
		return nil
	case token != open:
		return fmt.Errorf("want %v in the JSON, not %T", open, token)
	}
	for d.More() {
		if err := each(); err != nil {
			return err
		}
	}
	_, err := d.Token()
	return err
}

// skip reads one value of any kind and forgets it.
func skip(d *json.Decoder) error {
	for depth := 0; ; {
		token, err := d.Token()
		if err != nil {
			return err
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
		if depth == 0 {
			return nil
		}
	}
}
