package main

// count attributes k responses, which a read of n bytes completed, to the batches that asked for them.
func (l *loop) count(c *conn, n, k int, clean bool, stamp, t int64) {
	if k > 1 {
		l.several++
	} else if k == 0 {
		l.none++
	}
	if l.edges.hold(stamp) {
		l.requests += int64(k)
		l.bytes += int64(n)
		l.windowReads++
		if k > 0 {
			l.intervals[(stamp-l.edges.start)/interval].Responses += int64(k)
			c.last = stamp
		}
	}
	for left := k; left > 0; {
		s := &c.slots[c.head]
		if c.done == 0 {
			s.first, s.bounded = stamp, left > 1 || !clean
		}
		part := min(left, l.batch-c.done)
		left -= part
		if c.done += part; c.done < l.batch {
			return
		}
		l.complete(s, left > 0 || !clean, stamp, t)
		c.batches++
		c.done = 0
		c.flying--
		l.flying--
		if c.head++; c.head == len(c.slots) {
			c.head = 0
		}
	}
}

// complete takes the sample of a batch that was answered.
func (l *loop) complete(s *slot, bounded bool, stamp, t int64) {
	if stamp < s.sent {
		l.beforeWrite++
		stamp = s.sent
		s.first = s.sent
	}
	s.state, s.free = answered, stamp
	from, sample := s.sent, false
	if l.arrivals != nil {
		from, s.state = s.intended, settled
		if l.edges.hold(stamp) {
			l.ownDelay.add(max(0, t-stamp))
		}
		if sample = l.edges.hold(from); sample {
			l.latency.add(stamp - s.sent)
			l.intended.add(stamp - from)
			l.firstIntended.add(max(0, s.first-from))
		}
	} else {
		sample = l.latency.stretch(l.edges, from, stamp)
	}
	if !sample {
		return
	}
	if l.batch > 1 {
		l.firstLatency.add(max(0, s.first-s.sent))
		if s.bounded {
			l.firstBounded++
		}
	}
	if bounded {
		l.bounded++
	}
	in := &l.intervals[(from-l.edges.start)/interval]
	in.Batches++
	in.LatencyNs += stamp - from
}
