"""The search: streams until the time is over, each new way in which servers differ shrunk to its smallest stream."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from hypothesis import HealthCheck, Phase, find, settings
from hypothesis.errors import Flaky, NoSuchExample

from tests.differential import views
from tests.differential.streams import STREAMS
from tests.differential.views import Kind, View

Ask = Callable[[bytes], Mapping[str, View]]
Key = tuple[Kind, frozenset[tuple[str, ...]]]
AT_A_TIME = 300
"""Streams between two looks at the clock."""
SHRINKS_S = 20.0
"""So long at most is one stream made smaller."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A stream, how servers differ over it, and what each made of it."""

    kind: Kind
    stream: bytes
    views: Mapping[str, View]


@dataclass(slots=True)
class Count:
    """How many streams were sent, and how many differences did not repeat."""

    streams: int = 0
    unsteady: int = 0


def key(seen: Mapping[str, View]) -> Key | None:
    """What makes two differences one: their kind, and who is with whom."""
    kind = views.kind(seen)
    return None if kind is None else (kind, frozenset(views.groups(seen).values()))


def search(
    ask: Ask,
    seconds: float,
    seed: int,
    on_found: Callable[[Difference], None],
    count: Count | None = None,
    known: Iterable[Key] = (),
) -> list[Difference]:
    """Differences, each smallest of its kind and grouping, until ``seconds`` have passed; none that is ``known``."""
    until, known, found = time.monotonic() + seconds, set(known), list[Difference]()
    count = count or Count()
    while time.monotonic() < until:
        seed += 1
        one = _one(ask, known, seed, until, count)
        if one is not None:
            found.append(one)
            on_found(one)
    return found


def _one(ask: Ask, known: set[Key], seed: int, until: float, count: Count) -> Difference | None:
    """The next difference that is not known, made small; ``None`` where there was none in a while."""
    wanted: Key | None = None
    since = until

    def differs(stream: bytes) -> bool:
        nonlocal wanted, since
        now = time.monotonic()
        if now > until or now > since:
            return False
        count.streams += 1
        this = key(ask(stream))
        if wanted is None and this is not None and this not in known and key(ask(stream)) == this:
            wanted, since = this, now + SHRINKS_S
        return this is not None and this == wanted

    rules = settings(
        max_examples=AT_A_TIME,
        database=None,
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        suppress_health_check=list(HealthCheck),
    )
    try:
        smallest = find(STREAMS, differs, settings=rules, random=random.Random(seed))
    except NoSuchExample:
        return None
    except Flaky:
        smallest = b""
    if wanted is None:
        return None
    known.add(wanted)
    seen = ask(smallest) if smallest else {}
    if not seen or key(seen) != wanted:
        count.unsteady += 1
        return None
    return Difference(wanted[0], smallest, seen)
