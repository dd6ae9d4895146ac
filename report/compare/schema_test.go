package compare

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	invopop "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/FactomProject/factom-load/internal/infer"
	"github.com/FactomProject/factom-load/report"
)

// TestSchemaFile derives the schema from the types: every field is required, and
// others are allowed, as fields may be added within v1.
func TestSchemaFile(t *testing.T) {
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
			case reflect.TypeFor[infer.Verdict]():
				return words(infer.Regressed, infer.Improved, infer.Unchanged, infer.Inconclusive)
			case reflect.TypeFor[Side]():
				return words(Base, Candidate)
			case reflect.TypeFor[Weight]():
				return words(Required, Shown, Expected)
			case reflect.TypeFor[Unit]():
				return words(Milliseconds, PerSecond, Share)
			}
			return nil
		},
	}
	if err := reflector.AddGoComments("github.com/FactomProject/factom-load/report/compare", "./"); err != nil {
		t.Fatal(err)
	}
	s := reflector.Reflect(&Comparison{})
	s.ID = Schema
	s.Title = "compare.json of factom-load"
	generated, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	generated = append(generated, '\n')
	if *update {
		if err := os.WriteFile("compare.schema.json", generated, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	have, err := os.ReadFile("compare.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(generated, have) {
		t.Error("compare.schema.json is not that of the types: run go generate ./report/compare, and see that nothing was renamed or removed")
	}
}

// validate checks a compare.json against the schema.
func validate(t *testing.T, schemaFile string, comparison []byte) {
	t.Helper()
	compiled, err := jsonschema.NewCompiler().Compile(schemaFile)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(comparison))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("the comparison is not of its schema: %v", err)
	}
}
