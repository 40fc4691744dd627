package main

import (
	"bytes"
	"sync/atomic"
	"testing"
)

// BenchmarkBatch is what a batch of 16 costs besides the kernel: to be recognized and counted.
func BenchmarkBatch(b *testing.B) {
	for _, depth := range []int{1, 16} {
		p := &plan{mode: closed, connections: 1, depth: depth, threads: 1, duration: 1e9, readSize: 65536}
		l := &loop{tally: newTally(p), judge: judge{run: make([]byte, 0, runBytes)}, plan: p, target: &target{token: -1}, batch: depth,
			size: 40 * depth, conns: []conn{{slots: make([]slot, 1)}}}
		l.begin(now(), new(atomic.Int32))
		data := bytes.Repeat([]byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello world!"), depth)
		c := &l.conns[0]
		b.Run(map[int]string{1: "one", 16: "sixteen"}[depth], func(b *testing.B) {
			for b.Loop() {
				c.pending = 0
				l.take(c, c.slot(0), l.began)
				k, clean := l.check(c, data, l.began+1)
				l.count(c, len(data), k, clean, l.began+100_000, now())
			}
			if l.first != nil || l.flying != 0 {
				b.Fatalf("%+v", l.first)
			}
		})
	}
}
