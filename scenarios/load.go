package scenarios

// MaxRate returns the highest rate of the load's phases, in entries a second.
func (l Load) MaxRate() float64 {
	var highest float64
	for _, p := range l.Phases {
		highest = max(highest, p.From, p.To)
	}
	return highest
}

// ParseThreshold reads one threshold, in the form that it has in a scenario. The
// error is a [*Problem].
func ParseThreshold(text string) (Threshold, error) {
	t, p := parseThreshold(text)
	if p != nil {
		return t, p
	}
	return t, nil
}
