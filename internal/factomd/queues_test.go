package factomd

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What a factomd v6.12.0 served of an overloaded network's only node, shortened.
const queuesPage = `factomd_state_acks_total_inputs 38079
factomd_state_acks_total_outputs 25368
factomd_state_leader_eom_executions 62
factomd_state_queue_current_general_api_vec{message="commitchain"} 3
factomd_state_queue_current_general_api_vec{message="commitentry"} 7000
factomd_state_queue_current_general_api_vec{message="revealentry"} 7648
factomd_state_queue_current_general_inmsg_vec{message="commitentry"} 17480
factomd_state_queue_total_general_inmsg_vec{message="commitchain"} 187
factomd_state_queue_total_general_inmsg_vec{message="commitentry"} 17480
factomd_state_queue_total_general_inmsg_vec{message="dbstate"} 1
factomd_state_queue_total_general_inmsg_vec{message="factoid"} 1
factomd_state_queue_total_general_inmsg_vec{message="revealentry"} 17681
factomd_state_queue_total_general_netoutmsg_vec{message="dbsig"} 7
factomd_state_queue_total_general_netoutmsg_vec{message="revealentry"} 12649
`

func TestReadQueues(t *testing.T) {
	idle := "factomd_state_acks_total_outputs 7\nfactomd_state_leader_eom_executions 6\n" +
		"factomd_state_queue_total_general_netoutmsg_vec{message=\"dbsig\"} 1\n"
	for name, test := range map[string]struct {
		answer http.HandlerFunc
		want   Queues
		fails  string
	}{
		"overloaded":       {says(200, queuesPage), Queues{API: 14651, Unlisted: 10050}, ""},
		"idle":             {says(200, idle), Queues{}, ""},
		"a moment late":    {says(200, strings.Replace(idle, "outputs 7", "outputs 9", 1)), Queues{}, ""},
		"another program":  {says(200, "process_cpu_seconds_total 1\n"), Queues{}, "they lack factomd_state_acks_total_outputs"},
		"below nothing":    {says(200, idle+`factomd_state_queue_current_general_api_vec{message="factoid"} -3`+"\n"), Queues{}, `is "-3"`},
		"not a number":     {says(200, idle+`factomd_state_queue_current_general_api_vec{message="factoid"} NaN`+"\n"), Queues{}, `is "NaN"`},
		"beyond reason":    {says(200, idle+`factomd_state_queue_current_general_api_vec{message="factoid"} 1e300`+"\n"), Queues{API: 1e12}, ""},
		"without any end":  {says(200, strings.Repeat(strings.Repeat("x", 1000)+"\n", maxMetrics/1000)), Queues{}, "more than 1048576 bytes"},
		"an error instead": {says(500, queuesPage), Queues{}, "HTTP status 500"},
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(test.answer)
			defer server.Close()
			got, err := ReadQueues(t.Context(), server.URL)
			if got != test.want {
				t.Errorf("got %+v, want %+v", got, test.want)
			}
			if test.fails == "" && err != nil || test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)) {
				t.Errorf("%v, want %q", err, test.fails)
			}
		})
	}
}

// A node that answers drop by drop has only so long.
func TestReadQueuesInTime(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			io.WriteString(w, "x\n")
			w.(http.Flusher).Flush()
			time.Sleep(time.Millisecond)
		}
	}))
	defer server.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := ReadQueues(ctx, server.URL); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("got %v, want that the time is over", err)
	}
}

func TestHolding(t *testing.T) {
	for name, test := range map[string]struct {
		reply string
		want  int
		fails string
	}{
		"nothing":      {`{"jsonrpc":"2.0","id":0,"result":{"Messages":null}}`, 0, ""},
		"messages":     {`{"jsonrpc":"2.0","id":0,"result":{"Messages":[{"CommitEntry":{"credits":1}},{"Entry":{}},null]}}`, 3, ""},
		"a refusal":    {`{"jsonrpc":"2.0","id":0,"error":{"code":-32601,"message":"Method not found"}}`, 0, "Method not found"},
		"a number":     {`{"jsonrpc":"2.0","id":0,"result":{"Messages":-5}}`, 0, "malformed"},
		"too much":     {`{"jsonrpc":"2.0","id":0,"result":{"Messages":["` + strings.Repeat("x", maxHeld) + `"]}}`, 0, "too large"},
		"another page": {`<html>`, 0, "JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := asked(t, "holding-queue", "", test.reply).Holding(t.Context())
			if err == nil && got != test.want {
				t.Errorf("got %d, want %d", got, test.want)
			}
			if test.fails == "" && err != nil || test.fails != "" && (err == nil || !strings.Contains(err.Error(), test.fails)) {
				t.Errorf("%v, want %q", err, test.fails)
			}
		})
	}
}
