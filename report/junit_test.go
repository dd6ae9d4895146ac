package report

import (
	"bytes"
	"encoding/xml"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/results"
)

// junitOf writes a report as JUnit XML and reads that back.
func junitOf(t testing.TB, r *Report) (text string, suite junitSuite) {
	t.Helper()
	var b bytes.Buffer
	if err := WriteJUnit(&b, r); err != nil {
		t.Fatal(err)
	}
	var back junitSuites
	if err := xml.Unmarshal(b.Bytes(), &back); err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	if len(back.Suites) != 1 || back.Tests != back.Suites[0].Tests || back.Failures != back.Suites[0].Failures || back.Errors != back.Suites[0].Errors || back.Skipped != back.Suites[0].Skipped {
		t.Fatalf("%d suites, counts %+v", len(back.Suites), back.junitCounts)
	}
	return b.String(), back.Suites[0]
}

func (s junitSuite) find(t testing.TB, name string) junitCase {
	t.Helper()
	for _, c := range s.Cases {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no case %q", name)
	return junitCase{}
}

func TestJUnit(t *testing.T) {
	rec := record(t, "lost == 0", "commit_service.p50 < 1s", "accept.p50 < 1blocks", "queries.p99 < 1s")
	rec.manifest.Tags = map[string]string{"version": "v6.12.0"}
	rec.manifest.Notes = []results.Note{{At: rec.manifest.Started, Text: "on the new machine"}}
	rec.manifest.ToolVersion = "v1.2.3"
	every(rec)
	_, s := junitOf(t, rec.build())
	if s.Name != "test" || s.Tests != 8 || s.Failures != 3 || s.Errors != 0 || s.Skipped != 0 || s.Time != "60.000" || s.Timestamp != "2026-11-24T12:00:00" {
		t.Errorf("the suite is %+v", s)
	}
	for _, want := range []junitProperty{{"verdict", "lost"}, {"exit_code", "4"}, {"tag.version", "v6.12.0"}, {"note.2026-11-24T12:00:00Z", "on the new machine"}, {"run.tool_version", "v1.2.3"}, {"network.factomd_version", "v1"}} {
		if !slices.Contains(s.Properties, want) {
			t.Errorf("there is no property %v", want)
		}
	}
	threshold := s.find(t, "lost == 0")
	if f := threshold.Failure; f == nil || f.Message != "lost == 0 does not hold; it was: 3" || f.Type != "threshold" || threshold.ClassName != "test" {
		t.Errorf("the threshold on lost is %+v, %+v", threshold, f)
	}
	if c := s.find(t, "queries.p99 < 1s"); c.Failure == nil || !strings.Contains(c.Failure.Text, "limit: < 1s\n") || !strings.Contains(c.Failure.Text, "Nothing was measured") {
		t.Errorf("a threshold without samples is %+v", c.Failure)
	}
	for _, name := range []string{"commit_service.p50 < 1s", "accept.p50 < 1blocks", "the run came to its end"} {
		if c := s.find(t, name); c.Failure != nil || c.Error != nil || c.Skipped != nil {
			t.Errorf("%s does not pass: %+v", name, c)
		}
	}
	lost := s.find(t, "no more entries are lost than the scenario allows")
	if f := lost.Failure; f == nil || strings.Count(f.Text, "\n") != 3 || !strings.Contains(f.Text, rec.hashes[7].String()) {
		t.Errorf("of the lost ones it tells %+v", f)
	}
}

// There is a failure or an error if and only if the exit code is not 0.
func TestJUnitAgreesWithTheExitCode(t *testing.T) {
	tests := map[string]func(rec *recording){
		"pass":        func(rec *recording) {},
		"threshold":   func(rec *recording) { rec.manifest.Scenario.Thresholds = []string{"submit.p99 < 1ms"} },
		"loss":        func(rec *recording) { rec.manifest.Scenario.Thresholds = []string{"lost < 3"} },
		"some loss":   func(rec *recording) { rec.manifest.Scenario.Thresholds = []string{"lost < 4"} },
		"interrupted": func(rec *recording) { rec.manifest.Interrupted, rec.manifest.Why = true, "stopped by the user" },
	}
	for name, change := range tests {
		rec := record(t)
		if strings.Contains(name, "loss") {
			every(rec)
		} else {
			i := rec.plan(2, 0, 2000*ms)
			rec.submit(i, 2000*ms, nil)
			rec.block(1, 10_000*ms, i)
			rec.block(2, 20_000*ms)
		}
		change(rec)
		r := rec.build()
		_, s := junitOf(t, r)
		if bad := s.Failures+s.Errors > 0; bad != (r.ExitCode != ExitOK) {
			t.Errorf("%s: the exit code is %d, and there are %d failures and %d errors", name, r.ExitCode, s.Failures, s.Errors)
		}
	}
	for name, r := range samples(t) {
		if name == "hostile" || name == "troubled" || name == "zero" || name == "long" {
			continue // nobody judged them
		}
		if _, s := junitOf(t, r); (s.Failures+s.Errors > 0) != (r.ExitCode != ExitOK) {
			t.Errorf("%s: the exit code is %d, and there are %d failures and %d errors", name, r.ExitCode, s.Failures, s.Errors)
		}
	}
}

// What an invalid run measured says nothing of its thresholds.
func TestJUnitOfAnInvalidRun(t *testing.T) {
	r := shortRun(t)
	r.Verdict, r.ExitCode, r.Harness.Valid, r.Harness.Why = Invalid, ExitInvalid, false, "it lacked CPU"
	r.Thresholds[0].OK = false
	_, s := junitOf(t, r)
	if s.Errors != 1 || s.Failures != 0 || s.Skipped != len(r.Thresholds) {
		t.Errorf("%d errors, %d failures, %d skipped", s.Errors, s.Failures, s.Skipped)
	}
}

// Whatever strings are in a report, the XML has them, but for the characters that XML
// has not.
func TestJUnitOfAnyStrings(t *testing.T) {
	anyText := rapid.OneOf(rapid.String(), rapid.Just(hostile), rapid.Just("]]>&amp;<!--\r\n\t\"'\ufffe\ud7ff"),
		rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }))
	rapid.Check(t, func(rt *rapid.T) {
		text := func(name string) string { return anyText.Draw(rt, name) }
		r := &Report{
			Verdict: Fail, VerdictWhy: text("why"), ExitCode: 3,
			Run:         Run{ID: text("id"), Tags: map[string]string{text("key"): text("value")}, Notes: []Note{{Text: text("note")}}, Scenario: Scenario{Name: text("scenario")}},
			Environment: Environment{Host: text("host")},
			Harness:     Harness{Valid: true},
			Thresholds:  []ThresholdResult{{Expression: text("expression"), Value: 1}},
			Totals:      Totals{Lost: 1},
			Audit:       Audit{Lost: []LostEntry{{Hash: text("hash"), ChainID: text("chain")}}},
			Integrity:   Integrity{Findings: []Finding{{Kind: text("kind"), Name: text("name"), Detail: text("detail"), Count: 1}}},
		}
		raw, s := junitOf(t, r)
		want := func(what, got, from string) {
			if got != xmlText(from) {
				rt.Fatalf("%s is %q, and was %q, in\n%s", what, got, from, raw)
			}
		}
		want("the suite", s.Name, r.Run.Scenario.Name)
		last := s.Cases[len(s.Cases)-1]
		want("a class", last.ClassName, r.Run.Scenario.Name)
		want("the threshold", last.Name, r.Thresholds[0].Expression)
		want("the reason", s.Properties[1].Value, r.VerdictWhy)
		for key, value := range r.Run.Tags {
			p := s.Properties[len(s.Properties)-1]
			want("a tag", p.Name, "tag."+key)
			want("a tag's value", p.Value, value)
		}
		f := r.Integrity.Findings[0]
		want("a finding", s.Cases[3].Failure.Text, "1 × "+f.Kind+" by "+f.Name+", first at 0 s: "+f.Detail+"\n")
	})
}

func FuzzXMLText(f *testing.F) {
	f.Add(hostile)
	f.Add("\x0b\ufffe\uffff\U0010ffff")
	f.Fuzz(func(t *testing.T, s string) {
		var b bytes.Buffer
		if err := xml.EscapeText(&b, []byte(xmlText(s))); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(b.String(), "\ufffd") && !strings.Contains(s, "\ufffd") {
			t.Errorf("%q has what XML has not: %q", s, b.String())
		}
	})
}

// The elements and attributes are those that Surefire's schema and Jenkins's have, in
// their order.
func TestJUnitForm(t *testing.T) {
	allowed := map[string][]string{
		"testsuites": {"name", "tests", "failures", "errors", "skipped", "time"},
		"testsuite":  {"name", "tests", "failures", "errors", "skipped", "time", "timestamp"},
		"properties": nil, "property": {"name", "value"},
		"testcase": {"classname", "name", "time"},
		"failure":  {"message", "type"}, "error": {"message", "type"}, "skipped": {"message"},
	}
	for name, r := range samples(t) {
		text, s := junitOf(t, r)
		d := xml.NewDecoder(strings.NewReader(text))
		cases := false
		for {
			token, err := d.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			e, ok := token.(xml.StartElement)
			if !ok {
				continue
			}
			attributes, known := allowed[e.Name.Local]
			if !known {
				t.Errorf("%s: there is an element %s", name, e.Name.Local)
			}
			for _, a := range e.Attr {
				if !slices.Contains(attributes, a.Name.Local) {
					t.Errorf("%s: %s has %s", name, e.Name.Local, a.Name.Local)
				}
			}
			cases = cases || e.Name.Local == "testcase"
			if e.Name.Local == "properties" && cases {
				t.Errorf("%s: properties after cases", name)
			}
		}
		for _, c := range s.Cases {
			if n := count(c.Failure != nil, c.Error != nil, c.Skipped != nil); n > 1 {
				t.Errorf("%s: %s has %d outcomes", name, c.Name, n)
			}
		}
		if _, err := time.ParseDuration(s.Time + "s"); err != nil {
			t.Errorf("%s: the time is %q", name, s.Time)
		}
	}
}

func count(of ...bool) (n int) {
	for _, is := range of {
		if is {
			n++
		}
	}
	return n
}

// Every metric that a threshold can be on is told of in words.
func TestMetricsHaveWords(t *testing.T) {
	for _, stage := range latencyStages {
		if l := (&Latencies{}); !hasStage(l, stage) || metricText(stage+".p95") == "" {
			t.Errorf("%s has no words", stage)
		}
	}
	for i := range reflect.TypeFor[Rates]().NumField() {
		if name := "rates." + reflect.TypeFor[Rates]().Field(i).Tag.Get("json"); metricText(name) == "" {
			t.Errorf("%s has no words", name)
		}
	}
	if got := metricText("accept.p999"); !strings.HasPrefix(got, "the 99.9th percentile of the time from") {
		t.Errorf("accept.p999 is %q", got)
	}
}

func hasStage(l *Latencies, name string) bool {
	_, ok := l.stage(name)
	return ok
}
