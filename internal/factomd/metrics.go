package factomd

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// maxMetrics bounds a page of metrics in bytes. A factomd's has 36,000.
const maxMetrics = 1 << 20

// Metrics returns the named figures of a node's Prometheus metrics. One with labels
// is named with them, as the page has it: name{label="value"}. What the page does
// not have is not in the result. Figures that are no finite number of 0 or more are
// an error.
func Metrics(ctx context.Context, url string, names ...string) (map[string]float64, error) {
	figures, err := readMetrics(ctx, url, names)
	if err != nil {
		return nil, fmt.Errorf("reading the metrics at %s: %w", url, err)
	}
	return figures, nil
}

func readMetrics(ctx context.Context, url string, names []string) (map[string]float64, error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	transport := &http.Transport{DisableKeepAlives: true, DisableCompression: true, MaxResponseHeaderBytes: 64 << 10}
	response, err := transport.RoundTrip(request) // which follows no redirects
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("HTTP status %d", response.StatusCode)
	}
	wanted := make(map[string]bool, len(names))
	for _, n := range names {
		wanted[n] = true
	}
	figures := map[string]float64{}
	page := &io.LimitedReader{R: response.Body, N: maxMetrics}
	lines := bufio.NewScanner(page)
	for lines.Scan() {
		name, value, _ := strings.Cut(lines.Text(), " ")
		if !wanted[name] {
			continue
		}
		figure, err := strconv.ParseFloat(value, 64)
		if err != nil || math.IsNaN(figure) || math.IsInf(figure, 0) || figure < 0 {
			return nil, fmt.Errorf("%s is %q", name, Printable(value, 32))
		}
		figures[name] = figure
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if page.N == 0 {
		return nil, fmt.Errorf("they have more than %d bytes", maxMetrics)
	}
	return figures, nil
}
