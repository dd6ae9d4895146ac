package generator

import (
	"strconv"

	"github.com/FactomProject/factom-load/internal/factomd"
	"github.com/FactomProject/factom-load/results"
	"github.com/FactomProject/factom-load/scenarios"
)

// A job is a slot with everything that it takes to send it. Jobs are used again:
// their buffers only grow to the largest entry.
type job struct {
	slot   slot
	at     int64 // planned instant, nanoseconds since the run's start
	ref    results.Ref
	waited bool // for room in flight
	hash   factomd.Hash
	chain  factomd.Hash
	commit []byte // body of the commit request
	reveal []byte // body of the reveal request

	binary []byte
	signed []byte // the part of the commit that is signed
	extIDs [][]byte
	random []byte
}

// A composer makes the bytes of entries and signs their commits.
type composer struct {
	marker []byte
	bytes  source
	keys   []factomd.Key
	chains []factomd.Hash // made by the setup
	random stream
	batch  factomd.SignatureBatch
	begun  []*job // in the batch
}

func newComposer(seed uint64, salt, marker string, keys []factomd.Key, chains int) *composer {
	return &composer{
		marker: []byte(marker),
		bytes:  newSource("bytes", strconv.FormatUint(seed, 10), salt),
		keys:   keys,
		chains: make([]factomd.Hash, chains),
	}
}

// keyOf is the number of the key that signs the commit of a slot.
func (c *composer) keyOf(s *slot) int { return int(s.index % uint64(len(c.keys))) }

// compose makes the entry of j.slot and its two requests. ms is the commit's
// time stamp, Unix time in milliseconds.
func (c *composer) compose(j *job, ms int64) {
	c.add(j, ms)
	c.sign()
}

// add begins an entry, which lacks its commit request until sign is called:
// signatures that are made together cost less.
func (c *composer) add(j *job, ms int64) {
	c.prepare(j, ms)
	c.batch.Add(c.keys[c.keyOf(&j.slot)], j.signed)
	c.begun = append(c.begun, j)
}

// sign completes what was added.
func (c *composer) sign() {
	c.batch.Sign(func(i int, signature [64]byte) {
		j := c.begun[i]
		var buffer [200]byte
		commit := append(buffer[:0], j.signed...)
		commit = factomd.AppendSignature(commit, c.keys[c.keyOf(&j.slot)], signature)
		method := factomd.MethodCommitEntry
		if j.slot.kind == results.KindChain {
			method = factomd.MethodCommitChain
		}
		j.commit = factomd.AppendSubmit(j.commit[:0], method, factomd.ParamMessage, commit)
	})
	c.batch.Reset()
	c.begun = c.begun[:0]
}

// prepare makes the entry of j.slot, its reveal request, and what is to be signed
// of its commit.
func (c *composer) prepare(j *job, ms int64) {
	s := &j.slot
	e := c.entry(j)
	if s.kind == results.KindChain {
		e.ChainID = factomd.ChainID(e.ExtIDs)
		if s.phase == results.SetupPhase {
			c.chains[s.chain] = e.ChainID
		}
	} else {
		e.ChainID = c.chains[s.chain]
	}
	j.chain = e.ChainID
	j.binary = e.Append(j.binary[:0])
	j.hash = factomd.EntryHash(j.binary)

	method := factomd.MethodRevealEntry
	if s.kind == results.KindChain {
		method = factomd.MethodRevealChain
		j.signed = factomd.AppendUnsignedCommitChain(j.signed[:0], ms, j.chain, j.hash, s.credits)
	} else {
		j.signed = factomd.AppendUnsignedCommitEntry(j.signed[:0], ms, j.hash, s.credits)
	}
	j.reveal = factomd.AppendSubmit(j.reveal[:0], method, factomd.ParamEntry, j.binary)
}

// entry makes the ExtIDs and the content of j.slot: the marker, in a new chain
// a nonce that makes its id unique, further ExtIDs of 1 to 32 bytes, and the
// rest as content, all random but what the payload says of the content. The sum
// is the slot's size.
func (c *composer) entry(j *job) factomd.Entry {
	s, r := &j.slot, &c.random
	r.at(c.bytes, s.index)
	if cap(j.random) < s.size {
		j.random = make([]byte, factomd.MaxPayload)
	}
	rest := j.random[:s.size]
	r.fill(rest)
	take := func(n int) []byte {
		b := rest[:n:n]
		rest = rest[n:]
		return b
	}

	free := s.size - 2 - len(c.marker) // what is left for other ExtIDs and the content
	j.extIDs = append(j.extIDs[:0], c.marker)
	more, kind := s.extIDs-1, scenarios.KindEntry // further ExtIDs
	if s.kind == results.KindChain {
		j.extIDs = append(j.extIDs, take(scenarios.ChainNonce))
		free -= 2 + scenarios.ChainNonce
		more, kind = s.extIDs-2, scenarios.KindChain
	}
	least := s.payload.MinContent(kind)
	for ; more > 0; more-- {
		n := scenarios.FileExtID
		if s.file == nil {
			most := free - 2 - (more-1)*(2+scenarios.MinExtID) - least
			n = r.between(scenarios.MinExtID, min(scenarios.MaxExtID, most))
		}
		j.extIDs = append(j.extIDs, take(n))
		free -= 2 + n
	}
	content := take(free)
	write(content, s.payload, least, s.file)
	return factomd.Entry{ExtIDs: j.extIDs, Content: content}
}
