package main

import "fmt"

// firstToken is where the numbers of a thread begin: all have tokenDigits digits, and no two threads share one.
func firstToken(thread int) (text [tokenDigits]byte) {
	const each = 10_000_000_000
	copy(text[:], fmt.Sprintf("%0*d", tokenDigits, 100_000_000_000+int64(thread)*each))
	return text
}

// increment makes a token the next one.
func increment(text *[tokenDigits]byte) {
	for i := tokenDigits - 1; i >= 0; i-- {
		if text[i] < '9' {
			text[i]++
			return
		}
		text[i] = '0'
	}
}

// ask puts batches of requests, each with a token of its own, behind what is still to be written of out.
func (l *loop) ask(c *conn, batches int) {
	first, size := len(c.out)-c.pending, batches*l.size
	copy(c.out[first-size:], c.out[first:])
	request := c.out[len(c.out)-size:]
	for range batches * l.batch {
		increment(&l.token)
		copy(request[l.target.token:], l.token[:])
		request = request[len(l.target.request):]
		c.history[c.asked%len(c.history)] = token{text: l.token}
		c.asked++
	}
}

// oldest is the token of the request that the next response of c must answer; nil where there are none.
func (c *conn) oldest() *token {
	if len(c.history) == 0 {
		return nil
	}
	return &c.history[(c.asked-c.owed)%len(c.history)]
}
