package report

import (
	"flag"
	"os"
	"reflect"
	"testing"

	"github.com/FactomProject/factom-load/internal/schematest"
)

var update = flag.Bool("update", false, "rewrite the files that tests compare with")

func document() schematest.Document {
	return schematest.Document{
		File: "report.schema.json", Package: "github.com/FactomProject/factom-load/report",
		Title: "report.json of factom-load", ID: Schema, Type: &Report{},
		Nullable: []reflect.Type{reflect.TypeFor[Number]()},
		Words:    map[reflect.Type][]any{reflect.TypeFor[Verdict](): {Pass, Fail, Lost, Invalid, Interrupted}},
	}
}

func schemaFile(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(document().File)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSchemaFile(t *testing.T) { document().Check(t, *update) }

// validate checks a report.json against the schema.
func validate(t testing.TB, report []byte) {
	t.Helper()
	document().Validate(t, report)
}
