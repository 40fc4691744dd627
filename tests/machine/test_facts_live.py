"""What is said of the machine that these tests run on, checked against what it does."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from runner.machine import doctor, facts
from runner.serving import process
from tests.programs import PATIENCE_S, Program

pytestmark = pytest.mark.live

BURN = """
    import time
    while time.process_time() < 0.5:
        pass
    print(time.process_time())
"""


def test_it_is_described() -> None:
    described = facts.describe()
    assert described.cpus == tuple(sorted(os.sched_getaffinity(0)))
    assert described.kernel == f"Linux {os.uname().release}"
    assert described.memory_bytes > 1 << 28
    assert described.tools["wrk"][0].isdigit()
    assert {"wrk", "uv"} <= described.tools.keys()


def test_wrk_is_fit() -> None:
    facts.require_wrk()


def test_it_is_examined() -> None:
    findings = doctor.examine(doctor.read())
    assert {"wrk", "uv", "CPUs", "load average", "steal time", "file descriptors"} <= {one.subject for one in findings}


def test_what_we_burn_is_seen_and_taken_for_ours(program: Program, tmp_path: Path) -> None:
    """The time of ended children is our own, not that of others; the CPU's table has it too."""
    cpu = max(os.sched_getaffinity(0))
    before = facts.snapshot({cpu}, 1)
    done = process.run(program(BURN), timeout_s=PATIENCE_S, log=tmp_path / "log", cpus=[cpu])
    after = facts.snapshot({cpu}, 1)
    burnt_ns = float(done.output) * 1e9
    assert after.own_ns - before.own_ns >= 0.95 * burnt_ns
    assert after.busy_ns - before.busy_ns >= 0.9 * burnt_ns
    seen = facts.surroundings(before, after, load_average=facts.load_average(), server_cpu_ns=0)
    assert seen.other_cpu_ns is not None
    assert seen.other_cpu_ns <= after.busy_ns - before.busy_ns - 0.9 * burnt_ns
    assert seen.load_average >= 0
    assert seen.steal_ns is not None
    assert seen.steal_ns >= 0
