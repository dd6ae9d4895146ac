package report

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/FactomProject/factom-load/results"
)

// A searchView is what the page says of a search.
type searchView struct {
	*Search
	Headline, Sentence string
	Measured           bool // there is a step that held
	Rows               []stepView
	Figures            []figure
}

type stepView struct {
	SearchStep
	Entries string // the backlog, block by block
}

func viewSearch(r *Report) *searchView {
	s := r.Search
	if s == nil {
		return nil
	}
	v := &searchView{Search: s, Figures: searchFigures(r)}
	held := offeredText(float64(s.HeldPerS))
	_, v.Measured = s.knee()
	v.Headline = "At least " + held
	switch {
	case s.Result == results.SearchFound:
		v.Headline = held
		v.Sentence = "is the highest rate that held. " + offeredText(float64(s.FailedPerS)) + " did not."
	case s.Result == results.SearchAllHeld:
		v.Sentence = "hold: it is the highest rate that was offered, and the limit lies above it."
	case s.Result == results.SearchNoneHeld:
		v.Headline = "Less than " + offeredText(float64(s.FailedPerS))
		v.Sentence = "Not even the lowest rate held."
	case !v.Measured:
		v.Headline, v.Sentence = "Not known.", sentence(s.Why)
	case s.Result == results.SearchHarness:
		v.Sentence = "hold. The harness could not offer more, so that the limit of the network is not known."
	default:
		v.Headline, v.Sentence = v.Headline+" held.", sentence(s.Why)
	}
	for _, step := range s.Steps {
		v.Rows = append(v.Rows, stepView{step, backlogText(r, step)})
	}
	return v
}

// sentence makes one of a text.
func sentence(text string) string {
	first, size := utf8.DecodeRuneInString(text)
	return string(unicode.ToUpper(first)) + text[size:] + "."
}

// backlogText lists what the blocks of a step left over, with a bar where no more
// was offered.
func backlogText(r *Report, step SearchStep) string {
	var parts []string
	for _, p := range r.Phases {
		if p.Name != step.Phase {
			continue
		}
		end, barred := p.EndS+r.Network.BlockSeconds/20, false
		for _, b := range step.Backlog {
			if b.ClosedS > end && !barred {
				barred = true
				parts = append(parts, "|")
			}
			parts = append(parts, countText(b.Entries))
		}
	}
	const most = 12
	if n := len(parts) - most; n > 0 {
		parts = append(parts[:most], fmt.Sprintf("… %d more", n))
	}
	if len(parts) == 0 {
		return noFigure
	}
	return strings.Join(parts, " ")
}
