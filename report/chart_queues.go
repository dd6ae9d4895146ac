package report

// queuesChart draws what a node had taken in and not worked off.
func queuesChart(r *Report, n int) (figure, chart) {
	c := overTime(r, "node-queues", "Queues and holding of the node")
	caption := "Messages (commits, reveals, factoid transactions) that the node had taken in and not worked off, by its metrics, read once a second. API queue: answered calls whose message the node has not taken up, and calls that wait for room; it holds 10,000, and what is above that waits for its answer. " +
		"Not in a process list: taken up, and waiting in the in-queues (10,000 each), in the message queue or held back; what the node drops there stays in the count. " +
		"Holding: of those, what the node holds back as a leader has not acknowledged it, as its debugging API lists it every 5 s; what waits for a commit, a chain or credits is not listed. A submit looks fast while these grow." +
		perPointText(r.Series, n, "the line shows its highest interval")
	f, c := levelChart(r, c, n, caption, []level{
		{"node_api_queue", "API queue of the node, messages", "API queue", "c-sent", 1, 1},
		{"node_unlisted", "taken in, not in a process list, messages", "not in a list", "c-accepted", 1, 1},
		{"node_holding", "holding of the node, messages", "holding", "c-confirmed", 1, 1},
	})
	switch {
	case f.Missing == "":
	case r.Network.Embedded:
		f.Missing = "The record has no figures of the node’s queues: it is of an older version, or the node’s metrics could not be read."
	default:
		f.Missing = "Not known: a node shows its queues in its metrics alone, which are read of a node that the run itself starts."
	}
	return f, c
}
