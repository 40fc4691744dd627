"""Chunks that are none: sizes, extensions, line ends, what follows a chunk's data, and trailers.

``chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF`` and ``chunk-size = 1*HEXDIG`` (RFC 9112 §7.1). A bare LF may
end a line of the head (§2.2), but no line of a chunk.
"""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case, Exchange, Hurt, Level, Outcome, Pause, Theme
from runner.conformance.cases.requests import EMBEDDED, NEXT, SMUGGLED, at_once, chunked
from runner.conformance.cases.responses import NEXT_ANSWER
from runner.conformance.judge import Look, body
from runner.conformance.spelling import Spelling, never_completes, reads, refuses, spelled, tolerates

METHODS: Final = ("POST", "GET", "GET")
NOTED: Final = Outcome.NOTE
END: Final = b"0\r\n\r\n"
OVER_CR: Final = tolerates(b"a")
"""A bare CR may be replaced by SP (RFC 9112 §2.2); who takes it for the line's end hands out other content."""

NO_SIZES: Final[tuple[tuple[str, bytes, int], ...]] = (
    ("+1", b"+1", 1),
    ("-1", b"-1", 1),
    ("0x1", b"0x1", 1),
    ("0X1", b"0X1", 1),
    ("0x", b"0x", 0),
    ("x1", b"x1", 1),
    ("++1", b"++1", 1),
    ("1+", b"1+", 1),
    ("1_0", b"1_0", 16),
    ("1_", b"1_", 1),
    ("_1", b"_1", 1),
    ("1.0", b"1.0", 1),
    ("1h", b"1h", 1),
    ("g", b"g", 16),
    ("g, no data", b"g", 0),
    ("1g for 32", b"1g", 32),
    ("colon, the octet after 9", b":", 10),
    ("at sign, the octet before A", b"@", 9),
    ("1 SP 1", b"1 1", 1),
    ("1 SP a", b"1 a", 1),
    ('"1"', b'"1"', 1),
    ("1,", b"1,", 1),
    ("empty", b"", 1),
    ("VT before", b"\x0b1", 1),
    ("FF after", b"1\x0c", 1),
    ("FS before", b"\x1c1", 1),
    ("US after", b"1\x1f", 1),
    ("SOH before", b"\x011", 1),
    ("DEL after", b"1\x7f", 1),
    ("CRLF before", b"\r\n1", 1),
    ("LF before", b"\n1", 1),
    ("NUL before", b"\x001", 1),
    ("NUL after", b"1\x00", 1),
    ("NEL after (Latin-1)", b"1\x85", 1),
    ("NBSP after (Latin-1)", b"1\xa0", 1),
    ("superscript 1 (Latin-1)", b"\xb9", 1),
    ("superscript 1 (UTF-8)", b"\xc2\xb9", 1),
    ("Arabic-Indic 1 (UTF-8)", b"\xd9\xa1", 1),
    ("fullwidth 1 (UTF-8)", b"\xef\xbc\x91", 1),
)
"""Name, what stands for a size, and how many octets a reader sees in it who takes it for one."""

LAST_SIZES: Final = (
    ("last +0", b"+0"),
    ("last -0", b"-0"),
    ("last -1", b"-1"),
    ("last 0x0", b"0x0"),
    ("last 0x", b"0x"),
    ("last 0_0", b"0_0"),
    ("last 0.0", b"0.0"),
    ("last 0z", b"0z"),
    ("last z", b"z"),
    ("last empty", b""),
    ("last 0 a", b"0 a"),
    ("last NUL", b"\x00"),
    ("last Arabic-Indic 0 (UTF-8)", b"\xd9\xa0"),
)
SECOND_SIZES: Final = (("second +1", b"+1"), ("second 0x1", b"0x1"), ("second 1_0", b"1_0"), ("second -1", b"-1"))
WHITE_SIZES: Final = (("SP before", b" 1"), ("HTAB before", b"\t1"), ("SP after", b"1 "), ("HTAB after", b"1\t"))
"""Whitespace around a size: no sender may write it; a note, as h11 and others read over it on purpose."""

HIDDEN: Final = b"\r\n" + EMBEDDED
HIDDEN_SIZE: Final = b"%x" % len(HIDDEN)
"""Data that ends the body and goes on with a request, for whoever looks at the zeros before its size alone."""
SIZES_TOO_LARGE: Final = (
    ("2^16 + 1", b"10001"),
    ("2^31 + 1", b"80000001"),
    ("2^32 + 1", b"100000001"),
    ("2^32", b"100000000"),
    ("2^53 + 1", b"20000000000001"),
    ("2^63 + 1", b"8000000000000001"),
    ("2^64 + 1", b"10000000000000001"),
    ("2^64 - 1", b"ffffffffffffffff"),
    ("2^64", b"10000000000000000"),
    ("40 digits", b"f" * 40),
)

DATA_ENDS: Final[tuple[tuple[str, bytes], ...]] = (
    ("two other octets", b"XX"),
    ("nothing", b""),
    ("bare LF", b"\n"),
    ("bare CR", b"\r"),
    ("CR and another octet", b"\rX"),
    ("another octet and LF", b"X\n"),
    ("LF CR", b"\n\r"),
    ("CR CR LF", b"\r\r\n"),
    ("SP CR LF", b" \r\n"),
    ("an octet too many", b"a\r\n"),
    ("an empty line more", b"\r\n\r\n"),
    ("NULs", b"\x00\x00"),
    ("CRLF in reverse, twice", b"\n\r\n\r"),
    ("HTAB CR LF", b"\t\r\n"),
    ("a semicolon", b";\r\n"),
)
"""Name, and what stands where the CRLF after a chunk's data must."""

SIZE_LINE_ENDS: Final[tuple[tuple[str, bytes, Look], ...]] = (
    ("bare LF", b"\n", refuses()),
    ("bare CR", b"\r", refuses()),
    ("CR CR LF", b"\r\r\n", OVER_CR),
    ("LF CR", b"\n\r", refuses()),
    ("LF CR LF", b"\n\r\n", refuses()),
    ("CRLF twice", b"\r\n\r\n", refuses()),
    ("CR and another octet", b"\rX", refuses()),
    ("another octet and LF", b"X\n", refuses()),
    ("NUL", b"\x00", refuses()),
    ("extension, bare LF", b";x\n", refuses()),
    ("extension, bare CR", b";x\r", refuses()),
)

EXTENSIONS: Final[tuple[tuple[str, bytes, Look], ...]] = (
    ("LF", b";\n", refuses()),
    ("LF and more", b";\nxx", refuses()),
    ("name, LF", b";a\n", refuses()),
    ("value with LF", b";a=\nb", refuses()),
    ("value with CR", b";a=\rb", OVER_CR),
    ("quoted LF", b';a="\n"', refuses()),
    ("quoted CR", b';a="\r"', OVER_CR),
    ("CR CR", b";a\r", OVER_CR),
    ("second name, LF", b";a;b\n", refuses()),
    ("second value with LF", b";a=b;c=\nd", refuses()),
    ("SP and LF", b"; \n", refuses()),
    ("LF SP, like a fold", b";a\n b", refuses()),
    ("escaped LF in quotes", b';a="\\\n"', refuses()),
    ("LF before the semicolon", b"\n;a", refuses()),
    ("CR before the semicolon", b"\r;a", OVER_CR),
    ("NUL", b";a\x00", refuses(NOTED)),
    ("NUL in a value", b";a=\x00b", refuses(NOTED)),
    ("SOH", b";\x01", refuses(NOTED)),
    ("VT", b";a\x0b", refuses(NOTED)),
    ("ESC", b";a=\x1b", refuses(NOTED)),
    ("DEL", b";\x7f", refuses(NOTED)),
)
"""Name, a chunk extension with a control character in it, and what may come: an LF moves a line's end, or seems to."""

OTHER_EXTENSIONS: Final[tuple[tuple[str, bytes], ...]] = (
    ("last chunk, LF", b"1\r\na\r\n0;\n\r\n\r\n"),
    ("last chunk, name, LF and more", b"1\r\na\r\n0;a\nxx\r\n\r\n"),
    ("last chunk ends in LF", b"1\r\na\r\n0;a\n\r\n"),
    ("second chunk, LF", b"1\r\na\r\n1;\n\r\nb\r\n0\r\n\r\n"),
    ("second chunk, value with LF", b"1;a\r\na\r\n1;a=\nb\r\nb\r\n0\r\n\r\n"),
    ("two chunks for one that ends at CRLF", b"1;\n" + b"a\r\n0\r\n\r\n" + b"\r\n0\r\n\r\n"),
)
"""The same at other chunks."""

TRAILERS: Final[tuple[tuple[str, bytes, Look], ...]] = (
    ("a request", b"GET /sleep/0/smuggled HTTP/1.1\r\nHost: x\r\n", refuses(smuggled=SMUGGLED)),
    ("a request behind a field", b"X: y\r\nGET /sleep/0/smuggled HTTP/1.1\r\nHost: x\r\n", refuses(smuggled=SMUGGLED)),
    ("a request line alone", b"GET / HTTP/1.1\r\n", refuses()),
    ("another chunk", b"1\r\nb\r\n0\r\n", refuses()),
    ("a line without a colon", b"X\r\n", refuses()),
    ("a line without a colon behind a field", b"X: y\r\nZ\r\n", refuses()),
    ("no name", b": y\r\n", refuses(NOTED)),
    ("SP in a name", b"X Y: z\r\n", refuses(NOTED)),
    ("SP before the colon", b"X : y\r\n", refuses(NOTED)),
    ("HTAB before the colon", b"X\t: y\r\n", refuses(NOTED)),
    ("NUL in a name", b"X\x00: y\r\n", refuses(NOTED)),
    ("control character in a name", b"X\x01: y\r\n", refuses(NOTED)),
    ("bare CR in a name", b"X\rY: z\r\n", refuses(NOTED)),
    ("VT before the colon", b"X\x0b: y\r\n", refuses(NOTED)),
    ("brackets in a name", b"(X): y\r\n", refuses(NOTED)),
    ("an equals sign for the colon", b"X=y\r\n", refuses()),
    ("8-bit name", b"\xff: y\r\n", refuses(NOTED)),
    ("LF, then no field", b"X: y\nz\r\n", refuses(NOTED)),
    ("NUL in a value", b"X: \x00\r\n", refuses(NOTED)),
    ("bare CR in a value", b"X: y\rz\r\n", refuses(NOTED)),
    ("begins with SP", b" X: y\r\n", refuses(NOTED)),
    ("folded", b"X: y\r\n z\r\n", refuses(NOTED)),
    ("ends in a bare LF", b"X: y\n", refuses(NOTED)),
)
"""Name, what stands in the trailer section, and what may come.

A line with a colon is a field to those that look for no more, and trailers may be discarded (RFC 9112 §7.1.2); that
whitespace before the colon must be refused is said of header fields (§5.1).
"""


def _asked(content: bytes) -> Exchange:
    return Exchange(at_once(chunked(content), NEXT), METHODS, until_close=True, enough=2)


def _in_two(content: bytes, cut: int) -> Exchange:
    """The same in two writes, cut within its chunks."""
    steps = (*at_once(chunked(content[:cut])), Pause(0.05), *at_once(content[cut:], NEXT))
    return Exchange(steps, METHODS, until_close=True, enough=2)


_SIZES: Final = (
    *(
        Spelling(name, _asked(size + b"\r\n" + b"a" * octets + (b"\r\n" if octets else b"") + END), refuses())
        for name, size, octets in NO_SIZES
    ),
    *(Spelling(name, _asked(b"1\r\na\r\n" + size + b"\r\n\r\n"), refuses()) for name, size in LAST_SIZES),
    *(
        Spelling(
            name, _asked(b"1\r\na\r\n" + size + b"\r\n" + b"b" * (16 if b"_" in size else 1) + b"\r\n" + END), refuses()
        )
        for name, size in SECOND_SIZES
    ),
    *(Spelling(name, _asked(size + b"\r\na\r\n" + END), refuses(NOTED)) for name, size in WHITE_SIZES),
)
_IN_RANGE: Final = (
    *(
        Spelling(name, _asked(b"0" * zeros + b"1\r\na\r\n" + END), reads(body(b"a"), NEXT_ANSWER))
        for name, zeros in (("01", 1), ("30 zeros", 30), ("5000 zeros", 5000))
    ),
    Spelling("last 000", _asked(b"1\r\na\r\n000\r\n\r\n"), reads(body(b"a"), NEXT_ANSWER)),
    *(
        Spelling(
            name,
            _asked(b"0" * zeros + HIDDEN_SIZE + b"\r\n" + HIDDEN + b"\r\n" + END),
            reads(body(HIDDEN), NEXT_ANSWER),
        )
        for name, zeros in (("30 zeros, a request in the data", 30), ("5000 zeros, a request in the data", 5000))
    ),
)
_TOO_LARGE: Final = tuple(
    Spelling(
        f"{name}{where}",
        Exchange(at_once(chunked(before + size + behind), NEXT), METHODS, enough=2),
        never_completes(),
    )
    for where, before, behind in (("", b"", b"\r\na\r\n" + END), (", as if the last", b"1\r\na\r\n", b"\r\n\r\n"))
    for name, size in SIZES_TOO_LARGE
)
_RANGE: Final = (*_IN_RANGE, *_TOO_LARGE)
_DATA_ENDS: Final = (
    *(Spelling(name, _asked(b"1\r\na" + end + END), refuses()) for name, end in DATA_ENDS),
    Spelling("a request in its place", _asked(b"1\r\na" + EMBEDDED), refuses(smuggled=SMUGGLED)),
    *(
        Spelling(f"{name}", _asked(b"1\r\na\r\n1\r\nb" + end + END), refuses())
        for name, end in (("second chunk, two other octets", b"XX"), ("second chunk, bare LF", b"\n"))
    ),
    *(
        Spelling(f"two other octets, {where}", _in_two(b"1\r\na" + b"XX" + END, cut), refuses())
        for where, cut in (("behind the data", 4), ("between them", 5), ("behind them", 6))
    ),
)
_LINE_ENDS: Final = (
    *(Spelling(name, _asked(b"1" + end + b"a\r\n" + END), look) for name, end, look in SIZE_LINE_ENDS),
    Spelling("last chunk, bare LF", _asked(b"1\r\na\r\n0\n\r\n"), refuses()),
    Spelling("last chunk, CR CR LF", _asked(b"1\r\na\r\n0\r\r\n\r\n"), OVER_CR),
    Spelling("the end of it, bare LF", _asked(b"1\r\na\r\n0\r\n\n"), refuses(NOTED)),
)
_EXTENSIONS: Final = (
    *(Spelling(name, _asked(b"1" + extension + b"\r\na\r\n" + END), look) for name, extension, look in EXTENSIONS),
    *(Spelling(name, _asked(content), refuses()) for name, content in OTHER_EXTENSIONS),
    Spelling("last chunk, value with CR", _asked(b"1\r\na\r\n0;a=\rb\r\n\r\n"), OVER_CR),
)
_TRAILERS: Final = (
    *(Spelling(name, _asked(b"1\r\na\r\n0\r\n" + lines + b"\r\n"), look) for name, lines, look in TRAILERS),
    *(
        Spelling(f"{name} for the empty line", _asked(b"1\r\na\r\n0\r\n" + octets), refuses())
        for name, octets in (
            ("two other octets", b"XX"),
            ("CR and another octet", b"\rX"),
            ("NULs", b"\0\0"),
            ("SP CRLF", b" \r\n"),
        )
    ),
)

CHUNKS: Final = (
    Case(
        39,
        "chunk-size-no-number",
        Theme.CHUNKS,
        f"`POST /echo` chunked with a size that is none, {len(_SIZES)} spellings (sign, prefix, underscore, other "
        "digits, control characters, nothing), as much data as it seems to say, `G`",
        "400, then the server closes; whitespace around a size is a note",
        Level.MUST,
        "RFC 9112 §7.1, §9.3",
        "A server MUST read the entire request message body or close the connection after sending its response",
        "Where a size is guessed, another guess ends the body elsewhere, and what follows becomes a request.",
        tuple(one.exchange for one in _SIZES),
        spelled(_SIZES),
        at_once=6,
        together=False,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        40,
        "chunk-size-out-of-range",
        Theme.CHUNKS,
        f"`POST /echo` chunked with leading zeros, or with a size beyond 32 to 64 bits, {len(_RANGE)} spellings, `G`",
        "zeros: the echo, or a refusal; too large: a refusal, or a wait for more, and no answer to what follows",
        Level.MUST,
        "RFC 9112 §7.1",
        "recipients MUST anticipate potentially large hexadecimal numerals and prevent parsing errors due to integer "
        "conversion overflows",
        "A size that wraps around ends the body early.",
        tuple(one.exchange for one in _RANGE),
        spelled(_RANGE),
        deadline_s=1.0,
        at_once=len(_TOO_LARGE),
        ahead=len(_IN_RANGE),
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        41,
        "chunk-data-end",
        Theme.CHUNKS,
        f"`POST /echo` chunked, with something else than CRLF after a chunk's data, {len(_DATA_ENDS)} spellings, `G`",
        "400, then the server closes",
        Level.MUST,
        "RFC 9112 §7.1, §9.3",
        "A server MUST read the entire request message body or close the connection after sending its response",
        "A parser that skips two octets unseen, or takes any line end, reads other chunks than the next one does.",
        tuple(one.exchange for one in _DATA_ENDS),
        spelled(_DATA_ENDS),
        at_once=6,
        together=False,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        42,
        "chunk-size-line-end",
        Theme.CHUNKS,
        f"`POST /echo` chunked, with something else than CRLF after a chunk's size, {len(_LINE_ENDS)} spellings, `G`",
        "400, then the server closes; a CR read as a space, and a bare LF for the very last line end, are notes",
        Level.MUST,
        "RFC 9112 §7.1, §2.2, §9.3",
        "A server MUST read the entire request message body or close the connection after sending its response",
        "Only the lines of the head may end in a bare LF; who ends a chunk's there counts its data from elsewhere.",
        tuple(one.exchange for one in _LINE_ENDS),
        spelled(_LINE_ENDS),
        at_once=6,
        together=False,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        43,
        "chunk-extension-control-character",
        Theme.CHUNKS,
        f"`POST /echo` chunked, with a control character in a chunk's extension, {len(_EXTENSIONS)} spellings, `G`",
        "400, then the server closes; to read a CR as a space, or to take one that is no LF, is a note",
        Level.MUST,
        "RFC 9112 §7.1.1, §9.3",
        "A server MUST read the entire request message body or close the connection after sending its response",
        "A proxy that ends the line at the LF in an extension, and a server that reads over it, see other chunks.",
        tuple(one.exchange for one in _EXTENSIONS),
        spelled(_EXTENSIONS),
        at_once=6,
        together=False,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        44,
        "trailer-no-field",
        Theme.CHUNKS,
        f"`POST /echo` chunked, with a trailer section that holds no fields, {len(_TRAILERS)} spellings, `G`",
        "400, then the server closes; what is odd only in a field's name, value or line end is a note",
        Level.MUST,
        "RFC 9112 §7.1.2, §5, §9.3",
        "A server MUST read the entire request message body or close the connection after sending its response",
        "A request that is swallowed as a trailer is lost; one that is not may be smuggled.",
        tuple(one.exchange for one in _TRAILERS),
        spelled(_TRAILERS),
        at_once=6,
        together=False,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
)
