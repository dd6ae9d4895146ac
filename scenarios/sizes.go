package scenarios

import (
	"cmp"
	"fmt"
	"slices"
)

const (
	maxSizes = 100
	maxSigma = 5
)

const sizesHint = sizeHint + "; or {100B: 80, 1KiB: 20} with weights, or {lognormal: {median: 300B, sigma: 0.8}}"

// sizes reads a size, a range, a list with weights, or {lognormal: ...}.
func (d *decoder) sizes(n *node, i *Item) {
	i.Sizes, i.Lognormal = nil, nil
	switch {
	case n.kind != mapping:
		value(d, n, parseSizes, &i.Size)
	case n.get("lognormal") != nil:
		d.fields(n, field{"lognormal", func(n *node) { d.lognormal(n, i) }})
	default:
		d.sizeList(n, i)
	}
}

// sizeList reads {100B: 80, 1KiB: 20}.
func (d *decoder) sizeList(n *node, i *Item) {
	if len(n.members) == 0 || len(n.members) > maxSizes {
		d.report(n, fmt.Sprintf("has %d sizes", len(n.members)), fmt.Sprintf("allowed is 1 to %d; %s", maxSizes, sizesHint))
		return
	}
	seen := make(map[int]bool)
	for _, m := range n.members {
		bytes, _, p := oneSize(m.key, "")
		s := Size{Bytes: bytes}
		switch {
		case p != nil:
			d.member(n, m, show(m.key)+" "+p.Message, pick(sizesHint, p.Hint, p.Hint == sizeHint))
		case seen[bytes]:
			d.member(n, m, fmt.Sprintf("the size %dB is here twice", bytes), "add the weights up")
		case m.value.kind == null:
			d.member(n, m, m.key+" has no weight", "write {100B: 80, 1KiB: 20}")
		case whole[int](d, 1, maxWeight)(m.value, &s.Weight):
			i.Sizes = append(i.Sizes, s)
		}
		seen[bytes] = seen[bytes] || p == nil
	}
	slices.SortFunc(i.Sizes, func(a, b Size) int { return cmp.Compare(a.Bytes, b.Bytes) })
	if len(i.Sizes) > 0 {
		i.Size = Range{i.Sizes[0].Bytes, i.Sizes[len(i.Sizes)-1].Bytes}
	}
	if len(i.Sizes) == 1 {
		i.Sizes = nil // the same as 100B
	}
}

// lognormal reads {median: 300B, sigma: 0.8, max: 10240B}. The least size is
// what the item needs, which is known later.
func (d *decoder) lognormal(n *node, i *Item) {
	l, most := Lognormal{}, DefaultLognormalMax
	ok := d.sound(func() {
		d.fields(n,
			field{"median", into(d.size, &l.Median)},
			field{"sigma", into(d.sigma, &l.Sigma)},
			field{"max", into(d.size, &most)},
		)
		d.require(n, "median", "half of the entries are smaller: median: 300B")
		d.require(n, "sigma", "the standard deviation of the size's natural logarithm: sigma: 0.8")
	})
	switch {
	case !ok:
	case l.Median > most:
		d.report(n.get("median"), "is above max", fmt.Sprintf("max is %dB", most))
	default:
		i.Lognormal, i.Size = &l, Range{l.Median, most}
	}
}

func (d *decoder) size(n *node, dst *int) bool {
	return value(d, n, func(text string) (int, *Problem) {
		bytes, _, p := oneSize(text, "")
		return bytes, p
	}, dst)
}

func (d *decoder) sigma(n *node, dst *float64) bool {
	return value(d, n, func(text string) (float64, *Problem) {
		s, unit, ok := number(text)
		if !ok || unit != "" || s <= 0 || s > maxSigma {
			return 0, complain("is not a sigma", fmt.Sprintf("allowed is above 0, up to %d; two thirds of the sizes lie between median/e^sigma and median*e^sigma", maxSigma))
		}
		return s, nil
	}, dst)
}
