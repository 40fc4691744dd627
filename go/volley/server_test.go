package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// exchange is one request as a scripted server sees it, and where it answers.
type exchange struct {
	net.Conn
	path    string
	number  int64 // of all connections, from 1
	waiting int   // requests that were read with it and stand behind it
}

const hello = "Hello world!"

func plain(body string) string {
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
}

// answer writes text; a client that has gone is noticed by the next read.
func (e *exchange) answer(text string) { _, _ = io.WriteString(e, text) }

// token is the last part of the path.
func (e *exchange) token() string { return e.path[strings.LastIndexByte(e.path, '/')+1:] }

// errDone ends a connection.
var errDone = errors.New("done")

// serve starts a server of which script answers each request, in turn on each connection. It ends with the test.
func serve(t *testing.T, script func(e *exchange) error) (address string) {
	t.Helper()
	var number atomic.Int64
	return listen(t, func(c net.Conn) {
		reader := bufio.NewReaderSize(c, 1<<20)
		e := exchange{Conn: c}
		for {
			line, err := reader.ReadString('\n')
			if err != nil {
				return
			}
			e.path = strings.Fields(line)[1]
			for line != "\r\n" {
				if line, err = reader.ReadString('\n'); err != nil {
					return
				}
			}
			held, _ := reader.Peek(reader.Buffered())
			e.waiting = bytes.Count(held, []byte("\r\n\r\n"))
			e.number = number.Add(1)
			if script(&e) != nil {
				return
			}
		}
	})
}

// listen starts a server that hands each connection to handle and closes it afterwards. It ends with the test.
func listen(t *testing.T, handle func(c net.Conn)) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	var mutex sync.Mutex
	open := map[net.Conn]bool{}
	group.Go(func() {
		for {
			c, err := listener.Accept()
			if err != nil {
				return
			}
			mutex.Lock()
			open[c] = true
			mutex.Unlock()
			group.Go(func() {
				handle(c)
				_ = c.Close()
				mutex.Lock()
				delete(open, c)
				mutex.Unlock()
			})
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		mutex.Lock()
		for c := range open {
			_ = c.Close()
		}
		mutex.Unlock()
		group.Wait()
	})
	return listener.Addr().String()
}

// always answers the same at once.
func always(text string) func(*exchange) error {
	return func(e *exchange) error { e.answer(text); return nil }
}

// load runs a load as the command line says it, and returns its record. A word of %s is the address.
func load(t *testing.T, address, options string) *record {
	t.Helper()
	words := strings.Fields(options)
	for i := range words {
		words[i] = strings.ReplaceAll(words[i], "_", " ")
	}
	words = append(words, (&url.URL{Scheme: "http", Host: address}).String())
	p, err := parseOptions(words)
	if err == nil {
		err = p.check()
	}
	if err != nil {
		t.Fatal(err)
	}
	found, err := carryOut(context.Background(), p)
	if err != nil {
		t.Fatal(err)
	}
	made := found.record(words)
	consistent(t, made)
	return made
}

// consistent holds what is true of every load.
func consistent(t *testing.T, r *record) {
	t.Helper()
	b := r.Batches
	if b.Sent != b.Answered+b.Lost+b.Unanswered+b.Unsent {
		t.Errorf("sent %d is not answered %d + lost %d + unanswered %d + unsent %d", b.Sent, b.Answered, b.Lost, b.Unanswered, b.Unsent)
	}
	for name, s := range map[string]*spread{
		"latency": &r.Latency, "first": &r.FirstLatency, "intended": r.IntendedLatency, "own": r.OwnDelay, "lag": r.Lag,
	} {
		if s == nil {
			continue
		}
		var count, sum int64
		for _, p := range s.Histogram {
			count += p[1]
			sum += p[0] * p[1] * 1000
		}
		if count != s.Count || sum > s.SumNs || sum+1000*count < s.SumNs {
			t.Errorf("%s: %d of %d ns in the histogram, %d of %d said", name, count, sum, s.Count, s.SumNs)
		}
	}
	if r.Little != nil && r.Little.Ratio != nil {
		l := r.Little
		all := *l.Ratio + float64(l.LostNs+l.UnansweredNs+l.DisconnectedNs)/float64(l.SlotNs)
		if all < 0.99 || all > 1.01 {
			t.Errorf("Little's law: %.4f with what was lost: %+v", all, *l)
		}
	}
	if r.Open != nil && r.Open.OfferedBatches != b.Sent {
		t.Errorf("offered %d, sent %d", r.Open.OfferedBatches, b.Sent)
	}
}

// sleep is time.Sleep, to be seen as what a server does.
func sleep(ms int) { time.Sleep(time.Duration(ms) * time.Millisecond) }

// p50 is a median in seconds.
func p50(s *spread) float64 {
	us, _ := percentile(s.Histogram, 0.5)
	return float64(us) / 1e6
}

// mean is in seconds.
func mean(s *spread) float64 { return float64(s.SumNs) / float64(s.Count) / 1e9 }

func near(t *testing.T, what string, got, least, most float64) {
	t.Helper()
	t.Logf("%s: %.4f (%.4f to %.4f)", what, got, least, most)
	if got < least || got > most {
		t.Errorf("%s is %.4f: expected %.4f to %.4f", what, got, least, most)
	}
}
