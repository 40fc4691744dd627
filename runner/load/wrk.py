"""wrk: the command line for a cell, and its record as a :class:`Load`. Pure."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from runner import project
from runner.judging import latency
from runner.record.plan import Cell
from runner.record.trial import Address, GeneratorErrors, Load, Verified, WrkLatency

SCRIPT = project.ROOT / "lua" / "pipeline.lua"
RECORD_VERSION = 1
CANNOT_RECORD = 3
"""Exit code of wrk where the script could not write its record."""


def argv(
    cell: Cell,
    address: Address,
    *,
    threads: int,
    duration_s: float,
    timeout_s: float,
    record: Path,
    verify: str | None = None,
    fields: Path | None = None,
) -> tuple[str, ...]:
    """The command. ``timeout_s`` bounds what wrk can record at all (stats.c, ``stats_record``), so it is set high.

    With ``verify``, a body, every response is read and checked, and the load measures nothing. ``fields``: a file of
    header fields that each request has beside its ``Host``.
    """
    return (
        "wrk",
        f"-t{threads}",
        f"-c{cell.connections}",
        f"-d{duration_s:g}s",
        f"--timeout={timeout_s:g}s",
        "--latency",
        "-s",
        str(SCRIPT),
        address.url,
        "--",
        str(cell.depth),
        str(record),
        *([] if verify is None and fields is None else [verify or ""]),
        *([] if fields is None else [str(fields)]),
    )


def parse(text: str, *, argv: tuple[str, ...], threads: int, connections: int) -> Load:
    """What ``lua/pipeline.lua`` wrote, with wrk's correction undone.

    Raises ``ValueError`` where the text is not such a record.
    """
    record: dict[str, Any] = json.loads(text)
    if record.get("version") != RECORD_VERSION:
        raise ValueError(f"record version {record.get('version')}, expected {RECORD_VERSION}")
    duration_us, requests = int(record["duration_us"]), int(record["requests"])
    interval_us = latency.expected_interval_us(duration_us, requests, connections)
    printed = record["wrk"]
    return Load(
        generator="wrk",
        argv=argv,
        threads=threads,
        duration_us=duration_us,
        requests=requests,
        bytes_read=int(record["bytes"]),
        errors=GeneratorErrors(**record["errors"]),
        cpu_ns=None if record["cpu_ns"] is None else int(record["cpu_ns"]),
        histogram=latency.undo_correction(
            ((value, count) for value, count in record["array"]),
            interval_us,
            smallest=int(printed["min"]) if record["source"] == "api" else 0,
        ),
        wrk_latency=WrkLatency(
            interval_us=interval_us,
            p50=int(printed["p50"]),
            p75=int(printed["p75"]),
            p90=int(printed["p90"]),
            p99=int(printed["p99"]),
            mean=float(printed["mean"]),
            stdev=None if printed["stdev"] is None else float(printed["stdev"]),
            max=int(printed["max"]),
        ),
        active_intervals=record["active_intervals"],
        array_source=record["source"],
        verified=None if record["verified"] is None else Verified(**record["verified"]),
    )
