package factomd

import (
	"encoding/base64"
	"errors"
)

// parseFeedJSON reads a FactomEvent as encoding/json writes factomd's own struct:
// bytes are in base64, what is zero is left out, and what is one of several stands
// in an object of its own.
func parseFeedJSON(b []byte, part bool) (FeedEvent, bool, error) {
	var (
		event  FeedEvent
		ok     bool
		source = uint64(sourceLive)
		r      = jsonReader{b}
	)
	err := r.object(func(key []byte) (err error) {
		switch string(key) {
		case "eventSource":
			source, err = r.number()
		case "Event":
			ok, err = r.event(&event)
		default:
			err = r.skip()
		}
		return err
	})
	if err == nil && r.more() {
		err = errFeedMessage
	}
	if err == errJSONCut {
		err = unlessPart(part)
	}
	if ok = ok && err == nil && source == sourceLive; !ok {
		return FeedEvent{}, false, err
	}
	return event, true, nil
}

// event reads the object that has the event's kind as its only key. Like the
// methods below it says what there was, too, when the input is cut.
func (r *jsonReader) event(event *FeedEvent) (ok bool, err error) {
	err = r.object(func(key []byte) (err error) {
		switch string(key) {
		case "chainCommit", "entryCommit":
			event.Kind = FeedCommit
			ok, err = r.state(event, "entryHash", "")
		case "entryReveal":
			event.Kind = FeedReveal
			ok, err = r.state(event, "entry", "hash")
		case "stateChange":
			event.Kind = FeedChange
			ok, err = r.state(event, "entityHash", "")
		case "directoryBlockCommit":
			event.Kind = FeedBlock
			ok, err = r.block(event)
		case "processListEvent":
			event.Kind = FeedMinute
			ok, err = r.processList(event)
		default:
			err = r.skip()
		}
		return err
	})
	return ok, err
}

// state reads an entity's state, and the entry's hash, which is in the member hash
// itself, or in a member of that.
func (r *jsonReader) state(event *FeedEvent, hash, inner string) (ok bool, err error) {
	state, found := uint64(stateRequested), false
	err = r.object(func(key []byte) (err error) {
		switch string(key) {
		case "entityState":
			state, err = r.number()
		case hash:
			if inner == "" {
				found, err = r.hash(&event.Entry)
				return err
			}
			return r.object(func(key []byte) (err error) {
				if string(key) == inner {
					found, err = r.hash(&event.Entry)
					return err
				}
				return r.skip()
			})
		default:
			err = r.skip()
		}
		return err
	})
	if err == nil && !found {
		return false, errFeedMessage
	}
	return event.inState(state) && found, err
}

// block reads the height of a directory block; it is 0 where that was cut off.
func (r *jsonReader) block(event *FeedEvent) (ok bool, err error) {
	err = r.object(func(key []byte) error {
		if string(key) != "directoryBlock" {
			return r.skip()
		}
		ok = true
		return r.object(func(key []byte) error {
			if string(key) != "header" {
				return r.skip()
			}
			return r.object(func(key []byte) error {
				if string(key) != "blockHeight" {
					return r.skip()
				}
				return r.height(event)
			})
		})
	})
	return ok, err
}

func (r *jsonReader) processList(event *FeedEvent) (ok bool, err error) {
	err = r.object(func(key []byte) error {
		if string(key) != "ProcessListEvent" {
			return r.skip()
		}
		return r.object(func(key []byte) error {
			switch string(key) {
			case "newBlockEvent":
				ok, event.Minute = true, firstMinuteOfNewBlock
				return r.minute(event)
			case "newMinuteEvent":
				ok = true
				return r.minute(event)
			}
			return r.skip()
		})
	})
	return ok, err
}

func (r *jsonReader) minute(event *FeedEvent) error {
	return r.object(func(key []byte) error {
		switch string(key) {
		case "newMinute":
			minute, err := r.number()
			event.Minute = int(min(minute, 10))
			return err
		case "newBlockHeight", "blockHeight":
			return r.height(event)
		}
		return r.skip()
	})
}

func (r *jsonReader) height(event *FeedEvent) error {
	height, err := r.number()
	event.Height = uint32(height)
	return err
}

// hash reads bytes that are a hash, and reports whether they are one.
func (r *jsonReader) hash(h *Hash) (bool, error) {
	text, err := r.text()
	if err != nil {
		return false, err
	}
	var decoded [len(h) + 1]byte // base64 writes three bytes at a time
	if base64.StdEncoding.DecodedLen(len(text)) != len(decoded) {
		return false, errFeedMessage
	}
	if n, err := base64.StdEncoding.Decode(decoded[:], text); err != nil || n != len(h) {
		return false, errFeedMessage
	}
	copy(h[:], decoded[:])
	return true, nil
}

// A jsonReader walks through the beginning of a JSON text. It is strict in what it
// is asked for, and passes over the rest without a look at its grammar. It never
// recurses, and allocates nothing.
type jsonReader struct{ b []byte }

// errJSONCut says that the text ends within a value.
var errJSONCut = errors.New("the JSON text is cut off")

// more passes over white space and reports whether something follows.
func (r *jsonReader) more() bool {
	for len(r.b) > 0 {
		switch r.b[0] {
		case ' ', '\t', '\r', '\n':
			r.b = r.b[1:]
			continue
		}
		return true
	}
	return false
}

// next passes over c, or over nothing if something else follows.
func (r *jsonReader) next(c byte) (found bool, err error) {
	if !r.more() {
		return false, errJSONCut
	}
	if r.b[0] != c {
		return false, nil
	}
	r.b = r.b[1:]
	return true, nil
}

// must passes over c.
func (r *jsonReader) must(c byte) error {
	found, err := r.next(c)
	if err == nil && !found {
		err = errFeedMessage
	}
	return err
}

// object reads an object, or null, which has no members. member must read the
// value of each.
func (r *jsonReader) object(member func(key []byte) error) error {
	if null, err := r.null(); null || err != nil {
		return err
	}
	if err := r.must('{'); err != nil {
		return err
	}
	if empty, err := r.next('}'); empty || err != nil {
		return err
	}
	for {
		key, err := r.text()
		if err == nil {
			err = r.must(':')
		}
		if err == nil {
			err = member(key)
		}
		if err != nil {
			return err
		}
		if another, err := r.next(','); err != nil {
			return err
		} else if !another {
			return r.must('}')
		}
	}
}

// null passes over null, or over nothing if something else follows.
func (r *jsonReader) null() (found bool, err error) {
	if !r.more() {
		return false, errJSONCut
	}
	if r.b[0] != 'n' {
		return false, nil
	}
	return true, r.skip()
}

// text reads a string without resolving escapes: base64 and the keys that are
// looked for have none.
func (r *jsonReader) text() ([]byte, error) {
	if err := r.must('"'); err != nil {
		return nil, err
	}
	for i := 0; i < len(r.b); i++ {
		switch r.b[i] {
		case '\\':
			i++
		case '"':
			text := r.b[:i]
			r.b = r.b[i+1:]
			return text, nil
		}
	}
	return nil, errJSONCut
}

// number reads a whole number that is not negative, or null for 0. A number at the
// end of the text may have been cut.
func (r *jsonReader) number() (v uint64, err error) {
	if null, err := r.null(); null || err != nil {
		return 0, err
	}
	i := 0
	for i < len(r.b) && r.b[i] >= '0' && r.b[i] <= '9' {
		v = v*10 + uint64(r.b[i]-'0')
		i++
	}
	switch {
	case i == len(r.b):
		return 0, errJSONCut
	case i == 0 || i > 19:
		return 0, errFeedMessage
	}
	r.b = r.b[i:]
	return v, nil
}

// skip passes over a value of any kind.
func (r *jsonReader) skip() error {
	for depth := 0; ; {
		if !r.more() {
			return errJSONCut
		}
		switch c := r.b[0]; c {
		case '"':
			if _, err := r.text(); err != nil {
				return err
			}
		case '{', '[':
			depth++
			r.b = r.b[1:]
		case '}', ']':
			depth--
			r.b = r.b[1:]
		case ',', ':':
			if depth == 0 {
				return errFeedMessage
			}
			r.b = r.b[1:]
		default:
			if err := r.word(); err != nil {
				return err
			}
		}
		switch {
		case depth == 0:
			return nil
		case depth < 0:
			return errFeedMessage
		}
	}
}

// word passes over a number, true, false or null.
func (r *jsonReader) word() error {
	i := 0
	for i < len(r.b) && (r.b[i] >= '0' && r.b[i] <= '9' || r.b[i] >= 'a' && r.b[i] <= 'z' ||
		r.b[i] == '-' || r.b[i] == '+' || r.b[i] == '.' || r.b[i] == 'E') {
		i++
	}
	switch i {
	case 0:
		return errFeedMessage
	case len(r.b):
		return errJSONCut
	}
	r.b = r.b[i:]
	return nil
}
