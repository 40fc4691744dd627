package main

import (
	"errors"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// now is CLOCK_REALTIME in nanoseconds, the clock of the kernel's receive stamps: 45 ns, through the vDSO.
func now() int64 { return time.Now().UnixNano() }

// clockDifference is CLOCK_REALTIME less CLOCK_MONOTONIC, in nanoseconds, to less than a microsecond where this thread
// is not interrupted: the best of some tries. Slewing moves both clocks alike; only a step changes it.
func clockDifference() int64 {
	var best, narrowest int64
	for try := range 16 {
		before, real, after := readClock(unix.CLOCK_MONOTONIC), readClock(unix.CLOCK_REALTIME), readClock(unix.CLOCK_MONOTONIC)
		if width := after - before; try == 0 || width < narrowest {
			narrowest, best = width, real-(before+width/2)
		}
	}
	return best
}

// readClock asks the kernel for a clock, in nanoseconds, by a system call.
func readClock(clock uintptr) int64 {
	var at unix.Timespec
	// It cannot fail for the clocks of this program and a pointer that is right.
	_, _, _ = unix.RawSyscall(unix.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&at)), 0)
	return at.Nano()
}

// askForStamps makes the kernel note when bytes came in on this socket (Linux: Documentation/networking/timestamping.rst).
func askForStamps(fd int) error {
	return unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_TIMESTAMPING,
		unix.SOF_TIMESTAMPING_RX_SOFTWARE|unix.SOF_TIMESTAMPING_SOFTWARE)
}

// warmStamps opens a socket that asks for stamps, and returns it. The kernel begins to stamp a moment after the first
// such socket of a machine was made: keep it open from well before the load to its end. An error is the kernel's "no".
func warmStamps() (fd int, err error) {
	fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	if err := askForStamps(fd); err != nil {
		return -1, errors.Join(err, unix.Close(fd))
	}
	time.Sleep(20 * time.Millisecond)
	return fd, nil
}

// receiver reads from sockets together with the stamp of what it read. It must not move: the header points into it.
type receiver struct {
	header  unix.Msghdr
	vector  unix.Iovec
	control [128]byte // one SCM_TIMESTAMPING needs 64
	buffer  []byte
}

func newReceiver(size int) *receiver {
	r := &receiver{buffer: make([]byte, size)}
	r.vector.Base = &r.buffer[0]
	r.vector.SetLen(size)
	r.header.Iov = &r.vector
	r.header.SetIovlen(1)
	r.header.Control = &r.control[0]
	return r
}

// receive reads once into the buffer. stamp is the CLOCK_REALTIME, in ns, at which the last of the n bytes came in; 0
// where the kernel does not tell.
func (r *receiver) receive(fd int32) (n int, stamp int64, errno syscall.Errno) {
	for {
		r.header.SetControllen(len(r.control))
		read, _, errno := unix.RawSyscall(unix.SYS_RECVMSG, uintptr(fd), uintptr(unsafe.Pointer(&r.header)), 0)
		if errno == 0 {
			return int(read), r.stamp(), 0
		}
		if errno != unix.EINTR {
			return 0, 0, errno
		}
	}
}

// stamp finds the software stamp among the control messages of the last read: the first of three timespecs.
func (r *receiver) stamp() int64 {
	const size = unix.SizeofCmsghdr + unsafe.Sizeof(unix.Timespec{})
	message := (*unix.Cmsghdr)(unsafe.Pointer(&r.control[0]))
	if uint64(r.header.Controllen) < uint64(size) || message.Level != unix.SOL_SOCKET || message.Type != unix.SCM_TIMESTAMPING {
		return 0
	}
	return (*unix.Timespec)(unsafe.Pointer(&r.control[unix.SizeofCmsghdr])).Nano()
}
