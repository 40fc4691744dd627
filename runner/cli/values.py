"""What a person types after an option, as a value. Pure; what is none of it raises ``ValueError`` with one line."""

from __future__ import annotations

import re

from runner.record.adapter import Group
from runner.record.plan import Headers, Limit

_LIMIT = re.compile(r"p(\d{1,2}(?:\.\d+)?)=(\S+)", re.ASCII)

_UNITS = {"s": 1, "m": 60, "h": 3600}

_DELAY = re.compile(r"(\d{1,12}(?:\.\d{1,9})?)\s*(us|ms|s)", re.ASCII)

_DELAY_UNITS_US = {"us": 1, "ms": 1000, "s": 1_000_000}

_DURATION = re.compile(r"(\d{1,9}(?:\.\d{1,9})?)\s*([smh]?)", re.ASCII)

_SHARE = re.compile(r"(\d{0,9}\.?\d{1,9})\s*(%?)", re.ASCII)

_NUMBER = re.compile(r"-?\d{1,9}", re.ASCII)


def seconds(text: str) -> float:
    """``90``, ``90s``, ``1.5m`` or ``1h`` in seconds. Raises ``ValueError``."""
    match = _DURATION.fullmatch(text.strip())
    if not match:
        raise ValueError(f"'{text}' is no duration: give it as 90s, 6m or 1h")
    return float(match[1]) * _UNITS[match[2] or "s"]


def delay_us(text: str) -> int:
    """``500ms``, ``0.5s``, ``250us`` or ``0`` in microseconds. Raises ``ValueError``."""
    match = _DELAY.fullmatch(text.strip())
    if match:
        return round(float(match[1]) * _DELAY_UNITS_US[match[2]])
    if text.strip() == "0":
        return 0
    raise ValueError(f"'{text}' is no delay: give it as 500ms, 0.5s or 0")


def limits(text: str) -> tuple[int | None, ...]:
    """``default,100`` as limits, each once, ``None`` for the default. Raises ``ValueError``."""
    try:
        parts = [part.strip() for part in text.split(",")]
        return tuple(dict.fromkeys(None if part == "default" else whole_number(part) for part in parts))
    except ValueError:
        raise ValueError(f"'{text}' is no list of limits: give it as default,100") from None


def headers(text: str) -> tuple[Headers, ...]:
    """``bare,browser`` as header fields of requests, each once. Raises ``ValueError``."""
    try:
        return tuple(dict.fromkeys(Headers(part.strip()) for part in text.split(",")))
    except ValueError:
        raise ValueError(f"{text!r} is no list of headers: give some of {','.join(Headers)}") from None


def share(text: str) -> float:
    """``3%`` or ``0.03`` as a share. Raises ``ValueError``."""
    match = _SHARE.fullmatch(text.strip())
    if not match:
        raise ValueError(f"'{text}' is no share: give it as 3% or 0.03")
    return float(match[1]) / (100 if match[2] else 1)


def whole_number(text: str) -> int:
    """``16`` as a number: at most nine ASCII digits. Raises ``ValueError``."""
    if not _NUMBER.fullmatch(text.strip()):
        raise ValueError(f"'{text}' is no whole number of at most nine digits: give it as 16")
    return int(text)


def latency_limits(text: str) -> tuple[Limit, ...]:
    """``p99=10ms,p50=1ms`` as limits, each once. Raises ``ValueError``."""
    found = []
    for part in text.split(","):
        match = _LIMIT.fullmatch(part.strip())
        if not match or not 0 < float(match[1]) < 100:
            raise ValueError(f"'{text}' is no limit: give it as p99=10ms")
        found.append(Limit(float(match[1]), delay_us(match[2])))
    return tuple(dict.fromkeys(found))


def tolerance(text: str) -> tuple[float | None, float | None]:
    """``5%``, ``p99=20%`` or ``5%,p99=20%`` as shares of a rate and of a p99. Raises ``ValueError``."""
    rate: float | None = None
    tail: float | None = None
    for part in text.split(","):
        name, is_tail, value = part.strip().rpartition("=")
        found = share(value)
        if found >= 1 and not value.strip().endswith("%"):
            raise ValueError(f"'{value}' may be {value} % or {100 * found:g} %: give it with its sign, as 5%")
        if is_tail and name != "p99":
            raise ValueError(f"'{text}' is no tolerance: give it as 5%, or 5%,p99=20%")
        rate, tail = (rate, found) if is_tail else (found, tail)
    return rate, tail


def loads(text: str) -> tuple[float, ...]:
    """``closed,50%,90%`` as the shares of the paced loads, ascending, each once. Raises ``ValueError``.

    The closed loop is always measured: a share is of its rate.
    """
    parts = [part.strip() for part in text.split(",")]
    try:
        found = {share(part) for part in parts if part != "closed"}
    except ValueError:
        raise ValueError(f"'{text}' is no list of loads: give it as closed,50%,75%,90%") from None
    return tuple(sorted(found))


def rates(text: str) -> tuple[float, ...]:
    """``1000,5000`` as requests/s, ascending, each once. Raises ``ValueError``."""
    return tuple(float(number) for number in whole_numbers(text))


def whole_numbers(text: str) -> tuple[int, ...]:
    """``1,5,16`` as numbers, ascending, each once. Raises ``ValueError``."""
    try:
        return tuple(sorted({whole_number(part) for part in text.split(",")}))
    except ValueError:
        raise ValueError(f"'{text}' is no list of whole numbers: give it as 1,5,16") from None


def groups(text: str) -> tuple[Group, ...]:
    """``core,field`` as groups, each once. Raises ``ValueError``."""
    try:
        return tuple(dict.fromkeys(Group(part.strip()) for part in text.split(",")))
    except ValueError:
        raise ValueError(f"'{text}' is no list of groups: give some of {','.join(Group)}") from None
