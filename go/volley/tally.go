package main

import "time"

// interval is the width of the parts that a window is looked at in, ns.
const interval = int64(100 * time.Millisecond)

// part is what happened in one interval of the window.
type part struct {
	Responses int64 // stamped in it
	Batches   int64 // sent (open: intended) in it, and answered
	LatencyNs int64 // of these, the sum (open: from the intended time)
}

// tally is what a load thread measured.
type tally struct {
	latency       stretches
	ownDelay      stretches
	firstLatency  distribution // batches of more than one
	intended      distribution // mode open, as the next ones
	firstIntended distribution
	lag           distribution

	requests, bytes              int64 // stamped in the window
	reads, windowReads           int64
	several, none                int64 // reads that completed more than one response, or none
	missing, beforeWrite         int64
	firstBounded, bounded        int64
	sent                         int64 // batches of the window that were written
	lostBatches, unanswered      int64 // of them
	startNs, lostNs              int64
	unansweredNs, disconnectedNs int64
	intervals                    []part

	waited, backlog, unsent, maxQueue int64 // mode open

	losses         [losses]int64
	halfClosed     int64
	announced      int64
	firstLoss      string
	opened         int64
	connectsFailed int64
	firstFailure   string
	bytesEver      int64
	silent         int
	wire           wire
	noWire         bool

	startCPU, startWall, endCPU, endWall int64
	drained                              int64 // when the last response was in, or waiting ended
}

func newTally(p *plan) tally {
	t := tally{
		latency:   stretches{distribution: newDistribution()},
		ownDelay:  stretches{distribution: newDistribution()},
		intervals: make([]part, int64(p.duration-1)/interval+1),
	}
	if p.batch() > 1 {
		t.firstLatency = newDistribution()
	}
	if p.mode == open {
		t.intended, t.firstIntended, t.lag = newDistribution(), newDistribution(), newDistribution()
	}
	return t
}

// merge adds what another thread measured.
func (t *tally) merge(o *tally) {
	t.latency.merge(&o.latency.distribution)
	t.ownDelay.merge(&o.ownDelay.distribution)
	t.latency.before += o.latency.before
	t.latency.after += o.latency.after
	t.ownDelay.before += o.ownDelay.before
	t.ownDelay.after += o.ownDelay.after
	t.firstLatency.merge(&o.firstLatency)
	t.intended.merge(&o.intended)
	t.firstIntended.merge(&o.firstIntended)
	t.lag.merge(&o.lag)
	for _, sum := range [][2]*int64{
		{&t.requests, &o.requests}, {&t.bytes, &o.bytes}, {&t.reads, &o.reads}, {&t.windowReads, &o.windowReads},
		{&t.several, &o.several}, {&t.none, &o.none}, {&t.missing, &o.missing}, {&t.beforeWrite, &o.beforeWrite},
		{&t.firstBounded, &o.firstBounded}, {&t.bounded, &o.bounded}, {&t.sent, &o.sent},
		{&t.lostBatches, &o.lostBatches}, {&t.unanswered, &o.unanswered}, {&t.startNs, &o.startNs},
		{&t.lostNs, &o.lostNs}, {&t.unansweredNs, &o.unansweredNs}, {&t.disconnectedNs, &o.disconnectedNs},
		{&t.waited, &o.waited}, {&t.backlog, &o.backlog}, {&t.unsent, &o.unsent}, {&t.halfClosed, &o.halfClosed},
		{&t.announced, &o.announced}, {&t.opened, &o.opened}, {&t.connectsFailed, &o.connectsFailed},
		{&t.bytesEver, &o.bytesEver},
	} {
		*sum[0] += *sum[1]
	}
	for i := range t.losses {
		t.losses[i] += o.losses[i]
	}
	for i := range t.intervals {
		t.intervals[i].Responses += o.intervals[i].Responses
		t.intervals[i].Batches += o.intervals[i].Batches
		t.intervals[i].LatencyNs += o.intervals[i].LatencyNs
	}
	t.maxQueue = max(t.maxQueue, o.maxQueue)
	t.silent += o.silent
	t.wire.add(o.wire)
	t.noWire = t.noWire || o.noWire
	if t.firstLoss == "" {
		t.firstLoss = o.firstLoss
	}
	if t.firstFailure == "" {
		t.firstFailure = o.firstFailure
	}
	t.drained = max(t.drained, o.drained)
}
