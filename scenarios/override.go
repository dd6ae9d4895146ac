package scenarios

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// An Override puts a value in the place of one of the scenario file, or adds it.
type Override struct {
	// Path is the keys from the top, joined by dots, with the items of lists
	// counted from 0: load.phases[0].rate, or load.phases.0.rate.
	Path string
	// Value is a YAML value: 5/s, or [{for: 60s, rate: 5/s}].
	Value string
}

// ParseOverride reads path=value. The error is a [Problem].
func ParseOverride(arg string) (Override, error) {
	path, text, ok := strings.Cut(arg, "=")
	path = strings.TrimSpace(path)
	at := position{file: "--set " + clean(path)}
	if !ok {
		return Override{}, complain("there is no =", overrideHint).at(position{file: "--set"}, "")
	}
	if _, _, p := parsePath(path); p != nil {
		return Override{}, p.at(at, path)
	}
	return Override{path, text}, nil
}

const (
	overrideHint = "write --set load.in_flight=20, or --set 'load.phases[0].rate=5/s'"
	maxSteps     = maxNesting
)

// A step of a path is a key or the index of an item.
type step struct {
	text  string
	index bool
}

// parsePath splits a path and gives it the form that paths have in problems. A
// part of digits alone is an index: no key of a scenario is a number.
func parsePath(path string) (steps []step, normal string, p *Problem) {
	bad := complain("is not a path of the scenario", overrideHint)
	for part := range strings.SplitSeq(path, ".") {
		key, brackets, bracketed := strings.Cut(part, "[")
		parts := []string{key}
		if bracketed {
			inner, closed := strings.CutSuffix(brackets, "]")
			if !closed {
				return nil, "", bad
			}
			parts = append(parts, strings.Split(inner, "][")...)
		}
		for i, text := range parts {
			index := isDigits(text)
			if text == "" || strings.ContainsFunc(text, notInName) || i > 0 && !index || len(steps) >= maxSteps {
				return nil, "", bad
			}
			steps = append(steps, step{text, index})
			if index {
				normal += "[" + text + "]"
			} else {
				normal = join(normal, plainKey(text))
			}
		}
	}
	return steps, normal, nil
}

func isDigits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// override grafts a value into the tree. With no tree it checks the value alone.
func (d *decoder) override(root *node, o Override) {
	at := position{file: "--set " + clean(o.Path)}
	steps, path, p := parsePath(o.Path)
	if p != nil {
		d.problems = append(d.problems, p.at(at, o.Path))
		return
	}
	src := source{file: at.file, flag: true}
	value := src.read([]byte(o.Value), path, path[strings.LastIndexByte(path, '.')+1:])
	d.problems = append(d.problems, src.problems...)
	if value == nil || root == nil {
		return
	}
	slot := &root
	for i := range steps {
		if slot, p = descend(*slot, steps[i:], at); p != nil {
			d.problems = append(d.problems, p.at(at, path))
			return
		}
	}
	*slot = value
}

// descend finds the slot below n that the first step leads to. Keys that are
// absent are added; items are not.
func descend(n *node, steps []step, at position) (**node, *Problem) {
	const whole = "set it as a whole"
	s := steps[0]
	if n.kind == null && !s.index {
		n.kind, n.at = mapping, at
	}
	where := pick("the scenario", n.path, n.path == "")
	switch {
	case n.kind == sequence && s.index:
		if i, err := strconv.Atoi(s.text); err == nil && i < len(n.items) {
			return &n.items[i], nil
		}
		return nil, complain(fmt.Sprintf("%s has no item %s", where, s.text),
			fmt.Sprintf("it has %d, counted from 0; to add one set the whole list", len(n.items)))
	case n.kind == mapping && !s.index:
		for i := range n.members {
			if m := &n.members[i]; m.key == s.text {
				return &m.value, nil
			}
		}
		label := plainKey(s.text)
		if slices.ContainsFunc(steps, func(s step) bool { return s.index }) {
			return nil, complain(join(n.path, label)+" is not in the file", whole)
		}
		added := &node{kind: null, at: at, path: join(n.path, label), label: label}
		n.members = append(n.members, member{s.text, at, added})
		return &n.members[len(n.members)-1].value, nil
	case n.kind == null:
		return nil, complain(where+" is not in the file", whole)
	case s.index:
		return nil, complain(where+" is not a list", overrideHint)
	}
	return nil, complain(fmt.Sprintf("%s is %s and has no key %s", where, n.kind, s.text), overrideHint)
}
