package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// mode is how a connection decides when to send.
type mode string

const (
	closed mode = "closed" // a batch of depth requests, all of its responses, the next batch
	window mode = "window" // depth requests in flight: each response is followed by a request
	open   mode = "open"   // a burst of requests at each time of a schedule, whatever was answered
)

// plan is a load as it was asked for. It does not change.
type plan struct {
	url         string
	mode        mode
	connections int
	depth       int
	threads     int
	duration    time.Duration
	warmUp      time.Duration
	grace       time.Duration
	rate        float64 // requests a second; mode open only, as the next three
	burst       int
	poisson     bool
	seed        uint64
	expect      *string // nil: bodies are not compared
	tokens      bool
	headers     []string // "Name: value"
	stamps      bool     // ask the kernel for receive stamps
	readSize    int
	writeLate   bool   // write after every ready connection was read
	spin        bool   // ask for events without ever waiting for one
	record      string // a path, "-" for stdout, or empty
}

// usageError is a mistake of whoever typed the command: one line, exit code 2.
type usageError struct{ text string }

func (e usageError) Error() string { return e.text }

func refuse(format string, arguments ...any) error {
	return usageError{fmt.Sprintf(format, arguments...)}
}

const (
	mostThreads  = 64
	mostArrivals = 100_000_000 // times of a schedule: 1.6 GB
	mostDepth    = 1 << 20
	ownFiles     = 16      // descriptors that are no connections
	fastestWrite = 500_000 // arrivals a second that one thread can write: a write to loopback takes 2 µs and more
)

// batch is how many requests make a sample.
func (p *plan) batch() int {
	switch p.mode {
	case window:
		return 1
	case open:
		return p.burst
	}
	return p.depth
}

// slots is how many batches a connection has in flight at most.
func (p *plan) slots() int { return p.depth / p.batch() }

// check refuses what cannot be a load.
func (p *plan) check() error {
	switch {
	case p.mode != closed && p.mode != window && p.mode != open:
		return refuse("--mode is %q: closed, window or open", p.mode)
	case p.connections < 1:
		return refuse("--connections is %d: at least 1", p.connections)
	case p.depth < 1 || p.depth > mostDepth:
		return refuse("--depth is %d: from 1 to %d", p.depth, mostDepth)
	case p.threads < 1 || p.threads > mostThreads:
		return refuse("--threads is %d: from 1 to %d", p.threads, mostThreads)
	case p.threads > p.connections:
		return refuse("--threads is %d with --connections %d: each thread needs a connection", p.threads, p.connections)
	case p.duration < time.Millisecond || p.duration > time.Hour:
		return refuse("--duration is %v: from 1ms to 1h", p.duration)
	case p.warmUp < 0 || p.warmUp > time.Hour:
		return refuse("--warm-up is %v: from 0s to 1h", p.warmUp)
	case p.grace < 0 || p.grace > time.Hour:
		return refuse("--grace is %v: from 0s to 1h", p.grace)
	case p.readSize < 1 || p.readSize > 1<<24:
		return refuse("--read-size is %d: from 1 to %d", p.readSize, 1<<24)
	case p.tokens && p.expect != nil:
		return refuse("--expect and --tokens: with --tokens each body must be its own token, so leave out --expect")
	}
	for _, header := range p.headers {
		name, value, found := strings.Cut(header, ":")
		if !found || !isToken([]byte(name)) || !isText([]byte(value)) {
			return refuse("--header is %q: 'Name: value'", header)
		}
		if name = strings.ToLower(name); name == "content-length" || name == "transfer-encoding" {
			return refuse("--header %s: requests have no body", name)
		}
	}
	if p.mode == open {
		if err := p.checkOpen(); err != nil {
			return err
		}
	}
	return p.checkDescriptors()
}

func (p *plan) checkOpen() error {
	seconds := (p.warmUp + p.duration).Seconds()
	switch {
	case math.IsNaN(p.rate) || math.IsInf(p.rate, 0) || p.rate <= 0:
		return refuse("--rate is %v: requests a second, above 0, with --mode open", p.rate)
	case p.burst < 1:
		return refuse("--burst is %d: at least 1", p.burst)
	case p.burst > p.depth:
		return refuse("--burst is %d with --depth %d: a connection never has room for it, so ask for --depth %d or more",
			p.burst, p.depth, p.burst)
	case p.rate/float64(p.burst) > float64(fastestWrite*p.threads):
		return refuse("--rate is %g in bursts of %d: no number of connections carries more than %d writes a second a thread,"+
			" so ask for larger bursts or more threads", p.rate, p.burst, fastestWrite)
	case p.rate/float64(p.burst)*seconds > mostArrivals:
		return refuse("--rate is %g for %gs: more than %d arrivals, so ask for less of either", p.rate, seconds, mostArrivals)
	}
	return nil
}

func (p *plan) checkDescriptors() error {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if uint64(p.connections+ownFiles) > limit.Cur {
		return refuse("--connections is %d: this process may open %d files, so raise `ulimit -n` to %d",
			p.connections, limit.Cur, p.connections+ownFiles)
	}
	return nil
}

// target is where requests go, and what they look like.
type target struct {
	address netip.AddrPort
	request []byte // with a token of zeros where there are tokens
	token   int    // where in the request the token stands; -1 without tokens
}

const tokenDigits = 12

// aim takes the URL apart, finds its address and builds the request.
func (p *plan) aim(ctx context.Context) (target, error) {
	at, err := url.Parse(p.url)
	if err != nil || at.Scheme != "http" || at.Hostname() == "" || at.User != nil {
		return target{}, refuse("the URL is %q: http://host[:port][/path]", p.url)
	}
	port := at.Port()
	if port == "" {
		port = "80"
	}
	address, err := resolve(ctx, at.Hostname(), port)
	if err != nil {
		return target{}, err
	}
	path := at.EscapedPath()
	if path == "" {
		path = "/"
	}
	found := target{address: address, token: -1}
	var request bytes.Buffer
	request.WriteString("GET ")
	if p.tokens {
		request.WriteString(strings.TrimSuffix(path, "/") + "/sleep/0/")
		found.token = request.Len()
		request.WriteString(strings.Repeat("0", tokenDigits))
	} else {
		request.WriteString(path)
		if at.RawQuery != "" {
			request.WriteString("?" + at.RawQuery)
		}
	}
	request.WriteString(" HTTP/1.1\r\n")
	hasHost := false
	for _, header := range p.headers {
		name, _, _ := strings.Cut(header, ":")
		hasHost = hasHost || strings.EqualFold(name, "host")
	}
	if !hasHost {
		request.WriteString("Host: " + at.Host + "\r\n")
	}
	for _, header := range p.headers {
		request.WriteString(header + "\r\n")
	}
	request.WriteString("\r\n")
	found.request = request.Bytes()
	return found, nil
}

// resolve finds an address of host, IPv4 before IPv6.
func resolve(ctx context.Context, host, port string) (netip.AddrPort, error) {
	number, err := net.DefaultResolver.LookupPort(ctx, "tcp", port)
	if err != nil {
		return netip.AddrPort{}, refuse("the port is %q: a number from 1 to 65535", port)
	}
	addresses, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil || len(addresses) == 0 {
		var unknown *net.DNSError
		if err == nil || errors.As(err, &unknown) {
			return netip.AddrPort{}, refuse("no address is known of host %q", host)
		}
		return netip.AddrPort{}, refuse("no address is known of host %q: %v", host, err)
	}
	best := addresses[0].Unmap()
	for _, address := range addresses {
		if address.Unmap().Is4() && !best.Is4() {
			best = address.Unmap()
		}
	}
	return netip.AddrPortFrom(best, uint16(number)), nil
}
