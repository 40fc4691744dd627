"""What is counted of a server beside any run's rates: instructions in user space, the same on a busy machine.

Every field states its unit. What is derived (the cost of a batch and that of a request) is a property.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from runner.errors import RecordError
from runner.record import jsontext
from runner.record.adapter import Server

AGREEMENT = 0.0005
"""By so much, relative, goes may leave a figure open where they agree: 0.05 %."""


def left_open(values: Sequence[float]) -> float:
    """By how much the least may be off: as far as the other is; with more than two as far as the third.

    There are more than two where the first two did not agree, and then two may be wrong alike. Infinity for one.
    """
    ordered = [*sorted(values)[:3], math.inf]
    return ordered[min(2, len(values) - 1) if len(values) > 1 else -1] - ordered[0]


@dataclass(frozen=True, slots=True)
class DepthCount:
    """Instructions a request at one depth: one value a go, in their order.

    ``base_apart``: what is left open, in instructions a request, by the loads that have all but the requests which
    count; ``None`` where there was but one. What disturbs a go adds to it.
    """

    depth: int
    goes: tuple[float, ...]
    base_apart: float | None = None

    @property
    def instructions(self) -> float:
        """The least, which was disturbed least."""
        return min(self.goes)

    @property
    def apart(self) -> float | None:
        """What goes and loads without the requests leave open, relative; ``None`` with a single go.

        Infinity where the least is not above nothing: some load was not counted whole.
        """
        if len(self.goes) < 2:
            return None
        if self.instructions <= 0:
            return math.inf
        return (left_open(self.goes) + (self.base_apart or 0.0)) / self.instructions

    @property
    def open(self) -> float:
        """The same in instructions a request; 0 with a single go, of which nothing is known."""
        return self.instructions * (self.apart or 0.0) if self.instructions > 0 else math.inf

    @property
    def agrees(self) -> bool:
        """Whether :attr:`apart` is within :data:`AGREEMENT`."""
        return self.within(AGREEMENT)

    def within(self, share: float) -> bool:
        """Whether it is within another share."""
        return self.apart is not None and self.apart <= share


@dataclass(frozen=True, slots=True)
class Count:
    """One server's instructions in user space, all its processes together; where there are none, ``reason`` says why.

    ``tool`` counted; ``seconds`` is what that took.
    """

    adapter: str
    title: str
    version: str | None
    python: str | None
    depths: tuple[DepthCount, ...] = ()
    processes: int | None = None
    tool: str | None = None
    seconds: float | None = None
    reason: str | None = None
    variant: str | None = None

    @property
    def server(self) -> Server:
        """What tells servers of one run apart."""
        return self.adapter, self.python, self.variant

    def at(self, depth: int) -> DepthCount | None:
        """The count at one depth."""
        return next((one for one in self.depths if one.depth == depth), None)

    @property
    def shares(self) -> tuple[float, float] | None:
        """Instructions of a batch as such, and of each request in it: the line through the least and greatest depth.

        ``None`` where fewer than two depths were counted, and where the goes leave open more than half of one of the
        two: what disturbed one depth and not the other turns the line, and a batch may seem to cost less than nothing.
        """
        if len(self.depths) < 2:
            return None
        least, most = (pick(self.depths, key=lambda one: one.depth) for pick in (min, max))
        apart = most.depth - least.depth
        request = (most.depth * most.instructions - least.depth * least.instructions) / apart
        batch = least.depth * (least.instructions - request)
        request_open = (most.depth * most.open + least.depth * least.open) / apart
        batch_open = least.depth * (least.open + request_open)
        told = abs(request) > 2 * request_open and abs(batch) > 2 * batch_open
        return (batch, request) if told else None


def read(path: Path) -> tuple[Count, ...]:
    """What ``pipebench count --format json`` printed. Raises :class:`RecordError` for anything else."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Count, ...])
    except OSError as error:
        raise RecordError(f"cannot read {path}: {error.strerror or error}") from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise RecordError(f"{path} is not what pipebench count --format json prints: make it with that") from None


def write(path: Path, counts: Iterable[Count]) -> None:
    """The same, whole or not at all. Raises :class:`RecordError` where it cannot be written."""
    try:
        jsontext.write(tuple(counts), path)
    except OSError as error:
        raise RecordError(f"cannot write {path}: {error.strerror or error}") from None
