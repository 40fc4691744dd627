"""strace's lines as calls, and what a batch has of them. Pure.

A line is ``PID name(arguments) = result``; one that another thread interrupts comes in two, ``<unfinished ...>`` and
``<... name resumed>`` (strace(1)). Only names, files, results and numbers are used: its times would be strace's own.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from runner.record.beside.explained import Calls, DepthCalls

_RESUMED = re.compile(r"<\.\.\. (\w+) resumed>")
_CALL = re.compile(r"(\w+)\(")
_FILE = re.compile(r"\d+<([^>]*)")
_RESULT = re.compile(r"\) += (-?\d+|\?|0x[0-9a-f]+)(?: ([A-Z]\w+))?")
_PREFIXES = {
    "TCP": "tcp", "socket:": "tcp", "UNIX": "unix", "pipe:": "pipe",
    "anon_inode:[eventfd": "eventfd", "anon_inode:[eventpoll": "epoll", "anon_inode:[io_uring": "io_uring",
}  # fmt: skip
"""How strace begins the name of a file (``-yy``), and what it is called here; a socket without a name counts as TCP."""

SENDS = frozenset({"write", "writev", "send", "sendto", "sendmsg", "sendmmsg", "sendfile"})
RECEIVES = frozenset({"read", "readv", "recv", "recvfrom", "recvmsg", "recvmmsg"})
WAITS = frozenset({"epoll_wait", "epoll_pwait", "epoll_pwait2", "poll", "ppoll", "select", "pselect6"})
WAKE = "futex wake"
_OTHERS = frozenset({"unix", "eventfd", "pipe"})


@dataclass(frozen=True, slots=True)
class Call:
    """A call that has returned; ``moved`` are the bytes of one that moves data."""

    name: str
    on: str
    failed: bool
    moved: int | None


class Reader:
    """Takes what strace writes, piece by piece, and gives the calls that returned in each."""

    def __init__(self) -> None:
        self._begun: dict[str, str] = {}
        self._rest = ""

    def feed(self, text: str) -> list[Call]:
        """The calls of whole lines so far; half a line waits for its end."""
        *lines, self._rest = (self._rest + text).split("\n")
        return [call for line in lines if (call := self._call(line)) is not None]

    def _call(self, line: str) -> Call | None:
        pid, _, said = line.partition(" ")
        said = said.strip()
        if said.endswith("<unfinished ...>"):
            self._begun[pid] = said.removesuffix("<unfinished ...>")
            return None
        if resumed := _RESUMED.match(said):
            said = self._begun.pop(pid, f"{resumed[1]}(") + said[resumed.end() :]
        called, result = _CALL.match(said), _last(said)
        if called is None or result is None:  # a signal, the end of a process
            return None
        name, arguments = called[1], said[called.end() :]
        failed = result[1].startswith("-")
        on = _kind(arguments)
        moves = name in SENDS or name in RECEIVES
        moved = (0 if failed or not result[1].isdigit() else int(result[1])) if moves else None
        if name == "futex":
            name = WAKE if "FUTEX_WAKE" in arguments else "futex wait"
        return Call(name, on, failed, moved)


def _last(said: str) -> re.Match[str] | None:
    """The result: what follows the last closing bracket."""
    return next(reversed(list(_RESULT.finditer(said))), None)


def _kind(arguments: str) -> str:
    file = _FILE.match(arguments)
    if file is None:
        return ""
    return next((kind for prefix, kind in _PREFIXES.items() if file[1].startswith(prefix)), "file")


def difference(depth: int, batches: int, less: Iterable[Call], more: Iterable[Call]) -> DepthCalls:
    """The calls that the longer of two loads has more: those of ``batches`` batches. Both lasted as long.

    What a server does each second falls out; where the shorter has one more of it, it is left out.
    """
    before, after = _tally(less), _tally(more)
    found = []
    for (name, on), (number, failed, moved) in after.items():
        had = before.get((name, on), (0, 0, 0))
        if number > had[0]:
            is_io = name in SENDS or name in RECEIVES
            failures, data = max(0, failed - had[1]), max(0, moved - had[2])
            found.append(Calls(name, on, number - had[0], failures, data if is_io else None))
    return DepthCalls(depth, batches, tuple(sorted(found, key=lambda one: (-one.number, one.name, one.on))))


def _tally(calls: Iterable[Call]) -> Mapping[tuple[str, str], tuple[int, int, int]]:
    found: dict[tuple[str, str], tuple[int, int, int]] = defaultdict(lambda: (0, 0, 0))
    for call in calls:
        number, failed, moved = found[call.name, call.on]
        found[call.name, call.on] = number + 1, failed + call.failed, moved + (call.moved or 0)
    return found


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch of ``depth`` requests has, in the mean, of the calls that matter.

    ``sends`` and ``receives`` on the connection that moved something; ``empty`` reads that found nothing; ``waits`` for
    events; ``wakes`` of another thread, by a futex or by something written to it; ``all`` calls there are.
    """

    depth: int
    sends: float
    receives: float
    empty: float
    waits: float
    wakes: float
    all: float
    bytes_a_send: float | None
    bytes_a_receive: float | None

    def a_request(self, number: float) -> float:
        """A number of a batch, for each request in it."""
        return number / self.depth


def batch(seen: DepthCalls) -> Batch:
    """A batch in the mean."""
    sends = [one for one in seen.calls if one.name in SENDS and one.on == "tcp"]
    receives = [one for one in seen.calls if one.name in RECEIVES and one.on == "tcp"]
    sent, received = (sum(one.number - one.failed for one in those) for those in (sends, receives))
    wakes = [one for one in seen.calls if one.name == WAKE or (one.name in SENDS and one.on in _OTHERS)]
    return Batch(
        depth=seen.depth,
        sends=sent / seen.batches,
        receives=received / seen.batches,
        empty=sum(one.failed for one in receives) / seen.batches,
        waits=sum(one.number for one in seen.calls if one.name in WAITS) / seen.batches,
        wakes=sum(one.number for one in wakes) / seen.batches,
        all=sum(one.number for one in seen.calls) / seen.batches,
        bytes_a_send=sum(one.bytes or 0 for one in sends) / sent if sent else None,
        bytes_a_receive=sum(one.bytes or 0 for one in receives) / received if received else None,
    )


@dataclass(frozen=True, slots=True)
class Paid:
    """A call, how many of it a batch has at each depth, and what of it is paid a batch and what a request.

    The line through the least and the greatest depth, as of instructions (:class:`runner.record.count.Count`); ``None``
    with a single depth.
    """

    name: str
    on: str
    numbers: tuple[float, ...]
    of_batch: float | None
    of_request: float | None


def paid(seen: Iterable[DepthCalls]) -> tuple[Paid, ...]:
    """Every call that a batch has at any depth, those with the most at the greatest depth first."""
    depths = sorted(seen, key=lambda one: one.depth)
    names = dict.fromkeys((call.name, call.on) for one in depths for call in one.calls)
    found = []
    for name, on in names:
        numbers = tuple(
            sum(call.number for call in one.calls if (call.name, call.on) == (name, on)) / one.batches for one in depths
        )
        shares = split([one.depth for one in depths], numbers)
        found.append(Paid(name, on, numbers, *(shares if shares is not None else (None, None))))
    return tuple(sorted(found, key=lambda one: (-one.numbers[-1], -one.numbers[0], one.name)))


def split(depths: list[int], numbers: tuple[float, ...]) -> tuple[float, float] | None:
    """Of numbers a batch, in the order of their depths, what a batch has as such and what each request in it."""
    if len(depths) < 2:
        return None
    request = (numbers[-1] - numbers[0]) / (depths[-1] - depths[0])
    return numbers[0] - depths[0] * request, request
