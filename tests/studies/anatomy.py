"""What of a batch's CPU time which part of uvloop-httptools takes: driven whole, and without one part each.

``uv run --with httptools==0.9.0 --with uvloop==0.23.0 python -m tests.studies.anatomy`` takes one part after another
out of a copy of the server, which then answers this load alone and nothing else, and hands it batches of 1 and of 16 by
``data_received``: on uvloop, with a transport that only counts what is written, so without the kernel and what uvloop
does for a socket. Nanoseconds of CPU time a batch, the least of many goes, all of them in turns. What a part takes is
the difference; parts lean on each other, so they need not sum up to the whole. What came of it is in
docs/interpreters.md.
"""

from __future__ import annotations

import asyncio
import importlib.util
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import uvloop  # type: ignore[import-not-found]

SERVER = Path(__file__).parents[2] / "frameworks" / "uvloop-httptools" / "app.py"
WHOLE = "whole"
REQUEST = b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8080\r\n\r\n"
DEPTHS = (1, 16)
GOES, BATCHES = 80, 400

Cut = tuple[str, str]
"""A pattern that the server's text has once, and what takes the place of what it matches."""

BY_HAND = """\
try:
                    self.serve().send(None)
                except StopIteration:
                    pass
"""
READY = r"""READY = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 12\r\n\r\nHello world!"


"""
PARTS: Mapping[str, Sequence[Cut]] = {
    "the task: a coroutine stepped by hand in its place": [
        (
            r"task = asyncio\.Task\(.*?self\.task = task\n",
            BY_HAND,
        )
    ],
    "the flush at the end of a turn: written at once": [
        (r"(self\.task = task\n        self\.)flush_soon\(\)(?=\n\n    def eof_received)", r"\1flush()")
    ],
    "the callback for a URL": [
        (r"    def on_url\(.*?\n\n", ""),
        (r"PLAIN\.get\(self\.url\)", 'PLAIN.get(b"/")'),
        (r"        self\.url = None\n(?=        self\.hosts = 0\n\n    # Our own)", ""),
    ],
    "the callback for a header field": [
        (r"    def on_header\(.*?\n\n", ""),
        (r" +or self\.hosts != 1\n", ""),
        (r"        self\.hosts = 0\n(?=\n    # Our own)", ""),
    ],
    "asking the parser for method and keep-alive": [
        (r" +or self\.parser\.get_method\(\) != .*?should_keep_alive\(\)\n(?=        \):)", "")
    ],
    "the parser, with its callbacks": [
        (r"self\.parse\(data\)\n(?=        self\.waiting)", r'self.queue += [hello] * data.count(b"\\r\\n\\r\\n")\n')
    ],
    "the handler, called and awaited": [(r"result = await call\(\)", 'result = b"Hello world!"')],
    "building the response": [
        (r"self\.out \+= \(clock\.ok, .*?result\)\n", r"self.out.append(READY)\n"),
        (r"(?=class Connection\()", READY.replace("\\", r"\\")),
    ],
}


class Counting:
    """A transport that counts the bytes which are written to it."""

    def __init__(self) -> None:
        self.written = 0

    def write(self, data: bytes) -> None:
        self.written += len(data)

    def pause_reading(self) -> None:
        """As a transport's."""

    def resume_reading(self) -> None:
        """As a transport's."""


class Driven:
    """A connection of a server, and what answering a batch takes."""

    def __init__(self, server: ModuleType) -> None:
        server.clock.tick()
        self.connection: Any = server.Connection(asyncio.get_running_loop())
        self.transport = Counting()
        self.connection.connection_made(self.transport)

    def ns(self, depth: int) -> float:
        """CPU time of a batch, its flush at the end of the turn with it."""
        data = REQUEST * depth
        self.transport.written = 0
        began = time.process_time_ns()
        for _ in range(BATCHES):
            self.connection.data_received(data)
            self.connection.flush_all()
        took = (time.process_time_ns() - began) / BATCHES
        if self.transport.written < BATCHES * depth * len(b"Hello world!"):
            raise SystemExit(f"{BATCHES} batches of {depth} were answered by {self.transport.written} bytes")
        return took


def main() -> None:
    """Drive in turns, and print."""
    print(f"CPython {sys.version.split()[0]}, uvloop {uvloop.__version__}")
    print("\n".join(table(uvloop.run(measured()))))


async def measured() -> Mapping[str, Sequence[float]]:
    """Nanoseconds of a batch at each depth, of the whole and without each part."""
    with TemporaryDirectory(prefix="anatomy-") as folder:
        driven = {
            name: Driven(without(Path(folder) / f"part{number}.py", cuts))
            for number, (name, cuts) in enumerate({WHOLE: (), **PARTS}.items())
        }
    found = {name: [float("inf")] * len(DEPTHS) for name in driven}
    for _ in range(GOES):
        for place, depth in enumerate(DEPTHS):
            for name, one in driven.items():
                found[name][place] = min(found[name][place], one.ns(depth))
        await asyncio.sleep(0)  # the clock ticks
    return found


def without(path: Path, cuts: Sequence[Cut]) -> ModuleType:
    """The server with something else in the place of a part."""
    text = SERVER.read_text()
    for pattern, new in cuts:
        text, times = re.subn(pattern, new, text, flags=re.DOTALL)
        if times != 1:
            raise SystemExit(f"{SERVER} has {times} times what is to be taken out: {pattern}")
    path.write_text(text)
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def table(found: Mapping[str, Sequence[float]]) -> Sequence[str]:
    """A line for the whole, and one for each part by what it takes of it."""
    lines = ["| | a batch of 1 | | a batch of 16 | |", "| --- | ---: | ---: | ---: | ---: |"]
    whole = found[WHOLE]
    for name, values in found.items():
        took = values if name == WHOLE else [all_ - left for all_, left in zip(whole, values, strict=True)]
        cells = [f"{ns:.0f} ns | {ns / all_:.0%}" for ns, all_ in zip(took, whole, strict=True)]
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


if __name__ == "__main__":
    main()
