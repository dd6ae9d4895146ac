package report

import "html/template"

// What other pages of this program have in common with the report of a run.

// PageStyle is the style sheet.
func PageStyle() template.CSS { return template.CSS(pageStyle) }

// Legible replaces what could disturb a page or mislead its reader.
func Legible(page string) string { return legible(page) }

// Figure writes a figure with three significant digits, and a dash where there is none.
func Figure(v float64) string { return figureText(v) }

// MillisecondsText writes a latency in the unit that suits.
func MillisecondsText(ms float64) string { return msText(ms) }

// CountText writes a whole number with commas between its thousands.
func CountText(n uint64) string { return countText(n) }
