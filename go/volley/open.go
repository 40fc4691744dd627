package main

// arrive hands each arrival that is due to the connection whose turn it is. It returns the time.
func (l *loop) arrive(t int64) int64 {
	for l.next < len(l.arrivals) && l.began+l.arrivals[l.next] <= t {
		c := &l.conns[l.turn]
		intended := l.began + l.arrivals[l.next]
		if c.state == ready && c.queued == 0 && c.flying < len(c.slots) {
			t = now()
			if l.edges.hold(intended) {
				l.lag.add(t - intended)
			}
			l.depart(c, t)
			l.write(c, 1)
		} else {
			c.queued++
			l.queued++
			l.maxQueue = max(l.maxQueue, int64(c.queued))
			if l.edges.hold(intended) {
				l.waited++
			}
		}
		l.next++
		if l.turn++; l.turn == len(l.conns) {
			l.turn = 0
		}
	}
	return t
}

// dequeue writes the arrivals that waited for c, as far as it has room.
func (l *loop) dequeue(c *conn, t int64) {
	before := c.flying
	for c.queued > 0 && c.flying < len(c.slots) {
		c.queued--
		l.queued--
		l.depart(c, t)
	}
	l.write(c, c.flying-before)
}

// depart makes c's next arrival fly.
func (l *loop) depart(c *conn, t int64) {
	s := c.slot(c.flying)
	s.intended = l.began + l.arrivals[c.unsent]
	l.writes[c.unsent] = t
	c.unsent += len(l.conns)
	if l.edges.hold(s.intended) {
		l.sent++
	}
	l.take(c, s, t)
}
