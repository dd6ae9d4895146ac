package scenarios

// Submit says how the calls of an entry are made, beside what the load says.
type Submit struct {
	// Retry is how often the same bytes are sent again after a call that was not
	// answered, 0 to 10. A node's replay filter makes that safe.
	Retry int
}

const maxRetry = 10

func (d *decoder) submit(n *node, s *Submit) bool {
	return d.sound(func() {
		d.fields(n, field{"retry", into(whole[int](d, 0, maxRetry), &s.Retry)})
	})
}
