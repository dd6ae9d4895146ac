package results

import (
	"math"
	"testing"

	"github.com/FactomProject/factom-load/internal/factomd"
)

// An accepted entry is lost when the two saved blocks that could hold it were
// read and lack it: those above the saved height at its acceptance. What is not
// sure leaves it accepted, and awaited.
func TestLostAfterAcceptance(t *testing.T) {
	for name, c := range map[string]struct {
		polls    []poll // in order
		accepted int64
		read     []uint32
		lost     bool
	}{
		"nothing was read": {
			polls: []poll{{10, 100}, {20, 100}}, accepted: 15,
		},
		"one block lacks it: it can still be in the second": {
			polls: []poll{{10, 100}, {20, 100}, {30, 101}}, accepted: 15, read: []uint32{101},
		},
		"two blocks lack it": {
			polls: []poll{{10, 100}, {20, 100}, {30, 102}}, accepted: 15, read: []uint32{101, 102}, lost: true,
		},
		"two blocks lack it, read at once": {
			polls: []poll{{10, 100}, {20, 102}, {30, 104}}, accepted: 15, read: []uint32{101, 102, 103, 104}, lost: true,
		},
		"no poll was sent after it: how high the node was is not known": {
			polls: []poll{{10, 100}, {14, 103}}, accepted: 15, read: []uint32{101, 102, 103},
		},
		"a poll sent before it and answered after it does not tell the height at it": {
			// Sent at 14 with height 100, answered at 40. Meanwhile 101 and 102 were
			// saved, and the entry was accepted at 30: it can be in 104.
			polls: []poll{{14, 100}, {41, 102}, {50, 103}}, accepted: 30, read: []uint32{101, 102, 103},
		},
		"and so it is lost only two blocks after the poll that does": {
			polls: []poll{{14, 100}, {41, 102}, {50, 104}}, accepted: 30, read: []uint32{101, 102, 103, 104}, lost: true,
		},
		"a poll sent at the very instant does not count": {
			polls: []poll{{10, 100}, {15, 100}, {20, 101}}, accepted: 15, read: []uint32{101, 102},
		},
		"many polls saw the height, before it and after it": {
			polls: []poll{{10, 100}, {11, 100}, {12, 100}, {20, 100}, {21, 100}, {30, 102}}, accepted: 15, read: []uint32{101, 102}, lost: true,
		},
		"a node that is behind does not make it older": {
			polls: []poll{{10, 102}, {20, 97}, {30, 103}}, accepted: 15, read: []uint32{101, 102, 103},
		},
		"accepted long ago": {
			polls: []poll{{10, 100}, {20, 101}, {30, 102}, {40, 103}, {50, 104}}, accepted: 5, read: []uint32{101, 102}, lost: true,
		},
		"a height at the end of the numbers does not run over": {
			polls: []poll{{10, 100}, {20, math.MaxUint32}}, accepted: 15, read: []uint32{101, 102, 103},
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.plan(1, 1, KindEntry, 0)
			b.submit(1, 2, nil)
			told := false
			for _, p := range c.polls {
				if !told && c.accepted <= p.sent {
					b.Accept(entryHash(1), c.accepted)
					told = true
				}
				b.Polled(p.sent, p.saved)
			}
			b.Accept(entryHash(1), c.accepted)
			for _, height := range c.read {
				b.block(height, 100)
			}
			awaited, _ := b.Awaited(false)
			if gone := b.Gone(); (awaited == 0) != c.lost || (gone == 1) != c.lost {
				t.Errorf("%d awaited, %d gone", awaited, gone)
			}
			if n, _ := b.Awaited(true); n != 0 {
				t.Errorf("%d awaited until accepted", n)
			}
			want, stage := Accepted, NoStage
			if c.lost {
				want, stage = Lost, StageAccepted
			}
			if e := b.finish()[1]; e.Outcome != want || e.Stage != stage || e.Accepted != c.accepted {
				t.Errorf("entry is %v %v, accepted at %d", e.Outcome, e.Stage, e.Accepted)
			}
		})
	}
}

// However late it comes, a block that has the entry confirms it.
func TestConfirmedAfterItWasGivenUp(t *testing.T) {
	b := newBench(t)
	b.plan(1, 1, KindEntry, 0)
	b.submit(1, 2, nil)
	b.Accept(entryHash(1), 3)
	b.Polled(4, 100)
	b.block(101, 10)
	b.block(102, 20)
	if n, _ := b.Awaited(false); n != 0 {
		t.Fatalf("%d awaited", n)
	}
	b.block(103, 30, entryHash(1))
	if e := b.finish()[1]; e.Outcome != Confirmed || e.Height != 103 {
		t.Errorf("entry is %+v", e)
	}
}

// What a run waits for before it ends.
func TestAwaited(t *testing.T) {
	const index = 1
	for name, c := range map[string]struct {
		tell           func(b *bench)
		block, accept  int // awaited until a block has it, until it is accepted
		lastOwn        int64
		outcome        Outcome
		unsubmittedYet bool
		owed           int // without those that may not have arrived
	}{
		"nothing is told yet": {
			tell: func(b *bench) {}, lastOwn: Never, unsubmittedYet: true,
		},
		"the API took it": {
			tell: func(b *bench) { b.submit(index, 10, nil) },
			owed: 1, block: 1, accept: 1, lastOwn: Never, outcome: Lost,
		},
		"taken and accepted": {
			tell: func(b *bench) { b.submit(index, 10, nil); b.Accept(entryHash(index), 20) },
			owed: 1, block: 1, lastOwn: Never, outcome: Accepted,
		},
		"taken and confirmed": {
			tell:    func(b *bench) { b.submit(index, 10, nil); b.block(1, 30, entryHash(index)) },
			lastOwn: 30, outcome: Confirmed,
		},
		"broken, but it may have arrived": {
			tell:  func(b *bench) { b.submit(index, 10, errBroken) },
			block: 1, accept: 1, lastOwn: Never, outcome: Failed,
		},
		"broken, and it has arrived": {
			tell: func(b *bench) { b.submit(index, 10, errBroken); b.Accept(entryHash(index), 20) },
			owed: 1, block: 1, lastOwn: Never, outcome: Accepted,
		},
		"never sent": {
			tell: func(b *bench) {
				b.Submitted(b.refs[index], Submission{Sent: Never, Committed: Never, Revealed: Never, Err: errDown})
			},
			lastOwn: Never, outcome: Failed,
		},
		"its commit was refused, and no reveal sent": {
			tell:    func(b *bench) { b.submit(index, 10, errRefused) },
			lastOwn: Never, outcome: Rejected,
		},
		"refused, but its reveal may have been taken": {
			tell:  func(b *bench) { b.refuse(index, 10); b.Polled(20, 100); b.block(101, 30) },
			block: 1, accept: 1, lastOwn: Never, outcome: Rejected,
		},
		"refused, and in the second of the blocks that could have it": {
			tell: func(b *bench) {
				b.refuse(index, 10)
				b.Polled(20, 100)
				b.block(101, 30)
				b.block(102, 40, entryHash(index))
			},
			lastOwn: 40, outcome: Confirmed,
		},
		"refused, and in neither of the blocks that could have it": {
			tell: func(b *bench) {
				b.refuse(index, 10)
				b.Polled(20, 100)
				b.block(101, 30)
				b.block(102, 40)
			},
			lastOwn: Never, outcome: Rejected,
		},
		"refused, and in a process list all the same": {
			tell: func(b *bench) { b.submit(index, 10, errRefused); b.Accept(entryHash(index), 20) },
			owed: 1, block: 1, lastOwn: Never, outcome: Accepted,
		},
		"broken, accepted, and then in no block": {
			tell: func(b *bench) {
				b.submit(index, 10, errBroken)
				b.Accept(entryHash(index), 20)
				b.Polled(30, 100)
				b.block(101, 40)
				b.block(102, 50)
			},
			lastOwn: Never, outcome: Failed,
		},
		"skipped": {
			tell:    func(b *bench) { b.Skip(b.refs[index]) },
			lastOwn: Never, outcome: Skipped,
		},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			b.plan(index, 1, KindEntry, 0)
			c.tell(b)
			block, last := b.Awaited(false)
			accept, _ := b.Awaited(true)
			if block != c.block || accept != c.accept || last != c.lastOwn {
				t.Errorf("awaited until a block %d, until accepted %d, last own block at %d", block, accept, last)
			}
			if owed := b.Owed(); owed != c.owed {
				t.Errorf("%d owed", owed)
			}
			if c.unsubmittedYet {
				return
			}
			if e := b.finish()[index]; e.Outcome != c.outcome {
				t.Errorf("outcome is %v, not %v", e.Outcome, c.outcome)
			}
		})
	}
}

func TestSavedSince(t *testing.T) {
	b := newBench(t)
	b.Polled(10, 100)
	b.block(101, 20)
	if b.SavedSince(15) {
		t.Error("a block is taken for younger than it is known to be")
	}
	b.Polled(30, 101)
	b.Polled(40, 102)
	if b.SavedSince(5) != true || b.SavedSince(25) {
		t.Error("since 5 a block was read, and since 25 none")
	}
	b.block(102, 40)
	if !b.SavedSince(25) || b.SavedSince(40) {
		t.Error("since 25 a block was read, and since 40 none")
	}
}

// An entry of the sample that a block shows before a call did was accepted at
// the block's instant at the latest; of the others the acceptance stays unknown.
func TestSampleIsAcceptedByItsBlock(t *testing.T) {
	b := newBench(t)
	b.Offer(func(h factomd.Hash) bool { return h == entryHash(1) })
	for i := range uint64(3) {
		b.plan(i, 1, KindEntry, 0)
		b.submit(i, 2, nil)
	}
	b.Accept(entryHash(0), 10)
	b.block(1, 20, entryHash(0), entryHash(1), entryHash(2))
	b.Accept(entryHash(1), 30) // the call that was on its way
	e := b.finish()
	if e[0].Accepted != 10 || e[1].Accepted != 20 || e[2].Accepted != Never {
		t.Errorf("accepted at %d, %d, %d", e[0].Accepted, e[1].Accepted, e[2].Accepted)
	}
}

// The first sight of an entry counts, whatever comes later.
func TestFirstSightCounts(t *testing.T) {
	b := newBench(t)
	b.plan(1, 1, KindEntry, 0)
	b.Accept(entryHash(1), 10) // before the reveal was answered
	b.Accept(entryHash(1), 11)
	b.block(7, 20, entryHash(1)) // and before the submission was told
	b.block(8, 30, entryHash(1))
	b.Accept(entryHash(1), 40)
	b.submit(1, 15, nil)
	b.Accept(entryHash(1), 50)
	b.block(9, 60, entryHash(1))
	e := b.finish()[1]
	if e.Accepted != 10 || e.Confirmed != 20 || e.Height != 7 || e.Revealed != 15 || e.Outcome != Confirmed {
		t.Errorf("entry is %+v", e)
	}
	if c := b.Counts(); c.Accepted != 1 || c.Confirmed != 1 || c.Outstanding != 0 {
		t.Errorf("counts are %+v", c)
	}
}
