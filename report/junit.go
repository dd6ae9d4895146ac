package report

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
)

// The form of JUnit's XML that Surefire writes and CI servers read.
type (
	junitSuites struct {
		XMLName xml.Name `xml:"testsuites"`
		junitCounts
		Suites []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		junitCounts
		Timestamp  string          `xml:"timestamp,attr,omitempty"` // UTC
		Properties []junitProperty `xml:"properties>property"`
		Cases      []junitCase     `xml:"testcase"`
	}
	junitCounts struct {
		Name     string `xml:"name,attr"`
		Tests    int    `xml:"tests,attr"`
		Failures int    `xml:"failures,attr"`
		Errors   int    `xml:"errors,attr"`
		Skipped  int    `xml:"skipped,attr"`
		Time     string `xml:"time,attr"` // seconds
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		ClassName string        `xml:"classname,attr"`
		Name      string        `xml:"name,attr"`
		Time      string        `xml:"time,attr"`
		Failure   *junitMessage `xml:"failure"`
		Error     *junitMessage `xml:"error"`
		Skipped   *junitMessage `xml:"skipped"`
	}
	junitMessage struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes what the verdict follows from as JUnit XML, each a test case:
// every threshold, and that the run came to its end, that its figures are the node's,
// that no more entries are lost than allowed, and that the node served what its blocks
// commit to. There is a failure or an error if and only if the exit code is not 0.
// Thresholds that are not judged, as the run was stopped or is invalid, are skipped.
func WriteJUnit(w io.Writer, r *Report) error {
	length := max(0, r.Run.Ended.Sub(r.Run.Started))
	if r.Run.Started.IsZero() || r.Run.Ended.IsZero() {
		length = 0
	}
	suite := junitSuite{
		junitCounts: junitCounts{Name: r.Run.Scenario.Name, Time: junitTime(length)},
		Properties:  junitProperties(r),
	}
	if !r.Run.Started.IsZero() {
		suite.Timestamp = r.Run.Started.UTC().Format("2006-01-02T15:04:05")
	}
	for _, c := range r.checks() {
		one := junitCase{ClassName: r.Run.Scenario.Name, Name: c.Name, Time: junitTime(0)}
		if c.Kind == "complete" {
			one.Time = junitTime(length) // readers add the times of the cases up
		}
		message := &junitMessage{Message: c.Message, Type: c.Kind, Text: c.Detail}
		suite.Tests++
		switch c.Status {
		case checkFails:
			one.Failure = message
			suite.Failures++
		case checkError:
			one.Error = message
			suite.Errors++
		case checkOpen:
			one.Skipped = &junitMessage{Message: c.Message}
			suite.Skipped++
		}
		suite.Cases = append(suite.Cases, one)
	}
	all := junitSuites{junitCounts: suite.junitCounts, Suites: []junitSuite{suite.clean()}}
	all.Name = "factom-load"
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return fmt.Errorf("writing JUnit XML: %w", err)
	}
	enc := xml.NewEncoder(w)
	enc.Indent("", " ")
	if err := enc.Encode(all); err != nil {
		return fmt.Errorf("writing JUnit XML: %w", err)
	}
	if _, err := io.WriteString(w, "\n"); err != nil {
		return fmt.Errorf("writing JUnit XML: %w", err)
	}
	return nil
}

func junitTime(d time.Duration) string { return strconv.FormatFloat(d.Seconds(), 'f', 3, 64) }

func junitProperties(r *Report) []junitProperty {
	list := []junitProperty{
		{"verdict", string(r.Verdict)}, {"verdict_why", r.VerdictWhy}, {"exit_code", strconv.Itoa(r.ExitCode)},
		{"run.id", r.Run.ID}, {"run.tool_version", r.Run.ToolVersion}, {"run.seed", strconv.FormatUint(r.Run.Seed, 10)},
		{"scenario.name", r.Run.Scenario.Name}, {"scenario.sha256", r.Run.Scenario.SHA256},
		{"network.id", r.Network.ID}, {"network.name", r.Network.Name}, {"network.factomd_version", versions(r.Network.Endpoints)},
		{"environment.host", r.Environment.Host},
	}
	for _, n := range Shown(r.Run.Notes) {
		list = append(list, junitProperty{"note." + n.At.UTC().Format(time.RFC3339), n.Text})
	}
	for _, key := range slices.Sorted(maps.Keys(r.Run.Tags)) {
		list = append(list, junitProperty{"tag." + key, r.Run.Tags[key]})
	}
	return list
}

// clean drops what XML 1.0 has no way to write from every text; the encoder escapes
// the rest.
func (s junitSuite) clean() junitSuite {
	s.Name = xmlText(s.Name)
	for i, p := range s.Properties {
		s.Properties[i] = junitProperty{xmlText(p.Name), xmlText(p.Value)}
	}
	for i := range s.Cases {
		c := &s.Cases[i]
		c.ClassName, c.Name = xmlText(c.ClassName), xmlText(c.Name)
		for _, m := range []*junitMessage{c.Failure, c.Error, c.Skipped} {
			if m != nil {
				m.Message, m.Text = xmlText(m.Message), xmlText(m.Text)
			}
		}
	}
	return s
}

// xmlText drops the characters that XML 1.0 has not (its production 2), and what is
// no UTF-8.
func xmlText(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t', r == '\n', r == '\r', r >= 0x20 && r <= 0xd7ff, r >= 0xe000 && r <= 0xfffd, r >= 0x10000:
			return r
		}
		return -1
	}, strings.ToValidUTF8(s, ""))
}
