package factomd

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What a factomd v6.12.0 served, shortened.
const metricsPage = `# HELP factomd_state_msg_replay_toss_total Number of repeated msgs.
# TYPE factomd_state_msg_replay_toss_total counter
factomd_state_msg_replay_toss_total 0
factomd_wsapi_v2_api_call_commitentry_ns{quantile="0.5"} 118
factomd_wsapi_v2_api_call_commitentry_ns_sum 7001
factomd_wsapi_v2_api_call_commitentry_ns_count 51
process_cpu_seconds_total 1.25e+01
`

func TestMetrics(t *testing.T) {
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   map[string]float64
		fails  string
	}{
		"a page": {says(200, metricsPage), map[string]float64{
			"factomd_state_msg_replay_toss_total": 0, "factomd_wsapi_v2_api_call_commitentry_ns_count": 51, "process_cpu_seconds_total": 12.5,
		}, ""},
		"another page":   {says(200, "<!DOCTYPE html>\n<title>hello</title>"), map[string]float64{}, ""},
		"no page":        {says(404, "not here"), nil, "HTTP status 404"},
		"not a number":   {says(200, "process_cpu_seconds_total \x1b[2J\n"), nil, `process_cpu_seconds_total is "?[2J"`},
		"an odd number":  {says(200, "process_cpu_seconds_total NaN\n"), nil, "is \"NaN\""},
		"below nothing":  {says(200, "process_cpu_seconds_total -1\n"), nil, "is \"-1\""},
		"without an end": {says(200, strings.Repeat(strings.Repeat("x", 1000)+"\n", maxMetrics/1000)), nil, "more than 1048576 bytes"},
		"a long line":    {says(200, strings.Repeat("x", 100_000)), nil, "too long"},
		"elsewhere": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		}, nil, "HTTP status 302"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				io.Copy(io.Discard, r.Body)
				test.answer(w, r)
			}))
			defer server.Close()
			got, err := Metrics(t.Context(), server.URL, "factomd_state_msg_replay_toss_total",
				"factomd_wsapi_v2_api_call_commitentry_ns_count", "process_cpu_seconds_total", "not_there")
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if test.fails == "" && err != nil || test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails) || !strings.Contains(err.Error(), server.URL)) {
				t.Errorf("%v, want %q", err, test.fails)
			}
		})
	}
}
