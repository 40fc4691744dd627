"""Whether a machine is fit to measure on: every finding, from both sides of its limit."""

from __future__ import annotations

import resource
from dataclasses import replace
from typing import Any

import pytest

from runner.machine import doctor
from runner.machine.doctor import Readings
from runner.record.run import Finding, Level

FIT = Readings(
    cpus=4,
    siblings={0: "0", 1: "1", 2: "2", 3: "3"},
    governor="performance",
    boost="0",
    steal_share=0.0,
    load_average=0.1,
    descriptors_soft=1024,
    descriptors_hard=1_048_576,
    somaxconn=4096,
    ports=(32768, 60999),
    time_wait=10,
    clock="tsc",
    hypervisor=False,
    tools={"wrk": "4.1.0-3", "h2load": "1.64.0", "uv": "0.13.8", "go": "1.27.3"},
)


def found(subject: str, **changes: Any) -> Finding | None:
    """The finding on ``subject`` where all else is as it should be."""
    findings = [one for one in doctor.examine(replace(FIT, **changes)) if one.subject == subject]
    assert len(findings) <= 1
    return findings[0] if findings else None


def test_a_fit_machine_has_good_findings_only() -> None:
    assert {finding.level for finding in doctor.examine(FIT)} == {Level.GOOD}


@pytest.mark.parametrize(
    ("subject", "changes", "level"),
    [
        ("wrk", {"tools": {}}, Level.PROBLEM),
        ("wrk", {"tools": {"wrk": "4.2.0"}}, Level.GOOD),
        ("wrk", {"tools": {"wrk": "4.3.0"}}, Level.WARNING),
        ("uv", {"tools": {}}, Level.PROBLEM),
        ("go", {"tools": {}}, Level.PROBLEM),
        ("h2load", {"tools": {}}, Level.WARNING),
        ("CPUs", {"cpus": 1}, Level.PROBLEM),
        ("CPUs", {"cpus": 2}, Level.GOOD),
        ("hyper-threads", {"cpus": 2, "siblings": {0: "0-1", 1: "0-1"}}, Level.WARNING),
        ("hyper-threads", {"cpus": 4, "siblings": {0: "0,2", 1: "1,3", 2: "0,2", 3: "1,3"}}, None),
        ("hyper-threads", {"siblings": {}}, None),
        ("frequency governor", {"governor": None}, Level.UNKNOWN),
        ("frequency governor", {"governor": "powersave"}, Level.WARNING),
        ("turbo", {"boost": "1"}, Level.WARNING),
        ("turbo", {"boost": None}, Level.UNKNOWN),
        ("clock source", {"clock": None}, Level.UNKNOWN),
        ("clock source", {"clock": "kvm-clock"}, Level.GOOD),
        ("clock source", {"clock": "hpet"}, Level.WARNING),
        ("load average", {"load_average": 0.5}, Level.GOOD),
        ("load average", {"load_average": 0.51}, Level.WARNING),
        ("steal time", {"steal_share": 0.01}, Level.GOOD),
        ("steal time", {"steal_share": 0.011}, Level.WARNING),
        ("hypervisor", {"hypervisor": True}, Level.NOTE),
        ("file descriptors", {"descriptors_hard": 10_499}, Level.WARNING),
        ("file descriptors", {"descriptors_hard": 10_500}, Level.GOOD),
        ("file descriptors", {"descriptors_hard": resource.RLIM_INFINITY}, Level.GOOD),
        ("somaxconn", {"somaxconn": 1023}, Level.WARNING),
        ("somaxconn", {"somaxconn": 1024}, Level.GOOD),
        ("somaxconn", {"somaxconn": None}, None),
        ("TIME_WAIT", {"ports": (1, 100), "time_wait": 50}, Level.GOOD),
        ("TIME_WAIT", {"ports": (1, 100), "time_wait": 51}, Level.WARNING),
        ("TIME_WAIT", {"ports": None}, None),
        ("TIME_WAIT", {"time_wait": None}, None),
    ],
)
def test_what_is_found(subject: str, changes: dict[str, Any], level: Level | None) -> None:
    finding = found(subject, **changes)
    assert (finding and finding.level) == level


def test_every_warning_and_problem_says_what_it_does_to_the_figures_and_how_to_mend_it() -> None:
    unfit = Readings(
        cpus=1,
        siblings={0: "0"},
        governor="powersave",
        boost="1",
        steal_share=0.5,
        load_average=9,
        descriptors_soft=256,
        descriptors_hard=1024,
        somaxconn=128,
        ports=(1, 2),
        time_wait=2,
        clock="hpet",
        hypervisor=True,
        tools={},
    )
    findings = doctor.examine(unfit)
    bad = [finding for finding in findings if finding.level in {Level.WARNING, Level.PROBLEM}]
    assert len(bad) >= 11
    assert [finding.subject for finding in bad if not (finding.effect and finding.remedy)] == []
