"""A server under strace: started, asked a fixed number of requests, ended. Calls are counted, nothing is timed."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from runner.counting.client import Client, ExchangeError
from runner.errors import ToolError
from runner.explaining.calls import Call, Reader, difference
from runner.record.adapter import Environment
from runner.record.beside.explained import DepthCalls
from runner.record.plaintext import plain
from runner.serving import process, server

READY_TIMEOUT_S = 60.0
WARM_UP = ((50, 1), (10, 16))
"""Batches and their depth before what is counted."""
BATCHES = 24
"""So many batches has the longer load more, and the shorter has as many."""
LEAST_WINDOW_S = 1.1
"""Two loads that are compared last so long at least: what a server does each second is then in both."""
REMEDY = "install it, with `apt-get install strace` for example"


@dataclass(frozen=True, slots=True)
class _Wrapped:
    """A server's command under strace."""

    argv: tuple[str, ...]


class NotTracedError(Exception):
    """A server that cannot be traced; the text says why, in one line."""


def tool() -> str:
    """strace's name and version. Raises :class:`ToolError` where it is not there."""
    said = process.output(["strace", "-V"], stderr=False) if shutil.which("strace") else None
    if not said:
        raise ToolError(f"strace is not installed: {REMEDY}")
    return said.splitlines()[0].replace(" -- version", "")


def trace(environment: Environment, depths: Sequence[int], cpus: Sequence[int]) -> tuple[DepthCalls, ...]:
    """The calls of a batch at each depth. Raises :class:`NotTracedError`."""
    with tempfile.TemporaryDirectory(prefix="pipebench-explain-") as made:
        folder = Path(made)
        written = folder / "calls"
        argv = ("strace", "-f", "-qq", "-yy", "-s", "0", "-e", "signal=none", "-I", "anywhere", "-o", str(written))
        try:
            started = server.start(
                _Wrapped((*argv, *environment.argv)),
                log=folder / "server.log",
                cpus=cpus,
                ready_timeout_s=READY_TIMEOUT_S,
            )
        except server.StartError as error:
            raise NotTracedError(plain(str(error))) from None
        try:
            with Client(started.address, started.processes()) as client, written.open(errors="replace") as lines:
                for number, depth in WARM_UP:
                    client.send(number, depth)
                reader = Reader()
                client.settle()
                reader.feed(lines.read())
                return tuple(_at_depth(client, depth, lambda: reader.feed(lines.read())) for depth in depths)
        except ExchangeError as error:
            raise NotTracedError(plain(str(error))) from None
        finally:
            started.stop()


def _at_depth(client: Client, depth: int, seen: Callable[[], list[Call]]) -> DepthCalls:
    """The longer load first; the shorter then lasts as long."""
    began = time.monotonic()
    client.send(2 * BATCHES, depth)
    client.settle()
    lasted_s = max(LEAST_WINDOW_S, time.monotonic() - began)
    time.sleep(max(0.0, began + lasted_s - time.monotonic()))
    longer = seen()
    began = time.monotonic()
    client.send(BATCHES, depth)
    client.settle()
    time.sleep(max(0.0, began + lasted_s - time.monotonic()))
    return difference(depth, BATCHES, seen(), longer)
