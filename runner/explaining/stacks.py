"""Samples of stacks: py-spy's and perf's text as :class:`Stack` values. Pure.

py-spy's ``raw`` format is a line a stack, ``frame;frame;frame number``, outermost first. ``perf script`` prints a block
a sample: a head, then a line a frame, innermost first: address, symbol with offset, and in brackets what it is in.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import PurePath

from runner.record.beside.explained import Stack

LEAST_SHARE = 0.0005
"""Stacks below this share of all samples are kept under their outer frames alone: a record need not hold each."""
UNKNOWN = "?"
_LINE = re.compile(r":\d+\)")
_FRAME = re.compile(r"\s+[0-9a-f]+ (.+?)(?:\+0x[0-9a-f]+)? \(([^)]*)\)\s*$")
_HEX = re.compile(r"0x[0-9a-f]+")
_KERNEL = "kernel"
COMPILED = "compiled as it runs"
_JIT = re.compile(r"perf-\d+\.map$")
"""Where perf looks for the names of code that a runtime compiled; it has the process's id in its name."""


def of_py_spy(text: str) -> tuple[Stack, ...]:
    """The stacks of py-spy's raw format. Raises ``ValueError`` where a line is none."""
    found: Counter[tuple[str, ...]] = Counter()
    for line in text.splitlines():
        stack, _, number = line.rpartition(" ")
        frames = tuple(shown for frame in stack.split(";") if (shown := _frame(frame)))
        found[_once(frames)] += int(number)
    return _kept(found)


def of_perf(text: str) -> tuple[Stack, ...]:
    """The stacks of ``perf script -F comm,pid,ip,sym,dso``. Raises ``ValueError`` where it has none."""
    found: Counter[tuple[str, ...]] = Counter()
    for block in text.split("\n\n"):
        head, *lines = block.strip("\n").split("\n")
        frames = [_perf_frame(seen[1], seen[2]) for line in lines if (seen := _FRAME.match(line))]
        if head.strip() and frames:
            found[_once(tuple(reversed(frames)))] += 1
    if not found:
        raise ValueError("it has no sample")
    return _kept(found)


def _frame(text: str) -> str:
    """A frame without its line; an address that has no name is its file's."""
    frame = _LINE.sub(")", text.strip())
    return _HEX.sub(UNKNOWN, frame)


def _perf_frame(symbol: str, file: str) -> str:
    name = UNKNOWN if symbol == "[unknown]" else symbol
    where = _KERNEL if "kernel." in file else COMPILED if _JIT.search(file) else PurePath(file).name
    return f"{name} ({where})"


def _once(frames: Sequence[str]) -> tuple[str, ...]:
    """Without frames that repeat the one before: lines of one function, inlined."""
    return tuple(frame for place, frame in enumerate(frames) if place == 0 or frame != frames[place - 1])


def _kept(found: Counter[tuple[str, ...]]) -> tuple[Stack, ...]:
    """Rare stacks cut down to where they join others, so that the number of samples stays what it is."""
    least = LEAST_SHARE * found.total()
    kept: Counter[tuple[str, ...]] = Counter()
    weights: Counter[tuple[str, ...]] = Counter()
    for frames, number in found.items():
        for length in range(1, len(frames) + 1):
            weights[frames[:length]] += number
    for frames, number in found.items():
        length = len(frames)
        while length > 1 and weights[frames[:length]] < least:
            length -= 1
        kept[frames[:length]] += number
    return tuple(Stack(frames, number) for frames, number in sorted(kept.items()) if frames)


def merged(stacks: Iterable[Stack]) -> dict[tuple[str, ...], int]:
    """How many samples were at or below each beginning of a stack."""
    found: Counter[tuple[str, ...]] = Counter()
    for stack in stacks:
        for length in range(1, len(stack.frames) + 1):
            found[stack.frames[:length]] += stack.samples
    return dict(found)
