package report

import "fmt"

// othersShare is the share of all commits from which on others are told of.
const othersShare = 0.1

// othersStory tells of what others wrote beside the run, if that was much: it explains
// and accuses nobody, so that it comes last.
func othersStory(r *Report) []Sentence {
	var all, others uint64
	counted := 0
	for _, b := range r.Blocks {
		if b.Commits != nil && b.OthersCommits != nil {
			all, others = all+*b.Commits, others+*b.OthersCommits
			counted++
		}
	}
	if float64(others) <= othersShare*float64(all) {
		return nil
	}
	s := Sentence{
		Kind:    "others",
		Figures: map[string]Number{"others_commits": Number(others), "commits": Number(all), "blocks": Number(counted)},
	}
	s.Sentence = fmt.Sprintf("Others wrote to the network, too: %s of the %s commits in the entry credit blocks of the run’s time, %s, were not of this run.",
		countText(others), countText(all), percentText(others, all))
	if missing := len(r.Blocks) - counted; missing > 0 {
		s.Sentence += fmt.Sprintf(" Those of %d of %d blocks are not known.", missing, len(r.Blocks))
	}
	return []Sentence{s}
}
