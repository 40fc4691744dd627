"""A latency histogram, kept as small as its numbers are: a run has tens of millions of buckets."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import overload

import numpy as np
from numpy.typing import NDArray

_INT64_MAX = 2**63 - 1
_EDGES = {_INT64_MAX, -(2**63)}


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over all samples of a histogram: their number, µs and µs². ``negative``: how many counts are below zero."""

    samples: int
    negative: int
    total_us: int
    squares_us2: int


class Histogram(Sequence[tuple[int, int]]):
    """Pairs ``(latency in microseconds, number of samples)``, ascending in latency; ``buckets`` has a line a pair.

    No dataclass, since msgspec would look for the fields of one in the record.
    """

    def __init__(self, buckets: NDArray[np.int64]) -> None:
        self.buckets = buckets
        self.buckets.flags.writeable = False

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int]]) -> Histogram:
        """The histogram of pairs that are in order."""
        return cls(np.array(list(pairs), dtype=np.int64).reshape(-1, 2))

    @classmethod
    def parse(cls, text: str) -> Histogram:
        """The histogram of pairs whose numbers stand one after another: ``1,2,3,4``.

        Raises ``ValueError`` where they are something else.
        """
        numbers = np.fromstring(text, dtype=np.int64, sep=",")
        if len(numbers) and any(str(edge) not in text for edge in _EDGES & {int(numbers.min()), int(numbers.max())}):
            raise ValueError("a number has more than 64 bits")  # it was read as the nearest that has not
        return cls(numbers.reshape(-1, 2))

    @cached_property
    def moments(self) -> Moments:
        """Its sums, exact: with Python's integers where 64 bits might be too few."""
        us, counts = self.buckets.T
        samples, most = int(counts.sum()), int(us.max(initial=0))
        if most * most * int(np.abs(counts).sum()) > _INT64_MAX:
            us = us.astype(object)
        waited = us * counts
        return Moments(samples, int((counts < 0).sum()), int(waited.sum()), int((us * waited).sum()))

    @property
    def ascends(self) -> bool:
        """Whether its latencies are in order and each there once, and none is below zero."""
        us = self.buckets[:, 0]
        return bool((np.diff(us) > 0).all() and (us[:1] >= 0).all())

    def __len__(self) -> int:
        return len(self.buckets)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        return map(tuple, self.buckets.tolist())

    @overload
    def __getitem__(self, place: int) -> tuple[int, int]: ...
    @overload
    def __getitem__(self, place: slice) -> Histogram: ...
    def __getitem__(self, place: int | slice) -> tuple[int, int] | Histogram:
        if isinstance(place, slice):
            return Histogram(self.buckets[place])
        us, count = self.buckets[place].tolist()
        return us, count

    def __eq__(self, other: object) -> bool:
        return np.array_equal(self.buckets, other.buckets) if isinstance(other, Histogram) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.buckets.tobytes())

    def __repr__(self) -> str:
        return f"Histogram.of({list(self)})"
