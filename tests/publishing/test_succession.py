"""A table is not replaced by a run that is partial, of another machine, or of nothing that was measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from runner.publishing.succession import reasons
from runner.record.run import Run
from runner.record.trial import Trial
from runner.report.formats import Report
from runner.rows.rows import rows
from tests import builders

HEAD, TRIALS = builders.matrix(adapters=3, depths=(1, 5))


def report(run: Run, trials: list[Trial]) -> Report:
    return Report(run, trials, rows(run, trials), lambda _: None)


OLDER = report(HEAD, TRIALS)


def only(adapters: int, depths: tuple[int, ...]) -> Report:
    return report(*builders.matrix(adapters=adapters, depths=depths))


def disturbed() -> Report:
    around = [replace(t.surroundings, other_cpu_ns=500_000_000) if t.surroundings else None for t in TRIALS]
    return report(HEAD, [replace(t, surroundings=a) for t, a in zip(TRIALS, around, strict=True)])


def idle() -> Report:
    """Neither server nor generator was busy."""
    servers = [replace(t.server, cpu_ns=400_000_000) if t.server else None for t in TRIALS]
    return report(HEAD, [replace(t, server=s) for t, s in zip(TRIALS, servers, strict=True)])


def test_the_whole_matrix_on_the_same_machine_succeeds() -> None:
    assert reasons(OLDER, OLDER) == ()
    assert reasons(only(1, (5,)), OLDER) == ()


@pytest.mark.parametrize(
    ("newer", "expected"),
    [
        (only(1, (1, 5)), ("the run is without adapter 1, adapter 2",)),
        (only(3, (5,)), ("the run is without depth 1",)),
        (disturbed(), ("other work took CPU time during 18 of its 18 trials",)),
        (idle(), ("none of its 6 rows is measured",)),
        (
            report(replace(HEAD, machine=replace(HEAD.machine, cpu_model="Another CPU")), TRIALS),
            ("the run is of another machine (Another CPU, 2 CPUs) than the table (Some CPU, 2 CPUs)",),
        ),
    ],
)
def test_it_says_why_it_is_no_successor(newer: Report, expected: tuple[str, ...]) -> None:
    assert reasons(OLDER, newer) == expected
