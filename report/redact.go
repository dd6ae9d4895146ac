package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/netip"
	"net/url"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"github.com/FactomProject/factom-load/results"
)

const (
	// Redacted is in the place of what was left out.
	Redacted = "redacted"
	// PrivateTag begins the keys of tags that a redacted report leaves out, and
	// PrivateNote such notes.
	PrivateTag  = "private."
	PrivateNote = "private:"
)

// Redact returns a copy of a run's report that may be shown to others: without the name
// of the machine, private tags and notes, and the addresses of the network. An endpoint
// is endpoint-1 and so on throughout, in what was said of it, too. Paths, and names that
// only a node told of, are left out as far as their form gives them away.
func Redact(m *results.Manifest, r *Report) (*Report, error) {
	encoded, err := json.Marshal(r)
	copied := new(Report)
	if err == nil {
		err = json.Unmarshal(encoded, copied)
	}
	if err != nil {
		return nil, fmt.Errorf("redacting a report: %w", err)
	}
	for key := range copied.Run.Tags {
		if strings.HasPrefix(key, PrivateTag) {
			delete(copied.Run.Tags, key)
		}
	}
	copied.Run.Notes = slices.DeleteFunc(copied.Run.Notes, func(n Note) bool {
		return len(n.Text) >= len(PrivateNote) && strings.EqualFold(n.Text[:len(PrivateNote)], PrivateNote)
	})
	if copied.Environment.Host != "" {
		copied.Environment.Host = Redacted
	}
	newRedactor(m, r).walk(reflect.ValueOf(copied).Elem(), false)
	return copied, nil
}

// A redactor replaces what it knows, the longest first, and then what looks like an
// address.
type redactor struct {
	names []secretName
	forms []form
	done  map[string]string // of [redactor.repeated]
}

type secretName struct {
	text    *regexp.Regexp
	instead string
	short   bool // it may be a word by itself
}

type form struct {
	text    *regexp.Regexp
	instead string
}

// shortName is the length in characters from which a host's name is replaced within
// words as well.
const shortName = 6

const mostRepeated = 10_000

// newRedactor knows the names of a run by its manifest, or by its report where that has
// more.
func newRedactor(m *results.Manifest, r *Report) *redactor {
	d := &redactor{done: map[string]string{}, forms: []form{
		{regexp.MustCompile(`(?i)\bfile:/*[^\s"'<>|]+`), Redacted + "-path"},
		{regexp.MustCompile(`(?i)[a-z][a-z0-9+.-]*:/{1,3}[^\s"'<>|]+`), Redacted + "-url"},
		{regexp.MustCompile(`(?i)(?:lookup\s+)+\S+`), "lookup " + Redacted},
		{regexp.MustCompile(`(?i)(certificate is (?:valid for|not valid for any names)|valid for).*`), "$1 " + Redacted},
		{regexp.MustCompile(`(?i)[^\s"'<>]+@[^\s"'<>]+`), Redacted},
		{regexp.MustCompile(`\[[0-9a-fA-F:.]+(%[^\]\s]*)?\](:[0-9]+)?`), Redacted + "-address"},
		{regexp.MustCompile(`[0-9]{1,3}(\.[0-9]{1,3}){3}(:[0-9]{1,5})?`), Redacted + "-address"},
		{regexp.MustCompile(`[A-Za-z][A-Za-z0-9_.-]*:[0-9]{2,5}`), Redacted + "-address"},
		{regexp.MustCompile(`(^|[\s"'(\[=,])(:[0-9]{2,5})\b`), "${1}" + Redacted + "-address"},
		{regexp.MustCompile(`(?i)\b(ports?)([ =:]+)[0-9]{2,5}\b`), "${1}${2}" + Redacted},
		// A name with two dots or more. With a digit behind a dot it is a version.
		{regexp.MustCompile(`(?i)\b[a-z][a-z0-9-]*(?:\.[a-z][a-z0-9-]*)+\.[a-z]{2,}\b`), Redacted + "-name"},
		{regexp.MustCompile(`(?i)\b[a-z]:\\[^\s"'<>|]+`), Redacted + "-path"},
		{regexp.MustCompile(`(^|[^\w.~)-])(~|\.{1,2})?/[\w.@~+-]+/[^\s"'<>|:;,]*`), "${1}" + Redacted + "-path"},
		// What the system says of a file: open runs/steady/entries.log: no space left.
		{regexp.MustCompile(`\b(open|openat|create|read|write|fsync|sync|stat|lstat|mkdir|rename|remove|unlink|unlinkat|close|truncate|chmod|flock|readdirent) [^\s:]*[/\\][^\s:]*`), "$1 " + Redacted + "-path"},
	}}
	known := map[string]string{} // what instead, by the name in lower case
	add := func(name, instead string) {
		if name = strings.ToLower(name); name != "" && known[name] == "" {
			known[name] = instead
		}
	}
	var urls []string
	for _, e := range m.Network.Endpoints {
		urls = append(urls, e.URL)
	}
	if len(urls) == 0 {
		for _, e := range r.Network.Endpoints {
			urls = append(urls, e.URL)
		}
	}
	for _, e := range r.Endpoints {
		if !slices.Contains(urls, e.URL) && !redactedURL.MatchString(e.URL) {
			urls = append(urls, e.URL)
		}
	}
	for i, text := range urls {
		instead := fmt.Sprintf("endpoint-%d", i+1)
		add(text, instead)
		if u, err := url.Parse(text); err == nil {
			add(u.Scheme+"://"+u.Host, instead)
			add(u.Host, instead)
			add(u.Hostname(), instead) // of several at one host, the first
			// Of node-3.example.org people say node-3; api or factomd says nothing.
			if first := firstLabel(u.Hostname()); strings.ContainsAny(first, "-0123456789") {
				add(first, instead)
			}
		}
	}
	for _, host := range []string{m.Environment.Host, r.Environment.Host} {
		add(host, Redacted)
		add(firstLabel(host), Redacted)
	}
	if strings.ContainsAny(m.Scenario.File, `/\`) {
		add(m.Scenario.File, Redacted+"-path")
	}
	names := make([]string, 0, len(known))
	for name := range known {
		names = append(names, name)
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(cmp.Compare(len(b), len(a)), cmp.Compare(a, b)) })
	for _, name := range names {
		pattern := regexp.QuoteMeta(name)
		short := len(name) < shortName
		if short {
			pattern = `\b` + pattern + `\b`
		}
		d.names = append(d.names, secretName{regexp.MustCompile(`(?i)` + pattern), known[name], short})
	}
	return d
}

// firstLabel is what a host is called within its domain; an address has none.
func firstLabel(host string) string {
	if _, err := netip.ParseAddr(host); err == nil {
		return ""
	}
	first, _, _ := strings.Cut(host, ".")
	return first
}

// redactedURL is what an endpoint is called in a redacted report.
var redactedURL = regexp.MustCompile(`^endpoint-[0-9]+$`)

// ipv6 finds what may be an address without brackets.
var ipv6 = regexp.MustCompile(`[0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*`)

// redact replaces all that a text must not tell. In the words of this program a short
// name is no name.
func (d *redactor) redact(s string, words bool) string {
	for _, n := range d.names {
		if !words || !n.short {
			s = n.text.ReplaceAllLiteralString(s, n.instead)
		}
	}
	for _, f := range d.forms {
		s = f.text.ReplaceAllString(s, f.instead)
	}
	return ipv6.ReplaceAllStringFunc(s, func(m string) string {
		if _, err := netip.ParseAddr(strings.TrimRight(m, ":.")); err == nil {
			return Redacted + "-address"
		}
		return m
	})
}

// repeated redacts one of a few texts that many entries have.
func (d *redactor) repeated(s string) string {
	clean, ok := d.done[s]
	if !ok {
		clean = d.redact(s, false)
		if len(d.done) < mostRepeated {
			d.done[s] = clean
		}
	}
	return clean
}

// walk redacts every string of a value.
func (d *redactor) walk(v reflect.Value, words bool) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(d.redact(v.String(), words))
	case reflect.Pointer:
		if !v.IsNil() {
			d.walk(v.Elem(), words)
		}
	case reflect.Slice:
		for i := range v.Len() {
			d.walk(v.Index(i), words)
		}
	case reflect.Map:
		clean := reflect.MakeMap(v.Type())
		for key, value := range v.Seq2() {
			k, e := reflect.New(key.Type()).Elem(), reflect.New(value.Type()).Elem()
			k.Set(key)
			e.Set(value)
			d.walk(k, words)
			d.walk(e, words)
			clean.SetMapIndex(k, e)
		}
		if !v.IsNil() {
			v.Set(clean)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			switch name := v.Type().Field(i).Name; name {
			case "Schema", "Histogram", "Columns":
			case "Verdict", "Kind", "Method", "Model", "What", "Stage", "SubmitsBy", "Expected":
				d.walk(v.Field(i), true)
			default:
				if v.Field(i).CanSet() {
					d.walk(v.Field(i), words)
				}
			}
		}
	}
}
