"""What a mutant is, and how programs read numbers that ought to know better."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from runner.conformance.case import Outcome
from tests.conformance.cases.framing import model
from tests.conformance.cases.framing.model import RefusedError, Rules


@dataclass(frozen=True, slots=True)
class Mutant:
    """A server that misreads one thing: the case that must fail it, what it does, and its rules.

    ``outcome``: a note where the RFC lets a recipient do so, and a fail would accuse it falsely.
    """

    case: str
    name: str
    rules: Rules
    outcome: Outcome = Outcome.FAIL


def allowed(case: str, rules: dict[str, Rules]) -> tuple[Mutant, ...]:
    """Servers whose doing is a note."""
    return tuple(Mutant(case, name, one, Outcome.NOTE) for name, one in rules.items())


def or_refuse(read: Callable[[], int]) -> int:
    """What is no number is refused."""
    try:
        return read()
    except (ValueError, IndexError):
        raise RefusedError from None


def strtol(text: bytes, base: int, white: bytes = rb"[ \t\n\v\f\r]*") -> int:
    """As C reads them: whitespace, a sign, a prefix, and whatever digits there are; 0 where there are none."""
    digits = {8: rb"[0-7]+", 10: rb"[0-9]+", 16: rb"(?:0[xX])?[0-9A-Fa-f]+"}
    found = re.match(white + rb"([+-]?)(" + digits[base] + rb")", text)
    if not found:
        return 0
    return int(found[2], base) * (-1 if found[1] == b"-" else 1)


def unchecked(text: bytes, base: int) -> int:
    """Each octet for a digit, whatever it is."""
    total = 0
    for octet in text.lower():
        digit = octet - 48 if octet < 97 or base == 10 else octet - 87
        total = total * base + digit
    return total


def wrapped(bits: int, *, signed: bool = False) -> Callable[[int], int]:
    def wrap(value: int) -> int:
        value %= 2**bits
        return value - 2**bits if signed and value >= 2 ** (bits - 1) else value

    return wrap


def digits(text: bytes) -> int:
    if not re.fullmatch(rb"[0-9]+", text):
        raise ValueError
    return int(text.lstrip(b"0")[:4000] or b"0")


def hex_digits(text: bytes) -> int:
    found = re.fullmatch(rb"([0-9A-Fa-f]+)(?:[\t ]*;[\t\x20-\x7e\x80-\xff]*)?", text)
    if not found:
        raise ValueError
    return int(found[1].lstrip(b"0")[:4000] or b"0", 16)


def or_none(read: Callable[[bytes], int]) -> Callable[[bytes], int]:
    """No number, no content."""

    def lenient(text: bytes) -> int:
        try:
            return read(text)
        except ValueError:
            return 0

    return lenient


RANGES: Final[dict[str, Callable[[int], int]]] = {
    "wraps at 8 bits": wrapped(8),
    "wraps at 16 bits": wrapped(16),
    "wraps at 31 bits": wrapped(31),
    "wraps at 32 bits": wrapped(32),
    "wraps at 32 bits, signed": wrapped(32, signed=True),
    "wraps at 63 bits": wrapped(63),
    "wraps at 64 bits": wrapped(64),
    "wraps at 64 bits, signed": wrapped(64, signed=True),
    "too large is 0": lambda value: value if value < 2**63 else 0,
    "too large for 32 bits is 0": lambda value: value if value < 2**32 else 0,
    "too large is -1": lambda value: value if value < 2**64 else -1,
}


DIGITS_KEPT: Final = (8, 10, 16, 18, 19, 20, 32, 64, 256, 1024)


def any_value(line: bytes) -> tuple[bytes, bytes]:
    name, colon, value = line.partition(b":")
    if not colon or not model.TOKEN.fullmatch(name):
        raise RefusedError
    return name.lower(), value.strip(b"\t ")


def kept_digits(count: int, base: int) -> Callable[[bytes], int]:
    """A buffer of so many digits; the rest is lost."""
    return lambda text: (digits if base == 10 else hex_digits)(text[:count])
