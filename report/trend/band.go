package trend

import (
	"math"
	"slices"

	"github.com/montanaflynn/stats"
)

// The band of what is usual.
const (
	// Window is how many runs before one say what was to be expected of it.
	Window = 15
	// minWindow is the least number of them that says anything.
	minWindow = 5
	// BandWidth is the half width of the band, in median absolute deviations that are
	// scaled to be standard deviations of a normal distribution. With a MAD of so few
	// runs four of them are about what three are with many.
	BandWidth = 4
	madScale  = 1.4826
)

// band is what was to be expected of a run, by those before it; NaN where there are too
// few.
type band struct{ median, low, high float64 }

var noBand = band{math.NaN(), math.NaN(), math.NaN()}

// bands returns the band at each run, of the [Window] known values before it and
// without its own: an outlier does not widen the band that shows it. The band is no
// narrower than what does not matter anyway.
func (m Metric) bands(values []float64) []band {
	all := make([]band, len(values))
	var window []float64
	for i, v := range values {
		all[i] = m.bandOf(window)
		if math.IsNaN(v) {
			continue
		}
		window = append(window, v)
		window = window[max(0, len(window)-Window):]
	}
	return all
}

func (m Metric) bandOf(window []float64) band {
	if len(window) < minWindow {
		return noBand
	}
	center := median(window)
	mad, err := stats.MedianAbsoluteDeviation(window)
	if err != nil {
		return noBand
	}
	half := max(BandWidth*madScale*mad, m.tolerance(center))
	return band{center, max(center-half, 0), center + half}
}

// median is NaN of nothing.
func median(values []float64) float64 {
	v, err := stats.Median(slices.Clone(values))
	if err != nil {
		return math.NaN()
	}
	return v
}
