package compare

import (
	"fmt"
	"math"
	"strings"

	"github.com/FactomProject/factom-load/report"
)

const noFigure = "—"

// value writes a figure in its unit.
func value(u Unit, v report.Number) string {
	f := float64(v)
	if math.IsNaN(f) {
		return noFigure
	}
	switch u {
	case PerSecond:
		return report.PerSecond(f)
	case Share:
		return report.Figure(100*f) + " %"
	}
	return report.Milliseconds(f)
}

// change writes a change with its sign, as a share of the base where there is one.
func change(m Metric, v report.Number) string {
	f := float64(v)
	if math.IsNaN(f) {
		return noFigure
	}
	sign := "+"
	if f < 0 {
		sign = "−"
	}
	return sign + amount(m, math.Abs(f))
}

// amount writes the size of a change: as a share of the base, if that is not 0. Of what
// is a share itself the difference is told.
func amount(m Metric, v float64) string {
	base := math.Abs(float64(m.Base.Median))
	switch {
	case m.Unit == Share:
		return fmt.Sprintf("%s points", report.Figure(100*v))
	case base == 0:
		return value(m.Unit, report.Number(v))
	}
	return percent(v / base)
}

func percent(share float64) string { return trim(100*share) + " %" }

// trim writes a number with one decimal below 100.
func trim(v float64) string {
	if math.Abs(v) >= 100 {
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.1f", v)
}

// absolute writes a change in the metric's unit, with its sign.
func absolute(m Metric, v report.Number) string {
	f := float64(v)
	if math.IsNaN(f) {
		return noFigure
	}
	text := value(m.Unit, report.Number(math.Abs(f)))
	if m.Unit == Share {
		text = report.Figure(100*math.Abs(f)) + " points"
	}
	switch {
	case f < 0:
		return "−" + text
	case f > 0:
		return "+" + text
	}
	return text
}

// pText writes a p-value.
func pText(p report.Number) string {
	f := float64(p)
	switch {
	case math.IsNaN(f):
		return noFigure
	case f < 0.001:
		return "<0.001"
	}
	return fmt.Sprintf("%.3f", f)
}

func capital(s string) string {
	if s == "" {
		return s
	}
	return strings.ToUpper(s[:1]) + s[1:]
}
