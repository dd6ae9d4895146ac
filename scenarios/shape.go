package scenarios

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const shapeHint = "after two rates may come: in 6 steps, spike, or sine 30s; without it the rate changes steadily"

// parsePhaseRate reads a rate, a ramp, or two rates and a shape:
// 20/s..200/s in 6 steps.
func parsePhaseRate(text string) (Phase, *Problem) {
	rates, words := cutWords(text)
	ramp := strings.Contains(rates, "..")
	if len(words) > 0 && !ramp && !isShape(words[0]) {
		rates, words = text, nil // some other unit, 50 per second
	}
	from, to, p := parseRate(rates)
	phase := Phase{From: from, To: to}
	if p != nil || len(words) == 0 {
		return phase, p
	}
	if phase.Shape, p = parseShape(words); p != nil {
		return Phase{}, p
	}
	switch {
	case !ramp:
		return Phase{}, complain("has one rate, and the shape goes between two", "write 20/s.."+strings.TrimSpace(text))
	case from == to:
		return Phase{}, complain("has the same rate twice", "leave out the second one and the shape")
	case phase.Shape.Kind == Sine && from > to:
		return Phase{}, complain("begins with the higher rate", "write the lower one first: a sine rises from the mean of both")
	}
	return phase, nil
}

// cutWords splits text before the first word that begins with a letter.
func cutWords(text string) (before string, words []string) {
	words = strings.Fields(text)
	for i, word := range words {
		if c := word[0] | 0x20; c >= 'a' && c <= 'z' {
			return strings.Join(words[:i], " "), words[i:]
		}
	}
	return text, nil
}

func isShape(word string) bool { return word == "in" || word == string(Spike) || word == string(Sine) }

func parseShape(words []string) (Shape, *Problem) {
	name, rest := words[0], strings.Join(words[1:], " ")
	switch {
	case name == "in" && len(words) == 3 && words[2] == string(Steps):
		n, p := parseWhole(words[1], 2, maxRateSteps)
		if p != nil {
			return Shape{}, complain(fmt.Sprintf("has the number of steps %s, which %s", show(words[1]), p.Message), p.Hint)
		}
		return Shape{Kind: Steps, Steps: int(n)}, nil
	case name == "in":
		return Shape{}, complain("names no number of steps", "write in 6 steps")
	case name == string(Spike) && rest == "":
		return Shape{Kind: Spike}, nil
	case name == string(Sine) && rest == "":
		return Shape{}, complain("has a sine without its period", "write sine 30s")
	case name == string(Sine):
		period, p := parseDuration(rest)
		if p == nil && period < minPeriod {
			p = complain("is too short", fmt.Sprintf("allowed is %v to 720h", minPeriod))
		}
		if p != nil {
			return Shape{}, complain(fmt.Sprintf("has the period %s, which %s", show(rest), p.Message), p.Hint)
		}
		return Shape{Kind: Sine, Period: period}, nil
	}
	return Shape{}, complain("names "+show(strings.Join(words, " "))+", which is not a shape", shapeHint)
}

// Rate is the phase's rate as a scenario writes it, for example 5/s..100/s, or
// the recording that it replays.
func (p Phase) Rate() string {
	if p.Replay != nil {
		return "replay " + p.Replay.Path
	}
	from := rateText(p.From)
	if p.From == p.To {
		return from
	}
	rates := from + ".." + rateText(p.To)
	switch p.Shape.Kind {
	case Steps:
		return fmt.Sprintf("%s in %d steps", rates, p.Shape.Steps)
	case Spike:
		return rates + " spike"
	case Sine:
		return rates + " sine " + shortDuration(p.Shape.Period)
	}
	return rates
}

func rateText(rate float64) string { return strconv.FormatFloat(rate, 'f', -1, 64) + "/s" }

// shortDuration is 30s or 5m, where a Duration's own text is 5m0s.
func shortDuration(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// Expected is the integral of the phase's rate over its length: how many
// entries it plans, rounding aside.
func (p Phase) Expected() float64 {
	length := p.For.Seconds()
	mean := (p.From + p.To) / 2 * length // of all shapes but an unfinished wave
	switch {
	case p.Replay != nil:
		return float64(len(p.Replay.Until(p.For)))
	case p.Shape.Kind == Sine:
		period := p.Shape.Period.Seconds()
		sin := math.Sin(math.Pi * (p.For % p.Shape.Period).Seconds() / period)
		return mean + (p.To-p.From)/2*period/math.Pi*sin*sin
	}
	return mean
}

// highest is the phase's highest rate, in entries a second.
func (p Phase) highest() float64 {
	if p.Replay != nil {
		return float64(p.Replay.peak(p.For))
	}
	return max(p.From, p.To)
}
