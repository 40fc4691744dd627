package main

import (
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// loop is one load thread: its connections, and what it measures. While it runs it allocates nothing (but for a
// response that is torn apart, or longer than all before), and calls the kernel without telling Go's scheduler.
//
// What a batch costs: 0.1 µs here, be it of one response or of sixteen, of which a clock is 0.045 µs (BenchmarkBatch, on
// an EPYC). The rest of some 5 µs is the kernel's: most of it the write, which carries its segment all the way into the
// server's socket and wakes the server, then the wait, shared by those that are ready, and recvmsg (BenchmarkKernel).
type loop struct {
	*receiver
	judge
	tally
	plan     *plan
	target   *target
	edges    edges
	began    int64 // when the load began: the warm-up's start
	deadline int64 // when to wait no longer
	stop     *atomic.Int32
	stopped  bool // by a signal, before the window's end
	ended    bool // the window is over
	batch    int
	size     int // bytes of a batch
	conns    []conn
	epoll    int
	events   [128]unix.EpollEvent
	lateList []int32
	token    [tokenDigits]byte // the last one asked for
	flying   int               // batches in flight
	lost     int               // connections without a socket that is ready
	retryAt  int64
	patience time.Duration // between two attempts to connect
	arrivals []int64       // ns since began: mode open only, as the next ones
	writes   []int64       // when each was written; 0: never
	next     int           // the first that is not due
	turn     int           // the connection it goes to
	queued   int
	useless  int // connections that were closed before any byte of a response
}

const (
	shortestPatience = 10 * time.Millisecond // at most a hundred connects a second
	longestPatience  = time.Second
	longestWait      = 100 * time.Millisecond // then look at the clock, and for signals
)

// run is the load, from its beginning to the end of the grace.
func (l *loop) run() {
	t := now()
	if l.plan.mode != open {
		for i := range l.conns {
			l.fill(&l.conns[i], now())
		}
	}
	for l.pass(t) {
		n := l.wait(t)
		if n == 0 || l.arrivals != nil {
			t = now()
		}
		for i := range n {
			event := &l.events[i]
			c := &l.conns[event.Fd]
			if c.state == ready {
				if event.Events&^unix.EPOLLOUT != 0 {
					t = l.read(c, event.Events&^(unix.EPOLLIN|unix.EPOLLOUT) != 0)
				}
				if c.pending > 0 && event.Events&unix.EPOLLOUT != 0 {
					l.flush(c)
				}
			} else {
				t = now()
				l.connected(c, t)
			}
			if l.next < len(l.arrivals) {
				t = l.arrive(t)
			}
		}
		for _, i := range l.lateList {
			if l.conns[i].late = false; l.conns[i].state == ready {
				l.send(&l.conns[i], now())
			}
		}
		l.lateList = l.lateList[:0]
	}
}

// pass does what is due at time t, once before each wait: a comparison or two where nothing is.
func (l *loop) pass(t int64) (goOn bool) {
	if l.next < len(l.arrivals) {
		t = l.arrive(t)
	}
	if l.startCPU == 0 && t >= l.edges.start {
		l.startCPU, l.startWall = readClock(unix.CLOCK_THREAD_CPUTIME_ID), now()
	}
	if l.stop.Load() > 0 && !l.ended {
		t = now() + 1 // the window ends behind all that was written
		l.edges = edges{min(l.edges.start, t), min(l.edges.end, t)}
		l.stopped, l.deadline, l.arrivals = true, l.edges.end+int64(l.plan.grace), l.arrivals[:l.next]
	}
	if t < l.edges.end {
		if l.lost > 0 {
			l.reconnect(t)
		}
		return l.useless < len(l.conns)
	}
	if !l.ended {
		l.ended = true
		l.endCPU, l.endWall = readClock(unix.CLOCK_THREAD_CPUTIME_ID), now()
		l.backlog = int64(l.queued)
	}
	if l.lost > 0 && l.queued > 0 {
		l.reconnect(t)
	}
	return (l.flying > 0 || l.queued > 0) && t < l.deadline && l.stop.Load() < 2
}

// wait sleeps until a connection is ready, or something is due.
func (l *loop) wait(t int64) int {
	until := l.edges.start
	switch {
	case t >= l.edges.end:
		until = l.deadline
	case t >= l.edges.start:
		until = l.edges.end
	}
	if l.lost > 0 && (t < l.edges.end || l.queued > 0) {
		until = min(until, max(l.retryAt, t+int64(time.Millisecond)))
	}
	if l.next < len(l.arrivals) {
		until = min(until, l.began+l.arrivals[l.next])
	}
	n, errno := l.poll(max(0, min(until-t, int64(longestWait))))
	if errno != 0 { // EINTR: Go's runtime preempts by signals
		return 0
	}
	return n
}

// poll asks epoll for events, and waits for at most left ns, not at all where it is to spin.
func (l *loop) poll(left int64) (int, unix.Errno) {
	if l.plan.spin {
		left = 0
	}
	events := uintptr(unsafe.Pointer(&l.events[0]))
	var n uintptr
	var errno unix.Errno
	if l.plan.mode == open { // nanoseconds, since Linux 5.11
		timeout := unix.NsecToTimespec(left)
		n, _, errno = unix.RawSyscall6(unix.SYS_EPOLL_PWAIT2, uintptr(l.epoll), events, uintptr(len(l.events)),
			uintptr(unsafe.Pointer(&timeout)), 0, 0)
	} else { // milliseconds
		n, _, errno = unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(l.epoll), events, uintptr(len(l.events)),
			uintptr((left+999_999)/1_000_000), 0, 0)
	}
	return int(n), errno
}

// read takes what came in on c and answers with the next batch. Events are edge-triggered: a read that does not fill
// the buffer has emptied the socket, unless the connection is at its end. It returns the time.
func (l *loop) read(c *conn, toTheEnd bool) int64 {
	for {
		n, stamp, errno := l.receive(c.fd)
		if errno == unix.EAGAIN {
			t := now()
			if toTheEnd { // it was not
				l.send(c, t)
			}
			return t
		}
		if errno != 0 || n == 0 {
			t := now()
			l.end(c, errno, t)
			return t
		}
		k, clean := l.check(c, l.buffer[:n], stamp)
		t := now()
		l.bytesEver += int64(n)
		if l.reads++; stamp == 0 {
			stamp = t
			l.missing++
		}
		l.count(c, n, k, clean, stamp, t)
		if c.broken {
			l.lose(c, abandoned, "abandoned after "+l.first.detail, t)
			return t
		}
		switch {
		case toTheEnd: // not to write to what may be closed
		case l.plan.writeLate:
			l.afterwards(c)
		default:
			l.send(c, t)
		}
		if n < len(l.buffer) && !toTheEnd {
			return t
		}
	}
}

// check parses the responses in data, and says how many were completed, and whether data ended with one.
func (l *loop) check(c *conn, data []byte, stamp int64) (k int, clean bool) {
	whole := data
	if len(c.rest) > 0 {
		c.rest = append(c.rest, data...)
		if len(c.rest) < c.need {
			return 0, false
		}
		whole = c.rest
	}
	at := 0
	for at < len(whole) {
		if c.owed == 0 {
			l.blame(c, surplus, "bytes that nobody asked for", whole[at:], stamp)
			c.broken = true
			break
		}
		if run := l.recognizeRun(whole[at:], c.owed); run > 0 {
			at += run * len(l.last)
			k += run
			c.owed -= run
			c.responses += int64(run)
			continue
		}
		asked := c.oldest()
		n := l.recognize(whole[at:], asked)
		if n == 0 {
			r, need, err := l.parse(whole[at:])
			if err != nil {
				l.blame(c, framing, err.Error(), whole[at:], stamp)
				c.broken = true
				break
			}
			if need > 0 {
				c.need = need
				break
			}
			n = r.size
			c.announced = r.closes
			if wrong, detail := l.verdict(r, whole[at:at+n], asked, c.history); wrong != right {
				l.blame(c, wrong, detail, whole[at:at+n], stamp)
			}
		}
		at += n
		k++
		c.owed--
		c.responses++
	}
	l.checked += int64(k)
	if at < len(whole) && !c.broken {
		c.rest = append(c.rest[:0], whole[at:]...)
	} else {
		c.rest = c.rest[:0]
	}
	return k, at == len(whole)
}

// send writes what c has room for.
func (l *loop) send(c *conn, t int64) {
	switch {
	case l.arrivals != nil:
		if c.queued > 0 {
			l.dequeue(c, t)
		}
	case t < l.edges.end:
		l.fill(c, t)
	default:
		l.settle(c, t)
	}
}

// fill writes a batch for each free slot.
func (l *loop) fill(c *conn, t int64) {
	before := c.flying
	for c.flying < len(c.slots) {
		s := c.slot(c.flying)
		switch s.state {
		case answered:
			l.ownDelay.stretch(l.edges, s.free, t)
		case unstarted:
			l.startNs += l.edges.within(s.free, t)
		case vacant:
			l.disconnectedNs += l.edges.within(s.free, t)
		}
		l.take(c, s, t)
	}
	l.write(c, c.flying-before)
}

// take makes a slot fly; its batch is to be written.
func (l *loop) take(c *conn, s *slot, t int64) {
	s.state, s.sent = flying, t
	c.flying++
	l.flying++
	c.owed += l.batch
	if l.arrivals == nil && l.edges.hold(t) {
		l.sent++
	}
}

// write writes batches behind what is pending. All requests are the same, but for their tokens.
func (l *loop) write(c *conn, batches int) {
	if l.target.token >= 0 {
		l.ask(c, batches)
	}
	c.pending += batches * l.size
	l.flush(c)
}

// flush writes what is pending; what the socket does not take is written when it has room.
func (l *loop) flush(c *conn) {
	for c.pending > 0 {
		rest := c.out[len(c.out)-c.pending:]
		n, _, errno := unix.RawSyscall6(unix.SYS_SENDTO, uintptr(c.fd), uintptr(unsafe.Pointer(&rest[0])), uintptr(len(rest)),
			unix.MSG_NOSIGNAL, 0, 0)
		switch errno {
		case 0:
			c.pending -= int(n)
		case unix.EINTR:
		case unix.EAGAIN:
			return
		default: // the connection is gone: epoll says so next, and reading says how
			c.pending = 0
			return
		}
	}
}

// afterwards puts c on the list of those to be written to after this pass.
func (l *loop) afterwards(c *conn) {
	if !c.late {
		c.late = true
		l.lateList = append(l.lateList, int32(c.ordinal/l.plan.threads))
	}
}
