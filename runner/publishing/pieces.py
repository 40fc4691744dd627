"""What was checked or counted in pieces, put together for publication. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple, TypeVar

from runner.conformance.record import Conformance
from runner.errors import RecordError
from runner.record.count import Count


class Piece(NamedTuple):
    """Of what server a record is, and what it was asked: nothing where it could not be tried."""

    adapter: str
    python: str
    variant: str
    asked: frozenset[str]


_Record = TypeVar("_Record", Conformance, Count)


def of_check(one: Conformance) -> Piece:
    """Checked with what cases. One adapter has one row in the matrix, whatever Python it ran on."""
    return Piece(one.adapter, "", one.variant or "", frozenset(result.case for result in one.results))


def of_count(one: Count) -> Piece:
    """Counted at what depths."""
    return Piece(one.adapter, one.python or "", one.variant or "", frozenset(f"depth {at.depth}" for at in one.depths))


def together(records: Mapping[Path, Sequence[_Record]], piece: Callable[[_Record], Piece]) -> tuple[_Record, ...]:
    """The records as one, in the order of their adapters' names.

    Raises :class:`RecordError` where a server stands in two of them, or where they were not asked the same: then a
    reader would compare what cannot be compared.
    """
    found = sorted(
        ((piece(one), path, one) for path, ones in records.items() for one in ones), key=lambda kept: kept[0][:3]
    )
    for (one, path, _), (other, second, _) in pairwise(found):
        if one[:3] == other[:3]:
            raise RecordError(f"{one.adapter} is in {path} and in {second}: give one of them")
    asked: dict[frozenset[str], Path] = {}
    for one, path, _ in found:
        if one.asked:
            asked.setdefault(one.asked, path)
    if len(asked) > 1:
        (these, path), (those, second), *_ = asked.items()
        name = min(these ^ those)
        lacks = second if name in these else path
        raise RecordError(
            f"{path} and {second} do not belong together: {lacks} was not asked {name}: make that one anew"
        )
    return tuple(record for *_, record in found)
