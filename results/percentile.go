package results

import "math"

// Percent returns which percentile a figure of a report is: p50, p90, p95, p99, p999
// or max. It is false for others.
func Percent(figure string) (percent float64, ok bool) {
	switch figure {
	case "p50":
		return 50, true
	case "p90":
		return 90, true
	case "p95":
		return 95, true
	case "p99":
		return 99, true
	case "p999":
		return 99.9, true
	case "max":
		return 100, true
	}
	return 0, false
}

// AmongSeen returns which percentile of the values that were seen is a percentile of
// all, those included that are missing and count as greater than any other. It is
// false where that is the value of a missing one, or nothing was seen.
func AmongSeen(percent float64, seen, missing uint64) (among float64, ok bool) {
	all := float64(seen + missing)
	if seen == 0 || float64(missing) > (100-percent)/100*all {
		return 0, false
	}
	rank := math.Floor(percent/100*all + 0.5) // as in hdrhistogram
	return 100 * rank / float64(seen), true
}
