package scenarios

import (
	"cmp"
	"fmt"
	"strings"
	"time"
	"unicode"
)

// A decoder reads nodes into values and collects what is wrong with them. Its
// readers store a value and return true, or report a problem, leave the value
// as it is and return false.
type decoder struct {
	dir      string // that the paths of other files begin in
	alien    bool   // the file is no scenario: where a scenario has a key says nothing
	problems Errors
	replays  []recording // still to be judged by the workload
}

// report records a problem with a node.
func (d *decoder) report(n *node, message, hint string) {
	if n.label != "" {
		message = n.label + ": " + message
	}
	d.problems = append(d.problems, complain(message, hint).at(n.at, n.path))
}

// sound is whether f reports no problem.
func (d *decoder) sound(f func()) bool {
	before := len(d.problems)
	f()
	return len(d.problems) == before
}

// A field is a key that a mapping may have and what reads its value.
type field struct {
	key  string
	read func(*node)
}

// into makes a reader of values a reader of fields.
func into[T any](read func(*node, *T) bool, dst *T) func(*node) {
	return func(n *node) { read(n, dst) }
}

// fields reads a mapping. It reports keys that are unknown, there twice, or
// without a value.
func (d *decoder) fields(n *node, fields ...field) {
	if n.kind != mapping {
		d.report(n, "must be "+string(mapping)+", is "+string(n.kind), "keys here: "+keys(fields))
		return
	}
	seen := make(map[string]position)
	for _, m := range n.members {
		if first, twice := seen[m.key]; twice {
			d.member(n, m, fmt.Sprintf("the key %s is here twice", plainKey(m.key)), firstAt(first))
			continue
		}
		seen[m.key] = m.at
		read := lookup(fields, m.key)
		switch {
		case read == nil:
			d.member(n, m, "unknown key "+plainKey(m.key), d.unknownHint(n.path, m.key, fields))
		case m.value.kind == null:
			m.at = m.value.at
			d.member(n, m, plainKey(m.key)+" has no value", "give it one, or leave the key out")
		default:
			read(m.value)
		}
	}
}

// member records a problem with a key of a mapping, at the key's place.
func (d *decoder) member(n *node, m member, message, hint string) {
	if n.label != "" {
		message = n.label + ": " + message
	}
	d.problems = append(d.problems, complain(message, hint).at(m.at, m.value.path))
}

// require reports the keys that a mapping lacks.
func (d *decoder) require(n *node, key, hint string) bool {
	if n.kind != mapping || n.get(key) != nil {
		return true
	}
	d.report(n, key+" is missing", hint)
	return false
}

func lookup(fields []field, key string) func(*node) {
	for _, f := range fields {
		if f.key == key {
			return f.read
		}
	}
	return nil
}

func names(fields []field) []string {
	names := make([]string, len(fields))
	for i, f := range fields {
		names[i] = f.key
	}
	return names
}

func keys(fields []field) string { return strings.Join(names(fields), ", ") }

func firstAt(first position) string {
	if first.line == 0 {
		return "keep one of them"
	}
	return fmt.Sprintf("the first one is in line %d; keep one of them", first.line)
}

func (d *decoder) unknownHint(path, key string, fields []field) string {
	switch home := homeOf(key); {
	case d.alien:
	case path == "load" && (key == "rate" || key == "for"):
		return "a load is a list of phases, each with its own: phases: [{for: 60s, rate: 50/s}]"
	case home != "" && home != path:
		return key + " is a key of " + home
	}
	if near := nearest(key, names(fields)); near != "" {
		return fmt.Sprintf("did you mean %s?", near)
	}
	return "keys here: " + keys(fields)
}

// homeOf is where a key belongs that is a key in one place only.
func homeOf(key string) string {
	switch key {
	case "local", "endpoints", "expect":
		return "network"
	case "nodes", "block_time":
		return "network.local"
	case "url", "auth":
		return "network.endpoints"
	case "key", "keys", "budget", "topup":
		return "credits"
	case "below", "buy":
		return "credits.topup"
	case "chains", "choose", "marker", "mix":
		return "workload"
	case "kind", "size", "extids", "payload":
		return "workload.mix"
	case "lognormal":
		return "workload.mix.size"
	case "files":
		return "workload.mix.payload"
	case "users", "think", "arrival", "in_flight", "late", "late_by", "submit_timeout", "reveal", "phases", "search":
		return "load"
	case "for", "rate", "replay", "measured":
		return "load.phases"
	case "method":
		return "queries.mix"
	case "from", "to", "step", "hold", "within", "stop_when":
		return "load.search"
	case "until", "timeout":
		return "confirm"
	case "content", "merkle", "live_feed":
		return "observe"
	case "segment", "keep", "sample", "checkpoint":
		return "record"
	case "primary":
		return "compare"
	case "listen":
		return "observe.live_feed"
	}
	return ""
}

// list is the items of a list of low to high ones; those without a value are
// reported.
func (d *decoder) list(n *node, low, high int) []*node {
	switch {
	case n.kind != sequence:
		d.report(n, "must be a list, is "+string(n.kind), `begin each item with "- ", or write [...]`)
		return nil
	case len(n.items) < low:
		d.report(n, "must have an item", "leave the key out for the default, if it has one")
		return nil
	case len(n.items) > high:
		d.report(n, fmt.Sprintf("has %d items, more than %d", len(n.items), high), "merge some of them")
		return nil
	}
	items := make([]*node, 0, len(n.items))
	for _, item := range n.items {
		if item.kind == null {
			d.report(item, "has no value", "give it one, or remove the item")
			continue
		}
		items = append(items, item)
	}
	return items
}

// scalar is the text of a single value, quoted or not.
func (d *decoder) scalar(n *node, dst *string) bool {
	if n.kind != scalar {
		hint := ""
		if n.kind == sequence {
			hint = "write one value, without [...] or a dash before it"
		}
		d.report(n, "must be a single value, is "+string(n.kind), hint)
		return false
	}
	*dst = n.text
	return true
}

// value reads a scalar with a parser of package units.
func value[T any](d *decoder, n *node, parse func(string) (T, *Problem), dst *T) bool {
	var text string
	if !d.scalar(n, &text) {
		return false
	}
	v, p := parse(text)
	if p != nil {
		d.report(n, show(text)+" "+p.Message, p.Hint)
		return false
	}
	*dst = v
	return true
}

func (d *decoder) duration(n *node, dst *time.Duration) bool { return value(d, n, parseDuration, dst) }
func (d *decoder) span(n *node, dst *Span) bool              { return value(d, n, parseSpan, dst) }
func (d *decoder) counts(n *node, dst *Range) bool           { return value(d, n, parseCounts, dst) }

// whole reads whole numbers of a range.
func whole[T int | int64 | uint64](d *decoder, low, high uint64) func(*node, *T) bool {
	return func(n *node, dst *T) bool {
		var v uint64
		if n.kind == scalar && n.quoted {
			d.report(n, show(n.text)+" is text, not a number", "write it without quotes")
			return false
		}
		ok := value(d, n, func(text string) (uint64, *Problem) { return parseWhole(text, low, high) }, &v)
		if ok {
			*dst = T(v)
		}
		return ok
	}
}

func (d *decoder) boolean(n *node, dst *bool) bool {
	if n.kind != scalar || n.quoted || n.text != "true" && n.text != "false" {
		d.report(n, "must be true or false", "")
		return false
	}
	*dst = n.text == "true"
	return true
}

// oneOf reads one of a few words.
func oneOf[T ~string](d *decoder, words ...T) func(*node, *T) bool {
	return explained(d, "", words...)
}

// explained is as oneOf for words that do not speak for themselves: the hint does,
// where none of them is near.
func explained[T ~string](d *decoder, hint string, words ...T) func(*node, *T) bool {
	return func(n *node, dst *T) bool {
		var text string
		if !d.scalar(n, &text) {
			return false
		}
		list := make([]string, len(words))
		for i, w := range words {
			if string(w) == text {
				*dst = w
				return true
			}
			list[i] = string(w)
		}
		d.report(n, show(text)+" is not one of "+strings.Join(list, ", "), cmp.Or(didYouMean(text, list), hint))
		return false
	}
}

func didYouMean(text string, words []string) string {
	if near := nearest(text, words); near != "" {
		return "did you mean " + near + "?"
	}
	return ""
}

// name reads what becomes part of file names and of report columns.
func (d *decoder) name(n *node, dst *string) bool {
	var text string
	if !d.scalar(n, &text) {
		return false
	}
	if len(text) > 64 || text == "" || strings.ContainsFunc(text, notInName) || strings.HasPrefix(text, ".") || strings.HasPrefix(text, "-") {
		d.report(n, show(text)+" is not a name", "a name has 1 to 64 letters, digits, dots, dashes and underscores, and begins with neither dot nor dash")
		return false
	}
	*dst = text
	return true
}

func notInName(r rune) bool {
	return !strings.ContainsRune("._-", r) && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}

// line reads printable text of at most 500 characters.
func (d *decoder) line(n *node, dst *string) bool {
	var text string
	if !d.scalar(n, &text) {
		return false
	}
	text = strings.TrimSpace(text)
	switch {
	case strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsPrint(r) }):
		d.report(n, "must be one line of printable text", `for a long line use ">" and indent the lines below it`)
		return false
	case len(text) > 500:
		d.report(n, "is longer than 500 bytes", "put the rest in comments")
		return false
	}
	*dst = text
	return true
}
