"""Lengths that are none: what Python's ``int``, C's ``strtol`` and a hurried eye take for a number, and RFC 9110 not.

``Content-Length = 1*DIGIT`` (RFC 9110 §8.6); anything else is an unrecoverable error (RFC 9112 §6.3).
"""

from __future__ import annotations

from typing import Final

from runner.conformance.case import Case, Exchange, Hurt, Level, Outcome, Theme
from runner.conformance.cases.requests import NEXT, at_once, head
from runner.conformance.cases.responses import NEXT_ANSWER
from runner.conformance.judge import Look, body
from runner.conformance.spelling import Spelling, never_completes, reads, refuses, spelled

METHODS: Final = ("POST", "GET", "GET")
MORE: Final = NEXT * 15
"""As much as a reader may want who sees a larger number in what is none: he takes it, and does not wait."""
NO_NUMBERS: Final[tuple[tuple[str, bytes, int], ...]] = (
    ("+1", b"+1", 1),
    ("-1", b"-1", 0),
    ("-0", b"-0", 0),
    ("+0", b"+0", 0),
    ("0x1", b"0x1", 1),
    ("0X1", b"0X1", 1),
    ("0o1", b"0o1", 1),
    ("0b1", b"0b1", 1),
    ("0x", b"0x", 0),
    ("++1", b"++1", 1),
    ("1+", b"1+", 1),
    ("1-", b"1-", 1),
    ("1_0", b"1_0", 10),
    ("1_", b"1_", 1),
    ("_1", b"_1", 1),
    ("1.0", b"1.0", 1),
    ("1.", b"1.", 1),
    (".1", b".1", 0),
    ("1e0", b"1e0", 1),
    ("1E1", b"1E1", 10),
    ("1L", b"1L", 1),
    ("1a", b"1a", 1),
    ("a1", b"a1", 1),
    ("colon, the octet after 9", b":", 10),
    ("slash, the octet before 0", b"1/", 9),
    ("1;", b"1;", 1),
    ("1 SP 0", b"1 0", 1),
    ("1 SP a", b"1 a", 1),
    ("1 HTAB 0", b"1\t0", 1),
    ("1 LF 0", b"1\n0", 1),
    ("1 folded a", b"1\r\n a", 1),
    ("+ 1", b"+ 1", 1),
    ('"1"', b'"1"', 1),
    ("empty", b"", 0),
    ("VT before", b"\x0b1", 1),
    ("VT after", b"1\x0b", 1),
    ("FF before", b"\x0c1", 1),
    ("FF after", b"1\x0c", 1),
    ("FS before", b"\x1c1", 1),
    ("GS before", b"\x1d1", 1),
    ("RS after", b"1\x1e", 1),
    ("US after", b"1\x1f", 1),
    ("SOH before", b"\x011", 1),
    ("DEL after", b"1\x7f", 1),
    ("NUL before", b"\x001", 1),
    ("NUL after", b"1\x00", 1),
    ("CR after", b"1\ra", 1),
    ("NEL after (Latin-1)", b"1\x85", 1),
    ("NBSP before (Latin-1)", b"\xa01", 1),
    ("NBSP after (UTF-8)", b"1\xc2\xa0", 1),
    ("superscript 1 (Latin-1)", b"\xb9", 1),
    ("superscript 1 (UTF-8)", b"\xc2\xb9", 1),
    ("Arabic-Indic 1 (UTF-8)", b"\xd9\xa1", 1),
    ("fullwidth 1 (UTF-8)", b"\xef\xbc\x91", 1),
)
"""Name, value, and how many octets a reader sees in it who takes it for a number."""

_REFUSES: Final = refuses(error=Outcome.FAIL, silent=Outcome.FAIL)
"""RFC 9112 §6.3 has a server answer 400 and close: an error of its own, and to wait for more, are fails."""

LISTS: Final[tuple[tuple[str, tuple[str, ...], Look], ...]] = (
    ("1, 2", ("Content-Length: 1, 2",), _REFUSES),
    ("2, 1", ("Content-Length: 2, 1",), _REFUSES),
    ("1, +1", ("Content-Length: 1, +1",), _REFUSES),
    ("1, a", ("Content-Length: 1, a",), _REFUSES),
    ("1; 1", ("Content-Length: 1; 1",), _REFUSES),
    ("1, 1, 2", ("Content-Length: 1, 1, 2",), _REFUSES),
    ("1, 2, 1", ("Content-Length: 1, 2, 1",), _REFUSES),
    ("lines 1 and 2", ("Content-Length: 1", "Content-Length: 2"), _REFUSES),
    ("lines 2 and 1", ("Content-Length: 2", "Content-Length: 1"), _REFUSES),
    ("lines 0 and 1", ("Content-Length: 0", "Content-Length: 1"), _REFUSES),
    ("lines 1 and +1", ("Content-Length: 1", "Content-Length: +1"), _REFUSES),
    ("lines +1 and 1", ("Content-Length: +1", "Content-Length: 1"), _REFUSES),
    ("lines 1, 1 and 2", ("Content-Length: 1", "Content-Length: 1", "Content-Length: 2"), _REFUSES),
    ("lines 1 and 2, other capitals", ("Content-Length: 1", "content-length: 2"), _REFUSES),
    ("lines 1 and 2, a field between", ("Content-Length: 1", "X: y", "Content-Length: 2"), _REFUSES),
    ("lines 1 and 1, 2", ("Content-Length: 1", "Content-Length: 1, 2"), _REFUSES),
    ("1, 1", ("Content-Length: 1, 1",), reads(body(b"a"), NEXT_ANSWER)),
    ("1, and nothing", ("Content-Length: 1,",), reads(body(b"a"), NEXT_ANSWER)),
    ("lines 1 and empty", ("Content-Length: 1", "Content-Length:"), reads(body(b"a"), NEXT_ANSWER)),
    ("lines 1 and 1", ("Content-Length: 1", "Content-Length: 1"), reads(body(b"a"), NEXT_ANSWER)),
)
"""Name, field lines, what may come: equal lengths may be taken for one, all else must be refused.

Lines of a name are one list (RFC 9110 §5.2), of which an empty element is read over (§5.6.1.2).
"""

TOO_LARGE: Final[tuple[tuple[str, bytes], ...]] = (
    ("2^16 + 1", b"%d" % (2**16 + 1)),
    ("2^31 + 1", b"%d" % (2**31 + 1)),
    ("2^32 + 1", b"%d" % (2**32 + 1)),
    ("2^53 + 1", b"%d" % (2**53 + 1)),
    ("2^63 + 1", b"%d" % (2**63 + 1)),
    ("2^64 - 1", b"%d" % (2**64 - 1)),
    ("2^64", b"%d" % 2**64),
    ("2^64 + 1", b"%d" % (2**64 + 1)),
    ("10^40 + 1", b"%d" % (10**40 + 1)),
    ("5000 digits", b"9" * 5000),
)


def _asked(*lines: bytes, content: bytes) -> Exchange:
    return Exchange(at_once(head(*lines), content, NEXT), METHODS, until_close=True, enough=2)


_NO_NUMBERS: Final = tuple(
    Spelling(name, _asked(b"Content-Length: " + value, content=b"a" * octets + MORE), _REFUSES)
    for name, value, octets in NO_NUMBERS
)
_LISTS: Final = tuple(
    Spelling(name, _asked(*(line.encode() for line in lines), content=b"a"), look) for name, lines, look in LISTS
)
_TOO_LARGE: Final = tuple(
    Spelling(
        name,
        Exchange(at_once(head(b"Content-Length: " + value), b"a", NEXT), METHODS, enough=2),
        never_completes(),
    )
    for name, value in TOO_LARGE
)
_ZEROS: Final = tuple(
    Spelling(name, _asked(b"Content-Length: " + value, content=b"a"), reads(body(b"a"), NEXT_ANSWER))
    for name, value in (("01", b"01"), ("30 zeros", b"0" * 30 + b"1"), ("5000 zeros", b"0" * 5000 + b"1"))
)
_FOLDED: Final = Spelling("1, folded", _asked(b"Content-Length:\r\n 1", content=b"a"), reads(body(b"a"), NEXT_ANSWER))
"""A fold is a space, or refused (RFC 9112 §5.2); who reads over its second line finds no length."""
_BIG: Final = (*_ZEROS, _FOLDED, *_TOO_LARGE)

LENGTHS: Final = (
    Case(
        36,
        "length-no-number",
        Theme.LENGTHS,
        f"`POST /echo` with a Content-Length that is no number, {len(_NO_NUMBERS)} spellings (sign, prefix, "
        "underscore, fraction, other digits, control characters, nothing), as much content as it seems to say, `G`",
        "400, then the server closes; to wait for more is a fail",
        Level.MUST,
        "RFC 9112 §6.3; RFC 9110 §8.6",
        "the server MUST respond with a 400 (Bad Request) status code and then close the connection",
        "Python's int() takes +1, 1_0 and other scripts' digits; a proxy that does not ends the message elsewhere.",
        tuple(one.exchange for one in _NO_NUMBERS),
        spelled(_NO_NUMBERS),
        at_once=6,
        together=False,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        37,
        "length-list",
        Theme.LENGTHS,
        f"`POST /echo` with several lengths, in a line or in two, {len(_LISTS)} spellings, `G`",
        "400 and a close where they differ or one is none; where they are equal, that or the echo",
        Level.MUST,
        "RFC 9112 §6.3",
        "the server MUST respond with a 400 (Bad Request) status code and then close the connection",
        "One parser takes the first length and one the last.",
        tuple(one.exchange for one in _LISTS),
        spelled(_LISTS),
        at_once=6,
        together=False,
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
    Case(
        38,
        "length-out-of-range",
        Theme.LENGTHS,
        f"`POST /echo` with leading zeros, a fold before it, or a length of more than comes, up to beyond 64 bits, "
        f"{len(_BIG)} spellings, `G`",
        "zeros, a fold: the echo, or a refusal; too large: a refusal, or a wait, and no answer to what follows",
        Level.MUST,
        "RFC 9110 §8.6",
        "a recipient MUST anticipate potentially large decimal numerals and prevent parsing errors due to integer "
        "conversion overflows",
        "A length that wraps around ends the message early, and the rest of it is read as requests.",
        tuple(one.exchange for one in _BIG),
        spelled(_BIG),
        deadline_s=1.0,
        at_once=len(_TOO_LARGE),
        ahead=len(_BIG) - len(_TOO_LARGE),
        hurts=Hurt.BEHIND_PROXY,
        needs=(),
    ),
)
