package main

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// loss is how a connection was lost.
type loss int

const (
	reset              loss = iota // ECONNRESET or EPIPE
	closedIdle                     // by the server, with nothing in flight
	closedBeforeAnswer             // none of the oldest batch answered
	closedInBatch                  // some of it
	closedInResponse               // in the middle of a response
	abandoned                      // by us: what it sent cannot be told apart
	failed                         // another error of the kernel
	losses
)

// end reads the end of a connection: errno, or 0 where the server has sent all that it wanted to.
func (l *loop) end(c *conn, errno unix.Errno, t int64) {
	switch {
	case errno == unix.ECONNRESET || errno == unix.EPIPE:
		l.lose(c, reset, "reset by the server", t)
	case errno != 0:
		l.lose(c, failed, errno.Error(), t)
	case len(c.rest) > 0:
		l.blameUnfinished(c, "the connection ended", t)
		l.lose(c, closedInResponse, "closed in the middle of a response", t)
	case c.done > 0:
		l.lose(c, closedInBatch, fmt.Sprintf("closed after %d of %d responses of a batch", c.done, l.batch), t)
	case c.flying > 0:
		l.lose(c, closedBeforeAnswer, "closed before an answer", t)
	default:
		l.lose(c, closedIdle, "closed with nothing in flight", t)
	}
}

// blameUnfinished counts the response that c has the beginning of, when no more of it will come.
func (l *loop) blameUnfinished(c *conn, why string, t int64) {
	if _, need, err := cutHead(c.rest); need > 0 || err != nil {
		l.blame(c, framing, why+" within a header", c.rest, t)
		return
	}
	l.blame(c, length, fmt.Sprintf("%s within a body: %d bytes, and at least %d are missing", why, len(c.rest), c.need-len(c.rest)), c.rest, t)
}

// blame counts a fault, and keeps the first. stamp is 0 where the kernel gave none.
func (l *loop) blame(c *conn, wrong kind, detail string, raw []byte, stamp int64) {
	if stamp == 0 {
		stamp = now()
	}
	l.faults[wrong]++
	if l.edges.hold(stamp) {
		l.inWindow++
	}
	if l.first != nil {
		return
	}
	l.first = &fault{
		kind: wrong, detail: detail, connection: c.ordinal, response: c.responses + 1, at: stamp,
		bytes: append([]byte(nil), raw[:min(len(raw), keptBytes)]...), size: len(raw),
	}
	var expected string
	switch {
	case l.tokens && c.owed > 0:
		expected = string(c.oldest().text[:])
	case l.compares:
		expected = string(l.expect)
	default:
		return
	}
	l.first.expected = &expected
}

// lose closes a connection that is ready, and accounts for what was in flight on it.
func (l *loop) lose(c *conn, how loss, detail string, t int64) {
	l.losses[how]++
	if c.announced {
		l.announced++
	}
	if l.firstLoss == "" {
		l.firstLoss = detail
	}
	if l.checked == 0 && l.bytesEver == 0 {
		l.useless++
	}
	if how != reset && how != failed && how != abandoned && l.target.address.Addr().IsLoopback() && takesMore(c.fd) {
		l.halfClosed++
	}
	l.settle(c, t)
	for n := range c.flying {
		s := c.slot(n)
		from := s.sent
		if l.arrivals != nil {
			from = s.intended
		}
		if l.edges.hold(from) {
			l.lostBatches++
		}
		l.lostNs += l.edges.within(s.sent, t)
	}
	for n := range c.slots {
		if s := &c.slots[n]; s.state == flying || s.state == settled {
			s.state, s.free = vacant, t
		}
	}
	l.flying -= c.flying
	c.flying, c.head, c.done, c.owed, c.pending, c.need = 0, 0, 0, 0, 0, 0
	c.rest = c.rest[:0]
	c.broken, c.announced = false, false
	l.part(c)
	c.state = waiting
	l.lost++
	l.retryAt = max(l.retryAt, t+int64(l.patience))
}

// part asks TCP about a connection and closes it.
func (l *loop) part(c *conn) {
	if !l.wire.ask(c.fd, c.responses, c.batches) {
		l.noWire = true
	}
	c.responses, c.batches = 0, 0
	_ = unix.Close(int(c.fd)) // nothing was written that could be lost
}

// settle counts the own delay of batches that were answered and are followed by none.
func (l *loop) settle(c *conn, t int64) {
	for n := range c.slots {
		if s := &c.slots[n]; s.state == answered {
			l.ownDelay.stretch(l.edges, s.free, t)
			s.state = settled
		}
	}
}

// reconnect begins to open one lost connection, if it is time to.
func (l *loop) reconnect(t int64) {
	if t < l.retryAt {
		return
	}
	for i := range l.conns {
		c := &l.conns[i]
		if c.state != waiting {
			continue
		}
		fd, err := start(l.target.address, l.plan.stamps)
		if err == nil {
			c.fd, c.state = int32(fd), connecting
			if err = l.watch(i); err == nil {
				l.retryAt = t + int64(l.patience)
				return
			}
			_ = unix.Close(fd) // the error of epoll is the one to tell
			c.state = waiting
		}
		l.fails(err, t)
		return
	}
	l.retryAt = t + int64(l.patience) // all are connecting
}

// fails counts a connect that failed, and doubles the patience.
func (l *loop) fails(err error, t int64) {
	l.connectsFailed++
	if l.firstFailure == "" {
		l.firstFailure = err.Error()
	}
	l.patience = min(2*l.patience, longestPatience)
	l.retryAt = t + int64(l.patience)
}

// connected goes on with a connection that was connecting: it is ready, or it failed.
func (l *loop) connected(c *conn, t int64) {
	if c.state != connecting {
		return // an event from before it was lost
	}
	if err := outcome(int(c.fd)); err != nil {
		_ = unix.Close(int(c.fd)) // the error of connect is the one to tell
		c.state = waiting
		l.fails(err, t)
		return
	}
	c.state = ready
	l.lost--
	l.opened++
	l.patience = shortestPatience
	l.send(c, t)
}

// watch has epoll tell when c can be read or written, once each time that changes.
func (l *loop) watch(i int) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | unix.EPOLLET&0xffffffff, Fd: int32(i)}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.epoll, unix.EPOLL_CTL_ADD, int(l.conns[i].fd), &event))
}
