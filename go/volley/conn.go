package main

import (
	"net/netip"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// slot is room for one batch in flight. A connection has one (closed), or as many as are allowed in flight.
type slot struct {
	intended int64 // when the schedule wanted the batch; mode open only
	sent     int64 // when it was written
	first    int64 // the stamp of the read that completed its first response
	free     int64 // since when it is not flying
	state    slotState
	bounded  bool // first is an upper bound: its read brought more
}

type slotState uint8

const (
	flying    slotState = iota
	unstarted           // free since the load began
	answered            // free since the stamp of its last response; what follows is own delay
	settled             // free, and its own delay is counted
	vacant              // free since its connection was lost
)

type connState uint8

const (
	waiting    connState = iota // lost, and to be opened again
	connecting                  // connect(2) is under way
	ready
)

// conn is one connection of the load, or the place of one that was lost.
type conn struct {
	fd        int32
	state     connState
	late      bool // on the list of those to be written to after this pass
	broken    bool // to be abandoned: what it sends cannot be told apart
	announced bool // its last response said Connection: close
	ordinal   int
	pending   int     // bytes to be written: the last ones of out
	out       []byte  // as many requests as may be in flight
	owed      int     // responses asked for and not read
	done      int     // of them, read of the oldest batch
	head      int     // slot of the oldest batch in flight
	flying    int     // slots in flight: from head on, around
	slots     []slot  // a ring
	rest      []byte  // the bytes of a response that is not whole
	need      int     // how many bytes there must be before looking at it again
	last      int64   // stamp of the last response in the window
	responses int64   // since it was opened
	batches   int64   // since it was opened
	asked     int     // ordinal of the next request; with tokens only, as history
	history   []token // what was asked for: a ring, twice as long as may be in flight
	unsent    int     // index of the next arrival that is its own
	queued    int     // arrivals that wait for room on it
}

// slot returns the n-th slot from the oldest in flight on, around the ring.
func (c *conn) slot(n int) *slot {
	n += c.head
	if n >= len(c.slots) {
		n -= len(c.slots)
	}
	return &c.slots[n]
}

// start opens a socket and begins to connect it. Stamps that the kernel does not give are noticed when reads have none.
func start(to netip.AddrPort, stamps bool) (fd int, err error) {
	family := unix.AF_INET6
	if to.Addr().Is4() {
		family = unix.AF_INET
	}
	fd, err = unix.Socket(family, unix.SOCK_STREAM|unix.SOCK_NONBLOCK|unix.SOCK_CLOEXEC, unix.IPPROTO_TCP)
	if err != nil {
		return -1, os.NewSyscallError("socket", err)
	}
	err = unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_NODELAY, 1)
	if err == nil && stamps {
		err = askForStamps(fd)
	}
	if err == nil {
		err = unix.Connect(fd, socketAddress(to))
	}
	if err != nil && err != unix.EINPROGRESS && err != unix.EINTR {
		_ = unix.Close(fd) // the error of connect is the one to tell
		return -1, os.NewSyscallError("connect", err)
	}
	return fd, nil
}

// outcome is nil once a socket that start began with is connected, or why it is not.
func outcome(fd int) error {
	number, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_ERROR)
	if err == nil && number != 0 {
		err = unix.Errno(number)
	}
	if err != nil {
		return os.NewSyscallError("connect", err)
	}
	return nil
}

// connect opens a connection before the load, and waits for it up to a deadline.
func connect(to netip.AddrPort, stamps bool, patience time.Duration) (fd int, err error) {
	fd, err = start(to, stamps)
	if err != nil {
		return -1, err
	}
	deadline := time.Now().Add(patience)
	for {
		polled := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLOUT}}
		n, err := unix.Poll(polled, int(max(0, time.Until(deadline).Milliseconds())))
		if err == unix.EINTR {
			continue
		}
		if err == nil && n == 0 {
			err = unix.ETIMEDOUT
		}
		if err == nil {
			err = outcome(fd)
		}
		if err != nil {
			_ = unix.Close(fd) // as in start
			return -1, err
		}
		return fd, nil
	}
}

func socketAddress(to netip.AddrPort) unix.Sockaddr {
	if to.Addr().Is4() {
		return &unix.SockaddrInet4{Port: int(to.Port()), Addr: to.Addr().As4()}
	}
	return &unix.SockaddrInet6{Port: int(to.Port()), Addr: to.Addr().As16()}
}

// takesMore says whether a server that ended its side of a connection still takes a byte: then it is half-closed. On
// loopback the answer, a reset, is there when send(2) returns; elsewhere nobody knows.
func takesMore(fd int32) bool {
	if err := unix.Sendto(int(fd), []byte("\r"), unix.MSG_NOSIGNAL, nil); err != nil {
		return false
	}
	const closeWait = 8 // TCP_CLOSE_WAIT of Linux' net/tcp_states.h
	info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	return err == nil && info.State == closeWait
}
