package main

import (
	"bytes"
	"errors"
)

// response is the response at the start of some bytes. Its body points into them, or into its parser.
type response struct {
	status int
	length int    // its Content-Length; -1 where it has none
	body   []byte // decoded, where it was chunked
	size   int    // bytes from the start of the first interim response to the end of the body
	closes bool   // the server says that it will close the connection
}

// parser holds the body of a chunked response between two calls of parse, and nothing else.
type parser struct {
	body []byte
}

const (
	largestHead = 64 << 10
	largestBody = 1 << 30
)

var (
	errVersion    = errors.New("does not begin with the version, HTTP/1.x")
	errStatusLine = errors.New("malformed status line")
	errHeader     = errors.New("malformed header line")
	errHeadSize   = errors.New("more than 64 KiB before the end of the header")
	errLength     = errors.New("Content-Length is no number, or there are two that differ")
	errBoth       = errors.New("both Content-Length and Transfer-Encoding")
	errCoding     = errors.New("a Transfer-Encoding other than chunked, or in HTTP/1.0")
	errEndless    = errors.New("neither Content-Length nor chunked: it ends where the connection does")
	errChunk      = errors.New("malformed chunk")
	errBodySize   = errors.New("a body of more than 1 GiB")
)

// parse reads the response to a GET at the start of data (RFC 9112). Where data ends before it does, need is greater
// than len(data): nothing can be told from fewer bytes than that. Otherwise need is 0. Interim responses (1xx) before
// it are skipped. Line ends must be CRLF: what a client has to guess at is an error here.
func (p *parser) parse(data []byte) (r response, need int, err error) {
	at := 0
	for {
		head, need, err := cutHead(data[at:])
		if err != nil {
			return response{}, 0, err
		}
		if need > 0 {
			return response{}, at + need, nil
		}
		r, chunked, err := readHead(head)
		if err != nil {
			return response{}, 0, err
		}
		at += len(head)
		if r.status < 200 && r.status != 101 {
			continue
		}
		switch {
		case r.status == 101 || r.status == 204 || r.status == 304:
			r.body = data[at:at]
		case chunked:
			n, need, err := p.dechunk(data[at:], &r)
			if err != nil {
				return response{}, 0, err
			}
			if need > 0 {
				return response{}, at + need, nil
			}
			at += n
		case r.length >= 0:
			if len(data)-at < r.length {
				return response{}, at + r.length, nil
			}
			r.body = data[at : at+r.length]
			at += r.length
		default:
			return response{}, 0, errEndless
		}
		r.size = at
		return r, 0, nil
	}
}

var (
	versionStart = []byte("HTTP/1.")
	headEnd      = []byte("\r\n\r\n")
	lineEnd      = []byte("\r\n")
)

// cutHead finds the head at the start of data: status line, header lines and the empty line.
func cutHead(data []byte) (head []byte, need int, err error) {
	if !bytes.HasPrefix(data, versionStart[:min(len(data), len(versionStart))]) {
		return nil, 0, errVersion
	}
	end := bytes.Index(data[:min(len(data), largestHead)], headEnd)
	if end < 0 {
		if len(data) >= largestHead {
			return nil, 0, errHeadSize
		}
		return nil, len(data) + 1, nil
	}
	return data[:end+len(headEnd)], 0, nil
}

// readHead reads a head that is whole.
func readHead(head []byte) (r response, chunked bool, err error) {
	line, rest, _ := bytes.Cut(head, lineEnd)
	r.length = -1
	// HTTP/1.1 200 OK; the space after the status is asked for by the grammar and forgotten by some.
	if len(line) < 12 || !isDigit(line[7]) || line[8] != ' ' || len(line) > 12 && line[12] != ' ' || !isText(line) {
		return r, false, errStatusLine
	}
	for _, digit := range line[9:12] {
		if !isDigit(digit) {
			return r, false, errStatusLine
		}
		r.status = r.status*10 + int(digit-'0')
	}
	if r.status < 100 {
		return r, false, errStatusLine
	}
	old, coded := line[7] == '0', false // HTTP/1.0 has no chunks (RFC 9112, 6.1)
	keeps := !old
	var declared []byte // the value of Content-Length
	for {
		line, rest, _ = bytes.Cut(rest, lineEnd)
		if len(line) == 0 {
			break
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found || !isToken(name) || !isText(value) {
			return r, false, errHeader
		}
		value = bytes.Trim(value, " \t")
		switch {
		case bytes.EqualFold(name, []byte("content-length")):
			length, ok := decimal(value)
			// Two are one only if they are written alike (RFC 9112, 6.3: "all values in the list are the same").
			if !ok || r.length >= 0 && !bytes.Equal(value, declared) {
				return r, false, errLength
			}
			r.length, declared = length, value
		case bytes.EqualFold(name, []byte("transfer-encoding")):
			if coded || old || !bytes.EqualFold(value, []byte("chunked")) {
				return r, false, errCoding
			}
			coded = true
		case bytes.EqualFold(name, []byte("connection")):
			if lists(value, "close") {
				r.closes = true
			} else if lists(value, "keep-alive") {
				keeps = true
			}
		}
	}
	if coded && r.length >= 0 {
		return r, false, errBoth
	}
	if r.length > largestBody {
		return r, false, errBodySize
	}
	r.closes = r.closes || !keeps
	return r, coded, nil
}

// dechunk reads a chunked body at the start of data into r.body and returns how many bytes it took.
func (p *parser) dechunk(data []byte, r *response) (n, need int, err error) {
	p.body = p.body[:0]
	at, chunks := 0, 0
	for {
		line, need, err := cutLine(data[at:])
		if need > 0 || err != nil {
			return 0, at + need, err
		}
		at += len(line) + len(lineEnd)
		size, ok := hexadecimal(line)
		if !ok {
			return 0, 0, errChunk
		}
		if size > largestBody-len(p.body) {
			return 0, 0, errBodySize
		}
		if size == 0 {
			break
		}
		end := at + size
		if len(data) < end+len(lineEnd) {
			return 0, end + len(lineEnd), nil
		}
		if !bytes.Equal(data[end:end+len(lineEnd)], lineEnd) {
			return 0, 0, errChunk
		}
		p.body = append(p.body, data[at:end]...)
		at = end + len(lineEnd)
		chunks++
	}
	for { // trailer lines, up to the empty one
		line, need, err := cutLine(data[at:])
		if need > 0 || err != nil {
			return 0, at + need, err
		}
		at += len(line) + len(lineEnd)
		if len(line) == 0 {
			break
		}
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found || !isToken(name) || !isText(value) {
			return 0, 0, errHeader
		}
	}
	r.body = p.body
	return at, 0, nil
}

// cutLine finds the line at the start of data, without its end. Lines of chunked bodies are short.
func cutLine(data []byte) (line []byte, need int, err error) {
	const longest = 4096
	end := bytes.IndexByte(data[:min(len(data), longest)], '\n')
	switch {
	case end < 0 && len(data) >= longest:
		return nil, 0, errChunk
	case end < 0:
		return nil, len(data) + 1, nil
	case end == 0 || data[end-1] != '\r':
		return nil, 0, errChunk
	}
	return data[:end-1], 0, nil
}

// hexadecimal reads the size of a chunk; extensions (after ;) are allowed and mean nothing.
func hexadecimal(line []byte) (int, bool) {
	digits, extension, _ := bytes.Cut(line, []byte(";"))
	if len(digits) == 0 || len(digits) > 12 || !isText(extension) {
		return 0, false
	}
	size := 0
	for _, c := range digits {
		switch {
		case isDigit(c):
			size = size<<4 | int(c-'0')
		case 'a' <= c|0x20 && c|0x20 <= 'f':
			size = size<<4 | int(c|0x20-'a'+10)
		default:
			return 0, false
		}
	}
	return size, true
}

func decimal(text []byte) (int, bool) {
	if len(text) == 0 || len(text) > 15 {
		return 0, false
	}
	number := 0
	for _, c := range text {
		if !isDigit(c) {
			return 0, false
		}
		number = number*10 + int(c-'0')
	}
	return number, true
}

// lists says whether a comma-separated header value has the item, in any case.
func lists(value []byte, item string) bool {
	for part := range bytes.SplitSeq(value, []byte(",")) {
		if bytes.EqualFold(bytes.Trim(part, " \t"), []byte(item)) {
			return true
		}
	}
	return false
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isToken says whether text can be the name of a header (RFC 9110, 5.6.2).
func isToken(text []byte) bool {
	for _, c := range text {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && !isDigit(c) && bytes.IndexByte([]byte("!#$%&'*+-.^_`|~"), c) < 0 {
			return false
		}
	}
	return len(text) > 0
}

// isText says whether text has no control characters but tabs.
func isText(text []byte) bool {
	for _, c := range text {
		if c < ' ' && c != '\t' || c == 0x7f {
			return false
		}
	}
	return true
}
