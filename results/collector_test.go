package results

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"runtime"
	"slices"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// A story is what was told of one entry, kept in the plainest way.
type story struct {
	Planned
	ref       Ref
	told      bool // what became of its calls
	skipped   bool
	late      bool  // skipped because it was too late
	givenUp   int64 // when, if late
	waited    bool  // likewise
	sub       Submission
	accepted  int64 // the first instant that was told in time
	confirmed int64
	height    uint32
	commit    bool
	listed    bool // by the audit
	inSample  bool
}

func (s *story) sent() bool { return s.told && s.sub.Sent != Never }

// gone reports whether nothing that is told of the entry can count any more.
func (s *story) gone() bool {
	return s.skipped || s.told && s.confirmed != Never || s.neverSent()
}

// neverSent reports whether not even the commit went out. The setup's entries
// are kept all the same.
func (s *story) neverSent() bool {
	return s.told && s.sub.Err != nil && s.sub.Sent == Never && !rejects(s.sub.Err) && s.Phase != SetupPhase
}

func rejects(err error) bool {
	var f *factomd.Failure
	return errors.As(err, &f) && f.Rejected
}

// A collectorModel tells a collector random stories, and knows what must come
// of them.
type collectorModel struct {
	c       *Collector
	log     bytes.Buffer
	now     int64
	stories []*story
	chains  map[factomd.Hash]bool // of the setup
	polls   []poll
	saved   uint32
	read    uint32
	blocks  []Block
	lastOwn int64
}

type poll struct {
	sent  int64
	saved uint32
}

const firstHeight = 100

func newCollectorModel() *collectorModel {
	m := &collectorModel{chains: map[factomd.Hash]bool{}, saved: firstHeight, read: firstHeight, lastOwn: Never}
	m.c = NewCollector(&m.log)
	m.c.Offer(func(h factomd.Hash) bool { return h[31]%3 == 0 })
	return m
}

func (m *collectorModel) tick(t *rapid.T) int64 {
	m.now += rapid.Int64Range(1, 1000).Draw(t, "time passes")
	return m.now
}

// pick draws one of the stories that fit.
func (m *collectorModel) pick(t *rapid.T, fits func(*story) bool) *story {
	var list []*story
	for _, s := range m.stories {
		if fits(s) {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		t.Skip("no such entry")
	}
	return rapid.SampledFrom(list).Draw(t, "entry")
}

// anyHash draws the hash of any entry that there ever was, or of none.
func (m *collectorModel) anyHash(t *rapid.T) (factomd.Hash, *story) {
	i := rapid.IntRange(-1, len(m.stories)-1).Draw(t, "hash")
	if i < 0 {
		return testHash('x', 1), nil
	}
	return m.stories[i].Hash, m.stories[i]
}

func (m *collectorModel) draw(t *rapid.T) *story {
	index := uint64(len(m.stories))
	s := &story{accepted: Never, confirmed: Never}
	s.Planned = Planned{
		Index: index, Hash: entryHash(index), At: m.now,
		Endpoint: rapid.IntRange(0, 2).Draw(t, "endpoint"),
		Size:     rapid.IntRange(0, 10240).Draw(t, "size"), Credits: rapid.IntRange(1, 20).Draw(t, "credits"),
		Phase: rapid.IntRange(1, 2).Draw(t, "phase"),
	}
	parents := []int{}
	for _, p := range m.stories {
		if p.Phase == SetupPhase && !p.Hash.IsZero() {
			parents = append(parents, int(p.Index))
		}
	}
	switch kind := rapid.IntRange(0, 3).Draw(t, "kind"); {
	case kind == 0:
		s.Kind, s.Chain = KindChain, chainHash(index)
	case kind == 1, len(parents) == 0:
		s.Kind, s.Chain, s.Phase = KindChain, chainHash(index), SetupPhase
	default:
		s.Parent = rapid.SampledFrom(parents).Draw(t, "parent")
	}
	return s
}

func (m *collectorModel) plan(t *rapid.T) {
	var batch []Planned
	for range rapid.IntRange(1, 3).Draw(t, "batch") {
		s := m.draw(t)
		m.stories = append(m.stories, s)
		m.chains[s.Chain] = m.chains[s.Chain] || s.Phase == SetupPhase
		batch = append(batch, s.Planned)
	}
	refs, err := m.c.Plan(batch, nil)
	if err != nil {
		t.Fatalf("planning: %v", err)
	}
	for i, ref := range refs {
		m.stories[len(m.stories)-len(refs)+i].ref = ref
	}
}

// planUnsent plans an entry that is skipped before it is composed.
func (m *collectorModel) planUnsent(t *rapid.T) {
	s := m.draw(t)
	s.Hash, s.Chain, s.skipped = factomd.Hash{}, factomd.Hash{}, true
	refs, err := m.c.Plan([]Planned{s.Planned}, nil)
	if err != nil {
		t.Fatalf("planning: %v", err)
	}
	m.stories = append(m.stories, s)
	m.c.Skip(refs[0])
}

// planTwice plans an entry and another with the bytes of one that is on its
// way: the second is refused, and not on record.
func (m *collectorModel) planTwice(t *rapid.T) {
	on := m.pick(t, func(s *story) bool { return !s.gone() && !s.Hash.IsZero() })
	s := m.draw(t)
	twin := s.Planned
	twin.Index, twin.Hash = s.Index+1, on.Hash
	refs, err := m.c.Plan([]Planned{s.Planned, twin}, nil)
	if err == nil || len(refs) != 1 {
		t.Fatalf("an entry with the hash of another was planned: %d refs, %v", len(refs), err)
	}
	s.ref = refs[0]
	m.stories = append(m.stories, s)
	m.chains[s.Chain] = m.chains[s.Chain] || s.Phase == SetupPhase
}

func (m *collectorModel) skip(t *rapid.T) {
	s := m.pick(t, func(s *story) bool { return !s.told && !s.skipped && s.confirmed == Never && s.accepted == Never })
	s.skipped = true
	m.c.Skip(s.ref)
}

func (m *collectorModel) giveUp(t *rapid.T) {
	s := m.pick(t, func(s *story) bool { return !s.told && !s.skipped && s.confirmed == Never && s.accepted == Never })
	s.skipped, s.late = true, true
	s.givenUp, s.waited = max(s.At, m.tick(t)), rapid.Bool().Draw(t, "waited")
	m.c.GiveUp(s.ref, s.givenUp, s.waited)
}

func (m *collectorModel) submitted(t *rapid.T) {
	m.tellSubmission(t, m.pick(t, func(s *story) bool { return !s.told && !s.skipped }))
}

func (m *collectorModel) tellSubmission(t *rapid.T, s *story) {
	sub := Submission{Sent: m.now, Committed: Never, Revealed: Never,
		Late: rapid.Bool().Draw(t, "late"), Waited: rapid.Bool().Draw(t, "waited")}
	switch rapid.SampledFrom([]string{"success", "success", "success", "refused", "refused reveal", "broken", "timeout", "never sent"}).Draw(t, "result") {
	case "success":
		sub.Committed, sub.Revealed = m.tick(t), m.tick(t)
	case "refused":
		sub.Committed, sub.Err = m.tick(t), errRefused
	case "refused reveal":
		sub.Committed, sub.Revealed, sub.Err = m.tick(t), m.tick(t), errRefused
	case "broken":
		sub.Err = errBroken
	case "timeout":
		sub.Committed, sub.Err = m.tick(t), fmt.Errorf("revealing: %w", io.ErrUnexpectedEOF)
	case "never sent":
		sub.Sent, sub.Err = Never, errDown
	}
	s.told, s.sub = true, sub
	s.inSample = sub.Err == nil && s.confirmed == Never && s.Hash[31]%3 == 0
	m.c.Submitted(s.ref, sub)
}

func (m *collectorModel) commit(t *rapid.T) {
	hash, s := m.anyHash(t)
	m.c.Commit(hash)
	if s != nil {
		s.commit = true
	}
}

func (m *collectorModel) accept(t *rapid.T) {
	hash, s := m.anyHash(t)
	at := m.tick(t)
	m.c.Accept(hash, at)
	if s != nil && !s.gone() && s.accepted == Never && s.confirmed == Never {
		s.accepted, s.commit = at, true
	}
}

// poll is a poll of the node, or of one that is behind.
func (m *collectorModel) poll(t *rapid.T) {
	if rapid.Bool().Draw(t, "a block was saved") {
		m.saved++
	}
	saved := m.saved - uint32(rapid.SampledFrom([]int{0, 0, 0, 1, 2}).Draw(t, "behind"))
	m.polls = append(m.polls, poll{m.tick(t), saved})
	m.c.Polled(m.now, saved)
}

func (m *collectorModel) block(t *rapid.T) {
	if m.read == m.saved {
		t.Skip("all blocks are read")
	}
	m.read++
	b := Block{Height: m.read, Seen: m.tick(t)}
	sight := Sighting{Height: b.Height, Seen: b.Seen, Chains: []factomd.Hash{testHash('x', 2)}, Entries: []factomd.Hash{testHash('x', 3)}}
	b.Entries = 1
	for _, s := range m.stories {
		if s.Hash.IsZero() || !rapid.Bool().Draw(t, "in it") {
			continue
		}
		// Others may write what was skipped here, and an entry may come again.
		if s.Kind == KindChain && s.Phase != SetupPhase {
			sight.Chains = append(sight.Chains, s.Chain)
		} else {
			sight.Entries = append(sight.Entries, s.Hash)
			b.Entries++
		}
		if s.gone() || s.confirmed != Never {
			continue
		}
		if s.Kind == KindChain && s.Phase != SetupPhase {
			b.Entries++
		}
		if s.inSample && s.accepted == Never {
			s.accepted = b.Seen
		}
		s.confirmed, s.height = b.Seen, b.Height
		b.Own++
		m.lastOwn = b.Seen
	}
	m.blocks = append(m.blocks, b)
	m.c.Block(sight)
}

// audit tells what an audit found out about one of the missing.
func (m *collectorModel) audit(t *rapid.T) {
	missing := m.c.Missing()
	if len(missing) == 0 {
		t.Skip("nothing is missing")
	}
	e := rapid.SampledFrom(missing).Draw(t, "missing")
	s := m.stories[slices.IndexFunc(m.stories, func(s *story) bool { return s.Hash == e.Hash })]
	e.Commit = e.Commit || rapid.Bool().Draw(t, "commit")
	accepted := rapid.Bool().Draw(t, "accepted")
	e.Accepted = e.Accepted || accepted
	s.commit = s.commit || e.Commit
	s.listed = s.listed || accepted && s.accepted == Never
	m.c.Audited(e)
}

// missed reports whether the two blocks that could hold an accepted entry were
// read and lack it: those after the saved height that the first poll sent after
// the acceptance saw. A node that is behind does not lower the height.
func (m *collectorModel) missed(s *story) bool {
	var highest uint32
	for _, p := range m.polls {
		highest = max(highest, p.saved)
		if s.accepted != Never && p.sent > s.accepted {
			return len(m.blocks) > 0 && m.read >= highest+2
		}
	}
	return false
}

// outcome is the design's table.
func (m *collectorModel) outcome(s *story) (Outcome, Stage) {
	paid := NoStage
	if s.commit || s.accepted != Never {
		paid = StageReveal
	}
	switch {
	case s.skipped:
		return Skipped, NoStage
	case s.confirmed != Never:
		return Confirmed, NoStage
	case s.neverSent():
		return Failed, NoStage
	case s.accepted != Never && !m.missed(s), s.listed:
		return Accepted, NoStage
	case rejects(s.sub.Err):
		return Rejected, paid
	case s.sub.Err != nil:
		return Failed, paid
	case s.accepted != Never:
		return Lost, StageAccepted
	case s.commit:
		return Lost, StageReveal
	}
	return Lost, StageCommit
}

// entry is the life that the record must have of a story.
func (m *collectorModel) entry(s *story, finished bool) Entry {
	e := Entry{
		Index: s.Index, Hash: s.Hash, Chain: s.Chain, Kind: s.Kind, Phase: s.Phase, Endpoint: s.Endpoint,
		Size: s.Size, Credits: s.Credits, Planned: s.At,
		Sent: Never, Committed: Never, Revealed: Never, Accepted: s.accepted, Confirmed: s.confirmed, Height: s.height,
		GivenUp: Never,
	}
	if s.late {
		e.GivenUp, e.Waited = s.givenUp, s.waited
	}
	if s.Kind == KindEntry && !s.Hash.IsZero() {
		e.Chain = m.stories[s.Parent].Chain
	}
	if s.told {
		e.Sent, e.Committed, e.Revealed, e.Late, e.Waited = s.sub.Sent, s.sub.Committed, s.sub.Revealed, s.sub.Late, s.sub.Waited
		if s.sub.Err != nil {
			rejected, code, message := factomd.Classify(s.sub.Err)
			e.Error = &Error{Rejected: rejected, Code: code, Message: message}
		}
	}
	if e.Outcome, e.Stage = m.outcome(s); !finished && !s.skipped && !s.neverSent() && s.confirmed == Never {
		e.Outcome, e.Stage = Pending, NoStage
	}
	e.Ambiguous = e.Outcome == Confirmed && e.Error != nil
	return e
}

// check compares the record with the stories.
func (m *collectorModel) check(t *rapid.T, finished bool) {
	entries, blocks, summary := readAll(t, m.log.Bytes())
	want := map[uint64]Entry{}
	for _, s := range m.stories {
		want[s.Index] = m.entry(s, finished)
	}
	if diff := gocmp.Diff(want, entries); diff != "" {
		t.Fatalf("lives (-want +got):\n%s", diff)
	}
	if diff := gocmp.Diff(m.blocks, blocks); diff != "" {
		t.Fatalf("blocks (-want +got):\n%s", diff)
	}
	if summary.Complete != finished {
		t.Fatalf("finished %v, summary %+v", finished, summary)
	}
}

// counts checks what the collector says of itself while it runs.
func (m *collectorModel) counts(t *rapid.T) {
	var want Counts
	var kept, pending, broken, awaited, awaitedAccept, chains int
	var missing []factomd.Hash
	for _, s := range m.stories {
		want.Planned++
		if s.accepted != Never {
			want.Accepted++
		}
		if s.confirmed != Never {
			want.Confirmed++
		}
		ok := s.told && s.sub.Err == nil
		switch {
		case s.skipped:
			want.Skipped++
		case s.told && rejects(s.sub.Err):
			want.Rejected++
		case s.told && !ok:
			want.Failed++
		case ok && s.confirmed == Never:
			want.Outstanding++
			missing = append(missing, s.Hash)
		}
		if s.told {
			want.Submitted++
		}
		if s.gone() {
			continue
		}
		kept++
		if s.Kind == KindChain && s.Phase != SetupPhase && s.confirmed == Never {
			chains++
		}
		if s.Phase == SetupPhase && s.accepted == Never && s.confirmed == Never {
			pending++
			if s.told && !ok {
				broken++
			}
		}
		if !s.sent() || rejects(s.sub.Err) && s.accepted == Never || s.accepted != Never && m.missed(s) {
			continue
		}
		awaited++
		if s.accepted == Never {
			awaitedAccept++
		}
	}
	if got := m.c.Counts(); got != want {
		t.Fatalf("counts are %+v, not %+v", got, want)
	}
	if got := inUse(m.c); got != kept {
		t.Fatalf("%d lives are held, not %d", got, kept)
	}
	if len(m.c.byHash) != kept || len(m.c.begun) != chains || len(m.c.begins) > kept {
		t.Fatalf("%d hashes and %d, %d chains are held, not %d and %d", len(m.c.byHash), len(m.c.begun), len(m.c.begins), kept, chains)
	}
	if p, b := m.c.Setup(); p != pending || b != broken {
		t.Fatalf("%d of the setup pending, %d broken, not %d, %d", p, b, pending, broken)
	}
	if n, last := m.c.Awaited(false); n != awaited || last != m.lastOwn {
		t.Fatalf("%d awaited, last own block at %d; not %d, %d", n, last, awaited, m.lastOwn)
	}
	if n, _ := m.c.Awaited(true); n != awaitedAccept {
		t.Fatalf("%d awaited until accepted, not %d", n, awaitedAccept)
	}
	var got []factomd.Hash
	for _, e := range m.c.Missing() {
		got = append(got, e.Hash)
	}
	if !slices.Equal(got, missing) {
		t.Fatalf("missing are %v, not %v", got, missing)
	}
}

// Whatever a run meets, in whatever order, each planned entry comes to the one
// outcome that the design's table demands, and its record tells the same life.
func TestCollectorModel(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newCollectorModel()
		t.Repeat(map[string]func(*rapid.T){
			"plan":        m.plan,
			"plan unsent": m.planUnsent,
			"plan twice":  m.planTwice,
			"skip":        m.skip,
			"giveUp":      m.giveUp,
			"submitted":   m.submitted,
			"submitted 2": m.submitted, // twice as often
			"commit":      m.commit,
			"accept":      m.accept,
			"poll":        m.poll,
			"block":       m.block,
			"audit":       m.audit,
			"":            m.counts,
		})
		if err := m.c.Flush(); err != nil {
			t.Fatal(err)
		}
		m.check(t, false) // as if it were killed now
		for _, s := range m.stories {
			if !s.told && !s.skipped {
				m.tellSubmission(t, s)
			}
		}
		askForAll(m.c)
		planned, err := m.c.Finish()
		if err != nil || planned != uint64(len(m.stories)) {
			t.Fatalf("finished with %d of %d, %v", planned, len(m.stories), err)
		}
		m.check(t, true)
		if n := inUse(m.c); n != 0 || len(m.c.byHash)+len(m.c.begun)+len(m.c.begins) != 0 {
			t.Fatalf("%d lives are held after the end", n)
		}
	})
}

// A chain that was skipped and that another run makes must not confirm whatever
// entry took its place in memory.
func TestSkippedChainConfirmsNothing(t *testing.T) {
	b := newBench(t)
	b.plan(1, 1, KindChain, 10)
	b.Skip(b.refs[1])
	b.plan(2, 1, KindEntry, 20)
	b.submit(2, 30, nil)
	b.Block(Sighting{Height: 1, Seen: 40, Chains: []factomd.Hash{chainHash(1)}})
	if e := b.finish(); e[2].Outcome != Lost || e[1].Outcome != Skipped {
		t.Errorf("entries are %+v", e)
	}
}

// That a chain of the setup got something in a block does not say that its first
// entry is there: the block says what it got.
func TestSetupChainIsConfirmedByItsEntry(t *testing.T) {
	b := newBench(t)
	b.plan(0, SetupPhase, KindChain, 0)
	b.submit(0, 10, nil)
	chain := chainHash(0)
	b.Block(Sighting{Height: 1, Seen: 20, Chains: []factomd.Hash{chain}, Entries: []factomd.Hash{testHash('x', 1)}})
	if n := b.Counts().Confirmed; n != 0 {
		t.Fatalf("%d confirmed by another's entry", n)
	}
	b.Block(Sighting{Height: 2, Seen: 30, Chains: []factomd.Hash{chain}, Entries: []factomd.Hash{entryHash(0)}})
	e := b.finish()[0]
	if e.Outcome != Confirmed || e.Height != 2 || e.Confirmed != 30 {
		t.Errorf("entry is %+v", e)
	}
	if !b.Tracks(chain) || b.Tracks(testHash('x', 1)) {
		t.Error("the wrong chains are tracked")
	}
}

// A node that makes up new errors without end cannot fill the memory.
func TestErrorsAreBounded(t *testing.T) {
	b := newBench(t)
	const n = 3 * maxErrors
	for i := range uint64(n) {
		b.plan(i, 1, KindEntry, 0)
		b.submit(i, 1, &factomd.Failure{Rejected: i%2 == 0, Code: -int(i), Message: fmt.Sprintf("error %d", i)})
	}
	if got := len(b.errs); got > maxErrors+2 {
		t.Errorf("%d kinds of errors are kept", got)
	}
	kinds := map[Error]int{}
	for _, e := range b.finish() {
		kinds[*e.Error]++
		if e.Error.Rejected != (e.Outcome == Rejected) {
			t.Fatalf("an error of the wrong kind: %+v", e)
		}
	}
	if len(kinds) != maxErrors+2 {
		t.Errorf("%d kinds of errors are on record", len(kinds))
	}
}

// brittle fails from a number of bytes on.
type brittle struct{ room int }

var errFull = errors.New("no space left on device")

func (w *brittle) Write(b []byte) (int, error) {
	if len(b) > w.room {
		return 0, errFull
	}
	w.room -= len(b)
	return len(b), nil
}

// What cannot be put on record must not be sent: planning fails, and goes on
// failing, and nothing piles up in memory.
func TestFullDisk(t *testing.T) {
	c := NewCollector(&brittle{room: 200})
	var refs []Ref
	var err error
	var index uint64
	for ; err == nil; index++ {
		refs, err = c.Plan([]Planned{{Index: index, Hash: entryHash(index), Phase: 1}}, refs)
	}
	if !errors.Is(err, errFull) || !strings.Contains(err.Error(), "writing the record of the run") {
		t.Fatalf("error is %v", err)
	}
	for _, f := range map[string]func() error{
		"plan": func() error {
			_, err := c.Plan([]Planned{{Index: index, Hash: entryHash(index), Phase: 1}}, nil)
			return err
		},
		"flush":  c.Flush,
		"err":    c.Err,
		"finish": func() error { _, err := NewCollector(&brittle{}).Finish(); return err },
	} {
		if err := f(); !errors.Is(err, errFull) {
			t.Errorf("later: %v", err)
		}
	}
	for range 1000 {
		c.Block(Sighting{Height: 1})
		c.Flush()
	}
	if len(c.w.buf) > 1000 {
		t.Errorf("%d bytes wait for a disk that is full", len(c.w.buf))
	}
}

// A run that ends before all submissions were told is a fault of the program,
// and not one that may be passed over.
func TestFinishNeedsAllSubmissions(t *testing.T) {
	b := newBench(t)
	b.plan(1, 1, KindEntry, 0)
	if _, err := b.Finish(); err == nil || !strings.Contains(err.Error(), "entry 1") {
		t.Errorf("got %v", err)
	}
}

// However many entries are left at the end, the record stays readable: no frame
// gets longer than a reader takes.
func TestFinishManyOutcomes(t *testing.T) {
	const n = 3 << 20
	c := NewCollector(io.Discard)
	w := &largest{}
	c.log = w
	c.lives = make([]life, n)
	for i := range c.lives {
		c.lives[i] = life{index: 1<<40 + uint64(i), result: failure, inUse: true, accepted: Never, confirmed: Never}
	}
	if _, err := c.Finish(); err != nil {
		t.Fatal(err)
	}
	if w.total < maxFrame || w.most > maxFrame {
		t.Errorf("%d bytes were written, up to %d in one frame", w.total, w.most)
	}
}

type largest struct{ total, most int }

func (l *largest) Write(b []byte) (int, error) {
	l.total += len(b)
	l.most = max(l.most, len(b)-frameHeader)
	return len(b), nil
}

// A roll is a run in which each block confirms what was sent before it.
type roll struct {
	c     *Collector
	next  uint64
	now   int64
	batch [1]Planned
	refs  []Ref
	block Sighting
}

func newRoll(log io.Writer) *roll {
	return &roll{c: NewCollector(log), refs: make([]Ref, 0, 1)}
}

// life tells the whole life of an entry but its block.
func (r *roll) life(kind Kind, err error) {
	r.now++
	r.batch[0] = Planned{Index: r.next, Hash: entryHash(r.next), Kind: kind, Phase: 1, Size: 100, Credits: 1, At: r.now}
	if kind == KindChain {
		r.batch[0].Chain = chainHash(r.next)
	}
	r.next++
	r.refs, _ = r.c.Plan(r.batch[:], r.refs[:0])
	s := Submission{Sent: r.now, Committed: r.now, Revealed: r.now, Err: err}
	if err == errDown {
		s = Submission{Sent: Never, Committed: Never, Revealed: Never, Err: err}
	}
	r.c.Submitted(r.refs[0], s)
	if err == nil {
		r.c.Accept(r.batch[0].Hash, r.now+1)
		if kind == KindChain {
			r.block.Chains = append(r.block.Chains, r.batch[0].Chain)
		} else {
			r.block.Entries = append(r.block.Entries, r.batch[0].Hash)
		}
	}
}

// save has a block confirm what is out.
func (r *roll) save() {
	r.block.Height++
	r.now++
	r.block.Seen = r.now
	r.c.Polled(r.now, r.block.Height)
	r.c.Block(r.block)
	r.block.Chains, r.block.Entries = r.block.Chains[:0], r.block.Entries[:0]
	r.c.Flush()
}

// What a collector holds grows with what is outstanding, not with the run.
func TestMemoryOfALongRun(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory")
	}
	r := newRoll(io.Discard)
	for i := range 200_000 {
		switch {
		case i%50 == 1:
			r.life(KindChain, nil)
		case i%50 == 2: // the node is down for a while
			r.life(KindChain, errDown)
		case i%50 == 3: // late: skip
			refs, _ := r.c.Plan([]Planned{{Index: r.next, Hash: entryHash(r.next), Chain: chainHash(r.next), Kind: KindChain, Phase: 1}}, nil)
			r.c.Skip(refs[0])
			r.next++
		default:
			r.life(KindEntry, nil)
		}
		if i%1000 == 999 {
			r.save()
		}
	}
	if n := r.c.Counts(); n.Planned != 200_000 || n.Outstanding != 0 || n.Confirmed != 192_000 {
		t.Fatalf("the run is not what it should be: %+v", n)
	}
	if n := len(r.c.lives); n > 1100 {
		t.Errorf("room for %d lives is held", n)
	}
	if a, b, c, d := len(r.c.byHash), len(r.c.begun), len(r.c.begins), len(r.c.errs); a+b+c > 0 || d > 1 {
		t.Errorf("%d hashes, %d and %d chains, %d errors are held", a, b, c, d)
	}
	if n := cap(r.c.w.buf) + cap(r.c.out) + 8*cap(r.c.own); n > 1<<20 {
		t.Errorf("%d bytes of scratch are held", n)
	}
}

// Reading a record needs memory for what was outstanding at one time.
func TestMemoryOfReading(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory")
	}
	var log bytes.Buffer
	r := newRoll(&log)
	for i := range 50_000 {
		r.life(KindEntry, nil)
		if i%1000 == 999 {
			r.save()
		}
	}
	if _, err := r.c.Finish(); err != nil {
		t.Fatal(err)
	}
	j := &joiner{errors: map[int]*Error{}, chains: map[int]factomd.Hash{}}
	most := 0
	j.Block = func(Block) { most = max(most, j.live.n) }
	if d, err := readLog(&log, j); err != nil || d != (Damage{}) {
		t.Fatal(d, err)
	}
	if most != 1000 || j.live.n != 0 || len(j.live.pages) != 0 {
		t.Errorf("%d lives were held at one time, %d at the end in %d pages", most, j.live.n, len(j.live.pages))
	}
}

// An outstanding entry costs 140 to 190 bytes, all that the collector holds
// counted: a million of them fit anywhere.
func TestMemoryOfOutstandingEntries(t *testing.T) {
	if testing.Short() {
		t.Skip("measures memory")
	}
	for _, n := range []uint64{100_000, 1_000_000} {
		before := heap()
		r := newRoll(io.Discard)
		for range n {
			r.life(KindEntry, nil)
			r.block.Entries = r.block.Entries[:0]
		}
		r.c.Flush()
		used := heap() - before
		if outstanding := r.c.Counts().Outstanding; outstanding != n {
			t.Errorf("%d entries are outstanding, want %d", outstanding, n)
		}
		runtime.KeepAlive(r)
		t.Logf("%d outstanding entries take %.1f MB", n, float64(used)/1e6)
		if used > 250*n {
			t.Errorf("an outstanding entry takes %d bytes", used/n)
		}
	}
}

// heap is how many bytes are in use.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// Telling the collector costs no allocation once the run is under way.
func TestCollectorAllocations(t *testing.T) {
	r := newRoll(io.Discard)
	step := func() {
		for range 100 {
			r.life(KindEntry, nil)
		}
		r.save()
	}
	for range 100 {
		step()
	}
	if n := testing.AllocsPerRun(100, step) / 100; n > 0.02 {
		t.Errorf("%g allocations an entry", n)
	}
}

// Several goroutines may tell at once; run with -race.
func TestCollectorConcurrently(t *testing.T) {
	b := newBench(t)
	const n, each = 4, 200
	done := make(chan map[Ref]bool)
	for g := range uint64(n) {
		go func() {
			refs := map[Ref]bool{}
			for i := range uint64(each) {
				index := g*each + i
				got, err := b.Plan([]Planned{{Index: index, Hash: entryHash(index), Phase: 1}}, nil)
				if err != nil {
					t.Error(err)
				}
				b.Commit(entryHash(index))
				b.Accept(entryHash(index), 2)
				b.Submitted(got[0], Submission{Sent: 1, Committed: 1, Revealed: 1})
				b.Awaited(false)
				b.Counts()
				refs[got[0]] = true
			}
			done <- refs
		}()
	}
	refs := map[Ref]bool{}
	for range n {
		maps.Copy(refs, <-done)
	}
	if len(refs) != n*each {
		t.Errorf("%d refs for %d entries", len(refs), n*each)
	}
	entries := b.finish()
	for _, e := range slices.SortedFunc(maps.Values(entries), func(a, b Entry) int { return cmp.Compare(a.Index, b.Index) }) {
		if e.Outcome != Accepted || e.Accepted != 2 {
			t.Fatalf("entry is %+v", e)
		}
	}
}

func BenchmarkCollectorLife(b *testing.B) {
	r := newRoll(io.Discard)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		r.life(KindEntry, nil)
		if i%1000 == 999 {
			r.save()
		}
	}
}

func BenchmarkReadEntries(b *testing.B) {
	const n = 10_000
	var log bytes.Buffer
	r := newRoll(&log)
	for i := range n {
		r.life(KindEntry, nil)
		if i%1000 == 999 {
			r.save()
		}
	}
	r.c.Finish()
	b.ReportAllocs()
	b.SetBytes(int64(log.Len()))
	for b.Loop() {
		if _, err := read(bytes.NewReader(log.Bytes()), Reader{Entry: func(*Entry) error { return nil }}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/entry")
	b.ReportMetric(float64(log.Len())/n, "B/entry")
}
