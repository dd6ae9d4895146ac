package trend_test

import (
	"flag"
	"reflect"
	"testing"

	"github.com/FactomProject/factom-load/internal/schematest"
	"github.com/FactomProject/factom-load/report"
	"github.com/FactomProject/factom-load/report/trend"
)

var update = flag.Bool("update", false, "rewrite trend.schema.json")

func document() schematest.Document {
	return schematest.Document{
		File: "trend.schema.json", Package: "github.com/FactomProject/factom-load/report/trend",
		Title: "trend.json of factom-load", ID: trend.Schema, Type: &trend.Trend{},
		Nullable: []reflect.Type{reflect.TypeFor[report.Number]()},
		Words: map[reflect.Type][]any{
			reflect.TypeFor[report.Verdict]():  {report.Pass, report.Fail, report.Lost, report.Invalid, report.Interrupted},
			reflect.TypeFor[trend.Verdict]():   {trend.Steady, trend.Worsens},
			reflect.TypeFor[trend.Unit]():      {trend.Milliseconds, trend.PerSecond, trend.Ratio, trend.Byte},
			reflect.TypeFor[trend.Place]():     {trend.Inside, trend.Above, trend.Below, trend.Unknown},
			reflect.TypeFor[trend.WorseKind](): {trend.ByChange, trend.ByBand},
		},
	}
}

func TestSchemaFile(t *testing.T) { document().Check(t, *update) }

func validate(t *testing.T, trend []byte) {
	t.Helper()
	document().Validate(t, trend)
}
