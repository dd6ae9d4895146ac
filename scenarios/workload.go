package scenarios

import (
	"fmt"
	"strings"
)

const (
	maxChains = 100_000
	maxItems  = 100
	maxMarker = 64
	maxZipf   = 10
)

// What the generator puts into every entry, in bytes. Each ExtID costs 2 bytes
// more, for its length.
const (
	// ContentNonce begins the content of every entry and makes it unique; in
	// text and JSON it is written in hex.
	ContentNonce = 16
	// ChainNonce is ExtID 1 of a chain's first entry and makes the chain
	// unique.
	ChainNonce = 16
	// MinExtID and MaxExtID are the lengths of all other ExtIDs but the marker.
	MinExtID = 1
	MaxExtID = 32

	extIDLength = 2
)

// MinSize is the least payload, in bytes, that holds what every entry of the
// item must have, with the most ExtIDs that it may have. ExtID 0 is the marker,
// ExtID 1 of a chain's first entry has [ChainNonce] bytes.
func (i Item) MinSize(marker string) int {
	return i.around(marker, i.ExtIDs.Max, MinExtID) + i.Payload.Kind.MinContent(i.Kind)
}

// FileSize is the payload, in bytes, of an entry with so many ExtIDs whose
// content is a file, after the nonce if it has one.
func (i Item) FileSize(marker string, f File, extIDs int) int {
	return i.around(marker, extIDs, FileExtID) + FromFiles.MinContent(i.Kind) + len(f.Content)
}

// around is the size of all ExtIDs, where those that the item does not need have
// a given length.
func (i Item) around(marker string, extIDs, length int) int {
	size, more := extIDLength+len(marker), extIDs-1
	if i.Kind == KindChain {
		size += extIDLength + ChainNonce
		more--
	}
	return size + more*(extIDLength+length)
}

func (d *decoder) workload(n *node, w *Workload) bool {
	return d.sound(func() {
		markerOK, chainsOK, chooseOK := true, true, true
		items := []mixed{{item: w.Mix[0], node: n, ok: true}}
		d.fields(n,
			field{"chains", func(n *node) { chainsOK = whole[int](d, 0, maxChains)(n, &w.Chains) }},
			field{"choose", func(n *node) { chooseOK = d.choice(n, &w.Choose) }},
			field{"marker", func(n *node) { markerOK = d.marker(n, &w.Marker) }},
			field{"mix", func(n *node) { items = d.mix(n) }},
		)
		w.Mix = nil
		writesEntries := false
		for _, m := range items {
			if m.ok && markerOK {
				d.room(&m, w.Marker)
			}
			writesEntries = writesEntries || m.ok && m.item.Kind == KindEntry
			w.Mix = append(w.Mix, m.item)
		}
		if chainsOK && chooseOK {
			d.chains(n, w, writesEntries)
		}
	})
}

// chains judges the number of chains by the mix, which decides its default.
func (d *decoder) chains(n *node, w *Workload, writesEntries bool) {
	if n.get("chains") == nil && !writesEntries {
		w.Chains = 0
	}
	switch choose := n.get("choose"); {
	case w.Chains > 0:
	case writesEntries:
		d.report(n.get("chains"), "the mix writes entries, and there is no chain for them",
			"make at least 1 chain, or a mix of new chains alone: [{kind: chain, size: 200B}]")
	case choose != nil:
		d.report(choose, "there are no chains to choose from", "make at least 1 chain, or leave choose out")
	}
}

// choice reads single, uniform, or {zipf: 1.2}.
func (d *decoder) choice(n *node, dst *Choice) bool {
	const zipf = "write choose: {zipf: 1.2}"
	switch {
	case n.kind == mapping:
		choice := Choice{Kind: Zipf}
		ok := d.sound(func() {
			d.fields(n, field{"zipf", into(d.exponent, &choice.Zipf)})
			d.require(n, "zipf", zipf)
		})
		if ok {
			*dst = choice
		}
		return ok
	case n.kind == scalar && n.text == string(Zipf):
		d.report(n, "zipf needs its exponent", zipf)
		return false
	}
	*dst = Choice{}
	return oneOf(d, Uniform, Single)(n, &dst.Kind)
}

func (d *decoder) exponent(n *node, dst *float64) bool {
	return value(d, n, func(text string) (float64, *Problem) {
		s, unit, ok := number(text)
		if !ok || unit != "" || s <= 0 || s > maxZipf {
			return 0, complain("is not an exponent", fmt.Sprintf("allowed is above 0, up to %d: chain k has weight 1/k^s", maxZipf))
		}
		return s, nil
	}, dst)
}

func (d *decoder) marker(n *node, dst *string) bool {
	var text string
	if !d.scalar(n, &text) {
		return false
	}
	if text == "" || len(text) > maxMarker || strings.ContainsFunc(text, notASCII) {
		d.report(n, show(text)+" is not a marker", fmt.Sprintf("a marker has 1 to %d printable ASCII characters", maxMarker))
		return false
	}
	*dst = text
	return true
}

// mixed is an item of the mix, where it stands, and whether it can be judged as
// a whole.
type mixed struct {
	item Item
	node *node
	ok   bool
}

func (d *decoder) mix(n *node) []mixed {
	var items []mixed
	for _, item := range d.list(n, 1, maxItems) {
		m := mixed{node: item}
		m.ok = d.sound(func() { d.item(item, &m.item) })
		items = append(items, m)
	}
	return items
}

func (d *decoder) item(n *node, dst *Item) {
	// The kind decides the other defaults, so that it comes first.
	kind := DefaultKind // as a guess, where the key is wrong
	if k := n.get("kind"); k != nil && k.kind == scalar && k.text == string(KindChain) {
		kind = KindChain
	}
	*dst = defaultItem(kind)
	d.fields(n,
		field{"kind", into(oneOf(d, KindEntry, KindChain), &dst.Kind)},
		field{"weight", into(whole[int](d, 1, maxWeight), &dst.Weight)},
		field{"size", func(n *node) { d.sizes(n, dst) }},
		field{"extids", into(d.counts, &dst.ExtIDs)},
		field{"payload", into(d.payload, &dst.Payload)},
	)
	if size := n.get("size"); size != nil && dst.Payload.Kind == FromFiles {
		d.report(size, "the payload's files have sizes of their own", "leave size out, or choose another payload")
	}
	d.require(n, "kind", "write kind: entry or kind: chain")
	if extids := n.get("extids"); extids != nil && dst.ExtIDs.Min < defaultItem(kind).ExtIDs.Min {
		d.report(extids, fmt.Sprintf("%s %s needs at least %d", article(kind), kind, defaultItem(kind).ExtIDs.Min),
			"the first ExtID is the marker"+pick(", the second makes the chain unique", "", kind == KindChain))
	}
}

// room reports an item whose entries cannot hold what they must. It completes
// the sizes that depend on that.
func (d *decoder) room(m *mixed, marker string) {
	i := &m.item
	if i.Payload.Kind == FromFiles {
		d.filesFit(m, marker)
		return
	}
	need := i.MinSize(marker)
	if i.Size.Min >= need {
		if i.Lognormal != nil {
			i.Size.Min = need
		}
		return
	}
	at, size := m.node.get("size"), pick("the median", "size", i.Lognormal != nil)
	if at == nil {
		at, size = m.node, fmt.Sprintf("the default size %d..%dB", DefaultMinSize, DefaultMaxSize)
	}
	hint := fmt.Sprintf("%d bytes or more hold the marker, the nonce and %d ExtIDs", need, i.ExtIDs.Max)
	if need > MaxSize {
		hint = fmt.Sprintf("lower extids: an entry has at most %d bytes", MaxSize)
	}
	d.report(at, fmt.Sprintf("%s is too small for %s %s", size, article(i.Kind), i.Kind), hint)
}

func article(k Kind) string { return pick("an", "a", k == KindEntry) }
