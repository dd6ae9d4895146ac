package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
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
	copied, err := Redact(r)
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
