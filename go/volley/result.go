package main

// result is a load as it was measured, all threads together.
type result struct {
	plan        *plan
	target      target
	tally       tally
	judge       judge
	edges       edges // of the thread whose window was longest
	slotNs      int64 // slots × window, summed over threads
	spans       int64 // ns over which CPU time was read, summed over threads
	cpu         int64
	clockStep   int64
	interrupted bool
	noStamps    string // why there are none; empty where there are
	lost        int    // connections without a socket at the end
	useless     bool   // every connection was closed before a byte of a response
	gaps        [2]gaps
	arrivals    int64 // of the window
}

// gather sums up what the threads measured.
func (r *result) gather(loops []*loop) {
	first := loops[0]
	r.edges = first.edges
	r.useless = true
	var intended, written []int64
	for n, l := range loops {
		width := l.edges.end - l.edges.start
		if width > r.edges.end-r.edges.start {
			r.edges = l.edges
		}
		r.slotNs += int64(len(l.conns)*r.plan.slots()) * width
		if l.startCPU > 0 && l.endCPU > 0 {
			r.cpu += l.endCPU - l.startCPU
			r.spans += l.endWall - l.startWall
		}
		r.interrupted = r.interrupted || l.stopped
		r.lost += l.lost
		r.useless = r.useless && l.useless >= len(l.conns)
		for i, at := range l.arrivals {
			if l.edges.hold(l.began + at) {
				r.arrivals++
				intended = append(intended, at)
				if l.writes[i] > 0 {
					written = append(written, l.writes[i])
				}
			}
		}
		if n > 0 {
			first.tally.merge(&l.tally)
			first.judge.merge(&l.judge)
		}
	}
	r.tally, r.judge = first.tally, first.judge
	if r.noStamps == "" && r.tally.missing == r.tally.reads {
		r.noStamps = "no read had a stamp"
	}
	if r.plan.mode == open {
		mean := 0.0
		if r.plan.poisson {
			mean = 1e9 * float64(r.plan.burst) / r.plan.rate
		}
		r.gaps = [2]gaps{describe(intended, mean, r.plan.seed), describe(written, mean, r.plan.seed)}
	}
}

// merge adds what another thread judged.
func (j *judge) merge(o *judge) {
	j.checked += o.checked
	j.recognized += o.recognized
	j.inWindow += o.inWindow
	for i := range j.faults {
		j.faults[i] += o.faults[i]
	}
	if j.first == nil || o.first != nil && o.first.at < j.first.at {
		if o.first != nil {
			j.first = o.first
		}
	}
}
