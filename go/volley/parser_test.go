package main

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
)

var whole = map[string]struct {
	text, body string
	status     int
	closes     bool
}{
	"length":           {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", "abc", 200, false},
	"any case":         {"HTTP/1.1 200 OK\r\ncONTENT-lENGTH:3\r\n\r\nabc", "abc", 200, false},
	"space around":     {"HTTP/1.1 200 OK\r\nContent-Length: \t 3 \t\r\n\r\nabc", "abc", 200, false},
	"empty":            {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "", 200, false},
	"no reason":        {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", "", 200, false},
	"long reason":      {"HTTP/1.1 404 Not here, or there\r\nContent-Length: 0\r\n\r\n", "", 404, false},
	"twice the same":   {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na", "a", 200, false},
	"chunked":          {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n0A\r\n0123456789\r\n0\r\n\r\n", "abc0123456789", 200, false},
	"extension":        {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;a=\"b\"\r\na\r\n0\r\n\r\n", "a", 200, false},
	"trailer":          {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nExpires: never\r\nA: b\r\n\r\n", "a", 200, false},
	"no content":       {"HTTP/1.1 204 No Content\r\n\r\n", "", 204, false},
	"not modified":     {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", "", 304, false},
	"interim":          {"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\na", "a", 200, false},
	"switching":        {"HTTP/1.1 101 Switching Protocols\r\n\r\n", "", 101, false},
	"close":            {"HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 1\r\n\r\na", "a", 200, true},
	"1.0":              {"HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na", "a", 200, true},
	"1.0, kept":        {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", "a", 200, false},
	"empty head value": {"HTTP/1.1 200 OK\r\nServer:\r\nContent-Length: 1\r\n\r\na", "a", 200, false},
	"latin-1":          {"HTTP/1.1 200 OK\r\nServer: \xe9\r\nContent-Length: 1\r\n\r\na", "a", 200, false},
}

// Whole responses: alone, with what follows, and cut at each byte.
func TestWholeResponses(t *testing.T) {
	for name, c := range whole {
		t.Run(name, func(t *testing.T) {
			var p parser
			for _, after := range []string{"", "HTTP/1.1 ", "\r\n", "\x00"} {
				r, need, err := p.parse([]byte(c.text + after))
				if err != nil || need != 0 || r.size != len(c.text) || string(r.body) != c.body || r.status != c.status || r.closes != c.closes {
					t.Errorf("with %q: %+v, need %d, %v", after, r, need, err)
				}
			}
			for n := range len(c.text) {
				if r, need, err := p.parse([]byte(c.text[:n])); need <= n || need > len(c.text) || err != nil || r.size != 0 {
					t.Errorf("%d bytes: need %d of %d, %v", n, need, len(c.text), err)
				}
			}
		})
	}
}

func TestMalformedResponses(t *testing.T) {
	const ok = "HTTP/1.1 200 OK\r\n"
	for text, expected := range map[string]error{
		"HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n": errCoding,
		"X":                                 errVersion,
		"HTTP/2":                            errVersion,
		"\r\nHTTP/1.1 200 OK\r\n\r\n":       errVersion,
		"HTTP/1.1 20 OK\r\n\r\n":            errStatusLine,
		"HTTP/1.1 2000\r\n\r\n":             errStatusLine,
		"HTTP/1.1  200\r\n\r\n":             errStatusLine,
		"HTTP/1.x 200 OK\r\n\r\n":           errStatusLine,
		"HTTP/1.1 099 OK\r\n\r\n":           errStatusLine,
		"HTTP/1.1 200 O\x00K\r\n\r\n":       errStatusLine,
		"HTTP/1.1\r\n\r\n":                  errStatusLine,
		ok + "\r\n":                         errEndless,
		ok + "no colon\r\n\r\n":             errHeader,
		ok + "Name : v\r\n\r\n":             errHeader,
		ok + ": v\r\n\r\n":                  errHeader,
		ok + "A: b\r\n folded\r\n\r\n":      errHeader,
		ok + "A: b\nB: c\r\n\r\n":           errHeader,
		ok + "Content-Length: x\r\n\r\n":    errLength,
		ok + "Content-Length:\r\n\r\n":      errLength,
		ok + "Content-Length: +1\r\n\r\n":   errLength,
		ok + "Content-Length: 1, 1\r\n\r\n": errLength,
		ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\n":                        errLength,
		ok + "Content-Length: 1\r\nContent-Length: 01\r\n\r\na":                      errLength,
		ok + "Content-Length: 1\r\nContent-Length: 1\r\nContent-Length: 01\r\n\r\na": errLength,
		ok + "Content-Length: 1234567890123456\r\n\r\n":                              errLength,
		ok + "Content-Length: 2000000000\r\n\r\n":                                    errBodySize,
		ok + "Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n":               errBoth,
		ok + "Transfer-Encoding: gzip\r\n\r\n":                                       errCoding,
		ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n":      errCoding,
		ok + "Transfer-Encoding: chunked\r\n\r\n\r\n":                                errChunk,
		ok + "Transfer-Encoding: chunked\r\n\r\nx\r\n":                               errChunk,
		ok + "Transfer-Encoding: chunked\r\n\r\n1\n":                                 errChunk,
		ok + "Transfer-Encoding: chunked\r\n\r\n1234567890abc\r\n":                   errChunk,
		ok + "Transfer-Encoding: chunked\r\n\r\n1\r\nabc":                            errChunk,
		ok + "Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n":                        errBodySize,
		ok + "Transfer-Encoding: chunked\r\n\r\n0\r\nbad trailer\r\n\r\n":            errHeader,
		ok + "Transfer-Encoding: chunked\r\n\r\n0\r\n" + strings.Repeat("a", 4096):   errChunk,
		ok + strings.Repeat("A: b\r\n", 11_000):                                      errHeadSize,
	} {
		var p parser
		if r, need, err := p.parse([]byte(text)); !errors.Is(err, expected) || need != 0 || r.size != 0 {
			t.Errorf("%.60q: %+v, need %d, %v: expected %v", text, r, need, err, expected)
		}
	}
}

// FuzzParser: what is read the same way however it is cut, and as net/http reads it, which forgives more.
func FuzzParser(f *testing.F) {
	for _, c := range whole {
		f.Add([]byte(c.text))
		f.Add([]byte(c.text + c.text))
	}
	f.Add([]byte("HTTP/1.1 200 OK\r\nContent-Length: 12\r\n\r\nHello world"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if len(data) > 4096 {
			return // each byte costs a parse of all before it
		}
		var p, cut parser
		r, need, err := p.parse(data)
		if err == nil && need == 0 != (r.size > 0) || need > 0 && need <= len(data) || r.size > len(data) {
			t.Fatalf("%+v, need %d, %v", r, need, err)
		}
		for n := range data {
			early, least, soon := cut.parse(data[:n])
			switch {
			case soon != nil:
				if !errors.Is(err, soon) {
					t.Fatalf("%v of %d bytes, and %v of all", soon, n, err)
				}
			case least == 0:
				if early.size != r.size || early.status != r.status || !bytes.Equal(early.body, r.body) {
					t.Fatalf("%+v of %d bytes, and %+v of all", early, n, r)
				}
			case least <= n || err == nil && need == 0 && least > r.size:
				t.Fatalf("need %d with %d bytes, %d were enough", least, n, r.size)
			}
		}
		if r.size == 0 {
			return
		}
		reader := bufio.NewReader(bytes.NewReader(data))
		for {
			other, err := http.ReadResponse(reader, &http.Request{Method: http.MethodGet})
			if err != nil {
				t.Fatalf("net/http: %v", err)
			}
			if other.StatusCode < 200 && other.StatusCode != 101 {
				continue
			}
			body, err := io.ReadAll(other.Body)
			if err != nil || other.StatusCode != r.status || other.StatusCode != 101 && !bytes.Equal(body, r.body) {
				t.Fatalf("net/http: %d %q, %v; here %d %q", other.StatusCode, body, err, r.status, r.body)
			}
			if rest, _ := io.ReadAll(reader); other.StatusCode != 101 && len(rest) != len(data)-r.size {
				t.Fatalf("net/http leaves %d bytes, and here %d are left", len(rest), len(data)-r.size)
			}
			return
		}
	})
}
