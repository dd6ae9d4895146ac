package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"

	invopop "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "rewrite the files that tests compare with")

func schemaFile(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// generateSchema derives the schema from the types: every field is required,
// and others are allowed, as fields may be added within v1.
func generateSchema(t *testing.T) []byte {
	t.Helper()
	reflector := &invopop.Reflector{
		AllowAdditionalProperties: true,
		ExpandedStruct:            true,
		Mapper: func(of reflect.Type) *invopop.Schema {
			switch of {
			case reflect.TypeFor[Number]():
				return &invopop.Schema{OneOf: []*invopop.Schema{{Type: "number"}, {Type: "null"}}, Description: "null where it is not known"}
			case reflect.TypeFor[Verdict]():
				return &invopop.Schema{Type: "string", Enum: []any{Pass, Fail, Lost, Invalid, Interrupted}}
			}
			return nil
		},
	}
	if err := reflector.AddGoComments("github.com/FactomProject/factom-load/report", "./"); err != nil {
		t.Fatal(err)
	}
	s := reflector.Reflect(&Report{})
	s.ID = Schema
	s.Title = "report.json of factom-load"
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func TestSchemaFile(t *testing.T) {
	generated := generateSchema(t)
	if *update {
		if err := os.WriteFile("report.schema.json", generated, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(generated, schemaFile(t)) {
		t.Error("report.schema.json is not that of the types: run go generate ./report, and see that nothing was renamed or removed")
	}
}

// validate checks a report.json against the schema.
func validate(t testing.TB, report []byte) {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaFile(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource("report.schema.json", schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile("report.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(report))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("the report is not of its schema: %v", err)
	}
}
