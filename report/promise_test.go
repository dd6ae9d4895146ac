package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/HdrHistogram/hdrhistogram-go"

	"github.com/FactomProject/factom-load/results"
)

// The promise of v1: a field that report.json ever had is there, with its type.

const (
	fieldsFile = "testdata/fields-v1.txt"
	goldenFile = "testdata/report-v1.json"
)

// schemaNode is what the generated schema has of a type.
type schemaNode struct {
	Ref        string                 `json:"$ref"`
	Type       string                 `json:"type"`
	OneOf      []schemaNode           `json:"oneOf"`
	Properties map[string]*schemaNode `json:"properties"`
	Required   []string               `json:"required"`
	Items      *schemaNode            `json:"items"`
	Extra      json.RawMessage        `json:"additionalProperties"`
	Defs       map[string]*schemaNode `json:"$defs"`
}

// fields lists the paths of all fields below a node, each with its type.
func (n *schemaNode) fields(t testing.TB, path string, defs map[string]*schemaNode) []string {
	t.Helper()
	if name, ok := strings.CutPrefix(n.Ref, "#/$defs/"); ok {
		if defs[name] == nil {
			t.Fatalf("the schema has no %s", name)
		}
		return defs[name].fields(t, path, defs)
	}
	var list []string
	switch {
	case len(n.OneOf) > 0:
		for i := range n.OneOf {
			list = append(list, n.OneOf[i].fields(t, path, defs)...)
		}
	case n.Type == "array":
		list = append(list, path+" array")
		list = append(list, n.Items.fields(t, path+"[]", defs)...)
	case n.Type == "object":
		if path != "" {
			list = append(list, path+" object")
			path += "."
		}
		for name, p := range n.Properties {
			if !slices.Contains(n.Required, name) {
				t.Errorf("%s%s may be missing", path, name)
			}
			list = append(list, p.fields(t, path+name, defs)...)
		}
	default:
		list = append(list, path+" "+n.Type)
	}
	return list
}

func currentFields(t testing.TB) []string {
	t.Helper()
	root := new(schemaNode)
	if err := json.Unmarshal(schemaFile(t), root); err != nil {
		t.Fatal(err)
	}
	list := root.fields(t, "", root.Defs)
	slices.Sort(list)
	return slices.Compact(list)
}

func promisedFields(t testing.TB) []string {
	t.Helper()
	data, err := os.ReadFile(fieldsFile)
	if err != nil {
		t.Fatal(err)
	}
	return strings.FieldsFunc(string(data), func(c rune) bool { return c == '\n' })
}

// Every field of testdata/fields-v1.txt is in the schema, and every field of the schema
// is there. To update it adds, and never removes.
func TestFieldsOfV1(t *testing.T) {
	now, promised := currentFields(t), promisedFields(t)
	if *update {
		all := slices.Concat(now, promised)
		slices.Sort(all)
		if err := os.WriteFile(fieldsFile, []byte(strings.Join(slices.Compact(all), "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	for _, field := range promised {
		if !slices.Contains(now, field) {
			t.Errorf("report.json has no %s any more: within v1 nothing is renamed or removed, and no type changes", field)
		}
	}
	for _, field := range now {
		if !slices.Contains(promised, field) {
			t.Errorf("%s is new: go generate ./report adds it to what is promised", field)
		}
	}
}

// The report of a record of which all is known has everything that it had when the
// golden file was made: fields may be added, and no figure changes. Where one must, for
// a reason, go test ./report -run TestGoldenReport -update.
func TestGoldenReport(t *testing.T) {
	rec := record(t, "lost == 0", "submit.p99 < 1s", "commit_service.p50 < 1s", "confirm.p50 < 2blocks")
	rec.manifest.Tags = map[string]string{"version": "v6.12.0"}
	rec.manifest.Notes = []results.Note{{At: rec.manifest.Started, Text: "on the new machine"}}
	every(rec)
	var b bytes.Buffer
	if err := WriteJSON(&b, rec.build()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(goldenFile, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	data, err := os.ReadFile(goldenFile)
	if err != nil {
		t.Fatal(err)
	}
	var then, now any
	if err := json.Unmarshal(data, &then); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(b.Bytes(), &now); err != nil {
		t.Fatal(err)
	}
	for _, difference := range missing("", then, now) {
		t.Error(difference)
	}

	// Programs of later versions read it.
	old := new(Report)
	if err := json.Unmarshal(data, old); err != nil {
		t.Fatal(err)
	}
	var again bytes.Buffer
	if err := WriteJSON(&again, old); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(again.Bytes(), &now); err != nil {
		t.Fatal(err)
	}
	for _, difference := range missing("", then, now) {
		t.Errorf("read and written again: %s", difference)
	}
}

// missing says what a value has that another lacks, or has otherwise.
func missing(path string, from, in any) (list []string) {
	switch from := from.(type) {
	case map[string]any:
		object, _ := in.(map[string]any)
		for name, value := range from {
			other, ok := object[name]
			if !ok {
				list = append(list, fmt.Sprintf("%s.%s is gone", path, name))
				continue
			}
			list = append(list, missing(path+"."+name, value, other)...)
		}
		return list
	case []any:
		array, _ := in.([]any)
		more := strings.HasPrefix(path, ".series.") // columns may come behind the others
		if len(array) < len(from) || len(array) > len(from) && !more {
			return []string{fmt.Sprintf("%s has %d elements, and had %d", path, len(array), len(from))}
		}
		for i := range from {
			list = append(list, missing(fmt.Sprintf("%s[%d]", path, i), from[i], array[i])...)
		}
		return list
	case string:
		if text, ok := in.(string); ok && strings.HasSuffix(path, ".histogram") && from != "" && text != "" {
			// Another compressor may write the same one in other bytes.
			a, errA := hdrhistogram.Decode([]byte(from))
			b, errB := hdrhistogram.Decode([]byte(text))
			if errA == nil && errB == nil && a.Equals(b) {
				return nil
			}
		}
	}
	if from != in {
		return []string{fmt.Sprintf("%s is %v, and was %v", path, in, from)}
	}
	return nil
}

// The comparison finds what is gone and what has changed, and lets additions be.
func TestMissing(t *testing.T) {
	for _, test := range []struct {
		then, now string
		want      int
	}{
		{`{"a": 1}`, `{"a": 1, "b": 2}`, 0},
		{`{"a": {"b": [1, null]}}`, `{"a": {"b": [1, null], "c": ""}}`, 0},
		{`{"a": 1}`, `{"b": 1}`, 1},
		{`{"a": 1}`, `{"a": "1"}`, 1},
		{`{"a": [1]}`, `{"a": [1, 2]}`, 1},
		{`{"series": {"rows": [[1]]}}`, `{"series": {"rows": [[1, 2]]}}`, 0},
		{`{"series": {"rows": [[1, 2]]}}`, `{"series": {"rows": [[2, 1]]}}`, 2},
		{`{"a": {"b": 1}}`, `{"a": null}`, 1},
		{`{"histogram": "x"}`, `{"histogram": "y"}`, 1},
	} {
		var then, now any
		if err := json.Unmarshal([]byte(test.then), &then); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal([]byte(test.now), &now); err != nil {
			t.Fatal(err)
		}
		if got := missing("", then, now); len(got) != test.want {
			t.Errorf("%s, then %s: %q", test.then, test.now, got)
		}
	}
}
