package main

import (
	"bytes"
	"strconv"
)

// kind is what is wrong with a response.
type kind int

const (
	right    kind = iota
	status        // not 200
	framing       // not HTTP/1.1, or no end that can be told
	length        // Content-Length is not that of the expected body, or the connection ended within the body
	body          // of the right length, and another
	surplus       // bytes that nobody asked for
	order         // the token of another request of the connection
	repeated      // the token of a request that was answered already
	kinds
)

var kindNames = [kinds]string{"", "status", "framing", "length", "body", "surplus", "order", "repeat"}

// fault is a response that is wrong, as it is kept.
type fault struct {
	kind       kind
	detail     string
	connection int
	response   int64 // ordinal on its connection since that was opened, from 1
	at         int64 // CLOCK_REALTIME, ns
	expected   *string
	bytes      []byte // the first keptBytes of size
	size       int
}

const (
	keptBytes = 512
	runBytes  = 8192 // of equal responses that are recognized at once
)

// token is the number that a request asks for, as it stands there.
type token struct {
	text [tokenDigits]byte
	seen bool // a response brought it
}

// judge says what is wrong with the responses of one thread. It remembers the last one that was right: most of the next
// are equal to it in every byte, which is told without parsing.
type judge struct {
	parser
	expect     []byte
	compares   bool // bodies are compared with expect
	tokens     bool
	last       []byte // the last right response: all of it, or with tokens its head
	run        []byte // last, again and again; empty until last was recognized
	checked    int64
	recognized int64
	faults     [kinds]int64
	inWindow   int64 // faults of responses that were stamped in the window
	first      *fault
}

// recognize says how long the response at the start of data is if it equals the last right one, else 0. It costs one
// comparison of that many bytes. Of a response with a token the body is compared with that.
func (j *judge) recognize(data []byte, asked *token) int {
	n := len(j.last)
	if n == 0 || len(data) < n || !bytes.Equal(data[:n], j.last) {
		return 0
	}
	if j.tokens {
		if len(data) < n+tokenDigits || string(data[n:n+tokenDigits]) != string(asked.text[:]) {
			return 0
		}
		asked.seen = true
		n += tokenDigits
	}
	j.recognized++
	if !j.tokens && len(j.run) == 0 {
		for len(j.run)+len(j.last) <= cap(j.run) {
			j.run = append(j.run, j.last...)
		}
	}
	return n
}

// recognizeRun says how many responses at the start of data, up to most, equal the last right one, if all that are
// there do; else 0. It costs one comparison of them all.
func (j *judge) recognizeRun(data []byte, most int) (k int) {
	if len(j.run) == 0 {
		return 0
	}
	k = min(most, len(data)/len(j.last), len(j.run)/len(j.last))
	if n := k * len(j.last); k < 2 || !bytes.Equal(data[:n], j.run[:n]) {
		return 0
	}
	j.recognized += int64(k)
	return k
}

// verdict says what is wrong with a response that is whole. raw are its bytes. With tokens, asked is what the request
// wanted and history is what this connection asked for lately, asked among it.
func (j *judge) verdict(r response, raw []byte, asked *token, history []token) (kind, string) {
	if r.status != 200 {
		return status, "status " + strconv.Itoa(r.status)
	}
	if j.tokens {
		if string(r.body) != string(asked.text[:]) {
			return mistaken(r.body, history)
		}
		asked.seen = true
	} else if j.compares {
		switch {
		case len(r.body) != len(j.expect):
			return length, "a body of " + strconv.Itoa(len(r.body)) + " bytes, not " + strconv.Itoa(len(j.expect))
		case !bytes.Equal(r.body, j.expect):
			return body, "another body"
		}
	}
	switch {
	case r.closes: // to be looked at each time, for what it says of the connection
	case !j.tokens:
		j.last, j.run = append(j.last[:0], raw...), j.run[:0]
	case r.length == tokenDigits && len(raw) > tokenDigits:
		j.last = append(j.last[:0], raw[:len(raw)-tokenDigits]...)
	}
	return right, ""
}

// mistaken says which request, if any, a body belongs to that is not the token asked for.
func mistaken(text []byte, history []token) (kind, string) {
	for i := range history {
		if other := &history[i]; string(text) == string(other.text[:]) {
			if other.seen {
				return repeated, "the token of a request answered before"
			}
			other.seen = true
			return order, "the token of another request of this connection"
		}
	}
	if len(text) != tokenDigits {
		return length, "a body of " + strconv.Itoa(len(text)) + " bytes, not " + strconv.Itoa(tokenDigits)
	}
	return body, "no token of this connection"
}
