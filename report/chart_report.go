package report

import (
	"fmt"
	"html/template"
	"math"
	"slices"

	"github.com/HdrHistogram/hdrhistogram-go"
)

// A figure is a chart of the report with what the page says about it. Without
// a drawing, Missing says why there is none.
type figure struct {
	ID, Title string
	Summary   string // what it shows, in words
	Caption   string
	Missing   string
	Wide      template.HTML
	Narrow    template.HTML
	Table     figureTable
	live      *chart // what it is over time, or nil
}

// figures draws every chart of the report but the flow, in the page's order.
func figures(r *Report) []figure {
	return slices.Concat(
		draw(r, rateChart, latencyChart, distributionChart, kneeChart),
		[]figure{stepFigure(r)},
		draw(r, blockChart, minuteChart, pressureChart, creditsChart, harnessChart, queuesChart),
	)
}

// draw draws charts, each of which is built for so many points a line.
func draw(r *Report, builders ...func(*Report, int) (figure, chart)) []figure {
	var all []figure
	for _, build := range builders {
		// The wide drawing has up to 600 points a line, the narrow one fewer:
		// more of them than pixels show nothing.
		f, wide := build(r, 600)
		f.ID, f.Title, f.Summary = wide.id, wide.title, wide.desc
		if f.Missing == "" {
			_, narrow := build(r, 240)
			f.Wide, f.Narrow = wide.draw(wideFrame()), narrow.draw(narrowFrame())
			_, few := build(r, tablePoints)
			f.Table = few.table()
			if wide.overTime {
				f.live = &wide
			}
		}
		all = append(all, f)
	}
	return all
}

// timeAxis spans everything that has an instant in the run.
func timeAxis(r *Report) axis {
	lo, hi := 0.0, 0.0
	for _, p := range r.Phases {
		lo, hi = min(lo, p.StartS), max(hi, p.EndS)
	}
	for _, t := range r.Series.middles() {
		lo, hi = min(lo, t-r.Series.IntervalS/2), max(hi, t+r.Series.IntervalS/2)
	}
	for _, b := range r.Blocks {
		hi = max(hi, b.ClosedS)
	}
	for _, e := range eventMarks(r) {
		hi = max(hi, e.at)
	}
	if !(hi > lo) {
		hi = lo + 1
	}
	return axis{
		title: "time since the start of the run", format: secondsText,
		lo: lo, hi: hi,
		ticks: func(n int) []tick {
			step := timeStep(hi-lo, n)
			return stepTicks(lo, hi, step, clockText(step))
		},
	}
}

func phaseBands(r *Report) []band {
	var bands []band
	for _, p := range r.Phases {
		bands = append(bands, band{shortText(p.Name), p.StartS, p.EndS, p.Measured})
	}
	return bands
}

// linearAxis goes from 0 to a round figure that covers hi. finest is its least
// step: 1 for what is counted.
func linearAxis(title string, hi, finest float64) axis {
	hi = max(ceilTo(hi, 10), finest)
	return axis{title: title, hi: hi, ticks: func(n int) []tick {
		return stepTicks(0, hi, max(niceStep(hi, n), finest), trimText)
	}}
}

// latencyAxis is logarithmic, in milliseconds.
func latencyAxis(title string, lo, hi float64) axis {
	lo, hi = logDomain(max(lo, 1e-3), max(hi, 1e-3))
	return axis{title: title, lo: lo, hi: hi, warp: math.Log10, format: msText, ticks: func(n int) []tick {
		return logTicks(lo, hi, n, msAxis)
	}}
}

// A trace is a column of the series, thinned for drawing.
type trace []seriesPoint

func traces(xs, vs []float64, n int) trace {
	if len(xs) == 0 || len(vs) != len(xs) {
		return nil
	}
	return thin(xs, vs, n)
}

func (t trace) pick(value func(seriesPoint) float64) []datum {
	at := make([]datum, len(t))
	for i, p := range t {
		at[i] = datum{x: p.x, y: value(p), low: p.lo}
	}
	return at
}

func (t trace) mean() []datum    { return t.pick(func(p seriesPoint) float64 { return p.mean }) }
func (t trace) highest() []datum { return t.pick(func(p seriesPoint) float64 { return p.hi }) }

// limits returns the lowest and highest value above 0, or 0 and 0.
func (t trace) limits() (lo, hi float64) {
	for _, p := range t {
		if p.hi > 0 {
			hi = max(hi, p.hi)
		}
		for _, v := range []float64{p.lo, p.hi} {
			if v > 0 && (lo == 0 || v < lo) {
				lo = v
			}
		}
	}
	return lo, hi
}

// known says whether any point has a value.
func (t trace) known() bool {
	for _, p := range t {
		if !math.IsNaN(p.hi) {
			return true
		}
	}
	return false
}

const noSeries = "The record has no per-interval series for this chart."

// perPointText tells the reader what the reduction to n points did.
func perPointText(s Series, n int, what string) string {
	k := perPoint(len(s.Rows), n)
	if k == 1 {
		return ""
	}
	return fmt.Sprintf(" Each point stands for %s: %s.", spanText(float64(k)*s.IntervalS), what)
}

// overTime is a chart over the time of the run, with its phases and events, and no
// panels yet.
func overTime(r *Report, id, title string) chart {
	return chart{id: id, title: title, x: timeAxis(r), bands: phaseBands(r), events: eventMarks(r), overTime: true}
}

func rateChart(r *Report, n int) (figure, chart) {
	c := overTime(r, "rates", "Rates over time")
	xs := r.Series.middles()
	p := panel{height: 250}
	peak, peakSent := 0.0, 0.0
	if confirmed := blockRates(r, n); len(confirmed) > 0 {
		for _, d := range confirmed {
			peak = max(peak, d.y)
		}
		p.marks = append(p.marks,
			mark{kind: markRibbon, class: "c-confirmed", at: confirmed},
			mark{kind: markLine, class: "c-confirmed thin", label: "confirmed", at: confirmed, steps: true})
	}
	drawn := false
	for _, m := range []mark{
		{class: "c-target broad", label: "planned"},
		{class: "c-sent", label: "sent"},
		{class: "c-accepted dash", label: "accepted"},
	} {
		t := traces(xs, r.Series.perSecond(m.label), n)
		if !t.known() {
			continue
		}
		drawn = true
		_, hi := t.limits()
		peak = max(peak, hi)
		if m.label == "sent" {
			peakSent = hi
		}
		if perPoint(len(xs), n) > 1 {
			p.marks = append(p.marks, mark{kind: markRibbon, class: "faint " + m.class, at: t.highest()})
		}
		m.at = t.mean()
		p.marks = append(p.marks, m)
	}
	if !drawn {
		return figure{Missing: noSeries}, c
	}
	p.y = linearAxis("entries per second", peak, 0)
	c.panels = []panel{p}
	c.desc = fmt.Sprintf("Planned, sent, accepted and confirmed entries per second over %s. The highest sent rate of an interval was %s; planned overall %s, sent %s, confirmed %s.",
		spanText(c.x.hi-c.x.lo), rateText(peakSent), rateText(r.Rates.PlannedPerS), rateText(r.Rates.SentPerS), rateText(r.Rates.ConfirmedPerS))
	return figure{Caption: "Entries confirm a whole block at once. Confirmed is therefore drawn as each directory block’s own entries divided by the time since the block before; the other rates are per interval." +
		perPointText(r.Series, n, "the line is the mean, the band reaches from the lowest to the highest interval")}, c
}

// blockRates returns the rate at which each block confirmed own entries, as
// steps: its own entries over the time since the block before.
func blockRates(r *Report, n int) []datum {
	var at []datum
	k := perPoint(len(r.Blocks), n)
	before := math.NaN()
	if len(r.Blocks) > 0 {
		before = max(0, r.Blocks[0].ClosedS-r.Network.BlockSeconds)
	}
	for i := 0; i < len(r.Blocks); i += k {
		group := r.Blocks[i:min(i+k, len(r.Blocks))]
		own := uint64(0)
		for _, b := range group {
			own += b.OwnEntries
		}
		closed := group[len(group)-1].ClosedS
		if closed > before {
			rate := float64(own) / (closed - before)
			at = append(at, datum{x: before, y: rate}, datum{x: closed, y: rate})
		}
		before = closed
	}
	return at
}

// stageClass is the colour and dash of a stage.
func stageClass(stage string) string {
	return map[string]string{
		"schedule": "c-schedule dot-dash",
		"submit":   "c-sent",
		"accept":   "c-accepted dash",
		"confirm":  "c-confirmed long-dash",
	}[stage]
}

// A namedLatency is one latency with its name, in the order of an entry's life.
type namedLatency struct {
	Name string
	Latency
	Means string
	Until string // in a word or two; of those from the planned instant
}

// plannedStages are the latencies from the planned instant.
func plannedStages(l Latencies) []namedLatency {
	return []namedLatency{
		{"schedule", l.Schedule, "planned → sent", "sent"},
		{"submit", l.Submit, "planned → revealed", "both calls answered"},
		{"accept", l.Accept, "planned → in a process list", "in a process list"},
		{"confirm", l.Confirm, "planned → in a saved block", "in a saved block"},
	}
}

// serviceStages are those of the two calls.
func serviceStages(l Latencies) []namedLatency {
	return []namedLatency{
		{"commit service time", l.CommitService, "sent → committed", ""},
		{"reveal service time", l.RevealService, "committed → revealed", ""},
	}
}

func distributionChart(r *Report, n int) (figure, chart) {
	c := chart{id: "distribution", title: "Latency distribution"}
	p := panel{height: 290}
	lo, hi, most := math.Inf(1), 0.0, uint64(0)
	unread := ""
	for _, s := range plannedStages(r.LatencyMS) {
		if s.Count == 0 {
			continue
		}
		h, err := decodeHistogram(s.Histogram)
		if err != nil {
			unread += " The histogram of " + s.Name + " could not be read."
			continue
		}
		at := percentileCurve(h, min(n, 240))
		for _, d := range at {
			lo, hi = min(lo, d.y), max(hi, d.y)
		}
		most = max(most, uint64(h.TotalCount()))
		p.marks = append(p.marks, mark{class: stageClass(s.Name), label: s.Name, at: at},
			mark{kind: markDots, class: stageClass(s.Name), at: at[len(at)-1:]})
	}
	if len(p.marks) == 0 {
		return figure{Missing: "No latency was measured." + unread}, c
	}
	most = max(most, 10)
	end := 1 - 1/float64(most)
	c.x = axis{title: "percentile of the entries", hi: end, warp: nines, format: percentileText, ticks: func(int) []tick { return ninesTicks(end) }}
	p.y = latencyAxis("latency from the planned instant, logarithmic", lo, hi)
	c.panels = []panel{p}
	c.desc = "Latency by percentile, one curve a stage."
	for _, s := range plannedStages(r.LatencyMS) {
		if s.Count > 0 {
			c.desc += fmt.Sprintf(" %s: median %s, 99th percentile %s, maximum %s.", s.Name, msText(s.P50), msText(s.P99), msText(s.Max))
		}
	}
	return figure{Caption: "Measured phases. Every step to the right on the axis has ten times fewer entries: what is right of 99 % is the slowest hundredth. A curve ends in a dot at its maximum, and its last stretch rests on a few entries." + unread}, c
}

// decodeHistogram reads an encoded histogram of a size that it can have.
func decodeHistogram(encoded string) (*hdrhistogram.Histogram, error) {
	const most = 4 << 20
	if len(encoded) > most {
		return nil, fmt.Errorf("decoding a histogram: %d bytes are more than %d", len(encoded), most)
	}
	h, err := hdrhistogram.Decode([]byte(encoded))
	if err != nil {
		return nil, fmt.Errorf("decoding a histogram: %w", err)
	}
	if h.TotalCount() == 0 {
		return nil, fmt.Errorf("decoding a histogram: it is empty")
	}
	return h, nil
}

// percentileCurve follows a distribution in n even steps of nines, from its
// minimum to its maximum. x is the percentile as a fraction, y in milliseconds.
func percentileCurve(h *hdrhistogram.Histogram, n int) []datum {
	end := nines(1 - 1/float64(max(h.TotalCount(), 2)))
	percentiles := make([]float64, n)
	for i := range percentiles {
		percentiles[i] = 100 * (1 - math.Pow(10, -end*float64(i)/float64(n-1)))
	}
	values := h.ValueAtPercentilesSlice(percentiles)
	at := make([]datum, n)
	for i, v := range values {
		at[i] = datum{x: percentiles[i] / 100, y: max(float64(v)/1e6, 1e-3)}
	}
	at[0].y = max(float64(h.Min())/1e6, 1e-3)
	at[n-1].y = max(float64(h.Max())/1e6, 1e-3)
	return at
}

func blockChart(r *Report, n int) (figure, chart) {
	c := chart{id: "block-chart", title: "Directory blocks"}
	if len(r.Blocks) == 0 {
		return figure{Missing: "No directory block was saved during the run."}, c
	}
	k := perPoint(len(r.Blocks), n*3/10)
	own := mark{kind: markBars, class: "c-confirmed", label: "own entries", width: .7}
	byCommits := commitsKnown(r.Blocks)
	others := mark{kind: markBars, class: "c-others hollow", label: "others’ entries", width: .7}
	unit := "entries in the block"
	if byCommits {
		others.label, unit = "others’ commits", "own entries, others’ commits"
	}
	p50 := mark{kind: markDots, class: "c-confirmed", label: "confirm p50"}
	p99 := mark{kind: markTicks, class: "c-confirmed", label: "confirm p99", width: .6}
	spans := mark{kind: markStems, class: "c-confirmed"}
	total, foreign, most, mostAt, slowest := uint64(0), uint64(0), 0.0, uint32(0), 0.0
	for i := 0; i < len(r.Blocks); i += k {
		group := r.Blocks[i:min(i+k, len(r.Blocks))]
		d := joinBlocks(group, float64(i/k), byCommits)
		total += d.sum
		foreign += d.foreign
		own.at = append(own.at, datum{x: d.x, y: d.own, tip: d.tip})
		if d.others > 0 {
			others.at = append(others.at, datum{x: d.x, y: d.own + d.others, low: d.own, tip: d.tip})
		}
		if d.own > most {
			most, mostAt = d.own, group[0].Height
		}
		if d.p99 > 0 {
			slowest = max(slowest, d.p99)
			p50.at = append(p50.at, datum{x: d.x, y: d.p50 / 1e3})
			p99.at = append(p99.at, datum{x: d.x, y: d.p99 / 1e3})
			spans.at = append(spans.at, datum{x: d.x, y: d.p99 / 1e3, low: d.p50 / 1e3})
		}
	}
	highest := 0.0
	for _, m := range []mark{own, others} {
		for _, d := range m.at {
			highest = max(highest, d.y)
		}
	}
	groups := len(own.at)
	if groups > 60 {
		p50.class += " fine"
	}
	c.x = axis{title: "directory block height", lo: -.6, hi: float64(groups) - .4, ticks: func(n int) []tick {
		var all []tick
		for i := 0; i < groups; i += max(1, int(niceStep(float64(groups), n))) {
			all = append(all, tick{float64(i), trimText(float64(r.Blocks[i*k].Height))})
		}
		return all
	}}
	entries := panel{height: 150, y: linearAxis(unit, highest, 1), marks: []mark{own}}
	if len(others.at) > 0 {
		entries.marks = append(entries.marks, others)
	}
	c.panels = []panel{entries}
	if len(p50.at) > 0 {
		c.panels = append(c.panels, panel{height: 130, y: linearAxis("confirm latency, seconds", slowest/1e3, 0), marks: []mark{spans, p99, p50}})
	}
	c.desc = fmt.Sprintf("%s directory blocks with %s own entries in all. The most own entries, %s, were in block %s; the highest confirm p99 of a block was %s.",
		countText(uint64(len(r.Blocks))), countText(total), figureText(most), trimText(float64(mostAt)), msText(slowest))
	caption := "All blocks saved during the run, measured phases or not."
	if byCommits {
		c.desc += fmt.Sprintf(" Others’ commits in them: %s.", countText(foreign))
		caption += " Others’ commits stand on the own entries, hollow: the commits in the block’s entry credit block for entries that are not this run’s, whatever chains they are for, one for each entry; an entry’s commit can be in the block before it. A block whose commits the node was slow to tell has none."
	} else {
		caption += " Others’ entries, hollow, are those that others wrote into the chains of this run; what they wrote into other chains is not on record."
	}
	if k > 1 {
		caption += fmt.Sprintf(" Each bar stands for %d blocks: entries are their mean, the latencies those of the slowest block.", k)
	}
	return figure{Caption: caption}, c
}

// Others is how many entries of a block's own chains are not the run's.
func (b Block) Others() uint64 { return max(b.Entries, b.OwnEntries) - b.OwnEntries }

// OwnShare is the run's own part of the entries in its chains.
func (b Block) OwnShare() string { return percentText(b.OwnEntries, b.OwnEntries+b.Others()) }

// OthersCommitsText writes how many commits of others a block has, if that is known.
func (b Block) OthersCommitsText() string {
	if b.OthersCommits == nil {
		return noFigure
	}
	return countText(*b.OthersCommits)
}

// commitsKnown says whether the commits of any block are.
func commitsKnown(blocks []Block) bool {
	return slices.ContainsFunc(blocks, func(b Block) bool { return b.OthersCommits != nil })
}

// blockGroup is one bar of the block chart.
type blockGroup struct {
	x, own, others float64
	p50, p99       float64 // the highest, in milliseconds
	sum, foreign   uint64
	tip            string
}

// joinBlocks joins blocks to one bar. What is of others is their commits in the blocks
// of which those are known, or else their entries in own chains.
func joinBlocks(group []Block, x float64, byCommits bool) blockGroup {
	d := blockGroup{x: x}
	known := 0
	for _, b := range group {
		d.sum += b.OwnEntries
		switch {
		case !byCommits:
			d.foreign += b.Others()
			known++
		case b.OthersCommits != nil:
			d.foreign += *b.OthersCommits
			known++
		}
		if b.LatencyMS.Count > 0 {
			d.p50, d.p99 = max(d.p50, b.LatencyMS.P50), max(d.p99, b.LatencyMS.P99)
		}
	}
	d.own = float64(d.sum) / float64(len(group))
	d.others = float64(d.foreign) / float64(max(known, 1))
	foreign := countText(d.foreign) + " others’"
	switch {
	case byCommits && known == 0:
		foreign = "others’ commits not known"
	case byCommits:
		foreign += " commits"
	}
	first, last := group[0], group[len(group)-1]
	if len(group) == 1 {
		d.tip = fmt.Sprintf("Block %s: %s own entries, %s, saved at %s",
			trimText(float64(first.Height)), countText(d.sum), foreign, spanText(first.ClosedS))
	} else {
		d.tip = fmt.Sprintf("Blocks %s to %s: %s own entries, %s",
			trimText(float64(first.Height)), trimText(float64(last.Height)), countText(d.sum), foreign)
	}
	if d.p99 > 0 {
		d.tip += fmt.Sprintf(", confirm p50 %s, p99 %s", msText(d.p50), msText(d.p99))
	}
	return d
}

func pressureChart(r *Report, n int) (figure, chart) {
	c := overTime(r, "pressure", "In flight and outstanding")
	caption := "In flight: sent, the reveal not answered yet. Outstanding: answered, not yet in a saved block; each block empties it. Levels that grow from block to block mean that the node does not keep up." +
		perPointText(r.Series, n, "the line shows its highest interval")
	return levelChart(r, c, n, caption, []level{
		{"in_flight", "in flight, entries", "in flight", "c-sent", 1, 1},
		{"outstanding", "outstanding, entries", "outstanding", "c-accepted", 1, 1},
	})
}

func harnessChart(r *Report, n int) (figure, chart) {
	c := overTime(r, "harness-chart", "What harness and node used")
	caption := "What the load generator and, where it started one, its node cost. A generator short of CPU is late by itself; the verdict invalid guards against that." +
		perPointText(r.Series, n, "the line shows its highest interval")
	return levelChart(r, c, n, caption, []level{
		{"harness_cpu", "CPU of the harness, cores", "harness", "c-schedule", 1, 0},
		{"harness_rss_bytes", "memory (RSS) of the harness, MiB", "harness", "c-schedule", 1 << 20, 0},
		{"node_cpu", "CPU of the node, cores", "node", "c-accepted", 1, 0},
		{"node_rss_bytes", "memory (RSS) of the node, MiB", "node", "c-accepted", 1 << 20, 0},
	})
}

// A level is a column that is drawn by itself in a panel, divided by unit.
// finest is the least step of its axis.
type level struct {
	column, title, label, class string
	unit, finest                float64
}

// levelChart draws levels one above the other.
func levelChart(r *Report, c chart, n int, caption string, levels []level) (figure, chart) {
	xs := r.Series.middles()
	for _, l := range levels {
		vs := r.Series.column(l.column)
		for i := range vs {
			vs[i] /= l.unit
		}
		t := traces(xs, vs, n)
		if !t.known() {
			continue
		}
		_, hi := t.limits()
		base := t.highest()
		for i := range base {
			base[i].low = 0
		}
		c.panels = append(c.panels, panel{height: 105, y: linearAxis(l.title, hi, l.finest), marks: []mark{
			{kind: markRibbon, class: "faint " + l.class, at: base},
			{class: l.class, label: l.label, at: base},
		}})
		if c.desc != "" {
			c.desc += " "
		}
		c.desc += fmt.Sprintf("Highest %s: %s.", l.title, figureText(hi))
	}
	if len(c.panels) == 0 {
		return figure{Missing: noSeries}, c
	}
	return figure{Caption: caption}, c
}

// latText writes a figure of a latency, if that has any.
func latText(l Latency, ms float64) string {
	if l.Count == 0 {
		return noFigure
	}
	return msText(ms)
}
