"""What is seen of a server beside any run's rates: its system calls, and where samples of its stack found it.

Raw: what follows from it (calls of a batch and of a request, shares, findings) is derived when it is read. ``None``:
not looked at. Nothing here is a time, and nothing was timed while it was looked at.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from msgspec import Meta

from runner.record.adapter import Server

Number = Annotated[int, Meta(ge=0)]
Positive = Annotated[int, Meta(ge=1)]


@dataclass(frozen=True, slots=True)
class Calls:
    """System calls of one name on one kind of file, of all threads of all processes.

    ``on``: ``tcp``, ``unix``, ``eventfd``, ``pipe``, ``epoll``, ``file``, or nothing where the call has no file first.
    ``number`` includes the ``failed``; ``bytes`` is what those that move data moved, ``None`` for others.
    """

    name: str
    on: str
    number: Positive
    failed: Number = 0
    bytes: Number | None = None


@dataclass(frozen=True, slots=True)
class DepthCalls:
    """The calls of ``batches`` batches of ``depth`` requests on one connection, each sent when the server slept."""

    depth: Positive
    batches: Positive
    calls: tuple[Calls, ...]


@dataclass(frozen=True, slots=True)
class Stack:
    """Where samples found a thread: frames from the outermost in, as ``function (file)``, and how many samples."""

    frames: tuple[str, ...]
    samples: Positive


@dataclass(frozen=True, slots=True)
class Sampled:
    """A server under load at ``depth``, its stacks sampled by ``tool``."""

    depth: Positive
    tool: str
    stacks: tuple[Stack, ...]

    @property
    def samples(self) -> int:
        """All of them."""
        return sum(stack.samples for stack in self.stacks)


@dataclass(frozen=True, slots=True)
class FunctionCost:
    """Instructions a request of a native function, one for each of the depths of the :class:`Explained` it is of."""

    function: str
    file: str
    instructions: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Explained:
    """All that was seen of one server. Where something was not, the reason beside it says why, in one line.

    ``tools``: names and versions of what looked. ``functions`` are the native ones with the most instructions.
    """

    adapter: str
    python: str | None
    variant: str | None
    at: str
    depths: tuple[Positive, ...]
    tools: tuple[str, ...]
    calls: tuple[DepthCalls, ...] = ()
    calls_reason: str | None = None
    sampled: tuple[Sampled, ...] = ()
    sampled_reason: str | None = None
    functions: tuple[FunctionCost, ...] = ()
    functions_reason: str | None = None

    @property
    def server(self) -> Server:
        """What tells servers of one run apart."""
        return self.adapter, self.python, self.variant
