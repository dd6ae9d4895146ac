package scenarios

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The limits of a scenario's values.
const (
	// MaxRate is in entries a second.
	MaxRate = 100_000
	// MaxDuration is the longest phase and the longest wait.
	MaxDuration = 30 * 24 * time.Hour
	// MaxSize is the most payload bytes of an entry that the network takes.
	MaxSize = 10_240
	// MaxSlots is the most entries that a load may plan.
	MaxSlots = 1_000_000_000

	maxBlocks    = 1000
	maxRateSteps = 1000
	minPeriod    = 100 * time.Millisecond
)

const (
	rateHint     = "a rate is written 50/s, 3000/min or 0.5/s, a ramp 5/s..100/s"
	durationHint = "a duration is written 10s, 1m30s or 2h"
	spanHint     = "a span is written 90s or 3blocks"
	sizeHint     = "a size is written 200B, 1kB (1000 bytes), 1KiB (1024 bytes) or 100..1000B"
	countHint    = "a count is written 2, or 1..3 for a range"
)

// ParseRate reads a rate, 50/s, 3000/min or 0.5/s, or a ramp, 5/s..100/s, where
// the first unit may be left out. Rates are in entries a second, 0 to [MaxRate];
// from equals to for a rate that stays. The error is a [Problem].
func ParseRate(text string) (from, to float64, err error) {
	from, to, p := parseRate(text)
	if p != nil {
		problem := p.at(position{}, "")
		problem.Message = show(text) + " " + problem.Message
		return 0, 0, problem
	}
	return from, to, nil
}

// The parsers below return a problem whose message continues the quoted text,
// as in: "50" has no unit.

func parseRate(text string) (from, to float64, p *Problem) {
	first, last, ramp := strings.Cut(text, "..")
	to, unit, p := oneRate(pick(last, first, ramp), "")
	if p != nil || !ramp {
		return to, to, p
	}
	from, _, p = oneRate(first, unit)
	return from, to, p
}

// pick is a when first is true, else b.
func pick(a, b string, first bool) string {
	if first {
		return a
	}
	return b
}

func oneRate(text, inherited string) (rate float64, unit string, p *Problem) {
	rate, unit, ok := number(text)
	if unit == "" {
		unit = inherited
	}
	unit = strings.ReplaceAll(unit, " ", "")
	switch {
	case !ok:
		return 0, "", complain("is not a rate", rateHint)
	case unit == "":
		return 0, "", complain("has no unit", fmt.Sprintf("say per what: %s/s or %[1]s/min", strings.TrimSpace(text)))
	case unit == "/min":
		rate /= 60
	case unit != "/s":
		return 0, "", complain("has a unit that is not one of rates", rateHint)
	}
	if rate > MaxRate {
		return 0, "", complain(fmt.Sprintf("is more than %d/s", MaxRate), "no Factom node takes a hundredth of that")
	}
	return rate, unit, nil
}

func parseDuration(text string) (time.Duration, *Problem) {
	d, err := time.ParseDuration(text)
	_, unit, isNumber := number(text)
	switch {
	case isNumber && unit == "" && text != "0":
		return 0, complain("has no unit", fmt.Sprintf("for seconds write %ss; %s", strings.TrimSpace(text), durationHint))
	case isNumber && (unit == "d" || unit == "days" || unit == "day"):
		return 0, complain("has a unit that is not one of durations", "a day is 24h")
	case err != nil:
		return 0, complain("is not a duration", durationHint)
	case d <= 0:
		return 0, complain("is not above 0", durationHint)
	case d > MaxDuration:
		return 0, complain("is more than 30 days", durationHint)
	}
	return d, nil
}

func parseSpan(text string) (Span, *Problem) {
	blocks, unit, ok := number(text)
	if ok && (unit == "block" || unit == "blocks") {
		switch {
		case blocks == 0:
			return Span{}, complain("is not above 0", spanHint)
		case blocks > maxBlocks:
			return Span{}, complain(fmt.Sprintf("is more than %d blocks", maxBlocks), spanHint)
		}
		return Span{Blocks: blocks}, nil
	}
	if ok && unit == "" {
		return Span{}, complain("has no unit", fmt.Sprintf("write %ss for seconds, or %[1]sblocks", strings.TrimSpace(text)))
	}
	d, p := parseDuration(text)
	if p != nil && p.Hint == durationHint {
		p.Hint = spanHint
	}
	return Span{Time: d}, p
}

func parseSizes(text string) (Range, *Problem) {
	first, last, isRange := strings.Cut(text, "..")
	high, unit, p := oneSize(pick(last, first, isRange), "")
	if p != nil || !isRange {
		return Range{high, high}, p
	}
	low, _, p := oneSize(first, unit)
	if p != nil {
		return Range{}, p
	}
	if low > high {
		return Range{}, complain("ends before it begins", "a unit counts for both ends unless each has its own, as in 100B..1KiB")
	}
	return Range{low, high}, nil
}

func oneSize(text, inherited string) (size int, unit string, p *Problem) {
	bytes, unit, ok := number(text)
	if unit == "" {
		unit = inherited
	}
	switch {
	case !ok:
		return 0, "", complain("is not a size", sizeHint)
	case unit == "":
		return 0, "", complain("has no unit", fmt.Sprintf("write %sB; %s", strings.TrimSpace(text), sizeHint))
	case unit == "B":
	case unit == "kB":
		bytes *= 1000
	case unit == "KiB":
		bytes *= 1024
	default:
		return 0, "", complain("has a unit that is not one of sizes", sizeHint)
	}
	switch {
	case bytes != math.Trunc(bytes):
		return 0, "", complain("is not a whole number of bytes", sizeHint)
	case bytes > MaxSize:
		return 0, "", complain(fmt.Sprintf("is more than %d bytes", MaxSize), "that is the most that an entry may have: content, ExtIDs and 2 bytes for each ExtID")
	}
	return int(bytes), unit, nil
}

func parseCounts(text string) (Range, *Problem) {
	first, last, isRange := strings.Cut(text, "..")
	low, p := parseWhole(strings.TrimSpace(first), 0, MaxSize)
	if p != nil || !isRange {
		if p != nil {
			p.Hint = countHint
		}
		return Range{int(low), int(low)}, p
	}
	high, p := parseWhole(strings.TrimSpace(last), 0, MaxSize)
	if p != nil {
		p.Hint = countHint
		return Range{}, p
	}
	if low > high {
		return Range{}, complain("ends before it begins", countHint)
	}
	return Range{int(low), int(high)}, nil
}

// parseWhole reads a whole number in plain decimal digits: what other spellings
// mean depends on the version of YAML.
func parseWhole(text string, low, high uint64) (uint64, *Problem) {
	limits := fmt.Sprintf("%d to %d", low, high)
	n, err := strconv.ParseUint(text, 10, 64)
	plain := err == nil && strconv.FormatUint(n, 10) == text
	digits := text != "" && strings.Trim(text, "0123456789") == ""
	switch {
	case plain && n >= low && n <= high:
		return n, nil
	case plain || digits && err != nil:
		return 0, complain("is out of range", "allowed is "+limits)
	case digits:
		return 0, complain("begins with a zero", "write "+strconv.FormatUint(n, 10))
	}
	return 0, complain("is not a whole number", "allowed is "+limits+", in plain digits")
}

// number splits text into a decimal number, without sign or exponent, and what
// follows it.
func number(text string) (value float64, unit string, ok bool) {
	text = strings.TrimSpace(text)
	end := strings.IndexFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
	if end < 0 {
		end = len(text)
	}
	digits := text[:end]
	if digits == "" || digits[0] == '.' || digits[end-1] == '.' {
		return 0, "", false
	}
	value, err := strconv.ParseFloat(digits, 64)
	return value, strings.TrimSpace(text[end:]), err == nil
}
