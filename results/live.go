package results

import (
	"maps"
	"slices"
)

// pageSize is how many entries that follow on each other a page has room for.
const pageSize = 32

// liveEntries are the entries that are outstanding at one point of a record, by index.
// Indexes follow on each other but for gaps, and what is said of neighbours is close
// together in a record, so that a page is found faster than an entry among all. In a
// record that was made to have every entry in a page of its own, an entry takes some two
// and a half times the memory: still a multiple of its bytes in the record, and no more.
// The zero value is empty.
type liveEntries struct {
	pages map[uint64]*livePage // by number
	last  *livePage            // that was looked for, or nil
	n     int                  // entries
}

// A livePage has the entries from index number * pageSize on.
type livePage struct {
	number  uint64
	n       int // entries: never 0
	entries [pageSize]*joined
}

// page returns the page of an index, or nil.
func (l *liveEntries) page(index uint64) *livePage {
	if l.last == nil || l.last.number != index/pageSize {
		l.last = l.pages[index/pageSize]
	}
	return l.last
}

// get returns the entry with an index, or nil.
func (l *liveEntries) get(index uint64) *joined {
	if p := l.page(index); p != nil {
		return p.entries[index%pageSize]
	}
	return nil
}

// add takes in an entry with an index that no other has.
func (l *liveEntries) add(e *joined) {
	p := l.page(e.Index)
	if p == nil {
		if l.pages == nil {
			l.pages = map[uint64]*livePage{}
		}
		p = &livePage{number: e.Index / pageSize}
		l.pages[p.number], l.last = p, p
	}
	p.entries[e.Index%pageSize] = e
	p.n++
	l.n++
}

// remove lets go of an entry that is there.
func (l *liveEntries) remove(index uint64) {
	p := l.page(index)
	p.entries[index%pageSize] = nil
	p.n--
	l.n--
	if p.n == 0 {
		delete(l.pages, p.number)
		l.last = nil
	}
}

// sorted returns the entries in the order of their indexes.
func (l *liveEntries) sorted() []*joined {
	all := make([]*joined, 0, l.n)
	for _, number := range slices.Sorted(maps.Keys(l.pages)) {
		for _, e := range l.pages[number].entries {
			if e != nil {
				all = append(all, e)
			}
		}
	}
	return all
}
