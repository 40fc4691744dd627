"""Servers that take another coding for chunked, another name for a field's, another end for a line's or a head's."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from tests.conformance.cases.framing import model
from tests.conformance.cases.framing.model import STRICT, Fields, MoreError, RefusedError, Rules
from tests.conformance.cases.framing.mutant import (
    Mutant,
    allowed,
    any_value,
)


def _codings(said: Callable[[list[bytes]], bool]) -> Rules:
    """Chunked where this says so; else no content, unless there is a length."""

    def chunked(values: Sequence[bytes]) -> bool:
        return said([value.lower() for value in values])

    return replace(STRICT, chunked=chunked, field=any_value)


def _words(values: Sequence[bytes]) -> list[bytes]:
    return [word.strip(b"\t ") for value in values for word in value.split(b",")]


def _else_refused(said: Callable[[list[bytes]], bool]) -> Rules:
    def chunked(values: list[bytes]) -> bool:
        return said(values) or _refused_coding()

    return _codings(chunked)


def _refused_coding() -> bool:
    raise RefusedError


UNKNOWN: Final[dict[str, Rules]] = {
    "chunked somewhere": _codings(lambda values: b"chunked" in _words(values)),
    "chunked somewhere, else refused": _else_refused(lambda values: b"chunked" in _words(values)),
    "chunked last": _codings(lambda values: _words(values)[-1] == b"chunked"),
    "chunked alone": _codings(lambda values: values == [b"chunked"]),
    "chunked first, else refused": _else_refused(lambda values: _words(values)[0] == b"chunked"),
    "the first line": _else_refused(lambda values: values[0] == b"chunked"),
    "the first line of a fold": _else_refused(lambda values: values[0].split(b"\r\n")[0] == b"chunked"),
    "whatever it is": _codings(lambda values: True),
    "never": _codings(lambda values: False),
    "identity is nothing": _else_refused(
        lambda values: [one for one in _words(values) if one != b"identity"] == [b"chunked"]
    ),
    "identity refused alone, after chunked not": _else_refused(
        lambda values: _words(values) in ([b"chunked"], [b"chunked", b"identity"])
    ),
    "known after chunked": _else_refused(
        lambda values: (
            {*_words(values)} <= {b"chunked", b"gzip", b"identity", b"deflate"} and b"chunked" in _words(values)
        )
    ),
}
MISSPELT: Final[dict[str, Rules]] = {
    "ends in chunked": _else_refused(lambda values: values[-1].endswith(b"chunked")),
    "begins with chunked": _else_refused(lambda values: values[0].startswith(b"chunked")),
    "has chunked in it": _else_refused(lambda values: b"chunked" in values[0]),
    "has chunked in it, else nothing": _codings(lambda values: b"chunked" in values[0]),
    "begins with chunk": _else_refused(lambda values: values[0].startswith(b"chunk")),
    "begins with c": _else_refused(lambda values: values[0].startswith(b"c")),
    "of seven letters": _else_refused(lambda values: len(values[0]) == 7),
    "strip() of octets": _else_refused(lambda values: values[0].strip() == b"chunked"),
    "rstrip() of octets": _else_refused(lambda values: values[0].rstrip() == b"chunked"),
    "strip() of text": _else_refused(lambda values: values[0].decode("latin-1").strip() == "chunked"),
    "strip of all that is no letter": _else_refused(lambda values: re.sub(rb"[^a-z]", b"", values[0]) == b"chunked"),
    "quotes taken away": _else_refused(lambda values: values[0].strip(b"\"'") == b"chunked"),
    "lower() of text": _else_refused(lambda values: values[0].decode("utf-8", "replace").lower() == "chunked"),
    "NUL ends it": _else_refused(lambda values: values[0].split(b"\0")[0] == b"chunked"),
    "NULs taken away": _else_refused(lambda values: values[0].replace(b"\0", b"") == b"chunked"),
    "the first word": _else_refused(lambda values: values[0].split()[0] == b"chunked" if values[0].split() else False),
    "the last word": _else_refused(lambda values: values[0].split()[-1] == b"chunked" if values[0].split() else False),
    "up to a CR": _else_refused(lambda values: values[0].split(b"\r")[0] == b"chunked"),
    "up to a dot": _else_refused(lambda values: values[0].split(b".")[0] == b"chunked"),
    "one letter is another": _else_refused(lambda values: re.fullmatch(rb"c.unked", values[0]) is not None),
}
REPEATED: Final[dict[str, Rules]] = {
    "as often as one likes": _else_refused(lambda values: {*_words(values)} == {b"chunked"}),
    "as often as one likes, in lines": _else_refused(lambda values: {*values} == {b"chunked"}),
    "as often as one likes, in a line": _else_refused(
        lambda values: len(values) == 1 and {*_words(values)} == {b"chunked"}
    ),
}


def _lines(pattern: bytes) -> Rules:
    """Lines that end in this."""
    return replace(STRICT, lines=lambda head: re.split(pattern, head), field=any_value)


def _splitlines(head: bytes) -> list[bytes]:
    return [line.encode("utf-8", "surrogateescape") for line in head.decode("utf-8", "surrogateescape").splitlines()]


def _latin_splitlines(head: bytes) -> list[bytes]:
    return [line.encode("latin-1") for line in head.decode("latin-1").splitlines()]


def _unfolded(join: bytes) -> Rules:
    return replace(STRICT, lines=lambda head: re.sub(rb"\r\n[\t ]+", join, head).split(b"\r\n"))


LINE_ENDS: Final[dict[str, Rules]] = {
    "a value of anything": replace(STRICT, field=any_value),
    "but NUL": replace(STRICT, field=lambda line: model.field(line) if b"\0" in line else any_value(line)),
    "a CR ends a line": _lines(rb"\r\n?"),
    "a NUL ends a line": _lines(rb"\r\n|\0"),
    "a VT ends a line": _lines(rb"\r\n|\v"),
    "an FF ends a line": _lines(rb"\r\n|\f"),
    "whitespace but space ends a line": _lines(rb"\r\n|[\v\f\r]"),
    "splitlines() of octets": replace(STRICT, lines=lambda head: head.splitlines()),
    "splitlines() of Latin-1": replace(STRICT, lines=_latin_splitlines),
    "splitlines() of UTF-8": replace(STRICT, lines=_splitlines),
    "a fold is a line": replace(STRICT, lines=lambda head: [line.lstrip(b"\t ") for line in head.split(b"\r\n")]),
}


def _named(canonical: Callable[[bytes], bytes], colon: bytes = b":") -> Rules:
    def field(line: bytes) -> tuple[bytes, bytes]:
        name, found, value = line.partition(colon)
        if not found:
            raise RefusedError
        return canonical(name).lower(), value.strip(b"\t ")

    return replace(STRICT, field=field)


def _at_space(line: bytes) -> tuple[bytes, bytes]:
    name, _, value = line.partition(b" ")
    return name.rstrip(b":").lower(), value


NAMES: Final[dict[str, Rules]] = {
    "strip()": _named(bytes.strip),
    "rstrip()": _named(bytes.rstrip),
    "rstrip of spaces": _named(lambda name: name.rstrip(b" ")),
    "rstrip of tabs": _named(lambda name: name.rstrip(b"\t")),
    "strip() of text": _named(lambda name: name.decode("latin-1").strip().encode("latin-1")),
    "as CGI has it": _named(lambda name: name.replace(b"_", b"-")),
    "NUL ends it": _named(lambda name: name.split(b"\0")[0]),
    "NULs taken away": _named(lambda name: name.replace(b"\0", b"")),
    "spaces are hyphens": _named(lambda name: name.replace(b" ", b"-")),
    "spaces taken away": _named(lambda name: name.replace(b" ", b"")),
    "quotes taken away": _named(lambda name: name.strip(b'"')),
    "casefold() of text": _named(lambda name: name.decode("utf-8", "replace").upper().lower().encode()),
    "what is no token taken away": _named(lambda name: re.sub(rb"[^A-Za-z-]", b"", name)),
    "as much as is compared": _named(
        lambda name: next(
            (one for one in (b"content-length", b"transfer-encoding") if name.lower().startswith(one)), name
        )
    ),
    "ends in it": _named(
        lambda name: next(
            (one for one in (b"content-length", b"transfer-encoding") if name.lower().endswith(one)), name
        )
    ),
    "read over, space before the colon": replace(
        STRICT,
        field=lambda line: model.field(line) if model.TOKEN.match(line) and re.match(rb"\S+:", line) else (b"-", b""),
    ),
    "read over, no token": replace(
        STRICT,
        field=lambda line: model.field(line) if re.match(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+:", line) else (b"-", b""),
    ),
    "at a space, no colon": replace(STRICT, field=_at_space),
    "at an equals sign": replace(STRICT, field=lambda line: model.field(re.sub(rb"^([A-Za-z-]+)=", rb"\1:", line))),
}


def _head(pattern: bytes) -> Rules:
    """A head that ends at this, whose lines are looked at before it."""

    def head(data: bytes) -> tuple[bytes, int]:
        found = re.search(pattern, data, re.DOTALL)
        if not found:
            raise MoreError
        return data[: found.start()], found.end()

    return replace(STRICT, head=head)


HEADS: Final[dict[str, Rules]] = {
    "CRLF, CR and an octet": _head(rb"\r\n\r."),
    "CRLF, CR": _head(rb"\r\n\r\n?"),
    "CRs": _head(rb"\r\n\r\n|\r\r"),
    "LF, CR": _head(rb"\r\n\r\n|\n\r(?!\n)"),
    "CRLF, CRs, LF": _head(rb"\r\n\r+\n"),
    "a line of whitespace": _head(rb"\r\n[\t ]*\r\n"),
    "a line that strip() makes empty": _head(rb"\r\n\s*?\r\n"),
    "a line of control characters": _head(rb"\r\n[\0-\x1f]*?\r\n"),
    "CR ends the request line": replace(
        STRICT,
        lines=lambda head: re.sub(rb"(HTTP/1.1)\r", rb"\1\r\n", head, count=1).replace(b"\n\n", b"\n").split(b"\r\n"),
    ),
    "LF is read over in the target": replace(
        STRICT, lines=lambda head: head.replace(b"/echo\nX", b"/echo", 1).split(b"\r\n")
    ),
}


def _last_if_said(version: bytes, fields: Fields) -> bool:
    return b"close" in b",".join(value.lower() for name, value in fields if name == b"connection")


FIELDS: Final = (
    *(Mutant("transfer-coding-unknown", name, rules) for name, rules in UNKNOWN.items()),
    *(Mutant("transfer-coding-misspelt", name, rules) for name, rules in MISSPELT.items()),
    *allowed("transfer-coding-misspelt", REPEATED),
    *(Mutant("line-end-in-value", name, rules) for name, rules in LINE_ENDS.items()),
    *(Mutant("field-name-no-token", name, rules) for name, rules in NAMES.items()),
    *(Mutant("head-end", name, rules) for name, rules in HEADS.items()),
    *(
        Mutant(case, "the last request is the one that says so", replace(STRICT, closes=_last_if_said))
        for case in ("http10-chunked", "length-and-chunked")
    ),
)
