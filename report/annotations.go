package report

import "strings"

// An Annotation is one thing that whoever reads a CI job must see.
type Annotation struct {
	Warning bool // else an error: the exit code is not 0
	Title   string
	Message string
}

// Annotations are what keeps the run from passing, and what it may pass with but
// should not go unseen. Nothing is told twice: a threshold that failed because of lost
// entries is under these alone.
func (r *Report) Annotations() []Annotation {
	titles := map[string]string{
		"complete": "run interrupted", "valid": "run invalid", "lost": "entries lost",
		"integrity": "integrity", "search": "no rate held", "threshold": "threshold failed",
	}
	var list []Annotation
	lost, findings := false, false
	for _, c := range r.checks() {
		if c.Status != checkFails && c.Status != checkError {
			continue
		}
		metric, _ := splitThreshold(c.Name)
		switch {
		case c.Kind == "lost":
			lost = true
		case c.Kind == "threshold" && metric == "lost" && lost:
			continue
		case c.Kind == "threshold" && metric == "findings":
			findings = true
		}
		list = append(list, Annotation{Title: titles[c.Kind], Message: oneLine(c.Message)})
	}
	if n := r.Totals.Lost; n > 0 && !lost {
		list = append(list, Annotation{true, "entries lost", were(n) + " lost, which the scenario allows"})
	}
	if n := countOf(r.Findings); n > 0 && !findings {
		list = append(list, Annotation{true, "findings", findingsText(n) + ": " + shortText(strings.TrimSpace(findingLines(r.Findings[:1])))})
	}
	return list
}

// oneLine makes a message of bounded length and of one line.
func oneLine(s string) string {
	return strings.Join(strings.Fields(legible(longText(s))), " ")
}
