package report

// What other pages and tables have in common with those of a run.

// Style is the style sheet of the pages.
func Style() string { return pageStyle }

// Legible replaces the characters of a text that could mislead its reader, or disturb
// what it is part of.
func Legible(s string) string { return legible(s) }

// Milliseconds writes a length of time: 12.3 ms.
func Milliseconds(ms float64) string { return msText(ms) }

// PerSecond writes a rate: 98.7/s.
func PerSecond(rate float64) string { return rateText(rate) }

// Figure writes a figure with three significant digits.
func Figure(v float64) string { return figureText(v) }

// CountText writes a whole number with commas between its thousands.
func CountText(n uint64) string { return countText(n) }

// Faults says what went wrong in a run, with the network and with entries, a sentence of
// Markdown each; nothing where nothing was seen to.
func Faults(r *Report) []string {
	p := &incident{r: r, trouble: newTrouble(r)}
	return p.said()
}
