# ruff: noqa: RUF001 - the sign for "times" stands in what people read here
"""The cases. Adding one is adding one value to :data:`CASES`.

They are written from RFC 9112 (HTTP/1.1) and RFC 9110 (HTTP semantics), whose words each quotes. Every server serves
``GET /`` (``Hello world!``), ``GET /sleep/{ms}/{token}`` (the token, after that time) and ``POST /echo`` (the body).
"""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Await, Case, Exchange, HalfClose, Level, Pause, Send, Step, Theme
from runner.conformance.judge import (
    Expected,
    Look,
    Then,
    about,
    announcing,
    answers,
    begins,
    body,
    bounded,
    deepest,
    each,
    either,
    only,
    parallel,
    permitted,
    prompt,
    sparing,
    status,
    unchunked,
    unrefused,
    unsmuggled,
)

DEPTHS: Final = (64, 256, 1024)
FLOOD: Final = 10_000
MEMORY_GROWTH_BYTES: Final = 64 * 2**20
KEEP_ALIVE_S: Final = 5.5
"""Longer than the 5 s that several servers keep an idle connection by default."""
NAP_S: Final = 0.2

HELLO: Final = body(b"Hello world!")
REFUSED: Final = Expected(frozenset({*range(400, 418), 426, 431, 501, 505}))
BAD_REQUEST: Final = status(400)
UNSERVED: Final = status(404, 405, 501)
FINAL: Final = Expected(frozenset(range(200, 600)))
LENGTH_REQUIRED: Final = permitted(
    either(answers(status(411), HELLO), answers(status(411), then=Then.CLOSES)),
    "asks for a length, as RFC 9112 §6.3 lets a server do",
)
SMUGGLED: Final = b"smuggled"


def get(path: str = "/", *fields: str, version: str = "1.1") -> bytes:
    """A GET without content; fields as ``Name: value``."""
    return request("GET", path, *fields, version=version)


def request(method: str, path: str, *fields: str, content: bytes = b"", version: str = "1.1") -> bytes:
    """A request whose head is exactly these fields after Host, whatever its content."""
    lines = (f"{method} {path} HTTP/{version}", "Host: x", *fields, "", "")
    return "\r\n".join(lines).encode() + content


def post(content: bytes, *fields: str, path: str = "/echo") -> bytes:
    """A POST delimited by its length."""
    return request("POST", path, f"Content-Length: {len(content)}", *fields, content=content)


def chunked(content: bytes) -> bytes:
    """A POST to ``/echo`` in the chunked transfer coding; its chunks are the caller's."""
    return request("POST", "/echo", "Transfer-Encoding: chunked", content=content)


def at_once(*requests: bytes, then: tuple[Step, ...] = ()) -> tuple[Step, ...]:
    """All requests in one write."""
    return (Send(b"".join(requests)), *then)


def byte_by_byte(data: bytes) -> tuple[Step, ...]:
    """Each byte in a write of its own."""
    return tuple(step for byte in data for step in (Send(bytes([byte])), Pause(0.002)))


def gets(count: int) -> tuple[str, ...]:
    """The methods of so many GETs."""
    return ("GET",) * count


def sleeps(seconds: float, *tokens: str) -> tuple[bytes, ...]:
    """Requests that are answered with their token after a time."""
    return tuple(get(f"/sleep/{round(seconds * 1000)}/{token}") for token in tokens)


def tokens(*names: str) -> tuple[Expected, ...]:
    """The responses to :func:`sleeps`."""
    return tuple(body(name.encode()) for name in names)


def numbered(count: int, prefix: str = "") -> tuple[str, ...]:
    """Tokens that tell the requests apart."""
    return tuple(f"{prefix}{number}" for number in range(1, count + 1))


def echoed(content: bytes, *others: Look) -> Look:
    """The echo, then a GET's response. Without a route for it, right framing is all that can be seen."""
    unserved = permitted(answers(UNSERVED, HELLO), "POST /echo is not served; its body is read all the same")
    return either(answers(body(content), HELLO), unserved, *others)


G: Final = get()
EMBEDDED: Final = sleeps(0, SMUGGLED.decode())[0]
MEBIBYTE: Final = (EMBEDDED * (2**20 // len(EMBEDDED) + 1))[: 2**20]

CASES: Final[tuple[Case, ...]] = (
    Case(
        1,
        "two-gets",
        Theme.ORDER,
        "`G`, `G`",
        "2 × 200, and the connection stays open",
        Level.MUST,
        "RFC 9112 §9.3.2, §9.3",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "The smallest pipeline there is; a server that fails it cannot be measured pipelined at all.",
        (Exchange(at_once(G, G), gets(2)),),
        only(answers(HELLO, HELLO, then=Then.STAYS)),
        core=True,
    ),
    Case(
        2,
        "sixteen-in-order",
        Theme.ORDER,
        "16 × `G(/sleep/0/i)`",
        "tokens 1 … 16 in order, and not a byte more",
        Level.MUST,
        "RFC 9112 §9.3.2",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "Equal responses hide a swap, a loss or a duplicate; tokens do not.",
        (Exchange(at_once(*sleeps(0, *numbered(16))), gets(16)),),
        only(answers(*tokens(*numbered(16)))),
        core=True,
    ),
    Case(
        3,
        "deep-batches",
        Theme.ORDER,
        "64, 256 and 1024 × `G(/sleep/0/i)`, a connection each",
        "every token in order; the largest depth that works is recorded",
        Level.MUST,
        "RFC 9112 §9.3.2",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "Queues and buffers with a limit work until a batch is larger than they are.",
        tuple(Exchange(at_once(*sleeps(0, *numbered(depth))), gets(depth)) for depth in DEPTHS),
        deepest(DEPTHS, [answers(*tokens(*numbered(depth))) for depth in DEPTHS]),
        core=True,
        deadline_s=5.0,
    ),
    Case(
        4,
        "byte-at-a-time",
        Theme.ARRIVAL,
        "3 × `G`, each byte in a write of its own",
        "3 × 200",
        Level.NONE,
        "RFC 9112 §9, §2.2",
        "The mapping of HTTP request and response structures onto the data units of an underlying transport "
        "protocol is outside the scope of this specification",
        "A parser that needs a request in one read fails on real networks.",
        (Exchange(byte_by_byte(G * 3), gets(3)),),
        only(answers(HELLO, HELLO, HELLO)),
        core=True,
    ),
    Case(
        5,
        "cut-anywhere",
        Theme.ARRIVAL,
        "2 × `G`, cut in two at every offset, a connection each",
        "2 × 200 every time",
        Level.NONE,
        "RFC 9112 §9, §2.2",
        "The mapping of HTTP request and response structures onto the data units of an underlying transport "
        "protocol is outside the scope of this specification",
        "A segment boundary may fall anywhere; state that is lost at one offset loses a request in a million.",
        tuple(
            Exchange((Send((G + G)[:cut]), Pause(0.01), Send((G + G)[cut:])), gets(2)) for cut in range(1, 2 * len(G))
        ),
        each(answers(HELLO, HELLO)),
        core=True,
        at_once=8,
    ),
    Case(
        6,
        "first-not-held-back",
        Theme.ARRIVAL,
        "`G` and half of another; wait for a response; the other half",
        "the first response comes before the second request is complete",
        Level.NONE,
        "–",
        "",
        "A server that answers only when its input is used up deadlocks a client that waits for the first response.",
        (Exchange((Send(G + G[: len(G) // 2]), Await(1, 1.0), Send(G[len(G) // 2 :])), gets(2)),),
        only(
            prompt(
                answers(HELLO, HELLO),
                "the first response is held back until the second request is complete",
            )
        ),
    ),
    Case(
        7,
        "slow-then-fast",
        Theme.ORDER,
        "`G(/sleep/200/1)`, `G(/sleep/0/2)`",
        "1, then 2",
        Level.MUST,
        "RFC 9112 §9.3.2",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "The one case in which a server that works on requests in parallel can get the order wrong.",
        (Exchange(at_once(*sleeps(NAP_S, "1"), *sleeps(0, "2")), gets(2)),),
        only(answers(*tokens("1", "2"))),
        core=True,
    ),
    Case(
        8,
        "post-then-get",
        Theme.BODIES,
        "`POST /echo` of length 5, `G`",
        "the echo, then 200",
        Level.MUST,
        "RFC 9112 §6.3, §9.3",
        "A server MUST read the entire request message body or close the connection after sending its response",
        "The next request begins where the body ends; one octet off and it is garbage.",
        (Exchange(at_once(post(b"hello"), G), ("POST", "GET")),),
        only(echoed(b"hello")),
    ),
    Case(
        9,
        "body-that-looks-like-a-request",
        Theme.BODIES,
        "`POST /echo` of length 0, `POST /echo` whose body is the text of a GET",
        "2 responses; the text stays a body",
        Level.MUST,
        "RFC 9112 §6.3, §9.3",
        "A server MUST read the entire request message body or close the connection after sending its response",
        "Taking a body for a request is how requests are smuggled past a proxy.",
        (Exchange(at_once(post(b""), post(EMBEDDED)), ("POST", "POST", "GET"), enough=2),),
        only(
            unsmuggled(
                SMUGGLED,
                either(
                    answers(body(b""), body(EMBEDDED)),
                    permitted(
                        answers(UNSERVED, UNSERVED),
                        "POST /echo is not served; its body is read all the same",
                    ),
                ),
            )
        ),
    ),
    Case(
        10,
        "chunked-then-get",
        Theme.BODIES,
        "`POST /echo` chunked, `G`",
        "the echo, then 200",
        Level.MUST,
        "RFC 9112 §7.1",
        "A recipient MUST be able to parse and decode the chunked transfer coding",
        "Clients stream bodies whose length they do not know yet.",
        (Exchange(at_once(chunked(b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), G), ("POST", "GET")),),
        only(echoed(b"hello", LENGTH_REQUIRED)),
    ),
    Case(
        11,
        "chunk-extension-and-trailer",
        Theme.BODIES,
        "`POST /echo` chunked, with a chunk extension or with a trailer field, `G`, a connection each",
        "the echo, then 200, both times",
        Level.MUST,
        "RFC 9112 §7.1, §7.1.1, §7.1.2",
        "A recipient MUST be able to parse and decode the chunked transfer coding (which ends in a trailer-section); "
        "A recipient MUST ignore unrecognized chunk extensions",
        "What few clients send is what few parsers were tested with; the trailer must not run into the next request.",
        (
            Exchange(at_once(chunked(b'5;name=value;q="a;b"\r\nhello\r\n0\r\n\r\n'), G), ("POST", "GET")),
            Exchange(at_once(chunked(b"5\r\nhello\r\n0\r\nX-Trailer: yes\r\n\r\n"), G), ("POST", "GET")),
        ),
        each(
            about("chunk extension", echoed(b"hello", LENGTH_REQUIRED)),
            about("trailer field", echoed(b"hello", LENGTH_REQUIRED)),
        ),
    ),
    Case(
        12,
        "get-with-content",
        Theme.BODIES,
        "`G` with a Content-Length of 5 and `hello`, `G`",
        "2 × 200, or one response and close; `hello` is never taken for a request",
        Level.MUST,
        "RFC 9112 §9.3, §6; RFC 9110 §9.3.1",
        "A server MUST read the entire request message body or close the connection after sending its response",
        "Framing does not depend on the method; a parser that thinks it does can be made to lose its place.",
        (Exchange(at_once(request("GET", "/", "Content-Length: 5", content=b"hello"), G), gets(3), enough=2),),
        only(
            either(
                answers(HELLO, HELLO),
                permitted(answers(HELLO, then=Then.CLOSES), "closes rather than read the content"),
                permitted(answers(REFUSED, then=Then.CLOSES), "refuses content in a GET"),
                permitted(answers(REFUSED, HELLO), "refuses content in a GET"),
            )
        ),
    ),
    Case(
        13,
        "unread-body",
        Theme.BODIES,
        "`POST /` of 1 MiB, whose route takes no body, `G`",
        "2 responses, or 1 and close",
        Level.MUST,
        "RFC 9112 §9.3",
        "A server MUST read the entire request message body or close the connection after sending its response",
        "The body that no handler reads still stands before the next request; here it is full of requests.",
        (Exchange(at_once(post(MEBIBYTE, path="/"), G), ("POST", "GET", "GET"), enough=2),),
        only(
            unsmuggled(
                SMUGGLED,
                either(
                    answers(FINAL, HELLO),
                    permitted(answers(FINAL, then=Then.CLOSES), "closes rather than read the body"),
                ),
            )
        ),
        deadline_s=5.0,
    ),
    Case(
        14,
        "head-then-get",
        Theme.SEMANTICS,
        "`HEAD /`, `G`",
        "no body for HEAD, or HEAD refused without one; then 200",
        Level.MUST_NOT,
        "RFC 9110 §9.3.2, §9.1",
        "the server MUST NOT send content in the response",
        "A client takes a body after a HEAD response for the next response.",
        (Exchange(at_once(request("HEAD", "/"), G), ("HEAD", "GET")),),
        only(
            unrefused(
                UNSERVED,
                answers(Expected(frozenset({200, *UNSERVED.statuses})), HELLO),
                "HEAD is refused, though RFC 9110 §9.1 has servers support it",
            )
        ),
    ),
    Case(
        15,
        "not-found-between",
        Theme.SEMANTICS,
        "`G`, `G(/missing)`, `G`",
        "200, 404, 200",
        Level.MUST,
        "RFC 9112 §9.3.2, §9.3",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "An error in one request is no reason to lose the next.",
        (Exchange(at_once(G, get("/missing"), G), gets(3)),),
        only(answers(HELLO, status(404), HELLO)),
    ),
    Case(
        16,
        "close-on-the-last",
        Theme.CLOSING,
        "3 × `G(/sleep/0/i)`, the last with `Connection: close`",
        "3 responses, then the server closes",
        Level.MUST,
        "RFC 9112 §9.6",
        "A server that receives a “close” connection option MUST initiate closure of the connection (see below) after "
        "it sends the final response to the request that contained the “close” connection option",
        "A client that asks for a close waits for it.",
        (
            Exchange(
                at_once(*sleeps(0, "1", "2"), get("/sleep/0/3", "Connection: close")),
                gets(3),
                until_close=True,
            ),
        ),
        only(announcing(answers(*tokens("1", "2", "3"), then=Then.CLOSES))),
    ),
    Case(
        17,
        "close-on-the-second",
        Theme.CLOSING,
        "3 × `G(/sleep/0/i)`, the second with `Connection: close`",
        "exactly 2 responses, then the server closes",
        Level.MUST_NOT,
        "RFC 9112 §9.6",
        "The server MUST NOT process any further requests received on that connection",
        "What follows the last request may not be the client's.",
        (
            Exchange(
                at_once(*sleeps(0, "1"), get("/sleep/0/2", "Connection: close"), *sleeps(0, "3")),
                gets(3),
                until_close=True,
                enough=3,
            ),
        ),
        only(sparing(body(b"1"), announcing(answers(*tokens("1", "2"), then=Then.CLOSES)))),
    ),
    Case(
        18,
        "garbage-after-close",
        Theme.CLOSING,
        "`G` with `Connection: close`, then garbage",
        "200 intact, then the server closes",
        Level.MUST_NOT,
        "RFC 9112 §9.6",
        "The server MUST NOT process any further requests received on that connection",
        "The response that was asked for must survive whatever comes after the last request.",
        (
            Exchange(
                at_once(get("/", "Connection: close"), b"\x16\x03\x01 this is no request\r\n\r\n"),
                gets(2),
                until_close=True,
                enough=2,
            ),
        ),
        only(
            sparing(
                HELLO,
                either(
                    answers(HELLO, then=Then.CLOSES),
                    permitted(answers(HELLO, REFUSED, then=Then.CLOSES), "answers what follows the last request"),
                ),
            )
        ),
    ),
    Case(
        19,
        "http10-then-get",
        Theme.CLOSING,
        "an HTTP/1.0 GET, `G`",
        "1 response, then the server closes",
        Level.NONE,
        "RFC 9112 §9.3, §6.1",
        "If the received protocol is HTTP/1.0, the “keep-alive” connection option is present […]; otherwise, "
        "The connection will close after the current response",
        "An HTTP/1.0 client may take the close for the end of the response.",
        (Exchange(at_once(get(version="1.0"), G), gets(2), until_close=True, enough=2),),
        only(
            sparing(
                HELLO,
                unchunked(
                    either(
                        answers(HELLO, then=Then.CLOSES),
                        permitted(answers(HELLO, HELLO), "persists after an HTTP/1.0 request"),
                        permitted(answers(HELLO), "persists after an HTTP/1.0 request"),
                    )
                ),
            )
        ),
    ),
    Case(
        20,
        "http10-keep-alive",
        Theme.CLOSING,
        "2 × HTTP/1.0 GET with `Connection: keep-alive`",
        "2 responses, or 1 and close",
        Level.NONE,
        "RFC 9112 §9.3, §C.2.2",
        "If the received protocol is HTTP/1.0, the “keep-alive” connection option is present, […] and the recipient "
        "wishes to honor the HTTP/1.0 “keep-alive” mechanism, the connection will persist after the current response",
        "ab and older proxies still speak it.",
        (Exchange(at_once(*[get("/", "Connection: keep-alive", version="1.0")] * 2), gets(2)),),
        only(
            unchunked(
                either(
                    answers(HELLO, HELLO),
                    permitted(answers(HELLO, then=Then.CLOSES), "closes in spite of keep-alive"),
                )
            )
        ),
    ),
    Case(
        21,
        "extra-crlf",
        Theme.MALFORMED,
        "`G`, an extra CRLF, `G`",
        "2 × 200",
        Level.SHOULD,
        "RFC 9112 §2.2",
        "a server that is expecting to receive and parse a request-line SHOULD ignore at least one empty line (CRLF) "
        "received prior to the request-line",
        "Old clients end a body with one.",
        (Exchange(at_once(G, b"\r\n", G), gets(3), enough=2),),
        only(
            either(
                answers(HELLO, HELLO),
                permitted(answers(HELLO, REFUSED, then=Then.CLOSES), "refuses an empty line"),
                permitted(answers(HELLO, REFUSED, HELLO), "refuses an empty line"),
                permitted(answers(HELLO, then=Then.CLOSES), "closes at an empty line"),
            )
        ),
    ),
    Case(
        22,
        "bad-line-after-get",
        Theme.MALFORMED,
        "`G`, `BAD` and an empty line, `G`",
        "200, 400, then the server closes: the good response is not lost",
        Level.SHOULD,
        "RFC 9112 §2.2, §9.3.2",
        "the server SHOULD respond with a 400 (Bad Request) response and close the connection",
        "A client gives the 400 to the request that was good.",
        (Exchange(at_once(G, b"BAD\r\n\r\n", G), gets(3), until_close=True, enough=3),),
        only(
            sparing(
                HELLO,
                either(
                    answers(HELLO, BAD_REQUEST, then=Then.CLOSES),
                    permitted(begins(HELLO), "not 200, 400 and close"),
                ),
            )
        ),
    ),
    Case(
        23,
        "missing-host",
        Theme.MALFORMED,
        "`G`, a GET without Host",
        "200, 400",
        Level.MUST,
        "RFC 9112 §3.2",
        "A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host "
        "header field",
        "Without Host there is no telling whose resource is meant.",
        (Exchange(at_once(G, b"GET / HTTP/1.1\r\n\r\n"), gets(2)),),
        only(sparing(HELLO, answers(HELLO, BAD_REQUEST))),
    ),
    Case(
        24,
        "invalid-content-length",
        Theme.MALFORMED,
        "`G`, `POST /echo` with `Content-Length: abc`",
        "200, 400, then the server closes",
        Level.MUST,
        "RFC 9112 §6.3",
        "the server MUST respond with a 400 (Bad Request) status code and then close the connection",
        "Nobody knows where such a request ends.",
        (
            Exchange(
                at_once(G, request("POST", "/echo", "Content-Length: abc", content=b"hello")),
                ("GET", "POST"),
                until_close=True,
            ),
        ),
        only(sparing(HELLO, answers(HELLO, BAD_REQUEST, then=Then.CLOSES))),
    ),
    Case(
        25,
        "two-content-lengths",
        Theme.MALFORMED,
        "`G`, `POST /echo` with two different lengths around an embedded GET",
        "200, 400, then the server closes; no third response",
        Level.MUST,
        "RFC 9112 §6.3",
        "the server MUST respond with a 400 (Bad Request) status code and then close the connection",
        "Two parsers that each believe another length make a request out of a body.",
        (
            Exchange(
                at_once(
                    G,
                    request(
                        "POST",
                        "/echo",
                        "Content-Length: 5",
                        f"Content-Length: {5 + len(EMBEDDED)}",
                        content=b"hello" + EMBEDDED,
                    ),
                ),
                ("GET", "POST", "GET"),
                until_close=True,
                enough=3,
            ),
        ),
        only(sparing(HELLO, unsmuggled(SMUGGLED, answers(HELLO, BAD_REQUEST, then=Then.CLOSES)))),
    ),
    Case(
        26,
        "length-and-chunked",
        Theme.MALFORMED,
        "`POST /echo` with both Content-Length and chunked, `G`",
        "400, or one response by the chunked coding; then the server closes",
        Level.MUST,
        "RFC 9112 §6.1, §6.3",
        "Regardless, the server MUST close the connection after responding to such a request to avoid the potential "
        "attacks",
        "The classic of request smuggling: what follows may not be the client's request.",
        (
            Exchange(
                at_once(
                    request(
                        "POST",
                        "/echo",
                        "Content-Length: 6",
                        "Transfer-Encoding: chunked",
                        content=b"5\r\nhello\r\n0\r\n\r\n",
                    ),
                    G,
                ),
                ("POST", "GET"),
                until_close=True,
                enough=2,
            ),
        ),
        only(
            either(
                answers(body(b"hello"), then=Then.CLOSES),
                answers(REFUSED, then=Then.CLOSES),
            )
        ),
    ),
    Case(
        27,
        "space-before-colon",
        Theme.MALFORMED,
        "`POST /echo` with `Transfer-Encoding : chunked`",
        "400",
        Level.MUST,
        "RFC 9112 §5.1",
        "A server MUST reject, with a response status code of 400 (Bad Request), any received request message that "
        "contains whitespace between a header field name and colon",
        "A field that one parser sees and the next does not decides where the request ends.",
        (
            Exchange(
                at_once(request("POST", "/echo", "Transfer-Encoding : chunked", content=b"5\r\nhello\r\n0\r\n\r\n")),
                ("POST", "GET", "GET"),
                enough=1,
            ),
        ),
        only(begins(BAD_REQUEST)),
    ),
    Case(
        28,
        "invalid-chunk-size",
        Theme.MALFORMED,
        "`POST /echo` chunked with an invalid chunk size, `G`",
        "400, then the server closes; the GET is never answered",
        Level.MUST,
        "RFC 9112 §2.2, §9.3, §7.1",
        "A server MUST read the entire request message body or close the connection after sending its response",
        "Where the body ends is unknown, so nothing after it can be a request.",
        (
            Exchange(
                at_once(chunked(b"zz\r\nhello\r\n0\r\n\r\n"), EMBEDDED),
                ("POST", "GET", "GET"),
                until_close=True,
                enough=3,
            ),
        ),
        only(
            unsmuggled(
                SMUGGLED,
                either(
                    answers(BAD_REQUEST, then=Then.CLOSES),
                    permitted(begins(REFUSED), "not 400 and close"),
                    permitted(answers(then=Then.CLOSES), "closes without the 400"),
                ),
            )
        ),
    ),
    Case(
        29,
        "expect-continue",
        Theme.SEMANTICS,
        "`POST /echo` with `Expect: 100-continue` and its body, `G`",
        "an optional 100, the echo, then 200",
        Level.MUST,
        "RFC 9110 §10.1.1",
        "A server that sends a 100 (Continue) response MUST ultimately send a final status code, once it receives and "
        "processes the request content",
        "curl sends it with every larger body.",
        (Exchange(at_once(post(b"hello", "Expect: 100-continue"), G), ("POST", "GET")),),
        only(
            echoed(
                b"hello",
                permitted(answers(status(417), HELLO), "refuses the expectation"),
                permitted(answers(status(417), then=Then.CLOSES), "refuses the expectation"),
            )
        ),
    ),
    Case(
        30,
        "unknown-upgrade",
        Theme.SEMANTICS,
        "`G` with `Connection: upgrade` and an unknown `Upgrade`, `G`",
        "2 × 200",
        Level.MAY,
        "RFC 9110 §7.8",
        "A server MAY ignore a received Upgrade header field if it wishes to continue using the current protocol",
        "Parsers stop at an upgrade, and what they do not hand back is lost.",
        (Exchange(at_once(get("/", "Connection: upgrade", "Upgrade: pipebench-unknown"), G), gets(3), enough=2),),
        only(
            either(
                answers(HELLO, HELLO),
                permitted(answers(REFUSED, HELLO), "refuses the upgrade"),
                permitted(answers(REFUSED, then=Then.CLOSES), "refuses the upgrade"),
            )
        ),
    ),
    Case(
        31,
        "half-close",
        Theme.CLOSING,
        "4 × `G(/sleep/0/i)`, then the client's half-close",
        "all 4 responses",
        Level.NONE,
        "RFC 9112 §9.6",
        "a TCP connection that is half-closed by the client does not delimit a request message, nor does it imply that "
        "the client is no longer interested in a response",
        "Simple clients send all they have, shut down their side and read to the end.",
        (Exchange(at_once(*sleeps(0, *numbered(4)), then=(HalfClose(),)), gets(4)),),
        only(answers(*tokens(*numbered(4)))),
    ),
    Case(
        32,
        "slow-reader",
        Theme.PRESSURE,
        f"{FLOOD} × `G`, nothing read for 5 s, then all of it",
        f"the server's memory grows by less than {MEMORY_GROWTH_BYTES // 2**20} MiB, then every response comes",
        Level.SHOULD,
        "RFC 9112 §9.5",
        "A server SHOULD sustain persistent connections, when possible, and allow the underlying transport's "
        "flow-control mechanisms to resolve temporary overloads",
        "A server that reads on while nobody reads its responses can be made to use all memory.",
        (Exchange((Send(G * FLOOD),), gets(FLOOD), read_after_s=5.0),),
        bounded(only(answers(*[HELLO] * FLOOD)), growth_bytes=MEMORY_GROWTH_BYTES),
        deadline_s=15.0,
        watches_memory=True,
    ),
    Case(
        33,
        "slower-than-keep-alive",
        Theme.PRESSURE,
        f"2 × `G(/sleep/{round(KEEP_ALIVE_S * 1000)}/i)`",
        "both answered",
        Level.NONE,
        "RFC 9112 §9.5",
        "Servers will usually have some timeout value beyond which they will no longer maintain an inactive connection",
        "A keep-alive timer that runs while a request is being served cuts off the one behind it.",
        (Exchange(at_once(*sleeps(KEEP_ALIVE_S, "1", "2")), gets(2)),),
        only(answers(*tokens("1", "2"))),
        deadline_s=2 * KEEP_ALIVE_S + 4.0,
    ),
    Case(
        34,
        "parallel",
        Theme.ORDER,
        f"2 × `G(/sleep/{round(NAP_S * 1000)}/i)`, 3 times",
        f"1, 2; in {NAP_S} s together: *concurrent*; in {2 * NAP_S} s: *serial*",
        Level.MAY,
        "RFC 9112 §9.3.2",
        "A server MAY process a sequence of pipelined requests in parallel if they all have safe methods (Section "
        "9.2.1 of [HTTP]), but it MUST send the corresponding responses in the same order",
        "Whether a slow request holds up those behind it is what most sets servers apart.",
        tuple(Exchange(at_once(*sleeps(NAP_S, "1", "2")), gets(2)) for _ in range(3)),
        parallel(answers(*tokens("1", "2")), slept_s=NAP_S),
        core=True,
        alone=True,
    ),
    Case(
        35,
        "hundred-connections",
        Theme.PRESSURE,
        "100 connections × 16 × `G(/sleep/0/unique)` at once",
        "every token on its own connection, in order",
        Level.MUST,
        "RFC 9112 §9.3.2",
        "it MUST send the corresponding responses in the same order that the requests were received",
        "State that is shared between connections shows only when there are many.",
        tuple(Exchange(at_once(*sleeps(0, *numbered(16, f"{n}-"))), gets(16)) for n in range(100)),
        each(*[answers(*tokens(*numbered(16, f"{n}-"))) for n in range(100)]),
        core=True,
        at_once=100,
        deadline_s=6.0,
    ),
)
"""In the order of their numbers."""

CORE: Final = tuple(case for case in CASES if case.core)
"""The cases that decide a server's class, for a check in a hurry."""
