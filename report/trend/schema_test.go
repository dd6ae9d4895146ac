package trend_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"testing"

	invopop "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/report/trend"
)

var update = flag.Bool("update", false, "rewrite trend.schema.json")

const schemaName = "trend.schema.json"

// generateSchema derives the schema from the types: every field is required, and others
// are allowed, as fields may be added within v1.
func generateSchema(t *testing.T) []byte {
	t.Helper()
	words := func(list ...any) *invopop.Schema { return &invopop.Schema{Type: "string", Enum: list} }
	reflector := &invopop.Reflector{
		AllowAdditionalProperties: true,
		ExpandedStruct:            true,
		Mapper: func(of reflect.Type) *invopop.Schema {
			switch of {
			case reflect.TypeFor[report.Number]():
				return &invopop.Schema{OneOf: []*invopop.Schema{{Type: "number"}, {Type: "null"}}, Description: "null where it is not known"}
			case reflect.TypeFor[report.Verdict]():
				return words(report.Pass, report.Fail, report.Lost, report.Invalid, report.Interrupted)
			case reflect.TypeFor[trend.Verdict]():
				return words(trend.Steady, trend.Worsens)
			case reflect.TypeFor[trend.Unit]():
				return words(trend.Milliseconds, trend.PerSecond, trend.Ratio, trend.Byte)
			case reflect.TypeFor[trend.Place]():
				return words(trend.Inside, trend.Above, trend.Below, trend.Unknown)
			case reflect.TypeFor[trend.WorseKind]():
				return words(trend.ByChange, trend.ByBand)
			}
			return nil
		},
	}
	if err := reflector.AddGoComments("github.com/FactomProject/factom-load/report/trend", "./"); err != nil {
		t.Fatal(err)
	}
	s := reflector.Reflect(&trend.Trend{})
	s.ID = trend.Schema
	s.Title = "trend.json of factom-load"
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

func schemaFile(t *testing.T) []byte {
	t.Helper()
	b, err := os.ReadFile(schemaName)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSchemaFile(t *testing.T) {
	generated := generateSchema(t)
	if *update {
		if err := os.WriteFile(schemaName, generated, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(generated, schemaFile(t)) {
		t.Error(schemaName + " is not that of the types: run go generate ./report/trend, and see that nothing was renamed or removed")
	}
}

func validate(t *testing.T, document []byte) {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(schemaFile(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(schemaName, schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(schemaName)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("it is not of its schema: %v", err)
	}
}
