package main

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The known answers: loads of servers that sleep, whose latencies are arithmetic. Public reports of other generators
// that had them wrong are named. A machine that is busy makes sleeps longer, never shorter.

// wrk 236: the latency of a batch of three from a server of 300 ms a request, one after the other, is 0.9 s.
func TestBatchOfASerialServer(t *testing.T) {
	address := serve(t, func(e *exchange) error { sleep(300); e.answer(plain(hello)); return nil })
	r := load(t, address, "--connections 5 --depth 3 --duration 1500ms --grace 5s")
	near(t, "p50 of the last response", p50(&r.Latency), 0.9, 1.2)
	near(t, "p50 of the first response", p50(&r.FirstLatency), 0.3, 0.5)
	near(t, "last / first", mean(&r.Latency)/mean(&r.FirstLatency), 2.5, 3.5)
	near(t, "Little's ratio", *r.Little.Ratio, 0.99, 1.01)
	if r.Latency.Count != 10 { // a batch at 0 s and one at 0.9 s, on five connections; the second ends after the window
		t.Errorf("%d samples: none may be cut off by the window's end", r.Latency.Count)
	}
}

// autocannon 15, 315: with two in flight at a server of 500 ms a request, one after the other, each waits for 1 s.
func TestWindowOfASerialServer(t *testing.T) {
	address := serve(t, func(e *exchange) error { sleep(100); e.answer(plain(hello)); return nil })
	r := load(t, address, "--mode window --connections 2 --depth 2 --warm-up 300ms --duration 1s")
	near(t, "mean", mean(&r.Latency), 0.2, 0.25)
	near(t, "Little's ratio", *r.Little.Ratio, 0.99, 1.01)
}

// wrk 438: one pause of 100 ms in a closed load of one connection is one sample, and nothing is "corrected".
func TestOnePauseIsOneSample(t *testing.T) {
	address := serve(t, func(e *exchange) error {
		if e.number == 500 {
			sleep(100)
		}
		e.answer(plain(hello))
		return nil
	})
	r := load(t, address, "--connections 1 --duration 500ms")
	us, _ := percentile(r.Latency.Histogram, 1)
	near(t, "max", float64(us)/1e6, 0.1, 0.2)
	longer := int64(0)
	for _, p := range r.Latency.Histogram {
		if p[0] >= 100_000 {
			longer += p[1]
		}
	}
	if longer != 1 {
		t.Errorf("%d samples of 100 ms and more: there was one pause", longer)
	}
	near(t, "mean × samples", (mean(&r.Latency)+mean(r.OwnDelay))*float64(r.Latency.Count), 0.49, 0.51)
}

// wrk 99, PerfCake 258, boom 100: a server that stands still for s in an open load of d: of those that arrive in the
// pause, one that comes t into it waits for s - t. So the share of all above x is (s - x) / d.
func TestServerThatStandsStill(t *testing.T) {
	const pause, length = 500 * time.Millisecond, 2 * time.Second
	var gate sync.RWMutex
	var once sync.Once
	address := serve(t, func(e *exchange) error {
		once.Do(func() {
			time.AfterFunc(length/4, func() { gate.Lock(); time.Sleep(pause); gate.Unlock() })
		})
		gate.RLock()
		defer gate.RUnlock()
		e.answer(plain(hello))
		return nil
	})
	r := load(t, address, "--rate 2000 --arrivals even --connections 20 --duration 2s")
	for _, x := range []time.Duration{100 * time.Millisecond, 250 * time.Millisecond, 400 * time.Millisecond} {
		above := int64(0)
		for _, p := range r.IntendedLatency.Histogram {
			if p[0] > x.Microseconds() {
				above += p[1]
			}
		}
		expected := (pause - x).Seconds() / length.Seconds()
		near(t, "share above "+x.String(), float64(above)/float64(r.IntendedLatency.Count), expected-0.03, expected+0.05)
	}
	us, _ := percentile(r.IntendedLatency.Histogram, 1)
	near(t, "max", float64(us)/1e6, 0.49, 0.7)
	if r.Batches.Answered != 4000 || r.Open.Queued == 0 {
		t.Errorf("%d answered of 4000, %d queued", r.Batches.Answered, r.Open.Queued)
	}
	// From the actual write on, all but one on each connection look fast: that is coordinated omission.
	if share := above(&r.Latency, 100_000); share > 0.02 {
		t.Errorf("%.3f of the latencies from the write are above 100 ms", share)
	}
}

func above(s *spread, us int64) float64 {
	n := int64(0)
	for _, p := range s.Histogram {
		if p[0] > us {
			n += p[1]
		}
	}
	return float64(n) / float64(s.Count)
}

// h2load 1584: 3900 requests/s were asked for, and 11 500 made.
func TestRateIsTheOneAskedFor(t *testing.T) {
	var served atomic.Int64
	address := serve(t, func(e *exchange) error { served.Add(1); e.answer(plain(hello)); return nil })
	r := load(t, address, "--rate 3900 --arrivals even --duration 1s")
	if r.Open.OfferedRequests != 3900 || served.Load() != 3900 || r.Checked != 3900 {
		t.Errorf("offered %d, served %d, checked %d: 3900 are asked for", r.Open.OfferedRequests, served.Load(), r.Checked)
	}
	near(t, "cv of gaps", *r.Open.IntendedGaps.CV, 0, 1e-3)
	poisson := load(t, address, "--rate 3900 --burst 3 --depth 6 --seed 7 --duration 1s")
	near(t, "offered", poisson.Open.OfferedRate, 3900*0.85, 3900*1.15) // 1300 arrivals: 4 standard deviations are 11 %
	near(t, "A² of 1300 Poisson arrivals", *poisson.Open.IntendedGaps.AndersonDarling, 0, 3.857)
	if poisson.Open.OfferedRequests%3 != 0 || poisson.Checked != poisson.Open.OfferedRequests {
		t.Errorf("offered %d in bursts of 3, checked %d", poisson.Open.OfferedRequests, poisson.Checked)
	}
}
