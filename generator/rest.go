package generator

import "github.com/FactomProject/factom-load/results"

// SkipRest puts on record as skipped what a run that was killed did not come to
// plan, of its setup and of an open loop's phases: planned is how many entries it
// had planned, and phases those that it had announced. Others are announced as if
// they began when the ones before had ended. What a closed loop or a search would
// have come to nobody knows: they skip nothing.
func (g *Generator) SkipRest(planned uint64, phases map[int]results.Phase) error {
	walks := []*walk{newSetup(g.opts.Scenario, g.workload)}
	if !g.load.Closed() {
		walks = append(walks, newLoad(g.opts.Scenario, g.workload))
	}
	var begin int64
	for _, w := range walks {
		if len(w.phases) == 0 {
			continue
		}
		if p, announced := phases[w.first]; announced {
			begin = p.Start
		} else {
			g.announce(w.phases, w.first, begin)
		}
		end := begin
		for _, p := range w.phases {
			end += int64(p.For)
		}
		var next slot
		pending := w.next(&next)
		for pending && next.index < planned {
			pending = w.next(&next)
		}
		if pending {
			if err := g.skipFrom(w, &next, begin); err != nil {
				return err
			}
		}
		begin = end
	}
	return nil
}
