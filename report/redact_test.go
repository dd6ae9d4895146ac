package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// fillStrings puts a text into every string of a value, but for those that must be as
// they are.
func fillStrings(v reflect.Value, text func(old string) string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(text(v.String()))
	case reflect.Pointer:
		if !v.IsNil() {
			fillStrings(v.Elem(), text)
		}
	case reflect.Slice:
		for i := range v.Len() {
			fillStrings(v.Index(i), text)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			switch v.Type().Field(i).Name {
			case "Schema", "Histogram", "Columns", "URL":
			default:
				if v.Field(i).CanSet() {
					fillStrings(v.Field(i), text)
				}
			}
		}
	}
}

func redacted(t *testing.T, r *Report) (copied *Report, files string) {
	t.Helper()
	copied, err := Redact(new(results.Manifest), r)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	for _, write := range []func(*Report) error{
		func(r *Report) error { return WriteJSON(&b, r) },
		func(r *Report) error { return WriteHTML(&b, r) },
		func(r *Report) error { return WriteIncident(&b, r) },
		func(r *Report) error { return WriteSummary(&b, r, "") },
	} {
		if err := write(copied); err != nil {
			t.Fatal(err)
		}
	}
	return copied, b.String()
}

func TestRedact(t *testing.T) {
	r := troubledRun(t)
	r.Environment.Host = "load-77"
	r.Run.Tags = map[string]string{"version": "v6", PrivateTag + "who": "sesame"}
	r.Errors[1].Message = `Post "http://factomd-2.testnet.example:8088/v2": dial tcp: lookup FACTOMD-2.testnet.example on 192.0.2.53:53: no such host`
	before, _ := json.Marshal(r)
	copied, files := redacted(t, r)
	if after, _ := json.Marshal(r); !bytes.Equal(before, after) {
		t.Error("the report itself has changed")
	}
	for _, secret := range []string{"127.0.0.1", "8088", "factomd-2", "testnet.example", "192.0.2.53", "load-77", "sesame"} {
		if strings.Contains(strings.ToLower(files), secret) {
			t.Errorf("%s is told", secret)
		}
	}
	if got, want := copied.Errors[1].Message, `Post "endpoint-2": dial tcp: lookup redacted on redacted-address: no such host`; got != want {
		t.Errorf("an error says %q, not %q", got, want)
	}
	if got := copied.Integrity.Findings[0].Detail; !strings.HasPrefix(got, "endpoint-1: entry 3d3d") || copied.Events[0].Endpoint != "endpoint-1" || copied.Endpoints[1].URL != "endpoint-2" {
		t.Errorf("endpoints are not called the same throughout: %q, %q, %q", got, copied.Events[0].Endpoint, copied.Endpoints[1].URL)
	}
	if copied.Run.Tags["version"] != "v6" || copied.Totals != r.Totals || copied.VerdictWhy != r.VerdictWhy || copied.LatencyMS != r.LatencyMS {
		t.Error("more was left out than should be")
	}
}

// A host whose name is one of the program's own words keeps what kind an event is of.
func TestRedactWords(t *testing.T) {
	r := troubledRun(t)
	r.Environment.Host = "node"
	r.Events = []Event{{1, "node-down", "the node is down", ""}}
	copied, _ := redacted(t, r)
	if e := copied.Events[0]; e.Kind != "node-down" || e.Detail != "the redacted is down" {
		t.Errorf("%+v", e)
	}
}

// Nothing of an address comes through, whatever it stands in.
func TestRedactAnywhere(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 7))
	around := []string{"", " ", "\"", "'", "(", ")", "<b>", "x", "0", ":", ",", "/", "->", "\\", "\n", "ü", "=", "[", "]", "|"}
	pick := func() string { return around[random.IntN(len(around))] }
	for n := range 20 {
		hosts := []string{fmt.Sprintf("qzx%d.secretplace.example", n), fmt.Sprintf("198.51.100.%d", 100+n), fmt.Sprintf("[2001:db8::beef:%x]", 4096+n)}
		r := troubledRun(t)
		r.Environment.Host = fmt.Sprintf("wvutmachine%d", n)
		r.Network.Endpoints, r.Endpoints = nil, r.Endpoints[:1]
		for _, h := range hosts {
			r.Network.Endpoints = append(r.Network.Endpoints, NetworkEndpoint{URL: "http://" + h + ":18088/v2"})
		}
		r.Endpoints[0].URL = r.Network.Endpoints[0].URL
		secrets := append([]string{"secretplace", r.Environment.Host, "203.0.113.9", "otherplace", "2001:db8", "18088"}, hosts...)
		fillStrings(reflect.ValueOf(r).Elem(), func(old string) string {
			s := old
			for range 3 {
				h := hosts[random.IntN(len(hosts))]
				s += pick() + []string{
					"http://" + h + ":18088/v2", h + ":18088", strings.Trim(h, "[]"), strings.ToUpper(h), "203.0.113.9:4711",
					"https://otherplace.example/x", "otherplace.example:443", r.Environment.Host, "[2001:db8::1]:53", "http://u:p@" + h,
				}[random.IntN(10)] + pick()
			}
			return s
		})
		// The host is what it is: its own field was filled as well.
		r.Environment.Host = secrets[1]
		for i := range r.Thresholds {
			r.Thresholds[i].Expression = "lost == 0"
		}
		_, files := redacted(t, r)
		lower := strings.ToLower(files)
		for _, secret := range secrets {
			if i := strings.Index(lower, secret); i >= 0 {
				t.Fatalf("%s is told: %q", secret, files[max(0, i-80):min(len(files), i+80)])
			}
		}
	}
}

// Nothing of the places that a record knows comes through in any form of it.
func TestRedactEveryOutput(t *testing.T) {
	rec := record(t, "lost == 0", "submit.p99 < 1s")
	m := rec.manifest
	m.Network.Endpoints[0].URL = "http://node7.secretplace.example:18088/v2"
	m.Network.Endpoints[1].URL = "https://[2001:db8::beef]:18089/v2"
	m.Network.Endpoints[0].Version = "v6.12.0 on node7"
	m.Environment.Host = "wvutmachine.office.example"
	m.Scenario.File = "/home/vexra/secretdir/steady.yaml"
	m.Scenario.Description = "on wvutmachine, in /home/vexra/secretdir"
	m.Tags = map[string]string{"version": "v6.12.0-rc.beta", "where": "node7.secretplace.example", PrivateTag + "who": "sesame"}
	m.Notes = []results.Note{
		{At: m.Started, Text: "restarted NODE7.secretplace.example:18088 at 12:30"},
		{At: m.Started, Text: "Private: ask sesame"},
	}
	m.Interrupted, m.Failure, m.Why = true, true, "open runs/secretdir/entries.log: no space left on device"
	m.EndedEarly = "stopped by /srv/secretdir/stop"
	m.Harness.CPUSeconds = 1
	said := []string{
		`Post "http://node7.secretplace.example:18088/v2": dial tcp: lookup node7.secretplace.example on 203.0.113.9:53: no such host`,
		"read tcp 203.0.113.9:40212->[2001:db8::beef]:18089: i/o timeout",
		"x509: certificate is valid for otherplace.example, not node7.secretplace.example",
		"proxy at proxy.otherplace.example refused, port 18088, listen tcp :18088: in use",
		"write ./secretdir/entries.log: read-only; see ~/secretdir/log and file:///home/vexra/x",
		"wvutmachine: mail vexra@otherplace.example of /home/vexra/.ssh/id",
	}
	every(rec)
	for i, text := range said {
		at := int64(2000+i) * ms
		n := rec.plan(2, results.KindEntry, at)
		rec.submit(n, at, &factomd.Failure{Message: text})
		rec.collector.Event(results.Event{At: at, Kind: results.NodeDown, Detail: text, Endpoint: m.Network.Endpoints[i%2].URL})
		rec.collector.Found(results.Finding{At: at, Kind: results.WrongContent, Name: "entry", Detail: text})
		rec.collector.Found(results.Finding{At: at, Kind: results.ForbiddenEntry, Name: "unpaid-key", Detail: text})
	}
	r := rec.build()
	copied, err := Redact(m, r)
	if err != nil {
		t.Fatal(err)
	}
	secrets := []string{
		"node7", "secretplace", "18088", "18089", "2001:db8", "wvutmachine", "office", "vexra", "secretdir",
		"sesame", "203.0.113.9", "40212", "otherplace",
	}
	outputs := map[string]func(w io.Writer, redact bool) error{
		"json":    func(w io.Writer, redact bool) error { return WriteJSON(w, pick(redact, copied, r)) },
		"html":    func(w io.Writer, redact bool) error { return WriteHTML(w, pick(redact, copied, r)) },
		"summary": func(w io.Writer, redact bool) error { return WriteSummary(w, pick(redact, copied, r), "") },
	}
	for _, format := range Formats() {
		outputs[format] = func(w io.Writer, redact bool) error {
			return Export(w, rec.dir.Path, ExportOptions{Format: format, Redact: redact})
		}
	}
	told := map[string]bool{}
	for name, write := range outputs {
		var b, open bytes.Buffer
		if err := errors.Join(write(&b, true), write(&open, false)); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		text := strings.ToLower(b.String())
		for _, secret := range secrets {
			if i := strings.Index(text, secret); i >= 0 {
				t.Errorf("%s tells of %s: %q", name, secret, b.String()[max(0, i-80):min(b.Len(), i+80)])
			}
			told[secret] = told[secret] || strings.Contains(strings.ToLower(open.String()), secret)
		}
		if name == "csv" || name == "jsonl" {
			if got := strings.Count(text, "endpoint-1"); got < 9 {
				t.Errorf("%s names endpoint-1 %d times", name, got)
			}
		}
	}
	for _, secret := range secrets {
		if !told[secret] {
			t.Errorf("%s is told nowhere: there was nothing to leave out", secret)
		}
	}
	if n := copied.Run.Notes; len(n) != 1 || n[0].Text != "restarted endpoint-1 at 12:30" || copied.Run.Tags["version"] != "v6.12.0-rc.beta" {
		t.Errorf("the notes are %q, the tags %q", n, copied.Run.Tags)
	}
	again, err := Redact(m, copied)
	if err != nil {
		t.Fatal(err)
	}
	if a, b := mustJSON(t, copied), mustJSON(t, again); a != b {
		t.Error("what is redacted twice is another report")
	}
}

func pick(redact bool, copied, r *Report) *Report {
	if redact {
		return copied
	}
	return r
}

func mustJSON(t *testing.T, r *Report) string {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJSON(&b, r); err != nil {
		t.Fatal(err)
	}
	return b.String()
}
