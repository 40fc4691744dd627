"""What of a request's instructions which part of uvloop-httptools takes: counted whole, and without one part each.

``python -m tests.studies.anatomy [--at-once 2]`` takes one part after another out of a copy of the server, which then
answers this load alone and nothing else, and counts what is left (``pipebench count``, depth 1 and 16). What a part
takes is the difference. Parts lean on each other, so they need not sum up to the whole. Other work may go on meanwhile;
the interpreter is the newest on ``PATH`` that the adapter admits. What came of it is in docs/interpreters.md.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

from runner import project
from runner.adapters import environments, metadata
from runner.counting import counting
from runner.record.adapter import Environment
from runner.record.count import Count
from runner.serving import process

SERVER, CEILING, WHOLE = "uvloop-httptools", "ceiling", "whole"

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


def main() -> None:
    """Count and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--at-once", type=int, default=2)
    given = parser.parse_args()
    with process.ending_all(), tempfile.TemporaryDirectory(prefix="anatomy-") as folder:
        whole, ceiling = (prepared(name) for name in (SERVER, CEILING))
        made = {WHOLE: whole, CEILING: ceiling} | {
            part: without(whole, Path(folder) / f"part{number:02}.py", cuts)
            for number, (part, cuts) in enumerate(PARTS.items())
        }
        tool = counting.require_valgrind()
        with ThreadPoolExecutor(given.at_once) as executor:
            counted = dict(
                zip(made, executor.map(lambda one: counting.count(one, tool=tool).count, made.values()), strict=True)
            )
    print("\n".join(table(counted)))


def prepared(name: str) -> Environment:
    """An adapter of the tree."""
    (made,) = environments.prepare(metadata.select(metadata.discover(project.ROOT), [name]))
    if not isinstance(made, Environment):
        raise SystemExit(made.reason)
    return made


def without(whole: Environment, path: Path, cuts: Sequence[Cut]) -> Environment:
    """The server with something else in the place of a part."""
    text = whole.adapter.path.read_text()
    for pattern, new in cuts:
        text, times = re.subn(pattern, new, text, flags=re.DOTALL)
        if times != 1:
            raise SystemExit(f"{whole.adapter.path} has {times} times what is to be taken out: {pattern}")
    path.write_text(text)
    return replace(whole, adapter=replace(whole.adapter, path=path), argv=(whole.argv[0], str(path)))


def table(counted: Mapping[str, Count]) -> Sequence[str]:
    """A line for the whole, one for each part by what it takes of it, and one for the ceiling."""
    whole = counted[WHOLE]
    lines = ["| | a batch | a request in it | at depth 1 | at depth 16 |", "| --- | ---: | ---: | ---: | ---: |"]
    for name, one in counted.items():
        if one.reason is not None:
            lines.append(f"| {name} | not counted: {one.reason} |")
            continue
        figures = (
            values(one)
            if name in {WHOLE, CEILING}
            else [a - b for a, b in zip(values(whole), values(one), strict=True)]
        )
        lines.append(f"| {name} | " + " | ".join(f"{figure:,.0f}".replace(",", " ") for figure in figures) + " |")
    return lines


def values(one: Count) -> Sequence[float]:
    """Instructions of a batch, of a request in it, and of a request at each depth."""
    return *(one.shares or ()), *(at.instructions for at in one.depths)


if __name__ == "__main__":
    main()
