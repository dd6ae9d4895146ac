package report

import (
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
)

// WriteSummary writes what fits on one screen, for a terminal.
func WriteSummary(out io.Writer, r *Report, dir string) error {
	const most = 5 // of a kind
	var b strings.Builder
	t := r.Totals
	verdict := string(r.Verdict)
	if r.Run.Partial {
		verdict = "in progress"
	}
	fmt.Fprintf(&b, "%s  %s\n\n", strings.ToUpper(verdict), r.VerdictWhy)
	fmt.Fprintf(&b, "scenario  %s, seed %d, run %s\n", r.Run.Scenario.Name, r.Run.Seed, r.Run.ID)
	fmt.Fprintf(&b, "network   %s, %gs blocks, factomd %s\n", r.Network.Name, r.Network.BlockSeconds, versions(r.Network.Endpoints))
	if tags := tagTexts(r.Run.Tags); len(tags) > 0 {
		fmt.Fprintf(&b, "tags      %s\n", factomd.Printable(strings.Join(tags, ", "), 300))
	}
	for _, n := range r.Run.Notes[:min(len(r.Run.Notes), most)] {
		fmt.Fprintf(&b, "note      %s: %s\n", utcText(n.At), factomd.Printable(n.Text, results.MostNote))
	}
	if len(r.Run.Notes) > most {
		fmt.Fprintf(&b, "          and %d more notes\n", len(r.Run.Notes)-most)
	}
	if r.Load.Closed() {
		fmt.Fprintf(&b, "load      a closed loop (%s), which hides how long others would have waited\n", loopText(r.Load))
	}
	fmt.Fprintf(&b, "entries   %d planned = %d confirmed + %d accepted + %d lost + %d rejected + %d failed + %d skipped",
		t.Planned, t.Confirmed, t.Accepted, t.Lost, t.Rejected, t.Failed, t.Skipped)
	if t.Pending > 0 {
		fmt.Fprintf(&b, " + %d pending", t.Pending)
	}
	b.WriteString("\n")
	fmt.Fprintf(&b, "rates     %.1f/s planned, %.1f/s sent, %.1f/s confirmed\n\n",
		r.Rates.PlannedPerS, r.Rates.SentPerS, r.Rates.ConfirmedPerS)

	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "latency from the planned instant\tcount\tp50\tp95\tp99\tmax\tmethod\t")
	for _, row := range plannedStages(r.LatencyMS) {
		name := row.Name + ": " + row.Until
		if row.Count == 0 {
			fmt.Fprintf(w, "%s\t0\t-\t-\t-\t-\t%s\t\n", name, row.Method)
			continue
		}
		fmt.Fprintf(w, "%s\t%d\t%s\t%s\t%s\t%s\t%s\t\n", name, row.Count,
			msText(row.P50), msText(row.P95), msText(row.P99), msText(row.Max), row.Method)
	}
	w.Flush() // to a strings.Builder: cannot fail
	if f := r.Network.Feed; f != nil && f.GivenUp() {
		fmt.Fprintf(&b, "\nfeed      given up at %s: %s; from then on accept is of a sample\n", secondsText(f.EndS()), f.Why)
	} else if f != nil && f.Missed > 0 {
		fmt.Fprintf(&b, "\nfeed      %d entries have no accept time: the live feed did not tell of them\n", f.Missed)
	}

	if q := r.QueriesTotal; q.Count > 0 {
		fmt.Fprintf(&b, "\nqueries   %d = %d right + %d wrong + %d failed, %.1f/s; p50 %s, p95 %s, p99 %s\n", q.Count, q.Right, q.Wrong, q.Failed, q.RatePerS,
			latText(q.LatencyMS, q.LatencyMS.P50), latText(q.LatencyMS, q.LatencyMS.P95), latText(q.LatencyMS, q.LatencyMS.P99))
	}

	if h := r.hostileTotal(); h.Count > 0 {
		fmt.Fprintf(&b, "\nhostile   %d = %d right + %d wrong + %d failed; %d entry credits\n", h.Count, h.Right, h.Wrong, h.Failed, h.CreditsSpent)
	}

	for _, row := range reconciledRows(r) {
		if row.Class == "bad" {
			fmt.Fprintf(&b, "\ncounts    %s do not add up: %s by the harness, %s by the network; see the report\n", row.Name, row.HarnessText, row.NodeText)
		}
	}
	if i := r.Integrity; i.Any() {
		fmt.Fprintf(&b, "\nchecked   %s\n", i.checkedText())
	}

	findings := slices.Concat(r.Integrity.Findings, r.Findings)
	if len(findings) > 0 {
		b.WriteString("\n")
	}
	for _, f := range findings[:min(len(findings), most)] {
		fmt.Fprintf(&b, "finding   %d × %s, %s: %s\n", f.Count, f.Kind, f.Name, f.Detail)
	}
	if len(findings) > most {
		fmt.Fprintf(&b, "          and %d more kinds of findings\n", len(findings)-most)
	}
	if len(r.Errors) > 0 {
		b.WriteString("\n")
	}
	for _, e := range r.Errors[:min(len(r.Errors), most)] {
		fmt.Fprintf(&b, "error     %d × %s (code %d)\n", e.Count, e.Message, e.Code)
	}
	if len(r.Errors) > most {
		fmt.Fprintf(&b, "          and %d more kinds of errors\n", len(r.Errors)-most)
	}
	if len(r.Thresholds) > 0 {
		b.WriteString("\n")
	}
	for _, th := range r.Thresholds {
		word := "ok"
		if !th.OK {
			word = "FAILED"
		}
		fmt.Fprintf(&b, "%-8s  %s: %s\n", word, th.Expression, measuredText(th.Expression, th.Value, r.Network.BlockSeconds))
	}
	fmt.Fprintf(&b, "\n%s\n%s\n", filepath.Join(dir, JSONFile), filepath.Join(dir, HTMLFile))
	_, err := io.WriteString(out, b.String())
	return err
}

func versions(endpoints []NetworkEndpoint) string {
	var list []string
	seen := map[string]bool{}
	for _, e := range endpoints {
		if !seen[e.FactomdVersion] {
			seen[e.FactomdVersion] = true
			list = append(list, e.FactomdVersion)
		}
	}
	return strings.Join(list, ", ")
}
