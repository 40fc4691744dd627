package main

import (
	"bytes"
	"context"
	"os"
	"os/signal"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const connectPatience = 10 * time.Second

// carryOut opens the connections, loads the server and closes them. SIGINT and SIGTERM end the window early, a second
// one also the wait for what is in flight.
func carryOut(ctx context.Context, p *plan) (*result, error) {
	to, err := p.aim(ctx)
	if err != nil {
		return nil, err
	}
	found := &result{plan: p, target: to}
	if !p.stamps {
		found.noStamps = "not asked for (--no-stamps)"
	} else if fd, err := warmStamps(); err != nil {
		withoutStamps := *p
		withoutStamps.stamps = false
		p, found.noStamps = &withoutStamps, "the kernel refuses SO_TIMESTAMPING: "+err.Error()
	} else {
		defer unix.Close(fd)
	}

	loops, err := prepare(p, &found.target)
	if err != nil {
		return nil, err
	}
	// A load thread keeps its scheduler's slot while it sleeps in the kernel, so there is one for everybody else too.
	previous := runtime.GOMAXPROCS(max(runtime.NumCPU(), p.threads+2))
	defer runtime.GOMAXPROCS(previous)
	runtime.GC()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))

	var stop atomic.Int32
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	defer signal.Stop(signals)
	over := make(chan struct{})
	defer close(over)
	go func() {
		for {
			select {
			case <-signals:
				stop.Add(1)
			case <-over:
				return
			}
		}
	}()

	difference := clockDifference()
	began := now()
	var group sync.WaitGroup
	for _, l := range loops {
		l.begin(began, &stop)
		group.Go(func() {
			runtime.LockOSThread() // and never unlocked: the thread ends with its goroutine, and its timer slack with it
			// A sleep is late by up to 50 µs otherwise. It cannot fail for a number.
			_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
			l.run()
			l.finish()
		})
	}
	group.Wait()
	found.clockStep = clockDifference() - difference
	found.gather(loops)
	return found, nil
}

// prepare opens all connections, and makes the threads' loops with everything that they will need.
func prepare(p *plan, to *target) ([]*loop, error) {
	shared := bytes.Repeat(to.request, p.depth)
	var arrivals []int64
	if p.mode == open {
		arrivals = schedule(p.rate/float64(p.burst), int64(p.warmUp+p.duration), p.poisson, p.seed)
	}
	loops := make([]*loop, p.threads)
	for thread := range loops {
		epoll, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil {
			return nil, os.NewSyscallError("epoll_create1", err)
		}
		l := &loop{
			receiver: newReceiver(p.readSize),
			tally:    newTally(p),
			judge:    judge{tokens: p.tokens, compares: p.expect != nil, last: make([]byte, 0, 4096), run: make([]byte, 0, runBytes)},
			plan:     p,
			target:   to,
			batch:    p.batch(),
			size:     p.batch() * len(to.request),
			epoll:    epoll,
			token:    firstToken(thread),
			patience: shortestPatience,
		}
		if _, errno := l.poll(0); errno != 0 && errno != unix.EINTR {
			return nil, refuse("--mode %s: the kernel refuses to wait for it (%v): --mode open wants Linux 5.11", p.mode, errno)
		}
		if p.expect != nil {
			l.expect = []byte(*p.expect)
		}
		count := (p.connections - thread + p.threads - 1) / p.threads
		l.conns = make([]conn, count)
		l.lateList = make([]int32, 0, count)
		loops[thread] = l
	}
	if p.mode == open {
		share(arrivals, loops, p.connections)
	}
	for ordinal := range p.connections {
		l := loops[ordinal%p.threads]
		i := ordinal / p.threads
		c := &l.conns[i]
		c.ordinal, c.unsent, c.out = ordinal, i, shared
		c.slots = make([]slot, p.slots())
		c.rest = make([]byte, 0, 4096)
		if p.tokens {
			c.out = bytes.Clone(shared)
			c.history = make([]token, 2*p.depth)
		}
		fd, err := connect(to.address, p.stamps, connectPatience)
		if err != nil {
			return nil, refuse("connection %d of %d to %s: %v: is a server listening there?", ordinal+1, p.connections, to.address, err)
		}
		c.fd, c.state = int32(fd), ready
		l.opened++
		if err := l.watch(i); err != nil {
			return nil, err
		}
	}
	return loops, nil
}

// share gives each thread the arrivals of its connections: the n-th of all goes to connection n, modulo their number.
func share(arrivals []int64, loops []*loop, connections int) {
	for thread, l := range loops {
		mine := make([]int64, 0, len(arrivals)*len(l.conns)/connections+len(l.conns))
		for n, at := range arrivals {
			if n%connections%len(loops) == thread {
				mine = append(mine, at)
			}
		}
		l.arrivals, l.writes = mine, make([]int64, len(mine))
	}
}

// begin sets the times of a loop that is about to run.
func (l *loop) begin(began int64, stop *atomic.Int32) {
	l.began, l.stop = began, stop
	l.edges.start = began + int64(l.plan.warmUp)
	l.edges.end = l.edges.start + int64(l.plan.duration)
	l.deadline = l.edges.end + int64(l.plan.grace)
	for i := range l.conns {
		for n := range l.conns[i].slots {
			l.conns[i].slots[n].state, l.conns[i].slots[n].free = unstarted, began
		}
	}
}

// finish accounts for what is still in flight, and closes the connections.
func (l *loop) finish() {
	t := now()
	l.drained = t
	middle := l.edges.start + (l.edges.end-l.edges.start)/2
	for i := range l.conns {
		c := &l.conns[i]
		if c.state == ready && c.owed == 0 {
			// Did the server send more than it was asked for, after all?
			if n, stamp, errno := l.receive(c.fd); errno == 0 && n > 0 {
				l.check(c, l.buffer[:n], stamp)
			}
		}
		if len(c.rest) > 0 {
			l.blameUnfinished(c, "waiting ended", t)
		}
		l.settle(c, t)
		for n := range c.slots {
			s := c.slot(n)
			switch {
			case n < c.flying:
				from := s.sent
				if l.arrivals != nil {
					from = s.intended
				}
				if l.edges.hold(from) {
					l.unanswered++
				}
				l.unansweredNs += l.edges.within(s.sent, t)
			case s.state == vacant || s.state == unstarted:
				l.disconnectedNs += l.edges.within(s.free, t)
			}
		}
		for ; c.queued > 0; c.queued-- {
			if l.edges.hold(l.began + l.arrivals[c.unsent]) {
				l.unsent++
			}
			c.unsent += len(l.conns)
		}
		if c.last < middle {
			l.silent++
		}
		switch c.state {
		case ready:
			l.part(c)
		case connecting:
			_ = unix.Close(int(c.fd)) // nothing was sent
		}
	}
	_ = unix.Close(l.epoll) // it holds nothing
}
