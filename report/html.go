package report

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"reflect"
	"slices"
	"strings"

	"github.com/FactomProject/factom-load/results"
)

//go:embed *.tmpl.html
var pageTemplates embed.FS

//go:embed style.css
var pageStyle string

// The most rows that the page lists; report.json has all of them.
const (
	mostLost   = 1000
	mostErrors = 100
	mostBlocks = 250
	fewPhases  = 30 // more of them are folded away

	mostFindings = 100
	mostAnswers  = 5 // to hostile calls of one kind
)

// WriteHTML writes the report as one HTML page that needs nothing else: no
// network, no file, and no script, although it has one for those who let it run. Every text of the report may be hostile: it is
// escaped for its place, and control and direction characters are replaced.
func WriteHTML(w io.Writer, r *Report) error {
	t, err := template.New("html.tmpl.html").Funcs(pageFuncs(r)).ParseFS(pageTemplates, "*.tmpl.html")
	if err != nil {
		return fmt.Errorf("parsing the page's templates: %w", err)
	}
	var page bytes.Buffer
	p := newPage(r)
	var charts []chart
	for _, f := range p.Figures {
		if f.live != nil {
			charts = append(charts, *f.live)
		}
	}
	if p.Live, err = liveOf(charts); err != nil {
		return fmt.Errorf("making the HTML report: %w", err)
	}
	if err := t.Execute(&page, p); err != nil {
		return fmt.Errorf("making the HTML report: %w", err)
	}
	if _, err := io.WriteString(w, legible(page.String())); err != nil {
		return fmt.Errorf("writing the HTML report: %w", err)
	}
	return nil
}

// pageFuncs are the formats that the template uses.
func pageFuncs(r *Report) template.FuncMap {
	return template.FuncMap{
		"count": countText, "rate": rateText, "ms": msText, "resolution": resolutionText,
		"bytes": Bytes, "span": spanText, "seconds": secondsText, "utc": utcText, "code": codeText,
		"short": shortText, "stage": stageText, "method": methodText, "lat": latText,
		"figure":   figureText,
		"note":     func(n Note) string { return cutText(n.Text, results.MostNote) },
		"offered":  offeredText,
		"loop":     loopText,
		"errors":   errorsText,
		"cell":     cellOf,
		"answers":  func(a []HostileAnswer) []HostileAnswer { return a[:min(len(a), mostAnswers)] },
		"many":     func(rows any) string { return countText(uint64(reflect.ValueOf(rows).Len())) },
		"measured": func(t ThresholdResult) string { return measuredText(t.Expression, t.Value, r.Network.BlockSeconds) },
	}
}

// A page is what the template needs beside the report itself.
type page struct {
	R             *Report
	Style         template.CSS
	Live          live
	Verdict       verdictView
	Tiles         []tile
	Duration      string
	Trouble       bool // the story tells of some
	Met           int  // thresholds that were met
	Sum           uint64
	Unbalanced    bool
	FlowWide      template.HTML
	FlowNarrow    template.HTML
	Latency       []latencyRow
	Service       []latencyRow
	Thin          bool // a row has a percentile that is but its maximum
	Figures       []figure
	Search        *searchView // or nil
	Blocks        []Block
	Errors        []Error
	Lost          []LostEntry
	FoldPhases    bool
	FoldLost      bool
	Tags          []string
	Notes         []Note
	CPU           string
	Observer      string
	Delayed       string // the share of their time that users waited for the harness
	QueriesWide   template.HTML
	QueriesNarrow template.HTML
	QueryErrors   []queryError
	Findings      []Finding
	Broken        []Finding // of the checks
	Events        []Event
	Hostile       HostileKind // all kinds together
	Reconciled    []reconciledRow
	Odd           string  // how many counts do not add up, if any
	PlannedTo     float64 // the end of the load as planned, seconds, where the charts end before; else 0
	Without       string  // which entries the latencies leave out
}

func newPage(r *Report) page {
	shown, planned := happened(r)
	p := page{
		R:             r,
		Style:         template.CSS(pageStyle),
		Verdict:       viewVerdict(r),
		Tiles:         tiles(r),
		Duration:      noFigure,
		FlowWide:      drawFlow(r.Totals, wideFrame()),
		FlowNarrow:    drawFlow(r.Totals, narrowFrame()),
		Figures:       figures(shown),
		Search:        viewSearch(r),
		Blocks:        r.Blocks[:min(len(r.Blocks), mostBlocks)],
		Errors:        r.Errors[:min(len(r.Errors), mostErrors)],
		Events:        r.Events[:min(len(r.Events), mostEvents)],
		Lost:          r.Audit.Lost[:min(len(r.Audit.Lost), mostLost)],
		QueriesWide:   drawQueries(r.Queries, wideFrame()),
		QueriesNarrow: drawQueries(r.Queries, narrowFrame()),
		QueryErrors:   queryErrors(r.Queries),
		Findings:      r.Findings[:min(len(r.Findings), mostFindings)],
		Broken:        r.Integrity.Findings[:min(len(r.Integrity.Findings), mostFindings)],
		Hostile:       r.hostileTotal(),
		Reconciled:    reconciledRows(r),
		Odd:           oddText(r.Reconciliation),
		FoldPhases:    len(r.Phases) > fewPhases,
		FoldLost:      len(r.Audit.Lost) > 10,
		CPU:           figureText(r.Harness.CPUSeconds) + " s",
		Delayed:       trimText(math.Round(r.Harness.UsersDelayedShare*1e4)/100) + " %",
		Observer:      percentText(r.Harness.ObserverRequests, r.Harness.ObserverRequests+r.Harness.SubmitRequests),
	}
	p.Trouble = len(r.Story) > 0 && r.Story[0].Kind != quietKind
	t := r.Totals
	p.Sum = t.Confirmed + t.Accepted + t.Lost + t.Rejected + t.Failed + t.Skipped + t.Pending
	p.Unbalanced = p.Sum != t.Planned
	if !r.Run.Started.IsZero() && r.Run.Ended.After(r.Run.Started) {
		seconds := r.Run.Ended.Sub(r.Run.Started).Seconds()
		p.Duration = spanText(seconds)
		p.CPU += fmt.Sprintf(", %s cores on average", figureText(r.Harness.CPUSeconds/seconds))
	}
	for _, result := range r.Thresholds {
		if result.OK {
			p.Met++
		}
	}
	p.Tags, p.Notes = tagTexts(r.Run.Tags), Shown(r.Run.Notes)
	p.Without = withoutText(r)
	p.PlannedTo = planned
	p.Latency, p.Service = latencyRows(plannedStages(r.LatencyMS)), latencyRows(serviceStages(r.LatencyMS))
	for _, row := range slices.Concat(p.Latency, p.Service) {
		p.Thin = p.Thin || slices.ContainsFunc(row.Cells, func(c latencyCell) bool { return c.Thin })
	}
	return p
}

// withoutText says which entries have no latency at all: percentiles over the
// rest look better than what those entries met.
func withoutText(r *Report) string {
	var sent uint64
	for _, p := range r.Phases {
		if p.Measured {
			sent += p.Totals.Sent
		}
	}
	var parts []string
	for _, stage := range []struct {
		count uint64
		text  string
	}{
		{r.LatencyMS.Submit.Count, "no submit latency, as a call failed or was refused"},
		{r.LatencyMS.Confirm.Count, "no confirm latency, as no block was seen to have them"},
	} {
		if stage.count < sent {
			parts = append(parts, countText(sent-stage.count)+" have "+stage.text)
		}
	}
	if len(parts) == 0 {
		return ""
	}
	return fmt.Sprintf("Of the %s entries sent in the measured phases, %s. The percentiles leave them out, and so look better than what those entries met.",
		countText(sent), strings.Join(parts, "; "))
}

// A verdictView is how a verdict looks. Class picks its colour and icon.
type verdictView struct{ Word, Class, Means string }

func viewVerdict(r *Report) verdictView {
	if r.Run.Partial {
		return verdictView{"In progress", "interrupted", "The run goes on. The figures cover it up to here."}
	}
	switch v := r.Verdict; v {
	case Pass:
		return verdictView{"Pass", "pass", "The run is complete and every threshold was met."}
	case Fail:
		return verdictView{"Fail", "fail", "A threshold was not met, or the node served something else than its blocks commit to."}
	case Lost:
		return verdictView{"Entries lost", "lost", "The API took entries that no block holds."}
	case Invalid:
		return verdictView{"Invalid", "invalid", "The harness, not the node, was the limit. The figures must not be used."}
	case Interrupted:
		return verdictView{"Interrupted", "interrupted", "The run was stopped before its end. The figures cover it up to there."}
	}
	return verdictView{shortText(strings.ToTitle(string(r.Verdict))), "unknown", "This verdict is not known to the report."}
}

// A tile is one of the key figures at the top.
type tile struct{ Label, Value, Note, Means, Class string }

func tiles(r *Report) []tile {
	t, rates, l := r.Totals, r.Rates, r.LatencyMS
	confirmedRate := rateText(rates.ConfirmedPerS)
	if rates.ConfirmedPerS == 0 {
		confirmedRate = noFigure
	}
	during := "From the first to the last saved block with own measured entries."
	if s := r.Search; s != nil {
		for _, step := range s.Steps {
			if step.Held && Number(step.RatePerS) == s.HeldPerS && step.ConfirmedPerS > 0 {
				confirmedRate = rateText(step.ConfirmedPerS)
				during = "Of the rate that held: by the blocks, but the first, that closed while it was offered."
			}
		}
	}
	lost := tile{"Lost", countText(t.Lost), percentText(t.Lost, t.Planned) + " of planned", "Taken by the API, then in no block that could hold them. All phases.", ""}
	if t.Lost > 0 {
		lost.Class = "bad"
	}
	planned := "Entries that the schedule held, all phases."
	if r.Load.Closed() {
		planned = "Entries that the users were free to write, and the chains made for them."
	}
	return []tile{
		{"Planned", countText(t.Planned), countText(t.Chains) + " of them new chains", planned, ""},
		{"Confirmed", countText(t.Confirmed), percentText(t.Confirmed, t.Planned) + " of planned", "Seen in a saved directory block. All phases.", ""},
		lost,
		{"Sent rate", rateText(rates.SentPerS), "planned " + rateText(rates.PlannedPerS), "Over the measured phases’ time.", ""},
		{"Confirmed rate", confirmedRate, countText(uint64(len(r.Blocks))) + " blocks saved during the run", during, ""},
		{"Submit p99", latText(l.Submit, l.Submit.P99), observedText(l.Submit), "99 % of the reveals were answered within this time of their planned instant.", ""},
		{"Accept p95", latText(l.Accept, l.Accept.P95), observedText(l.Accept), "95 % were in a leader’s process list within this time of their planned instant.", ""},
		{"Confirm p99", latText(l.Confirm, l.Confirm.P99), confirmNote(r), "99 % were in a saved block within this time of their planned instant.", ""},
	}
}

// observedText says how a stage was observed, and how finely.
func observedText(l Latency) string {
	if l.Count == 0 {
		return "no samples"
	}
	return methodText(l.Method) + ", resolution " + strings.ReplaceAll(resolutionText(l), " ", "\u00a0")
}

// resolutionText says how late a stage was seen at most. Of a run that was killed in
// its first seconds nobody knows.
func resolutionText(l Latency) string {
	if l.ResolutionMS == 0 && l.Method != methodClock {
		return "not recorded"
	}
	return msText(l.ResolutionMS)
}

// errorsText counts the errors of all kinds.
func errorsText(errors []Error) string {
	sum := uint64(0)
	for _, e := range errors {
		sum += e.Count
	}
	return countText(sum)
}

// confirmNote puts the confirm latency in blocks.
func confirmNote(r *Report) string {
	l := r.LatencyMS.Confirm
	if l.Count == 0 || r.Network.BlockSeconds <= 0 {
		return observedText(l)
	}
	return fmt.Sprintf("%s blocks of %s", figureText(l.P99/1e3/r.Network.BlockSeconds), spanText(r.Network.BlockSeconds))
}

// A latencyRow is one stage in the latency table.
type latencyRow struct {
	namedLatency
	Cells []latencyCell
}

// A latencyCell is one figure. It is thin when so few entries are beyond the
// percentile that it is only the maximum again.
type latencyCell struct {
	Text string
	Thin bool
}

func cellOf(l Latency, percentile, ms float64) latencyCell {
	beyond := math.Round(float64(l.Count)*(100-percentile)*1e3) / 1e5
	return latencyCell{latText(l, ms), l.Count > 0 && beyond < 1}
}

func latencyRows(all []namedLatency) []latencyRow {
	var rows []latencyRow
	for _, s := range all {
		row := latencyRow{namedLatency: s}
		for _, f := range []struct{ percentile, ms float64 }{
			{0, s.Min}, {0, s.Mean}, {50, s.P50}, {90, s.P90}, {95, s.P95}, {99, s.P99}, {99.9, s.P999}, {0, s.Max}, {0, s.StdDev},
		} {
			row.Cells = append(row.Cells, cellOf(s.Latency, f.percentile, f.ms))
		}
		rows = append(rows, row)
	}
	return rows
}
