# ruff: noqa: RUF001 - the sign for "times" stands in what people read here
"""Request bodies: the next request begins where the body ends."""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case, Exchange, Hurt, Level, Pause, Send, Theme
from runner.conformance.cases.requests import EMBEDDED, SMUGGLED, G, at_once, chunked, gets, post, request
from runner.conformance.cases.responses import FINAL, HELLO, LENGTH_REQUIRED, REFUSED, UNSERVED, echoed
from runner.conformance.judge import (
    Look,
    Then,
    about,
    announcing,
    answers,
    begins,
    body,
    each,
    either,
    only,
    permitted,
    unsmuggled,
)
from runner.conformance.spelling import Spelling, spelled

UNQUOTED: Final = permitted(answers(REFUSED, then=Then.CLOSES), "refuses what it should ignore")
CUT: Final[tuple[tuple[bytes, Look], ...]] = (
    (post(b"hello world"), echoed(b"hello world")),
    (chunked(b"5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"), echoed(b"hello world", LENGTH_REQUIRED)),
    (chunked(b"5;x=y\r\nhello\r\n0\r\n\r\n"), echoed(b"hello", LENGTH_REQUIRED, UNQUOTED)),
)
"""A request whose content is cut, and what must come; whether an extension is refused is another case's affair."""
CUTS: Final[tuple[tuple[bytes, int, Look], ...]] = tuple(
    (data, cut, look) for data, look in CUT for cut in range(data.index(b"\r\n\r\n") + 4, len(data))
)
MEBIBYTE: Final = (EMBEDDED * (2**20 // len(EMBEDDED) + 1))[: 2**20]
_READ: Final = unsmuggled(
    SMUGGLED, either(answers(FINAL, HELLO), announcing(answers(FINAL, then=Then.CLOSES)), LENGTH_REQUIRED)
)
_NO_SIZE: Final = unsmuggled(
    SMUGGLED,
    either(
        answers(FINAL, then=Then.CLOSES),
        answers(FINAL, REFUSED, then=Then.CLOSES),
        permitted(begins(FINAL), "neither refused nor closed"),
    ),
)
_UNREAD: Final = (
    Spelling(
        "a length",
        Exchange(at_once(post(MEBIBYTE, path="/"), G), ("POST", "GET", "GET"), enough=2, asks_again=True),
        _READ,
    ),
    *(
        Spelling(
            f"{method}, {what}",
            Exchange(
                at_once(request(method, "/", "Transfer-Encoding: chunked", content=content)),
                (method, "GET", "GET"),
                until_close=True,
                enough=2,
            ),
            look,
        )
        for method in ("POST", "GET")
        for what, content, look in (
            ("a request in a chunk", b"%x\r\n%s\r\n0\r\n\r\n" % (len(EMBEDDED), EMBEDDED) + G, _READ),
            ("a request for a chunk's size", EMBEDDED, _NO_SIZE),
        )
    ),
)

BODIES: Final = (
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
        hurts=Hurt.BEHIND_PROXY,
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
        (Exchange(at_once(chunked(b"2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n"), G), ("POST", "GET"), asks_again=True),),
        only(echoed(b"hello", LENGTH_REQUIRED)),
    ),
    Case(
        11,
        "chunk-extension-and-trailer",
        Theme.BODIES,
        "`POST /echo` chunked, with a chunk extension, a quoted one, or a trailer field, `G`, a connection each",
        "the echo, then 200, each time; to refuse the quoted one is a note: it is safe, and nobody sends any",
        Level.MUST,
        "RFC 9112 §7.1, §7.1.1, §7.1.2",
        "A recipient MUST be able to parse and decode the chunked transfer coding (which ends in a trailer-section); "
        "A recipient MUST ignore unrecognized chunk extensions",
        "What few clients send is what few parsers were tested with; the trailer must not run into the next request.",
        tuple(
            Exchange(at_once(chunked(content), G), ("POST", "GET"), asks_again=True)
            for content in (
                b"5;name=value;flag\r\nhello\r\n0\r\n\r\n",
                b'5;name="a;b"\r\nhello\r\n0\r\n\r\n',
                b"5\r\nhello\r\n0\r\nX-Trailer: yes\r\n\r\n",
            )
        ),
        each(
            about("chunk extension", echoed(b"hello", LENGTH_REQUIRED)),
            about("quoted chunk extension", echoed(b"hello", LENGTH_REQUIRED, UNQUOTED)),
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
        (
            Exchange(
                at_once(request("GET", "/", "Content-Length: 5", content=b"hello"), G),
                gets(3),
                enough=2,
                asks_again=True,
            ),
        ),
        only(
            either(
                answers(HELLO, HELLO),
                announcing(answers(HELLO, then=Then.CLOSES)),
                permitted(answers(REFUSED, then=Then.CLOSES), "refuses content in a GET"),
                permitted(answers(REFUSED, HELLO), "refuses content in a GET"),
            )
        ),
        hurts=Hurt.BEHIND_PROXY,
    ),
    Case(
        13,
        "unread-body",
        Theme.BODIES,
        f"`POST /` of 1 MiB, `POST /` and `G` in chunks, whose route takes no body, {len(_UNREAD)} spellings, `G`",
        "2 responses, or 1 and close; what stands in the body is never answered",
        Level.MUST,
        "RFC 9112 §9.3",
        "A server MUST read the entire request message body or close the connection after sending its response",
        "The body that no handler reads still stands before the next request; here it is full of requests.",
        tuple(one.exchange for one in _UNREAD),
        spelled(_UNREAD),
        deadline_s=5.0,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        62,
        "body-cut-anywhere",
        Theme.BODIES,
        "`POST /echo`, with a length, chunked, or with an extension, and `G`, cut in two at every offset of the body, "
        "a connection each",
        "the echo, then 200, every time; to refuse the extension is a note here",
        Level.MUST,
        "RFC 9112 §7.1",
        "A recipient MUST be able to parse and decode the chunked transfer coding",
        "A chunk's size, its data and their line ends may each arrive in two pieces.",
        tuple(
            Exchange((Send(data[:cut]), Pause(0.01), Send(data[cut:] + G)), ("POST", "GET")) for data, cut, _ in CUTS
        ),
        each(*(look for _, _, look in CUTS)),
        at_once=8,
        needs=("two-gets", "post-then-get", "chunked-then-get"),
    ),
)
