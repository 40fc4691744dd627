"""Bytecodes a request by line of Python: where a difference stands that cachegrind sees as the interpreter's alone.

To cachegrind all Python is ``_PyEval_EvalFrameDefault``. So ``count --where`` has the interpreter itself count, without
valgrind, in two loads of fixed numbers of requests as :mod:`runner.counting.counting` does.
"""

from __future__ import annotations

import json
import linecache
import tempfile
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path

from runner.counting.cachegrind import Place
from runner.counting.client import Client, ExchangeError
from runner.counting.comparing import Line
from runner.record.adapter import Environment
from runner.serving import server

WARM_UP = 100
REQUESTS = 200
"""How many requests the longer load has more, at depth 1."""
STOP_GRACE_S = 20.0
_WATCH = Path(__file__).with_name("watch")
_LEAST = (3, 12)


def per_request(environment: Environment) -> Mapping[Line, float] | str:
    """Bytecodes a request of each line, or why there are none, in one line."""
    python = environment.python
    if python is None or tuple(map(int, python.split(".")[:2])) < _LEAST:
        return "bytecodes are counted by CPython 3.12 or newer"
    less, more = (_observe(environment, WARM_UP + requests) for requests in (0, REQUESTS))
    if isinstance(less, str) or isinstance(more, str):
        return less if isinstance(less, str) else str(more)
    return {
        Line(place, linecache.getline(place.file, place.line).strip()): difference / REQUESTS
        for place in less.keys() | more.keys()
        if (difference := more.get(place, 0) - less.get(place, 0))
    }


def _observe(environment: Environment, requests: int) -> Mapping[Place, int] | str:
    with tempfile.TemporaryDirectory(prefix="pipebench-count-") as made:
        folder = Path(made)
        watched = {"PYTHONPATH": str(_WATCH), "PIPEBENCH_BYTECODES": str(folder / "bytecodes"), "PYTHONHASHSEED": "0"}
        try:
            started = server.start(environment, log=folder / "server.log", variables=watched)
        except server.StartError as error:
            return str(error)
        try:
            with Client(started.address, started.processes()) as client:
                client.send(requests, 1)
        except ExchangeError as error:
            return str(error)
        finally:
            started.stop(STOP_GRACE_S)
        written = [json.loads(path.read_text()) for path in folder.glob("bytecodes.*")]
    if not written:
        return "it ended without leaving Python in order, so bytecodes were not written down"
    found: dict[Place, int] = defaultdict(int)
    for file, function, line, count in (entry for one in written for entry in one):
        found[Place(file, function, line)] += count
    return found
