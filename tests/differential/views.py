"""What each server made of a stream, and in what they differ. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from runner.conformance.running.wire import ResponseReader


class End(StrEnum):
    """What became of the connection."""

    OPEN = "left open"
    CLOSED = "closed"
    GONE = "server gone"


class Kind(StrEnum):
    """How servers differ, the gravest first.

    ``OTHERWISE``: they answered other requests, or with other bodies. ``WAITS``: one answered what another counts to a
    body that has not come in whole. ``REFUSES``: one answered what another refused or closed at.
    """

    GONE = "a server is gone"
    OTHERWISE = "read otherwise"
    WAITS = "waited for"
    REFUSES = "refused by some"


@dataclass(frozen=True, slots=True)
class View:
    """One server's answer: the contents of what it served in order, the status that it refused with, and the end."""

    served: tuple[bytes, ...]
    refused: int | None
    end: End

    def __str__(self) -> str:
        words = [one.decode("latin-1") if len(one) < 12 else f"{len(one)} octets" for one in self.served]
        said = [repr(word) for word in words] + ([] if self.refused is None else [str(self.refused)])
        return f"{', '.join(said) or 'nothing'}; {self.end}"


def view(received: bytes, end: End) -> View:
    """What the bytes say that came back. What stands behind the first refusal is not looked at: nobody may rely on it.

    A request that reached no route (404, 405) was read all the same, and counts as served.
    """
    reader = ResponseReader(["GET"] * 8)
    reader.feed(received)
    reader.end() if end is not End.OPEN else None
    served: list[bytes] = []
    for response in reader.reading.responses:
        if response.status in {404, 405}:
            served.append(b"%d" % response.status)
        elif response.status >= 400:
            return View(tuple(served), response.status, end)
        else:
            served.append(response.body)
    return View(tuple(served), None, end)


def kind(views: Mapping[str, View]) -> Kind | None:
    """In what they differ most; ``None`` where all served the same."""
    found: set[Kind] = set()
    if any(one.end is End.GONE for one in views.values()):
        found.add(Kind.GONE)
    longest = max((one.served for one in views.values()), key=len)
    for one in views.values():
        if one.served == longest:
            continue
        if longest[: len(one.served)] != one.served:
            found.add(Kind.OTHERWISE)
        elif one.refused is None and one.end is End.OPEN:
            found.add(Kind.WAITS)
        else:
            found.add(Kind.REFUSES)
    return next((each for each in Kind if each in found), None)


def groups(views: Mapping[str, View]) -> dict[View, tuple[str, ...]]:
    """Who saw the same, the largest group first. The status of a refusal tells nobody apart, nor how it then ends."""
    seen: dict[tuple[tuple[bytes, ...], str], list[str]] = {}
    for name, one in views.items():
        end = "refused" if one.refused is not None else str(one.end)
        seen.setdefault((one.served, end), []).append(name)
    ordered = sorted(seen.values(), key=len, reverse=True)
    return {views[names[0]]: tuple(names) for names in ordered}
