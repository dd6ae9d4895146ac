// Package schematest keeps the schema files of JSON reports those of their Go types, for
// tests.
package schematest

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"testing"

	invopop "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// A Document is a kind of JSON report and its schema file, of the package that is
// tested, whose directory is the current one.
type Document struct {
	File    string // of the schema
	Package string // import path of the types, whose comments are in the schema
	Title   string
	ID      string
	Type    any // a pointer to its zero value
	// Nullable are types of numbers that are null where they are not known, and Words
	// those of texts that are one of a few.
	Nullable []reflect.Type
	Words    map[reflect.Type][]any
}

// Generate derives the schema from the types: every field is required, and others are
// allowed, as fields may be added within a version.
func (d Document) Generate(t testing.TB) []byte {
	t.Helper()
	reflector := &invopop.Reflector{
		AllowAdditionalProperties: true,
		ExpandedStruct:            true,
		Mapper: func(of reflect.Type) *invopop.Schema {
			for _, n := range d.Nullable {
				if of == n {
					return &invopop.Schema{OneOf: []*invopop.Schema{{Type: "number"}, {Type: "null"}}, Description: "null where it is not known"}
				}
			}
			if words, ok := d.Words[of]; ok {
				return &invopop.Schema{Type: "string", Enum: words}
			}
			return nil
		},
	}
	if err := reflector.AddGoComments(d.Package, "./"); err != nil {
		t.Fatal(err)
	}
	s := reflector.Reflect(d.Type)
	s.ID, s.Title = invopop.ID(d.ID), d.Title
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

// Check fails if the file is not that of the types, or writes it anew.
func (d Document) Check(t testing.TB, update bool) {
	t.Helper()
	generated := d.Generate(t)
	if update {
		if err := os.WriteFile(d.File, generated, 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if !bytes.Equal(generated, d.read(t)) {
		t.Errorf("%s is not that of the types: run go generate in this package, and see that nothing was renamed or removed", d.File)
	}
}

// Validate fails if a document is not of the schema.
func (d Document) Validate(t testing.TB, document []byte) {
	t.Helper()
	schema, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.read(t)))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	if err := c.AddResource(d.File, schema); err != nil {
		t.Fatal(err)
	}
	compiled, err := c.Compile(d.File)
	if err != nil {
		t.Fatal(err)
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(document))
	if err != nil {
		t.Fatal(err)
	}
	if err := compiled.Validate(value); err != nil {
		t.Errorf("it is not of its schema, %s: %v", d.File, err)
	}
}

func (d Document) read(t testing.TB) []byte {
	t.Helper()
	b, err := os.ReadFile(d.File)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
