"""wrk's command line, and its record as a load."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from runner.judging import latency
from runner.load import wrk
from runner.record.histogram import Histogram
from runner.record.trial import Address, GeneratorErrors
from tests import builders

RECORDED = Histogram.of([(900, 4), (2000, 190), (2600, 6)])
REQUESTS = 1000
INTERVAL_US = 50_000  # 1 s / (1000 requests / 50 connections)


def record(recorded: Sequence[tuple[int, int]] = RECORDED, **changes: Any) -> str:
    """What ``lua/pipeline.lua`` writes of such a load."""
    fields = {
        "version": 1,
        "depth": 5,
        "duration_us": 1_000_000,
        "requests": REQUESTS,
        "bytes": 76_000,
        "errors": {"connect": 1, "read": 2, "write": 3, "timeout": 4, "status": 5},
        "cpu_ns": 123_456_789,
        "active_intervals": 10,
        "verified": None,
        "wrk": {
            "min": 900,
            "max": 2600,
            "mean": 1990.5,
            "stdev": 12.25,
            "p50": 2000,
            "p75": 2000,
            "p90": 2000,
            "p99": 0,
        },
        "source": "ffi",
        "fallback_reason": None,
        "count": sum(count for _, count in recorded),
        "array": [list(pair) for pair in recorded],
    }
    return json.dumps(fields | changes)


def parse(text: str) -> Any:
    return wrk.parse(text, argv=("wrk", "-t2"), threads=2, connections=50)


def test_the_command_is_the_cells() -> None:
    argv = wrk.argv(
        builders.cell(depth=16, connections=200),
        Address("127.0.0.1", 8080),
        threads=10,
        duration_s=5.0,
        timeout_s=60.0,
        record=Path("/runs/1/001-wrk.json"),
    )
    assert argv[:6] == ("wrk", "-t10", "-c200", "-d5s", "--timeout=60s", "--latency")
    assert argv[6:] == ("-s", str(wrk.SCRIPT), "http://127.0.0.1:8080", "--", "16", "/runs/1/001-wrk.json")


@pytest.mark.parametrize(
    ("verify", "fields", "last"),
    [
        ("Hello world!", None, ("/r", "Hello world!")),
        (None, Path("/lua/browser.txt"), ("/r", "", "/lua/browser.txt")),
        ("ok", Path("/lua/browser.txt"), ("/r", "ok", "/lua/browser.txt")),
    ],
)
def test_what_the_script_is_told_stands_last(verify: str | None, fields: Path | None, last: tuple[str, ...]) -> None:
    argv = wrk.argv(
        builders.cell(depth=16),
        Address("127.0.0.1", 8080),
        threads=1,
        duration_s=1,
        timeout_s=60,
        record=Path("/r"),
        verify=verify,
        fields=fields,
    )
    assert argv[argv.index("--") :] == ("--", "16", *last)


def test_the_script_it_names_is_there() -> None:
    assert wrk.SCRIPT.name == "pipeline.lua"
    assert "function done(" in wrk.SCRIPT.read_text()


def test_every_field_of_the_record_is_taken_over() -> None:
    load = parse(record())
    assert (load.generator, load.argv, load.threads) == ("wrk", ("wrk", "-t2"), 2)
    assert (load.duration_us, load.requests, load.bytes_read) == (1_000_000, REQUESTS, 76_000)
    assert load.errors == GeneratorErrors(connect=1, read=2, write=3, timeout=4, status=5)
    assert (load.cpu_ns, load.active_intervals, load.array_source) == (123_456_789, 10, "ffi")
    printed = load.wrk_latency
    assert (printed.p50, printed.p75, printed.p90, printed.p99, printed.max) == (2000, 2000, 2000, 0, 2600)
    assert (printed.mean, printed.stdev, printed.interval_us) == (1990.5, 12.25, INTERVAL_US)


def test_the_correction_is_undone_with_the_loads_own_interval() -> None:
    recorded = Histogram.of([(70_000, 100), (160_000, 90), (250_000, 10)])
    corrected = latency.correct(recorded, INTERVAL_US)
    assert corrected != recorded
    assert parse(record(corrected)).histogram == recorded


def test_a_record_that_was_read_through_the_script_api_begins_at_the_smallest_sample() -> None:
    recorded = Histogram.of([(160_000, 90), (250_000, 10)])
    visible = tuple(pair for pair in latency.correct(recorded, INTERVAL_US) if pair[0] >= 160_000)
    printed = {**json.loads(record())["wrk"], "min": 160_000}
    load = parse(record(visible, source="api", count=None, wrk=printed))
    assert (load.array_source, load.histogram) == ("api", recorded)


def test_less_than_one_request_a_connection_is_not_corrected_and_so_not_undone() -> None:
    load = parse(record(((160_000, 9), (250_000, 1)), requests=49))
    assert load.wrk_latency.interval_us is None
    assert load.histogram == Histogram.of([(160_000, 9), (250_000, 1)])


def test_what_was_not_measured_is_none() -> None:
    printed = {**json.loads(record())["wrk"], "stdev": None}
    load = parse(record((), requests=0, cpu_ns=None, active_intervals=None, wrk=printed))
    assert (load.cpu_ns, load.active_intervals, load.wrk_latency.stdev) == (None, None, None)
    assert load.histogram == Histogram.of([])


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (record(version=2), "record version 2, expected 1"),
        ("{}", "record version None, expected 1"),
        ("", "Expecting value"),
        (record()[:100], "Expecting|Unterminated|delimiter"),
    ],
)
def test_what_is_no_record_of_this_version_is_refused(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        parse(text)
