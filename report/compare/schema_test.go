package compare

import (
	"reflect"
	"testing"

	"github.com/FactomProject/factom-load/internal/infer"
	"github.com/FactomProject/factom-load/internal/schematest"
	"github.com/FactomProject/factom-load/report"
)

func document() schematest.Document {
	return schematest.Document{
		File: "compare.schema.json", Package: "github.com/FactomProject/factom-load/report/compare",
		Title: "compare.json of factom-load", ID: Schema, Type: &Comparison{},
		Nullable: []reflect.Type{reflect.TypeFor[report.Number]()},
		Words: map[reflect.Type][]any{
			reflect.TypeFor[report.Verdict](): {report.Pass, report.Fail, report.Lost, report.Invalid, report.Interrupted},
			reflect.TypeFor[infer.Verdict]():  {infer.Regressed, infer.Improved, infer.Unchanged, infer.Inconclusive},
			reflect.TypeFor[Side]():           {Base, Candidate},
			reflect.TypeFor[Weight]():         {Required, Shown, Expected},
			reflect.TypeFor[Unit]():           {Milliseconds, PerSecond, Share},
			reflect.TypeFor[State]():          {Applied, Expired, Beyond, Unused, Elsewhere},
		},
	}
}

func TestSchemaFile(t *testing.T) { document().Check(t, *update) }

// validate checks a compare.json against the schema file there.
func validate(t *testing.T, schemaFile string, comparison []byte) {
	t.Helper()
	d := document()
	d.File = schemaFile
	d.Validate(t, comparison)
}
