package main

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"
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

// BenchmarkKernel is what the system calls of a batch cost: a peer that only reads and answers when told to.
func BenchmarkKernel(b *testing.B) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer listener.Close()
	p, err := parseOptions(strings.Fields("--connections 1 http://" + listener.Addr().String()))
	if err != nil {
		b.Fatal(err)
	}
	to, err := p.aim(context.Background())
	if err != nil {
		b.Fatal(err)
	}
	loops, err := prepare(p, &to)
	if err != nil {
		b.Fatal(err)
	}
	l := loops[0]
	c := &l.conns[0]
	peer, err := listener.Accept()
	if err != nil {
		b.Fatal(err)
	}
	defer peer.Close()
	buffer, answer := make([]byte, 4096), []byte(plain(hello))
	l.poll(0)
	var spent [4]int64
	b.Run("turn", func(b *testing.B) {
		spent = [4]int64{}
		for b.Loop() {
			start := now()
			c.pending = len(to.request)
			l.flush(c)
			spent[0] += now() - start
			if _, err := peer.Read(buffer); err != nil {
				b.Fatal(err)
			}
			if _, err := peer.Write(answer); err != nil {
				b.Fatal(err)
			}
			start = now()
			n, _ := l.poll(int64(time.Second))
			spent[1] += now() - start
			start = now()
			_, stamp, errno := l.receive(c.fd)
			spent[2] += now() - start
			start = now()
			spent[3] += now() - start
			if n != 1 || errno != 0 || stamp == 0 {
				b.Fatalf("%d events, %v", n, errno)
			}
		}
		for i, name := range []string{"ns/write", "ns/poll", "ns/receive", "ns/now"} {
			b.ReportMetric(float64(spent[i])/float64(b.N), name)
		}
	})
	l.finish()
}
