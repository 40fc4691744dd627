"""Servers that take for a length what is none."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

from tests.conformance.cases.framing import model
from tests.conformance.cases.framing.model import STRICT, RefusedError, Rules
from tests.conformance.cases.framing.mutant import (
    DIGITS_KEPT,
    RANGES,
    Mutant,
    any_value,
    digits,
    kept_digits,
    or_none,
    or_refuse,
    strtol,
    unchecked,
)


def _base_zero(text: bytes) -> int:
    return int(text.decode("latin-1"), 0)


ONE_NUMBER: Final[dict[str, Callable[[bytes], int]]] = {
    "int() of text": lambda text: int(text.decode("latin-1")),
    "int() of UTF-8": lambda text: int(text.decode("utf-8")),
    "int() of octets": int,
    "int() with a base of 0": _base_zero,
    "int() where it is no less than 0": lambda text: max(int(text), -1) if int(text) >= 0 else digits(text),
    "int() without a sign": lambda text: int(text) if text[:1] not in b"+-" or not text else digits(text),
    "int() without an underscore": lambda text: int(text) if b"_" not in text else digits(text),
    "isdigit() of text": lambda text: int(text.decode("utf-8")) if text.decode("utf-8").isdigit() else digits(text),
    "isdigit() of Latin-1": lambda text: (
        int(re.sub("[²³¹]", "1", text.decode("latin-1"))) if text.decode("latin-1").isdigit() else digits(text)
    ),
    "isnumeric() of text": lambda text: int(text.decode("utf-8")) if text.decode("utf-8").isnumeric() else digits(text),
    "\\d+ of text": lambda text: int(text.decode()) if re.fullmatch(r"\d+", text.decode()) else digits(text),
    "a match, not of all": lambda text: int((re.match(rb"[0-9]+", text) or [b"z"])[0]),
    "a search": lambda text: int((re.search(rb"[0-9]+", text) or [b"z"])[0]),
    "float()": lambda text: int(float(text)),
    "strtol": lambda text: strtol(text, 10),
    "strtol that wants a digit first": lambda text: strtol(text, 10) if text[:1].isdigit() else digits(text),
    "strtol, hexadecimal too": lambda text: strtol(text, 16 if text[:2].lower() == b"0x" else 10),
    "octets for digits": lambda text: unchecked(text, 10),
    "digits, the rest read over": lambda text: int(re.sub(rb"[^0-9]", b"", text) or b"0"),
    "strip() of octets": lambda text: digits(text.strip()),
    "strip() of Latin-1": lambda text: digits(text.decode("latin-1").strip().encode("latin-1")),
    "rstrip() of octets": lambda text: digits(text.rstrip()),
    "lstrip() of octets": lambda text: digits(text.lstrip()),
    "NUL ends it": lambda text: digits(text.split(b"\0")[0]),
    "NULs taken away": lambda text: digits(text.replace(b"\0", b"")),
    "spaces taken away": lambda text: digits(text.replace(b" ", b"")),
    "quotes taken away": lambda text: digits(text.strip(b'"')),
    "a plus taken away": lambda text: digits(text.lstrip(b"+")),
    "a minus taken away": lambda text: digits(text.lstrip(b"-")),
    "less than 0 is none": lambda text: max(0, int(text)) if re.fullmatch(rb"-?[0-9]+", text) else digits(text),
    "less than 0 to the end": lambda text: 64 if re.fullmatch(rb"-[0-9]+", text) else digits(text),
    "empty is 0": lambda text: digits(text or b"0"),
    "no number is 0": or_none(digits),
    "the first word": lambda text: digits(text.split()[0]) if text.split() else digits(text),
    "up to a semicolon": lambda text: digits(text.split(b";")[0]),
    "up to a dot": lambda text: digits(text.split(b".")[0]),
    "a suffix of C": lambda text: digits(text.rstrip(b"uUlL")),
}


def _length(read: Callable[[bytes], int]) -> Rules:
    def length(values: Sequence[bytes]) -> int:
        if len(set(values)) != 1 or b"," in values[0]:
            raise RefusedError
        return or_refuse(lambda: read(values[0]))

    # The value is not looked at before the number is: else the control characters would be refused there.
    return replace(STRICT, length=length, field=any_value)


def _numbers(values: Sequence[bytes]) -> list[int]:
    return [digits(one.strip(b"\t ")) for value in values for one in value.split(b",")]


def _numbers_alone(values: Sequence[bytes]) -> list[int]:
    return [int(one) for one in values if one.isdigit()]


LISTS: Final[dict[str, Callable[[Sequence[bytes]], int]]] = {
    "the first line": lambda values: digits(values[0]),
    "the last line": lambda values: digits(values[-1]),
    "the first of a list": lambda values: digits(values[0].split(b",")[0].strip()),
    "the last of a list": lambda values: digits(values[-1].split(b",")[-1].strip()),
    "the first of all": lambda values: digits(b",".join(values).split(b",")[0].strip()),
    "the last of all": lambda values: digits(b",".join(values).split(b",")[-1].strip()),
    "the largest": lambda values: max(_numbers(values)),
    "the smallest": lambda values: min(_numbers(values)),
    "the sum": lambda values: sum(_numbers(values)),
    "commas taken away": lambda values: digits(b"".join(values).replace(b",", b"").replace(b" ", b"")),
    "strtol of the list": lambda values: strtol(b", ".join(values), 10),
    "lists that are no number are none": lambda values: 0 if len(set(values)) > 1 or b"," in values[0] else 1,
    "equal once read by int()": lambda values: _same([int(one) for one in values]),
    "equal once read by int(), in a line": lambda values: _same([int(one) for one in values[0].split(b",")]),
    "the last that is a number": lambda values: _numbers_alone(values)[-1],
    "the first that is a number": lambda values: _numbers_alone(values)[0],
    "only the first two compared": lambda values: digits(values[0]) if len({*values[:2]}) == 1 else _refused(),
    "up to a semicolon": lambda values: digits(values[0].split(b";")[0]) if len(values) == 1 else _refused(),
    "different lines refused, lists not": lambda values: (
        digits(values[0].split(b",")[0]) if len(set(values)) == 1 else _refused()
    ),
}


def _same(numbers: Sequence[int]) -> int:
    return numbers[0] if len(set(numbers)) == 1 else _refused()


def _refused() -> int:
    raise ValueError


def _within(limit: Callable[[int], int]) -> Rules:
    return replace(STRICT, length=lambda values: limit(model.length(values)))


def _list(read: Callable[[Sequence[bytes]], int]) -> Rules:
    return replace(STRICT, length=lambda values: or_refuse(lambda: read(values)))


LENGTHS: Final = (
    *(Mutant("length-no-number", name, _length(read)) for name, read in ONE_NUMBER.items()),
    *(Mutant("length-out-of-range", name, _within(limit)) for name, limit in RANGES.items()),
    *(Mutant("length-out-of-range", f"{count} digits kept", _length(kept_digits(count, 10))) for count in DIGITS_KEPT),
    *(Mutant("length-list", name, _list(read)) for name, read in LISTS.items()),
)
