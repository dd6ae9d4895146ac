package report

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"

	invopop "github.com/invopop/jsonschema"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

var update = flag.Bool("update", false, "rewrite report.schema.json")

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

// The fields that others read are promised: none may go.
func TestPromisedFields(t *testing.T) {
	const promised = `schema verdict exit_code
run.id run.started run.ended run.tool_version run.seed run.salt run.tags run.interrupted run.why run.scenario.name run.scenario.sha256
environment.host environment.os environment.arch environment.cpus environment.memory_bytes environment.go
network.id network.name network.block_seconds network.endpoints[].url network.endpoints[].factomd_version
totals.planned totals.sent totals.late totals.confirmed totals.accepted totals.lost totals.rejected totals.failed totals.skipped totals.ambiguous totals.chains totals.entries totals.credits_spent totals.bytes
rates.planned_per_s rates.sent_per_s rates.confirmed_per_s
latency_ms.schedule.count latency_ms.submit.min latency_ms.accept.mean latency_ms.confirm.stddev latency_ms.commit_service.p50 latency_ms.reveal_service.p90
latency_ms.schedule.p95 latency_ms.schedule.p99 latency_ms.schedule.p999 latency_ms.schedule.max latency_ms.schedule.method latency_ms.schedule.resolution_ms latency_ms.schedule.histogram
phases[].name phases[].measured phases[].start_s phases[].end_s phases[].totals.planned phases[].rates.sent_per_s phases[].latency_ms.accept.p95
endpoints[].url endpoints[].totals.planned endpoints[].latency_ms.submit.p99 endpoints[].errors
blocks[].height blocks[].closed_s blocks[].entries blocks[].own_entries blocks[].latency_ms.p99
series.interval_s series.columns series.rows
errors[].code errors[].message errors[].count errors[].first_s errors[].example
audit.lost[].hash audit.lost[].chain_id audit.lost[].stage audit.lost[].planned_s audit.listed audit.total
thresholds[].expression thresholds[].value thresholds[].ok
harness.cpu_s harness.max_rss_bytes harness.observer_requests harness.submit_requests harness.missed_slots harness.valid harness.why`
	for _, path := range strings.Fields(promised) {
		if !hasField(reflect.TypeFor[Report](), path) {
			t.Errorf("report.json has no %s any more", path)
		}
	}
}

func hasField(t reflect.Type, path string) bool {
	name, rest, more := strings.Cut(path, ".")
	name, list := strings.CutSuffix(name, "[]")
	for i := range t.NumField() {
		f := t.Field(i)
		if f.Tag.Get("json") != name {
			continue
		}
		of := f.Type
		if list {
			if of.Kind() != reflect.Slice {
				return false
			}
			of = of.Elem()
		}
		return !more || hasField(of, rest)
	}
	return false
}
