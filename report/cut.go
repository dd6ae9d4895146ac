package report

import "math"

// happened is a report of a run that was stopped, or goes on, as its charts show it: up
// to what happened last, with a little room, and not on to the end that was planned.
// Any other report is itself. planned is when the load was to end, in seconds, or 0 where
// nothing is left out.
func happened(r *Report) (shown *Report, planned float64) {
	if !r.Run.Interrupted && !r.Run.Partial && r.Run.EndedEarly == "" {
		return r, 0
	}
	last := r.Series.lastWithAny()
	for _, b := range r.Blocks {
		last = max(last, b.ClosedS)
	}
	for _, e := range eventMarks(r) {
		last = max(last, e.at)
	}
	const room = 1.02
	until := last * room
	for _, p := range r.Phases {
		planned = max(planned, p.EndS)
	}
	if !(last > 0 && until < planned) {
		return r, 0
	}
	cut := *r
	cut.Phases, cut.Windows, cut.Series.Rows = nil, nil, nil
	for _, p := range r.Phases {
		if p.StartS < until {
			p.EndS = min(p.EndS, until)
			cut.Phases = append(cut.Phases, p)
		}
	}
	for _, w := range r.Windows {
		if w.FromS < last {
			cut.Windows = append(cut.Windows, w)
		}
	}
	for i, t := range r.Series.middles() {
		if t < last {
			cut.Series.Rows = append(cut.Series.Rows, r.Series.Rows[i])
		}
	}
	return &cut, planned
}

// lastWithAny is when the last interval ended in which anything happened: what was
// planned did not, and what is outstanding stays so.
func (s Series) lastWithAny() (last float64) {
	var columns [][]float64
	for _, c := range s.Columns {
		switch c {
		case "t_s", "planned", "outstanding":
		default:
			columns = append(columns, s.column(c))
		}
	}
	for i, t := range s.middles() {
		for _, values := range columns {
			if v := values[i]; v != 0 && !math.IsNaN(v) {
				last = max(last, t+s.IntervalS/2)
				break
			}
		}
	}
	return last
}
