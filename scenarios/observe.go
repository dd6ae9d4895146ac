package scenarios

// Observe says what is looked at beside what becomes of the load's entries. What it
// costs a node grows with blocks, never with entries.
type Observe struct {
	// Content is how many of the own entries that a directory block confirms are read
	// back, 0 to 100, drawn at random.
	Content int
	// Merkle is how many of the entry blocks that hold such entries are read by their
	// own bytes, 0 to 100. Above 0 the key MRs of these and of every directory block
	// are computed from their parts.
	Merkle int
}

// maxChecks is far above what the two requests a second allow that checks make: in
// blocks of ten minutes there is time for it.
const maxChecks = 100

// Finds reports whether anything that a node serves is compared with what it must be.
func (o Observe) Finds() bool { return o.Content > 0 || o.Merkle > 0 }

func (d *decoder) observe(n *node, o *Observe) bool {
	return d.sound(func() {
		d.fields(n,
			field{"content", into(whole[int](d, 0, maxChecks), &o.Content)},
			field{"merkle", into(whole[int](d, 0, maxChecks), &o.Merkle)},
		)
	})
}
