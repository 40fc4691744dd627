package main

import (
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestSwapsAtDepthEightOnly(t *testing.T) {
	var held string
	address := serve(t, func(e *exchange) error {
		if e.waiting == 7 { // the first of eight that were read together
			held = plain(e.token())
			return nil
		}
		e.answer(plain(e.token()) + held)
		held = ""
		return nil
	})
	shallow := load(t, address, "--connections 1 --depth 7 --tokens --duration 200ms")
	if shallow.FirstFault != nil || shallow.Checked == 0 || shallow.Recognized < shallow.Checked-3 {
		t.Errorf("depth 7: %+v, %d of %d recognized", shallow.FirstFault, shallow.Recognized, shallow.Checked)
	}
	deep := load(t, address, "--connections 1 --depth 8 --tokens --duration 200ms")
	f := deep.FirstFault
	if f == nil || f.Kind != "order" || !strings.Contains(f.Bytes, `\r\n\r\n1`) || *f.Expected == "" ||
		strings.HasSuffix(f.Bytes, *f.Expected) {
		t.Fatalf("first fault: %+v", f)
	}
	if deep.Faults["order"] < 2 || deep.FaultsInWindow == 0 {
		t.Errorf("faults: %v, in the window %d", deep.Faults, deep.FaultsInWindow)
	}
}

// One that repeats the body before every thousandth response.
func TestRepeats(t *testing.T) {
	var last string
	address := serve(t, func(e *exchange) error {
		if e.number%1000 != 0 {
			last = e.token()
		}
		e.answer(plain(last))
		return nil
	})
	r := load(t, address, "--connections 1 --depth 4 --tokens --duration 300ms")
	if r.Checked < 1000 || r.Faults["repeat"] != r.Checked/1000 || r.FirstFault.Response != 1000 {
		t.Errorf("%d checked, faults %v, first %+v", r.Checked, r.Faults, r.FirstFault)
	}
}

// One that sends every thousandth response twice: it is one too many.
func TestSendsTwice(t *testing.T) {
	address := serve(t, func(e *exchange) error {
		e.answer(plain(hello))
		if e.number%1000 == 0 {
			e.answer(plain(hello))
		}
		return nil
	})
	r := load(t, address, "--connections 1 --depth 4 --expect Hello_world! --duration 500ms")
	if r.Faults["surplus"] == 0 || r.FirstFault.Kind != "surplus" || !strings.HasPrefix(r.FirstFault.Bytes, "HTTP/1.1 200") {
		t.Errorf("faults %v, first %+v", r.Faults, r.FirstFault)
	}
	if r.Losses.Abandoned != r.Faults["surplus"] || r.Connects.Opened < 2 {
		t.Errorf("losses %+v, connects %+v", r.Losses, r.Connects)
	}
}

// One that cuts every 500th body short by a byte.
func TestCutsShort(t *testing.T) {
	address := serve(t, func(e *exchange) error {
		text := plain(hello)
		if e.number%500 == 0 {
			text = text[:len(text)-1]
		}
		e.answer(text)
		return nil
	})
	// The body is filled up with the first byte of the next response, whose rest is no response then.
	r := load(t, address, "--connections 2 --depth 3 --expect Hello_world! --duration 500ms --grace 100ms")
	if r.Faults["body"] == 0 || r.Faults["framing"] == 0 || r.FirstFault.Kind != "body" || !strings.HasSuffix(r.FirstFault.Bytes, "Hello worldH") {
		t.Errorf("faults %v, first %+v", r.Faults, r.FirstFault)
	}
	if r.Losses.Abandoned == 0 || r.Requests < 500 {
		t.Errorf("losses %+v, requests %d", r.Losses, r.Requests)
	}
}

// The same where nothing follows: the last response of a batch lacks a byte for ever.
func TestCutsTheLast(t *testing.T) {
	address := serve(t, func(e *exchange) error {
		text := plain(hello)
		if e.number == 500 {
			text = text[:len(text)-1]
		}
		e.answer(text)
		return nil
	})
	r := load(t, address, "--connections 1 --depth 4 --expect Hello_world! --duration 300ms --grace 100ms")
	f := r.FirstFault
	if r.Faults["length"] != 1 || r.Checked != 499 || f.Response != 500 || !strings.HasSuffix(f.Bytes, "Hello world") {
		t.Errorf("%d checked, faults %v, first %+v", r.Checked, r.Faults, f)
	}
}

func TestWrongResponses(t *testing.T) {
	for name, c := range map[string]struct{ text, options, kind string }{
		"status":      {"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", "", "status"},
		"length":      {plain("Hello"), "--expect Hello_world!", "length"},
		"body":        {plain("Hello World!"), "--expect Hello_world!", "body"},
		"no token":    {plain("no such toke"), "--tokens", "body"},
		"short token": {plain("no token"), "--tokens", "length"},
		"framing":     {"HTTP/1.1 200 OK\r\n\r\n", "", "framing"},
		"garbage":     {"220 mail ready\r\n", "", "framing"},
	} {
		t.Run(name, func(t *testing.T) {
			address := serve(t, always(c.text))
			r := load(t, address, "--connections 2 --depth 2 --duration 100ms --grace 100ms "+c.options)
			if r.FirstFault == nil || r.FirstFault.Kind != c.kind || r.Faults[c.kind] == 0 {
				t.Errorf("first %+v, all %v", r.FirstFault, r.Faults)
			}
		})
	}
}

func TestLosses(t *testing.T) {
	half := func(e *exchange) error {
		if e.number%100 == 0 {
			_ = e.Conn.(*net.TCPConn).CloseWrite()
			sleep(20)
			return errDone
		}
		e.answer(plain(hello))
		return nil
	}
	for name, c := range map[string]struct {
		script func(e *exchange) error
		count  func(r *record) int64
	}{
		"before an answer": {func(e *exchange) error {
			if e.number%100 == 1 && e.waiting == 3 {
				return errDone
			}
			e.answer(plain(hello))
			return nil
		}, func(r *record) int64 { return r.Losses.ClosedBeforeAnswer + r.Losses.Reset }},
		"in a batch": {func(e *exchange) error {
			e.answer(plain(hello))
			if e.waiting == 2 && e.number > 100 {
				sleep(1)
				return errDone
			}
			return nil
		}, func(r *record) int64 { return r.Losses.ClosedInBatch + r.Losses.Reset }},
		"in a response": {func(e *exchange) error {
			if e.number%100 == 0 && e.waiting == 0 {
				e.answer(plain(hello)[:40])
				return errDone
			}
			e.answer(plain(hello))
			return nil
		}, func(r *record) int64 { return min(r.Losses.ClosedInResponse, r.Faults["length"]) }},
		"announced": {func(e *exchange) error {
			if e.number%100 == 0 && e.waiting == 0 {
				e.answer("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 12\r\n\r\nHello world!")
				return errDone
			}
			e.answer(plain(hello))
			return nil
		}, func(r *record) int64 { return min(r.Losses.Announced, r.Losses.ClosedIdle+r.Losses.ClosedBeforeAnswer) }},
		"reset": {func(e *exchange) error {
			if e.number%100 == 0 {
				_ = e.Conn.(*net.TCPConn).SetLinger(0)
				return errDone
			}
			e.answer(plain(hello))
			return nil
		}, func(r *record) int64 { return r.Losses.Reset }},
		"half-closed": {half, func(r *record) int64 { return *r.Losses.HalfClosed }},
	} {
		for _, mode := range []string{"--mode closed", "--mode window", "--rate 5000 --burst 4"} {
			t.Run(name+mode, func(t *testing.T) {
				r := load(t, serve(t, c.script), "--connections 4 --depth 4 --expect Hello_world! --duration 300ms --grace 300ms "+mode)
				if r.Connects.Opened < 5 || r.FirstLoss == nil || r.Requests == 0 {
					t.Errorf("%+v, %v, requests %d", r.Connects, r.FirstLoss, r.Requests)
				}
				if c.count(r) == 0 {
					t.Errorf("%+v %v first %+v", r.Losses, r.Faults, r.FirstFault)
				}
				// Reconnected at a bounded pace: a hundred a second, and the grace of the open load.
				if r.Connects.Opened > 4+70 {
					t.Errorf("%d connects in 0.6 s", r.Connects.Opened)
				}
			})
		}
	}
}

// A server that never answers, or stops to, ends no load and is waited for no longer than the grace.
func TestNeverAnswers(t *testing.T) {
	for _, mode := range []string{"--mode closed", "--mode window", "--rate 1000"} {
		address := serve(t, func(e *exchange) error {
			if e.number > 500 {
				return nil
			}
			e.answer(plain(hello))
			return nil
		})
		before := time.Now()
		r := load(t, address, "--connections 3 --depth 2 --duration 800ms --grace 200ms "+mode)
		if took := time.Since(before); took < time.Second || r.DrainUs < 200_000 {
			t.Errorf("%s: ended after %v, waited for %d µs", mode, took, r.DrainUs)
		}
		if r.Batches.Unanswered == 0 || r.Checked != 500 {
			t.Errorf("%s: %+v, %d checked", mode, r.Batches, r.Checked)
		}
		if r.Little != nil && (r.SilentConnections != 3 || *r.Little.Ratio > 0.9) {
			t.Errorf("%s: %d silent, ratio %v", mode, r.SilentConnections, *r.Little.Ratio)
		}
		if r.ActiveIntervals >= 8 && r.Little != nil {
			t.Errorf("%s: %d active of %d", mode, r.ActiveIntervals, len(r.Intervals))
		}
	}
}

// A server that goes and comes back: connects fail in between, and that is counted.
func TestServerComesBack(t *testing.T) {
	var number atomic.Int64
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := listener.Addr().String()
	answer := func(c net.Conn) {
		defer c.Close()
		buffer := make([]byte, 4096)
		for {
			if _, err := c.Read(buffer); err != nil {
				return
			}
			if number.Add(1) == 100 {
				return
			}
			if _, err := c.Write([]byte(plain(hello))); err != nil {
				return
			}
		}
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		c, err := listener.Accept()
		if err != nil {
			return
		}
		_ = listener.Close()
		answer(c)
		sleep(200)
		if listener, err = net.Listen("tcp", address); err != nil {
			return
		}
		defer listener.Close()
		if c, err = listener.Accept(); err == nil {
			answer(c)
		}
	}()
	r := load(t, address, "--connections 1 --duration 1500ms")
	<-ended
	if r.Connects.Failed == 0 || r.Connects.Opened != 2 || !strings.Contains(*r.Connects.FirstFailure, "refused") {
		t.Errorf("%+v", r.Connects)
	}
	near(t, "disconnected, s", float64(r.Little.DisconnectedNs)/1e9, 0.19, 1.2)
}
