package main

// edges are the start and the end of the measured window, CLOCK_REALTIME in ns. The start belongs to it.
type edges struct{ start, end int64 }

func (e edges) hold(at int64) bool { return e.start <= at && at < e.end }

// within is how much of the time from from to to lies in the window.
func (e edges) within(from, to int64) int64 {
	return max(0, min(to, e.end)-max(from, e.start))
}

// stretches are times of one sort: those that began in the window count as samples, with their whole length; what the
// window's edges cut off is summed apart.
type stretches struct {
	distribution
	before int64 // ns inside of the window of those that began before it
	after  int64 // ns outside of the window of those that began in it
}

// stretch counts the time from from to to. It says whether that is a sample.
func (s *stretches) stretch(e edges, from, to int64) bool {
	to = max(to, from) // a clock that was stepped back
	if !e.hold(from) {
		if from < e.start && to > e.start {
			s.before += min(to, e.end) - e.start
		}
		return false
	}
	s.add(to - from)
	if to > e.end {
		s.after += to - e.end
	}
	return true
}

// balance is Little's law of a load that keeps every slot busy: slots × time = Σ latency + Σ own delay. The terms at
// the edges make it exact; what remains of the difference was nobody's, and is a mistake or a loss.
type balance struct {
	Slots          int      `json:"slots"`
	SlotNs         int64    `json:"slot_ns"`
	LatencyNs      int64    `json:"latency_ns"`
	OwnDelayNs     int64    `json:"own_delay_ns"`
	BeforeLatency  int64    `json:"before_latency_ns"`
	AfterLatency   int64    `json:"after_latency_ns"`
	BeforeDelay    int64    `json:"before_delay_ns"`
	AfterDelay     int64    `json:"after_delay_ns"`
	StartNs        int64    `json:"start_ns"`        // until the first write of a slot
	LostNs         int64    `json:"lost_ns"`         // in flight, and lost with its connection
	UnansweredNs   int64    `json:"unanswered_ns"`   // in flight, and never answered
	DisconnectedNs int64    `json:"disconnected_ns"` // without a connection
	Ratio          *float64 `json:"ratio"`
}

// close computes the ratio.
func (b *balance) close() {
	accounted := b.LatencyNs + b.OwnDelayNs + b.BeforeLatency - b.AfterLatency + b.BeforeDelay - b.AfterDelay + b.StartNs
	if b.SlotNs > 0 {
		ratio := float64(accounted) / float64(b.SlotNs)
		b.Ratio = &ratio
	}
}
