"""Values of one quantity that were measured in several blocks, such as pairs of machines of different speed. Pure.

Their mean is that of the blocks' means, each block counting alike; what the blocks differ by is in the mean, and not in
its uncertainty, which comes from the spread within blocks alone. ``docs/statistics.md`` has the reasons.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from typing import TypeVar, overload

B = TypeVar("B", bound=Hashable)
T = TypeVar("T")


class Strata(Sequence[float]):
    """Values by block; as a sequence, those of the first block, then of the next."""

    def __init__(self, blocks: Iterable[Sequence[float]]) -> None:
        self.blocks = tuple(tuple(block) for block in blocks if block)

    def __len__(self) -> int:
        return sum(map(len, self.blocks))

    def __iter__(self) -> Iterator[float]:
        return (value for block in self.blocks for value in block)

    @overload
    def __getitem__(self, place: int) -> float: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[float]: ...
    def __getitem__(self, place: int | slice) -> float | Sequence[float]:
        return tuple(self)[place]

    def __repr__(self) -> str:
        return f"Strata({self.blocks!r})"


def blocks_of(values: Sequence[float]) -> Sequence[Sequence[float]]:
    """Values by block; those that know of none are one block."""
    return values.blocks if isinstance(values, Strata) else (values,)


def stratified(values: Iterable[tuple[B, float]]) -> Sequence[float]:
    """Values, each with its block, as what the figures of a cell are made of: a plain list where there is one block."""
    found = by_block(values)
    return Strata(found.values()) if len(found) > 1 else [value for block in found.values() for value in block]


def by_block(values: Iterable[tuple[B, T]]) -> Mapping[B, list[T]]:
    """Things by their block, in the order in which the blocks came."""
    found: dict[B, list[T]] = {}
    for block, value in values:
        found.setdefault(block, []).append(value)
    return found


def typical(values: Sequence[float]) -> float:
    """The geometric mean of positive values, each block counting alike.

    Raises ``ValueError`` where there is none.
    """
    blocks = [block for block in blocks_of(values) if block]
    if not blocks:
        raise ValueError("no value has no mean")
    return math.exp(math.fsum(math.fsum(map(math.log, block)) / len(block) for block in blocks) / len(blocks))
