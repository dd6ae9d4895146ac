package report

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/FactomProject/factom-load/internal/markdown"
	"github.com/FactomProject/factom-load/results"
)

// FormatIncident is the format of [Export] that drafts an incident report.
const FormatIncident = "incident"

const (
	mostMoments = 200 // rows of the time line
	mostNamed   = 20  // lost entries, findings and errors that are named
)

// WriteIncident writes the draft of a paper on what went wrong with the network during
// a run, in Markdown, or a short one that says that nothing did. What no record can
// know is left blank.
func WriteIncident(w io.Writer, r *Report) error {
	p := &incident{r: r, trouble: newTrouble(r)}
	said := p.said()
	p.head(len(said) > 0)
	if len(said) > 0 {
		p.title("Summary")
		p.list(said)
		p.line("")
		p.line("In one sentence, for those who read nothing else: %s", markdown.Blank)
		p.timeLine()
		p.impact()
		p.evidence()
		p.blanks()
	} else {
		p.quiet()
	}
	_, err := io.WriteString(w, p.b.String())
	return err
}

type incident struct {
	r       *Report
	trouble trouble
	b       strings.Builder
}

func (p *incident) line(format string, args ...any) {
	fmt.Fprintf(&p.b, format, args...)
	p.b.WriteByte('\n')
}

func (p *incident) title(text string) { p.line("\n## %s\n", text) }

func (p *incident) list(items []string) {
	for _, item := range items {
		p.line("- %s", item)
	}
}

// utc is an instant of the run by the clock of the machine that made the load.
func (p *incident) utc(s float64) string {
	if math.IsNaN(s) || math.Abs(s) > 1e9 {
		return markdown.None
	}
	return p.r.Run.Started.Add(time.Duration(s * float64(time.Second))).UTC().Format("2006-01-02 15:04:05.0")
}

func (p *incident) length() float64 { return p.r.Run.Ended.Sub(p.r.Run.Started).Seconds() }

func (p *incident) head(any bool) {
	r := p.r
	name := markdown.Code(r.Network.Name, 64)
	if any {
		p.line("# Incident on the network %s during a load test (draft)\n", name)
		p.line("Drafted from the record of the run. Whatever is `%s` is for people to fill in; what is said here of causes is nobody's until they do.\n", markdown.Blank)
	} else {
		p.line("# Nothing to report of the network %s during a load test\n", name)
	}
	p.line("- run: %s, scenario %s", markdown.Code(r.Run.ID, 100), markdown.Code(r.Run.Scenario.Name, 200))
	p.line("- from %s to %s UTC (%s)", utcText(r.Run.Started), utcText(r.Run.Ended), spanText(p.length()))
	p.line("- network: %s, id %s, blocks of %s s, factomd %s", name, markdown.Code(r.Network.ID, 16), trimText(r.Network.BlockSeconds), markdown.Code(versions(r.Network.Endpoints), 300))
	for _, e := range r.Network.Endpoints[:min(len(r.Network.Endpoints), mostNamed)] {
		p.line("- endpoint: %s", markdown.Code(e.URL, 500))
	}
	if tags := tagTexts(r.Run.Tags); len(tags) > 0 {
		p.line("- tags: %s", markdown.Code(strings.Join(tags, ", "), 500))
	}
	for _, n := range Shown(r.Run.Notes) {
		p.line("- note of %s UTC: %s", utcText(n.At), markdown.Text(n.Text, results.MostNote))
	}
	p.line("- verdict: %s. %s", markdown.Code(string(r.Verdict), 32), markdown.Text(r.VerdictWhy, 1000))
	for _, note := range p.cautions() {
		p.line("- **careful:** %s", note)
	}
	if any {
		p.line("- written by: %s", markdown.Blank)
		p.line("- severity: %s, state: %s", markdown.Blank, markdown.Blank)
	}
}

// cautions are why what is said may be the harness's doing, or not all.
func (p *incident) cautions() (list []string) {
	r := p.r
	if r.Run.Partial {
		list = append(list, "the run was in progress: this is how it stood then.")
	}
	if !r.Harness.Valid && r.Harness.Why != "" {
		list = append(list, "the harness was the limit, so that delays may be its own: "+markdown.Text(r.Harness.Why, 500)+".")
	}
	own := map[string]string{
		string(results.Suspended): "the harness stood still; what it saw late may have been in time.",
		string(results.ClockStep): "the clock of the harness was set meanwhile; times in UTC may be off by as much.",
	}
	for _, kind := range []string{string(results.Suspended), string(results.ClockStep)} {
		if slices.ContainsFunc(r.Events, func(e Event) bool { return e.Kind == kind }) {
			list = append(list, own[kind])
		}
	}
	if len(r.Run.Resumed) > 0 {
		list = append(list, "the harness was killed, and for a time nobody watched.")
	}
	if r.EventsDropped > 0 {
		list = append(list, fmt.Sprintf("%s more events were counted and not kept.", countText(r.EventsDropped)))
	}
	return list
}

func (p *incident) quiet() {
	t := p.r.Totals
	p.line("\nNo stall, election, change of servers or late block was seen, and no endpoint that did not answer. Of %s entries %s are in saved blocks; none was lost, rejected or failed. What was checked of the blocks was as it should be, and the counts add up.",
		countText(t.Planned), countText(t.Confirmed))
	p.line("\nWhat nobody looked at is not known: %s", markdown.Blank)
}

// said is what happened, a sentence each; nothing where the run saw no incident.
func (p *incident) said() (list []string) {
	r := p.r
	list = append(list, p.trouble.sentences(p)...)
	t := r.Totals
	if t.Lost > 0 {
		list = append(list, fmt.Sprintf("%s lost: the API took them, and no block has them.", were(t.Lost)))
	}
	if t.Failed > 0 {
		list = append(list, fmt.Sprintf("%s of %s entries failed: they were not answered, or wrongly, and are in no block that was read.", countText(t.Failed), countText(t.Planned)))
	}
	if t.Rejected > 0 {
		list = append(list, fmt.Sprintf("%s of %s entries were rejected.", countText(t.Rejected), countText(t.Planned)))
	}
	if r.Integrity.Broken() != "" {
		list = append(list, "**"+markdown.Text(r.Integrity.brokenText(), 500)+"**")
	}
	if n := countOf(r.Findings); n > 0 {
		list = append(list, markdown.Text(findingsText(n), 200)+".")
	}
	for _, row := range disputed(r) {
		list = append(list, fmt.Sprintf("Counts do not add up, %s: %s by the harness, %s by the network.", markdown.Text(row.Name, 100), row.HarnessText, row.NodeText))
	}
	return list
}

func disputed(r *Report) (odd []reconciledRow) {
	for _, row := range reconciledRows(r) {
		if row.Class == "bad" {
			odd = append(odd, row)
		}
	}
	return odd
}

// A moment is a row of the time line.
type moment struct {
	at         float64 // seconds since the start
	what, more string  // quoted
	small      bool    // the first to go where there are too many
}

func (p *incident) timeLine() {
	r := p.r
	list := []moment{{at: 0, what: "the run began"}}
	for _, ph := range r.Phases {
		list = append(list, moment{at: ph.StartS, what: "phase " + markdown.Code(ph.Name, 100) + " began", more: rateText(ph.Rates.PlannedPerS) + " planned", small: true})
	}
	for _, e := range r.Events {
		more := markdown.Code(e.Detail, 500)
		if e.Endpoint != "" {
			more += " at " + markdown.Code(e.Endpoint, 200)
		}
		list = append(list, moment{at: e.AtS, what: markdown.Code(e.Kind, 64), more: more, small: !isTrouble(e.Kind)})
	}
	for _, e := range r.Errors[:min(len(r.Errors), mostNamed)] {
		more := fmt.Sprintf("%s, %s × in all", codeText(e.Code), countText(e.Count))
		if e.Example != "" {
			more += "; first entry " + markdown.Code(e.Example, 64)
		}
		list = append(list, moment{at: e.FirstS, what: "first error " + markdown.Code(e.Message, 300), more: more})
	}
	if len(r.Audit.Lost) > 0 {
		l := r.Audit.Lost[0]
		list = append(list, moment{at: l.PlannedS, what: "first entry that was lost was due", more: markdown.Code(l.Hash, 64) + ", " + markdown.Text(stageText(l.Stage), 200)})
	}
	for _, f := range slices.Concat(r.Integrity.Findings, r.Findings)[:min(len(r.Integrity.Findings)+len(r.Findings), mostNamed)] {
		list = append(list, moment{at: f.AtS, what: "finding " + markdown.Code(f.Kind, 64), more: markdown.Code(f.Detail, 500)})
	}
	list = append(list, moment{at: p.length(), what: "the run ended"})

	dropped := 0
	if len(list) > mostMoments {
		before := len(list)
		list = slices.DeleteFunc(list, func(m moment) bool { return m.small })
		slices.SortStableFunc(list, func(a, b moment) int { return cmp.Compare(a.at, b.at) })
		list = list[:min(len(list), mostMoments)]
		dropped = before - len(list)
	}
	slices.SortStableFunc(list, func(a, b moment) int { return cmp.Compare(a.at, b.at) })

	p.title("Time line")
	p.line("| UTC | since the start | what | evidence |")
	p.line("|---|---:|---|---|")
	for _, m := range list {
		p.line("| %s | %s | %s | %s |", p.utc(m.at), secondsText(m.at), m.what, cmp.Or(m.more, " "))
	}
	p.line("| %s | | | |", markdown.Blank)
	p.line("")
	if dropped > 0 {
		p.line("%d more are in %s.", dropped, JSONFile)
		p.line("")
	}
	p.line("Times are of the clock of the machine that made the load. What began and ended between two looks at a node is not known: its height is asked for four times a second at most, its diagnostics every few seconds.")
}

func (p *incident) evidence() {
	r := p.r
	p.title("Evidence")
	if r.Audit.Total > 0 {
		lost := r.Audit.Lost[:min(len(r.Audit.Lost), mostNamed)]
		p.line("Lost entries, %d of %s:\n", len(lost), countText(r.Audit.Total))
		p.line("| entry | chain | due (UTC) | where it stopped |")
		p.line("|---|---|---|---|")
		for _, l := range lost {
			p.line("| %s | %s | %s | %s |", markdown.Code(l.Hash, 64), markdown.Code(l.ChainID, 64), p.utc(l.PlannedS), markdown.Text(stageText(l.Stage), 200))
		}
		p.line("")
	}
	for _, row := range disputed(r) {
		p.line("Counts that do not add up: %s, difference %s. %s.\n", markdown.Text(row.Name, 100), row.DifferenceText, markdown.Text(row.Note, 1000))
	}
	p.line("- %s and %s: every figure of this paper; `factom-load export RUN --format jsonl` has every entry", JSONFile, HTMLFile)
	p.line("- `%s`: what happened to each entry; keep it until this is settled", results.EntriesFile)
	p.line("- logs of the nodes, by those who operate them: %s", markdown.Blank)
}

func (p *incident) blanks() {
	p.title("What was tried")
	p.line("| UTC | by whom | what | what came of it |")
	p.line("|---|---|---|---|")
	p.line("| %[1]s | %[1]s | %[1]s | %[1]s |", markdown.Blank)
	p.title("What others may have seen")
	p.list([]string{
		"other operators (heights, minutes, elections, restarts): " + markdown.Blank,
		"explorers and wallets: " + markdown.Blank,
		"applications that write entries: " + markdown.Blank,
		"was anything else going on, such as an update or other load? " + markdown.Blank,
	})
	p.title("Open questions")
	questions := []string{"What caused it? " + markdown.Blank, "Does it happen without the load? " + markdown.Blank}
	if p.r.Totals.Lost > 0 {
		questions = append(questions, "Where did the lost entries go, and did entries of others go with them? "+markdown.Blank)
	}
	if len(disputed(p.r)) > 0 {
		questions = append(questions, "Who else used the keys, the chains or the node? "+markdown.Blank)
	}
	if p.r.Integrity.Broken() != "" {
		questions = append(questions, "Do other nodes serve the same blocks as this one? "+markdown.Blank)
	}
	p.list(append(questions, "What is to be done, by whom, until when? "+markdown.Blank))
}
