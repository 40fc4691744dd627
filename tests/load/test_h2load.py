"""h2load's command line, and what it prints and logs as a load."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from runner.load import h2load
from runner.record.trial import Address, GeneratorErrors
from tests import builders

SUMMARY = """\
starting benchmark...
spawning thread #0: 50 total client(s). Timing-based test with 0s of warm-up time and 2s of main duration.

finished in 2.00s, 78400.50 req/s, 5.68MB/s
requests: 156801 total, 157601 started, 156790 done, 156780 succeeded, 10 failed, 3 errored, 7 timeout
status codes: 156780 2xx, 0 3xx, 6 4xx, 4 5xx
traffic: 11.36MB (11916876) total, 4.93MB (5174433) headers (space savings 0.00%), 1.79MB (1881360) data
                     min         max         mean         sd        +/- sd
time for request:      312us     18.02ms     10.20ms      1.10ms    88.00%
"""
LOG = (
    "1763697601000000\t200\t10200\n1763697601000010\t200\t10200\n1763697601000020\t-1\t77\n1763697601000030\t503\t950\n"
)


def parse(text: str = SUMMARY, log: str = LOG) -> Any:
    return h2load.parse(text, log, argv=("h2load",), threads=1, duration_s=2.0, cpu_ns=5)


def test_the_command_is_the_cells() -> None:
    argv = h2load.argv(
        builders.cell(depth=16, connections=50),
        Address("127.0.0.1", 8080),
        threads=1,
        duration_s=2.0,
        record=Path("/r"),
    )
    assert argv[:2] == ("h2load", "--h1")
    assert set(argv[2:-1]) == {"-c50", "-m16", "-t1", "-D2", "--log-file=/r"}
    assert argv[-1] == "http://127.0.0.1:8080/"


def test_header_fields_are_options_of_their_own() -> None:
    argv = h2load.argv(
        builders.cell(), Address("127.0.0.1", 1), threads=1, duration_s=1, record=Path("/r"), fields=("A: 1", "B: 2")
    )
    assert argv[-3:] == ("--header=A: 1", "--header=B: 2", "http://127.0.0.1:1/")


def test_what_it_printed_is_the_load() -> None:
    load = parse()
    assert (load.generator, load.argv, load.threads, load.cpu_ns) == ("h2load", ("h2load",), 1, 5)
    assert (load.requests, load.bytes_read, load.duration_us) == (156_790, 11_916_876, 2_000_000)
    assert load.errors == GeneratorErrors(connect=0, read=3, write=0, timeout=7, status=10)
    assert load.wrk_latency is None


def test_latencies_are_those_of_requests_that_were_answered() -> None:
    assert list(parse().histogram) == [(950, 1), (10_200, 2)]
    assert list(parse(log="").histogram) == []


@pytest.mark.parametrize("lost", ["requests:", "status codes:", "traffic:"])
def test_output_without_a_summary_is_refused(lost: str) -> None:
    text = "\n".join(line for line in SUMMARY.splitlines() if not line.startswith(lost))
    with pytest.raises(ValueError, match="no summary"):
        parse(text)
