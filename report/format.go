package report

import (
	"cmp"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// noFigure stands for a figure that does not exist.
const noFigure = "—"

// groupText puts commas between the thousands of a decimal number.
func groupText(s string) string {
	sign := ""
	if strings.HasPrefix(s, "-") {
		sign, s = "−", s[1:]
	}
	whole, frac, dot := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if dot {
		whole += "." + frac
	}
	return sign + whole
}

// countText writes a whole number: 12,345.
func countText(n uint64) string { return groupText(strconv.FormatUint(n, 10)) }

// figureText writes a figure with three significant digits; whole numbers keep
// all of theirs.
func figureText(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return noFigure
	}
	if v == 0 {
		return "0"
	}
	if math.Abs(v) >= 1e15 {
		return strconv.FormatFloat(v, 'g', 3, 64)
	}
	rounded, _ := strconv.ParseFloat(strconv.FormatFloat(v, 'e', 2, 64), 64)
	digits := 2 - int(math.Floor(math.Log10(math.Abs(rounded))))
	return groupText(strconv.FormatFloat(v, 'f', min(max(digits, 0), 9), 64))
}

// roughText writes a figure with three significant digits at most: 61, 7.33.
func roughText(v float64) string {
	s := figureText(v)
	if !strings.Contains(s, ".") {
		return s
	}
	return strings.TrimSuffix(strings.TrimRight(s, "0"), ".")
}

// msText writes a latency in milliseconds, in microseconds below 0.1 ms, in
// seconds from 1 s on.
func msText(ms float64) string {
	switch {
	case math.IsNaN(ms) || math.IsInf(ms, 0):
		return noFigure
	case math.Abs(ms) >= 1e3:
		return figureText(ms/1e3) + " s"
	case ms != 0 && math.Abs(ms) < 0.1:
		return figureText(ms*1e3) + " µs"
	}
	return figureText(ms) + " ms"
}

// msAxis writes a latency at an axis, in the unit that keeps it short.
func msAxis(ms float64) string {
	switch {
	case ms < 0.9995:
		return trimText(ms*1e3) + " µs"
	case ms < 999.5:
		return trimText(ms) + " ms"
	}
	return trimText(ms/1e3) + " s"
}

// trimText writes a tick's value with the digits that it needs.
func trimText(v float64) string {
	return groupText(strconv.FormatFloat(math.Round(v*1e6)/1e6, 'f', -1, 64))
}

// rateText writes a rate: 98.7/s.
func rateText(v float64) string {
	if s := figureText(v); s != noFigure {
		return s + "/s"
	}
	return noFigure
}

// offeredText writes a rate that was asked for, with all of its digits: 187.5/s.
func offeredText(v float64) string { return trimText(v) + "/s" }

// percentText writes part of whole in percent. It says neither 0 % nor 100 %
// unless it is exactly that.
func percentText(part, whole uint64) string {
	if whole == 0 {
		return noFigure
	}
	p := 100 * float64(part) / float64(whole)
	switch {
	case part == 0 || part == whole:
		return fmt.Sprintf("%.0f %%", p)
	case p < 0.01:
		return "<0.01 %"
	case p > 99.99:
		return ">99.99 %"
	case p < 1 || p > 99:
		return fmt.Sprintf("%.2f %%", p)
	}
	return fmt.Sprintf("%.1f %%", p)
}

// Bytes writes a number of bytes in a unit that suits.
func Bytes(n uint64) string {
	if n < 1024 {
		return strconv.FormatUint(n, 10) + " B"
	}
	v, unit := float64(n)/1024, 0
	for v >= 1024 && unit < 5 {
		v, unit = v/1024, unit+1
	}
	return figureText(v) + " " + []string{"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"}[unit]
}

// percentileText writes a percentile, a fraction below 1, with the nines that it has.
func percentileText(p float64) string {
	digits := min(max(int(math.Ceil(-math.Log10(1-p))), 1), 9)
	return strconv.FormatFloat(100*p, 'f', digits, 64) + " %"
}

// spanText writes a length of time in seconds: 42.5 s, 2 min 10 s, 8 h 5 min.
func spanText(s float64) string {
	if math.IsNaN(s) || math.Abs(s) > 1e9 {
		return noFigure
	}
	if math.Abs(s) < 60 {
		return trimText(math.Round(s*10)/10) + " s"
	}
	d := time.Duration(s * float64(time.Second)).Round(time.Second)
	h, m, sec := int(d.Hours()), int(d.Minutes())%60, int(d.Seconds())%60
	switch {
	case h > 0:
		return fmt.Sprintf("%d h %d min", h, m)
	case sec == 0:
		return fmt.Sprintf("%d min", m)
	}
	return fmt.Sprintf("%d min %d s", m, sec)
}

// secondsText writes an instant of the run, or a length of time, in seconds alone.
func secondsText(s float64) string {
	if math.IsNaN(s) || math.Abs(s) > 1e9 {
		return noFigure
	}
	return trimText(math.Round(s*10)/10) + " s"
}

// clockText writes seconds since the start at an axis: 45 s, 1:30, 2:00:00.
// All ticks of one axis have the form of its step.
func clockText(step float64) func(float64) string {
	return func(s float64) string {
		if step < 1 || s == 0 {
			return trimText(s) + " s"
		}
		sign := ""
		if s < 0 {
			sign, s = "−", -s
		}
		n := int64(math.Round(s))
		switch {
		case n < 120 && step < 60:
			return fmt.Sprintf("%s%d s", sign, n)
		case n < 3600:
			return fmt.Sprintf("%s%d:%02d", sign, n/60, n%60)
		}
		return fmt.Sprintf("%s%d:%02d:%02d", sign, n/3600, n/60%60, n%60)
	}
}

// utcText writes an instant to the second.
func utcText(t time.Time) string {
	if t.IsZero() {
		return noFigure
	}
	return t.UTC().Format("2006-01-02 15:04:05")
}

// loopText describes a closed loop: 50 users, 100 ms to think.
func loopText(l Load) string {
	text := countText(uint64(max(l.Users, 0))) + " users"
	if l.Users == 1 {
		text = "1 user"
	}
	if l.ThinkMS == 0 {
		return text + ", no time to think"
	}
	return text + ", " + msText(l.ThinkMS) + " to think"
}

// codeText names an error's code by its kind.
func codeText(code int) string {
	switch {
	case code < 0:
		return "JSON-RPC −" + strconv.Itoa(-code)
	case code > 0:
		return "HTTP " + strconv.Itoa(code)
	}
	return "transport"
}

// shortText cuts a text of unknown length.
func shortText(s string) string { return cutText(s, 300) }

func cutText(s string, most int) string {
	n := 0
	for i := range s {
		if n++; n > most {
			return s[:i] + "…"
		}
	}
	return s
}

// legible replaces what could disturb the page or mislead its reader: control
// characters, those that reverse the direction of text, and broken UTF-8.
func legible(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return r
		case r < ' ', r >= 0x7f && r <= 0x9f,
			r == 0x200b, r == 0x200e, r == 0x200f, r >= 0x2028 && r <= 0x202e, r >= 0x2060 && r <= 0x206f,
			r == 0xfeff, r == 0x061c:
			return '\uFFFD'
		}
		return r
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// stageText says in words where a lost entry stopped.
func stageText(stage string) string {
	words := map[string]string{
		"commit":   "the commit was never seen on the network",
		"reveal":   "the commit was seen, the reveal was not",
		"accepted": "acknowledged by a leader, then in no block",
	}[stage]
	return cmp.Or(words, "no account of this stage")
}

// methodText says in words how the instants of a stage were observed.
func methodText(method string) string {
	words := map[string]string{
		"clock":      "harness clock",
		"live-feed":  "live feed",
		"ack-sample": "ack sample",
		"block-scan": "block scan",

		"live-feed, ack-sample": "live feed, then ack sample",
	}[method]
	return cmp.Or(words, shortText(method), noFigure)
}

// measuredText writes the measured value of a threshold in the unit of its
// metric: milliseconds for latencies, with blocks where the limit is in blocks;
// entries a second for rates; a plain number for the rest.
func measuredText(expression string, value Number, blockSeconds float64) string {
	v := float64(value)
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "not enough samples"
	}
	metric, limit := splitThreshold(expression)
	stage, field, dotted := strings.Cut(metric, ".")
	switch {
	case dotted && !slices.Contains([]string{"count", "right", "wrong", "failed"}, field) && stage != "totals" && stage != "rates" && stage != "harness":
		if strings.Contains(limit, "block") && blockSeconds > 0 {
			return fmt.Sprintf("%s (%s blocks)", msText(v), figureText(v/1e3/blockSeconds))
		}
		return msText(v)
	case strings.HasSuffix(metric, "_per_s"):
		return rateText(v)
	case strings.HasSuffix(limit, "%"):
		return figureText(100*v) + " %"
	case v == math.Trunc(v) && math.Abs(v) < 1e15:
		return groupText(strconv.FormatFloat(v, 'f', 0, 64))
	}
	return figureText(v)
}

// splitThreshold returns the metric and the limit of a threshold's expression.
func splitThreshold(expression string) (metric, limit string) {
	parts := regexp.MustCompile(`[<>=!]=?`).Split(expression, 2)
	if len(parts) == 2 {
		limit = strings.TrimSpace(parts[1])
	}
	return strings.TrimSpace(parts[0]), limit
}
