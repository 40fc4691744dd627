"""Counts the bytecodes that a server's interpreter executes, by code and offset, and writes them down as it ends.

CPython imports a module of this name as it starts (docs.python.org, ``site``). It needs ``sys.monitoring``, of 3.12.
It is no part of the suite's process, and imports nothing of it.
"""

import atexit
import json
import os
import signal
import sys
from types import CodeType, FrameType
from typing import Any

TOOL = 4  # neither a debugger's, a profiler's nor a coverage tool's


monitoring: Any = getattr(sys, "monitoring", None)  # CPython's from 3.12 on


def count_into(path: str) -> None:
    """Count from here on, and write ``[file, function, line, count]`` lists to ``path`` with the process's id."""
    codes: dict[int, CodeType] = {}
    counts: dict[int, dict[int, int]] = {}

    def executed(code: CodeType, offset: int) -> None:
        key = id(code)  # a code's own hash is made of all that is in it, each time
        if key not in codes:
            codes[key] = code  # kept, so that no other gets its id
            counts[key] = {}
        here = counts[key]
        here[offset] = here.get(offset, 0) + 1

    def write() -> None:
        monitoring.set_events(TOOL, 0)
        lines: dict[tuple[str, str, int], int] = {}
        for key, offsets in counts.items():
            code = codes[key]
            starts = [(start, end, line or 0) for start, end, line in code.co_lines()]
            for offset, count in offsets.items():
                line = next((line for start, end, line in starts if start <= offset < end), 0)
                place = code.co_filename, code.co_qualname, line
                lines[place] = lines.get(place, 0) + count
        with open(f"{path}.{os.getpid()}", "w", encoding="utf-8") as file:  # noqa: PTH123 - starts sooner
            json.dump([[*place, count] for place, count in lines.items()], file)

    def terminated(number: int, _frame: FrameType | None) -> None:
        write()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    monitoring.use_tool_id(TOOL, "pipebench")
    monitoring.register_callback(TOOL, monitoring.events.INSTRUCTION, executed)
    monitoring.set_events(TOOL, monitoring.events.INSTRUCTION)
    atexit.register(write)
    # A server may have no handler, or raise again what it handled, as uvicorn does: then nothing runs at its exit.
    signal.signal(signal.SIGTERM, terminated)


if "PIPEBENCH_BYTECODES" in os.environ and monitoring is not None:
    count_into(os.environ.pop("PIPEBENCH_BYTECODES"))
