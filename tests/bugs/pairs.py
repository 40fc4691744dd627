"""Published pipelining and framing bugs of Python servers: the release that has each, and the one that mended it.

A line a bug. ``adapter`` is one of ``tests/bugs/frameworks/`` or of the project's own, whose pins are changed; ``case``
is what must tell the two releases apart, and ``part`` the spelling of it that shows the bug; none for a race, in which
any of several errors may lose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from runner.adapters import metadata
from runner.record.adapter import Adapter

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]


@dataclass(frozen=True, slots=True)
class Pair:
    """A bug, the pins that have it and those that do not, and the case that must say so.

    ``mended`` is ``None`` for a bug that no release has mended; ``instead`` is then an adapter of the same release
    without it. ``quick``: both install from wheels and are told apart in seconds.
    """

    name: str
    adapter: str
    affected: tuple[str, ...]
    mended: tuple[str, ...] | None
    case: str
    part: str | None = None
    instead: str | None = None
    python: str = ">=3.10,<3.13"
    quick: bool = True

    @property
    def releases(self) -> tuple[str, str]:
        """The releases as people read them."""
        return _named(self.affected), "none yet" if self.mended is None else _named(self.mended)


def _named(pins: tuple[str, ...]) -> str:
    return pins[0].replace("==", " ").replace("[gevent]", "")


def adapters() -> dict[str, Adapter]:
    """Those that pairs change the pins of, by name."""
    return {one.name: one for root in (ROOT, HERE) for one in metadata.discover(root)}


def of(pair: Pair, known: dict[str, Adapter]) -> tuple[Adapter, Adapter]:
    """The affected and the mended adapter of a pair."""
    base = known[pair.adapter]
    changed = [
        replace(base, name=f"{base.name}-{kind}", dependencies=pins, requires_python=pair.python, known_failure=None)
        for kind, pins in (("affected", pair.affected), ("mended", pair.mended or ()))
    ]
    return changed[0], changed[1] if pair.instead is None else known[pair.instead]


def _uvicorn(version: str, *others: str) -> tuple[str, ...]:
    return (f"uvicorn=={version}", *others, "uvloop==0.22.1")


PAIRS: Final = (
    Pair(
        "two handlers at once, the quick one first",
        "twisted",
        ("twisted==23.8.0",),
        ("twisted==23.10.0",),
        "slow-then-fast",
    ),
    Pair(
        "a response before the one that is asked earlier",
        "twisted",
        ("twisted==24.3.0",),
        ("twisted==24.7.0",),
        "slow-behind-body",
        "chunked",
    ),
    Pair(
        "a later request overtakes one behind a body",
        "twisted",
        ("twisted==24.3.0",),
        ("twisted==24.7.0",),
        "slow-behind-body",
        "a length",
    ),
    Pair(
        "an error overtakes a slow response",
        "twisted",
        ("twisted==23.8.0",),
        ("twisted==23.10.0",),
        "error-behind-slow",
        "no request line",
    ),
    Pair(
        "keep-alive timer in mid-pipeline, httptools",
        "uvicorn",
        _uvicorn("0.27.0", "httptools==0.6.4"),
        _uvicorn("0.27.1", "httptools==0.6.4"),
        "slower-than-keep-alive",
        quick=False,
    ),
    Pair(
        "keep-alive timer in mid-pipeline, h11",
        "uvicorn-h11",
        _uvicorn("0.27.0", "h11==0.14.0"),
        _uvicorn("0.27.1", "h11==0.14.0"),
        "slower-than-keep-alive",
        quick=False,
    ),
    Pair(
        "bytes behind the last request, h11",
        "uvicorn-h11",
        _uvicorn("0.30.3", "h11==0.14.0"),
        _uvicorn("0.30.4", "h11==0.14.0"),
        "garbage-after-close",
    ),
    Pair(
        "bytes behind a close that is still being answered, h11",
        "uvicorn-h11",
        _uvicorn("0.54.0", "h11==0.16.0"),
        None,
        "bytes-behind-close",
        "CRLF, later",
        instead="uvicorn",
    ),
    Pair(
        "what follows a chunk, h11",
        "uvicorn-h11",
        _uvicorn("0.54.0", "h11==0.14.0"),
        _uvicorn("0.54.0", "h11==0.16.0"),
        "chunk-data-end",
        "two other octets",
    ),
    Pair(
        "length and chunked, gevent worker",
        "gunicorn-gevent",
        ("gunicorn==21.2.0", "gevent==24.2.1"),
        ("gunicorn==22.0.0", "gevent==24.2.1"),
        "length-and-chunked",
        "length first",
    ),
    Pair(
        "unknown transfer coding",
        "gunicorn-gthread",
        ("gunicorn==22.0.0",),
        ("gunicorn==23.0.0",),
        "transfer-coding-unknown",
        "chunked, identity",
    ),
    Pair(
        "line end in a value",
        "gunicorn-gthread",
        ("gunicorn==22.0.0",),
        ("gunicorn==23.0.0",),
        "line-end-in-value",
        "LF, then a length",
    ),
    Pair(
        "a body that nobody reads holds a thread",
        "gunicorn-gthread",
        ("gunicorn==23.0.0",),
        ("gunicorn==24.0.0",),
        "unread-bodies-of-others",
    ),
    Pair(
        "requests left in the parser's buffer",
        "gunicorn-gthread",
        ("gunicorn==26.0.0",),
        ("gunicorn==27.0.0",),
        "sixteen-in-order",
    ),
    Pair(
        "trailers, gevent",
        "gevent",
        ("gevent==23.7.0",),
        ("gevent==23.9.0",),
        "trailer-no-field",
        "a request",
        python="==3.11.*",
    ),
    Pair("trailers, eventlet", "eventlet", ("eventlet==0.40.2",), ("eventlet==0.40.3",), "chunk-extension-and-trailer"),
    Pair(
        "length and chunked, meinheld",
        "meinheld",
        ("meinheld==1.0.1",),
        ("meinheld==1.0.2",),
        "length-and-chunked",
        "length first",
        python=">=3.8,<3.10",
        quick=False,
    ),
    Pair(
        "a length that int() takes, waitress",
        "waitress",
        ("waitress==2.1.0",),
        ("waitress==2.1.1",),
        "length-no-number",
        "+1",
    ),
    Pair(
        "control characters in an extension, waitress",
        "waitress",
        ("waitress==2.1.0",),
        ("waitress==2.1.1",),
        "chunk-extension-control-character",
        "LF",
    ),
    Pair(
        "a race behind an error, waitress with lookahead",
        "waitress",
        ("waitress==3.0.0",),
        ("waitress==3.0.1",),
        "race-behind-error",
    ),
    Pair(
        "a length that int() takes, tornado",
        "tornado",
        ("tornado==6.3.2", "uvloop==0.22.1"),
        ("tornado==6.3.3", "uvloop==0.22.1"),
        "length-no-number",
        "+1",
    ),
    Pair(
        "unknown transfer coding, tornado",
        "tornado",
        ("tornado==6.4", "uvloop==0.22.1"),
        ("tornado==6.4.1", "uvloop==0.22.1"),
        "transfer-coding-unknown",
        "x",
    ),
    Pair(
        "control characters in an extension, aiohttp in Python",
        "aiohttp",
        ("aiohttp==3.10.10",),
        ("aiohttp==3.10.11",),
        "chunk-extension-control-character",
        "LF",
    ),
    Pair(
        "trailers that are none, aiohttp in Python",
        "aiohttp",
        ("aiohttp==3.12.13",),
        ("aiohttp==3.12.14",),
        "trailer-no-field",
        "a request",
    ),
)


def named(words: Sequence[str]) -> tuple[Pair, ...]:
    """Those whose name or adapter contains one of the words; all where there are none."""
    return tuple(one for one in PAIRS if not words or any(word in f"{one.name} {one.adapter}" for word in words))
